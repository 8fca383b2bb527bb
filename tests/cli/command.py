# command.py: calls the command in a folder of its own and compares what it prints.
# SPDX-License-Identifier: Apache-2.0
import ast
import json
import os
import struct
import subprocess
import tempfile
import unittest
from pathlib import Path

COMMAND = os.environ["LITERT_COMMAND"]
SHARED = Path(os.environ.get("LRT_SHARED_DIR") or "absent")
SANITIZED = bool(os.environ.get("LRT_SANITIZED"))


class CommandTest(unittest.TestCase):
    """Each test gets an empty working folder."""

    maxDiff = None

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def call(self, *words, environment=None, **more):
        """(exit code, standard output, standard error)"""
        settings = {k: v for k, v in os.environ.items() if not k.startswith("LITERT_")}
        settings.update(environment or {})
        done = subprocess.run([COMMAND, *map(str, words)], stdout=more.pop("stdout", subprocess.PIPE),
                              stderr=subprocess.PIPE, cwd=self.folder, env=settings, timeout=120, check=False, **more)
        return done.returncode, (done.stdout or b"").decode(), done.stderr.decode()

    def good(self, *words, **more):
        """Standard output of a call that works and says nothing else."""
        code, out, err = self.call(*words, **more)
        self.assertEqual((code, err), (0, ""))
        return out

    def good_json(self, *words, **more):
        return json.loads(self.good(*words, "--json", **more))

    def bad(self, expected_code, *words, **more):
        """The sentence of a call that fails: one line, and nothing on standard output."""
        code, out, err = self.call(*words, **more)
        self.assertEqual((code, out), (expected_code, ""), err)
        self.assertRegex(err, r"\Alitert: [^\n]+\n\Z")
        return err[len("litert: "):-1]

    def write(self, name, data):
        (self.folder / name).write_bytes(data)
        return name

    def read_npy(self, name):
        """(numpy's type, shape, values) of a small array."""
        data = (self.folder / name).read_bytes()
        self.assertEqual(data[:8], b"\x93NUMPY\1\0")
        end = 10 + struct.unpack("<H", data[8:10])[0]
        header = ast.literal_eval(data[10:end].decode())
        letter = {"<f4": "f", "|i1": "b", "|u1": "B", "<i4": "i", "<i8": "q"}[header["descr"]]
        values = struct.unpack(f"<{(len(data) - end) // struct.calcsize(letter)}{letter}", data[end:])
        return header["descr"], header["shape"], list(values)


def npy(kind, shape, values):
    """Bytes of a .npy file; kind is numpy's, "<f4"."""
    letter = {"<f4": "f", "|i1": "b", "|u1": "B", "<i4": "i", "<i8": "q", "<f8": "d"}[kind]
    header = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {tuple(shape)!r}, }}"
    header += " " * (-(len(header) + 11) % 64) + "\n"
    return b"\x93NUMPY\1\0" + struct.pack("<H", len(header)) + header.encode() + struct.pack(
        f"<{len(values)}{letter}", *values)
