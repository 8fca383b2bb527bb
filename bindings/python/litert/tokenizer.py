# tokenizer.py: Tokenizer and Detokenizer: text to token ids and back.
# SPDX-License-Identifier: Apache-2.0
"""Tokenizers of language models.

    from litert import Tokenizer
    tokenizer = Tokenizer("model.litertlm")
    ids = tokenizer.encode("Hello")
    text = tokenizer.decode(ids)
"""
from __future__ import annotations

import os
from typing import Iterable, Iterator, List, Optional, Sequence, Union

from . import _core, errors

__all__ = ["Detokenizer", "Tokenizer"]

_PARSE_SPECIAL, _ADD_SPECIAL, _SKIP_SPECIAL = 1, 2, 1


def _open(path: Union[str, "os.PathLike[str]", None]) -> _core.Tokenizer:
    assert path is not None
    try:
        return _core.Tokenizer.open(path)
    except errors.LitertError as error:
        if error.status == "NOT_FOUND":
            raise errors.MissingFileError(str(error)) from None
        raise


class Detokenizer:
    """Decodes ids one by one; ``Tokenizer.detokenizer`` makes it. For one thread at a time."""

    def __init__(self, native: _core.Detokenizer) -> None:
        self._native = native

    def push(self, token_id: int) -> str:
        """The text that has become certain with this id, maybe empty; whole characters only.

        Raises:
            LitertError (a ValueError): the id has no token; nothing changes.
        """
        return self._native.push(token_id)

    def flush(self) -> str:
        """What is left, broken bytes as U+FFFD; then the next text may begin."""
        return self._native.flush()


class Tokenizer:
    """The tokenizer of a .litertlm or .task bundle, a tokenizer.json, or a SentencePiece model.

    The kind is told by the bytes. Ids are those of the packages ``tokenizers`` and ``sentencepiece`` on the same file.
    Tokenizers never change and may be used from any number of threads at once.

    Args:
        model_path: the file.
        model_content: the bytes of such a file, instead of a path.

    Raises:
        LitertError: its children for a missing file (OSError), damaged data, or a part that is not supported (ValueError,
            RuntimeError); the sentence names it.
    """

    def __init__(self, model_path: Union[str, "os.PathLike[str]", None] = None, *,
                 model_content: Optional[bytes] = None) -> None:
        if (model_path is None) == (model_content is None):
            raise ValueError("a Tokenizer takes either model_path or model_content")
        if model_content is not None:
            self._native = _core.Tokenizer.open_bytes(model_content)
        else:
            self._native = _open(model_path)
        self._learn()

    @classmethod
    def _of(cls, native: _core.Tokenizer) -> "Tokenizer":
        """The tokenizer of an engine."""
        self = cls.__new__(cls)
        self._native = native
        self._learn()
        return self

    def _learn(self) -> None:
        self._kind, self._size, self._bos, self._eos, self._unknown, self._pad = self._native.about()

    def encode(self, text: Union[str, bytes], *, parse_special: bool = True, add_special: bool = False) -> List[int]:
        """The ids of a text.

        Args:
            text: a str, or UTF-8 bytes; what is no UTF-8 counts as U+FFFD.
            parse_special: texts of special tokens ("<|im_end|>") become their ids; else they are plain text.
            add_special: add what the post-processor of a tokenizer.json adds around a text.
        """
        data = text.encode("utf-8", "replace") if isinstance(text, str) else text
        return self._native.encode(data, (_PARSE_SPECIAL if parse_special else 0) | (_ADD_SPECIAL if add_special else 0))

    def decode(self, ids: Sequence[int], *, skip_special: bool = False) -> str:
        """The text of ids; with ``skip_special``, special tokens give no text.

        Raises:
            LitertError (a ValueError): an id has no token; the sentence names it.
        """
        return self._native.decode(ids, _SKIP_SPECIAL if skip_special else 0)

    def detokenizer(self, *, skip_special: bool = False) -> Detokenizer:
        """A decoder for ids that come one by one."""
        return Detokenizer(self._native.stream(_SKIP_SPECIAL if skip_special else 0))

    def decode_stream(self, ids: Iterable[int], *, skip_special: bool = False) -> Iterator[str]:
        """The parts of the text as soon as they are certain; together they are what ``decode`` gives."""
        detokenizer = self.detokenizer(skip_special=skip_special)
        for token_id in ids:
            text = detokenizer.push(token_id)
            if text:
                yield text
        text = detokenizer.flush()
        if text:
            yield text

    def piece_to_id(self, piece: str) -> Optional[int]:
        """The id of a piece as the vocabulary spells it, or None."""
        found = self._native.id(piece)
        return None if found < 0 else found

    def id_to_piece(self, token_id: int) -> Optional[str]:
        """The piece as the vocabulary spells it, or None for ids without a token."""
        return self._native.piece(token_id)

    def is_special(self, token_id: int) -> bool:
        """Whether this is a special (control) token."""
        return self._native.is_special(token_id)

    def __len__(self) -> int:
        """Ids are 0 … len - 1."""
        return self._size

    @property
    def kind(self) -> str:
        """"bpe", "wordpiece", "unigram", "wordlevel", or "sentencepiece bpe", "… unigram", "… word", "… char"."""
        return self._kind

    @property
    def bos_id(self) -> Optional[int]:
        """The token that begins a text, or None."""
        return None if self._bos < 0 else self._bos

    @property
    def eos_id(self) -> Optional[int]:
        """The token that ends a text, or None."""
        return None if self._eos < 0 else self._eos

    @property
    def unknown_id(self) -> Optional[int]:
        """The token for what has no other, or None."""
        return None if self._unknown < 0 else self._unknown

    @property
    def pad_id(self) -> Optional[int]:
        """The token that fills up, or None."""
        return None if self._pad < 0 else self._pad
