# test_tflite_c.py: libtensorflowlite_c.so beside TFLite's own: the same calls, and two clients that others wrote.
# SPDX-License-Identifier: Apache-2.0
import ctypes
import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import tflite_c_script

OURS = Path(os.environ.get("LITERT_BUILD", "build")) / "libtensorflowlite_c.so"
SINH = OURS.parent.resolve() / "tests/plugin_sinh.so"
HERE = Path(__file__).parent

STREAM = """
import json, sys
import numpy as np
library = sys.argv[1] or None
samples = (np.random.default_rng(7).standard_normal(16000 * 2) * 3000).astype(np.int16)
"""
MICRO = STREAM + """
from pymicro_wakeword import MicroWakeWord, MicroWakeWordFeatures, Model
word = MicroWakeWord.from_builtin(Model.OKAY_NABU, **({"libtensorflowlite_c_path": library} if library else {}))
features, seen = MicroWakeWordFeatures(), []
inner = word._probabilities
for chunk in features.process_streaming(samples.tobytes()):
    word.process_streaming(chunk)
    seen.append(float(inner[-1]) if inner else -1.0)
print("RESULT " + json.dumps(seen))
"""
OPEN = STREAM + """
from pyopen_wakeword import OpenWakeWord, OpenWakeWordFeatures, Model
more = {"libtensorflowlite_c_path": library} if library else {}
word, features, seen = OpenWakeWord.from_builtin(Model.OKAY_NABU, **more), OpenWakeWordFeatures.from_builtin(**more), []
for begin in range(0, len(samples), 1280):
    for embedding in features.process_streaming(samples[begin:begin + 1280].tobytes()):
        seen += [float(p) for p in word.process_streaming(embedding)]
print("RESULT " + json.dumps(seen))
"""


def said(*command):
    done = subprocess.run([sys.executable, *map(str, command)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False,
                          universal_newlines=True, timeout=200, cwd=HERE)
    for line in done.stdout.splitlines():
        if line.startswith("RESULT "):
            return json.loads(line[7:])
    pytest.fail(f"{command[-2:]} ended with {done.returncode}: {done.stderr[-500:]}")


def ours():
    if not OURS.exists():
        pytest.skip(f"{OURS} is not built")
    return OURS.resolve()


def theirs():
    found = importlib.util.find_spec("pymicro_wakeword")
    if found is None:
        pytest.skip("pymicro_wakeword is not installed")
    return Path(found.origin).parent / "lib" / "libtensorflowlite_c.so"


@pytest.fixture
def folder(models):
    return Path(models["add"]).parent


def test_the_same_calls(folder):
    mine, peer = (said("tflite_c_script.py", library, folder, SINH) for library in (ours(), theirs()))
    assert set(mine) == set(peer)
    for name, value in peer.items():
        assert mine[name] == value, name


def test_results(folder):
    told = said("tflite_c_script.py", ours(), folder, SINH, "bold")
    assert told["invoke"][:2] == [0, [0, [6, 8, 10, 12]]]
    assert told["before"][1:] == [False, 1]
    assert told["bold"] == [1, False, False, 1]
    assert told["resize"][-1] == [0, [3 * i for i in range(12)]]
    assert told["keys"] == ["sum", "product"]


class DelegateOptions(ctypes.Structure):
    _fields_ = [("lib_path", ctypes.c_char_p), ("count", ctypes.c_int), ("keys", ctypes.c_char_p * 256),
                ("values", ctypes.c_char_p * 256), ("insert", ctypes.c_void_p)]


def with_delegate(lib, path, **pairs):
    """A delegate from a shared library, or None."""
    lib.TfLiteExternalDelegateOptionsDefault.restype = DelegateOptions
    lib.TfLiteExternalDelegateOptionsDefault.argtypes = [ctypes.c_char_p]
    lib.TfLiteExternalDelegateOptionsInsert.argtypes = [ctypes.POINTER(DelegateOptions), ctypes.c_char_p, ctypes.c_char_p]
    lib.TfLiteExternalDelegateCreate.restype = ctypes.c_void_p
    lib.TfLiteExternalDelegateDelete.argtypes = [ctypes.c_void_p]
    texts = [str(path).encode(), *(text.encode() for pair in pairs.items() for text in pair)]  # borrowed by the options
    options = lib.TfLiteExternalDelegateOptionsDefault(texts[0])
    for key, value in zip(texts[1::2], texts[2::2]):
        assert lib.TfLiteExternalDelegateOptionsInsert(ctypes.byref(options), key, value) == 0
    assert options.count == len(pairs)
    return lib.TfLiteExternalDelegateCreate(ctypes.byref(options))


@pytest.mark.parametrize("pairs, fallback, made, runs", [
    ({}, False, True, 0), ({"handle": "1"}, False, True, 0), ({"dynamic": "1", "grow": "1"}, False, True, 0),
    ({"fail": "invoke"}, False, True, 1), ({"fail": "prepare"}, False, False, None), ({"fail": "prepare"}, True, True, 0)])
def test_external_delegates(folder, pairs, fallback, made, runs):
    library = tflite_c_script.Library(str(ours()))
    raw = ctypes.CDLL(str(ours()))
    raw.TfLiteInterpreterOptionsAddDelegate.argtypes = [ctypes.c_void_p] * 2
    raw.TfLiteInterpreterOptionsSetEnableDelegateFallback.argtypes = [ctypes.c_void_p, ctypes.c_bool]
    delegate = with_delegate(raw, OURS.parent / "tests/plugin_arithmetic.so", **pairs)
    assert delegate
    options = library.InterpreterOptionsCreate()
    raw.TfLiteInterpreterOptionsAddDelegate(options, delegate)
    raw.TfLiteInterpreterOptionsSetEnableDelegateFallback(options, fallback)
    model = library.ModelCreateFromFile(str(folder / "fixed.tflite").encode())
    it = library.InterpreterCreate(model, options)
    library.InterpreterOptionsDelete(options)
    library.ModelDelete(model)
    assert bool(it) == made
    if it:
        assert library.InterpreterAllocateTensors(it) == 0
        assert tflite_c_script.put(library, library.InterpreterGetInputTensor(it, 0), range(6)) == 0
        assert library.InterpreterInvoke(it) == runs
        if runs == 0:
            result = tflite_c_script.get(library, library.InterpreterGetOutputTensor(it, 0), 6)
            assert result == (0, [1, 4, 7, 10, 13, 16])
    library.InterpreterDelete(it)
    raw.TfLiteExternalDelegateDelete(delegate)


def test_delegates_that_cannot_be_made():
    raw = ctypes.CDLL(str(ours()))
    assert with_delegate(raw, "/no/such.so") is None
    assert with_delegate(raw, OURS.parent / "tests/plugin_arithmetic.so", fail="create") is None


@pytest.mark.parametrize("script, module, tolerance", [(MICRO, "pymicro_wakeword", 0), (OPEN, "pyopen_wakeword", 1e-4)])
def test_clients(script, module, tolerance):
    if importlib.util.find_spec(module) is None:
        pytest.skip(f"{module} is not installed")
    mine, peer = said("-c", script, ours()), said("-c", script, "")
    assert len(peer) > 5 and len(mine) == len(peer)
    assert max(abs(a - b) for a, b in zip(mine, peer)) <= tolerance
