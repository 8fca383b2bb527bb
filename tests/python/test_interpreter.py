# test_interpreter.py: Interpreter and SignatureRunner on small models: values, details, error texts, views.
# SPDX-License-Identifier: Apache-2.0
import pathlib
import threading

import numpy as np
import pytest

import build_tflite
from litert import Interpreter, LitertError, OpResolverType, SignatureRunner, _core

X = np.array([[1, 2, 3, 4]], np.float32)


def allocated(path, **options):
    interpreter = Interpreter(path, **options)
    interpreter.allocate_tensors()
    return interpreter


def run(interpreter, *arrays):
    for details, array in zip(interpreter.get_input_details(), arrays):
        interpreter.set_tensor(details["index"], array)
    interpreter.invoke()
    return interpreter.get_tensor(interpreter.get_output_details()[0]["index"])


def raises(kind, text, action, *arguments, **keywords):
    with pytest.raises(kind) as caught:
        action(*arguments, **keywords)
    assert isinstance(caught.value, LitertError)
    assert str(caught.value) == text


def test_runs_from_path_path_object_and_bytes(models):
    content = pathlib.Path(models["add"]).read_bytes()
    for source in ({"model_path": models["add"]}, {"model_path": pathlib.Path(models["add"])},
                   {"model_content": content}, {"model_content": bytearray(content)}):
        interpreter = Interpreter(**source)
        interpreter.allocate_tensors()
        np.testing.assert_array_equal(run(interpreter, X, X * 2), X * 3)


@pytest.mark.parametrize("resolver", list(OpResolverType))
def test_resolvers_and_threads(models, resolver):
    interpreter = allocated(models["quantized"], experimental_op_resolver_type=resolver, num_threads=2)
    result = run(interpreter, np.array([[3, 5, 7, 127]], np.int8), np.array([[-1, 3, 7, 127]], np.int8))
    assert result.dtype == np.int8
    # (x - 3) * 0.5 + (y + 1) * 0.25, in steps of 0.5
    assert np.abs(result.astype(int) - np.array([[0, 4, 8, 127]])).max() <= 1


def test_details(models):
    interpreter = Interpreter(models["quantized"])
    x = interpreter.get_input_details()[0]
    assert list(x) == ["name", "index", "shape", "shape_signature", "dtype", "quantization",
                       "quantization_parameters", "sparsity_parameters"]
    assert (x["name"], x["index"], x["dtype"], x["quantization"]) == ("x", 0, np.int8, (0.5, 3))
    assert x["shape"].dtype == x["shape_signature"].dtype == np.int32
    assert list(x["quantization_parameters"]) == ["scales", "zero_points", "quantized_dimension", "block_size"]
    assert x["quantization_parameters"]["scales"].dtype == np.float32
    assert [d["name"] for d in interpreter.get_tensor_details()] == ["x", "y", "z"]
    operator = interpreter._get_ops_details()[0]
    assert operator["op_name"] == "ADD" and operator["inputs"].tolist() == [0, 1]
    assert interpreter.num_subgraphs() == 1 and interpreter.get_signature_list() == {}


def test_constants_are_readable_before_allocation_and_int4_is_unpacked(models):
    interpreter = Interpreter(models["int4"])
    for _ in range(2):
        weights = interpreter.get_tensor(1)
        assert weights.dtype == np.int8
        np.testing.assert_array_equal(weights, build_tflite.WEIGHTS)
        np.testing.assert_array_equal(interpreter.get_tensor(2), np.float32([1, 2, 3]))
        interpreter.allocate_tensors()
    real = build_tflite.WEIGHTS * np.array([[0.5], [0.25], [0.125]])
    np.testing.assert_allclose(run(interpreter, X), X @ real.T + [1, 2, 3], rtol=0.02, atol=0.05)
    with pytest.raises(ValueError):
        interpreter.set_tensor(2, np.zeros(3, np.float32))


def test_intermediates_only_when_preserved(models):
    x = np.arange(6, dtype=np.float32).reshape(2, 3)
    interpreter = allocated(models["fixed"])
    np.testing.assert_array_equal(run(interpreter, x), x * 3 + 1)
    raises(ValueError, "Tensor data is null. Run allocate_tensors() first", interpreter.get_tensor, 2)
    with pytest.warns(UserWarning, match="preserve_all_tensors"):
        interpreter = Interpreter(models["fixed"], experimental_preserve_all_tensors=True)
    interpreter.allocate_tensors()
    np.testing.assert_array_equal(run(interpreter, x), x * 3 + 1)
    np.testing.assert_array_equal(interpreter.get_tensor(2), x * 3)


