# tiny_gguf.py: writes a small GGUF language model with random weights, with the standard library only.
# SPDX-License-Identifier: Apache-2.0
import random
import struct

U32, I32, F32, STRING, ARRAY = 4, 5, 6, 8, 9
WIDTH, FF, HEADS, LAYERS, VOCABULARY = 64, 64, 2, 2, 96


def text(value):
    raw = value.encode()
    return struct.pack("<Q", len(raw)) + raw


def value(item):
    if isinstance(item, str):
        return STRING, text(item)
    if isinstance(item, int):
        return U32, struct.pack("<I", item)
    if isinstance(item, float):
        return F32, struct.pack("<f", item)
    kind, pack = (STRING, text) if isinstance(item[0], str) else (I32, lambda number: struct.pack("<i", number))
    return ARRAY, struct.pack("<IQ", kind, len(item)) + b"".join(map(pack, item))


def keys():
    return {
        "general.architecture": "llama", "llama.block_count": LAYERS, "llama.context_length": 128,
        "llama.embedding_length": WIDTH, "llama.feed_forward_length": FF, "llama.attention.head_count": HEADS,
        "llama.attention.head_count_kv": 1, "llama.attention.layer_norm_rms_epsilon": 1e-5,
        "tokenizer.ggml.model": "gpt2", "tokenizer.ggml.pre": "gpt-2",
        "tokenizer.ggml.tokens": [chr(33 + i) for i in range(VOCABULARY - 4)] + ["ab", "\u0120", "\u010a", "<end>"],
        "tokenizer.ggml.token_type": [1] * (VOCABULARY - 1) + [3], "tokenizer.ggml.merges": ["a b"],
        "tokenizer.ggml.eos_token_id": VOCABULARY - 1,
        "tokenizer.chat_template": "{{ messages[0]['content'] }}"}


def shapes():
    """{name: (rows or None, columns)}"""
    found = {"token_embd.weight": (VOCABULARY, WIDTH), "output_norm.weight": (None, WIDTH)}
    for i in range(LAYERS):
        found.update({f"blk.{i}.{name}.weight": shape for name, shape in {
            "attn_norm": (None, WIDTH), "ffn_norm": (None, WIDTH), "attn_q": (WIDTH, WIDTH), "attn_k": (32, WIDTH),
            "attn_v": (32, WIDTH), "attn_output": (WIDTH, WIDTH), "ffn_gate": (FF, WIDTH), "ffn_up": (FF, WIDTH),
            "ffn_down": (WIDTH, FF)}.items()})
    return found


def model(seed=1, leave_out=(), more=()):
    """The bytes of the file, without the tensors named, with more keys."""
    rng = random.Random(seed)
    head, records, data = b"", b"", b""
    pairs = {**keys(), **dict(more)}
    tensors = {name: shape for name, shape in shapes().items() if name not in leave_out}
    for name, item in pairs.items():
        kind, raw = value(item)
        head += text(name) + struct.pack("<I", kind) + raw
    for name, (rows, columns) in tensors.items():
        dims = [columns] if rows is None else [columns, rows]
        data += bytes(-len(data) % 32)
        records += text(name) + struct.pack(f"<I{len(dims)}QIQ", len(dims), *dims, 0, len(data))
        count = columns * (rows or 1)
        data += struct.pack(f"<{count}f", *(1.0 if rows is None else rng.gauss(0, 0.2) for _ in range(count)))
    head = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(pairs)) + head + records
    return head + bytes(-len(head) % 32) + data
