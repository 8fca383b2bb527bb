/* llm_metadata.h: what a bundle says about its language model: tokens, prompt affixes, template, sampler, state buffers. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_FORMATS_LLM_METADATA_H
#define LRT_FORMATS_LLM_METADATA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

/* The protocol buffers LlmMetadata and ExecutorMetadata (package litert.lm.proto) as records that live in an arena.
 * Texts are UTF-8 without NUL characters, NUL-terminated; NULL where the message does not have the field. Numbers are
 * as the file has them: ids and sizes may be negative or beyond any vocabulary. */

/* A token by its spelling or by its ids; both empty where the message is absent. */
typedef struct lrt_token_union {
  const char *text;   /* NULL: by ids */
  const int32_t *ids; /* [count] */
  size_t count;
} lrt_token_union;

/* What stands before and after a turn of one role. */
typedef struct lrt_prompt_affixes {
  bool is_set;
  const char *prefix, *suffix;
} lrt_prompt_affixes;

typedef enum lrt_sampler_type {
  LRT_SAMPLER_UNSPECIFIED = 0,
  LRT_SAMPLER_TOP_K = 1,
  LRT_SAMPLER_TOP_P = 2,
  LRT_SAMPLER_GREEDY = 3
} lrt_sampler_type;

typedef struct lrt_sampler_parameters {
  bool is_set;
  int32_t type; /* lrt_sampler_type, or a newer number */
  int32_t k;
  float p, temperature;
  bool has_seed;
  int32_t seed;
  int32_t backend; /* 1 CPU, 2 GPU */
  bool exact_log_probs;
} lrt_sampler_parameters;

/* A marked stretch of an answer, such as thinking. */
typedef struct lrt_llm_channel {
  const char *name, *start, *end;
  bool is_reasoning;
} lrt_llm_channel;

/* X(NAME, number in LlmModelType, "name") */
#define LRT_LLM_TYPE_LIST(X)                                                                                 \
  X(UNSPECIFIED, 0, "unspecified")                                                                           \
  X(GENERIC, 1, "generic_model")                                                                             \
  X(GEMMA3N, 2, "gemma3n")                                                                                   \
  X(FUNCTION_GEMMA, 3, "function_gemma")                                                                     \
  X(GEMMA3, 4, "gemma3")                                                                                     \
  X(QWEN3, 5, "qwen3")                                                                                       \
  X(QWEN2P5, 7, "qwen2p5")                                                                                   \
  X(GEMMA4, 8, "gemma4")                                                                                     \
  X(FAST_VLM, 9, "fast_vlm")                                                                                 \
  X(LFM2, 11, "lfm2")                                                                                        \
  X(MINICPM5, 12, "minicpm5")                                                                                \
  X(MINICPMV4, 13, "minicpmv4")

typedef enum lrt_llm_type {
#define LRT_LLM_TYPE_ENUM(name, number, text) LRT_LLM_TYPE_##name = number,
  LRT_LLM_TYPE_LIST(LRT_LLM_TYPE_ENUM)
#undef LRT_LLM_TYPE_ENUM
} lrt_llm_type;

typedef enum lrt_llm_trait_kind {
  LRT_LLM_TRAIT_TEXT,
  LRT_LLM_TRAIT_NUMBER, /* also booleans and enumerations */
  LRT_LLM_TRAIT_TOKEN
} lrt_llm_trait_kind;

/* One field of the model type's own message (llm_model_type.def), such as code_fence_start = "```tool_code\n". */
typedef struct lrt_llm_trait {
  const char *name;
  lrt_llm_trait_kind kind;
  const char *text;
  double number;
  lrt_token_union token;
} lrt_llm_trait;

typedef struct lrt_llm_metadata {
  lrt_token_union start_token, pad_token;
  const lrt_token_union *stop_tokens; /* [stop_token_count] */
  size_t stop_token_count;
  lrt_prompt_affixes user, model, system;
  lrt_sampler_parameters sampler;
  int32_t max_num_tokens;      /* 0: not given */
  uint32_t model_type;         /* lrt_llm_type, or a newer number */
  const lrt_llm_trait *traits; /* [trait_count], in the order of the file */
  size_t trait_count;
  const char *jinja_template;
  const lrt_llm_channel *channels; /* [channel_count] */
  size_t channel_count;
  const int32_t *suppress_tokens; /* [suppress_token_count] */
  size_t suppress_token_count;
  bool has_kv_cache_init_value;
  int64_t kv_cache_init_value;
  bool supports_thinking, supports_function_calling;
  const char *min_runtime_version;
} lrt_llm_metadata;

typedef enum lrt_state_buffer_type {
  LRT_STATE_BUFFER_UNSPECIFIED = 0,
  LRT_STATE_BUFFER_GLOBAL_KEY = 1,
  LRT_STATE_BUFFER_GLOBAL_VALUE = 2,
  LRT_STATE_BUFFER_LOCAL_KEY = 3,
  LRT_STATE_BUFFER_LOCAL_VALUE = 4,
  LRT_STATE_BUFFER_LINEAR_ATTENTION = 5
} lrt_state_buffer_type;

/* A tensor that the signatures hand on from call to call. */
typedef struct lrt_state_buffer {
  const char *prefill_input, *prefill_output, *decode_input, *decode_output;
  int32_t policy;
  int32_t type; /* lrt_state_buffer_type, or a newer number */
  bool has_sequence_axis, has_minimum_length, has_maximum_length;
  int32_t sequence_axis, minimum_length, maximum_length; /* lengths in tokens */
} lrt_state_buffer;

typedef struct lrt_executor_metadata {
  bool has_max_history_size;
  int32_t max_history_size;              /* in tokens; -1: chosen by whoever starts a session */
  const lrt_state_buffer *state_buffers; /* [state_buffer_count] */
  size_t state_buffer_count;
  bool has_mask, has_local_mask, has_sliding_window;
  int32_t mask, local_mask; /* 1 causal, 2 bidirectional, 3 bidirectional for pictures only */
  int32_t sliding_window;   /* in tokens */
} lrt_executor_metadata;

/* Reads a message of `length` bytes; `out` points into `arena` and does not refer to `bytes`. Unknown fields are skipped,
 * as protocol buffers want it. Errors: INVALID_MODEL names the message and field; OUT_OF_MEMORY, OVER_BUDGET. */
lrt_status lrt_llm_metadata_read(const void *bytes, size_t length, lrt_arena *arena, lrt_llm_metadata *out,
                                 lrt_error *err);
lrt_status lrt_executor_metadata_read(const void *bytes, size_t length, lrt_arena *arena,
                                      lrt_executor_metadata *out, lrt_error *err);

/* "gemma3"; "unknown" for numbers beyond the list. */
const char *lrt_llm_type_name(uint32_t model_type);
/* The last trait of that name; NULL where the message does not have it. */
const lrt_llm_trait *lrt_llm_metadata_trait(const lrt_llm_metadata *metadata, const char *name);

#endif
