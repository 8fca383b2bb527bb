#!/usr/bin/env python3
# make_gguf_vectors.py: makes gguf_blocks.txt and ../gguf_sample.h with the gguf package, which wrote the format.
# SPDX-License-Identifier: Apache-2.0
"""Usage: make_gguf_vectors.py    (needs numpy and gguf; made with gguf 0.17 and later)

gguf_blocks.txt: a line per block of random bytes: type number, the bytes in hex, and the floats that the package's own
dequantization gives, as the hex of their bits. gguf_sample.h: a whole small file.
"""
import os
import tempfile
from pathlib import Path

import gguf
import numpy as np

HERE = Path(__file__).parent
TYPES = ("F32 F16 Q4_0 Q4_1 Q5_0 Q5_1 Q8_0 Q2_K Q3_K Q4_K Q5_K Q6_K IQ4_NL IQ4_XS BF16 TQ1_0 TQ2_0 MXFP4").split()
# Where the half-precision scales of a block stand: random bits there may be NaN, which equals nothing.
SCALES = {"Q4_0": [0], "Q4_1": [0, 2], "Q5_0": [0], "Q5_1": [0, 2], "Q8_0": [0], "Q2_K": [80, 82], "Q3_K": [108],
          "Q4_K": [0, 2], "Q5_K": [0, 2], "Q6_K": [208], "IQ4_NL": [0], "IQ4_XS": [0], "TQ1_0": [52], "TQ2_0": [64],
          "F16": [0]}


def block_lines(rng):
    for name in TYPES:
        kind = gguf.GGMLQuantizationType[name]
        _, size = gguf.GGML_QUANT_SIZES[kind]
        for _ in range(2):
            block = rng.integers(0, 256, size, dtype=np.uint8)
            for at in SCALES.get(name, []):
                block[at:at + 2] = np.frombuffer(np.float16(rng.normal()).tobytes(), np.uint8)
            if name in ("F32", "BF16"):
                block = np.frombuffer(np.float32(rng.normal()).tobytes(), np.uint8)[-size:]
            floats = gguf.quants.dequantize(block, kind).astype("<f4").ravel()
            yield f"{kind.value} {block.tobytes().hex()} {floats.tobytes().hex()}"


def sample():
    """A file with every kind of value and four tensors."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "sample.gguf")
        writer = gguf.GGUFWriter(path, "toy")
        writer.add_uint8("u8", 200)
        writer.add_int8("i8", -5)
        writer.add_uint16("u16", 60000)
        writer.add_int16("i16", -3000)
        writer.add_uint32("u32", 4000000000)
        writer.add_int32("i32", -2000000000)
        writer.add_uint64("u64", 1 << 63)
        writer.add_int64("i64", -(1 << 40))
        writer.add_float32("f32", 1.5)
        writer.add_float64("f64", -0.1)
        writer.add_bool("yes", True)
        writer.add_string("text", "Grüße")
        writer.add_array("words", ["one", "", "three"])
        writer.add_array("numbers", [3, -1, 4])
        writer.add_tensor("a", np.arange(6, dtype=np.float32).reshape(2, 3))
        writer.add_tensor("half", np.array([0.5, -2], np.float16))
        quantized = gguf.quants.quantize(np.linspace(-1, 1, 64, dtype=np.float32).reshape(2, 32),
                                         gguf.GGMLQuantizationType.Q8_0)
        writer.add_tensor("q", quantized, raw_dtype=gguf.GGMLQuantizationType.Q8_0)
        writer.add_tensor("scalar", np.array([7], np.int32))
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
        return Path(path).read_bytes()


if __name__ == "__main__":
    (HERE / "gguf_blocks.txt").write_text("\n".join(block_lines(np.random.default_rng(7))) + "\n")
    rows = sample()
    body = "".join("    " + ", ".join(f"0x{b:02x}" for b in rows[i:i + 17]) + ",\n" for i in range(0, len(rows), 17))
    (HERE.parent / "gguf_sample.h").write_text(f"""/* gguf_sample.h: a small GGUF file made by formats/make_gguf_vectors.py: every kind of value, four tensors. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_TESTS_GGUF_SAMPLE_H
#define LRT_TESTS_GGUF_SAMPLE_H

#include <stdint.h>

/* clang-format off */
static const uint8_t sample_gguf[] = {{
{body}}};
/* clang-format on */

#endif
""")
