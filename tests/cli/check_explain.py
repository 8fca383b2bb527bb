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

    def test_bodies_of_control_flow(self):
        self.write("if.tflite", tiny_model.choice())
        text = self.good("explain", "if.tflite")
        for row in (r"(?m)^   0  IF ", r'(?m)^ +then .*subgraph 1 "lower"$', r"(?m)^   0 +RELU +float32 \[1,4\]  \S",
                    r'(?m)^ +else .*subgraph 2 "upper"$', r"(?m)^   0 +ADD "):
            self.assertRegex(text, row)
        self.assertLess(text.index("then"), text.index("RELU"))
        self.assertLess(text.index("RELU"), text.index("else"))
        step = self.good_json("explain", "if.tflite")["steps"][0]
        self.assertEqual([(b["role"], b["subgraph"], b["name"], b["steps"][0]["operator"]) for b in step["branches"]],
                         [("then", 1, "lower", "RELU"), ("else", 2, "upper", "ADD")])
        self.assertEqual(step["branches"][0]["steps"][0]["branches"], [])

    def test_bodies_of_composites(self):
        path = SHARED / "models/tflite/real/lrt_t_group_norm_2_groups_op.tflite"
        if not path.exists():
            self.skipTest("the shared models are absent")
        text = self.good("explain", path)
        heading = text.index("composite, replaced by what follows")
        self.assertLess(heading, text.index("part of odml"))

    def test_weight_cache_is_told(self):
        words = ("explain", "m.tflite", "--weight-cache", ".")
        self.assertIn(": nothing was packed yet (0 B mapped)\n", self.good(*words))
        told = self.good_json(*words)["weight_cache"]
        self.assertEqual((told["state"], told["read_bytes"]), ("nothing was packed yet", 0))
        self.assertIsNone(self.good_json("explain", "m.tflite")["weight_cache"])
        self.write("other", b"not a cache")
        self.assertIn("is not a file of packed weights", self.bad(2, "explain", "m.tflite", "--weight-cache", "other"))

    def test_control_dependencies_are_shown(self):
        edges = bytes((1, 3, 0, 0, 0))
        self.write("if.tflite", tiny_model.choice([("model_control_dependencies", edges)]))
        self.assertEqual(self.good_json("inspect", "if.tflite")["subgraphs"][0]["control_dependencies"], [])
        self.write("if.tflite", tiny_model.choice([("model_control_dependencies", edges[:-1])]))
        self.assertIn("is cut or damaged", self.bad(65, "inspect", "if.tflite"))

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
