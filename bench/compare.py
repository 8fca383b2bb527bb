#!/usr/bin/env python3
# compare.py: the same models here and in ai-edge-litert, round by round in turn: time ratios, memory, load time.
# SPDX-License-Identifier: Apache-2.0
"""Usage: compare.py BUILD_DIR [MODEL...] [--all] [--threads N] [--rounds N] [--seconds S] [--json FILE]

Each round of each runtime is a process of its own: load (planning included), one first run, then runs for at least
S seconds. Given are the fastest run of all rounds and the median of the rounds' medians; a ratio above 1 means
faster than the peer. Figures of a busy machine are worth little: see whether min and median agree.
Without models: the ones in tflite/made and tflite/real below LRT_SHARED_DIR (or ../shared) named in MODELS; with
--all every file there that both run, the others named with the reason, and the slowest at the end.
"""
import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

MODELS = ("made/mobilenet_v2_224.fp32", "made/mobilenet_v2_224.int8", "made/mobilenet_v1_025_96.fp32",
          "made/mobilenet_v1_025_96.int8", "made/mobilenet_v1_025_96.drq", "made/resnet8_cifar.fp32",
          "made/resnet8_cifar.int8", "made/unet_small_128.fp32", "made/unet_small_128.int8", "made/ds_cnn_kws.fp32",
          "made/ds_cnn_kws.int8", "made/ad_autoencoder.fp32", "made/ad_autoencoder.int8", "made/vit_tiny_96.fp32",
          "made/vit_tiny_96.int8", "made/rnn_mix.fp32", "real/mp_selfie_segmentation", "real/mp_face_landmark",
          "real/mp_hand_landmark_lite", "real/mp_palm_detection_lite")


def measure_peer(model, threads, seconds):
    """Runs in a process of its own and prints what `litert benchmark --json` prints for this runtime."""
    import numpy as np
    from ai_edge_litert.interpreter import Interpreter

    start = time.perf_counter()
    interpreter = Interpreter(model_path=model, num_threads=threads)
    interpreter.allocate_tensors()
    load = time.perf_counter() - start
    random = np.random.default_rng(1)
    for detail in interpreter.get_input_details():
        shape, kind = detail["shape"], np.dtype(detail["dtype"])
        value = random.uniform(-1, 1, shape) if kind.kind == "f" else random.integers(0, 2, shape)
        interpreter.set_tensor(detail["index"], value.astype(kind))
    start = time.perf_counter()
    interpreter.invoke()
    first = time.perf_counter() - start
    times, until = [], time.perf_counter() + seconds
    while len(times) < 5 or time.perf_counter() < until:
        start = time.perf_counter()
        interpreter.invoke()
        times.append((time.perf_counter() - start) * 1e3)
    print(json.dumps({"load_s": load, "first_s": first, "min_ms": min(times), "median_ms": statistics.median(times),
                      "peak_rss_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}))


def run_json(command):
    """The JSON object that a command prints, or the reason why there is none."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False, universal_newlines=True)
    if done.returncode == 0:
        return json.loads(done.stdout.strip().splitlines()[-1]), None
    lines = (done.stderr or done.stdout).strip().splitlines()
    return None, lines[-1] if lines else f"status {done.returncode}"


def combine(rounds):
    return {"min_ms": min(r["min_ms"] for r in rounds), "median_ms": statistics.median(r["median_ms"] for r in rounds),
            "load_s": min(r["load_s"] + r.get("prepare_s", 0) for r in rounds), "first_s": min(r["first_s"] for r in rounds),
            "peak_rss_bytes": max(r["peak_rss_bytes"] for r in rounds)}


def compare(options, model):
    commands = {
        "litert": [str(options.build / "litert"), "benchmark", str(model), "--json", f"--num-threads={options.threads}",
                   f"--min-secs={options.seconds}"],
        "peer": [sys.executable, __file__, str(options.build), str(model), "--peer", f"--threads={options.threads}",
                 f"--seconds={options.seconds}"],
    }
    rounds = {"litert": [], "peer": []}
    for _ in range(options.rounds):
        for name, command in commands.items():
            result, reason = run_json(command)
            if reason:
                return None, f"{name}: {reason}"
            rounds[name].append(result)
    return {name: combine(found) for name, found in rounds.items()}, None


def print_row(name, result):
    own, peer = result["litert"], result["peer"]
    print(f"{name:<32}{own['min_ms']:>9.3f}{own['median_ms']:>9.3f}{peer['min_ms']:>9.3f}{peer['median_ms']:>9.3f}"
          f"{peer['min_ms'] / own['min_ms']:>8.2f}{peer['median_ms'] / own['median_ms']:>8.2f}"
          f"{own['load_s'] * 1e3:>8.1f}{peer['load_s'] * 1e3:>8.1f}"
          f"{own['peak_rss_bytes'] / 2**20:>8.0f}{peer['peak_rss_bytes'] / 2**20:>8.0f}", flush=True)


def print_slow(results):
    slow = {name: r["peer"]["min_ms"] / r["litert"]["min_ms"] for name, r in results.items()}
    slow = sorted((ratio, name) for name, ratio in slow.items() if ratio < 1)
    print(f"{len(results)} models, {len(slow)} slower than the peer: " + ", ".join(f"{name} {ratio:.2f}" for ratio, name in slow))


def short(model):
    """A file's name without the parts that say little: at most 31 characters."""
    name = model.stem.replace("lrt_litert.js.packages.core.testdata.", "js_").replace("lrt_tflite.", "")
    return name if len(name) <= 31 else name[:14] + ".." + name[-15:]


def list_models(folder, every):
    if every:
        return sorted(path for path in folder.glob("*/*") if path.suffix in (".tflite", ".bin"))
    return [path for path in (folder / f"{name}.tflite" for name in MODELS) if path.exists()]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=Path)
    parser.add_argument("models", nargs="*", type=Path)
    parser.add_argument("--all", action="store_true", help="every model that both run")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=0.3)
    parser.add_argument("--json", type=Path, help="also write the figures there")
    parser.add_argument("--peer", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_intermixed_args()
    if options.peer:
        measure_peer(str(options.models[0]), options.threads, options.seconds)
        return 0
    root = Path(os.environ.get("LRT_SHARED_DIR", Path(__file__).resolve().parents[2] / "shared"))
    models = options.models or list_models(root / "models" / "tflite", options.all)
    if not models:
        print("compare: no models; name some, or set LRT_SHARED_DIR", file=sys.stderr)
        return 66
    print(f"{'':<32}{'litert, ms':^18}{'peer, ms':^18}{'peer / litert':^16}{'load, ms':^16}{'peak, MiB':^16}")
    print(f"{'model':<32}" + f"{'min':>9}{'median':>9}" * 2 + f"{'min':>8}{'median':>8}" + f"{'litert':>8}{'peer':>8}" * 2)
    results = {}
    for model in models:
        result, reason = compare(options, model)
        if reason:
            print(f"{short(model):<32}  {reason[:120]}", flush=True)
            continue
        results[short(model)] = result
        print_row(short(model), result)
    if options.all:
        print_slow(results)
    if options.json:
        options.json.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
