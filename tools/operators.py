#!/usr/bin/env python3
# operators.py: writes the table of operators, and is the gate that every runnable operator has a test.
# SPDX-License-Identifier: Apache-2.0
"""Usage: operators.py --litert COMMAND [--root DIR] [--shared DIR] (--out FILE | --check)

--out FILE writes the table as Markdown. --check prints one sentence per finding: a runnable operator without a test,
a builtin one of which a version or a listed form of operands has no row in tests/ops/rows, an implementation without
a file, a line of ops.def that the command contradicts. (test_op_rows runs the rows.) Exit 0: done or clean, 1: findings,
2: usage. Standard library only, Python 3.9 or newer.
"""
import argparse
import json
import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

TEST_FOLDERS = ("tests/ops", "tests/runtime", "tests/interp")
# The stored cases write three operators short.
CASE_NAMES = {"CONV": "CONV_2D", "DW": "DEPTHWISE_CONV_2D", "FC": "FULLY_CONNECTED"}
# Why a code does not run where "in the schema only" is not the answer.
REASONS = {"CUSTOM": "stands for the custom operators, which run by name", "DELEGATE": "made by delegates, never in a file"}
# Suffixes of kernel files beyond portable C.
LEVELS = ("avx2", "avxvnni", "avx512", "avx512vnni", "avx512bf16", "amx", "neon", "neondot", "neoni8mm")
KNOWN_DIFFERENCES = (("cases.tsv", "One-operator cases"), ("models.tsv", "Models"))


class Operator:
    """One row: what the tables, the sources and the tests say about an operator."""

    def __init__(self, name, code, versions, impl, custom=False):
        self.name, self.code, self.versions, self.impl, self.custom = name, code, versions, impl, custom
        self.file = None
        self.tests = []
        self.cases = 0
        self.rows = Counter()  # (version, form) of the rows in tests/ops/rows
        self.forms = []
        self.kernels = []

    @property
    def runs(self):
        return self.impl != "none"

    @property
    def why_not(self):
        if self.name in REASONS:
            return REASONS[self.name]
        return "in the schema only" if self.versions == (0, 0) else "not implemented"


def without_comments(text):
    return re.sub(r"/\*.*?\*/", "", text, flags=re.S)


def read_tables(root):
    """The operators of ops.def and custom.def, builtin ones by code."""
    text = without_comments((root / "src/opset/ops.def").read_text())
    rows = re.findall(r"^OP\((\w+), (\d+), (\d+), (\d+), \w+, (\w+)\)$", text, re.M)
    if len(rows) != len(re.findall(r"^OP\(", text, re.M)):
        sys.exit("operators.py: src/opset/ops.def has a line of another form")
    found = [Operator(name, int(code), (int(low), int(high)), impl) for name, code, low, high, impl in rows]
    text = without_comments((root / "src/ops/custom.def").read_text())
    custom = re.findall(r'^CUSTOM\("([^"]+)", (\w+)\)$', text, re.M)
    code = next(op.code for op in found if op.name == "CUSTOM")
    return sorted(found, key=lambda op: op.code) + [Operator(n, code, (0, 0), i, custom=True) for n, i in custom]


def find_files(root, operators):
    """Which file of src/ops defines lrt_op_<implementation>, spelled out or through a macro of the file."""
    where = {}
    for path in sorted((root / "src/ops").glob("*.c")):
        text = without_comments(path.read_text())
        for name in re.findall(r"^const lrt_op lrt_op_(\w+) =", text, re.M):
            where[name] = path.relative_to(root).as_posix()
        for macro, body in re.findall(r"^#define (\w+)\(\w+[^)]*\)((?:.*\\\n)*.*)", text, re.M):
            if "const lrt_op lrt_op_##" in body:
                for name in re.findall(rf"^{macro}\((\w+)", text, re.M):
                    where[name] = path.relative_to(root).as_posix()
    for op in operators:
        op.file = where.get(op.impl)


