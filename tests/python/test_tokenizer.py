# test_tokenizer.py: litert.Tokenizer: encode, decode, streams, look-ups, errors.
# SPDX-License-Identifier: Apache-2.0
import json
import threading

import pytest

from litert import LitertError, Tokenizer

TINY = {
    "added_tokens": [{"id": 5, "content": "<end>", "special": True}],
    "model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2, " ": 3, "é": 4, "<end>": 5}, "merges": ["a b"]},
    "decoder": {"type": "Fuse"},
    "post_processor": {"type": "BertProcessing", "cls": ["a", 0], "sep": ["<end>", 5]},
}


@pytest.fixture()
def tiny(tmp_path):
    path = tmp_path / "tokenizer.json"
    path.write_text(json.dumps(TINY))
    return Tokenizer(path)


def test_encode_and_decode(tiny):
    assert tiny.encode("ab é") == [2, 3, 4]
    assert tiny.encode("b<end>") == [1, 5]
    assert tiny.encode("b<end>", parse_special=False) == [1]
    assert tiny.encode("b", add_special=True) == [0, 1, 5]
    assert tiny.encode(b"a\xffb") == [2]  # what has no token and no unknown one is left out
    assert tiny.decode([2, 3, 4, 5]) == "ab é<end>"
    assert tiny.decode((2, 5), skip_special=True) == "ab"
    assert tiny.decode([]) == ""


def test_look_ups(tiny):
    assert (tiny.kind, len(tiny)) == ("bpe", 6)
    assert (tiny.piece_to_id("ab"), tiny.piece_to_id("x")) == (2, None)
    assert (tiny.id_to_piece(4), tiny.id_to_piece(6)) == ("é", None)
    assert tiny.is_special(5) and not tiny.is_special(0)
    assert (tiny.bos_id, tiny.eos_id, tiny.unknown_id, tiny.pad_id) == (None, None, None, None)


def test_errors(tiny, tmp_path):
    for bad in (6, -1, 2 ** 40):
        with pytest.raises(LitertError, match="is not the id of a token; the tokenizer has ids 0 to 5"):
            tiny.decode([bad])
    with pytest.raises(TypeError):
        tiny.decode(["a"])
    with pytest.raises(FileNotFoundError):
        Tokenizer(tmp_path / "missing.json")
    with pytest.raises(ValueError, match="neither a tokenizer.json"):
        Tokenizer(model_content=b"hello")
    with pytest.raises(ValueError, match="either model_path or model_content"):
        Tokenizer()


def test_bundle_and_stream(shared):
    tokenizer = Tokenizer(shared("models/lm/smollm2-135m_q4b32.litertlm"))
    assert (tokenizer.bos_id, tokenizer.eos_id) == (None, tokenizer.piece_to_id("<|im_end|>"))
    text = "naïve 漢字 😀 done"
    ids = tokenizer.encode(text)
    parts = list(tokenizer.decode_stream(ids))
    assert "".join(parts) == tokenizer.decode(ids) == text
    assert len(parts) > 4 and all("\ufffd" not in part for part in parts)
    detokenizer = tokenizer.detokenizer()
    assert [detokenizer.push(i) for i in tokenizer.encode("😀")][:-1].count("") >= 1
    assert detokenizer.flush() == ""


def test_threads(tiny):
    results = []
    threads = [threading.Thread(target=lambda: results.append([tiny.encode("ab é" * 500) for _ in range(20)]))
               for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(ids == results[0][0] for result in results for ids in result)