def test_resize(models):
    interpreter = Interpreter(models["dynamic"])
    interpreter.resize_tensor_input(0, [3, 4])
    details = interpreter.get_input_details()[0]
    assert details["shape"].tolist() == [3, 4] and details["shape_signature"].tolist() == [-1, 4]
    raises(RuntimeError, "Invoke called on model that is not ready.", interpreter.invoke)
    interpreter.allocate_tensors()
    x = np.arange(12, dtype=np.float32).reshape(3, 4)
    np.testing.assert_array_equal(run(interpreter, x), x * 3)
    interpreter.resize_tensor_input(0, (2, 4), strict=True)
    raises(RuntimeError, "Attempting to resize dimension 1 of tensor 0 with value 4 to 5. ResizeInputTensorStrict only "
           "allows mutating unknown dimensions identified by -1.", interpreter.resize_tensor_input, 0, [2, 5], True)
    interpreter.resize_tensor_input(2, [9, 9])  # no input: nothing happens
    for wrong in ([-1, 4], [1] * 9):
        with pytest.raises(RuntimeError):
            interpreter.resize_tensor_input(0, wrong)
    with pytest.raises(RuntimeError):
        interpreter.resize_tensor_input(99, [1])
    interpreter.resize_tensor_input(0, [0, 4])
    interpreter.allocate_tensors()
    assert run(interpreter, np.zeros((0, 4), np.float32)).shape == (0, 4)


def test_shapes_that_do_not_fit_fail_at_allocation(models):
    interpreter = Interpreter(models["dynamic"])
    interpreter.resize_tensor_input(0, [3, 7])
    with pytest.raises(RuntimeError, match="MUL"):
        interpreter.allocate_tensors()
    with pytest.raises(RuntimeError, match="NobodyHasThis"):
        Interpreter(models["custom"]).allocate_tensors()


def test_errors_of_the_constructor(models, tmp_path):
    raises(ValueError, "`model_path` or `model_content` must be specified.", Interpreter)
    raises(ValueError, "`model_path` or `model_content` must be specified.", Interpreter, model_content=b"")
    raises(ValueError, "Can't both provide `model_path` and `model_content`", Interpreter, models["add"], b"x")
    raises(ValueError, "Could not open '/no/such.tflite'.The model allocation is null/empty", Interpreter,
           "/no/such.tflite")
    with pytest.raises(FileNotFoundError):
        Interpreter("/no/such.tflite")
    raises(ValueError, "num_threads should >= 1", Interpreter, models["add"], num_threads=0)
    raises(ValueError, "type of num_threads should be int", Interpreter, models["add"], num_threads=1.5)
    raises(ValueError, "Unrecognized passed in op resolver type: 5", Interpreter, models["add"],
           experimental_op_resolver_type=5)
    for wrong in (5, object()):
        with pytest.raises(TypeError):
            Interpreter(wrong)
    with pytest.raises(TypeError):
        Interpreter(model_content="text")
    content = pathlib.Path(models["add"]).read_bytes()
    for bad in (b"garbage", b"garbage" * 99, content[:100], content[:-40], b"\0" * 500):
        with pytest.raises(ValueError, match="^The model is not a valid Flatbuffer buffer"):
            Interpreter(model_content=bad)
    empty = tmp_path / "empty.tflite"
    empty.write_bytes(b"")
    for path in (empty, tmp_path):
        with pytest.raises(ValueError) as caught:
            Interpreter(str(path))
        assert str(path) in str(caught.value)


def test_flipped_bytes_are_refused_or_harmless(models):
    content = pathlib.Path(models["fixed"]).read_bytes()
    for at in range(0, len(content), 5):
        changed = content[:at] + bytes([content[at] ^ 0x55]) + content[at + 1:]
        try:
            # A flipped dimension may be valid and huge: the budget says how much is too much.
            native = _core.Interpreter(_core.Model.open_bytes(changed, 1 << 24), max_bytes=1 << 24, max_seconds=5.0)
            native.allocate(0)
            native.invoke(0)
        except LitertError as error:
            assert str(error)


def test_errors_of_tensors(models):
    interpreter = Interpreter(models["add"])
    null = "Tensor data is null. Run allocate_tensors() first"
    raises(ValueError, null, interpreter.get_tensor, 0)
    raises(ValueError, null, interpreter.tensor(0))
    raises(ValueError, "Cannot set tensor: Tensor is unallocated. Try calling allocate_tensors() first",
           interpreter.set_tensor, 0, X)
    raises(RuntimeError, "Invoke called on model that is not ready.", interpreter.invoke)
    interpreter.allocate_tensors()
    for index in (99, -1):
        text = f"Invalid tensor index {index} exceeds max tensor index 3"
        raises(ValueError, text, interpreter.get_tensor, index)
        raises(ValueError, text, interpreter.set_tensor, index, X)
        raises(ValueError, text, interpreter.tensor(index))
    raises(ValueError, "Cannot set tensor: Got value of type FLOAT64 but expected type FLOAT32 for input 0, name: x ",
           interpreter.set_tensor, 0, X.astype(np.float64))
    raises(ValueError, "Cannot set tensor: Got value of type INT64 but expected type FLOAT32 for input 0, name: x ",
           interpreter.set_tensor, 0, [[1, 2, 3, 4]])
    raises(ValueError, "Cannot set tensor: Dimension mismatch. Got 5 but expected 4 for dimension 1 of input 0.",
           interpreter.set_tensor, 0, np.zeros((1, 5), np.float32))
    raises(ValueError, "Cannot set tensor: Dimension mismatch. Got 1 but expected 2 for input 0.",
           interpreter.set_tensor, 0, X[0])
    raises(ValueError, "subgraph_index is out of range: 3 for the model, which has 1 subgraphs.",
           interpreter.get_tensor_details, 3)
    for wrong in ("a", 1.5, None):
        with pytest.raises(TypeError):
            interpreter.get_tensor(wrong)


