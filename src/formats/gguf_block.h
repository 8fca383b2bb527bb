/* gguf_block.h: the element types of GGUF tensors: blocks of quantized numbers, and how they become floats. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_FORMATS_GGUF_BLOCK_H
#define LRT_FORMATS_GGUF_BLOCK_H

#include <stddef.h>
#include <stdint.h>

typedef enum lrt_gguf_known_type {
#define X(name, number, elements, bytes) LRT_GGUF_TYPE_##name = number,
#include "formats/gguf_block.def"
#undef X
} lrt_gguf_known_type;

/* A number from the file: one of the enumeration, checked by the reader. */
typedef uint32_t lrt_gguf_type;

/* "Q4_K"; NULL for numbers that are not in gguf_block.def. */
const char *lrt_gguf_type_name(uint32_t type);
/* Elements and bytes of one block; 0 for unknown types. */
uint32_t lrt_gguf_block_elements(uint32_t type);
uint32_t lrt_gguf_block_bytes(uint32_t type);

/* Elements as float. blocks: [count / elements of a block] blocks, perhaps unaligned; count: a multiple of the block's
 * elements; out: [count]. The types are defined by the sums written beside each loop, in float, as the format's own
 * tools compute them; integers and F64 are rounded to float. */
void lrt_gguf_block_widen(uint32_t type, const uint8_t *blocks, size_t count, float *out);

#endif
