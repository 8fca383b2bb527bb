# test_shared_models.py: real models through Python: recorded results, the model inside a bundle.
# SPDX-License-Identifier: Apache-2.0
import threading

import numpy as np
import pytest

from litert import Interpreter, LiteRTManager, OpResolverType, errors

INTEGER = ["ds_cnn_kws.int8.tflite", "resnet8_cifar.int8.tflite", "mobilenet_v1_025_96.int8.tflite"]
FLOAT = ["ds_cnn_kws.fp32.tflite", "resnet8_cifar.fp16w.tflite", "mobilenet_v1_025_96.fp32.tflite"]


def replay(interpreter, recorded, prefix):
    """(result, recorded result) pairs of the first set of inputs."""
    interpreter.allocate_tensors()
    for number, details in enumerate(interpreter.get_input_details()):
        interpreter.set_tensor(details["index"], recorded[f"s0_in{number}"])
    interpreter.invoke()
    return [(interpreter.get_tensor(details["index"]), recorded[f"s0_{prefix}{number}"])
            for number, details in enumerate(interpreter.get_output_details())]


@pytest.mark.parametrize("name", INTEGER)
def test_integers_are_exact_in_reference_mode(shared, name):
    model, recorded = shared("models", "tflite", "made", name), np.load(shared("cases", "golden", name + ".npz"))
    interpreter = Interpreter(model, experimental_op_resolver_type=OpResolverType.BUILTIN_REF)
    for result, wanted in replay(interpreter, recorded, "ref"):
        np.testing.assert_array_equal(result, wanted)


@pytest.mark.parametrize("name", FLOAT)
def test_floats_agree(shared, name):
    model, recorded = shared("models", "tflite", "made", name), np.load(shared("cases", "golden", name + ".npz"))
    for threads in (1, 2):
        for result, wanted in replay(Interpreter(model, num_threads=threads), recorded, "xnn"):
            np.testing.assert_allclose(result, wanted, rtol=1e-3, atol=1e-4 * max(1.0, float(np.abs(wanted).max())))


def test_model_inside_a_bundle(shared):
    interpreter = Interpreter(model_path=str(shared("models", "lm", "smollm2-135m_q4b32.litertlm")))
    assert "decode" in interpreter.get_signature_list()
    logits = interpreter.get_signature_runner("decode").get_output_details()["logits"]
    assert logits["shape"][-1] > 1000


def test_manager_on_a_picture_batch(shared):
    with LiteRTManager() as manager:
        manager.load_model(shared("models", "tflite", "made", "resnet8_cifar.fp32.tflite"))
        batch = np.random.default_rng(0).random((3, 32, 32, 3))
        joined = manager.generate({"input": batch})["output"]
        assert joined.shape[0] == 3
        for picture, row in zip(batch, joined):
            np.testing.assert_allclose(manager.generate({"input": picture[None]})["output"][0], row, rtol=1e-5, atol=1e-6)


def test_other_threads_of_python_run_during_invoke(shared):
    interpreter = Interpreter(shared("models", "tflite", "made", "mobilenet_v2_224.fp32.tflite"))
    interpreter.allocate_tensors()
    native, caught = interpreter._interpreter.native, []

    def run_until_cancelled():
        try:
            for _ in range(2000):
                interpreter.invoke()
        except errors.CancelledError as error:
            caught.append(error)

    worker = threading.Thread(target=run_until_cancelled)
    worker.start()
    refused = None
    while worker.is_alive() and refused is None:
        try:
            interpreter.get_tensor(0)  # from a second thread while the first one runs
        except errors.WrongStateError as error:
            refused = str(error)
    while worker.is_alive():
        native.cancel()
        worker.join(0.001)
    assert refused is not None and "another thread" in refused
    assert caught