def test_set_tensor_takes_any_memory_order(models):
    interpreter = allocated(models["add"])
    wide = np.arange(8, dtype=np.float32).reshape(1, 8)
    np.testing.assert_array_equal(run(interpreter, wide[:, ::2], wide[:, ::-2].astype(">f4")), np.full((1, 4), 7))


def test_live_views(models):
    interpreter = allocated(models["add"])
    x, z = interpreter.tensor(0), interpreter.tensor(2)
    interpreter.set_tensor(1, X)
    x()[...] = X * 10
    interpreter.invoke()
    np.testing.assert_array_equal(z(), X * 11)
    held = z()[:, 1:]
    text = ("There is at least 1 reference to internal data\n      in the interpreter in the form of a numpy array or "
            "slice. Be sure to\n      only hold the function returned from tensor() if you are using raw\n      data "
            "access.")
    raises(RuntimeError, text, interpreter.invoke)
    raises(RuntimeError, text, interpreter.allocate_tensors)
    raises(RuntimeError, text, interpreter.resize_tensor_input, 0, [1, 4])
    interpreter.set_tensor(0, X)
    assert interpreter.get_tensor(2) is not held
    del interpreter, x, z
    np.testing.assert_array_equal(held, (X * 11)[:, 1:])  # the array keeps the memory alive


def test_get_tensor_copies(models):
    interpreter = allocated(models["add"])
    first = run(interpreter, X, X)
    run(interpreter, X * 5, X)
    np.testing.assert_array_equal(first, X * 2)


def test_signatures(models):
    interpreter = Interpreter(models["signatures"])
    assert interpreter.get_signature_list() == {"sum": {"inputs": ["a", "b"], "outputs": ["total"]},
                                                "product": {"inputs": ["a", "b"], "outputs": ["result"]}}
    assert interpreter._get_full_signature_list()["sum"]["inputs"] == {"a": 0, "b": 1}
    product = interpreter.get_signature_runner("product")
    assert isinstance(product, SignatureRunner)
    assert product.get_input_details()["b"]["index"] == 1 and list(product.get_output_details()) == ["result"]
    np.testing.assert_array_equal(product(a=X, b=X)["result"], X * X)
    two = np.ones((2, 4), np.float32)
    np.testing.assert_array_equal(product(a=two, b=two * 3)["result"], two * 3)
    np.testing.assert_array_equal(interpreter.get_signature_runner("sum")(b=X, a=X)["total"], X * 2)
    raises(ValueError, "SignatureDef signature_key is None and model has 2 Signatures. None is only allowed when the "
           "model has 1 SignatureDef", interpreter.get_signature_runner)
    raises(ValueError, 'Invalid signature_key provided: "x".', interpreter.get_signature_runner, "x")
    raises(ValueError, "Invalid number of inputs provided for running a SignatureDef, expected 2 vs provided 1",
           product, a=X)
    raises(ValueError, "Invalid Input name (z) for SignatureDef", product, a=X, z=X)


def test_strings(models):
    interpreter = allocated(models["text"])
    for value in (np.array(["ä", "bc"]), np.array(["ä".encode(), b"bc"]), np.array(["ä", b"bc"], object)):
        interpreter.set_tensor(0, value)
        interpreter.invoke()
        result = interpreter.get_tensor(0)
        assert result.dtype == object and result.tolist() == ["ä".encode(), b"bc"]
    assert interpreter.get_input_details()[0]["dtype"] is np.bytes_
    with pytest.raises(ValueError):
        interpreter.set_tensor(0, np.array([1, 2], object))


def test_interpreters_in_threads(models):
    failures = []

    def work(seed):
        interpreter = allocated(models["fixed"], num_threads=2)
        generator = np.random.default_rng(seed)
        for _ in range(200):
            x = generator.random((2, 3)).astype(np.float32)
            if not np.allclose(run(interpreter, x), x * 3 + 1):
                failures.append(seed)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures


def test_set_num_threads_of_the_wrapper(models):
    interpreter = allocated(models["fixed"])
    interpreter._interpreter.SetNumThreads(2)
    x = np.ones((2, 3), np.float32)
    np.testing.assert_array_equal(run(interpreter, x), x * 3 + 1)
