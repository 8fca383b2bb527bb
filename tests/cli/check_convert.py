# check_convert.py: litert convert makes bundles that run, and litert verify tells how far they are from each other.
# SPDX-License-Identifier: Apache-2.0
import unittest

import tiny_gguf
from command import CommandTest


class Convert(CommandTest):
    def setUp(self):
        super().setUp()
        self.source = self.folder / "tiny.gguf"
        self.source.write_bytes(tiny_gguf.model())

    def convert(self, name, *flags):
        path = self.folder / name
        return path, self.good_json("convert", self.source, "-o", path, *flags)

    def test_report(self):
        path, told = self.convert("tiny.litertlm", "--prefill", "4,16", "--context", "64")
        self.assertEqual((told["architecture"], told["recipe"]), ("llama", "int4"))
        self.assertEqual(told["source_bytes"], self.source.stat().st_size)
        self.assertEqual(told["bytes"], path.stat().st_size)
        self.assertTrue(0 < told["embedding_error"] < told["linear_error"] < 0.02)
        self.assertIn("prefill_16", self.good("inspect", path))
        self.assertIn("llama", self.good("convert", self.source, "--output", path))
        self.assertEqual([entry.name for entry in self.folder.iterdir() if entry.name.endswith(".tmp")], [])

    def test_recipes_differ_as_they_should(self):
        exact, _ = self.convert("fp32.litertlm", "--quantize", "fp32")
        told = {}
        for recipe in ("fp32", "fp16", "int8", "int4", "dynamic_wi4_afp32"):
            path, _ = self.convert("other.litertlm", "--quantize", recipe)
            text = self.folder / "text"
            text.write_text("some words, some numbers 123 and more of them")
            told[recipe] = self.good_json("verify", exact, path, "--text", text)
        divergence = [told[recipe]["kl_mean"] for recipe in told]
        self.assertAlmostEqual(told["fp32"]["kl_mean"], 0, places=9)
        self.assertEqual(told["fp32"]["same_best"], 1)
        self.assertEqual(divergence, sorted(divergence))
        self.assertGreater(told["fp32"]["perplexity_a"], 1)
        self.assertEqual(self.call("verify", exact, path, "--max-kl", "1e-9", "--tokens", "20")[0], 1)
        self.good("verify", exact, exact, "--max-kl", "1e-9", "--tokens", "20")

    def test_checkpoint_as_a_model(self):
        place = {"XDG_CACHE_HOME": str(self.folder / "cache")}
        code, out, err = self.call("run", self.source, "abc", "--max-tokens", "3", environment=place)
        self.assertEqual(code, 0, err)
        self.assertRegex(err, r"\Alitert: converted \S*tiny.gguf \(llama, [^\n]*\n\Z")
        # The second time it is there; the same bytes answer the same.
        self.assertEqual(self.good("run", self.source, "abc", "--max-tokens", "3", environment=place), out)
        self.assertIn("prefill_16", self.good("inspect", self.source, environment=place))
        self.assertEqual(len(list((self.folder / "cache/litert/converted").iterdir())), 1)
        self.source.write_bytes(tiny_gguf.model(seed=2))
        self.assertIn("converted", self.call("inspect", self.source, environment=place)[2])
        self.assertIn("--no-convert", self.bad(65, "run", self.source, "abc", "--no-convert", environment=place))
        (self.folder / "file").write_text("")
        blocked = {"XDG_CACHE_HOME": str(self.folder / "file")}
        self.assertIn("cannot write", self.bad(66, "run", self.source, "abc", environment=blocked))

    def test_failures(self):
        target = self.folder / "out.litertlm"
        self.assertIn("-o FILE", self.bad(2, "convert", self.source))
        self.assertIn("no recipe", self.bad(2, "convert", self.source, "-o", target, "--quantize", "int3"))
        self.assertIn("--prefill", self.bad(2, "convert", self.source, "-o", target, "--prefill", "4,x"))
        self.assertIn("trained for 128", self.bad(2, "convert", self.source, "-o", target, "--context", "129"))
        self.bad(66, "convert", self.folder / "absent.gguf", "-o", target)
        self.bad(75, "convert", self.source, "-o", target, "--memory-limit", "50k")
        self.source.write_bytes(tiny_gguf.model(leave_out=["blk.1.ffn_up.weight"]))
        self.assertIn("blk.1.ffn_up.weight is missing", self.bad(65, "convert", self.source, "-o", target))
        self.source.write_bytes(tiny_gguf.model()[:-100])
        self.assertIn("beyond the end", self.bad(65, "convert", self.source, "-o", target))
        self.assertFalse(target.exists())
        self.source.write_bytes(tiny_gguf.model())
        self.bad(66, "convert", self.source, "-o", self.folder / "no" / "such" / "folder")


if __name__ == "__main__":
    unittest.main()
