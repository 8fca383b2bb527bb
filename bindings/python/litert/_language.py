# _language.py: the language-model half of LiteRTManager.
# SPDX-License-Identifier: Apache-2.0
"""Prompts, messages and token ids in, answers out; every call stands alone, what the cache holds is used again."""
from __future__ import annotations

import os
import re
from typing import Any, Dict, List, Mapping, Optional, Set

import numpy as np

from . import _models, errors
from ._answers import Answer, Answering, Stream, native_options, run_async
from .conversation import Conversation, MessageLike
from .engine import Engine
from .session import Answerer, Session

# Names of inputs; files without signatures may decorate those of tensors.
_TOKENS = re.compile(r"(?:serving_default_)?(?:tokens|token_ids|embeddings)(?::\d+)?")
KEYS = ("prompt", "messages", "input")
_MESSAGE_OPTIONS = ("system", "tools", "extra_context")


def is_likely(model: _models.Model) -> bool:
    """Whether some signature takes tokens; without signatures, whether the main graph does."""
    return any(_TOKENS.fullmatch(name) for name in input_names(model))


def input_names(model: _models.Model) -> Set[str]:
    """Names of all inputs of the signatures; without signatures, of the main graph."""
    native = model.native
    names = {name for _, _, inputs, _ in native.signatures() for name in inputs}
    if not native.signatures() and native.subgraph_count > 0:
        names = {native.tensor(0, tensor)["name"] for tensor in native.subgraph(0)["inputs"] if tensor >= 0}
    return names


def is_bare(path: _models.PathLike) -> bool:
    """Whether the file is a .tflite model and no bundle."""
    with open(os.fspath(path), "rb") as file:
        return file.read(8)[4:] == b"TFL3"


class Language:
    """An engine, and the sessions of it that are idle."""

    def __init__(self, path: _models.PathLike, threads: int, mode: Optional[str], tokenizer: Optional[Any],
                 chat_template: Optional[str], max_context: Optional[int]) -> None:
        self.engine = Engine(os.fsdecode(path), num_threads=None if threads < 1 else threads, mode=mode,
                             tokenizer=tokenizer, chat_template=chat_template, max_num_tokens=max_context)
        self._idle: Dict[bool, List[Answerer[Any]]] = {True: [], False: []}
        self._under_way: Set[Answering] = set()

    @property
    def has_template(self) -> bool:
        """Whether prompts go through a chat template unless told otherwise."""
        return bool(self.engine._context.info["chats"])

    def warm_up(self, runs: int) -> None:
        """Makes the plans and packs the weights before the first prompt."""
        for _ in range(runs):
            self.ids([0], {"max_tokens": 2, "ignore_stops": True}).run()

    def explain(self) -> str:
        """What the model takes and what a session costs."""
        info = self.engine.info
        template = "prompts go through the chat template" if self.has_template else "prompts are continued as they are"
        sizes = ", ".join(map(str, info["prefill_sizes"])) or "none"
        return (f"language model {info['name']}, inputs {info['family']}, {info['context']} positions, "
                f"{info['vocabulary']} tokens\nprefill sizes {sizes}; cache {info['cache_bytes']} bytes per session; {template}")

    def _take(self, chats: bool) -> Answerer[Any]:
        try:
            return self._idle[chats].pop()
        except IndexError:
            return (self.engine.create_conversation() if chats
                    else self.engine.create_session(apply_prompt_template=False))

    def _begin(self, user: Answerer[Any], options: Mapping[str, Any], chats: Optional[bool]) -> Answering:
        """Begins an answer; with ``chats`` given, its session is idle again afterwards."""
        context = self.engine._context
        native = native_options(context.native, None, options)

        def finished() -> None:
            self._under_way.discard(answering)
            if chats is not None:
                self._idle[chats].append(user)

        answering = Answering(user._native, native, context.info["load_seconds"], finished)
        self._under_way.add(answering)
        return answering

    def cancel(self) -> None:
        """Ends all answers under way."""
        for answering in list(self._under_way):
            answering.cancel()

    def prompt(self, given: Mapping[str, Any], options: Dict[str, Any]) -> Answering:
        """Begins the answer to a prompt or messages."""
        options = dict(options)
        template = options.pop("template", None)
        extras = {name: options.pop(name) for name in _MESSAGE_OPTIONS if options.get(name) is not None}
        for name in _MESSAGE_OPTIONS:
            options.pop(name, None)
        messages = _messages(given)
        wanted = template if template is not None else self.has_template or "messages" in given or bool(extras)
        if not wanted:
            return self._plain(given, extras, options)
        system = extras.pop("system", None)
        if system is not None:
            messages.insert(0, {"role": "system", "content": system})
        if extras:
            conversation = self.engine.create_conversation(messages, **extras)
            return self._begin(conversation, options, None)
        user = self._take(True)
        assert isinstance(user, Conversation)
        user.rewind(0)
        for message in messages:
            user.add_message(message)
        return self._begin(user, options, True)

    def _plain(self, given: Mapping[str, Any], extras: Mapping[str, Any], options: Mapping[str, Any]) -> Answering:
        """The prompt as it is, without a chat template."""
        name = next(iter(given))
        if extras or name == "messages":
            name = next(iter(extras), name)
            raise errors.InvalidArgumentError(f"{name} needs the chat template that template=False leaves out")
        user = self._take(False)
        assert isinstance(user, Session)
        user._native.set([])
        user.append(given[name])
        return self._begin(user, options, False)

    def ids(self, row: List[int], options: Mapping[str, Any]) -> Answering:
        """Begins what comes after token ids."""
        user = self._take(False)
        user._native.set(row)
        return self._begin(user, options, False)

    def generate(self, inputs: Mapping[str, Any], stream: bool, options: Dict[str, Any]) -> Any:
        """An answer, or a stream of its pieces."""
        if _is_ids(inputs):
            return self._generate_ids(inputs, stream, options)
        answering = self.prompt(inputs, options)
        return Stream(answering, str) if stream else _with_output(answering.run())

    async def generate_async(self, inputs: Mapping[str, Any], options: Dict[str, Any]) -> Any:
        """An answer, while the event loop goes on."""
        if _is_ids(inputs):
            rows = _rows(inputs)
            return self._joined([await run_async(self.ids(row, options)) for row in rows])
        return _with_output(await run_async(self.prompt(inputs, options)))

    def _generate_ids(self, inputs: Mapping[str, Any], stream: bool, options: Mapping[str, Any]) -> Any:
        rows = _rows(inputs)
        if not stream:
            return self._joined([self.ids(row, options).run() for row in rows])
        if len(rows) != 1:
            raise errors.InvalidArgumentError(f"stream=True takes one sequence of ids, not {len(rows)}")
        return Stream(self.ids(rows[0], options), str)

    def _joined(self, answers: List[Answer]) -> Dict[str, Any]:
        """Answers as arrays, the shorter ones filled up."""
        length = max(len(answer["ids"]) for answer in answers)
        tokenizer, stops = self.engine.tokenizer, self.engine._context.info["stop_ids"]
        pad = tokenizer.pad_id if tokenizer is not None else None
        output = np.full((len(answers), length), pad if pad is not None else stops[0] if stops else 0, np.int32)
        for number, answer in enumerate(answers):
            output[number, :len(answer["ids"])] = answer["ids"]
        return {"output": output, "lengths": np.array([len(answer["ids"]) for answer in answers], np.int32),
                **{key: [answer[key] for answer in answers] for key in answers[0]}}


