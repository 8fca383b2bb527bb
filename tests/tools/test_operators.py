# test_operators.py: tools/operators.py on a tiny tree: the table, and each finding of the gate.
# SPDX-License-Identifier: Apache-2.0
import json
import subprocess
import sys
from pathlib import Path

TOOL = Path(__file__).resolve().parents[2] / "tools" / "operators.py"

TREE = {
    "src/opset/ops.def": "OP(ADD, 0, 1, 6, add, sum)\nOP(CALL, 31, 0, 0, call, none)\nOP(CUSTOM, 32, 0, 0, none, none)\n",
    "src/ops/custom.def": 'CUSTOM("Mine", mine)\n',
    "src/ops/sum.c": '#include "kernels/sums/sums.h"\nconst lrt_op lrt_op_sum = {0};\n',
    "src/ops/mine.c": "#define MAKE(name) \\\n  const lrt_op lrt_op_##name = {0};\nMAKE(mine)\n",
    "src/kernels/sums/sums_avx2.c": "int x;\n",
    "tests/ops/test_sum.c": "run(LRT_OP_ADD);\n",
    "tests/ops/rows/a.rows": "".join(f"case add.{v} ADD {v} float32 0 0 ref\n" for v in range(1, 7)),
    "tests/runtime/test_mine.c": 'run("Mine");\n',
    "tests/conformance/cases.tsv": "# exceptions\nadd_001\tboth\ta | b\n",
}
ROW = {"version_min": 1, "version_max": 6, "custom": False, "supported": True}
SAID = [{**ROW, "name": "ADD", "code": 0, "forms": ["float32"]},
        {**ROW, "name": "CALL", "code": 31, "version_min": 0, "version_max": 0, "supported": False},
        {**ROW, "name": "Mine", "code": 32, "custom": True}]


def run_tool(tmp_path, *arguments, files=None, said=None):
    for path, text in {**TREE, **(files or {})}.items():
        full = tmp_path / path
        full.parent.mkdir(parents=True, exist_ok=True)
        full.write_text(text)
    command = tmp_path / "litert"
    command.write_text(f"#!{sys.executable}\nprint({json.dumps({'operators': said or SAID})!r})\n")
    command.chmod(0o755)
    done = subprocess.run([sys.executable, str(TOOL), "--root", str(tmp_path), "--litert", str(command),
                           "--shared", str(tmp_path / "shared"), *arguments],
                          stdout=subprocess.PIPE, check=False, universal_newlines=True)
    return done.returncode, done.stdout


def test_good_tree(tmp_path):
    assert run_tool(tmp_path, "--check") == (0, "2 operators run, each has a test\n")


def test_table(tmp_path):
    assert run_tool(tmp_path, "--out", str(tmp_path / "docs/operators.md"))[0] == 0
    lines = (tmp_path / "docs/operators.md").read_text(encoding="utf-8").splitlines()
    assert ("| `ADD` | 0 | 1–6 | yes | `float32` | ref, fast | sums avx2 | [sum.c](../src/ops/sum.c) |"
            " [test_sum.c](../tests/ops/test_sum.c), 6 rows |") in lines
    assert "| `CALL` | 31 |  | no: in the schema only |  |  |  |  |  |" in lines
    assert "| `add_001` | both | a \\| b |" in lines


def test_untested_operator(tmp_path):
    bare = {"tests/ops/test_sum.c": "/* LRT_OP_ADD */ run(LRT_OP_ADD_N);\n"}
    status, text = run_tool(tmp_path, "--check", files=bare)
    assert status == 1 and text.startswith("ADD runs, but no test")
    case = {"ops": ["CALL", "ADD"], "file": "add_001"}
    stored = {**bare, "shared/cases/ops/index.jsonl": json.dumps(case)}
    assert run_tool(tmp_path, "--check", files=stored)[0] == 1  # a known difference proves nothing
    stored["shared/cases/ops/index.jsonl"] = json.dumps({**case, "file": "add_002"})
    assert run_tool(tmp_path, "--check", files=stored)[0] == 0


def test_version_and_form_without_row(tmp_path):
    few = {"tests/ops/rows/a.rows": "case add ADD 2 int8q 0 0 ref\n"}
    status, text = run_tool(tmp_path, "--check", files=few)
    assert (status, text.splitlines()) == (1, ["ADD: no row of tests/ops/rows has version 1, 3, 4, 5, 6",
                                               "ADD: `litert ops` lists float32, which no row of tests/ops/rows has"])


def test_missing_file(tmp_path):
    status, text = run_tool(tmp_path, "--check", files={"src/ops/sum.c": "int x;\n"})
    assert (status, text) == (1, "ADD: no file of src/ops defines lrt_op_sum\n")


def test_command_disagrees(tmp_path):
    status, text = run_tool(tmp_path, "--check", said=[{**SAID[0], "version_max": 5}, SAID[1], {**SAID[2], "name": "Other"}])
    assert status == 1
    assert text.splitlines() == ["ADD: the tables and `litert ops` disagree about code, versions or support",
                                 "Mine is in the tables, but not in `litert ops`",
                                 "Other is in `litert ops`, but not in the tables"]
