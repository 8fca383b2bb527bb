# check_usage.py: help texts, wrong flags and names, exit codes, and the time a help text takes.
# SPDX-License-Identifier: Apache-2.0
import json
import os
import re
import time
import unittest
from pathlib import Path

import tiny_model
from command import SANITIZED, SHARED, CommandTest

SOURCE = Path(os.environ["LITERT_SOURCE"])
COMMANDS = re.findall(r"^COMMAND\((\w+),", (SOURCE / "apps/litert/commands.def").read_text(encoding="utf-8"), re.M)


class Help(CommandTest):
    def test_lists_every_command(self):
        text = self.good("--help")
        for name in COMMANDS:
            self.assertRegex(text, rf"(?m)^  {name} ")
        self.assertEqual(self.good("-h"), text)
        self.assertEqual(self.good("help"), text)

    def test_each_command_explains_itself(self):
        for name in COMMANDS:
            text = self.good(name, "--help")
            self.assertTrue(text.startswith(f"Usage: litert {name} "), text)
            self.assertIn("  --json", text)
            self.assertEqual(self.good("help", name), text)
            # The texts of all flags begin in one column.
            columns = {re.match(r"  --\S+( \S+)? +", line).end() for line in text.splitlines() if line.startswith("  --")}
            self.assertEqual(len(columns), 1, text)

    def test_every_flag_is_documented(self):
        page = (SOURCE / "docs/commands.md").read_text(encoding="utf-8")
        for name in COMMANDS:
            self.assertIn(f"## litert {name}", page)
            for flag in re.findall(r"(?m)^  (--[\w-]+)", self.good(name, "--help")):
                self.assertIn(f"`{flag}", page, f"{flag} of {name}")

    @unittest.skipIf(SANITIZED, "sanitizers take their time to start")
    def test_help_is_there_at_once(self):
        took = []
        for _ in range(30):
            began = time.perf_counter()
            self.good("--help")
            took.append(time.perf_counter() - began)
        # Starting any process from Python takes a few milliseconds of this.
        self.assertLess(min(took), 0.010)

    def test_version(self):
        self.assertRegex(self.good("version"), r"\Alitert \d+\.\d+\.\d+\n")
        self.assertEqual(self.good("--version"), self.good("version"))
        told = self.good_json("version")
        self.assertEqual(told["version"], told["library"])
        self.assertEqual(set(told["components"]), {"png", "jpeg", "downloads"})


class Usage(CommandTest):
    def test_wrong_words(self):
        self.assertEqual(self.bad(2), "no command is given; see litert --help")
        self.assertEqual(self.bad(2, "rum"), "there is no command 'rum'; did you mean 'run'?")
        self.assertEqual(self.bad(2, "xyzzyplugh"), "there is no command 'xyzzyplugh'; see litert --help")
        self.assertEqual(self.bad(2, "run"), "run needs MODEL; see litert run --help")
        self.assertEqual(self.bad(2, "run", "a", "b"), "run takes nothing more than MODEL; 'b' is left over")
        self.assertEqual(self.bad(2, "run", "--num-thread", "3"), "run has no flag --num-thread; did you mean --num-threads?")
        self.assertEqual(self.bad(2, "run", "--zzzzzzzzz"), "run has no flag --zzzzzzzzz; see litert run --help")
        self.assertEqual(self.bad(2, "run", "m", "--seed"), "--seed needs a value: N")
        self.assertEqual(self.bad(2, "run", "m", "--seed", "x"), "--seed takes a whole number, not 'x'")
        self.assertEqual(self.bad(2, "run", "m", "--seed=-1"), "--seed must be at least 0, not -1")
        self.assertEqual(self.bad(2, "run", "m", "--mode", "quick"), "--mode takes fast|ref, not 'quick'")
        self.assertEqual(self.bad(2, "run", "m", "--memory-limit", "1x"),
                         "--memory-limit takes bytes such as 500000, 64k or 1.5G, not '1x'")
        self.assertEqual(self.bad(2, "benchmark", "m", "--enable-op-profiling=maybe"),
                         "--enable-op-profiling takes true or false, not 'maybe'")

    def test_spellings_of_flags(self):
        self.write("m.tflite", tiny_model.relu())
        once = self.good("run", "m.tflite", "--seed", "7", "--num-threads", "1")
        self.assertEqual(self.good("run", "--seed=7", "--num_threads=1", "m.tflite"), once)
        self.assertEqual(self.good("run", "--seed=7", "--", "m.tflite"), once)

    def test_errors_as_json(self):
        for words, code, name in ((("run", "--nope", "--json"), 2, "INVALID_ARGUMENT"),
                                  (("run", "absent.tflite", "--json"), 66, "NOT_FOUND")):
            got, out, err = self.call(*words)
            self.assertEqual(got, code)
            told = json.loads(out)["error"]
            self.assertEqual((told["code"], f"litert: {told['message']}\n"), (name, err))


