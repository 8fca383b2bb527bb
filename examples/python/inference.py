# inference.py: load a model, hand it an array, get an array.
# SPDX-License-Identifier: Apache-2.0
"""Usage: inference.py MODEL"""
import sys

import numpy as np

from litert import LiteRTManager


def main(path):
    with LiteRTManager() as manager:
        manager.load_model(path)
        # Zeros of the right shapes; 1 where the model leaves a dimension open.
        inputs = {name: np.zeros([max(d, 1) for d in shape], "int8" if kind == "int4" else kind)
                  for name, (kind, shape) in manager.inputs.items()}
        result = manager.generate(inputs)
        for name, array in result.items():
            print(f"{name}: {array.dtype} {list(array.shape)}, largest {array.max()}")
        print(manager.memory())


if __name__ == "__main__":
    main(sys.argv[1])
