/* gguf_tokenizer.h: the tokenizer in a GGUF file's keys, as the file it was before. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_CONVERT_GGUF_TOKENIZER_H
#define LRT_CONVERT_GGUF_TOKENIZER_H

#include "base/str.h"
#include "formats/bundle_sections.h"
#include "formats/gguf.h"

/* Appends a SentencePiece model (*kind SENTENCEPIECE) or a tokenizer.json (HF_TOKENIZER_ZLIB, not compressed yet).
 * Errors: INVALID_MODEL for missing or misshapen keys; UNSUPPORTED for kinds of tokenizers and pre-tokenizers that are
 * not known; all named. */
lrt_status lrt_gguf_tokenizer_write(const lrt_gguf *file, lrt_str *out, lrt_section_kind *kind,
                                    lrt_error *err);

#endif