class ExitCodes(CommandTest):
    def test_missing_file(self):
        for command in ("run", "benchmark", "inspect"):
            self.assertIn("absent.tflite", self.bad(66, command, "absent.tflite"))

    def test_files_that_are_no_models(self):
        whole = tiny_model.relu()
        for name, data in (("empty", b""), ("garbage", bytes(range(256)) * 4), ("text", b"hello\n"),
                           ("cut", whole[:len(whole) // 2]), ("cut2", whole[:30])):
            self.write(name, data)
            self.assertIn(name, self.bad(65, "inspect", name))
            self.assertIn(name, self.bad(65, "run", name, "--seed", "1"))

    def test_flipped_bits_never_crash(self):
        whole = tiny_model.relu()
        for place in range(0, len(whole), 3):
            damaged = bytearray(whole)
            damaged[place] ^= 1 << place % 8
            self.write("m.tflite", damaged)
            code, _, err = self.call("run", "m.tflite", "--seed", "1", "--memory-limit", "64M")
            self.assertIn(code, (0, 1, 65, 69, 75), err)
            self.assertEqual(err.count("\n"), 0 if code == 0 else 1, err)

    def test_unknown_operator(self):
        self.write("m.tflite", tiny_model.custom())
        self.assertIn("NobodyHasThis", self.bad(69, "run", "m.tflite", "--seed", "1"))

    def test_budgets(self):
        self.write("m.tflite", tiny_model.relu((1, 64, 64, 64)))
        self.assertNotEqual(self.bad(75, "run", "m.tflite", "--seed", "1", "--memory-limit", "10k"), "")

        self.bad(75, "run", "m.tflite", "--seed", "1", "--time-limit", "1e-9")

    def test_a_loop_can_be_stopped(self):
        path = SHARED / "models/tflite/real/lrt_d_nested_while.bin"
        if not path.exists():
            self.skipTest("the shared models are absent")
        self.assertIn("allowed 3 steps", self.bad(75, "run", path, "--seed", "1", "--step-limit", "3"))

    def test_full_disk_behind_standard_output(self):
        self.write("m.tflite", tiny_model.relu())
        with open("/dev/full", "wb") as full:
            code, _, err = self.call("run", "m.tflite", "--seed", "1", stdout=full)
        self.assertEqual((code, err), (1, "litert: cannot write to standard output: No space left on device\n"))

    def test_log(self):
        self.write("m.tflite", tiny_model.relu())
        code, _, err = self.call("run", "m.tflite", "--seed=1", environment={"LITERT_LOG": "info"})
        self.assertEqual(code, 0)
        self.assertIn("model_opened", err)
        code, _, err = self.call("run", "m.tflite", "--seed=1",
                                 environment={"LITERT_LOG": "info", "LITERT_LOG_FORMAT": "json"})
        self.assertEqual(code, 0)
        self.assertIn("model_opened", {json.loads(line)["event"] for line in err.splitlines()})


if __name__ == "__main__":
    unittest.main()
