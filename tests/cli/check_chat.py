# check_chat.py: litert run on the shared language model: prompts, JSON, and a chat on a pseudo-terminal.
# SPDX-License-Identifier: Apache-2.0
import json
import os
import unittest

import tiny_model
from command import COMMAND, SANITIZED, SHARED, CommandTest
from terminal import Terminal

MODEL = SHARED / "models" / "lm" / "smollm2-135m_q4b32.litertlm"
GREEDY = ("--temperature", "0")
UP = "\x1b[A"


def needs_model(case):
    if SANITIZED:
        return unittest.skip("whole models are slow with sanitizers")(case)
    return case if MODEL.exists() else unittest.skip(f"{MODEL.name} is not here")(case)


@needs_model
class Prompts(CommandTest):
    def ask(self, *words, **more):
        return self.good("run", MODEL, *GREEDY, *words, **more)

    def test_where_the_prompt_comes_from(self):
        answer = self.ask("What is the capital of France?", "--max-tokens", 20)
        self.assertEqual(answer, "The capital of France is Paris.\n")
        self.assertEqual(self.ask("--prompt", "What is the capital of France?"), answer)
        for words in ((), ("-",)):
            self.assertEqual(self.ask(*words, input="What is the capital of France?\n".encode()), answer)

    def test_json(self):
        told = self.good_json("run", MODEL, "Say hi", *GREEDY, "--max-tokens", 5)
        self.assertEqual((len(told["ids"]), told["finish_reason"]), (5, "length"))
        self.assertEqual(set(told["timings"]), {"load_s", "prefill_tokens", "prefill_s", "first_token_s", "decode_tokens",
                                                "decode_s"})
        self.assertEqual(told["timings"]["decode_tokens"], 4)
        self.assertGreater(told["peak_rss_bytes"], 1 << 20)
        self.assertEqual(told["prompt_ids"][0], 1)  # <|im_start|>
        self.assertIsInstance(told["text"], str)
        longer = self.good_json("run", MODEL, "Say hi", "--system", "You are a pirate.", *GREEDY, "--max-tokens", 1)
        self.assertGreater(len(longer["prompt_ids"]), len(told["prompt_ids"]))

    def test_without_template(self):
        told = self.good_json("run", MODEL, "The sky is", "--no-template", *GREEDY, "--max-tokens", 3)
        self.assertEqual(len(told["prompt_ids"]), 3)

    def test_stop(self):
        answer = self.ask("What is the capital of France?", "--stop", " of Fra")
        self.assertEqual(answer, "The capital\n")
        told = self.good_json("run", MODEL, "What is the capital of France?", *GREEDY, "--stop", "France", "--stop=zzz")
        self.assertEqual((told["text"], told["finish_reason"]), ("The capital of ", "stop_text"))

    def test_seeds(self):
        words = ("run", MODEL, "Tell me a story", "--temperature", 1.5, "--top-k", 50, "--top-p", 0.95, "--min-p", 0.01,
                 "--max-tokens", 8)
        one, again, two = (self.good(*words, "--seed", n) for n in (1, 1, 2))
        self.assertEqual(one, again)
        self.assertNotEqual(one, two)

    def test_a_template_of_ones_own(self):
        self.write("own.jinja", b"{% for m in messages %}{{ m.content }}{% endfor %}")
        told = self.good_json("run", MODEL, "The sky is", "--chat-template", "own.jinja", *GREEDY, "--max-tokens", 1)
        self.assertEqual(len(told["prompt_ids"]), 3)
        self.write("bad.jinja", b"{% include 'x' %}")
        self.assertIn("the statement include is not supported",
                      self.bad(65, "run", MODEL, "hi", "--chat-template", "bad.jinja"))

    def test_refusals(self):
        self.assertEqual(self.bad(2, "run", MODEL, ""), "the prompt is empty")
        self.assertIn("two prompts", self.bad(2, "run", MODEL, "a", "--prompt", "b"))
        self.assertIn("--system needs", self.bad(2, "run", MODEL, "a", "--no-template", "--system", "b"))
        self.assertIn("context", self.bad(2, "run", MODEL, "a " * 3000))
        self.write("cut.litertlm", MODEL.read_bytes()[:1000000])
        self.assertIn("of a file of 1000000 bytes", self.bad(65, "run", "cut.litertlm", "hi"))
        code, out, _ = self.call("run", "cut.litertlm", "hi", "--json")
        self.assertEqual((code, json.loads(out)["error"]["code"]), (65, "INVALID_MODEL"))


@needs_model
class Inspect(CommandTest):
    def test_lines(self):
        out = self.good("inspect", MODEL)
        self.assertIn('''Language model
  type      generic_model
  context   1280 tokens
  stops     [[2],[0],"<|im_end|>"]
  system    "<|im_start|>system\\n" … "<|im_end|>\\n"
  user      "<|im_start|>user\\n" … "<|im_end|>\\n"
  model     "<|im_start|>assistant\\n" … "<|im_end|>\\n"
''', out)

    def test_json(self):
        about = self.good_json("inspect", MODEL)["language_model"]
        self.assertEqual((about["type"], about["max_tokens"], about["stops"]), ("generic_model", 1280, [[2], [0], "<|im_end|>"]))
        self.assertEqual(about["prompts"]["user"], {"prefix": "<|im_start|>user\n", "suffix": "<|im_end|>\n"})
        self.assertIsNone(about["template"])

    def test_metadata_that_is_not_understood(self):
        data = bytearray(MODEL.read_bytes())
        data[0x4000:0x4002] = b"\x3a\x7f"  # a template of 127 bytes, which is cut off elsewhere
        self.write("odd.litertlm", data)
        self.assertIn("\nLanguage model\n  not understood: ", self.good("inspect", "odd.litertlm"))
        self.assertIn("metadata", self.good_json("inspect", "odd.litertlm")["language_model"]["error"])

    def test_a_template_that_is_not_there(self):
        self.assertIn("has no chat template", self.bad(65, "inspect", MODEL, "--template"))


