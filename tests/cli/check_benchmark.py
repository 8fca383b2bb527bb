# check_benchmark.py: litert benchmark and inspect: what they print and which keys their JSON has.
# SPDX-License-Identifier: Apache-2.0
import time
import unittest

import tiny_model
from command import SHARED, CommandTest

QUICK = ("--num-runs", "5", "--min-secs", "0")


class Benchmark(CommandTest):
    def setUp(self):
        super().setUp()
        self.write("m.tflite", tiny_model.relu((1, 1000)))

    def test_text(self):
        text = self.good("benchmark", "m.tflite", *QUICK, "--report_peak_memory_footprint=true")
        for word in ("Model ", "Threads     1, fast mode", "Load ", "First run ", "median ", ", 5 runs", "peak of the process"):
            self.assertIn(word, text)

    def test_json(self):
        told = self.good_json("benchmark", "--graph=m.tflite", *QUICK, "--enable_op_profiling=true")
        for key in ("model", "threads", "load_s", "first_s", "min_ms", "median_ms", "mean_ms", "p95_ms", "peak_rss_bytes",
                    "kernels"):
            self.assertIn(key, told)
        self.assertLessEqual(told["min_ms"], told["median_ms"])
        self.assertLessEqual(told["median_ms"], told["p95_ms"])
        self.assertEqual(told["runs"], 5)
        self.assertEqual([row["operator"] for row in told["profile"]], ["RELU"])

    def test_spellings_of_benchmark_model(self):
        text = self.good("benchmark", "--graph=m.tflite", *QUICK, "--use_gpu=false", "--use_xnnpack=true", "--verbose=true",
                         "--report_peak_memory_footprint=true")
        self.assertRegex(text, r"(?m)^Inference timings in us: Init: \d+, First inference: \d+, Warmup \(avg\): [\d.e+-]+, "
                               r"Inference \(avg\): [\d.e+-]+$")
        self.assertRegex(text, r"(?m)^Memory footprint delta from the start of the tool \(MB\): init=\S+ overall=\S+$")
        self.assertEqual(self.bad(69, "benchmark", "m.tflite", "--use_gpu=true"),
                         "--use-gpu asks for a component that is not built in; models run on the CPU")

    def test_runs_can_be_spaced(self):
        began = time.perf_counter()
        self.good("benchmark", "m.tflite", *QUICK, "--run-delay", "0.05")
        self.assertGreater(time.perf_counter() - began, 0.2)

    def test_time_is_limited(self):
        told = self.good_json("benchmark", "m.tflite", "--num-runs", "100000000", "--min-secs", "0", "--max-secs", "0.2")
        self.assertGreater(told["runs"], 1)

    def test_model_is_needed_once(self):
        self.assertEqual(self.bad(2, "benchmark"), "benchmark needs MODEL; see litert benchmark --help")
        self.assertEqual(self.bad(2, "benchmark", "m.tflite", "--graph", "n.tflite"),
                         "the model is given twice: m.tflite and --graph n.tflite")


class Inspect(CommandTest):
    def test_text(self):
        self.write("m.tflite", tiny_model.relu((1, 4), tiny_model.INT8, scale=0.5, zero_point=3,
                                               signature=("go", {"in": 0}, {"out": 1})))
        text = self.good("inspect", "m.tflite", "--tensors", "--nodes")
        self.assertIn("1 subgraph, \"made by tiny_model.py\"\nSignature go (subgraph 0)\n  inputs\n"
                      "    in  int8  [1,4]  scale 0.5 zero point 3  tensor x\n", text)
        self.assertIn("  1  RELU  version 1\n", text)
        self.assertIn("  0  RELU  0 → 1\n", text)

    def test_json(self):
        self.write("m.tflite", tiny_model.concatenation())
        told = self.good_json("inspect", "m.tflite")
        self.assertEqual([t["name"] for t in told["subgraphs"][0]["tensors"]], ["a", "b", "y"])
        self.assertEqual(told["subgraphs"][0]["nodes"][0]["operator"], "CONCATENATION")
        self.assertEqual(told["signatures"], [])

    def test_real_files(self):
        models = sorted((SHARED / "models/tflite/real").glob("mp_*.tflite"))
        if not models:
            self.skipTest("the shared models are absent")
        for path in models:
            told = self.good_json("inspect", path)
            self.assertGreater(len(told["subgraphs"][0]["nodes"]), 0)
            self.assertIn("Operators\n", self.good("inspect", path))


if __name__ == "__main__":
    unittest.main()
