# session.py: Session: text, its cache, and answers token by token.
# SPDX-License-Identifier: Apache-2.0
"""Sessions of a language model; ``Engine.create_session`` makes them.

    with engine.create_session(apply_prompt_template=False) as session:
        session.append("Once upon a time")
        for piece in session.stream(max_tokens=100):
            print(piece, end="", flush=True)
"""
from __future__ import annotations

import dataclasses
import json
from typing import Any, Dict, Generic, List, Optional, Sequence, TypeVar, Union

from . import _core, errors
from ._answers import Answer, Answering, SamplerConfig, Stream, id_list, native_options, run_async, utf8
from .tokenizer import Tokenizer

__all__ = ["Checkpoint", "Responses", "Session"]

_Native = TypeVar("_Native", bound=_core.Session)
_Self = TypeVar("_Self", bound="Answerer[Any]")


@dataclasses.dataclass
class Responses:
    """Texts and their scores.

    Attributes:
        texts: one per candidate or target.
        scores: sum of the natural log-probabilities of its tokens, where scored.
        token_lengths: its number of tokens, where asked for.
        token_scores: natural log-probability of each token, where scored.
    """

    texts: List[str] = dataclasses.field(default_factory=list)
    scores: List[float] = dataclasses.field(default_factory=list)
    token_lengths: List[int] = dataclasses.field(default_factory=list)
    token_scores: List[List[float]] = dataclasses.field(default_factory=list)


class Checkpoint:
    """A session's text at one moment, for :meth:`Session.restore`; it may be restored any number of times."""

    def __init__(self, native: _core.Checkpoint) -> None:
        self._native = native


class Context:
    """What the sessions of an engine need of it."""

    def __init__(self, native: _core.Engine, tokenizer: Optional[Tokenizer], info: Dict[str, Any]) -> None:
        self.native, self.tokenizer, self.info = native, tokenizer, info


class Answerer(Generic[_Native]):
    """What sessions and conversations have in common."""

    def __init__(self, native: _Native, context: Context, sampler_config: Optional[SamplerConfig],
                 max_output_tokens: Optional[int]) -> None:
        self._open: Optional[_Native] = native
        self._context = context
        self._sampler = sampler_config
        self._max_tokens = max_output_tokens
        self._under_way: Optional[Answering] = None

    @property
    def _native(self) -> _Native:
        if self._open is None:
            raise errors.WrongStateError(f"the {type(self).__name__.lower()} is closed")
        return self._open

    def _answering(self, given: Dict[str, Any]) -> Answering:
        """Begins an answer; one that is under way ends here."""
        options = native_options(self._context.native, self._sampler, {"max_tokens": self._max_tokens, **given})
        self._settle()
        self._under_way = Answering(self._native, options, self._context.info["load_seconds"])
        return self._under_way

    def _settle(self) -> None:
        if self._under_way is not None:
            self._under_way.abandon()
            self._under_way = None

    def cancel(self) -> None:
        """From any thread: stops the answer under way after the pass that is running; its finish_reason is then
        "cancelled". Without an answer under way nothing happens."""
        self._native.cancel()

    cancel_process = cancel

    def clone(self: _Self) -> _Self:
        """An independent copy with the same text and cache."""
        self._settle()
        return type(self)(self._native.clone(), self._context, self._sampler, self._max_tokens)

    @property
    def ids(self) -> List[int]:
        """Token ids of the text so far: the prompts' and the answers'."""
        return self._native.ids()

    @property
    def token_count(self) -> int:
        """Tokens of the text so far; the context holds ``engine.max_num_tokens``."""
        return len(self._native.ids())

    @property
    def cached_count(self) -> int:
        """Tokens whose cache is filled and that need not be computed again."""
        return self._native.cached()

    def close(self) -> None:
        """Frees the cache; an answer under way ends."""
        if self._open is not None:
            self._settle()
            self._open = None

    def __enter__(self: _Self) -> _Self:
        return self

    def __exit__(self, *unused: object) -> None:
        self.close()


