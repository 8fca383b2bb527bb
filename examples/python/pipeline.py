# pipeline.py: two models, the output of the first is the input of the second, without copying in between.
# SPDX-License-Identifier: Apache-2.0
"""Usage: pipeline.py FIRST SECOND"""
import sys

import numpy as np

from litert import Interpreter


def main(first_path, second_path):
    first, second = Interpreter(model_path=first_path), Interpreter(model_path=second_path)
    first.allocate_tensors()
    # The second model takes the shape that the first one gives.
    produced = first.get_output_details()[0]
    consumed = second.get_input_details()[0]
    second.resize_tensor_input(consumed["index"], produced["shape"])
    second.allocate_tensors()

    source, target = first.tensor(produced["index"]), second.tensor(consumed["index"])
    for details in first.get_input_details():
        first.set_tensor(details["index"], np.ones(details["shape"], details["dtype"]))
    first.invoke()
    np.copyto(target(), source())  # the arrays live for this line only, so both models may run on
    second.invoke()
    print(second.get_tensor(second.get_output_details()[0]["index"]))


if __name__ == "__main__":
    main(*sys.argv[1:])
