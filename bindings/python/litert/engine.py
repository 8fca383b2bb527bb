# engine.py: Engine: a language model's weights, which its sessions and conversations share.
# SPDX-License-Identifier: Apache-2.0
"""Language models.

    from litert import Engine
    with Engine("model.litertlm", num_threads=4) as engine:
        with engine.create_conversation() as conversation:
            print(conversation.send_message("Hello!"))
"""
from __future__ import annotations

import dataclasses
import os
from typing import Any, Dict, List, Mapping, Optional, Sequence, Type, Union

from . import _core, _log, errors
from ._answers import SamplerConfig, whole
from .conversation import Conversation, MessageLike, ToolLike, as_json, message_json, tools_json
from .session import Context, Session
from .tokenizer import Tokenizer

__all__ = ["Backend", "Engine"]

_MODES = {None: 0, "fast": 1, "ref": 2}
Path = Union[str, "os.PathLike[str]"]


class Backend:
    """What a model runs on: ``Backend.CPU()``; others are not part of this build, and refused."""

    CPU: "Type[_Cpu]"
    GPU: "Type[_Gpu]"
    NPU: "Type[_Npu]"


@dataclasses.dataclass(frozen=True)
class _Cpu(Backend):
    """The CPU, with so many threads; None = the cores that this process may use."""

    thread_count: Optional[int] = None


class _Gpu(Backend):
    """A GPU."""


class _Npu(Backend):
    """A neural processor."""


Backend.CPU, Backend.GPU, Backend.NPU = _Cpu, _Gpu, _Npu


def _threads(backend: Union[Backend, Type[Backend], None], wanted: Optional[int]) -> int:
    """The number of threads, -1 for the cores that this process may use."""
    chosen = backend() if isinstance(backend, type) else backend
    if chosen is not None and not isinstance(chosen, _Cpu):
        kind = type(chosen).__name__.strip("_").upper()
        raise errors.NotBuiltInError(f"no {kind} back end is part of this build; use Backend.CPU()")
    count = wanted if wanted is not None or chosen is None else chosen.thread_count
    if count is None:
        return -1
    if whole("num_threads", count, 1024) == 0:
        raise errors.InvalidArgumentError("num_threads is a number from 1 on, not 0")
    return int(count)


def _policy(full_context: str) -> bool:
    if full_context not in ("error", "slide"):
        raise errors.InvalidArgumentError(f"full_context is 'error' or 'slide', not {full_context!r}")
    return full_context == "slide"


