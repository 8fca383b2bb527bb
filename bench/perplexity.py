#!/usr/bin/env python3
# perplexity.py: perplexity of a language model in this runtime and in ai-edge-litert's interpreter on the same text.
# SPDX-License-Identifier: Apache-2.0
"""Usage: perplexity.py MODEL TEXT [--windows 6] [--build build] [--threads N] [--own-only]

Windows of 1,024 tokens, the cache empty at the beginning of each, the first 256 tokens of a window not scored. The peer
runs the `decode` signature token by token from an all-zero cache with the same token ids. Prints the SHA-256 of the text
and both figures as JSON; exit 1 when they differ by more than half a percent.

Needs numpy and, for the peer, ai-edge-litert. Only for bundles and .tflite files with tokens, input_pos and mask.
"""
import argparse
import hashlib
import json
import math
import mmap
import subprocess
import sys
from pathlib import Path

WINDOW, SKIPPED, TOLERANCE = 1024, 256, 0.005


def tflite_of(path):
    """The .tflite bytes inside a bundle (the first one that carries the identifier), or the file itself."""
    with open(path, "rb") as file:
        data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    start = data.find(b"TFL3") - 4
    if start < 0:
        sys.exit(f"perplexity.py: {path} holds no .tflite model")
    return bytes(data[start:])


def own(build, model, text, windows, threads):
    command = [str(Path(build) / "bench" / "bench_perplexity"), model, text, str(windows), str(threads)]
    result = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    return json.loads(result.stdout)


def token_ids(build, model, text):
    command = [str(Path(build) / "litert"), "tokenize", model, "--text", "-", "--json"]
    with open(text, "rb") as file:
        result = subprocess.run(command, stdin=file, stdout=subprocess.PIPE, check=True)
    return json.loads(result.stdout)["ids"]


def peer(model, ids, windows, threads):
    import numpy as np
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_content=tflite_of(model), num_threads=threads or None)
    decode = interpreter.get_signature_runner("decode")
    details = decode.get_input_details()
    length = int(details["mask"]["shape"][-1])
    total = 0.0
    for window in range(windows):
        caches = {name: np.zeros(d["shape"], d["dtype"]) for name, d in details.items() if name.startswith("kv_cache")}
        mask = np.full((1, 1, 1, length), -1e9, np.float32)
        tokens = ids[window * WINDOW:(window + 1) * WINDOW]
        for position, token in enumerate(tokens[:-1]):
            mask[..., position] = 0
            out = decode(tokens=np.array([[token]], np.int32), input_pos=np.array([position], np.int32), mask=mask,
                         **caches)
            caches = {name: out[name] for name in caches}
            if position + 1 >= SKIPPED:
                logits = out["logits"].reshape(-1).astype(np.float64)
                top = logits.max()
                total -= logits[tokens[position + 1]] - top - math.log(np.exp(logits - top).sum())
        print(f"peer: window {window + 1} of {windows}", file=sys.stderr)
    scored = windows * (WINDOW - SKIPPED)
    return {"tokens": scored, "nll": total / scored, "perplexity": math.exp(total / scored)}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("model")
    parser.add_argument("text")
    parser.add_argument("--windows", type=int, default=6)
    parser.add_argument("--build", default="build")
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--own-only", action="store_true")
    options = parser.parse_args()
    sha = hashlib.sha256(Path(options.text).read_bytes()).hexdigest()
    figures = {"text_sha256": sha, "own": own(options.build, options.model, options.text, options.windows,
                                              options.threads)}
    if not options.own_only:
        ids = token_ids(options.build, options.model, options.text)
        figures["peer"] = peer(options.model, ids, options.windows, options.threads)
        figures["ratio"] = figures["own"]["perplexity"] / figures["peer"]["perplexity"]
    print(json.dumps(figures))
    return 0 if options.own_only or abs(figures["ratio"] - 1) <= TOLERANCE else 1


if __name__ == "__main__":
    sys.exit(main())
