# op_seeds.py: compares this library with the peer on the operator cases of other seeds, live.
# SPDX-License-Identifier: Apache-2.0
"""Usage: op_seeds.py [--first N] [--seeds N] [--seconds S] [OP…]

Both modes are compared with what two of the peer's resolvers agree on. Prints a line for every disagreement, crash or
hang of this library, then a summary; exit 1 when there was one. Stops after S seconds, at the end of a case.
"""
import argparse
import sys
import time
from collections import Counter

from make_op_rows import cases, load
from op_model import MISSING
from op_runners import OURS, Peer, Runner, within, worst

MODES = (("ref", "BUILTIN_REF"), ("fast", "AUTO"))


def describe(case):
    shapes = [list(t.shape) for t in case.main.tensors]
    return f"{case.op} version {case.version} {case.form} {case.tag} {[n.options for n in case.main.nodes]} {shapes}"


def disagreements(case, ours):
    """(mode, sentence) of each mode that is further from the golden than the case allows."""
    want = [[array for _, array in run] for run in case.wants]
    if case.rescale and case.source != "ref" and case.ref == "0":
        case.ref = "1"
    for mode, resolver in MODES:
        allowed = case.ref if mode == "ref" else case.fast
        got, error = ours.run(resolver, case.bytes(), case.feeds)
        if not within(got, want, allowed):
            yield mode, error or f"{worst(got, want):g} from {case.source}, allowed {allowed}"


def compare(first, seeds, seconds, wanted):
    peer, ours, found, counts = Peer(), Runner(OURS), [], Counter()
    end = time.monotonic() + seconds
    for seed in range(first, first + seeds):
        for _, case in cases(seed, wanted):
            if time.monotonic() > end:
                return found, counts
            if case.op in MISSING:
                continue
            counts["cases"] += 1
            if peer.judge(case):
                got, error = ours.run("AUTO", case.bytes(), case.feeds)
                counts["without a golden"] += 1
                if error and error.startswith(("CRASH", "HANG")):
                    found.append(f"seed {seed}: {describe(case)}: {error}")
                continue
            for mode, sentence in disagreements(case, ours):
                found.append(f"seed {seed}: {describe(case)}, {mode} mode: {sentence}")
        counts["seeds"] += 1
    return found, counts


def main():
    parser = argparse.ArgumentParser(description="Operators beside the peer, on other seeds.")
    parser.add_argument("--first", type=int, default=100)
    parser.add_argument("--seeds", type=int, default=1 << 20)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("ops", nargs="*")
    options = parser.parse_args()
    load()
    found, counts = compare(options.first, options.seeds, options.seconds, options.ops)
    for line in found:
        print(line)
    print(", ".join(f"{count} {what}" for what, count in counts.items()) + f", {len(found)} disagreements")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
