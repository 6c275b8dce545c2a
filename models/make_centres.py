# /// script
# requires-python = ">=3.11"
# dependencies = ["numpy==2.4.6"]
# ///
"""Make sface_centres.f32 from libraries: uv run models/make_centres.py LIBRARY...

Each LIBRARY is a folder that `facetag scan` wrote with the shipped pack, of photos of many people, children among them. Their
embeddings are clustered (k-means of directions); the centres of clusters of at least eight faces are written. Those that ship
are of families-80 and wider-train-140: see README.md.
"""

import sqlite3
import sys
from pathlib import Path

import numpy as np

CENTRES, LEAST, ROUNDS = 64, 8, 60

faces = []
for library in sys.argv[1:]:
    connection = sqlite3.connect(f"file:{library}/library.sqlite?mode=ro", uri=True)
    rows = connection.execute("""SELECT vector FROM embeddings JOIN faces ON id = face_id
                                 WHERE pack = 'open' AND recognisability >= 0.5 ORDER BY id""")
    faces += [np.frombuffer(vector, "<f4") for (vector,) in rows]
faces = np.stack(faces).astype(np.float64)

# The first centres lie far apart (k-means++), the same ones each time.
random = np.random.default_rng(1)
centres = faces[[random.integers(len(faces))]]
while len(centres) < CENTRES:
    distance = 1 - (faces @ centres.T).max(1)
    chance = np.maximum(distance, 0) ** 2
    centres = np.vstack([centres, faces[random.choice(len(faces), p=chance / chance.sum())]])
for _ in range(ROUNDS):
    nearest = (faces @ centres.T).argmax(1)
    counts = np.bincount(nearest, minlength=len(centres))
    sums = np.stack([faces[nearest == index].sum(0) for index in range(len(centres))])
    centres = np.where(counts[:, None] > 0, sums, centres)
    centres /= np.linalg.norm(centres, axis=1, keepdims=True)
centres = centres[counts >= LEAST].astype("<f4")
(Path(__file__).parent / "sface_centres.f32").write_bytes(centres.tobytes())
print(f"{len(faces)} faces, {len(centres)} centres, the smallest of {counts[counts >= LEAST].min()} faces")
