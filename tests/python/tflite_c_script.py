# tflite_c_script.py: calls TFLite's C API in a given library and prints what it says as JSON; compared between libraries.
# SPDX-License-Identifier: Apache-2.0
"""Usage: tflite_c_script.py LIBRARY FOLDER_OF_MODELS PLUGIN_SINH [bold]; bold: also calls that TFLite's own library does not survive"""
import ctypes as C
import json
import sys
from pathlib import Path

P, I, Z, S = C.c_void_p, C.c_int32, C.c_size_t, C.c_char_p


class Quantization(C.Structure):
    _fields_ = [("scale", C.c_float), ("zero_point", I)]


PROTOTYPES = {
    "ModelCreateFromFile": (P, S), "ModelCreate": (P, S, Z), "ModelDelete": (None, P),
    "InterpreterOptionsCreate": (P,), "InterpreterOptionsCopy": (P, P), "InterpreterOptionsDelete": (None, P),
    "InterpreterOptionsSetNumThreads": (None, P, I), "InterpreterOptionsEnableCancellation": (I, P, C.c_bool),
    "InterpreterCreate": (P, P, P), "InterpreterDelete": (None, P), "InterpreterGetInputTensorCount": (I, P),
    "InterpreterGetOutputTensorCount": (I, P), "InterpreterInputTensorIndices": (C.POINTER(I), P),
    "InterpreterOutputTensorIndices": (C.POINTER(I), P), "InterpreterGetInputTensor": (P, P, I),
    "InterpreterGetOutputTensor": (P, P, I), "InterpreterGetTensor": (P, P, I),
    "InterpreterResizeInputTensor": (I, P, I, C.POINTER(I), I), "InterpreterAllocateTensors": (I, P),
    "InterpreterInvoke": (I, P), "InterpreterCancel": (I, P), "InterpreterGetSignatureCount": (I, P),
    "InterpreterGetSignatureKey": (S, P, I), "InterpreterGetSignatureRunner": (P, P, S), "TensorType": (I, P),
    "TensorNumDims": (I, P), "TensorDim": (I, P, I), "TensorByteSize": (Z, P), "TensorData": (P, P), "TensorName": (S, P),
    "TensorQuantizationParams": (Quantization, P), "TensorCopyFromBuffer": (I, P, P, Z), "TensorCopyToBuffer": (I, P, P, Z),
    "SignatureRunnerGetInputCount": (Z, P), "SignatureRunnerGetOutputCount": (Z, P),
    "SignatureRunnerGetInputName": (S, P, I), "SignatureRunnerGetOutputName": (S, P, I),
    "SignatureRunnerResizeInputTensor": (I, P, S, C.POINTER(I), I), "SignatureRunnerAllocateTensors": (I, P),
    "SignatureRunnerGetInputTensor": (P, P, S), "SignatureRunnerInvoke": (I, P), "SignatureRunnerGetOutputTensor": (P, P, S),
    "SignatureRunnerDelete": (None, P), "SchemaVersion": (I,), "IntArrayCreate": (P, I), "IntArrayFree": (None, P),
    "IntArrayEqual": (I, P, P), "IntArrayCopy": (P, P), "InterpreterGetInputTensorIndex": (I, P, I),
    "InterpreterResetVariableTensors": (I, P), "InterpreterOptionsAddCustomOp": (None, P, S, P, I, I),
}


class Library:
    def __init__(self, path):
        loaded = C.CDLL(path)
        for name, (result, *arguments) in PROTOTYPES.items():
            function = getattr(loaded, "TfLite" + name)
            function.restype, function.argtypes = result, arguments
            setattr(self, name, function)


def dims(*values):
    return (I * len(values))(*values)


def tensor(lib, t):
    """What can be asked of a tensor."""
    if not t:
        return None
    quant = lib.TensorQuantizationParams(t)
    return [lib.TensorType(t), [lib.TensorDim(t, i) for i in range(lib.TensorNumDims(t))], lib.TensorByteSize(t),
            lib.TensorName(t).decode(), quant.scale, quant.zero_point]


def put(lib, t, values, kind=C.c_float):
    buffer = (kind * len(values))(*values)
    return lib.TensorCopyFromBuffer(t, buffer, C.sizeof(buffer))


def get(lib, t, count, kind=C.c_float):
    buffer = (kind * count)()
    return lib.TensorCopyToBuffer(t, buffer, C.sizeof(buffer)), list(buffer)


