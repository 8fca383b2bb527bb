# test_litert.py: LiteRTManager, and what the package offers as a whole.
# SPDX-License-Identifier: Apache-2.0
import json
import logging
import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent / "python"))

import build_tflite  # noqa: E402
import litert  # noqa: E402
from litert import LiteRTManager, errors  # noqa: E402

X = np.array([[1, 2, 3, 4]], np.float32)


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    for name, make in build_tflite.MODELS.items():
        (folder / f"{name}.tflite").write_bytes(make())
    return {name: str(folder / f"{name}.tflite") for name in build_tflite.MODELS}


def loaded(path, **options):
    manager = LiteRTManager()
    assert manager.load_model(path, **options) is True
    return manager


def test_input_and_output_stand_for_the_first_ones(models):
    with loaded(models["dynamic"]) as manager:
        result = manager.generate({"input": X})
        assert list(result) == ["z", "output"] and result["output"] is result["z"]
        np.testing.assert_array_equal(result["z"], X * 3)
        np.testing.assert_array_equal(manager.generate({"x": X})["output"], X * 3)
        assert manager.inputs == {"x": ("float32", (-1, 4))} and manager.outputs == {"z": ("float32", (-1, 4))}
    assert not manager.is_loaded


def test_several_inputs_by_name(models):
    manager = loaded(models["add"])
    np.testing.assert_array_equal(manager.generate({"x": X, "y": X})["output"], X * 2)
    np.testing.assert_array_equal(manager.generate({"input": X, "y": X * 2})["output"], X * 3)


def test_signatures_by_key(models):
    manager = loaded(models["signatures"])
    np.testing.assert_array_equal(manager.generate({"a": X, "b": X})["total"], X * 2)
    manager.load_model(models["signatures"], signature="product")
    np.testing.assert_array_equal(manager.generate({"a": X, "b": X})["result"], X * X)
    with pytest.raises(ValueError, match="no signature 'quotient'; it has: sum, product"):
        manager.load_model(models["signatures"], signature="quotient")


def test_open_dimension_is_resized(models):
    manager = loaded(models["dynamic"])
    for count in (1, 5, 2):
        batch = np.arange(4 * count, dtype=np.float32).reshape(count, 4)
        np.testing.assert_array_equal(manager.generate({"input": batch})["output"], batch * 3)


def test_fixed_dimension_runs_piece_by_piece(models):
    manager = loaded(models["fixed"])
    batch = np.arange(18, dtype=np.float32).reshape(6, 3)
    np.testing.assert_array_equal(manager.generate({"input": batch})["output"], batch * 3 + 1)
    np.testing.assert_array_equal(manager.generate({"input": batch[:2]})["output"], batch[:2] * 3 + 1)
    for shape in ((5, 3), (2, 4), (3,), (0, 3)):
        with pytest.raises(ValueError, match=r"input 'x' has the shape \(2, 3\)"):
            manager.generate({"input": np.zeros(shape, np.float32)})
    both = loaded(models["add"])
    y = np.arange(12, dtype=np.float32).reshape(3, 4)
    np.testing.assert_array_equal(both.generate({"x": X, "y": y})["output"], X + y)  # x serves every piece


def test_numbers_are_converted_where_they_keep_their_values(models):
    manager = loaded(models["dynamic"])
    for value in ([[1, 2, 3, 4]], X.astype(np.float64), X.astype(np.uint8), X.astype(np.float16)):
        np.testing.assert_array_equal(manager.generate({"input": value})["output"], X * 3)
    quantized = loaded(models["quantized"])
    quantized.generate({"x": [[1, 2, 3, 4]], "y": np.zeros((1, 4), np.int64)})
    with pytest.raises(ValueError, match="input 'x' takes int8, float32 was given; quantize it first"):
        quantized.generate({"x": X, "y": X})
    with pytest.raises(ValueError, match="takes int8"):
        quantized.generate({"x": [[1000, 0, 0, 0]], "y": [[0, 0, 0, 0]]})


def test_wrong_names(models):
    manager = loaded(models["add"])
    with pytest.raises(ValueError, match="no input 'q'; its inputs are: x, y"):
        manager.generate({"q": X})
    with pytest.raises(ValueError, match="no value is given for input 'y'"):
        manager.generate({"x": X})
    with pytest.raises(ValueError, match="'x' is given twice"):
        manager.generate({"x": X, "input": X, "y": X})
    with pytest.raises(ValueError, match="dictionary"):
        manager.generate(X)
    with pytest.raises(ValueError, match="takes float32"):
        manager.generate({"x": ["a"], "y": X})


def test_text(models):
    result = loaded(models["text"]).generate({"input": ["one", "two"]})
    assert result["output"].tolist() == [b"one", b"two"]


