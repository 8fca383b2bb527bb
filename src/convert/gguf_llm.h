/* gguf_llm.h: a language model in a GGUF file as a checkpoint. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_CONVERT_GGUF_LLM_H
#define LRT_CONVERT_GGUF_LLM_H

#include "convert/llm_spec.h"
#include "formats/gguf.h"

/* Reads the numbers of the architecture and finds every weight. `file` must outlive the result; what is allocated lives in
 * the arena. Errors: UNSUPPORTED for architectures that are not in llm_architecture.def and for tensors the graph has no
 * place for; INVALID_MODEL for missing or misshapen tensors and keys, which are named. */
lrt_status lrt_gguf_llm_open(const lrt_gguf *file, lrt_arena *arena, lrt_llm_source *out, lrt_error *err);

#endif