def find_tests(root, operators):
    """Tests that name an operator by its constant, or a custom operator by its quoted name."""
    for folder in TEST_FOLDERS:
        for path in sorted((root / folder).glob("*.c")):
            text = without_comments(path.read_text())
            names = set(re.findall(r"\bLRT_OP_([A-Z0-9_]+)\b", text))
            for op in operators:
                if f'"{op.name}"' in text if op.custom else op.name in names:
                    op.tests.append(path.relative_to(root).as_posix())


def read_rows(root, operators):
    """Counts the rows of each builtin operator by version and form."""
    by_name = {op.name: op for op in operators if not op.custom}
    for path in sorted((root / "tests/ops/rows").glob("*.rows")):
        for name, version, form in re.findall(r"^case \S+ (\S+) (\d+) (\S+) ", path.read_text(encoding="utf-8"), re.M):
            if name in by_name:
                by_name[name].rows[int(version), form] += 1


def find_kernels(root, operators):
    """Kernel families that an operator's file includes, itself or through headers of src/ops, with the levels they have
    beside the reference."""
    def families(path, seen):
        if path in seen or not path.exists():
            return set()
        seen.add(path)
        found = set()
        for name in re.findall(r'^#include "([^"]+)"', path.read_text(), re.M):
            parts = name.split("/")
            found |= {parts[1]} if parts[0] == "kernels" else families(root / "src" / name, seen) \
                if parts[0] == "ops" and name != "ops/op.h" else set()
        return found

    def levels(family):
        stems = {path.stem.rpartition("_")[2] for path in (root / "src/kernels" / family).glob("*.c")}
        return [level for level in LEVELS if level in stems]
    for op in operators:
        for family in sorted(families(root / op.file, set())) if op.file else ():
            op.kernels.append(" ".join([family, *levels(family)]) if levels(family) else family)


def read_exceptions(path):
    """Rows (name, mode, reason) of a list of known differences."""
    lines = path.read_text().splitlines() if path.exists() else []
    return [line.split("\t") for line in lines if line and not line.startswith("#")]


def count_cases(root, shared, operators):
    """Counts the stored cases with an operator, less those that are known to differ in both modes."""
    index = shared / "cases/ops/index.jsonl" if shared else None
    if index is None or not index.exists():
        return False
    left_out = {row[0] for row in read_exceptions(root / "tests/conformance/cases.tsv") if row[1] == "both"}
    counts = Counter()
    for line in index.read_text().splitlines():
        case = json.loads(line)
        if case["file"] not in left_out:
            counts.update({CASE_NAMES.get(name, name) for name in case["ops"]})
    for op in operators:
        op.cases = 0 if op.custom else counts[op.name]
    return True


def check_command(operators, command):
    """Findings where the built library says something else than the tables; notes the forms it lists."""
    done = subprocess.run([command, "ops", "--json"], stdout=subprocess.PIPE, check=True)
    said = {row["name"]: row for row in json.loads(done.stdout)["operators"]}
    for op in operators:
        row = said.pop(op.name, None)
        if op.name == "CUSTOM":
            continue
        if row is None:
            yield f"{op.name} is in the tables, but not in `litert ops`"
            continue
        op.forms = row.get("forms", [])
        if (row["code"], row["custom"], row["supported"]) != (op.code, op.custom, op.runs) or (
                not op.custom and (row["version_min"], row["version_max"]) != op.versions):
            yield f"{op.name}: the tables and `litert ops` disagree about code, versions or support"
    for name in said:
        yield f"{name} is in `litert ops`, but not in the tables"


def check_operators(operators):
    for op in operators:
        if op.runs and op.file is None:
            yield f"{op.name}: no file of src/ops defines lrt_op_{op.impl}"
        if op.runs and not op.tests and not op.cases:
            yield f"{op.name} runs, but no test in {', '.join(TEST_FOLDERS)} and no stored case has it"
        if op.custom or not op.runs:
            continue
        missing = [v for v in range(op.versions[0], op.versions[1] + 1) if all(key[0] != v for key in op.rows)]
        if missing:
            yield f"{op.name}: no row of tests/ops/rows has version {', '.join(map(str, missing))}"
        for form in op.forms:
            if all(key[1] != form for key in op.rows):
                yield f"{op.name}: `litert ops` lists {form}, which no row of tests/ops/rows has"


