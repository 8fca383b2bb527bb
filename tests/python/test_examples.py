# test_examples.py: the examples run and print what they promise.
# SPDX-License-Identifier: Apache-2.0
import os
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "examples" / "python"

CASES = {
    "inference.py": (["dynamic"], "output: float32 [1, 4], largest 0.0"),
    "benchmark_loop.py": (["fixed", "5"], "2 threads: min"),
    "pipeline.py": (["add", "dynamic"], "[[6. 6. 6. 6.]]"),
    "custom_op.py": (["gain"], "[[0.  2.5 5.  7.5]]"),
    "batch.py": (["fixed", "4"], "threads agree: True"),
}


def test_every_example_is_tested():
    assert {path.name for path in FOLDER.glob("*.py")} == set(CASES) | {"chat.py"}


def test_chat(tiny_bundle):
    model = tiny_bundle(chat_template="{% for m in messages %}{{ m.content }}{% endfor %}")
    done = subprocess.run([sys.executable, str(FOLDER / "chat.py"), model, "ab"], input="abc\n" + "ab" * 200 + "\n\n",
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False, universal_newlines=True)
    assert done.returncode == 0 and "128" in done.stderr, done.stderr  # the second message is too long
    assert " tokens, " in done.stdout and "3 messages, " in done.stdout
    assert len((FOLDER / "chat.py").read_text().splitlines()) <= 80


@pytest.mark.parametrize("name", sorted(CASES))
def test_example(models, name):
    arguments, wanted = CASES[name]
    done = subprocess.run([sys.executable, str(FOLDER / name), *(models.get(a, a) for a in arguments)],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False, universal_newlines=True,
                          env=os.environ)
    assert done.returncode == 0, done.stderr
    assert wanted in done.stdout
    assert len((FOLDER / name).read_text().splitlines()) <= 80
