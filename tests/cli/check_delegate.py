# check_delegate.py: litert run, explain and benchmark with a delegate from a shared library.
# SPDX-License-Identifier: Apache-2.0
import os
import unittest

import tiny_model
from command import CommandTest, npy

PLUGIN = os.environ["LRT_PLUGIN"]
NAME = os.path.basename(PLUGIN)
LOAD = f"--external-delegate-path={PLUGIN}"


class Delegate(CommandTest):
    def setUp(self):
        super().setUp()
        self.write("m.tflite", tiny_model.chain())
        self.write("x.npy", npy("<f4", (1, 4), (-1, 0, 1, 3)))

    def run_with(self, *words):
        told = self.good_json("run", "m.tflite", "--input", "x.npy", *words)
        return told["outputs"][0]["values"]

    def test_results_are_the_same(self):
        expected = [4, 0, 4, 36]  # 2x * x twice
        self.assertEqual(self.run_with(), expected)
        for options in ("", "ops:add", "ops:mul;handle:1", "dynamic:1;grow:1", "preview:1;"):
            self.assertEqual(self.run_with(LOAD, f"--external_delegate_options={options}"), expected, options)

    def test_explain_shows_groups_and_what_is_left(self):
        text = self.good("explain", "m.tflite", LOAD)
        self.assertRegex(text, rf"(?m)^   4  DELEGATE  float32 \[1,4\]  {NAME}  +runs nodes 0-1$")
        self.assertRegex(text, r"(?m)^   2  RELU .*no delegate claims it$")
        self.assertIn(f"\ndelegates\n  {NAME}: 3 nodes in 2 groups\n", text)
        text = self.good("explain", "m.tflite", LOAD, "--min-nodes-per-partition=2")
        self.assertRegex(text, r"(?m)^   3  ADD .*its group is smaller than a delegate's least number of nodes$")
        told = self.good_json("explain", "m.tflite", LOAD, "--max-delegated-partitions=1")
        self.assertEqual(told["delegates"], [{"name": NAME, "nodes": 2, "groups": 1, "refused": None}])
        self.assertEqual([(s["operator"], s["delegate"], s["nodes"]) for s in told["steps"]],
                         [("DELEGATE", NAME, [0, 1]), ("RELU", None, []), ("ADD", None, [])])
        self.assertEqual(self.good_json("explain", "m.tflite")["delegates"], [])

    def test_failures(self):
        refusal = f"delegate {NAME} refuses the model: a graph of 5 tensors is beyond me"
        failing = (LOAD, "--external-delegate-options=fail:prepare")
        for words in (("run", "--seed=1"), ("explain",), ("benchmark",), ("plan",)):
            self.assertEqual(self.bad(65, *words, "m.tflite", *failing), refusal)
        code, out, err = self.call("explain", "m.tflite", *failing, "--delegate-fallback")
        self.assertEqual(code, 0)
        self.assertIn(f"\ndelegates\n  {NAME}: left out: {refusal}\n", out)
        self.assertIn("delegate_left_out", err)
        self.assertIn("the device is gone", self.bad(1, "run", "--seed=1", "m.tflite", LOAD,
                                                      "--external-delegate-options=fail:invoke"))
        self.assertIn("told to fail", self.bad(2, "run", "m.tflite", LOAD,
                                               "--external-delegate-options=fail:create"))
        self.assertIn("unknown option colour", self.bad(2, "run", "m.tflite", LOAD,
                                                        "--external-delegate-options=colour:1"))
        self.assertIn("'ops' is not of the form key:value", self.bad(2, "run", "m.tflite", LOAD,
                                                                      "--external-delegate-options=ops"))
        self.assertIn("no_such.so", self.bad(66, "run", "m.tflite", "--external-delegate-path=no_such.so"))
        self.assertIn("needs --external-delegate-path", self.bad(2, "run", "m.tflite", "--delegate-fallback"))

    def test_benchmark(self):
        told = self.good_json("benchmark", "m.tflite", LOAD, "--num-runs=2", "--min-secs=0", "--enable-op-profiling")
        self.assertEqual(told["kernels"][NAME], 2)


if __name__ == "__main__":
    unittest.main()
