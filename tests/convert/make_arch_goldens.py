#!/usr/bin/env python3
# make_arch_goldens.py: makes arch_goldens.txt beside it: logits of tiny models of each architecture, by transformers.
# SPDX-License-Identifier: Apache-2.0
"""Usage: make_arch_goldens.py    (needs torch and transformers; made with transformers 5.24)

The weights are not stored: each element comes from a generator that test_convert_llm.c has too, seeded by the tensor's
name. A line "model NAME", then a line per position: the token and the logits after it.
"""
from pathlib import Path

import torch
import transformers as hf

TOKENS = [3, 17, 5, 40, 22, 9, 31, 2, 44, 11, 7, 28]
COMMON = dict(vocab_size=48, hidden_size=32, intermediate_size=48, num_hidden_layers=3, num_attention_heads=4,
              num_key_value_heads=2, max_position_embeddings=64, attention_dropout=0.0)
GEMMA = dict(COMMON, head_dim=16, rms_norm_eps=1e-6, hidden_activation="gelu_pytorch_tanh", tie_word_embeddings=True)
# Windows shorter than the text, so that they matter.
MODELS = {
    "llama": (hf.LlamaConfig, hf.LlamaForCausalLM,
              dict(COMMON, head_dim=8, rms_norm_eps=1e-5, rope_theta=10000.0, tie_word_embeddings=False)),
    "gemma": (hf.GemmaConfig, hf.GemmaForCausalLM, dict(GEMMA, rope_theta=10000.0)),
    "gemma2": (hf.Gemma2Config, hf.Gemma2ForCausalLM,
               dict(GEMMA, rope_theta=10000.0, query_pre_attn_scalar=16, sliding_window=5, attn_logit_softcapping=50.0,
                    final_logit_softcapping=30.0, attn_implementation="eager")),
    "gemma3": (hf.Gemma3TextConfig, hf.Gemma3ForCausalLM,
               dict(GEMMA, num_hidden_layers=7, query_pre_attn_scalar=16, sliding_window=5, rope_theta=1000000.0,
                    rope_local_base_freq=10000.0)),
    "qwen2": (hf.Qwen2Config, hf.Qwen2ForCausalLM,
              dict(COMMON, rms_norm_eps=1e-6, rope_theta=1000000.0, tie_word_embeddings=True)),
    "qwen3": (hf.Qwen3Config, hf.Qwen3ForCausalLM,
              dict(COMMON, head_dim=16, rms_norm_eps=1e-6, rope_theta=1000000.0, tie_word_embeddings=False)),
}


def uniform(name, count):
    """[count] numbers in [-0.5, 0.5), the same as those of the C test."""
    state = 2166136261
    for byte in name.encode():
        state = (state ^ byte) * 16777619 & 0xFFFFFFFF
    values = []
    for _ in range(count):
        state = (state * 1664525 + 1013904223) & 0xFFFFFFFF
        values.append((state >> 8) / 16777216 - 0.5)
    return values


def fill(model, centred):
    """centred: norms are stored as the difference from 1."""
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            values = torch.tensor(uniform(name, parameter.numel()), dtype=torch.float32).reshape(parameter.shape)
            is_norm = "norm" in name
            parameter.copy_(values * (0.5 if is_norm else 0.8) + (1.0 if is_norm and not centred else 0.0))


def main():
    lines = []
    for name, (config, kind, options) in MODELS.items():
        model = kind(config(**options)).float().eval()
        fill(model, name.startswith("gemma"))
        with torch.no_grad():
            logits = model(torch.tensor([TOKENS])).logits[0]
        lines.append(f"model {name}")
        for token, row in zip(TOKENS, logits):
            lines.append(" ".join([str(token)] + [f"{value:.7g}" for value in row.tolist()]))
    (Path(__file__).parent / "arch_goldens.txt").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
