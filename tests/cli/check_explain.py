# check_explain.py: litert explain, plan, verify, ops and devices.
# SPDX-License-Identifier: Apache-2.0
import unittest

import tiny_model
from command import SHARED, CommandTest, npy


class Explain(CommandTest):
    def setUp(self):
        super().setUp()
        self.write("m.tflite", tiny_model.relu((1, 1000)))

    def test_explain(self):
        text = self.good("explain", "m.tflite")
        self.assertRegex(text, r"(?m)^   0  RELU      float32 \[1,1000\]  \S+")
        self.assertIn("1 node, fast mode, 1 thread\n", text)
        told = self.good_json("explain", "m.tflite", "--mode=ref")
        self.assertEqual((told["mode"], told["steps"][0]["operator"]), ("ref", "RELU"))
        self.assertEqual(told["steps"][0]["inputs"], [{"name": "x", "type": "float32", "shape": [1, 1000]}])

    def test_plan(self):
        self.assertEqual(self.good_json("plan", "m.tflite")["port_bytes"], 8000)
        self.assertIn("8.00 kB  inputs and outputs\n", self.good("plan", "m.tflite"))


class Verify(CommandTest):
    def setUp(self):
        super().setUp()
        self.write("m.tflite", tiny_model.relu())
        self.write("q.tflite", tiny_model.relu((1, 4), tiny_model.INT8, scale=0.5, zero_point=3))

    def test_one_model(self):
        self.assertIn("0 of 1 tensors beyond", self.good("verify", "m.tflite"))
        for name in ("m.tflite", "q.tflite"):
            told = self.good_json("verify", name, "--per-step")
            self.assertEqual((told["beyond_tolerance"], told["compared"][0]["operator"]), (0, "RELU"))

    def test_two_models_that_differ(self):
        """The same bytes mean other numbers where the zero point is another."""
        self.write("r.tflite", tiny_model.relu((1, 4), tiny_model.INT8, scale=0.5, zero_point=-9))
        self.write("x.npy", npy("|i1", (1, 4), (-20, -5, 0, 100)))
        words = ("verify", "q.tflite", "r.tflite", "--input", "x.npy")
        code, out, err = self.call(*words)
        self.assertEqual((code, err), (1, ""))
        self.assertIn("1 of 1 tensors beyond", out)
        self.assertEqual(self.call(*words, "--max-lsb", "12")[0], 0)
        self.assertEqual(self.bad(2, *words, "--per-step"),
                         "--per-step compares the two modes of one model, not two models")

    def test_integer_models_step_by_step(self):
        """Fast integer kernels are at most one unit in the last place away from the reference, fed with its tensors."""
        models = sorted((SHARED / "models/tflite/made").glob("*.int8.tflite"))
        if not models:
            self.skipTest("the shared models are absent")
        ran = 0
        for path in models[:3]:
            code, out, err = self.call("verify", path, "--per-step", "--tolerance=1e-3")
            if code == 69:
                continue  # an operator is not there yet; `litert ops` lists which
            self.assertEqual((code, err), (0, ""), f"{path.name}\n{out}")
            ran += 1
        self.assertGreater(ran, 0)


class Lists(CommandTest):
    def test_ops(self):
        told = {row["name"]: row for row in self.good_json("ops")["operators"]}
        self.assertEqual((told["CONV_2D"]["code"], told["CONV_2D"]["supported"]), (3, True))
        self.assertEqual(told["RELU"]["version_min"], 1)
        self.assertNotIn("CUSTOM", told)
        self.assertIn("int8", told["ADD"]["types"])
        self.assertIn("int8q*int8q:channel", told["CONV_2D"]["forms"])
        self.assertTrue(all(row["types"] for row in told.values() if row["supported"] and not row["custom"]))
        supported = {row["name"] for row in self.good_json("ops", "--show=supported")["operators"]}
        self.assertEqual(supported, {name for name, row in told.items() if row["supported"]})
        self.assertRegex(self.good("ops"), r"\n\d+ of \d+ operators run\n\Z")

    def test_devices(self):
        cpu = self.good_json("devices")["devices"][0]
        self.assertGreaterEqual(cpu["cores"], 1)
        self.assertEqual(cpu["levels"][0], "generic")
        self.assertTrue(self.good("devices").startswith("cpu  "))
        lowered = self.good_json("devices", environment={"LITERT_CPU": "generic"})["devices"][0]
        self.assertEqual(lowered["levels"], ["generic"])


if __name__ == "__main__":
    unittest.main()
