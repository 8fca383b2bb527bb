#!/usr/bin/env python3
# compare_llm.py: speed of a language model here and in litert-lm, in turns, the best of several process starts each.
# SPDX-License-Identifier: Apache-2.0
"""Usage: compare_llm.py MODEL [--prefill 128] [--decode 128] [--threads 1,2] [--rounds 5] [--build build] [--python PYTHON]

Every round starts one process of `litert benchmark` (two runs: the first one makes the plans) and one of litert-lm's own
Benchmark (package litert-lm-api, in the environment of PYTHON), because speed varies from process to process. One JSON line per thread count: tokens per second and
the ratio of the best ones; the load of the machine is printed beside, for what it makes of the figures.
"""
import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

PEER = """
import json, sys, litert_lm
model, prefill, decode, threads = sys.argv[1], *map(int, sys.argv[2:5])
info = litert_lm.Benchmark(model, litert_lm.Backend.CPU(thread_count=threads), prefill_tokens=prefill,
                           decode_tokens=decode, cache_dir=":nocache").run()
print(json.dumps({"first_token_s": info.time_to_first_token_in_second,
                  "prefill_tokens_per_s": info.last_prefill_tokens_per_second,
                  "decode_tokens_per_s": info.last_decode_tokens_per_second}))
"""
FIGURES = ("prefill_tokens_per_s", "decode_tokens_per_s")


def run(command):
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True)
    return json.loads(result.stdout.decode().strip().splitlines()[-1])


def compare(options, threads):
    own = [str(Path(options.build) / "litert"), "benchmark", options.model, "-p", str(options.prefill), "-d",
           str(options.decode), "--num-threads", str(threads), "--num-runs", "2", "--json"]
    peer = [options.python, "-c", PEER, options.model, str(options.prefill), str(options.decode), str(threads)]
    best = {"own": {}, "peer": {}}
    for _ in range(options.rounds):
        for name, command in (("own", own), ("peer", peer)):
            got = run(command)
            for figure in FIGURES:
                best[name][figure] = max(best[name].get(figure, 0), got[figure])
            best[name]["first_token_s"] = min(best[name].get("first_token_s", 1e9), got["first_token_s"])
    ratios = {figure: round(best["own"][figure] / best["peer"][figure], 3) for figure in FIGURES if best["peer"][figure]}
    print(json.dumps({"threads": threads, **best, "ratios": ratios, "load": os.getloadavg()[0]}), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("model")
    parser.add_argument("--prefill", type=int, default=128)
    parser.add_argument("--decode", type=int, default=128)
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--build", default="build")
    parser.add_argument("--python", default=sys.executable)
    options = parser.parse_args()
    for threads in options.threads.split(","):
        compare(options, int(threads))


if __name__ == "__main__":
    main()
