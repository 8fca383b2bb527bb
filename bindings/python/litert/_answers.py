# _answers.py: options of answers, answers under way, and streams of their pieces.
# SPDX-License-Identifier: Apache-2.0
"""What sessions, conversations and the manager share: how an answer is asked for, and how it comes."""
from __future__ import annotations

import asyncio
import dataclasses
import secrets
from typing import Any, Callable, Dict, Generic, List, Mapping, Optional, Tuple, TypeVar, Union

from . import _core, errors

__all__ = ["Answer", "SamplerConfig", "Stream"]

Answer = Dict[str, Any]
_Piece = TypeVar("_Piece")


@dataclasses.dataclass(frozen=True)
class SamplerConfig:
    """How the next token is chosen; what is None is left to the model's recommendation.

    Attributes:
        top_k: choose among the k most probable tokens; 0 = all.
        top_p: of these, among the fewest that together have this share of their probability, 0 … 1.
        temperature: 0 = always the most probable token; logits are divided by it.
        seed: of the random numbers; the same seed and prompt give the same text. None = another text each time.
        min_p: of these, among those at least this many times as probable as the best one, 0 … 1.
        repetition_penalty: logits of tokens in the text are divided (where negative, multiplied) by it; 1 = none.
        presence_penalty: subtracted from logits of tokens that the answer has.
        frequency_penalty: subtracted once for each time that the answer has the token.
        penalty_window: tokens that repetition_penalty looks back; 0 = the whole text.
    """

    top_k: Optional[int] = None
    top_p: Optional[float] = None
    temperature: Optional[float] = None
    seed: Optional[int] = None
    min_p: Optional[float] = None
    repetition_penalty: Optional[float] = None
    presence_penalty: Optional[float] = None
    frequency_penalty: Optional[float] = None
    penalty_window: Optional[int] = None


_REALS = ("temperature", "top_p", "min_p", "repetition_penalty", "presence_penalty", "frequency_penalty")
_COUNTS = ("top_k", "penalty_window", "max_tokens", "logprobs")
_SWITCHES = ("ignore_stops", "show_special")
_LISTS = ("stop_ids", "suppress_tokens")
_ALIASES = {"max_output_tokens": "max_tokens", "max_new_tokens": "max_tokens"}
_KNOWN = (*_REALS, *_COUNTS, *_SWITCHES, *_LISTS, "seed", "stop", "logit_bias")


def _wrong(name: str, what: str, value: object) -> errors.InvalidArgumentError:
    return errors.InvalidArgumentError(f"{name} is {what}, not {value!r}")


def _real(name: str, value: Any) -> float:
    if isinstance(value, bool) or not hasattr(type(value), "__float__"):
        raise _wrong(name, "a number", value)
    return float(value)


def whole(name: str, value: Any, most: int = 2 ** 31 - 1) -> int:
    """A count: an integer 0 … most."""
    if isinstance(value, bool) or not hasattr(type(value), "__index__") or not 0 <= int(value) <= most:
        raise _wrong(name, f"a whole number from 0 to {most}", value)
    return int(value)


def id_list(name: str, value: Any) -> List[int]:
    """Token ids of a sequence or one-dimensional array."""
    if isinstance(value, (str, bytes)):
        raise _wrong(name, "a sequence of token ids", value)
    try:
        entries = list(value)
    except TypeError:
        raise _wrong(name, "a sequence of token ids", value) from None
    return [whole(name, entry) for entry in entries]


def _texts(value: Any) -> List[bytes]:
    texts = [value] if isinstance(value, str) else list(value)
    for text in texts:
        if not isinstance(text, str) or not text or "\0" in text:
            raise _wrong("stop", "a text or a list of texts that are not empty", text)
    return [text.encode("utf-8", "replace") for text in texts]


def _checked(name: str, value: Any) -> Any:
    """The value of an option as the native call takes it."""
    if name in _REALS:
        return _real(name, value)
    if name in _COUNTS:
        return whole(name, value)
    if name in _SWITCHES:
        return bool(value)
    if name in _LISTS:
        return id_list(name, value)
    if name == "stop":
        return _texts(value)
    if name == "seed":
        return whole(name, value, 2 ** 64 - 1)
    if not isinstance(value, Mapping):
        raise _wrong("logit_bias", "a dictionary {id: bias}", value)
    return [(whole("logit_bias", token), _real("logit_bias", bias)) for token, bias in value.items()]


def native_options(engine: _core.Engine, config: Optional[SamplerConfig], given: Mapping[str, Any]) -> Dict[str, Any]:
    """What the model recommends, overridden by a configuration, overridden by keywords."""
    temperature, top_k, top_p, seed = engine.sampling()
    found: Dict[str, Any] = {"temperature": temperature, "top_k": top_k, "top_p": top_p}
    wanted = {} if config is None else dataclasses.asdict(config)
    for name, value in given.items():
        if _ALIASES.get(name, name) not in _KNOWN:
            raise errors.InvalidArgumentError(f"there is no option {name!r}; there are: {', '.join(sorted(_KNOWN))}")
        wanted[_ALIASES.get(name, name)] = value if value is not None else wanted.get(_ALIASES.get(name, name))
    for name, value in wanted.items():
        if value is not None:
            found[name] = _checked(name, value)
    found.setdefault("seed", seed or secrets.randbits(64))
    return found


