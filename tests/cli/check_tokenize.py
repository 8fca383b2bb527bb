# check_tokenize.py: litert tokenize on tokenizers of a few tokens, and on the shared bundle.
# SPDX-License-Identifier: Apache-2.0
import json
import unittest

from command import SHARED, CommandTest

TINY = {
    "added_tokens": [{"id": 5, "content": "<end>", "special": True}],
    "model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2, " ": 3, "é": 4, "<end>": 5}, "merges": ["a b"]},
    "decoder": {"type": "Fuse"},
    "post_processor": {"type": "TemplateProcessing",
                       "single": [{"Sequence": {"id": "A"}}, {"SpecialToken": {"id": "<end>"}}],
                       "special_tokens": {"<end>": {"id": "<end>", "ids": [5], "tokens": ["<end>"]}}},
}


class Tokenize(CommandTest):
    def setUp(self):
        super().setUp()
        self.write("t.json", json.dumps(TINY).encode())

    def test_encode(self):
        text = self.good("tokenize", "t.json", "--text", "ab é")
        self.assertEqual(text, '       2  "ab"\n       3  " "\n       4  "é"\n       5  "<end>"\n4 tokens\n')
        told = self.good_json("tokenize", "--tokenizer=t.json", "--text", "b<end>")
        self.assertEqual(told, {"ids": [1, 5, 5], "tokens": ["b", "<end>", "<end>"]})
        self.assertEqual(self.good_json("tokenize", "t.json", "--text=b<end>", "--no-special")["ids"], [1])

    def test_decode(self):
        self.assertEqual(self.good("tokenize", "t.json", "--decode", "2, 3 [4,5]"), "ab é<end>\n")
        self.assertEqual(self.good_json("tokenize", "t.json", "--decode=2,5", "--skip-special"), {"text": "ab"})

    def test_what_is_wrong(self):
        self.assertEqual(self.bad(2, "tokenize", "t.json"), "one of --text and --decode is needed")
        self.assertEqual(self.bad(2, "tokenize", "--text=a"), "a MODEL or --tokenizer FILE is needed")
        self.assertEqual(self.bad(2, "tokenize", "t.json", "--decode=1x"), '--decode takes token ids, not "x"')
        self.assertEqual(self.bad(2, "tokenize", "t.json", "--decode=6"),
                         "6 is not the id of a token; the tokenizer has ids 0 to 5")
        self.assertIn("missing.json", self.bad(66, "tokenize", "missing.json", "--text=a"))
        self.write("n.json", b'{"model":{"type":"Magic"}}')
        self.assertEqual(self.bad(65, "tokenize", "n.json", "--text=a").split(":")[-1],
                         " the model Magic is not supported")

    def test_bundle(self):
        bundle = SHARED / "models/lm/smollm2-135m_q4b32.litertlm"
        if not bundle.exists():
            self.skipTest("the shared bundle is absent")
        told = self.good_json("tokenize", bundle, "--text", "Hello, wörld!<|im_end|>")
        self.assertEqual(told["ids"], [19556, 28, 267, 29989, 400, 17, 2])


if __name__ == "__main__":
    unittest.main()
