"""Makes an album of photos of 1 to 12 megapixels by enlarging smaller ones.

    python make_album.py PHOTOS ALBUM [--heic]

Every different photo below PHOTOS is written to ALBUM at three of the sizes, as JPEG of quality 92 or, with
`--heic`, as HEIC of quality 80 (which needs pillow-heif). Enlarged photos have as
many pixels to decode as a camera's and less detail, so that they decode somewhat faster.
"""

import hashlib
import sys
from itertools import cycle, islice
from pathlib import Path

from PIL import Image, ImageOps

MEGAPIXELS = (1, 2, 4, 8, 12)
COPIES = 3


def main() -> None:
    source, album = map(Path, sys.argv[1:3])
    suffix, quality = "jpg", 92
    if "--heic" in sys.argv[3:]:
        import pillow_heif

        pillow_heif.register_heif_opener()
        suffix, quality = "heic", 80
    album.mkdir(parents=True, exist_ok=True)
    sizes, seen = cycle(MEGAPIXELS), set()
    for path in sorted(source.rglob("*")):
        if path.suffix.lower() not in {".jpg", ".jpeg", ".png"}:
            continue
        digest = hashlib.sha256(path.read_bytes()).digest()
        if digest in seen:
            continue
        seen.add(digest)
        photo = ImageOps.exif_transpose(Image.open(path)).convert("RGB")
        for megapixels in islice(sizes, COPIES):
            scale = (megapixels * 1e6 / (photo.width * photo.height)) ** 0.5
            size = (round(photo.width * scale), round(photo.height * scale))
            name = f"{len(seen):02}-{path.stem}-{megapixels:02}mp.{suffix}"
            photo.resize(size, Image.Resampling.LANCZOS).save(album / name, quality=quality)


if __name__ == "__main__":
    main()
