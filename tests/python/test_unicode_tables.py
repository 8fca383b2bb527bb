# test_unicode_tables.py: the committed Unicode tables are what the script makes of the database.
# SPDX-License-Identifier: Apache-2.0
import subprocess
import sys

import pytest
from conftest import ROOT


def test_tables():
    done = subprocess.run([sys.executable, str(ROOT / "tools/unicode_tables.py"), "--check",
                           str(ROOT / "src/tokenizer/unicode.def")], stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode == 77:
        pytest.skip(done.stdout.strip())
    assert done.returncode == 0, done.stdout
