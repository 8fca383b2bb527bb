/* llm_spec.h: what a decoder-only language model is made of: its numbers, and where its weights come from. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_CONVERT_LLM_SPEC_H
#define LRT_CONVERT_LLM_SPEC_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "litert/status.h"

typedef enum lrt_llm_activation { LRT_LLM_SILU = 0, LRT_LLM_GELU_TANH } lrt_llm_activation;

typedef struct lrt_llm_spec {
  const char *architecture; /* "llama", "gemma3" … */
  int32_t layers, width, heads, kv_heads, head_dim, ff_width, vocabulary;
  float norm_epsilon;
  float embedding_scale; /* factor of embedding rows */
  float query_scale;     /* factor of queries */
  lrt_llm_activation activation;
  bool qk_norm;    /* RMS norm of each head's query and key before the rotation */
  bool post_norms; /* RMS norms behind attention and behind the feed-forward part too */
  bool qkv_bias;
  bool tied;           /* the output matrix is the embedding */
  float attention_cap; /* scores become cap * tanh(score / cap); 0 = none */
  float logit_cap;     /* the same of logits */
  float rope_theta;    /* base of the rotation's frequencies */
  float rope_factor;   /* positions are divided by it; 1 = none */
  int32_t
      window; /* positions that local layers look back on, themselves included; 0 = all layers are global */
  int32_t global_every; /* with a window: layers n - 1, 2n - 1, … are global */
  float local_rope_theta;
  int32_t trained_context; /* positions; 0 = not known */
} lrt_llm_spec;

static inline bool lrt_llm_layer_is_local(const lrt_llm_spec *spec, int32_t layer) {
  return spec->window > 0 && (spec->global_every <= 0 || (layer + 1) % spec->global_every != 0);
}

/* X(NAME, "name for messages", is a matrix) */
#define LRT_LLM_WEIGHT_LIST(X)                                                                               \
  X(EMBEDDING, "embedding", true)                                                                            \
  X(OUTPUT, "output", true)                                                                                  \
  X(FINAL_NORM, "final norm", false)                                                                         \
  X(ATTENTION_NORM, "attention norm", false)                                                                 \
  X(QUERY, "query", true)                                                                                    \
  X(KEY, "key", true)                                                                                        \
  X(VALUE, "value", true)                                                                                    \
  X(QUERY_BIAS, "query bias", false)                                                                         \
  X(KEY_BIAS, "key bias", false)                                                                             \
  X(VALUE_BIAS, "value bias", false)                                                                         \
  X(QUERY_NORM, "query norm", false)                                                                         \
  X(KEY_NORM, "key norm", false)                                                                             \
  X(ATTENTION_OUTPUT, "attention output", true)                                                              \
  X(POST_ATTENTION_NORM, "norm behind attention", false)                                                     \
  X(FF_NORM, "feed-forward norm", false)                                                                     \
  X(GATE, "gate", true)                                                                                      \
  X(UP, "up", true)                                                                                          \
  X(DOWN, "down", true)                                                                                      \
  X(POST_FF_NORM, "norm behind feed-forward", false)

typedef enum lrt_llm_weight {
#define LRT_LLM_WEIGHT_ENUM(name, text, matrix) LRT_LLM_##name,
  LRT_LLM_WEIGHT_LIST(LRT_LLM_WEIGHT_ENUM)
#undef LRT_LLM_WEIGHT_ENUM
      LRT_LLM_WEIGHT_COUNT
} lrt_llm_weight;

/* A checkpoint whatever its file: rows of matrices [out][in] as floats, in the order of the original checkpoints (halves
 * rotate against each other), norms as the factor that is applied. Vectors are matrices of one row. Layer -1: not
 * part of a layer. */
typedef struct lrt_llm_source {
  lrt_llm_spec spec;
  void *cookie;
  /* Rows [first, first + count) into out: [count][columns]. Errors name the tensor of the file. */
  lrt_status (*rows)(void *cookie, lrt_llm_weight weight, int32_t layer, int64_t first, int64_t count,
                     float *out, lrt_error *err);
} lrt_llm_source;

/* Rows and columns of a weight in a model of that spec. */
void lrt_llm_weight_size(const lrt_llm_spec *spec, lrt_llm_weight weight, int64_t *rows, int64_t *columns);
const char *lrt_llm_weight_name(lrt_llm_weight weight);
/* Fails (UNSUPPORTED or INVALID_MODEL) with one sentence for numbers that no graph can be made of. */
lrt_status lrt_llm_spec_check(const lrt_llm_spec *spec, lrt_error *err);

#endif