def link(path, folder):
    return f"[{Path(path).name}]({os.path.relpath(path, folder)})"


def table_row(op, root, folder):
    low, high = op.versions
    versions = "" if op.custom or (low, high) == (0, 0) else f"{low}" if low == high else f"{low}–{high}"
    tests = [link(root / path, folder) for path in op.tests]
    if op.cases:
        tests.append(f"{op.cases} stored case{'s' if op.cases > 1 else ''}")
    if op.rows:
        tests.append(f"{sum(op.rows.values())} row{'s' if sum(op.rows.values()) > 1 else ''}")
    forms = ", ".join(f"`{form}`" for form in op.forms)
    modes = "ref, fast" if op.runs else ""
    source = link(root / op.file, folder) if op.file else ""
    return f"| `{op.name}` | {op.code} | {versions} | {'yes' if op.runs else 'no: ' + op.why_not} | {forms} | {modes} |" \
           f" {'; '.join(op.kernels)} | {source} | {', '.join(tests)} |"


def differences(root):
    yield "## Known differences from stored outputs"
    yield ""
    yield "Outputs were stored from the peer's interpreter. Where they differ from what litert computes, and why:"
    for name, title in KNOWN_DIFFERENCES:
        yield from ("", f"### {title}", "", "| name | mode | reason |", "|---|---|---|")
        for row in read_exceptions(root / "tests/conformance" / name):
            yield "| " + " | ".join([f"`{row[0]}`", *(cell.replace("|", "\\|") for cell in row[1:])]) + " |"


def document(operators, root, folder, has_cases):
    builtin = [op for op in operators if not op.custom]
    yield "# Operators"
    yield ""
    yield "Made by `tools/operators.py` from the operator tables, the command `litert ops` and the tests."
    yield f"{sum(op.runs for op in builtin)} of {len(builtin)} builtin codes run, and" \
          f" {len(operators) - len(builtin)} custom operator(s) by name."
    if not has_cases:
        yield "The stored one-operator cases were not there when this was made: only the repository's tests are listed."
    yield from ("", "Operands: a type, with q when quantized; weights after `*`, the output after `>`, details after a colon."
                " Each stands in a row of tests/ops/rows that both modes pass. Kernels: the families an operator's"
                " source draws on, with their levels beside portable C.",
                "", "| operator | code | versions | runs | operands | modes | kernels | source | tests |",
                "|---|---|---|---|---|---|---|---|---|")
    for op in operators:
        yield table_row(op, root, folder)
    yield ""
    yield from differences(root)


def main():
    parser = argparse.ArgumentParser(description="The table of operators, and the gate on their tests.")
    parser.add_argument("--litert", required=True, help="the built command")
    parser.add_argument("--root", type=Path, default=Path(__file__).resolve().parents[1])
    parser.add_argument("--shared", type=Path, help="folder with stored cases, used where it is there")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--out", type=Path, help="write the table to this file")
    what.add_argument("--check", action="store_true", help="report what is missing")
    options = parser.parse_args()

    operators = read_tables(options.root)
    find_files(options.root, operators)
    find_tests(options.root, operators)
    has_cases = count_cases(options.root, options.shared, operators)
    read_rows(options.root, operators)
    find_kernels(options.root, operators)
    said = list(check_command(operators, options.litert))
    if options.check:
        findings = [*said, *check_operators(operators)]
        print("\n".join(findings) or f"{sum(op.runs for op in operators)} operators run, each has a test")
        return 1 if findings else 0
    options.out.parent.mkdir(parents=True, exist_ok=True)
    lines = document(operators, options.root.resolve(), options.out.resolve().parent, has_cases)
    options.out.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(options.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
