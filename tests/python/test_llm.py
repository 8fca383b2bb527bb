# test_llm.py: language models in Python: the manager, engines, sessions, conversations, streams, errors.
# SPDX-License-Identifier: Apache-2.0
import asyncio
import json
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

import litert
from litert import Backend, Engine, LiteRTManager, SamplerConfig

BUNDLE = "models/lm/smollm2-135m_q4b32.litertlm"
TEMPLATE = ("{% for m in messages %}[{{ m.role }}]{{ m.content if m.content is string else m.content[0].text }}"
            "<end>{% endfor %}{% if add_generation_prompt %}[a]{% endif %}")


@pytest.fixture(scope="session")
def tiny(tiny_bundle):
    """A bundle without a chat template."""
    return tiny_bundle()


@pytest.fixture()
def engine(tiny):
    with Engine(tiny, num_threads=1, chat_template=TEMPLATE) as engine:
        yield engine


@pytest.fixture(scope="session")
def smollm(shared):
    with Engine(shared(BUNDLE)) as engine:
        yield engine


def test_manager_on_prompts(tiny):
    manager = LiteRTManager()
    assert manager.load_model(tiny, num_threads=1) is True
    options = {"max_tokens": 8, "ignore_stops": True}
    one = manager.generate({"prompt": "abc"}, **options)
    assert set(one) == {"text", "output", "ids", "prompt_ids", "finish_reason", "timings"}
    assert one["output"] == one["text"] and len(one["ids"]) == 8 and one["finish_reason"] == "length"
    assert set(one["timings"]) == {"load_s", "prefill_tokens", "prefill_s", "first_token_s", "decode_tokens", "decode_s"}
    assert one["timings"]["decode_tokens"] == 7 and one["timings"]["first_token_s"] > 0
    two = manager.generate({"prompt": "abc"}, **options)
    assert (two["ids"], two["text"], two["prompt_ids"]) == (one["ids"], one["text"], one["prompt_ids"])
    assert "".join(manager.generate({"prompt": "abc"}, stream=True, **options)) == one["text"]
    assert manager.generate({"input": "abc"}, **options)["ids"] == one["ids"]
    assert "language model" in manager.explain() and manager.memory()["mapped"] > 0
    manager.unload()
    with pytest.raises(RuntimeError, match="no model is loaded"):
        manager.generate({"prompt": "abc"})


def test_manager_on_ids(tiny):
    manager = LiteRTManager()
    manager.load_model(tiny, num_threads=1, warmup=1)
    prompt = manager.generate({"prompt": "abc"}, max_tokens=4)
    rows = np.array([prompt["prompt_ids"], prompt["prompt_ids"][::-1]], np.int64)
    both = manager.generate({"input": rows}, max_tokens=4, ignore_stops=True)
    assert both["output"].dtype == np.int32 and both["output"].shape == (2, 4)
    assert both["output"][0].tolist() == both["ids"][0] and both["lengths"].tolist() == [4, 4]
    alone = manager.generate({"input": rows[1]}, max_tokens=4, ignore_stops=True)
    assert alone["output"].tolist() == [both["ids"][1]]
    uneven = manager.generate({"input": [[1], [2, 3]]}, max_tokens=2, ignore_stops=True)
    assert uneven["output"].shape == (2, 2)
    for bad, words in (([], "n > 0"), ([1.5], "float64"), ([[1, 2], []], "n > 0"), ([500], "vocabulary|500")):
        with pytest.raises(ValueError, match=words):
            manager.generate({"input": bad}, max_tokens=1)


