# custom_op.py: runs a model whose operator "Gain" is written in Python.
# SPDX-License-Identifier: Apache-2.0
"""Usage: custom_op.py MODEL.tflite"""
import struct
import sys

import numpy as np

from litert import CustomOp, Interpreter


class Gain(CustomOp):
    """y = factor * x; the factor is stored in the model as a float."""

    name = "Gain"

    def __init__(self, options):
        super().__init__(options)
        (self.factor,) = struct.unpack("<f", options)

    def eval(self, x):
        return x * np.float32(self.factor)


if len(sys.argv) != 2:
    sys.exit(__doc__)
interpreter = Interpreter(sys.argv[1], custom_ops=[Gain])
interpreter.allocate_tensors()
details = interpreter.get_input_details()[0]
interpreter.set_tensor(details["index"], np.arange(np.prod(details["shape"]), dtype=np.float32).reshape(details["shape"]))
interpreter.invoke()
print(interpreter.get_tensor(interpreter.get_output_details()[0]["index"]))
