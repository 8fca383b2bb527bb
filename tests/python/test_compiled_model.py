# test_compiled_model.py: the same script over compiled models and tensor buffers, on this package and on the peer's.
# SPDX-License-Identifier: Apache-2.0
import importlib

import build_tflite
import numpy as np
import pytest

NO_SIGNATURE = "<placeholder signature>"


@pytest.fixture(params=["litert.compiled_model", "ai_edge_litert.compiled_model"])
def package(request):
    return pytest.importorskip(request.param)


@pytest.fixture
def ours():
    return importlib.import_module("litert.compiled_model")


def floats(*values):
    return np.array(values, np.float32)


def unsorted_model():
    """One signature whose names are not in the order of the alphabet."""
    graph = build_tflite.Graph()
    for name in "xyzw":
        graph.tensor(name, (1, 4))
    graph.node(build_tflite.ADD, [0, 1], [2])
    graph.node(build_tflite.MUL, [0, 1], [3])
    graph.inputs, graph.outputs = [0, 1], [2, 3]
    return build_tflite.build([graph], [("s", {"b": 0, "a": 1}, {"q": 2, "p": 3}, 0)])


def test_signatures(package):
    model = package.CompiledModel.from_buffer(build_tflite.two_signature_model())
    assert model.get_signature_list() == {"sum": {"inputs": ["a", "b"], "outputs": ["total"]},
                                          "product": {"inputs": ["a", "b"], "outputs": ["result"]}}
    assert model.get_signature_by_index(1) == {"key": "product", "inputs": ["a", "b"], "outputs": ["result"]}
    assert (model.get_num_signatures(), model.get_signature_index("product"), model.get_signature_index("zz")) == (2, 1, -1)
    assert model.get_input_tensor_details("sum") == {
        "a": {"name": "x", "index": 0, "dtype": "float32", "shape": [1, 4]},
        "b": {"name": "y", "index": 1, "dtype": "float32", "shape": [1, 4]}}
    assert model.get_output_tensor_details("product") == {
        "result": {"name": "z", "index": 2, "dtype": "float32", "shape": [1, 4]}}
    assert model.get_input_buffer_requirements(0) == {"buffer_size": 16, "supported_types": [1]}
    assert model.get_output_buffer_requirements(0, 1) == {"buffer_size": 16, "supported_types": [1]}
    assert model.is_fully_accelerated() is True


def test_the_file_s_own_order_of_names(package):
    model = package.CompiledModel.from_buffer(unsorted_model())
    assert model.get_signature_by_index(0) == {"key": "s", "inputs": ["b", "a"], "outputs": ["q", "p"]}
    details = model.get_input_tensor_details("s")
    assert (details["b"]["index"], details["a"]["index"]) == (0, 1)
    inputs, outputs = model.create_input_buffers(0), model.create_output_buffers(0)
    inputs[0].write(floats(1, 2, 3, 4))
    inputs[1].write(floats(5, 6, 7, 8))
    model.run_by_index(0, inputs, outputs)
    assert outputs[0].read(4, np.float32).tolist() == [6, 8, 10, 12]
    assert outputs[1].read(4, np.float32).tolist() == [5, 12, 21, 32]


def test_models_without_signatures(package):
    model = package.CompiledModel.from_buffer(build_tflite.add_model())
    assert model.get_signature_list() == {NO_SIGNATURE: {"inputs": ["x", "y"], "outputs": ["z"]}}
    assert (model.get_num_signatures(), model.get_signature_index(NO_SIGNATURE)) == (1, 0)
    quantized = package.CompiledModel.from_buffer(build_tflite.quantized_model())
    assert quantized.get_input_tensor_details(NO_SIGNATURE)["x"]["dtype"] == "int8"
    assert quantized.get_input_buffer_requirements(0)["buffer_size"] == 4


