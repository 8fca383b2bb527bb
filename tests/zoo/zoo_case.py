# zoo_case.py: what the tests of downloads share: a server, a store of their own, quick retries.
# SPDX-License-Identifier: Apache-2.0
import hashlib
import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "cli"))
from command import COMMAND, CommandTest  # noqa: E402

import fault_server  # noqa: E402

QUICK = ("--retry-wait", "0.02", "--stall-timeout", "1")
BODY = random.Random(8).randbytes(300_000)


def digest(body):
    return hashlib.sha256(body).hexdigest()


class ZooTest(CommandTest):
    def setUp(self):
        super().setUp()
        self.server = fault_server.Server()
        self.addCleanup(self.server.close)
        self.home = self.folder / "home"
        self.environment = {k: v for k, v in os.environ.items()
                            if not k.startswith(("LITERT_", "HF_", "XDG_")) and not k.lower().endswith("_proxy")}
        self.environment.update(LITERT_HOME=str(self.home), HOME=str(self.folder), HF_ENDPOINT=self.server.url)

    def start(self, *words, **more):
        return subprocess.Popen([COMMAND, *map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                cwd=self.folder, env=self.environment, **more)

    def finish(self, process):
        out, err = process.communicate(timeout=60)
        return process.returncode, out.decode(), err.decode()

    def call(self, *words, **more):
        return self.finish(self.start(*words, **more))

    def fetched(self, *words):
        """What a download that works says with --json."""
        code, out, err = self.call("download", *words, *QUICK, "--json")
        self.assertEqual(code, 0, err)
        return json.loads(out)

    def refused(self, code, *words, **more):
        """The sentence of a download that fails for good."""
        got, out, err = self.call("download", *words, *QUICK, **more)
        self.assertEqual((got, out), (code, ""), err)
        last = err.splitlines()[-1]
        self.assertTrue(last.startswith("litert: "), err)
        return last[len("litert: "):]

    def wait_for(self, condition, seconds=20):
        end = time.monotonic() + seconds
        while not condition():
            self.assertLess(time.monotonic(), end, "this never happened")
            time.sleep(0.01)

    def names(self):
        return sorted(path.name for path in self.folder.iterdir() if path != self.home)
