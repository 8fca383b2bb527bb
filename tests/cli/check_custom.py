# check_custom.py: operators from a library: --custom-op-library of run, inspect and explain, and what goes wrong.
# SPDX-License-Identifier: Apache-2.0
import os
import unittest

import command
import tiny_model

LIBRARY = os.environ["LITERT_OP_LIBRARY"]


class CustomOperators(command.CommandTest):
    def setUp(self):
        super().setUp()
        self.write("gain.tflite", tiny_model.gain())
        self.write("x.npy", command.npy("<f4", [1, 4], [1, -2, 0.5, 4]))

    def test_runs(self):
        out = self.good_json("run", "gain.tflite", "--input", "x=x.npy", "--custom-op-library", LIBRARY)
        self.assertEqual(out["outputs"][0]["values"], [2.5, -5, 1.25, 10])

    def test_is_listed(self):
        nodes = self.good_json("inspect", "gain.tflite", "--custom-op-library", LIBRARY)["subgraphs"][0]["nodes"]
        self.assertTrue(nodes[0]["supported"])
        nodes = self.good_json("inspect", "gain.tflite")["subgraphs"][0]["nodes"]
        self.assertFalse(nodes[0]["supported"])
        self.assertIn("custom", self.good("explain", "gain.tflite", "--custom-op-library", LIBRARY))

    def test_refusals(self):
        said = self.bad(69, "run", "gain.tflite", "--input", "x=x.npy")
        self.assertIn("not available: Gain", said)
        said = self.bad(66, "run", "gain.tflite", "--custom-op-library", "./none.so")
        self.assertIn("./none.so", said)
        self.bad(1, "run", "gain.tflite", "--custom-op-library", "./gain.tflite")
        self.write("bad.tflite", tiny_model.model(
            [tiny_model.tensor("x", [1, 4]), tiny_model.tensor("y", [1, 4])],
            [tiny_model.node(0, [0], [1])], [tiny_model.code(tiny_model.CUSTOM, "Gain")], [0], [1]))
        said = self.bad(65, "run", "bad.tflite", "--input", "x=x.npy", "--custom-op-library", LIBRARY)
        self.assertIn("Gain: the model or data file is not valid", said)


if __name__ == "__main__":
    unittest.main()