class WithoutModel(CommandTest):
    def test_inspecting_a_graph(self):
        self.write("m.tflite", tiny_model.relu())
        self.assertNotIn("Language model", self.good("inspect", "m.tflite"))
        self.assertNotIn("language_model", self.good_json("inspect", "m.tflite"))

    def test_no_file(self):
        self.assertIn("absent.litertlm", self.bad(66, "run", "absent.litertlm", "hi"))

    def test_graphs_are_no_language_models(self):
        self.write("m.tflite", tiny_model.relu())
        self.bad(2, "run", "m.tflite", "hello")
        self.assertIn("m.tflite is not a language model",
                      self.bad(65, "run", "m.tflite", "--tokenizer", "absent.json", "--prompt", "hello"))

    def test_help(self):
        self.assertIn("litert run MODEL.litertlm --help", self.good("run", "--help"))
        self.assertIn("--max-tokens N", self.good("run", "any.litertlm", "--help"))


@needs_model
class Chat(CommandTest):
    def open(self, *words, columns=80):
        environment = {k: v for k, v in os.environ.items() if not k.startswith("LITERT_")}
        environment.update(TERM="xterm", NO_COLOR="1", XDG_STATE_HOME=str(self.folder / "state"))
        terminal = Terminal([COMMAND, "run", str(MODEL), *GREEDY, *words], environment, columns, self.folder)
        self.addCleanup(terminal.close)
        terminal.wait_for("/help lists the commands")
        terminal.wait_for(">>> ")
        return terminal

    def say(self, terminal, text, answer):
        """A turn; the answer has to fit a pattern."""
        terminal.send(text + "\r")
        terminal.wait_for("2004l")
        terminal.wait_for(answer)
        terminal.wait_for(">>> ")

    def messages(self, terminal):
        self.say(terminal, "/save chat.json", "Saved")
        return json.loads((self.folder / "chat.json").read_text())

    def test_turns_history_and_unicode(self):
        terminal = self.open("--max-tokens", "16")
        self.say(terminal, "What is the capital of France?", "The capital of France is Paris\\.")
        self.say(terminal, "Wie heißt 世界 👋?", r"\S")
        messages = self.messages(terminal)
        self.assertEqual([m["role"] for m in messages], ["user", "assistant"] * 2)
        self.assertEqual(messages[1]["content"], "The capital of France is Paris.")
        self.assertEqual(messages[2]["content"], "Wie heißt 世界 👋?")
        self.say(terminal, UP * 3, "The capital of France is Paris")  # behind /save and the second message
        self.assertEqual(self.messages(terminal)[4]["content"], "What is the capital of France?")
        self.assertIn("Wie heißt 世界 👋?", (self.folder / "state" / "litert" / "history").read_text())
        terminal.send("/exit\r")
        self.assertEqual(terminal.end(), 0)
        self.assertIn(">>> Wie heißt 世界 👋?", terminal.screen().lines())

    def test_interrupts(self):
        terminal = self.open()
        terminal.send("Write a very long story about the sea.\r")
        terminal.wait_for("2004l")
        terminal.wait_for(r"\w+ \w+ \w+")
        terminal.send("\x03")
        terminal.wait_for(r"\(stopped\)")
        terminal.wait_for(">>> ")
        messages = self.messages(terminal)
        self.assertEqual([m["role"] for m in messages], ["user", "assistant"])
        self.assertGreater(len(messages[1]["content"]), 5)
        self.say(terminal, "What is the capital of France?", "Paris")
        terminal.send("half a line\x03")
        terminal.wait_for(">>> ")
        terminal.send("\x03")
        terminal.wait_for("Ctrl-C once more")
        terminal.wait_for(">>> ")
        terminal.send("\x03")
        self.assertEqual(terminal.end(), 0)

    def test_commands(self):
        terminal = self.open("--system", "You are a parrot.", "--max-tokens", "4")
        self.say(terminal, "/help", "/system .TEXT.")
        self.say(terminal, "/system", "You are a parrot")
        self.say(terminal, "/nosuch", "there is no command /nosuch")
        self.say(terminal, "/load absent.json", "absent.json")
        self.say(terminal, "/save", "needs the name of a file")
        self.say(terminal, "Hello", r"cut off by --max-tokens")
        self.assertEqual(len(self.messages(terminal)), 3)
        self.say(terminal, "/reset", "A new chat begins")
        self.assertEqual(self.messages(terminal), [{"role": "system", "content": "You are a parrot."}])
        self.say(terminal, "/system You are a cat.", "A new chat begins")
        self.say(terminal, "//slash", r"\S")
        self.assertEqual([m["content"] for m in self.messages(terminal)][:2], ["You are a cat.", "/slash"])
        self.say(terminal, "/reset", "begins")
        self.say(terminal, "/load chat.json", "3 messages are loaded")
        self.assertEqual(len(self.messages(terminal)), 3)
        (self.folder / "bad.json").write_text('[{"role": 5}]')
        self.say(terminal, "/load bad.json", "litert: ")
        self.assertEqual(len(self.messages(terminal)), 3)
        terminal.send("\x04")
        self.assertEqual(terminal.end(), 0)

    def test_a_turn_that_fails_is_taken_back(self):
        terminal = self.open("--max-context", "64")
        self.say(terminal, "word " * 100, "taken back")
        self.assertEqual(self.messages(terminal), [])


if __name__ == "__main__":
    unittest.main()
