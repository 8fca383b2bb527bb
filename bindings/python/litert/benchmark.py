# benchmark.py: python -m litert.benchmark: load, first run and steady state of a model, apart.
# SPDX-License-Identifier: Apache-2.0
"""Measures a model through the same library as the command ``litert benchmark`` and prints the same.

    python -m litert.benchmark --model model.tflite --num-threads 4
    python -m litert.benchmark --model model.litertlm -p 256 -d 256
"""
from __future__ import annotations

import argparse
import json
import math
import os
import resource
import sys
import time
from typing import Any, Dict, List, Optional, Sequence, TextIO, Tuple

import numpy as np

from . import _llm_benchmark, _models, _tensors, errors
from ._wrapper import InterpreterWrapper

_EXIT_CODES = {"INVALID_ARGUMENT": 2, "INVALID_MODEL": 65, "UNSUPPORTED": 65, "UNRESOLVED_OP": 69, "NOT_FOUND": 66,
               "OVER_BUDGET": 75, "NOT_BUILT_IN": 69}
_MODES = {"fast": 1, "ref": 2}
_WORDS = ("alpha", "beta", "gamma", "delta")


def _three_digits(value: float, unit: str) -> str:
    return f"{value:.{2 if value < 9.995 else 1 if value < 99.95 else 0}f} {unit}"


def _bytes_text(count: int) -> str:
    if count < 1000:
        return f"{count} B"
    value, units = count / 1000, ["kB", "MB", "GB", "TB"]
    while value >= 999.5 and len(units) > 1:
        value, units = value / 1000, units[1:]
    return _three_digits(value, units[0])


def _seconds_text(seconds: float) -> str:
    if seconds < 0.9995e-3:
        return _three_digits(seconds * 1e6, "µs")
    return _three_digits(seconds * 1e3, "ms") if seconds < 0.9995 else _three_digits(seconds, "s")


def _quantile(ordered: List[float], share: float) -> float:
    at = share * (len(ordered) - 1)
    low = int(at)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (at - low) * (ordered[high] - ordered[low])


def _random_array(kind: int, shape: Tuple[int, ...], generator: "np.random.Generator") -> Any:
    dtype = np.dtype(_tensors.CLASSES[kind] or np.uint8)
    if kind == _tensors.STRING:
        return np.full(shape, _WORDS[int(generator.integers(4))], dtype=object)
    if dtype.kind in "iu":
        byte = dtype.itemsize == 1
        low, high = (-128, 128) if byte and dtype.kind == "i" else (0, 256 if byte else 2)
        return generator.integers(low, high, shape).astype(dtype)
    return generator.random(shape).astype(dtype)


