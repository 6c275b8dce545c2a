# /// script
# dependencies = ["pillow"]
# ///
"""Draws the README's picture: what `facetag export` says of one photo, drawn onto that photo.

use: facetag export | python docs/picture.py PHOTO.jpg docs/picture.jpg
"""
import json
import sys

from PIL import Image, ImageDraw, ImageFont

photo, target = sys.argv[1:]
faces = next(p["faces"] for p in json.load(sys.stdin)["photos"] if p["path"].endswith(photo))
picture = Image.open(photo if "/" in photo else f"demo/{photo}").convert("RGB")
draw = ImageDraw.Draw(picture)
font = ImageFont.load_default(size=15)
for face in faces:
    x, y, w, h = (v * s for v, s in zip(face["box"], picture.size * 2))
    name = face["person"]["name"] if face["person"] else None
    draw.rectangle([x, y, x + w, y + h], outline="#ffd24a" if name else "#bbbbbb", width=2)
    if name:
        first, _, last = name.partition(" ")
        width = draw.textlength(last or first, font=font)
        left = min(max(x + w / 2 - width / 2, 4), picture.width - width - 4)
        draw.rectangle([left - 3, y + h + 2, left + width + 3, y + h + 21], fill="#000000")
        draw.text((left, y + h + 3), last or first, font=font, fill="#ffd24a")
picture.save(target, quality=85)
