# test_op_seeds.py: operators beside the peer on one whole seed (LRT_SEED chooses another).
# SPDX-License-Identifier: Apache-2.0
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

TOOL = Path(__file__).resolve().parents[1] / "goldens" / "op_seeds.py"


def test_other_seeds():
    if importlib.util.find_spec("ai_edge_litert") is None:
        pytest.skip("ai_edge_litert is not installed")
    first = os.environ.get("LRT_SEED", "1000")
    done = subprocess.run([sys.executable, str(TOOL), "--first", first, "--seeds", "1", "--seconds", "150"], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, check=False, universal_newlines=True, timeout=200)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-500:]
    assert " cases" in done.stdout
