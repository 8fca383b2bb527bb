# make_op_rows.py: writes the rows of tests/ops/rows: small models with the peer's results, for the C tests.
# SPDX-License-Identifier: Apache-2.0
"""Usage: make_op_rows.py [--out FOLDER] [--seeds N] [OP…]

Runs each case of the families in three resolvers of ai_edge_litert 2.3.0. Two must agree; else numpy decides, else the
case is left out. Of the cases of one operator, version and form the shortest is kept. Prints what was left out.
"""
import argparse
import importlib
import sys
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np

from op_model import MISSING, OPERATORS, ROOT, text
from op_runners import Peer
from op_values import FAMILIES

MODULES = ("op_elementwise", "op_movement", "op_reduce", "op_products", "op_recurrent", "op_state")


def cases(seed, wanted=(), module=None):
    """All cases of a seed: (name of the family's module, case)."""
    for number, (ops, make) in enumerate(FAMILIES):
        if wanted and not set(wanted) & set(ops):
            continue
        for case in make(np.random.default_rng([seed, number])):
            if not wanted or case.op in wanted:
                yield make.__module__[3:], case


def load():
    for module in MODULES:
        importlib.import_module(module)


def collect(seeds, wanted):
    """{module: {(op, form, tag, version): shortest row}}, and what was refused or undecided."""
    peer, kept, lost = Peer(), defaultdict(dict), Counter()
    for seed in range(seeds):
        for module, case in cases(seed, wanted):
            reason = "not implemented here" if case.op in MISSING else peer.judge(case)
            if reason:
                lost[f"{case.op} {case.form}: {reason[:160]}"] += 1
                continue
            if case.rescale and case.source != "ref" and case.ref == "0":
                case.ref = "1"  # the reference resolver lacks it: its rounding is not known
            key = (case.op, case.form, case.tag, case.version)
            name = ".".join(filter(None, (case.op.lower(), str(case.version), case.form, case.tag)))
            row = text(case, name)
            if key not in kept[module] or len(row) < len(kept[module][key]):
                kept[module][key] = row
    return kept, lost


def thinned(rows):
    """One version of each form, and a row for every version."""
    best, versions = {}, {}
    for key in sorted(rows, key=lambda k: len(rows[k])):
        op, form, tag, version = key
        best.setdefault((op, form, tag), key)
        versions.setdefault((op, version), key)
    covered = {(key[0], key[3]) for key in best.values()}
    extra = [key for where, key in versions.items() if where not in covered]
    return {key: rows[key] for key in [*best.values(), *extra]}


def main():
    parser = argparse.ArgumentParser(description="Rows of operator tests from the peer.")
    parser.add_argument("--out", type=Path, default=ROOT / "tests/ops/rows")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("ops", nargs="*")
    options = parser.parse_args()
    load()
    kept, lost = collect(options.seeds, options.ops)
    options.out.mkdir(parents=True, exist_ok=True)
    total = 0
    for module, rows in sorted((m, thinned(r)) for m, r in kept.items()):
        ordered = [rows[key] for key in sorted(rows, key=lambda k: (OPERATORS[k[0]][0] if k[0] in OPERATORS else 999, k))]
        head = f"# {module}.rows: made by tests/goldens/make_op_rows.py; tests/ops/op_rows.h says what a line means\n"
        (options.out / f"{module}.rows").write_text(head + "\n".join(ordered))
        total += sum(map(len, ordered))
        print(f"{module}: {len(ordered)} rows")
    print(f"{total} bytes")
    for reason, count in sorted(lost.items()):
        print(f"left out {count}: {reason}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
