# test_delegates.py: the same script with a delegate from a shared library, on this package and on the peer's.
# SPDX-License-Identifier: Apache-2.0
import importlib
import os
from pathlib import Path

import build_tflite
import numpy as np
import pytest

PLUGIN = Path(os.environ.get("LITERT_BUILD", "build")) / "tests/plugin_arithmetic.so"
X = np.arange(6, dtype=np.float32).reshape(2, 3)


@pytest.fixture(params=["litert.interpreter", "ai_edge_litert.interpreter"])
def package(request):
    if not PLUGIN.exists():
        pytest.skip(f"{PLUGIN} is not built")
    return pytest.importorskip(request.param)


def interpreter(package, model, options):
    """Without the delegate that the peer applies by itself."""
    return package.Interpreter(model_content=model,
                               experimental_delegates=[package.load_delegate(str(PLUGIN), options)],
                               experimental_op_resolver_type=package.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES)


def run(it, *arrays):
    it.allocate_tensors()
    for details, array in zip(it.get_input_details(), arrays):
        it.set_tensor(details["index"], array)
    it.invoke()
    return it.get_tensor(it.get_output_details()[0]["index"])


@pytest.mark.parametrize("options, nodes", [
    (None, [0, 1]), ({"ops": "add"}, [1]), ({"ops": "mul"}, [0]), ({"max_nodes": 0}, []), ({"handle": True}, [0, 1]),
    ({"preview": 1}, [0, 1]), ({"dynamic": 1}, [0, 1]), ({"dynamic": 1, "grow": 1}, [0, 1]),
    ({"dynamic": 1, "propagate": 1}, [0, 1])])
def test_results_and_nodes(package, options, nodes):
    it = interpreter(package, build_tflite.fixed_model(), options)
    assert np.array_equal(run(it, X), X * 3 + 1)
    assert np.array_equal(run(it, X + 1), X * 3 + 4)
    ops = it._get_ops_details()
    assert [op["op_name"] for op in ops if op["op_name"] != "DELEGATE"] == ["MUL", "ADD"]
    groups = [op for op in ops if op["op_name"] == "DELEGATE"]
    assert len(groups) == (1 if nodes else 0)
    if nodes:
        assert groups[0]["index"] == 2
        assert groups[0]["inputs"].tolist() == {(0,): [0, 1], (1,): [2, 3], (0, 1): [0, 1, 3]}[tuple(nodes)]
        assert groups[0]["outputs"].tolist() == ([2] if nodes == [0] else [4])


def test_inside_a_group_nothing_is_kept(package):
    it = interpreter(package, build_tflite.fixed_model(), {})
    run(it, X)
    with pytest.raises(ValueError, match=r"Tensor data is null. Run allocate_tensors\(\) first"):
        it.get_tensor(2)


@pytest.mark.parametrize("options", [{}, {"dynamic": 1}, {"dynamic": 1, "propagate": 1}, {"dynamic": 1, "grow": 1}])
def test_resize(package, options):
    it = interpreter(package, build_tflite.dynamic_model(), options)
    for rows in (3, 1, 7):
        it.resize_tensor_input(0, [rows, 4])
        array = np.full((rows, 4), rows, np.float32)
        assert np.array_equal(run(it, array), array * 3)


def test_signatures(package):
    it = interpreter(package, build_tflite.two_signature_model(), {})
    a, b = np.ones((1, 4), np.float32), np.full((1, 4), 5, np.float32)
    assert it.get_signature_runner("sum")(a=a, b=b)["total"].tolist() == [[6] * 4]
    assert it.get_signature_runner("product")(a=a, b=b)["result"].tolist() == [[5] * 4]


def test_static_delegates_allocate(package):
    """A delegate for static shapes leaves the model allocated."""
    it = interpreter(package, build_tflite.fixed_model(), {})
    it.set_tensor(0, X)
    it.invoke()
    assert np.array_equal(it.get_tensor(4), X * 3 + 1)


@pytest.mark.parametrize("where, sentence", [("prepare", "a graph of 5 tensors is beyond me"),
                                             ("kernel", "no room on the device for 2 nodes")])
def test_refusals_are_errors_of_the_constructor(package, where, sentence):
    with pytest.raises(RuntimeError, match=sentence):
        interpreter(package, build_tflite.fixed_model(), {"fail": where})


def test_failed_runs(package):
    it = interpreter(package, build_tflite.fixed_model(), {"fail": "invoke"})
    it.allocate_tensors()
    with pytest.raises(RuntimeError, match="the device is gone"):
        it.invoke()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # the peer's destructor
def test_what_cannot_be_loaded(package):
    with pytest.raises(ValueError) as refused:
        package.load_delegate(str(PLUGIN), {"fail": "create"})
    assert str(refused.value) == f"Failed to load delegate from {PLUGIN}\ntold to fail"
    with pytest.raises(ValueError, match="\nunknown option 7$"):
        package.load_delegate(str(PLUGIN), {7: "x"})
    with pytest.raises(OSError, match="^/no/such.so: cannot open shared object file"):
        package.load_delegate("/no/such.so")
    with pytest.raises(AttributeError, match="undefined symbol: tflite_plugin_create_delegate"):
        package.load_delegate("libm.so.6")
    with pytest.raises(AttributeError):
        package.Interpreter(model_content=build_tflite.fixed_model(), experimental_delegates=[3])
    with pytest.raises(TypeError, match="'int' object is not iterable"):
        package.Interpreter(model_content=build_tflite.fixed_model(), experimental_delegates=3)


def test_results_equal_the_peers_on_random_numbers():
    """Both packages, with and without the delegate."""
    if not PLUGIN.exists():
        pytest.skip(f"{PLUGIN} is not built")
    pytest.importorskip("ai_edge_litert")
    array = np.random.default_rng(5).standard_normal((2, 3)).astype(np.float32)
    found = []
    for name in ("litert.interpreter", "ai_edge_litert.interpreter"):
        package = importlib.import_module(name)
        found.append(run(interpreter(package, build_tflite.fixed_model(), {}), array))
        found.append(run(package.Interpreter(model_content=build_tflite.fixed_model()), array))
    assert all(np.array_equal(found[0], other) for other in found)


def test_delegates_outlive_their_objects():
    litert = pytest.importorskip("litert")
    if not PLUGIN.exists():
        pytest.skip(f"{PLUGIN} is not built")
    it = litert.Interpreter(model_content=build_tflite.fixed_model(),
                            experimental_delegates=[litert.load_delegate(str(PLUGIN))])
    it._delegates.clear()
    assert np.array_equal(run(it, X), X * 3 + 1)
    assert it._interpreter.delegations() == [
        {"name": "plugin_arithmetic.so", "nodes": 2, "groups": 1, "refused": ""}]
    it._interpreter.SetNumThreads(2)
    assert np.array_equal(run(it, X), X * 3 + 1)
    assert it._interpreter.steps()[0]["delegate"] == "plugin_arithmetic.so"