def test_a_full_context(tiny, engine):
    manager = LiteRTManager()
    manager.load_model(tiny, num_threads=1, max_context=16)
    found = manager.generate({"input": [5, 6, 7]}, ignore_stops=True)
    assert found["finish_reason"] == ["context"] and found["output"].shape[1] >= 13
    with pytest.raises(litert.errors.OverBudgetError, match="16") as caught:
        manager.generate({"input": [5, 6, 7]}, ignore_stops=True, max_tokens=40)
    assert caught.value.answer["ids"] == found["ids"][0]
    pieces = []
    with pytest.raises(MemoryError):
        for piece in manager.generate({"prompt": "abc"}, stream=True, ignore_stops=True, max_tokens=40):
            pieces.append(piece)
    assert pieces
    with pytest.raises(ValueError, match="16"):
        manager.generate({"input": list(range(20))})
    with engine.create_session(apply_prompt_template=False, full_context="slide", keep=2) as session:
        session.append([5, 6, 7])
        assert len(session.generate(max_tokens=200, ignore_stops=True)["ids"]) == 200


LETTERS = {"model": {"type": "BPE", "vocab": {chr(97 + i): i for i in range(16)}, "merges": []}, "decoder": {"type": "Fuse"}}


def test_bare_models(models, tmp_path):
    (tmp_path / "tokenizer.json").write_text(json.dumps(LETTERS))
    manager = LiteRTManager()
    manager.load_model(models["counting"])
    assert manager.generate({"input": np.array([[2, 3], [9, 4]])}, max_tokens=3)["output"].tolist() == [[4, 5, 6], [5, 6, 7]]
    assert manager.generate({"input": [1]})["output"].tolist() == [[2, 3, 4, 5, 6, 7, 8, 9]]  # until the context is full
    arrays = {"serving_default_token_ids:0": np.full((1, 8), 3), "serving_default_padding_mask:0": np.ones((1, 8))}
    arrays = {name: array.astype(np.int32) for name, array in arrays.items()}
    assert manager.generate(arrays)["output"].argmax(-1).tolist() == [[4] * 8]
    with pytest.raises(ValueError, match="tokenizer"):
        manager.generate({"prompt": "abc"})
    manager.load_model(models["counting"], tokenizer=tmp_path / "tokenizer.json")
    assert "continued as they are" in manager.explain()
    with pytest.raises(NotImplementedError, match="no chat template"):
        manager.generate({"messages": [{"role": "user", "content": "a"}]})
    assert manager.generate({"prompt": "abc"}, max_tokens=3)["text"] == "def"
    assert list(manager.generate({"prompt": "abc"}, stream=True, stop="g")) == ["d", "e", "f"]


def test_messages_and_templates(tiny):
    manager = LiteRTManager()
    manager.load_model(tiny, num_threads=1, chat_template=TEMPLATE)
    options = {"max_tokens": 5, "ignore_stops": True}
    tokenizer = manager.engine.tokenizer
    by_prompt = manager.generate({"prompt": "ab"}, system="x", **options)
    assert tokenizer.decode(by_prompt["prompt_ids"]) == "[system]x<end>[user]ab<end>[a]"
    messages = [{"role": "system", "content": "x"}, {"role": "user", "content": [{"type": "text", "text": "ab"}]}]
    assert manager.generate({"messages": messages}, **options)["ids"] == by_prompt["ids"]
    plain = manager.generate({"prompt": "ab"}, template=False, **options)
    assert tokenizer.decode(plain["prompt_ids"]) == "ab"
    again = manager.generate({"prompt": "ab"}, **options)
    assert tokenizer.decode(again["prompt_ids"]) == "[user]ab<end>[a]"
    with pytest.raises(ValueError, match="system needs the chat template"):
        manager.generate({"prompt": "ab"}, system="x", template=False)