def test_running(package, tmp_path):
    path = tmp_path / "m.tflite"
    path.write_bytes(build_tflite.two_signature_model())
    with package.CompiledModel.from_file(str(path)) as model:
        inputs, outputs = model.create_input_buffers(0), model.create_output_buffers(0)
        assert inputs[0].get_tensor_details() == {"dtype": "float32", "shape": [1, 4]}
        inputs[0].write(np.full((1, 4), 3, np.float32))
        inputs[1].write(floats(1, 2, 3, 4, 5, 6, 7, 8)[::2])  # not contiguous
        model.run_by_index(0, inputs, outputs)
        assert outputs[0].read(4, np.float32).tolist() == [4, 6, 8, 10]
        assert outputs[0].read(2, "float32").tolist() == [4, 6]
        model.run_by_name("product", {"a": inputs[0], "b": inputs[1]}, {"result": outputs[0]})
        assert outputs[0].read(4, np.float32).tolist() == [3, 9, 15, 21]
        by_name = model.create_input_buffer_by_name("product", "b")
        by_name.write(floats(9))  # fewer elements than it has
        assert by_name.read(1, np.float32).tolist() == [9]


def test_resize(package):
    model = package.CompiledModel.from_buffer(build_tflite.dynamic_model())
    model.resize_input_tensor(0, [3, 4])
    assert model.get_input_tensor_details(NO_SIGNATURE)["x"]["shape"] == [3, 4]
    assert model.get_output_tensor_details(NO_SIGNATURE)["z"]["shape"] == [3, 4]
    assert model.get_output_buffer_requirements(0)["buffer_size"] == 48
    inputs, outputs = model.create_input_buffers(0), model.create_output_buffers(0)
    inputs[0].write(np.ones((3, 4), np.float32))
    model.run_by_index(0, inputs, outputs)
    assert outputs[0].read(12, np.float32).tolist() == [3] * 12
    with pytest.raises(RuntimeError, match="New shape is not compatible with current shape"):
        model.resize_input_tensor(0, [3, 5])
    model.resize_input_tensor_by_name(NO_SIGNATURE, "x", [2, 4])
    assert model.get_input_buffer_requirements(0)["buffer_size"] == 32


def test_errors_of_names_and_indices(package):
    model = package.CompiledModel.from_buffer(build_tflite.two_signature_model())
    with pytest.raises(RuntimeError, match="^CompiledModel error: code=6, message=Signature not found: zz$"):
        model.get_input_tensor_details("zz")
    for call, words in ((lambda: model.get_input_buffer_requirements(9), "Input index out of range"),
                        (lambda: model.resize_input_tensor(9, [1], 0, False), "Input index out of range"),
                        (lambda: model.create_input_buffers(9), ""), (lambda: model.create_output_buffers(-1), ""),
                        (lambda: model.run_by_index(9, [], []), "Signature index is out of range of signature keys")):
        with pytest.raises(RuntimeError, match="^CompiledModel error: code=1000, message=(.|\n)*" + words):
            call()
    for call, words in ((lambda: model.create_input_buffer_by_name("sum", "zz"), "Input tensor not found: zz"),
                        (lambda: model.create_output_buffer_by_name("sum", "zz"), "Output tensor not found: zz"),
                        (lambda: model.create_input_buffer_by_name("zz", "a"), "Signature not found: zz"),
                        (lambda: model.run_by_name("zz", {}, {}), "Failed to get signature_index")):
        with pytest.raises(RuntimeError, match="^CompiledModel error: code=6, message=(.|\n)*" + words):
            call()
    with pytest.raises(ValueError, match="^Unknown signature: zz$"):
        model.resize_input_tensor_by_name("zz", "a", [1])
    with pytest.raises(ValueError, match="^Unknown input 'zz' for signature 'sum'$"):
        model.resize_input_tensor_by_name("sum", "zz", [1])