class Measurement:
    """One model being measured; the results are attributes after :meth:`run`."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        began = time.perf_counter()
        self.model = _models.open_file(options.model)
        self.wrapper = InterpreterWrapper(self.model, options.num_threads or -1, _MODES.get(options.mode or "", 0),
                                          False, options.enable_op_profiling)
        self.load_s = time.perf_counter() - began
        self.prepare_s = self.first_s = 0.0
        self.seconds: List[float] = []
        self.subgraph = self._subgraph(options.signature)

    def _subgraph(self, key: Optional[str]) -> int:
        if key is None:
            return 0
        signatures = self.model.native.signatures()
        for name, subgraph, _, _ in signatures:
            if name == key:
                return subgraph
        known = ", ".join(name for name, _, _, _ in signatures) or "none"
        raise errors.InvalidArgumentError(f"the model has no signature {key!r}; it has: {known}")

    def _time(self) -> float:
        began = time.perf_counter()
        self.wrapper.native.invoke(self.subgraph)
        return time.perf_counter() - began

    def _prepare(self) -> None:
        began = time.perf_counter()
        self.wrapper.AllocateTensors(self.subgraph)
        self.prepare_s = time.perf_counter() - began
        generator = np.random.default_rng(self.options.seed)
        for tensor in self.model.native.subgraph(self.subgraph)["inputs"]:
            kind, shape, _ = self.wrapper.native.tensor(self.subgraph, tensor)
            self.wrapper.SetTensor(tensor, _random_array(kind, shape, generator), self.subgraph)

    def run(self) -> None:
        """Fills the inputs with random numbers and runs: once, warming up, and as often as asked for."""
        o = self.options
        self._prepare()
        self.first_s = self._time()
        began = time.perf_counter()
        runs = 0
        while runs < o.warmup_runs or time.perf_counter() - began < o.warmup_min_secs:
            self._time()
            runs += 1
            if time.perf_counter() - began > o.max_secs:
                break
        began, elapsed = time.perf_counter(), 0.0
        while (len(self.seconds) < o.num_runs or elapsed < o.min_secs) and (not self.seconds or elapsed < o.max_secs):
            self.seconds.append(self._time())
            elapsed = time.perf_counter() - began
        self.seconds.sort()

    def profile(self) -> List[Dict[str, Any]]:
        """Time and nodes by operator and kernel, the slowest first."""
        rows: Dict[Tuple[str, str], Dict[str, Any]] = {}
        for step in self.wrapper.steps(self.subgraph):
            row = rows.setdefault((step["name"], step["kernel"]), {
                "operator": step["name"], "kernel": step["kernel"], "nodes": 0, "calls": 0, "seconds": 0.0})
            row["nodes"] += 1
            row["seconds"] += step["seconds"]
            row["calls"] = max(row["calls"], step["calls"])
        return sorted(rows.values(), key=lambda row: (-row["seconds"], -row["nodes"]))

    def results(self) -> Dict[str, Any]:
        """The figures as ``litert benchmark --json`` has them."""
        mean = sum(self.seconds) / len(self.seconds)
        spread = math.sqrt(sum((value - mean) ** 2 for value in self.seconds) / len(self.seconds))
        rows = self.profile()
        kernels: Dict[str, int] = {}
        for row in rows:
            if row["kernel"]:
                kernels[row["kernel"]] = kernels.get(row["kernel"], 0) + row["nodes"]
        memory = self.wrapper.native.memory()
        found: Dict[str, Any] = {
            "model": self.model.native.name, "threads": self.wrapper.native.threads, "mode": self._mode(),
            "load_s": self.load_s, "prepare_s": self.prepare_s, "first_s": self.first_s,
            "min_ms": self.seconds[0] * 1e3, "median_ms": _quantile(self.seconds, 0.5) * 1e3, "mean_ms": mean * 1e3,
            "p95_ms": _quantile(self.seconds, 0.95) * 1e3, "deviation_ms": spread * 1e3, "runs": len(self.seconds),
            "peak_rss_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
            "activation_bytes": memory["arena"], "packed_bytes": self.model.native.packed_bytes, "kernels": kernels}
        if self.options.enable_op_profiling:
            found["profile"] = [{**{key: row[key] for key in ("operator", "kernel", "nodes", "calls")},
                                 "ms_per_run": row["seconds"] * 1e3 / row["calls"] if row["calls"] else 0.0}
                                for row in rows]
        return found

    def _mode(self) -> str:
        return str(self.options.mode or ("ref" if os.environ.get("LITERT_MODE") == "ref" else "fast"))

    def print_text(self, out: TextIO) -> None:
        """The figures for people."""
        found, native = self.results(), self.model.native
        plural = "" if found["runs"] == 1 else "s"
        median, least, mean, p95 = (_seconds_text(found[key] / 1e3) for key in (
            "median_ms", "min_ms", "mean_ms", "p95_ms"))
        print(f"Model       {native.name}, {_bytes_text(native.file_bytes)}", file=out)
        print(f"Threads     {found['threads']}, {found['mode']} mode", file=out)
        print(f"Load        {_seconds_text(self.load_s)}, planning {_seconds_text(self.prepare_s)}", file=out)
        print(f"First run   {_seconds_text(self.first_s)}", file=out)
        print(f"Steady      median {median}, min {least}, mean {mean}, p95 {p95}, {found['runs']} run{plural}", file=out)
        peak = f", peak of the process {_bytes_text(found['peak_rss_bytes'])}"
        print(f"Memory      activations {_bytes_text(found['activation_bytes'])}, packed weights "
              f"{_bytes_text(found['packed_bytes'])}{peak if self.options.report_peak_memory_footprint else ''}",
              file=out)
        if self.options.enable_op_profiling:
            self._print_profile(out)

    def _print_profile(self, out: TextIO) -> None:
        rows = [row for row in self.profile() if row["calls"]]
        total = sum(row["seconds"] for row in rows)
        cells = [["per run", "share", "nodes", "operator", "kernel"]] + [
            [_seconds_text(row["seconds"] / row["calls"]), f"{100 * row['seconds'] / total if total else 0:.1f} %",
             str(row["nodes"]), row["operator"], row["kernel"]] for row in rows]
        widths = [max(len(line[column]) for line in cells) for column in range(5)]
        print(file=out)
        for line in cells:
            parts = [text.rjust(width) if column < 3 else text.ljust(width)
                     for column, (text, width) in enumerate(zip(line, widths))]
            print("  ".join(parts).rstrip(), file=out)


def _switch(text: str) -> bool:
    if text.lower() not in ("true", "false", "1", "0", "yes", "no"):
        raise argparse.ArgumentTypeError(f"true or false is meant, not {text!r}")
    return text.lower() in ("true", "1", "yes")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m litert.benchmark", description=(
        "Measures a model: loading it, its first run, and further runs."))
    add = parser.add_argument
    add("path", nargs="?", metavar="MODEL", help="the model")
    add("--model", "--graph", dest="model", metavar="MODEL", help="the model")
    add("--num-runs", type=int, default=50, metavar="N", help="measure at least N runs (default 50)")
    add("--warmup-runs", type=int, default=1, metavar="N", help="runs between the first and the measured ones (default 1)")
    add("--min-secs", type=float, default=1.0, metavar="S", help="measure at least this long (default 1)")
    add("--max-secs", type=float, default=150.0, metavar="S", help="and stop after this time (default 150)")
    add("--warmup-min-secs", type=float, default=0.0, metavar="S", help="warm up at least this long (default 0)")
    add("--num-threads", type=int, default=1, metavar="N", help="threads, 0 = all usable cores (default 1)")
    add("--mode", choices=("fast", "ref"), help="numerics (default: LITERT_MODE, else fast)")
    add("--signature", "--signature-to-run-for", dest="signature", metavar="KEY", help="signature to run")
    add("--seed", type=int, default=1, metavar="N", help="seed of random inputs (default 1)")
    add("-p", "--prefill-tokens", type=int, metavar="N", help="language models: tokens of the prompt (default 256)")
    add("-d", "--decode-tokens", type=int, metavar="N", help="language models: tokens of the answer (default 256)")
    add("--json", action="store_true", help="print one JSON object")
    for name, text in (("--enable-op-profiling", "also list the time of every operator and kernel"),
                       ("--report-peak-memory-footprint", "also print the peak memory of the process")):
        add(name, type=_switch, nargs="?", const=True, default=False, metavar="BOOL", help=text)
    for name in ("--use-xnnpack", "--use-cpu", "--verbose"):
        add(name, type=_switch, nargs="?", help=argparse.SUPPRESS)
    return parser


def _dashed(argument: str) -> str:
    """- and _ are the same in every flag name."""
    name, equals, value = argument.partition("=")
    return name.replace("_", "-") + equals + value if name.startswith("--") else argument


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Runs the command; returns its exit code."""
    parser = _parser()
    options = parser.parse_args([_dashed(a) for a in (sys.argv[1:] if arguments is None else arguments)])
    if (options.path is None) == (options.model is None):
        parser.error("give one model: --model MODEL")
    options.model = options.model or options.path
    if options.num_runs < 1 or options.num_threads < 0:
        parser.error("--num-runs is at least 1, --num-threads at least 0")
    if min(1 if count is None else count for count in (options.prefill_tokens, options.decode_tokens)) < 1:
        parser.error("--prefill-tokens and --decode-tokens are at least 1")
    try:
        language = _llm_benchmark.measure(options)
        if language is not None:
            print(json.dumps(language.results()) if options.json else "\n".join(
                language.lines(_seconds_text, _bytes_text)))
            return 0
        measurement = Measurement(options)
        measurement.run()
    except errors.LitertError as error:
        code = 66 if isinstance(error, errors.MissingFileError) else _EXIT_CODES.get(error.status, 1)
        if options.json:
            print(json.dumps({"error": {"code": code, "message": str(error)}}))
        else:
            print(f"litert.benchmark: {error}", file=sys.stderr)
        return code
    if options.json:
        print(json.dumps(measurement.results()))
    else:
        measurement.print_text(sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