def test_errors_of_the_manager(tiny, models, tmp_path):
    manager = LiteRTManager()
    manager.load_model(tiny, num_threads=1)
    for inputs, options, words in (
            ({"prompt": ""}, {}, "prompt is empty"),
            ({"prompt": 3}, {}, "is a text, not int"),
            ({"prompt": "a", "input": [1]}, {}, "one of"),
            ({}, {"stream": True}, "one of"),
            ({"text": "a"}, {}, "one of"),
            ({"promt": "a"}, {"max_tokens": 3}, "one of"),
            ({"prompt": "a"}, {"temprature": 1}, "no option 'temprature'; there are: .*temperature"),
            ({"prompt": "a"}, {"temperature": "hot"}, "temperature is a number, not 'hot'"),
            ({"prompt": "a"}, {"temperature": -1.0}, "temperature"),
            ({"prompt": "a"}, {"top_k": 1.5}, "top_k is a whole number"),
            ({"prompt": "a"}, {"stop": [""]}, "stop is a text"),
            ({"prompt": "a\ud800"}, {}, "no Unicode text"),
            ({"messages": []}, {}, "list of dictionaries"),
            ({"messages": [{"role": "user", "content": "a"}]}, {"template": False}, "messages needs the chat template")):
        with pytest.raises(ValueError, match=words):
            manager.generate(inputs, **options)
    with pytest.raises(FileNotFoundError):
        manager.load_model(tmp_path / "missing.litertlm")
    cut = tmp_path / "cut.litertlm"
    cut.write_bytes(Path(tiny).read_bytes()[:5000])
    with pytest.raises(ValueError):
        manager.load_model(cut)
    manager.load_model(models["fixed"])
    with pytest.raises(ValueError, match="no language model"):
        manager.generate({"prompt": "a"})
    with pytest.raises(ValueError, match="no language model"):
        manager.engine


def test_sessions(engine):
    with engine.create_session(apply_prompt_template=False) as session:
        with pytest.raises(RuntimeError, match="no text"):
            session.generate()
        session.run_prefill(["ab", "c"])
        count = session.token_count
        assert session.cached_count >= count - 1 and engine.detokenize(session.ids) == "abc"
        checkpoint, clone = session.save(), session.clone()
        answer = session.generate(max_tokens=6, temperature=1.0, seed=7, ignore_stops=True)
        assert session.token_count == count + 6 and session.ids[count:] == answer["ids"]
        assert clone.generate(max_tokens=6, temperature=1.0, seed=7, ignore_stops=True)["ids"] == answer["ids"]
        session.restore(checkpoint)
        assert session.token_count == count
        chunks = [r.texts[0] for r in session.run_decode_async(max_tokens=6, temperature=1.0, seed=7, ignore_stops=True)]
        assert "".join(chunks) == answer["text"]
        session.rewind(1)
        assert session.token_count == 1
        with pytest.raises(ValueError, match="cannot be cut"):
            session.rewind(5)
    with pytest.raises(RuntimeError, match="session is closed"):
        session.ids


def test_scores_are_log_probabilities(engine):
    with engine.create_session(apply_prompt_template=False) as session:
        session.append("abc")
        greedy = session.generate(max_tokens=3, temperature=0, logprobs=2, ignore_stops=True)
        assert len(greedy["logprobs"]) == 3 and [len(top) for top in greedy["top_logprobs"]] == [2, 2, 2]
        assert [top[0][0] for top in greedy["top_logprobs"]] == greedy["ids"]
        session.rewind(session.token_count - 3)
        assert np.allclose(session.score(greedy["ids"]), greedy["logprobs"], atol=1e-4)
        session.rewind(session.token_count - 3)
        ids = session.ids
        scored = session.run_text_scoring(["a", "bc"], store_token_lengths=True)
        assert scored.token_lengths == [1, 2] and scored.scores[1] == pytest.approx(sum(scored.token_scores[1]))
        assert session.ids == ids
        session.append([1])
        probabilities = []
        for token in range(engine.info["vocabulary"]):
            probabilities.append(np.exp(session.score([token])[0]))
            session.rewind(len(ids) + 1)
        assert sum(probabilities) == pytest.approx(1, abs=1e-3)


def test_templated_sessions(engine):
    with engine.create_session() as session, engine.create_conversation() as conversation:
        session.run_prefill("ab")
        assert engine.detokenize(session.ids) == "[user]ab<end>[a]"
        text = session.run_decode(max_tokens=4, ignore_stops=True).texts[0]
        assert conversation.send_message("ab", max_tokens=4, ignore_stops=True).text == text
        with pytest.raises(RuntimeError, match="apply_prompt_template=False"):
            session.append("x")


