# check_line.py: the line editor on a pseudo-terminal: keys, wide characters, wrapping, history, search, pasting.
# SPDX-License-Identifier: Apache-2.0
import json
import os
import signal
import subprocess
import tempfile
import termios
import unittest
from pathlib import Path

from terminal import Terminal

PROGRAM = os.environ["LITERT_EDIT_LINES"]
UP, DOWN, RIGHT, LEFT, HOME, END, DELETE = ("\x1b[A", "\x1b[B", "\x1b[C", "\x1b[D", "\x1b[H", "\x1b[F", "\x1b[3~")


def control(letter):
    return chr(ord(letter) - 64)


class Editor(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.environment = {**os.environ, "TERM": "xterm", "XDG_STATE_HOME": str(self.folder)}

    def open(self, columns=40, **environment):
        terminal = Terminal([PROGRAM], {**self.environment, **environment}, columns)
        self.addCleanup(terminal.close)
        terminal.wait_for(">> ")
        return terminal

    def result(self, terminal, kind="text"):
        return json.loads(terminal.wait_for(rf'(?:\n|2004l){kind} (".*")\r\n').group(1))

    def typed(self, keys, columns=40):
        """What a new editor makes of the keys and Enter."""
        terminal = self.open(columns)
        terminal.send(keys + "\r")
        return self.result(terminal)

    def test_plain_text(self):
        self.assertEqual(self.typed("Grüße, 世界 👋🏽 e\u0301"), "Grüße, 世界 👋🏽 e\u0301")

    def test_moving_and_deleting(self):
        self.assertEqual(self.typed("abc" + LEFT + "X"), "abXc")
        self.assertEqual(self.typed("abc" + HOME + "X" + END + "Y"), "XabcY")
        self.assertEqual(self.typed("abc" + control("A") + "X" + control("E") + "Y"), "XabcY")
        self.assertEqual(self.typed("abc\x7f\x7fZ"), "aZ")
        self.assertEqual(self.typed("abc" + control("A") + DELETE + control("D")), "c")
        self.assertEqual(self.typed("one two three" + control("W") + control("W") + "x"), "one x")
        self.assertEqual(self.typed("one two" + LEFT * 3 + control("K") + "x" + control("A") + control("Y")), "twoone x")
        self.assertEqual(self.typed("one two" + LEFT * 3 + control("U")), "two")
        self.assertEqual(self.typed("one two" + "\x1bb\x1bb" + "X" + "\x1bf" + "Y"), "XoneY two")
        self.assertEqual(self.typed("ab" + LEFT * 9 + RIGHT * 9 + "c" + control("B") + control("F")), "abc")

    def test_wide_characters_are_one(self):
        self.assertEqual(self.typed("a世b" + LEFT * 2 + "\x7f"), "世b")
        self.assertEqual(self.typed("a世b" + LEFT + "\x7f"), "ab")
        self.assertEqual(self.typed("ae\u0301b" + LEFT + "\x7f"), "ab")
        self.assertEqual(self.typed("👋🏽x" + LEFT + "\x7f"), "x")

    def test_the_screen(self):
        terminal = self.open(columns=12)
        terminal.send("0123456世界89")
        screen = terminal.screen()
        self.assertEqual(screen.lines(), [">> 0123456世", "界89"])
        self.assertEqual((screen.row, screen.column), (1, 4))
        terminal.send(LEFT * 4)
        screen = terminal.screen()
        self.assertEqual((screen.lines(), screen.row, screen.column), ([">> 0123456世", "界89"], 0, 10))
        terminal.send("XY")
        screen = terminal.screen()
        self.assertEqual((screen.lines(), screen.row, screen.column), ([">> 0123456XY", "世界89"], 1, 0))
        terminal.send(control("U") + "ok\r")
        self.assertEqual(self.result(terminal), "ok世界89")

    def test_a_row_that_is_just_full(self):
        terminal = self.open(columns=10)
        terminal.send("1234567")
        screen = terminal.screen()
        self.assertEqual((screen.lines(), screen.row, screen.column), ([">> 1234567", ""], 1, 0))
        terminal.send("8\x7f\x7f")
        screen = terminal.screen()
        self.assertEqual((screen.lines(), screen.row, screen.column), ([">> 123456"], 0, 9))

    def test_another_width(self):
        terminal = self.open(columns=30)
        terminal.send("abcdefghijklm")
        terminal.settle()
        terminal.resize(10)
        terminal.send("\x7f")
        screen = terminal.screen()
        self.assertEqual(screen.lines()[-2:], [">> abcdefg", "hijkl"])

    def test_several_lines(self):
        terminal = self.open()
        terminal.send("one\x1b\rtwo")
        self.assertEqual(terminal.screen().lines(), [">> one", "   two"])
        terminal.send(UP + "X" + DOWN + "Y\r")
        self.assertEqual(self.result(terminal), "oneX\ntwoY")

    def test_pasting(self):
        terminal = self.open()
        terminal.send("a\x1b[200~first\rsecond\r\n\tthird é\x1b[201~b")
        self.assertTrue(terminal.screen().pasting)
        terminal.send("\r")
        self.assertEqual(self.result(terminal), "afirst\nsecond\n\tthird éb")

    def test_history(self):
        terminal = self.open()
        for text in ("first", "second\x1b\rline", "third"):
            terminal.send(text + "\r")
            self.result(terminal)
            terminal.wait_for(">> ")
        terminal.send("typed" + UP + UP + UP + UP + "!\r")  # the second entry has two lines to go through
        self.assertEqual(self.result(terminal), "first!")
        terminal.wait_for(">> ")
        terminal.send("typed" + UP + UP + DOWN + DOWN + "!\r")
        self.assertEqual(self.result(terminal), "typed!")
        terminal.wait_for(">> ")  # by then the file is written
        file = self.folder / "litert" / "history"
        self.assertEqual(file.read_text(), "first\nsecond\\nline\nthird\nfirst!\ntyped!\n")
        self.assertEqual(file.stat().st_mode & 0o777, 0o600)
        again = self.open()
        again.send(UP + UP + UP + "\r")
        self.assertEqual(self.result(again), "third")

    def test_search(self):
        terminal = self.open()
        for text in ("make tea", "make coffee", "drink tea"):
            terminal.send(text + "\r")
            self.result(terminal)
            terminal.wait_for(">> ")
        terminal.send(control("R") + "tea")
        self.assertEqual(terminal.screen().lines()[-1], "(search: tea) drink tea")
        terminal.send(control("R") + "\r")
        self.assertEqual(self.result(terminal), "make tea")
        terminal.wait_for(">> ")
        terminal.send(control("R") + "coff" + END + "!\r")
        self.assertEqual(self.result(terminal), "make coffee!")
        terminal.wait_for(">> ")
        terminal.send("kept" + control("R") + "tea" + control("G") + "\r")
        self.assertEqual(self.result(terminal), "kept")

    def test_ends(self):
        terminal = self.open()
        terminal.send("half" + control("C"))
        self.assertEqual(self.result(terminal, "interrupted"), "half")
        terminal.wait_for(">> ")
        terminal.send("x" + control("D") + "\x7f" + control("D"))
        self.assertEqual(self.result(terminal, "end"), "")
        self.assertEqual(terminal.end(), 0)
        self.assertFalse(terminal.screen().pasting)

    def test_a_killed_editor_leaves_the_terminal_as_it_was(self):
        terminal = self.open()
        before = termios.tcgetattr(terminal.fd)
        self.assertFalse(before[3] & termios.ECHO)
        terminal.process.terminate()
        self.assertEqual(terminal.end(), -signal.SIGTERM)
        self.assertTrue(termios.tcgetattr(terminal.fd)[3] & termios.ECHO)
        self.assertFalse(terminal.screen().pasting)

    def test_a_long_history_is_cut(self):
        file = self.folder / "litert" / "history"
        file.parent.mkdir()
        file.write_text("".join(f"entry {i}\n" for i in range(2500)))
        terminal = self.open()
        terminal.send(UP + "\r")
        self.assertEqual(self.result(terminal), "entry 2499")
        lines = file.read_text().splitlines()
        self.assertEqual((len(lines), lines[0], lines[-1]), (1000, "entry 1500", "entry 2499"))
        self.assertEqual(file.stat().st_mode & 0o777, 0o600)

    def test_a_dumb_terminal(self):
        terminal = self.open(TERM="dumb")
        terminal.send("plain é\n")
        self.assertEqual(self.result(terminal), "plain é")
        self.assertNotIn("\x1b", terminal.text)

    def test_no_terminal(self):
        done = subprocess.run([PROGRAM], input="one\ntwo\r\n\nlast".encode(), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              env=self.environment, timeout=30, check=True)
        self.assertEqual(done.stdout.decode(), 'text "one"\ntext "two"\ntext ""\ntext "last"\nend ""\n')
        self.assertEqual(done.stderr, b"")
        self.assertEqual(os.listdir(self.folder), [])

    def test_keys_without_meaning(self):
        self.assertEqual(self.typed("a\x1b[5~\x1b[99;5~\x1bOP\x1b[15~b\x1bq" + control("X") + "\x1b[1;5D" + "c"), "cab")


if __name__ == "__main__":
    unittest.main()
