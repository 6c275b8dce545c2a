"""Times models in onnxruntime, one thread: for each line `MODEL<tab>WIDTH<tab>HEIGHT` on stdin, one with milliseconds on stdout.

`cargo bench --bench inference` runs it in turns with facetag. `pip install onnxruntime==1.32.0` installs what it needs.
"""

import sys
import time

import numpy as np
import onnxruntime

RUNS = 5

options = onnxruntime.SessionOptions()
options.intra_op_num_threads = options.inter_op_num_threads = 1
options.log_severity_level = 3
sessions = {}
print(f"onnxruntime {onnxruntime.__version__}", flush=True)

for line in sys.stdin:
    model, width, height = line.rstrip("\n").split("\t")
    if model not in sessions:
        sessions[model] = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    session = sessions[model]
    shape = 1, 3, int(height), int(width)
    picture = ((np.arange(np.prod(shape)) % 251) / 125 - 1).astype(np.float32).reshape(shape)
    times = []
    for _ in range(RUNS):
        start = time.perf_counter()
        session.run(None, {session.get_inputs()[0].name: picture})
        times.append(time.perf_counter() - start)
    print(min(times) * 1000, flush=True)
