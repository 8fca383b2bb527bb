# test_chat_template.py: chat templates render as Python's jinja2 renders them in Hugging Face's environment.
# SPDX-License-Identifier: Apache-2.0
"""Templates of tests/tokenizer/templates over generated conversations, and tests/tokenizer/expressions.txt."""
import datetime
import json
import os
import random
import subprocess
from pathlib import Path

import pytest

jinja2 = pytest.importorskip("jinja2", reason="jinja2 is not installed (tools/setup.sh test)")
from jinja2 import nodes  # noqa: E402
from jinja2.ext import Extension, loopcontrols  # noqa: E402
from jinja2.sandbox import ImmutableSandboxedEnvironment  # noqa: E402

TESTS = Path(__file__).resolve().parents[1] / "tokenizer"
TEMPLATES = sorted(TESTS.glob("templates/*.jinja"))
CONVERSATIONS = 300  # for each template


class Generation(Extension):
    """The tag that marks an assistant's tokens; it writes its body."""

    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return nodes.CallBlock(self.call_method("_body"), [], [], body).set_lineno(line)

    def _body(self, caller):
        return caller()


def make_environment():
    def raise_exception(message):
        raise jinja2.exceptions.TemplateError(message)

    def tojson(value, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
        return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)

    env = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[Generation, loopcontrols])
    env.filters["tojson"] = tojson
    env.globals["raise_exception"] = raise_exception
    env.globals["strftime_now"] = lambda form: datetime.datetime.now().strftime(form)
    return env


def expected_of(template, contexts):
    """Per context the text, or None where jinja2 raises."""
    try:
        compiled = make_environment().from_string(template)
    except jinja2.exceptions.TemplateError:
        return [None] * len(contexts)
    texts = []
    for context in contexts:
        try:
            texts.append(compiled.render(**context))
        except Exception:  # pylint: disable=broad-except  # whatever Python raises while it renders
            texts.append(None)
    return texts


def render(jobs):
    program = Path(os.environ["LITERT_BUILD"]) / "tests" / "tokenizer" / "render_templates"
    if not program.exists():
        pytest.skip(f"{program.name} is not built")
    lines = "".join(json.dumps({"template": text, "contexts": contexts}) + "\n" for text, contexts in jobs)
    result = subprocess.run([program], input=lines.encode(), stdout=subprocess.PIPE, timeout=120, check=True)
    return [json.loads(line) for line in result.stdout.decode().splitlines()]


def compare(jobs):
    """Returns how many texts were equal; errors have to be errors on both sides."""
    results, rendered = iter(render(jobs)), 0
    for template, contexts in jobs:
        for context, expected in zip(contexts, expected_of(template, contexts)):
            result = next(results)
            assert result.get("text") == expected, (template, context, result)
            rendered += expected is not None
    assert next(results, None) is None
    return rendered


# ---- generated conversations ----

WORDS = ["hello", "Wörld", "日本語", "😀", "a\nb", "  pad  ", "<think>x</think>y", '{"a": 1}', "it's \"q\"", "[INST]", "",
         "1. x\n2. y", "</think>z", "tab\t", "<b>&amp;"]


def text_of(rnd):
    return " ".join(rnd.choice(WORDS) for _ in range(rnd.randrange(5)))


def content_of(rnd, kind):
    if kind == "list":
        return [{"type": "text", "text": text_of(rnd)} for _ in range(rnd.randrange(1, 3))]
    if kind == "image":
        return [{"type": "image"}, {"type": "text", "text": text_of(rnd)}]
    return None if kind == "none" else text_of(rnd)


def tool_of(rnd):
    properties = {
        "city": {"type": "string", "description": text_of(rnd)},
        "count": {"type": rnd.choice(["integer", "number"]), "enum": [1, 2.5]},
        "units": {"type": "array", "items": {"type": "string"}},
        "where": {"type": "object", "properties": {"k": {"type": "boolean", "nullable": True}}, "required": ["k"]},
    }
    return {"type": "function", "function": {
        "name": rnd.choice(["get_weather", "sum_up"]), "description": text_of(rnd),
        "parameters": {"type": "object", "properties": properties, "required": ["city"]}, "return": {"type": "string"}}}


