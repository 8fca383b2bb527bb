# conversation.py: Conversation: messages in, messages out.
# SPDX-License-Identifier: Apache-2.0
"""Conversations with a language model; ``Engine.create_conversation`` makes them.

    with engine.create_conversation(system_message="Be brief.") as conversation:
        print(conversation.send_message("What is the capital of France?"))
        for piece in conversation.stream("And of Spain?"):
            print(piece, end="", flush=True)
"""
from __future__ import annotations

import inspect
import json
import typing
from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence, Union

from . import _core, errors
from ._answers import Answer, Answering, Stream, run_async, utf8
from .session import Answerer

__all__ = ["Conversation", "Message", "tool_from_function"]


class Message(Dict[str, Any]):
    """A message: {"role": …, "content": [{"type": "text", "text": …}]}; ``str(message)`` is its text."""

    @classmethod
    def of(cls, text: str, role: str = "assistant") -> "Message":
        """A message with one text."""
        return cls(role=role, content=[{"type": "text", "text": text}])

    @property
    def text(self) -> str:
        """Its texts, joined."""
        content = self.get("content", "")
        if isinstance(content, str):
            return content
        return "".join(part.get("text", "") for part in content if part.get("type") == "text")

    def __str__(self) -> str:
        return self.text


MessageLike = Union[str, Mapping[str, Any]]
ToolLike = Union[Mapping[str, Any], Callable[..., Any]]
_TYPES = {str: "string", int: "integer", float: "number", bool: "boolean", list: "array", dict: "object"}


def tool_from_function(function: Callable[..., Any]) -> Dict[str, Any]:
    """The description of a function that chat templates show to models: name, first paragraph of the docstring,
    parameters by their annotations, required where they have no default."""
    hints = typing.get_type_hints(function)
    properties, required = {}, []
    for name, parameter in inspect.signature(function).parameters.items():
        hint = hints.get(name, str)
        properties[name] = {"type": _TYPES.get(typing.get_origin(hint) or hint, "string")}
        if parameter.default is parameter.empty:
            required.append(name)
    description = " ".join((inspect.getdoc(function) or "").split("\n\n")[0].split())
    return {"type": "function", "function": {
        "name": function.__name__, "description": description,
        "parameters": {"type": "object", "properties": properties, "required": required}}}


def as_json(value: Any, what: str) -> str:
    """JSON of messages, tools or other values that templates see."""
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise errors.InvalidArgumentError(f"{what} cannot be written as JSON: {error}") from None


def tools_json(tools: Optional[Sequence[ToolLike]]) -> Optional[str]:
    """Tools, functions among them described, as JSON."""
    if not tools:
        return None
    return as_json([tool_from_function(tool) if callable(tool) else tool for tool in tools], "tools")


def message_json(message: MessageLike) -> bytes:
    """A message as JSON; a text is the user's."""
    if isinstance(message, str):
        message = {"role": "user", "content": message}
    if not isinstance(message, Mapping):
        raise errors.InvalidArgumentError(
            f'a message is a text or a dictionary {{"role": …, "content": …}}, not {type(message).__name__}')
    return utf8(as_json({"role": "user", **message}, "the message"))


class Conversation(Answerer[_core.Conversation]):
    """A list of messages, and answers to it.

    The model's chat template turns the messages into one text; what the cache holds of it is not computed again. A
    conversation is for one thread at a time (:meth:`cancel` excepted). An answer becomes a message of role "assistant",
    also when it was cancelled or its stream left early, unless it is empty.

    Options of answers are those of :class:`litert.Session`: ``max_tokens`` (also ``max_output_tokens``), ``temperature``,
    ``seed``, ``stop`` …
    """

    def _ask(self, message: MessageLike, options: Dict[str, Any]) -> Answering:
        self._settle()
        before = self._native.count()
        self._native.add(message_json(message))
        try:
            return self._answering(options)
        except errors.LitertError:
            self._native.cut(before)
            raise

    def send_message(self, message: MessageLike, **options: Any) -> Message:
        """Appends a message and returns the answer.

        Args:
            message: the user's text, or a dictionary with "role" and "content" (a text, or a list of parts).

        Raises:
            ValueError: an option or message is not valid, or the text is longer than the context; the message is then
                taken back.
            OverBudgetError (MemoryError): the context is full before ``max_tokens``.
        """
        return Message.of(self._ask(message, options).run()["text"])

    def generate(self, message: MessageLike, **options: Any) -> Answer:
        """:meth:`send_message` with everything there is to know of the answer: {"text", "ids", "prompt_ids",
        "finish_reason", "timings"}."""
        return self._ask(message, options).run()

    async def generate_async(self, message: MessageLike, **options: Any) -> Answer:
        """:meth:`generate` for ``await``; cancelling the task stops the model."""
        return await run_async(self._ask(message, options))

    def send_message_async(self, message: MessageLike, **options: Any) -> "Stream[Message]":
        """Appends a message; the answer comes in pieces, each a message, for ``for`` and ``async for``."""
        return Stream(self._ask(message, options), Message.of)

    def stream(self, message: MessageLike, **options: Any) -> "Stream[str]":
        """Appends a message; the answer comes in pieces of text, for ``for`` and ``async for``."""
        return Stream(self._ask(message, options), str)

    def add_message(self, message: MessageLike) -> None:
        """Appends a message that is not answered now."""
        self._settle()
        self._native.add(message_json(message))

    @property
    def messages(self) -> List[Dict[str, Any]]:
        """All messages, the system's and the answers included."""
        found: List[Dict[str, Any]] = json.loads(self._native.messages())
        return found

    def rewind(self, count: int) -> None:
        """Cuts the list to its first ``count`` messages.

        Raises:
            ValueError: there are fewer.
        """
        self._settle()
        self._native.cut(count)

    def render_message_to_string(self, message: MessageLike) -> str:
        """What sending a message would add to the text that the model has seen: before the first answer all messages,
        later this one, with the beginning of an answer behind it. The conversation stays as it is."""
        self._settle()
        count = self._native.count()
        before = self._native.render(False) if count and self._native.ids() else ""
        self._native.add(message_json(message))
        try:
            text = self._native.render(True)
        finally:
            self._native.cut(count)
        return text[len(before):] if text.startswith(before) else text

    def render(self, for_answer: bool = True) -> str:
        """The text that the template makes of all messages, with the beginning of an answer where ``for_answer``."""
        return self._native.render(for_answer)
