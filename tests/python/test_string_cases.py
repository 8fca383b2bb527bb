# test_string_cases.py: the stored one-operator cases whose arrays numpy pickles (strings), in both modes.
# SPDX-License-Identifier: Apache-2.0
import json

import numpy as np
import pytest

from litert import Interpreter, OpResolverType


def is_text(array):
    return array.dtype == object or array.dtype.kind == "S"


def words(array):
    return [word if isinstance(word, bytes) else str(word).encode() for word in np.ravel(array)]


def run_case(path, arrays, resolver):
    interpreter = Interpreter(model_path=str(path), experimental_op_resolver_type=resolver)
    inputs = interpreter.get_input_details()
    for number, details in enumerate(inputs):
        interpreter.resize_tensor_input(details["index"], arrays[f"in{number}"].shape)
    interpreter.allocate_tensors()
    for number, details in enumerate(inputs):
        interpreter.set_tensor(details["index"], arrays[f"in{number}"])
    interpreter.invoke()
    return [np.asarray(interpreter.get_tensor(details["index"])) for details in interpreter.get_output_details()]


@pytest.mark.parametrize("resolver", [OpResolverType.BUILTIN_REF, OpResolverType.AUTO])
def test_strings(shared, resolver):
    folder = shared("cases", "ops")
    names = [json.loads(line)["file"] for line in (folder / "index.jsonl").read_text().splitlines()]
    ran = 0
    for name in names:
        with np.load(folder / f"{name}.npz", allow_pickle=True) as file:
            if not any(file[key].dtype == object or file[key].dtype.kind == "S" for key in file.files):
                continue
            arrays = {key: file[key] for key in file.files}
        for number, got in enumerate(run_case(folder / f"{name}.tflite", arrays, resolver)):
            want = arrays[f"out{number}"]
            assert list(got.shape) == list(want.shape), name
            assert words(got) == words(want) if is_text(want) else np.array_equal(got, want), name
        ran += 1
    assert ran > 20