def _with_output(answer: Answer) -> Answer:
    return {**answer, "output": answer["text"]}


def _is_ids(inputs: Mapping[str, Any]) -> bool:
    return list(inputs) == ["input"] and not isinstance(inputs["input"], str)


def _rows(inputs: Mapping[str, Any]) -> List[List[int]]:
    """The sequences of ids in "input": [n] or [B, n] whole numbers, or a list of lists of any lengths."""
    value = inputs["input"]
    if isinstance(value, (list, tuple)) and value and all(isinstance(row, (list, tuple, np.ndarray)) for row in value):
        arrays = [np.asarray(row) for row in value]
    else:
        array = np.asarray(value)
        arrays = list(array) if array.ndim == 2 else [array]
    for array in arrays:
        if array.ndim != 1 or array.dtype.kind not in "iu" or array.size == 0:
            raise errors.InvalidArgumentError(
                f'"input" is a text, or token ids: whole numbers [n] or [B, n], n > 0; '
                f"{array.dtype} {list(array.shape)} was given")
    if not arrays:
        raise errors.InvalidArgumentError('"input" has no sequence of token ids')
    return [[int(token) for token in array] for array in arrays]


def _messages(given: Mapping[str, Any]) -> List[MessageLike]:
    """The messages that "prompt" (or a text as "input") or "messages" stand for."""
    if len(given) != 1:
        raise errors.InvalidArgumentError(
            f'a language model takes one of "prompt", "messages" and "input", not {", ".join(map(repr, given))}')
    (name, value), = given.items()
    if name == "messages":
        if isinstance(value, (str, Mapping)) or not value:
            raise errors.InvalidArgumentError('"messages" is a list of dictionaries {"role": …, "content": …}, not empty')
        return list(value)
    if not isinstance(value, str):
        raise errors.InvalidArgumentError(f'"{name}" is a text, not {type(value).__name__}')
    if not value:
        raise errors.InvalidArgumentError("the prompt is empty")
    return [{"role": "user", "content": value}]