def test_errors_of_buffers(package):
    model = package.CompiledModel.from_buffer(build_tflite.two_signature_model())
    inputs, outputs = model.create_input_buffers(0), model.create_output_buffers(0)
    for call, kind, text in (
            (lambda: inputs[0].write(np.ones(9, np.float32)), RuntimeError,
             "WriteTensorBuffer: source buffer is larger than the tensor buffer"),
            (lambda: outputs[0].read(9, np.float32), RuntimeError,
             "ReadTensorToBuffer: destination buffer is larger than the tensor buffer"),
            (lambda: inputs[0].write([1, 2]), ValueError, "data_array must be a NumPy array"),
            (lambda: package.TensorBuffer.create_from_host_memory([1]), ValueError, "data_array must be a NumPy array"),
            (lambda: package.TensorBuffer.create_from_host_memory(np.ones((4, 4), np.float32).T[:2]), ValueError,
             "data_array must be C-contiguous for zero-copy host-memory binding"),
            (lambda: outputs[0].read(4, "foo"), ValueError, "Unsupported dtype: foo"),
            (lambda: outputs[0].read(-1, np.float32), ValueError, "negative dimensions are not allowed")):
        with pytest.raises(kind) as raised:
            call()
        assert str(raised.value) == text
    with pytest.raises(ValueError):
        inputs[0].write(np.ones(4, np.float64))
    with pytest.raises(RuntimeError, match="code=3, message=Failed to invoke the compiled model\n└ Input buffer size mismatch: "
                                           "number of inputs:2 vs buffers:1"):
        model.run_by_index(0, inputs[:1], outputs)
    with pytest.raises(RuntimeError, match="Output buffer size mismatch"):
        model.run_by_index(0, inputs, [])
    with pytest.raises(RuntimeError, match="code=6, message=The given map is missing some output TensorBuffers"):
        model.run_by_name("sum", {"a": inputs[0], "b": inputs[1]}, {})
    inputs[0].destroy()
    inputs[0].destroy()
    with pytest.raises(RuntimeError, match="^ReadTensorToBuffer: invalid capsule$"):
        inputs[0].read(4, np.float32)
    with pytest.raises(ValueError, match="^TensorBuffer has been destroyed$"):
        model.run_by_index(0, inputs, outputs)


def test_what_cannot_be_opened(package, tmp_path):
    with pytest.raises(RuntimeError, match="^Failed to load model from file\n└ "):
        package.CompiledModel.from_file(str(tmp_path / "absent"))
    with pytest.raises(RuntimeError, match="^Failed to load model from buffer\n└ "):
        package.CompiledModel.from_buffer(b"garbage")
    with pytest.raises(TypeError):
        package.CompiledModel.from_buffer(3)
    with pytest.raises(ValueError, match="^Pass either options or hardware_accel, not both.$"):
        package.CompiledModel.from_file("x", package.HardwareAccelerator.CPU, options=package.Options())


def test_host_memory(package):
    buffer = package.TensorBuffer.create_from_host_memory(np.arange(4, dtype=np.int32))
    assert buffer.get_tensor_details() == {"dtype": "int32", "shape": [4]}
    buffer.write(np.array([7], np.int32))
    assert buffer.read(4, np.int32).tolist() == [7, 1, 2, 3]


def test_environments_and_options(package, tmp_path):
    with package.Environment.create(runtime_path=str(tmp_path)) as environment:
        assert environment.options.runtime_path == str(tmp_path)
        model = package.CompiledModel.from_buffer(build_tflite.add_model(), environment=environment)
        assert model.environment is environment
    with pytest.raises(ValueError, match="^Environment is no longer valid$"):
        package.CompiledModel.from_buffer(build_tflite.add_model(), environment=environment)
    with pytest.raises(ValueError, match="^Pass either options or environment path shortcuts.$"):
        package.Environment.create(options=package.EnvironmentOptions(), runtime_path="x")
    with pytest.raises(ValueError, match="^runtime_path was provided twice.$"):
        package.Environment.create(options="x", runtime_path="x")
    options = package.Options.create()
    options.cpu_options.num_threads = 2
    options.cpu_options.kernel_mode = package.CpuKernelMode.REFERENCE
    assert options.gpu_options == package.GpuOptions()
    model = package.CompiledModel.from_buffer(build_tflite.fixed_model(), options=options)
    inputs, outputs = model.create_input_buffers(0), model.create_output_buffers(0)
    inputs[0].write(np.arange(6, dtype=np.float32))
    model.run_by_index(0, inputs, outputs)
    assert outputs[0].read(6, np.float32).tolist() == [1, 4, 7, 10, 13, 16]
    assert [int(one) for one in package.HardwareAccelerator] == [1, 2, 4]
    assert (package.CpuKernelMode.DELEGATE, package.CpuKernelMode.XNNPACK, package.CpuKernelMode.BUILTIN) == (0, 0, 2)


