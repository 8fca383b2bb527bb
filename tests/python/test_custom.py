# test_custom.py: custom operators in Python and from libraries, and what they may do wrong.
# SPDX-License-Identifier: Apache-2.0
import gc
import os
import struct
import threading
import weakref
from pathlib import Path

import numpy as np
import pytest

from litert import CustomOp, Interpreter, InterpreterWithCustomOps, OperatorSet, errors

LIBRARY = Path(os.environ.get("LITERT_BUILD", "absent")) / "tests" / "examples" / "libcustom_op.so"


class Gain(CustomOp):
    name = "Gain"

    def eval(self, x):
        return x * np.float32(struct.unpack("<f", self.options)[0])


def run(interpreter, x):
    interpreter.resize_tensor_input(interpreter.get_input_details()[0]["index"], x.shape)
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], x)
    interpreter.invoke()
    return [interpreter.get_tensor(details["index"]) for details in interpreter.get_output_details()]


@pytest.mark.parametrize("threads", [1, 3])
def test_python_operator(models, threads):
    interpreter = Interpreter(models["gain"], custom_ops=[Gain], num_threads=threads)
    for shape in ((1, 4), (3, 5), (0, 2)):
        x = np.random.default_rng(0).random(shape, dtype=np.float32)
        (y,) = run(interpreter, x)
        np.testing.assert_array_equal(y, x * np.float32(2.5))


def test_registerers_of_the_field(models):
    interpreter = InterpreterWithCustomOps(custom_op_registerers=[lambda operators: operators.add(Gain)],
                                           model_path=models["gain"])
    assert run(interpreter, np.ones((1, 4), np.float32))[0][0, 0] == 2.5
    with pytest.raises(ValueError, match="subclass of CustomOp"):
        Interpreter(models["gain"], custom_ops=[7])
    with pytest.raises(ValueError, match="needs a name"):
        Interpreter(models["gain"], custom_ops=[CustomOp])


def test_without_it_all_are_named(models):
    with pytest.raises(RuntimeError, match="not available: Gain"):
        Interpreter(models["gain"]).allocate_tensors()


def test_one_object_per_node_and_interpreter(models):
    made = []

    class Counted(Gain):
        def __init__(self, options):
            super().__init__(options)
            made.append(weakref.ref(self))

    shared = OperatorSet([Counted])
    first, second = (Interpreter(models["gain"], custom_ops=shared) for _ in range(2))
    for interpreter in (first, second):
        for rows in (1, 2):
            run(interpreter, np.ones((rows, 4), np.float32))
    assert len(made) == 2 and all(reference() is not None for reference in made)
    with pytest.raises(RuntimeError, match="in use"):
        shared.add(Gain)
    del first, second, interpreter, shared
    gc.collect()
    assert all(reference() is None for reference in made)


def test_types_constants_and_late_shapes(models):
    seen = []

    class Mixed(CustomOp):
        name = "Mixed"
        versions = (1, 3)

        def shapes(self, x, w):
            seen.append((x.shape, x.data, w.data.tolist(), w.scales, w.zero_points, w.dtype))
            return [x.shape, (2,), None]

        def eval(self, x, w):
            assert x.flags.owndata and w.dtype == np.int8
            return [(x + w).astype(np.int8), np.array(["ä", b"bc"], object), x[:, :1]]

    x = np.arange(6, dtype=np.float32).reshape(2, 3)
    quantized, strings, late = run(Interpreter(models["mixed"], custom_ops=[Mixed]), x)
    assert seen[0] == ((2, 3), None, [1, -2, 3], (0.5,), (1,), np.int8)
    np.testing.assert_array_equal(quantized, x.astype(np.int8) + np.array([1, -2, 3], np.int8))
    assert strings.tolist() == ["ä".encode(), b"bc"]
    np.testing.assert_array_equal(late, x[:, :1])


def fails(answer, shapes=None):
    class Failing(CustomOp):
        name = "Gain"

        def shapes(self, *inputs):
            return shapes() if shapes else super().shapes(*inputs)

        def eval(self, x):
            return answer(x)
    return Failing


@pytest.mark.parametrize("answer, text", [
    (lambda x: 1 / 0, "Gain .node 0.: ZeroDivisionError: division by zero"),
    (lambda x: x.astype(np.float64), "output 0 .y. is float32, eval.. gave float64"),
    (lambda x: x[:, :2], "has the shape .1, 4., eval.. gave .1, 2."),
    (lambda x: [x, x], "eval.. gave 2 arrays for 1 outputs"),
    (lambda x: None, "gave object"),
])
def test_a_failing_eval_fails_the_run(models, answer, text):
    interpreter = Interpreter(models["gain"], custom_ops=[fails(answer)])
    for _ in range(2):
        with pytest.raises(RuntimeError, match=text) as caught:
            run(interpreter, np.ones((1, 4), np.float32))
        assert isinstance(caught.value, errors.LitertError)
        assert isinstance(caught.value.__cause__, (ZeroDivisionError, TypeError, ValueError))


@pytest.mark.parametrize("shapes, text", [
    (lambda: 1 / 0, "ZeroDivisionError"),
    (lambda: [], "gave 0 shapes for 1 outputs"),
    (lambda: [(1, -4)], "would have the shape"),
    (lambda: [("a",)], "ValueError"),
    (lambda: [(1,) * 9], "at most 8 dimensions"),
    (lambda: [(2**40,)], "more than a tensor may have"),
])
def test_failing_shapes_fail_the_planning(models, shapes, text):
    with pytest.raises(RuntimeError, match=text):
        Interpreter(models["gain"], custom_ops=[fails(None, shapes)]).allocate_tensors()


def test_interrupts_come_through(models):
    def interrupt(x):
        raise KeyboardInterrupt
    with pytest.raises(KeyboardInterrupt):
        run(Interpreter(models["gain"], custom_ops=[fails(interrupt)]), np.ones((1, 4), np.float32))


def test_several_threads_with_one_set(models):
    shared, results = OperatorSet([Gain]), []

    def work(number):
        interpreter = Interpreter(models["gain"], custom_ops=shared, num_threads=2)
        for _ in range(20):
            results.append(run(interpreter, np.full((1, 4), number, np.float32))[0][0, 0] == 2.5 * number)

    workers = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(results) == 80 and all(results)


def test_library_of_operators(models):
    if not LIBRARY.exists():
        pytest.skip("the library of examples/c/custom_op.c is not built")
    interpreter = Interpreter(models["gain"], custom_ops=[LIBRARY])
    np.testing.assert_array_equal(run(interpreter, np.ones((2, 4), np.float32))[0], np.full((2, 4), 2.5, np.float32))
    with pytest.raises(errors.LitertError, match="none.so"):
        Interpreter(models["gain"], custom_ops=["./none.so"])
