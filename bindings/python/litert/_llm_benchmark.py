# _llm_benchmark.py: load, time to the first token, prefill and decode speed of a language model.
# SPDX-License-Identifier: Apache-2.0
"""The half of ``python -m litert.benchmark`` that measures language models."""
from __future__ import annotations

import argparse
import os
import resource
import time
from typing import Any, Callable, Dict, List, Optional

from . import _language, _models, errors
from .engine import Engine


class LanguageMeasurement:
    """One language model being measured; of several runs the best counts."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.prefill = 256 if options.prefill_tokens is None else options.prefill_tokens
        self.decode = 256 if options.decode_tokens is None else options.decode_tokens
        self.runs = options.num_runs if options.num_runs < 50 else 3
        self.threads = options.num_threads or len(os.sched_getaffinity(0))
        self.mode = str(options.mode or ("ref" if os.environ.get("LITERT_MODE") == "ref" else "fast"))
        began = time.perf_counter()
        self.engine = Engine(options.model, num_threads=options.num_threads or None, mode=self.mode)
        self.load_s = time.perf_counter() - began
        self.session_s = 0.0
        self.timings: List[Dict[str, Any]] = []

    def run(self) -> None:
        """Answers as many prompts as there are runs, none of which begins like another.

        Raises:
            InvalidArgumentError: the tokens do not fit the context.
        """
        if self.prefill + self.decode > self.engine.max_num_tokens:
            raise errors.InvalidArgumentError(f"{self.prefill + self.decode} tokens do not fit the context of "
                                              f"{self.engine.max_num_tokens} positions")
        began = time.perf_counter()
        session = self.engine.create_session(apply_prompt_template=False)
        self.session_s = time.perf_counter() - began
        vocabulary = self.engine.info["vocabulary"]
        for run in range(self.runs):
            session.rewind(0)
            session.append([(100 + run * 31 + i * 7919) % vocabulary for i in range(self.prefill)])
            answer = session.generate(temperature=0, max_tokens=self.decode, ignore_stops=True)
            self.timings.append(answer["timings"])

    def _best(self, key: str) -> float:
        return min(float(timings[key]) for timings in self.timings)

    def _rate(self, tokens: str, seconds: str) -> float:
        best = self._best(seconds)
        return self.timings[-1][tokens] / best if best > 0 else 0.0

    def results(self) -> Dict[str, Any]:
        """The figures as ``litert benchmark --json`` has them."""
        info, memory = self.engine.info, self.engine.memory()
        return {"model": info["name"], "threads": self.threads, "mode": self.mode, "load_s": self.load_s,
                "session_s": self.session_s, "first_token_s": self.timings[0]["first_token_s"],
                "best_first_token_s": self._best("first_token_s"),
                "prefill_tokens": self.timings[-1]["prefill_tokens"],
                "prefill_tokens_per_s": self._rate("prefill_tokens", "prefill_s"),
                "decode_tokens": self.timings[-1]["decode_tokens"],
                "decode_tokens_per_s": self._rate("decode_tokens", "decode_s"), "runs": self.runs,
                "cache_bytes": info["cache_bytes"], "packed_bytes": memory["packed"],
                "peak_rss_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}

    def lines(self, seconds: Callable[[float], str], size: Callable[[int], str]) -> List[str]:
        """The figures for people; ``seconds`` and ``size`` write times and bytes."""
        found = self.results()
        return [
            f"Model       {found['model']}, {size(self.engine.memory()['mapped'])}",
            f"Threads     {found['threads']}, {found['mode']} mode",
            f"Load        {seconds(self.load_s)}, session {seconds(self.session_s)}",
            f"First token {seconds(found['first_token_s'])} ({seconds(found['best_first_token_s'])} with plans made before)",
            f"Prefill     {found['prefill_tokens_per_s']:.1f} tokens/s, {found['prefill_tokens']} tokens",
            f"Decode      {found['decode_tokens_per_s']:.1f} tokens/s, {found['decode_tokens']} tokens",
            f"Memory      cache {size(found['cache_bytes'])}, packed weights {size(found['packed_bytes'])}, "
            f"peak of the process {size(found['peak_rss_bytes'])}"]


def measure(options: argparse.Namespace) -> Optional[LanguageMeasurement]:
    """The figures of a language model; None for other models, and where a signature or operators are to be measured."""
    asked = options.prefill_tokens is not None or options.decode_tokens is not None
    if not asked and (options.signature is not None or options.enable_op_profiling):
        return None
    if not asked and not _language.is_likely(_models.open_file(options.model)):
        return None
    try:
        measurement = LanguageMeasurement(options)
    except errors.LitertError:
        if asked or not _language.is_bare(options.model):
            raise
        return None  # signatures that take tokens, but no language model: measured as any other model
    measurement.run()
    return measurement