def check_models(lib, folder, out):
    out["missing file"] = bool(lib.ModelCreateFromFile(b"/no/such/file"))
    out["garbage"] = bool(lib.ModelCreate(b"garbage!garbage!", 16))
    out["schema"] = lib.SchemaVersion()
    for delete in (lib.ModelDelete, lib.InterpreterDelete, lib.InterpreterOptionsDelete, lib.SignatureRunnerDelete):
        delete(None)
    del folder


def check_add(lib, folder, out):
    model = lib.ModelCreateFromFile(str(folder / "add.tflite").encode())
    options = lib.InterpreterOptionsCreate()
    lib.InterpreterOptionsSetNumThreads(options, 2)
    copy = lib.InterpreterOptionsCopy(options)
    lib.InterpreterOptionsDelete(options)
    it = lib.InterpreterCreate(model, copy)
    lib.InterpreterOptionsDelete(copy)
    lib.ModelDelete(model)
    x, y, z = lib.InterpreterGetInputTensor(it, 0), lib.InterpreterGetInputTensor(it, 1), lib.InterpreterGetOutputTensor(it, 0)
    out["counts"] = [lib.InterpreterGetInputTensorCount(it), lib.InterpreterGetOutputTensorCount(it)]
    out["indices"] = [lib.InterpreterInputTensorIndices(it)[:2], lib.InterpreterOutputTensorIndices(it)[:1]]
    out["before"] = [tensor(lib, x), bool(lib.TensorData(x)), lib.InterpreterInvoke(it)]
    if lib.bold:
        out["bold"] = [put(lib, x, [1, 2, 3, 4]), bool(lib.InterpreterGetInputTensor(it, 9)),
                       bool(lib.InterpreterGetOutputTensor(it, -1)), lib.InterpreterResizeInputTensor(it, 7, dims(1), 1)]
    out["allocate"] = lib.InterpreterAllocateTensors(it)
    out["put"] = [put(lib, x, [1, 2, 3, 4]), put(lib, y, [5, 6, 7, 8]), put(lib, x, [1, 2, 3]), bool(lib.TensorData(x))]
    out["invoke"] = [lib.InterpreterInvoke(it), get(lib, z, 4), get(lib, z, 3)[0], tensor(lib, z)]
    out["by index"] = [tensor(lib, lib.InterpreterGetTensor(it, i)) for i in (0, 2, 99, -1)]
    out["input index"] = lib.InterpreterGetInputTensorIndex(it, 1)
    out["cancel"] = lib.InterpreterCancel(it)
    out["signatures"] = lib.InterpreterGetSignatureCount(it)
    out["runner"] = bool(lib.InterpreterGetSignatureRunner(it, b"none"))
    out["reset"] = lib.InterpreterResetVariableTensors(it)
    lib.InterpreterDelete(it)


def check_resize(lib, folder, out):
    model = lib.ModelCreateFromFile(str(folder / "dynamic.tflite").encode())
    it = lib.InterpreterCreate(model, None)
    x, z = lib.InterpreterGetInputTensor(it, 0), lib.InterpreterGetOutputTensor(it, 0)
    out["resize"] = [lib.InterpreterResizeInputTensor(it, 0, dims(3, 4), 2), tensor(lib, x), lib.InterpreterAllocateTensors(it),
                     tensor(lib, z), put(lib, x, list(range(12))), lib.InterpreterInvoke(it), get(lib, z, 12)]
    out["resize again"] = [lib.InterpreterResizeInputTensor(it, 0, dims(1, 4), 2), lib.InterpreterAllocateTensors(it),
                           put(lib, x, [7, 8, 9, 10]), lib.InterpreterInvoke(it), get(lib, z, 4)]
    lib.InterpreterDelete(it)
    lib.ModelDelete(model)


def check_quantized(lib, folder, out):
    content = (folder / "quantized.tflite").read_bytes()
    model = lib.ModelCreate(content, len(content))
    it = lib.InterpreterCreate(model, None)
    out["q allocate"] = lib.InterpreterAllocateTensors(it)
    x, y, z = lib.InterpreterGetInputTensor(it, 0), lib.InterpreterGetInputTensor(it, 1), lib.InterpreterGetOutputTensor(it, 0)
    out["q"] = [tensor(lib, x), put(lib, x, [3, 5, 7, 9], C.c_int8), put(lib, y, [-1, 3, 7, 11], C.c_int8),
                lib.InterpreterInvoke(it), get(lib, z, 4, C.c_int8)]
    lib.InterpreterDelete(it)
    lib.ModelDelete(model)


