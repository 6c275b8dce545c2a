"""The plain way in Python: OpenCV and onnxruntime with InsightFace's SCRFD and w600k_mbf, two processes.

    python onnxruntime_scan.py ALBUM MODELS [--one-core]

Finds and embeds every face in the photos below ALBUM with the same two models and threshold as facetag's `insightface-mbf` pack, each
photo at the size at which facetag looks for small faces (which facetag does only after a glance at 384 pixels), and prints the number of photos and faces as JSON. MODELS is a folder with both ONNX files. With
`--one-core` each process keeps to one core; without, onnxruntime and OpenCV take the threads that they take by themselves.
"""

import json
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import onnxruntime

PROCESSES = 2
SUFFIXES = {".heic", ".jpg", ".jpeg", ".png"}
LONG_SIDE = 1024
SCORE, OVERLAP = 0.5, 0.35
# ArcFace's five points in a picture of 112 x 112 pixels.
TEMPLATE = np.array(
    [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]], np.float32
)


def start(models: str, one_core: bool) -> None:
    """Loads both models, once in each process."""
    global detector, recogniser
    options = onnxruntime.SessionOptions()
    if one_core:
        cv2.setNumThreads(1)
        options.intra_op_num_threads = 1
    load = lambda name: onnxruntime.InferenceSession(str(Path(models) / name), options, ["CPUExecutionProvider"])
    detector, recogniser = load("scrfd_500m_bnkps.onnx"), load("w600k_mbf.onnx")


def input_size(width: int, height: int) -> tuple[int, int]:
    """As facetag's: the long side 1024, or the next step for a small photo, and one of four shapes."""
    shape = min(width, height) / max(width, height)
    part = next((part for part in (9 / 16, 2 / 3, 3 / 4, 1.0) if shape <= part + 0.01), 1.0)
    long = next((side for side in (256, 512, 768) if side >= max(width, height)), LONG_SIDE)
    short = -(-int(long * part) // 32) * 32
    return (long, short) if width >= height else (short, long)


def detect(photo: np.ndarray) -> np.ndarray:
    """Five points of each face, in pixels of the photo: faces x 5 x 2."""
    width, height = input_size(photo.shape[1], photo.shape[0])
    scale = min(width / photo.shape[1], height / photo.shape[0])
    small = cv2.resize(photo, None, fx=scale, fy=scale)[:height, :width]
    padded = np.zeros((height, width, 3), np.uint8)
    padded[: small.shape[0], : small.shape[1]] = small
    blob = cv2.dnn.blobFromImage(padded, 1 / 128, (width, height), (127.5, 127.5, 127.5), swapRB=True)
    outputs = detector.run(None, {detector.get_inputs()[0].name: blob})
    boxes, scores, points = [], [], []
    for level, stride in enumerate((8, 16, 32)):
        score, bounds, landmarks = (outputs[kind + level].reshape(-1, n) for kind, n in ((0, 1), (3, 4), (6, 10)))
        likely = np.flatnonzero(score[:, 0] >= SCORE)
        cell = likely // 2
        x, y = cell % (width // stride) * stride, cell // (width // stride) * stride
        left, top, right, bottom = (bounds[likely] * stride).T
        boxes.append(np.stack([x - left, y - top, left + right, top + bottom], 1))
        scores.append(score[likely, 0])
        points.append((landmarks[likely] * stride).reshape(-1, 5, 2) + np.stack([x, y], 1)[:, None])
    boxes, scores, points = map(np.concatenate, (boxes, scores, points))
    kept = cv2.dnn.NMSBoxes(boxes.tolist(), scores.tolist(), SCORE, OVERLAP)
    return points[np.array(kept, int)] / scale


def embed(photo: np.ndarray, points: np.ndarray) -> np.ndarray:
    """The vector of one face, 512 numbers of length one."""
    turn, _ = cv2.estimateAffinePartial2D(points.astype(np.float32), TEMPLATE, method=cv2.LMEDS)
    face = cv2.warpAffine(photo, turn, (112, 112))
    blob = cv2.dnn.blobFromImage(face, 1 / 127.5, (112, 112), (127.5, 127.5, 127.5), swapRB=True)
    vector = recogniser.run(None, {recogniser.get_inputs()[0].name: blob})[0][0]
    return vector / np.linalg.norm(vector)


def heic(path: Path) -> np.ndarray:
    import pillow_heif

    return np.asarray(pillow_heif.open_heif(path, convert_hdr_to_8bit=True, bgr_mode=True))


def faces(path: Path) -> int:
    photo = heic(path) if path.suffix.lower() == ".heic" else cv2.imread(str(path))
    return len([embed(photo, points) for points in detect(photo)])


def main() -> None:
    album, models, *options = sys.argv[1:]
    photos = sorted(path for path in Path(album).rglob("*") if path.suffix.lower() in SUFFIXES)
    with ProcessPoolExecutor(PROCESSES, initializer=start, initargs=(models, "--one-core" in options)) as pool:
        found = list(pool.map(faces, photos))
    print(json.dumps({"photos": len(photos), "faces": sum(found)}))


if __name__ == "__main__":
    main()