def test_conversations(engine):
    options = {"max_tokens": 4, "ignore_stops": True}
    with engine.create_conversation([{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}],
                                    system_message="s") as conversation:
        assert conversation.render_message_to_string("c") == "[system]s<end>[user]a<end>[assistant]b<end>[user]c<end>[a]"
        reply = conversation.send_message("c", **options)
        assert reply["role"] == "assistant" and reply["content"] == [{"type": "text", "text": str(reply)}]
        assert [m["role"] for m in conversation.messages] == ["system", "user", "assistant", "user", "assistant"]
        assert conversation.messages[-1]["content"] == reply.text
        assert conversation.render_message_to_string("d") == "[user]d<end>[a]"
        clone = conversation.clone()
        parts = list(conversation.send_message_async({"role": "user", "content": "d"}, **options))
        assert clone.generate("d", **options)["text"] == "".join(part.text for part in parts)
        before = len(conversation.messages)
        with pytest.raises(ValueError, match="128"):
            conversation.send_message("ab" * 500)
        with pytest.raises(ValueError, match="a message is a text"):
            conversation.send_message(5)
        assert len(conversation.messages) == before
        conversation.rewind(3)
        assert len(conversation.messages) == 3


def test_a_stream_that_is_left(engine):
    with engine.create_conversation() as conversation:
        for piece in conversation.stream("ab", max_tokens=50, ignore_stops=True):
            break
        assert conversation.messages[-1]["content"] == piece
        stream = conversation.stream("ab", max_tokens=50, ignore_stops=True)
        first = next(stream)
        conversation.stream("b", max_tokens=5).close()
        assert list(stream) == [] and stream.answer["text"] == first
        assert stream.answer["finish_reason"] == "cancelled"


def test_tools_are_described(engine):
    def weather(city: str, days: int = 1) -> str:
        """The weather of a city.

        More of it.
        """
        return city * days

    assert litert.tool_from_function(weather) == {"type": "function", "function": {
        "name": "weather", "description": "The weather of a city.", "parameters": {
            "type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
            "required": ["city"]}}}


def test_options_reach_the_model(engine):
    with engine.create_session(apply_prompt_template=False, sampler_config=SamplerConfig(temperature=0)) as session:
        def ids(**options):
            session.rewind(0)
            session.append("abc")
            return session.generate(**{"max_tokens": 6, "ignore_stops": True, **options})["ids"]
        greedy = ids()
        assert ids(temperature=2.0, seed=1) == ids(temperature=2.0, seed=1) != ids(temperature=2.0, seed=2)
        assert ids(temperature=2.0, top_k=1) == greedy == ids(temperature=2.0, min_p=1.0)
        assert greedy[0] not in ids(suppress_tokens=[greedy[0]]) and ids(logit_bias={9: 1e4}) == [9] * 6
        assert ids(stop_ids=[greedy[2]])[-1] == greedy[2]
        assert len(set(ids(logit_bias={9: 50.0, 10: 49.0, 11: 48.0}, presence_penalty=30.0)[:3])) == 3
        text = engine.detokenize(greedy)
        session.rewind(0)
        session.append("abc")
        stopped = session.generate(max_tokens=6, ignore_stops=True, stop=text[2:4])
        assert stopped["finish_reason"] == "stop_text" and stopped["text"] == text[:text.index(text[2:4])]


def test_async(tiny, engine):
    manager = LiteRTManager()
    manager.load_model(tiny, num_threads=1)
    options = {"max_tokens": 20, "ignore_stops": True}
    wanted = manager.generate({"prompt": "abc"}, **options)["text"]

    async def main():
        text = ""
        async for piece in manager.generate({"prompt": "abc"}, stream=True, **options):
            text += piece
        whole, rows, other = await asyncio.gather(
            manager.generate_async({"prompt": "abc"}, **options),
            manager.generate_async({"input": [[5, 6]]}, **options), engine.create_conversation().generate_async("ab", **options))
        session = engine.create_session(apply_prompt_template=False, full_context="slide")
        session.append("abc")
        task = asyncio.ensure_future(session.generate_async(ignore_stops=True))
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return text, whole["text"], rows["output"].shape, len(other["ids"]), session.generate(max_tokens=1)["ids"]

    text, whole, shape, count, after = asyncio.run(main())
    assert text == whole == wanted and shape == (1, 20) and count == 20 and len(after) == 1


