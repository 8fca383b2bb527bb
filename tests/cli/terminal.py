# terminal.py: a program on a pseudo-terminal, and what a screen would show of what it writes.
# SPDX-License-Identifier: Apache-2.0
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
import unicodedata
import unittest


def width(character):
    if unicodedata.combining(character) or character in "\u200d\ufe0f":
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


class Screen:
    """Rows of characters; knows the few sequences that the line editor and answers use."""

    def __init__(self, columns):
        self.columns, self.rows, self.row, self.column = columns, [[]], 0, 0
        self.pasting = False

    def put(self, character):
        if self.column + width(character) > self.columns:
            self.new_line()
            self.column = 0
        row = self.rows[self.row]
        row.extend(" " * (self.column - len(row)))
        cells = [character] + [""] * (width(character) - 1)
        if not cells[0] or width(character) == 0:
            row[self.column - 1] += character
            return
        row[self.column:self.column + len(cells)] = cells
        self.column += len(cells)

    def new_line(self):
        self.row += 1
        if self.row == len(self.rows):
            self.rows.append([])

    def command(self, number, letter):
        count = int(number) if number.isdigit() else 1
        if letter == "A":
            self.row = max(0, self.row - count)
        elif letter == "C":
            self.column = min(self.columns - 1, self.column + count)
        elif letter == "J" and number in ("", "0"):
            del self.rows[self.row + 1:]
            del self.rows[self.row][self.column:]
        elif letter == "J":
            self.rows, self.row = [[] for _ in range(self.row + 1)], self.row
        elif letter == "H":
            self.row = self.column = 0
        elif letter in "hl" and number == "?2004":
            self.pasting = letter == "h"
        else:
            raise AssertionError(f"an unknown sequence: {number}{letter}")

    def feed(self, text):
        for part in re.finditer(r"\x1b\[([?0-9;]*)([A-Za-z])|(.)", text, re.S):
            number, letter, character = part.groups()
            if letter:
                self.command(number, letter)
            elif character == "\r":
                self.column = 0
            elif character == "\n":
                self.new_line()
            elif character >= " ":
                self.put(character)

    def lines(self):
        return ["".join(row).rstrip() for row in self.rows]


def open_pair():
    """The two ends of a pseudo-terminal; the test is skipped where the system has none to give."""
    try:
        return pty.openpty()
    except OSError as error:
        raise unittest.SkipTest(f"no pseudo-terminal: {error}") from error


class Terminal:
    """A program with its three streams on a pseudo-terminal."""

    def __init__(self, words, environment, columns=40, folder=None):
        master, slave = open_pair()
        self.fd = master
        self.resize(columns)
        self.process = subprocess.Popen(words, stdin=slave, stdout=slave, stderr=slave, cwd=folder, env=environment,
                                        start_new_session=True,
                                        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
        os.close(slave)
        self.text = ""
        self.seen = 0

    def resize(self, columns):
        self.columns = columns
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        if hasattr(self, "process"):
            self.process.send_signal(signal.SIGWINCH)

    def send(self, text):
        os.write(self.fd, text.encode())

    def read(self, seconds):
        if not select.select([self.fd], [], [], seconds)[0]:
            return False
        try:
            data = os.read(self.fd, 65536)
        except OSError:  # the program has ended
            return False
        self.text += data.decode(errors="replace")
        return bool(data)

    def wait_for(self, pattern, seconds=30):
        """The match of the next text that fits, behind the one waited for before."""
        deadline = time.monotonic() + seconds
        while True:
            match = re.compile(pattern).search(self.text, self.seen)
            if match:
                self.seen = match.end()
                return match
            if time.monotonic() > deadline:
                raise AssertionError(f"{pattern!r} did not come; there is {self.text[self.seen:]!r}")
            if not self.read(1) and self.process.poll() is not None and not self.read(0.1):
                match = re.compile(pattern).search(self.text, self.seen)
                if not match:
                    raise AssertionError(f"{pattern!r} did not come before the end; there is {self.text[self.seen:]!r}")

    def settle(self, seconds=0.3):
        while self.read(seconds):
            pass

    def screen(self):
        """What stands there after everything so far."""
        self.settle()
        screen = Screen(self.columns)
        screen.feed(self.text)
        return screen

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self.fd)

    def end(self, seconds=30):
        """The exit code."""
        deadline = time.monotonic() + seconds
        while self.process.poll() is None and time.monotonic() < deadline:
            self.read(0.1)
        self.settle(0.1)
        return self.process.wait(1)