def check_signatures(lib, folder, out):
    model = lib.ModelCreateFromFile(str(folder / "signatures.tflite").encode())
    it = lib.InterpreterCreate(model, None)
    count = lib.InterpreterGetSignatureCount(it)
    out["keys"] = [(lib.InterpreterGetSignatureKey(it, i) or b"").decode() for i in range(count)]
    for key in ("sum", "product"):
        runner = lib.InterpreterGetSignatureRunner(it, key.encode())
        names = [lib.SignatureRunnerGetInputName(runner, i).decode() for i in range(lib.SignatureRunnerGetInputCount(runner))]
        results = [lib.SignatureRunnerGetOutputName(runner, i) for i in range(lib.SignatureRunnerGetOutputCount(runner))]
        told = [names, results[0].decode(), lib.SignatureRunnerInvoke(runner), lib.SignatureRunnerAllocateTensors(runner)]
        for value, name in enumerate(names):
            told.append(put(lib, lib.SignatureRunnerGetInputTensor(runner, name.encode()), [value + 2] * 4))
        told.append(lib.SignatureRunnerInvoke(runner))
        told.append(get(lib, lib.SignatureRunnerGetOutputTensor(runner, results[0]), 4))
        told.append([bool(lib.SignatureRunnerGetInputTensor(runner, b"zz")), bool(lib.SignatureRunnerGetOutputTensor(runner, b"zz"))])
        told.append(lib.SignatureRunnerResizeInputTensor(runner, b"a", dims(2, 4), 2))
        lib.SignatureRunnerDelete(runner)
        out[key] = told
    lib.InterpreterDelete(it)
    lib.ModelDelete(model)


def check_custom(lib, folder, out):
    """An operator that nobody has: told when tensors are allocated."""
    model = lib.ModelCreateFromFile(str(folder / "custom.tflite").encode())
    it = lib.InterpreterCreate(model, None)
    out["custom"] = [bool(it), lib.InterpreterAllocateTensors(it) != 0 if it else None]
    lib.InterpreterDelete(it)
    lib.ModelDelete(model)


def check_operators(lib, folder, out):
    """The same operator with an implementation of the application's, for all versions and for none that there is."""
    for name, versions in (("own operator", (1, 1)), ("of another version", (7, 9))):
        options = lib.InterpreterOptionsCreate()
        lib.InterpreterOptionsAddCustomOp(options, b"NobodyHasThis", lib.sinh(), *versions)
        model = lib.ModelCreateFromFile(str(folder / "custom.tflite").encode())
        it = lib.InterpreterCreate(model, options)
        lib.InterpreterOptionsDelete(options)
        lib.ModelDelete(model)
        out[name] = [lib.InterpreterAllocateTensors(it) == 0]
        if out[name] == [True]:
            out[name] += [put(lib, lib.InterpreterGetInputTensor(it, 0), [0, 1, 2, -3]), lib.InterpreterInvoke(it),
                          get(lib, lib.InterpreterGetOutputTensor(it, 0), 4)]
        lib.InterpreterDelete(it)


def check_lists(lib, folder, out):
    del folder
    a = lib.IntArrayCreate(3)
    (I * 4).from_address(a)[1:] = [4, 5, 6]
    b = lib.IntArrayCopy(a)
    out["lists"] = [list((I * 4).from_address(b)), lib.IntArrayEqual(a, b)]
    (I * 4).from_address(b)[3] = 7
    out["lists"].append(lib.IntArrayEqual(a, b))
    lib.IntArrayFree(a)
    lib.IntArrayFree(b)


def main(arguments):
    lib, out = Library(arguments[0]), {}
    lib.bold = arguments[3:] == ["bold"]
    lib.sinh = C.CDLL(arguments[2]).sinh_registration
    lib.sinh.restype = P
    for check in (check_models, check_add, check_resize, check_quantized, check_signatures, check_custom, check_operators,
                  check_lists):
        check(lib, Path(arguments[1]), out)
    print("RESULT " + json.dumps(out))


if __name__ == "__main__":
    main(sys.argv[1:])
