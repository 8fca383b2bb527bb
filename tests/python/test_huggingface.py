# test_huggingface.py: tokenizer.json of every kind: ids and texts equal to the tokenizers package on generated texts.
# SPDX-License-Identifier: Apache-2.0
import json
import struct
import zlib

import pytest
from native_tokenizer import ADD_SPECIAL, PARSE_SPECIAL, Native
from tokenizer_texts import COUNT, Texts

tokenizers = pytest.importorskip("tokenizers")

from huggingface_kinds import KINDS  # noqa: E402


def compare(path, seed, count, old=False):
    peer, own, texts = tokenizers.Tokenizer.from_file(str(path)), Native(path), Texts(seed, old)
    for number in range(count):
        text, add = texts(), number % 2 == 1
        peer.encode_special_tokens = number % 4 >= 2
        ids = peer.encode(text, add_special_tokens=add).ids
        flags = (0 if peer.encode_special_tokens else PARSE_SPECIAL) | (ADD_SPECIAL if add else 0)
        assert own.encode(text, flags) == ids, text
        for skip in (False, True):
            decoded = peer.decode(ids, skip_special_tokens=skip) if ids else ""
            assert own.decode(ids, int(skip)) == decoded, text
            assert "".join(own.stream(ids, int(skip))) == decoded, text


@pytest.mark.parametrize("name", KINDS)
def test_kind(name, tmp_path):
    path = tmp_path / "tokenizer.json"
    path.write_text(KINDS[name].make(), encoding="utf-8")
    compare(path, 11, COUNT, KINDS[name].old)


def test_smollm2(shared, tmp_path):
    """The real vocabulary, out of the shared bundle."""
    data = shared("models/lm/smollm2-135m_q4b32.litertlm").read_bytes()
    at = next(i for i in range(0, 1 << 20, 16384) if data[i + 8:i + 9] == b"\x78" and i > 0)
    (size,) = struct.unpack_from("<Q", data, at)
    text = zlib.decompressobj().decompress(data[at + 8:], size)
    path = tmp_path / "tokenizer.json"
    path.write_bytes(text)
    assert len(json.loads(text)["model"]["vocab"]) == 49152
    compare(path, 12, 10 * COUNT)


def test_bytes_that_are_no_text(tmp_path):
    """As Python decodes them with errors="replace"."""
    path = tmp_path / "tokenizer.json"
    path.write_text(KINDS["gpt2"].make(), encoding="utf-8")
    own = Native(path)
    for data in (b"\xff", b"a\xe2\x82", b"\xf0\x9f\x98z\x80\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xc0\xaf"):
        assert own.encode(data) == own.encode(data.decode("utf-8", "replace"))
        assert own.decode(own.encode(data)) == data.decode("utf-8", "replace")
