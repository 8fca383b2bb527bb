# test_check_exports.py: tests/exports/check_exports.py notices each way in which a library breaks its promise.
# SPDX-License-Identifier: Apache-2.0
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CHECK = Path(__file__).resolve().parents[1] / "exports" / "check_exports.py"
pytestmark = pytest.mark.skipif(shutil.which("gcc") is None, reason="gcc is not installed")
HEADER = "/* Runs. */\nLRT_API int lrt_run(int n);\n"
CODE = "int lrt_run(int n) { return n; }\n"
FLAGS = ["-Wl,-soname,liblitert.so.0"]


def check(folder, header=HEADER, code=CODE, flags=(), node="LITERT_0", command=None):
    (folder / "include").mkdir()
    (folder / "include" / "run.h").write_text(header)
    (folder / "lib.c").write_text(code)
    (folder / "lib.map").write_text(node + " { global: lrt_*; local: *; };\n")
    library = folder / "lib.so"
    subprocess.run(["gcc", "-shared", "-fPIC", str(folder / "lib.c"), "-o", str(library), *(flags or FLAGS),
                    f"-Wl,--version-script={folder}/lib.map"], check=True)
    arguments = []
    if command:
        (folder / "main.c").write_text(command)
        subprocess.run(["gcc", str(folder / "main.c"), str(library), "-o", str(folder / "main")], check=True)
        arguments = ["--command", str(folder / "main")]
    done = subprocess.run([sys.executable, str(CHECK), str(library), str(folder / "include"), *arguments],
                          stdout=subprocess.PIPE, check=False, universal_newlines=True)
    return done.returncode, done.stdout


def test_good_library(tmp_path):
    assert check(tmp_path)[0] == 0


@pytest.mark.parametrize("words, change", [
    ("lrt_gone is declared in run.h and not exported", {"header": HEADER + "LRT_API int lrt_gone(void);\n"}),
    ("lrt_extra is exported and declared in no", {"code": CODE + "int lrt_extra(int n) { return n; }\n"}),
    ("lrt_run has the version 'OTHER_1'", {"node": "OTHER_1"}),
    ("SONAME is not", {"flags": ["-Wl,-soname,libother.so.0"]}),
    ("the library needs libgcc_s", {"flags": [*FLAGS, "-Wl,--no-as-needed", "-lgcc_s"]}),
    ("the stripped library has", {"code": CODE + "char lrt_big[4 << 20] = {1};\n"}),
    ("the command needs liblitert.so", {"command": "int lrt_run(int n);\nint main(void) { return lrt_run(0); }\n"}),
])
def test_broken_promise(tmp_path, words, change):
    status, output = check(tmp_path, **change)
    assert status == 1
    assert words in output