class Answering:
    """An answer under way: whoever wants its next piece calls :meth:`step`."""

    def __init__(self, native: _core.Session, options: Dict[str, Any], load_s: float,
                 finished: Optional[Callable[[], None]] = None) -> None:
        self._native = native
        self._limited = options.get("max_tokens", 0) > 0
        self._logprobs = options.get("logprobs", 0) > 0
        self._load_s = load_s
        self._shown = 0
        self._top: List[List[Tuple[int, float]]] = []
        self._failure: Optional[errors.LitertError] = None
        self._finished = finished
        self._result: Optional[Answer] = None
        self.over = False
        native.begin(**options)
        self._prompt_ids = native.ids()

    def step(self) -> Optional[str]:
        """The next piece of text, maybe empty; None when the answer is over.

        Raises:
            OverBudgetError: the context is full before ``max_tokens``; its ``answer`` has what came before.
        """
        if self._failure is not None:
            failure, self._failure = self._failure, None
            raise failure
        if self.over:
            return None
        try:
            _, text, finish, _, top = self._native.next()
        except (errors.CancelledError, errors.OverBudgetError) as error:
            return self._stopped(error)
        except BaseException:
            self.abandon()
            raise
        self._shown += len(text)
        if self._logprobs and top:
            self._top.append(top)
        if finish != "none":
            self._end()
        return text

    def _stopped(self, error: errors.LitertError) -> str:
        """The text that was held back when the answer ended early; the error comes after it, unless that end was asked
        for: by cancelling, or by setting no limit but the context."""
        _, text, finish, _, _ = self._native.answer()
        rest = text[self._shown:]
        self._end()
        if finish == "none" or (finish == "context" and self._limited):
            if isinstance(error, errors.OverBudgetError):
                error.answer = self.result()
            self._failure = error
        return rest

    def _end(self) -> None:
        if not self.over:
            self.result()
            self.over = True
            finished, self._finished = self._finished, None
            if finished is not None:
                finished()

    def abandon(self) -> None:
        """Ends the answer here; what came is kept, in a conversation as its message."""
        if self.over:
            return
        try:
            self._native.cancel()
            self._native.next()
        except errors.WrongStateError:
            return  # another thread is in a step, and will find that it is the last
        except errors.LitertError:
            pass
        self._end()

    def cancel(self) -> None:
        """From any thread: the answer ends after the pass that is running."""
        if not self.over:
            self._native.cancel()

    def run(self) -> Answer:
        """Steps until the answer is over; an exception such as KeyboardInterrupt ends it."""
        try:
            while self.step() is not None:
                pass
        except BaseException:
            self.abandon()
            raise
        return self.result()

    def result(self) -> Answer:
        """The answer, as far as it got; once it is over, always the same."""
        if self.over and self._result is not None:
            return self._result
        ids, text, finish, logprobs, timings = self._native.answer()
        self._result = {"text": text, "ids": ids, "prompt_ids": self._prompt_ids, "finish_reason": finish,
                        "timings": {"load_s": self._load_s, **timings}}
        if logprobs is not None:
            self._result.update(logprobs=logprobs, top_logprobs=self._top)
        return self._result


class Stream(Generic[_Piece]):
    """The pieces of an answer while they come, for ``for`` and for ``async for``.

    The answer ends where the model stops, and where the stream is closed, left (``break``) or cancelled; what came until
    then is in :attr:`answer`. Pieces are whole UTF-8 characters. With ``async for`` the model runs on a thread of the
    event loop's executor; cancelling the task stops the model too. For one consumer at a time.
    """

    def __init__(self, answering: Answering, make: Callable[[str], _Piece]) -> None:
        self._answering = answering
        self._make = make

    def _take(self) -> Optional[Tuple[_Piece]]:
        """The next piece that is not empty; None at the end."""
        while True:
            text = self._answering.step()
            if text is None:
                return None
            if text:
                return (self._make(text),)

    def __iter__(self) -> "Stream[_Piece]":
        return self

    def __next__(self) -> _Piece:
        found = self._take()
        if found is None:
            raise StopIteration
        return found[0]

    def __aiter__(self) -> "Stream[_Piece]":
        return self

    async def __anext__(self) -> _Piece:
        future = asyncio.get_running_loop().run_in_executor(None, self._take)
        try:
            found = await asyncio.shield(future)
        except asyncio.CancelledError:
            self.cancel()
            await asyncio.wait([future])
            self.close()
            raise
        if found is None:
            raise StopAsyncIteration
        return found[0]

    @property
    def answer(self) -> Answer:
        """{"text", "ids", "prompt_ids", "finish_reason", "timings"} as far as the answer has come; ``finish_reason`` is
        "none" while it goes on."""
        return self._answering.result()

    def cancel(self) -> None:
        """From any thread: the stream ends after the pass that is running, with finish_reason "cancelled"."""
        self._answering.cancel()

    def close(self) -> None:
        """Ends the answer here."""
        self._answering.abandon()

    async def aclose(self) -> None:
        """Ends the answer here."""
        self.close()

    def __enter__(self) -> "Stream[_Piece]":
        return self

    def __exit__(self, *unused: object) -> None:
        self.close()

    def __del__(self) -> None:
        answering = getattr(self, "_answering", None)
        if answering is not None:
            answering.abandon()


async def run_async(answering: Answering) -> Answer:
    """A whole answer without blocking the event loop."""
    stream: Stream[str] = Stream(answering, str)
    async for _ in stream:
        pass
    return answering.result()


def utf8(text: Union[str, bytes]) -> bytes:
    """UTF-8 of a text; lone surrogates are refused.

    Raises:
        InvalidArgumentError: a str that has no UTF-8; bytes are checked by the library.
    """
    if isinstance(text, bytes):
        return text
    if not isinstance(text, str):
        raise errors.InvalidArgumentError(f"a text is a str, not {type(text).__name__}")
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise errors.InvalidArgumentError(f"the text is no Unicode text: {error.reason} at {error.start}") from None
