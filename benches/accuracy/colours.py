"""Photos as cameras and programs store them in other colour spaces, for `cargo bench --bench accuracy -- ... --original`.

    colours.py PHOTOS OUT [PROFILE.icc...]

Copies the photos (sRGB JPEGs in folders) to OUT/srgb, and for Display P3 and each profile to OUT/NAME, with the profile embedded, and to
OUT/NAME-ignored, with the same pixels and no profile. Needs Pillow.
"""

import io
import struct
import sys
from pathlib import Path

from PIL import Image, ImageCms

SRGB = ImageCms.createProfile("sRGB")


def display_p3():
    """littlecms' sRGB profile with the primaries of Display P3, for D50: the curve is the same."""
    icc = bytearray(ImageCms.ImageCmsProfile(SRGB).tobytes())
    primaries = {b"rXYZ": (0.51512, 0.2412, -0.00105), b"gXYZ": (0.29198, 0.69225, 0.04189), b"bXYZ": (0.1571, 0.06657, 0.78407)}
    for index in range(struct.unpack(">I", icc[128:132])[0]):
        tag, start, _ = struct.unpack(">4sII", icc[132 + 12 * index : 144 + 12 * index])
        if tag in primaries:
            icc[start + 8 : start + 20] = struct.pack(">3i", *(round(65536 * value) for value in primaries[tag]))
    return bytes(icc)


def main(photos, out, *profiles):
    spaces = {"srgb": None, "display-p3": display_p3()} | {Path(path).stem: Path(path).read_bytes() for path in profiles}
    transforms = {}
    for name, icc in spaces.items():
        if icc:
            profile = ImageCms.ImageCmsProfile(io.BytesIO(icc))
            mode = "CMYK" if profile.profile.xcolor_space.strip() == "CMYK" else "RGB"
            transforms[name] = ImageCms.buildTransform(SRGB, profile, "RGB", mode, ImageCms.Intent.RELATIVE_COLORIMETRIC)
    for path in sorted(Path(photos).rglob("*.jpg")):
        photo = Image.open(path).convert("RGB")
        for name, icc in spaces.items():
            stored = ImageCms.applyTransform(photo, transforms[name]) if icc else photo
            for folder, embedded in [(name, icc), (f"{name}-ignored", None)][: 2 if icc else 1]:
                target = Path(out) / folder / path.relative_to(photos)
                target.parent.mkdir(parents=True, exist_ok=True)
                stored.save(target, "JPEG", quality=95, subsampling=0, icc_profile=embedded)


main(*sys.argv[1:])
