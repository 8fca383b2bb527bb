/* llm_layout.h: how tokens go into a model and logits come out: its family, signatures, caches and context. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_LLM_LAYOUT_H
#define LRT_LLM_LAYOUT_H

#include <stdbool.h>

#include "base/arena.h"
#include "formats/llm_metadata.h"
#include "litert/model.h"
#include "litert/state.h"

/* X(NAME, "inputs as messages and lrt_engine_info name them") */
#define LRT_LLM_FAMILY_LIST(X)                                                                               \
  X(TOKENS_MASK, "tokens,input_pos,mask")                                                                    \
  X(TOKENS, "tokens,input_pos")                                                                              \
  X(TOKEN_IDS, "token_ids,positions,attn_mask")                                                              \
  X(EMBEDDINGS, "embeddings,input_pos,mask")                                                                 \
  X(PER_LAYER, "embeddings,per_layer_embeddings,input_pos,mask")                                             \
  X(STATELESS, "token_ids,padding_mask")

typedef enum lrt_llm_family {
#define LRT_LLM_FAMILY_ENUM(name, text) LRT_FAMILY_##name,
  LRT_LLM_FAMILY_LIST(LRT_LLM_FAMILY_ENUM)
#undef LRT_LLM_FAMILY_ENUM
} lrt_llm_family;

/* A tensor of a signature; tensor -1 = it has none. */
typedef struct lrt_llm_port {
  int32_t tensor;
  lrt_type type;
  lrt_shape shape;
} lrt_llm_port;

/* One signature: a pass of `width` tokens. */
typedef struct lrt_llm_entry {
  int32_t signature, subgraph;
  int32_t width;
  int32_t logit_rows; /* 0 = none, else width: one row per token */
  int32_t length;     /* positions of the mask, or else of the first cache's longest dimension; 0 = none */
  int32_t positions_count; /* width, or 1: only the first position goes in */
  lrt_llm_port tokens, embeddings, per_layer, positions, mask, padding, logits;
} lrt_llm_entry;

typedef struct lrt_llm_layout {
  lrt_llm_family family;
  const lrt_llm_entry *entries; /* [entry_count] by width, ascending */
  int32_t entry_count;
  const lrt_llm_entry *decode; /* the narrowest entry with logits */
  int32_t context;
  int32_t vocabulary;
  const lrt_state_pair *pairs; /* [pair_count] caches */
  int32_t pair_count;
  bool recurrent; /* some state has no positions: it cannot be rewound, and no pass may be padded */
  const char *cache_layout;
} lrt_llm_layout;

/* Looks at every signature of the model (subgraph 0 where it has none); `executor` names caches whose outputs have other
 * names than their inputs. Of signatures with caches of several lengths those of the shortest that holds `wanted`
 * positions are taken, else (and for wanted 0) of the longest. Errors: INVALID_MODEL, UNSUPPORTED. */
lrt_status lrt_llm_layout_find(const lrt_model *model, const lrt_executor_metadata *executor, int32_t wanted,
                               lrt_arena *arena, lrt_llm_layout *out, lrt_error *err);
const char *lrt_llm_family_name(lrt_llm_family family);

#endif
