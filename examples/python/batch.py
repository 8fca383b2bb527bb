# batch.py: a batch of any size, whatever the first dimension of the model, and several managers over one file.
# SPDX-License-Identifier: Apache-2.0
"""Usage: batch.py MODEL [COUNT]   MODEL has one input."""
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from litert import LiteRTManager


def work(path, batch):
    """One manager per thread; the weights are in memory once."""
    with LiteRTManager() as manager:
        manager.load_model(path, num_threads=1)
        return manager.generate({"input": batch})["output"]


def main(path, count=8):
    with LiteRTManager() as manager:
        manager.load_model(path)
        (kind, shape), = manager.inputs.values()
        batch = np.random.default_rng(0).random((int(count) * max(shape[0], 1), *shape[1:])).astype(kind)
        joined = manager.generate({"input": batch})["output"]
    with ThreadPoolExecutor(2) as pool:
        halves = list(pool.map(work, [path, path], np.split(batch, 2)))
    print("shape of the joined output:", list(joined.shape))
    print("threads agree:", bool(np.allclose(joined, np.concatenate(halves))))


if __name__ == "__main__":
    main(*sys.argv[1:])