def test_failures_raise_or_are_kept(models, tmp_path):
    manager = LiteRTManager()
    with pytest.raises(RuntimeError, match="no model is loaded"):
        manager.generate({"input": X})
    with pytest.raises(FileNotFoundError, match="missing.tflite"):
        manager.load_model(tmp_path / "missing.tflite")
    broken = tmp_path / "broken.tflite"
    broken.write_bytes(Path(models["add"]).read_bytes()[:-60])
    with pytest.raises(ValueError):
        manager.load_model(broken)
    with pytest.raises(RuntimeError, match="NobodyHasThis"):
        manager.load_model(models["custom"])
    for wrong in ({"num_threads": 0}, {"num_threads": "two"}, {"mode": "slow"}):
        with pytest.raises(ValueError):
            manager.load_model(models["add"], **wrong)
    assert manager.load_model(broken, strict=False) is False
    assert isinstance(manager.last_error, errors.InvalidModelError) and not manager.is_loaded
    gentle = LiteRTManager(strict=False)
    assert gentle.load_model("/no/such/file") is False and isinstance(gentle.last_error, FileNotFoundError)
    assert gentle.load_model(models["add"]) is True and gentle.last_error is None


def test_lazy_and_warmup(models):
    before = litert.counters()["invokes"]
    manager = loaded(models["dynamic"], warmup=3)
    assert litert.counters()["invokes"] == before + 3
    manager = loaded("/no/such/file", lazy=True)
    assert manager.is_loaded
    with pytest.raises(FileNotFoundError):
        manager.generate({"input": X})
    manager.load_model(models["dynamic"], lazy=True)
    np.testing.assert_array_equal(manager.generate({"input": X})["output"], X * 3)


def test_weights_of_one_file_are_shared(models):
    before = litert.counters()["models_loaded"]
    managers = [loaded(models["int4"]) for _ in range(3)]
    assert litert.counters()["models_loaded"] == before + 1
    os.utime(models["int4"], ns=(1, 1))  # a changed file is another model
    again = loaded(models["int4"])
    assert litert.counters()["models_loaded"] == before + 2
    memory = again.memory()
    assert set(memory) == {"mapped", "packed", "arena", "in_use", "peak"}
    assert memory["mapped"] == os.path.getsize(models["int4"]) and memory["peak"] >= memory["in_use"] > 0
    for manager in managers:
        np.testing.assert_array_equal(manager.generate({"input": X})["y"], again.generate({"input": X})["y"])


def test_managers_and_threads(models):
    one, failures = loaded(models["dynamic"]), []

    def work(number):
        own = loaded(models["fixed"], num_threads=1 + number % 2)
        for count in range(1, 40):
            batch = np.full((2 * count % 7 + 1, 4), number + count, np.float32)
            own_batch = np.full((2, 3), number, np.float32)
            if not np.array_equal(one.generate({"input": batch})["output"], batch * 3) or not np.array_equal(
                    own.generate({"input": own_batch})["output"], own_batch * 3 + 1):
                failures.append(number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures


def test_gpu_falls_back_and_says_so_once(models, caplog):
    with caplog.at_level(logging.WARNING, logger="litert"):
        for _ in range(2):
            manager = loaded(models["add"], use_gpu=True)
    assert len([r for r in caplog.records if "GPU" in r.getMessage()]) <= 1
    assert manager.backend == "cpu" and "use_gpu" in manager.explain() and "ADD" in manager.explain()
    assert "ms" in measured(models["fixed"])


def measured(path):
    manager = loaded(path, profile=True, mode="ref", use_xnnpack=False)
    manager.generate({"input": np.ones((2, 3))})
    return manager.explain()


def test_log_records_reach_the_logger(models, caplog):
    with caplog.at_level(logging.DEBUG, logger="litert"):
        loaded(models["signatures"])
        litert.Interpreter(model_content=Path(models["signatures"]).read_bytes()).allocate_tensors()
    for record in caplog.records:
        assert record.name == "litert" and hasattr(record, "event")


def benchmark(*arguments):
    return subprocess.run([sys.executable, "-m", "litert.benchmark", *arguments], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, check=False, universal_newlines=True,
                          env={**os.environ, "PYTHONIOENCODING": "utf-8"})


def test_benchmark(models):
    done = benchmark("--model", models["fixed"], "--num_runs=3", "--min-secs", "0", "--enable_op_profiling=true")
    assert done.returncode == 0 and done.stderr == ""
    words = [line.split(" ")[0] for line in done.stdout.splitlines()[:6]]
    assert words == ["Model", "Threads", "Load", "First", "Steady", "Memory"] and "3 runs" in done.stdout
    found = json.loads(benchmark("--json", "--num-runs", "2", "--min-secs", "0", models["fixed"]).stdout)
    assert {"model", "threads", "load_s", "first_s", "min_ms", "median_ms", "mean_ms", "p95_ms", "peak_rss_bytes",
            "kernels"} <= set(found)
    assert benchmark("--model", "/no/such").returncode == 66
    assert benchmark("--model", __file__).returncode == 65
    assert json.loads(benchmark("--model", "/no/such", "--json").stdout)["error"]["code"] == 66
    assert benchmark().returncode == 2


def test_what_the_package_exports():
    for name in litert.__all__:
        assert getattr(litert, name) is not None
    assert litert.__version__
    assert all(isinstance(value, int) for value in litert.counters().values())
    for kind in vars(errors).values():
        if isinstance(kind, type) and issubclass(kind, errors.LitertError) and kind is not errors.LitertError:
            assert issubclass(kind, (ValueError, OSError, MemoryError, RuntimeError)), kind