# ---- where the peer ends the process or goes on with wrong data ----


def test_a_signature_that_does_not_exist(ours):
    model = ours.CompiledModel.from_buffer(build_tflite.add_model())
    with pytest.raises(RuntimeError, match="code=1000"):
        model.get_signature_by_index(9)


def test_wrong_types(ours):
    model = ours.CompiledModel.from_buffer(build_tflite.add_model())
    inputs, outputs = model.create_input_buffers(0), model.create_output_buffers(0)
    with pytest.raises(ValueError, match="^WriteTensorBuffer: the array holds int32, the tensor buffer float32$"):
        inputs[0].write(np.ones(4, np.int32))
    with pytest.raises(ValueError, match="^ReadTensorToBuffer: the tensor buffer holds float32, not int32$"):
        outputs[0].read(4, np.int32)
    wrong = ours.TensorBuffer.create_from_host_memory(np.ones((1, 4), np.int32))
    with pytest.raises(RuntimeError, match="code=1, message=the buffer of input x holds int32, not float32"):
        model.run_by_index(0, [wrong, inputs[1]], outputs)
    with pytest.raises(RuntimeError, match="Output buffer size mismatch: output z is float32"):
        model.run_by_index(0, inputs, [wrong])


def test_missing_and_unknown_names(ours):
    model = ours.CompiledModel.from_buffer(build_tflite.add_model())
    x, y = model.create_input_buffers(0)
    z = model.create_output_buffers(0)[0]
    with pytest.raises(RuntimeError, match="code=6, message=The given map is missing some input TensorBuffers"):
        model.run_by_name(NO_SIGNATURE, {"x": x}, {"z": z})
    with pytest.raises(RuntimeError, match="code=6, message=Input tensor not found: q"):
        model.run_by_name(NO_SIGNATURE, {"x": x, "q": y}, {"z": z})


def test_host_arrays_as_inputs(ours):
    """The array's own memory, its shape included; an open dimension follows it."""
    model = ours.CompiledModel.from_buffer(build_tflite.dynamic_model())
    array = np.full((2, 4), 5, np.float32)
    result = ours.TensorBuffer.create_from_host_memory(np.zeros((2, 4), np.float32))
    model.run_by_index(0, [ours.TensorBuffer.create_from_host_memory(array)], [result])
    assert result.read(8, np.float32).tolist() == [15] * 8
    fixed = ours.CompiledModel.from_buffer(build_tflite.fixed_model())
    for shape, words in (((7,), "rank mismatch"), ((4, 3), "its shape .* is fixed")):
        buffer = ours.TensorBuffer.create_from_host_memory(np.zeros(shape, np.float32))
        with pytest.raises(RuntimeError, match="Cannot auto-resize tensor x: " + words):
            fixed.run_by_index(0, [buffer], fixed.create_output_buffers(0))


def test_accelerators_are_not_there(ours):
    with pytest.raises(RuntimeError, match="add HardwareAccelerator.CPU"):
        ours.CompiledModel.from_buffer(build_tflite.add_model(), ours.HardwareAccelerator.GPU)
    model = ours.CompiledModel.from_buffer(build_tflite.add_model(),
                                           ours.HardwareAccelerator.GPU | ours.HardwareAccelerator.CPU)
    assert model.is_fully_accelerated() is False
    with pytest.raises(NotImplementedError, match="qualcomm_options"):
        ours.Options(qualcomm_options=object())


def test_closed_models_say_so(ours):
    model = ours.CompiledModel.from_buffer(build_tflite.add_model())
    model.close()
    with pytest.raises(RuntimeError, match="^the compiled model is closed$"):
        model.get_num_signatures()


def test_int4_weights_and_int8_tensors(package):
    model = package.CompiledModel.from_buffer(build_tflite.quantized_model())
    inputs, outputs = model.create_input_buffers(0), model.create_output_buffers(0)
    inputs[0].write(np.array([3, 5, 7, 9], np.int8))
    inputs[1].write(np.array([-1, 3, 7, 11], np.int8))
    model.run_by_index(0, inputs, outputs)
    assert outputs[0].read(4, np.int8).tolist() == [0, 4, 8, 12]