def call_of(rnd, as_text):
    arguments = {"city": text_of(rnd), "count": rnd.choice([1, 2.5, None, True, [1, "x"], {"z": "é"}])}
    return {"id": f"call{rnd.randrange(99999):05}", "type": "function",
            "function": {"name": "get_weather", "arguments": json.dumps(arguments) if as_text else arguments}}


def tool_turns(rnd, as_text):
    calls = [call_of(rnd, as_text) for _ in range(rnd.randrange(1, 3))]
    turn = {"role": "assistant", "content": content_of(rnd, rnd.choice(["none", "text"])), "tool_calls": calls}
    if rnd.random() < 0.2:
        del turn["content"]
    if rnd.random() < 0.3:
        turn["reasoning_content"] = text_of(rnd)
    answers = [text_of(rnd), json.dumps({"t": 1}), {"temp": 20.5, "unit": "C"}]
    return [turn] + [{"role": "tool", "name": "get_weather", "tool_call_id": call["id"], "content": rnd.choice(answers)}
                     for call in calls]


def conversation_of(rnd):
    """Half of them plain, so that strict templates render too; the others with tools, lists, pictures, oddities."""
    plain = rnd.random() < 0.5
    kind = "text" if plain else rnd.choice(["text", "list", "image"])
    with_tools, as_text = rnd.random() < (0.2 if plain else 0.6), rnd.random() < 0.3
    messages = []
    if rnd.random() < 0.5:
        messages.append({"role": "system" if plain else rnd.choice(["system", "developer"]),
                         "content": content_of(rnd, kind)})
    for _ in range(rnd.randrange(1, 4)):
        messages.append({"role": "user", "content": content_of(rnd, kind)})
        if with_tools and not plain and rnd.random() < 0.5:
            messages += tool_turns(rnd, as_text)
        messages.append({"role": "assistant", "content": content_of(rnd, "text" if kind == "image" else kind)})
        if rnd.random() < 0.2:
            messages[-1]["reasoning_content"] = text_of(rnd)
    if rnd.random() < 0.5:
        messages.pop()
    if not plain and rnd.random() < 0.1:
        rnd.shuffle(messages)
    context = {"messages": messages, "add_generation_prompt": rnd.random() < 0.7, "bos_token": "<s>", "eos_token": "</s>"}
    if with_tools:
        context["tools"] = [tool_of(rnd) for _ in range(rnd.randrange(1, 3))]
    elif rnd.random() < 0.5:
        context["tools"] = None
    if rnd.random() < 0.4:
        context["enable_thinking"] = rnd.random() < 0.5
    if rnd.random() < 0.2:
        context["date_string"] = "01 Jan 2025"
    if rnd.random() < 0.1:
        context["tools_in_user_message"] = False
    return context


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
def test_conversations(path):
    rnd = random.Random(path.stem)
    contexts = [conversation_of(rnd) for _ in range(CONVERSATIONS)]
    for attempt in range(2):  # a template may write the date, and midnight may come
        try:
            rendered = compare([(path.read_text(encoding="utf-8"), contexts)])
            break
        except AssertionError:
            if attempt == 1:
                raise
    assert rendered > CONVERSATIONS // 8


def test_there_are_templates():
    assert len(TEMPLATES) >= 12


def test_expressions():
    context = {
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi ünï"},
                     {"role": "assistant", "content": [{"type": "text", "text": "x"}]}],
        "n": 7, "f": 2.5, "s": "Hello World", "l": [3, 1, 2], "d": {"b": 1, "a": [1, 2, {"q": None}], "c": "é\n'\""},
        "t": True, "e": "", "z": None, "nested": [{"a": {"b": 1}}, {"a": {"b": 0}}, {"a": {}}]}
    templates = (TESTS / "expressions.txt").read_text(encoding="utf-8").rstrip("\n").split("\n====\n")
    assert len(templates) > 80
    assert compare([(template, [context]) for template in templates]) > 60


def test_time():
    now = datetime.datetime.now()
    (result,) = render([("{{ strftime_now('%Y-%m-%d %H') }}", [{}])])
    later = datetime.datetime.now()
    assert result["text"] in (now.strftime("%Y-%m-%d %H"), later.strftime("%Y-%m-%d %H"))