class Session(Answerer[_core.Session]):
    """Text of a language model, the cache that belongs to it, and answers.

    A session is for one thread at a time (:meth:`cancel` excepted); sessions of one engine run concurrently. With
    ``apply_prompt_template`` each prefill is a user's message in the model's chat template; without it texts and ids are
    taken as they are.

    Options of answers are keywords: ``max_tokens``, ``temperature``, ``top_k``, ``top_p``, ``min_p``, ``seed``, ``stop``
    (a text or several), ``stop_ids``, ``repetition_penalty``, ``presence_penalty``, ``frequency_penalty``,
    ``penalty_window``, ``logit_bias`` ({id: bias}), ``suppress_tokens``, ``ignore_stops`` (of the model), ``show_special``
    (special tokens become text), ``logprobs`` (n: the log-probabilities of each token and of the n most probable ones).
    What is not given is what the model recommends.
    """

    @property
    def _chat(self) -> Optional[_core.Conversation]:
        native = self._native
        return native if isinstance(native, _core.Conversation) else None

    def _plain(self) -> _core.Session:
        """The session, if it takes texts as they are."""
        if self._chat is not None:
            raise errors.WrongStateError("this session puts texts into the chat template; use run_prefill, or create it "
                                         "with apply_prompt_template=False")
        self._settle()
        return self._native

    def append(self, content: Union[str, bytes, Sequence[int]]) -> None:
        """Appends text (texts of special tokens become their ids; in front of the first text come the model's start
        tokens), or token ids as they are.

        Raises:
            ValueError: no such ids, more than the context holds, no UTF-8, or text without a tokenizer.
        """
        native = self._plain()
        if isinstance(content, (str, bytes)):
            native.append_text(utf8(content))
        else:
            native.append(id_list("content", content))

    def run_prefill(self, contents: Union[str, Sequence[str]]) -> None:
        """Appends texts and computes their cache now."""
        texts = [contents] if isinstance(contents, str) else list(contents)
        chat = self._chat
        if chat is None:
            for text in texts:
                self.append(text)
        else:
            self._settle()
            message = {"role": "user", "content": "".join(texts)}
            before = chat.count()
            chat.add(utf8(json.dumps(message, ensure_ascii=False)))
            try:
                chat.begin()
            except errors.LitertError:
                chat.cut(before)
                raise
        self._native.prefill()

    def generate(self, **options: Any) -> Answer:
        """A whole answer: {"text", "ids", "prompt_ids", "finish_reason", "timings"}, with ``logprobs`` also "logprobs" and
        "top_logprobs". Seconds and token counts are in "timings"; "finish_reason" is "stop", "stop_text", "length",
        "context" or "cancelled".

        Raises:
            ValueError: an option is unknown or out of range.
            OverBudgetError (MemoryError): the context is full before ``max_tokens``; ``answer`` of the exception has what
                came. Without ``max_tokens`` a full context is an end like others, finish_reason "context".
            WrongStateError (RuntimeError): there is no text to answer.
        """
        return self._answering(options).run()

    async def generate_async(self, **options: Any) -> Answer:
        """:meth:`generate` for ``await``; cancelling the task stops the model."""
        return await run_async(self._answering(options))

    def stream(self, **options: Any) -> "Stream[str]":
        """The pieces of an answer's text, for ``for`` and ``async for``."""
        return Stream(self._answering(options), str)

    def run_decode(self, **options: Any) -> Responses:
        """The text of an answer as the only one of ``texts``."""
        return Responses(texts=[self.generate(**options)["text"]])

    def run_decode_async(self, **options: Any) -> "Stream[Responses]":
        """Pieces of an answer, each as the only one of ``texts``; for ``for`` and ``async for``."""
        return Stream(self._answering(options), lambda text: Responses(texts=[text]))

    def score(self, content: Union[str, Sequence[int]]) -> List[float]:
        """Appends text or ids and returns the natural log-probability of each token after all before it.

        Raises:
            WrongStateError: the text was empty before, so that nothing predicts its first token.
        """
        self._settle()
        return self._native.score(self._ids_of(content))

    def _ids_of(self, content: Union[str, Sequence[int]]) -> List[int]:
        if not isinstance(content, str):
            return id_list("content", content)
        if self._context.tokenizer is None:
            raise errors.UnsupportedError("text needs a tokenizer, and the model has none")
        return self._context.tokenizer.encode(content)

    def run_text_scoring(self, target_text: Sequence[str], store_token_lengths: bool = False) -> Responses:
        """How probable each of the texts is after the present one, which stays as it is.

        Returns:
            ``scores``: sums of natural log-probabilities, ``token_scores``: of each token; ``token_lengths`` where asked
            for.
        """
        found = Responses()
        count = len(self._native.ids())
        for text in [target_text] if isinstance(target_text, str) else target_text:
            try:
                scores = self.score(text)
            finally:
                self._native.rewind(count)
            found.texts.append(text)
            found.scores.append(sum(scores))
            found.token_scores.append(scores)
            if store_token_lengths:
                found.token_lengths.append(len(scores))
        return found

    def rewind(self, count: int) -> None:
        """Cuts the text to its first ``count`` tokens.

        Raises:
            ValueError: it has fewer.
        """
        self._plain().rewind(count)

    def save(self) -> Checkpoint:
        """A copy of the text for :meth:`restore`."""
        return Checkpoint(self._plain().save())

    def restore(self, checkpoint: Checkpoint) -> None:
        """Goes back (or forth) to a checkpoint of this or another session of the engine; costs what the cache no longer
        holds.

        Raises:
            ValueError: the checkpoint is another engine's.
        """
        self._plain().restore(checkpoint._native)
