# benchmark_loop.py: time a model with the classic Interpreter, by one and by two threads.
# SPDX-License-Identifier: Apache-2.0
"""Usage: benchmark_loop.py MODEL [RUNS]"""
import sys
import time

import numpy as np

from litert import Interpreter


def measure(path, threads, runs):
    """Seconds of the fastest and of the median run."""
    interpreter = Interpreter(model_path=path, num_threads=threads)
    interpreter.allocate_tensors()
    for details in interpreter.get_input_details():
        value = np.random.default_rng(0).random(details["shape"]).astype(details["dtype"])
        interpreter.set_tensor(details["index"], value)
    interpreter.invoke()  # the first run touches all memory
    times = []
    for _ in range(runs):
        began = time.perf_counter()
        interpreter.invoke()
        times.append(time.perf_counter() - began)
    return min(times), sorted(times)[len(times) // 2]


def main(path, runs=50):
    for threads in (1, 2):
        least, median = measure(path, threads, int(runs))
        print(f"{threads} threads: min {least * 1e3:.3f} ms, median {median * 1e3:.3f} ms")


if __name__ == "__main__":
    main(*sys.argv[1:])