def test_cancelling_from_another_thread(engine):
    session = engine.create_session(apply_prompt_template=False, full_context="slide")
    session.append("abc")
    timer = threading.Timer(0.1, session.cancel)
    timer.start()
    began = time.monotonic()
    answer = session.generate(ignore_stops=True)
    assert answer["finish_reason"] == "cancelled" and answer["ids"] and time.monotonic() - began < 5
    assert len(session.generate(max_tokens=3, ignore_stops=True)["ids"]) == 3


def test_cancelling_the_manager(models, tiny):
    manager = LiteRTManager()
    manager.cancel()  # nothing is loaded
    manager.load_model(tiny, num_threads=1)
    stream = manager.generate({"prompt": "abc"}, stream=True, ignore_stops=True)
    first = next(stream)
    other = manager.generate({"prompt": "abc"}, max_tokens=4, ignore_stops=True)  # a session of its own
    assert other["text"].startswith(first)
    manager.cancel()
    rest = "".join(stream)
    assert stream.answer["finish_reason"] == "cancelled" and stream.answer["text"] == first + rest
    manager.cancel()  # nothing is under way
    assert manager.generate({"prompt": "abc"}, max_tokens=4, ignore_stops=True)["ids"] == other["ids"]


def test_threads_run_at_the_same_time(engine):
    session = engine.create_session(apply_prompt_template=False, full_context="slide")
    session.append("abc")
    results, failures = [], []

    def run(mine):
        try:
            results.append(mine.generate(max_tokens=100, ignore_stops=True, seed=3)["ids"])
        except RuntimeError as error:
            failures.append(str(error))
    threads = [threading.Thread(target=run, args=(session.clone(),)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 4 and all(ids == results[0] for ids in results) and not failures


INTERRUPTED = """
import os, signal, sys, threading, time
from litert import Engine
session = Engine(sys.argv[1], num_threads=1).create_session(apply_prompt_template=False, full_context="slide")
session.append("abc")
threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
try:
    session.generate(ignore_stops=True)
except KeyboardInterrupt:
    print("stopped", len(session.generate(max_tokens=2, ignore_stops=True)["ids"]))
"""


def test_keyboard_interrupt(tiny):
    done = subprocess.run([sys.executable, "-c", INTERRUPTED, tiny], stdout=subprocess.PIPE, timeout=60, check=False,
                          universal_newlines=True, stderr=subprocess.PIPE)
    assert done.stdout == "stopped 2\n", done.stderr


def test_keyboard_interrupt_stops_a_long_prefill(shared):
    script = INTERRUPTED.replace('append("abc")', 'append([5] * 1200)').replace("max_tokens=2", "max_tokens=1")
    script = script.replace("generate(ignore_stops", "run_prefill([]) or session.generate(ignore_stops", 1)
    script = script.replace('print("stopped"', 'late = session.cached_count\n    session.rewind(4)\n    print("stopped", late < 1199')
    done = subprocess.run([sys.executable, "-c", script, str(shared(BUNDLE))], stdout=subprocess.PIPE, timeout=60,
                          check=False, universal_newlines=True, stderr=subprocess.PIPE)
    assert done.stdout == "stopped True 1\n", done.stderr


def test_engines(tiny, models, tmp_path):
    with Engine(tiny, backend=Backend.CPU(thread_count=1), max_num_tokens=64) as engine:
        assert engine.max_num_tokens == 64 and engine.info["vocabulary"] == 96
        assert engine.eos_token_ids == [[95]]
        assert engine.detokenize(engine.tokenize("abc")) == "abc"
    with pytest.raises(RuntimeError, match="engine is closed"):
        engine.tokenize("a")
    with Engine(models["counting"]) as engine:
        assert not engine.info["has_chat_template"] and engine.tokenizer is None
        with pytest.raises(NotImplementedError, match="needs a tokenizer"):
            engine.create_conversation()
    for arguments, kind, words in (
            ({"backend": Backend.GPU()}, NotImplementedError, "no GPU back end"),
            ({"num_threads": 0}, ValueError, "num_threads"), ({"mode": "slow"}, ValueError, "mode is"),
            ({"tokenizer": tmp_path / "none.json"}, FileNotFoundError, "none.json"),
            ({"chat_template": "{% if %}"}, ValueError, "template")):
        with pytest.raises(kind, match=words):
            Engine(tiny, **arguments)
    with pytest.raises(ValueError):
        Engine(models["fixed"])


def test_benchmark(tiny, models, tmp_path):
    def run(*arguments):
        return subprocess.run([sys.executable, "-m", "litert.benchmark", *arguments], stdout=subprocess.PIPE, check=False,
                              stderr=subprocess.PIPE, universal_newlines=True)
    text = run("--model", tiny, "-p", "20", "-d", "5").stdout.splitlines()
    assert [line[:12].strip() for line in text] == ["Model", "Threads", "Load", "First token", "Prefill", "Decode", "Memory"]
    assert text[4].endswith(" 19 tokens") and text[5].endswith(" 4 tokens")
    found = json.loads(run(tiny, "-p", "20", "-d", "5", "--json", "--num-runs", "2").stdout)
    assert {"model", "threads", "load_s", "first_token_s", "prefill_tokens_per_s", "decode_tokens_per_s",
            "peak_rss_bytes"} <= set(found) and found["runs"] == 2 and found["decode_tokens_per_s"] > 0
    assert run(tiny).returncode == 2 and "do not fit the context of 128" in run(tiny).stderr
    assert run(models["fixed"], "-p", "4").returncode == 65


def test_goldens(shared, smollm):
    cases = json.loads(shared("cases/lm/smollm2_q4b32_dev.json").read_text())["cases"][:2]
    for case in cases:
        with smollm.create_session(apply_prompt_template=False) as session:
            session.append(case["prompt"])
            assert session.ids == case["prompt_ids"]
            ids = session.generate(temperature=0, max_tokens=len(case["ids"]))["ids"]
        sure = next((i for i, margin in enumerate(case["top2_margin"]) if margin < 0.05), len(case["ids"]))
        assert ids[:sure] == case["ids"][:sure] and sure > 5


def test_scores_are_those_of_the_peers_interpreter(smollm):
    with smollm.create_session(apply_prompt_template=False) as session:
        session.run_prefill("The capital of France is")
        # ai-edge-litert 2.3.0, Interpreter, signature "decode" token by token, log-softmax in float64
        assert session.run_text_scoring([" Paris"]).scores == pytest.approx([-3.62922], abs=0.005)


def test_a_session_that_is_running_is_refused_to_others(engine):
    session = engine.create_session(apply_prompt_template=False, full_context="slide")
    session.append("abc")
    started, refused = threading.Event(), []

    def meddle():
        started.wait(10)
        while not refused:
            try:
                session.ids
            except RuntimeError as error:
                refused.append(str(error))
        session.cancel()
    thread = threading.Thread(target=meddle)
    thread.start()
    stream = session.stream(ignore_stops=True)
    next(stream)
    started.set()
    for _ in stream:
        pass
    thread.join()
    assert "running in another thread" in refused[0] and stream.answer["finish_reason"] == "cancelled"


def test_a_real_chat(smollm):
    with smollm.create_conversation(system_message="You are a helpful AI assistant.") as conversation:
        answer = conversation.generate("What is the capital of France?", temperature=0, max_tokens=30)
        assert "Paris" in answer["text"] and answer["finish_reason"] == "stop"
        stream = conversation.stream("Write one line with the emoji 😀 and the word 漢字.", temperature=0, max_tokens=20)
        pieces = list(stream)
        # whole characters only, but for the last one where max_tokens has cut it
        assert "".join(pieces) == stream.answer["text"] and "\ufffd" not in "".join(pieces)[:-1]
        assert conversation.generate("Thanks", max_tokens=1)["timings"]["prefill_tokens"] < conversation.token_count / 2