class Engine:
    """A language model: a .litertlm or .task bundle, or a .tflite file (with ``tokenizer=FILE`` where text is wanted).

    An engine never changes and may be used by any number of threads; it holds the weights once for all its sessions.
    Use it as a context manager, or :meth:`close` it; sessions that are open keep the weights until they are closed too.

    Args:
        model_path: the file.
        backend: ``Backend.CPU(thread_count=…)``.
        max_num_tokens: use at most so many positions of the context; None = all that the model has.
        num_threads: None = the cores that this process may use.
        tokenizer: a tokenizer.json or SentencePiece model instead of the bundle's, or for a .tflite file.
        chat_template: Jinja text instead of the bundle's.
        mode: "fast", "ref" (scalar reference kernels, slow), or None for the default.
        max_bytes: memory that one interpreter may use; 0 = no limit.

    Raises:
        FileNotFoundError, OSError: no such file, or it cannot be read.
        InvalidModelError (ValueError): damaged, or no language model in it.
        UnsupportedError (NotImplementedError, ValueError): a kind of model that is not supported; the sentence names it.
        NotBuiltInError (NotImplementedError): the backend is not part of this build.
    """

    def __init__(self, model_path: Path, backend: Union[Backend, Type[Backend], None] = None,
                 max_num_tokens: Optional[int] = None, *, num_threads: Optional[int] = None,
                 tokenizer: Optional[Path] = None, chat_template: Optional[str] = None, mode: Optional[str] = None,
                 max_bytes: int = 0) -> None:
        if mode not in _MODES:
            raise errors.InvalidArgumentError(f"mode is 'fast' or 'ref', not {mode!r}")
        threads = _threads(backend, num_threads)
        for path in (model_path, tokenizer):
            if path is not None and not os.path.exists(path):
                raise errors.MissingFileError(f"{os.fspath(path)}: no such file")
        context = whole("max_num_tokens", max_num_tokens or 0)
        _log.follow_logger()
        native = _core.Engine.open(model_path, tokenizer if tokenizer is not None else "", chat_template, threads,
                                   _MODES[mode], context, whole("max_bytes", max_bytes, 2 ** 63))
        found = native.tokenizer()
        self.model_path = os.fspath(model_path)
        self._open: Optional[Context] = Context(
            native, None if found is None else Tokenizer._of(found), native.describe())

    @property
    def _context(self) -> Context:
        if self._open is None:
            raise errors.WrongStateError("the engine is closed")
        return self._open

    def create_session(self, *, apply_prompt_template: Optional[bool] = None,
                       sampler_config: Optional[SamplerConfig] = None, max_output_tokens: Optional[int] = None,
                       full_context: str = "error", keep: int = 0) -> Session:
        """An empty session.

        Args:
            apply_prompt_template: each prefill is a user's message in the chat template; None = where the model has one.
            sampler_config: how tokens are chosen; None = as the model recommends.
            max_output_tokens: longest answer, in tokens; None = until the model stops.
            full_context: "error", or "slide": the older half of the text behind the first ``keep`` tokens is dropped.
            keep: tokens at the beginning that stay.

        Raises:
            UnsupportedError (NotImplementedError, ValueError): the template is wanted, and there is none that works.
        """
        context = self._context
        wanted = context.info["chats"] != 0 if apply_prompt_template is None else apply_prompt_template
        slide, kept = _policy(full_context), whole("keep", keep)
        native: _core.Session = (context.native.conversation(None, None, None, slide, kept) if wanted
                                 else context.native.session(slide, kept))
        return Session(native, context, sampler_config, max_output_tokens)

    def create_conversation(self, messages: Optional[Sequence[MessageLike]] = None,
                            tools: Optional[Sequence[ToolLike]] = None, *, system_message: Optional[str] = None,
                            extra_context: Optional[Mapping[str, Any]] = None,
                            sampler_config: Optional[SamplerConfig] = None, max_output_tokens: Optional[int] = None,
                            full_context: str = "error", keep: int = 0) -> Conversation:
        """A conversation.

        Args:
            messages: what was said before: dictionaries with "role" and "content", or texts of the user.
            tools: functions, or their descriptions, that the template shows to the model. Calls that the model answers
                with are part of its text; they are not made.
            system_message: a message of role "system" in front of all.
            extra_context: further names that the template sees, such as {"enable_thinking": False}.
            sampler_config: how tokens are chosen; None = as the model recommends.
            max_output_tokens: longest answer, in tokens; None = until the model stops.
            full_context: "error", or "slide": the older half of the text behind the first ``keep`` tokens is dropped.
            keep: tokens at the beginning that stay.

        Raises:
            UnsupportedError (NotImplementedError, ValueError): the model has no tokenizer or no chat template that works.
        """
        context = self._context
        extra = None if not extra_context else as_json(dict(extra_context), "extra_context")
        if system_message is not None and not isinstance(system_message, str):
            raise errors.InvalidArgumentError(f"system_message is a text, not {type(system_message).__name__}")
        native = context.native.conversation(system_message, tools_json(tools), extra, _policy(full_context),
                                             whole("keep", keep))
        for message in messages or ():
            native.add(message_json(message))
        return Conversation(native, context, sampler_config, max_output_tokens)

    @property
    def tokenizer(self) -> Optional[Tokenizer]:
        """The tokenizer; None where the model has none and none was given."""
        return self._context.tokenizer

    def _need_tokenizer(self) -> Tokenizer:
        tokenizer = self._context.tokenizer
        if tokenizer is None:
            raise errors.UnsupportedError(f"{self.model_path} has no tokenizer; give one: Engine(…, tokenizer=FILE)")
        return tokenizer

    def tokenize(self, text: str) -> List[int]:
        """Token ids of a text, without the model's start tokens."""
        return self._need_tokenizer().encode(text)

    def detokenize(self, token_ids: Sequence[int]) -> str:
        """The text of token ids."""
        return self._need_tokenizer().decode(token_ids)

    @property
    def info(self) -> Dict[str, Any]:
        """What is known of the model: "name", "family" (how tokens go in), "context" (positions), "vocabulary", "prefill_sizes"
        (tokens per pass), "cache_bytes" (per session), "cache_layout", "start_ids", "stop_ids", "model_type",
        "load_seconds", "has_chat_template"."""
        info = dict(self._context.info)
        info["has_chat_template"] = info.pop("chats") == 1
        return info

    @property
    def max_num_tokens(self) -> int:
        """Positions of the context."""
        return int(self._context.info["context"])

    @property
    def bos_token_id(self) -> Optional[int]:
        """The token that begins every text, or None."""
        start: List[int] = self._context.info["start_ids"]
        return start[0] if start else None

    @property
    def eos_token_ids(self) -> List[List[int]]:
        """Sequences of tokens that end an answer."""
        return [[token] for token in self._context.info["stop_ids"]]

    def memory(self) -> Dict[str, int]:
        """Bytes: ``mapped`` (the file), ``packed`` (repacked weights), ``arena`` (activations of all sessions), ``in_use``
        and ``peak``."""
        return dict(zip(("mapped", "packed", "arena", "in_use", "peak"), self._context.native.memory()))

    def close(self) -> None:
        """Lets go of the weights."""
        self._open = None

    def __enter__(self) -> "Engine":
        return self

    def __exit__(self, *unused: object) -> None:
        self.close()
