/* feed.c: one pass through the model: tokens, positions and mask go in, caches move on, logits come out. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/fail.h"
#include "llm/llm_object.h"

/* Hidden positions of an additive mask: exp of it is exactly 0 beside any visible score, and a sum with a score stays
 * finite in f32. */
#define HIDDEN (-1e9f)

static void *data_of(const lrt_llm_runner *runner, const lrt_llm_entry *entry, const lrt_llm_port *port) {
  lrt_tensor_view view = {LRT_FLOAT32, {0, {0}}, NULL, 0};
  if (port->tensor >= 0) lrt_interpreter_tensor(runner->it, entry->subgraph, port->tensor, &view, NULL);
  return view.data;
}

static void put_integer(void *data, lrt_type type, int64_t at, int64_t value) {
  if (type == LRT_INT64)
    ((int64_t *)data)[at] = value;
  else
    ((int32_t *)data)[at] = (int32_t)value;
}

/* Padding goes in as token 0 at the positions that follow: nobody sees what it leaves in the cache, because every
 * position is written again before the first token that may see it. */
static void put_tokens(const lrt_llm_runner *runner, const lrt_llm_entry *entry, const int32_t *ids,
                       int32_t count) {
  void *tokens = data_of(runner, entry, &entry->tokens);
  for (int32_t i = 0; tokens != NULL && i < entry->width; i++)
    put_integer(tokens, entry->tokens.type, i, i < count ? ids[i] : 0);
}

static lrt_status put_embeddings(const lrt_engine *engine, const lrt_llm_runner *runner,
                                 const lrt_llm_entry *entry, const int32_t *ids, int32_t count,
                                 lrt_error *err) {
  float *rows = data_of(runner, entry, &entry->embeddings),
        *layers = data_of(runner, entry, &entry->per_layer);
  const int32_t padding = entry->width - count;
  if (rows != NULL) LRT_TRY(lrt_llm_embed(&engine->embedder, runner->embed, ids, count, padding, rows, err));
  if (layers == NULL) return LRT_OK;
  return lrt_llm_embed(&engine->layer_embedder, runner->embed_layers, ids, count, padding, layers, err);
}

static void put_positions(const lrt_llm_runner *runner, const lrt_llm_entry *entry, int32_t position) {
  void *positions = data_of(runner, entry, &entry->positions);
  for (int32_t i = 0; positions != NULL && i < entry->positions_count; i++)
    put_integer(positions, entry->positions.type, i, position + i);
}

/* Token i of the pass sees the positions up to its own: true in a bool mask, 0 in an additive one. */
static void put_mask(const lrt_llm_runner *runner, const lrt_llm_entry *entry, int32_t position) {
  void *mask = data_of(runner, entry, &entry->mask);
  if (mask == NULL) return;
  const int32_t length = entry->mask.shape.dims[entry->mask.shape.rank - 1];
  for (int32_t i = 0; i < entry->width; i++) {
    const int32_t seen = position + i + 1 < length ? position + i + 1 : length;
    const size_t row = (size_t)i * (size_t)length;
    if (entry->mask.type == LRT_BOOL) {
      memset((uint8_t *)mask + row, 1, (size_t)seen);
      memset((uint8_t *)mask + row + seen, 0, (size_t)(length - seen));
    } else {
      float *at = (float *)mask + row;
      memset(at, 0, (size_t)seen * sizeof *at);
      for (int32_t k = seen; k < length; k++) at[k] = HIDDEN;
    }
  }
}

/* 1 for tokens, 0 for padding. */
static void put_padding(const lrt_llm_runner *runner, const lrt_llm_entry *entry, int32_t count) {
  void *padding = data_of(runner, entry, &entry->padding);
  for (int32_t i = 0; padding != NULL && i < entry->width; i++) {
    const int there = i < count;
    switch (entry->padding.type) {
    case LRT_BOOL: ((uint8_t *)padding)[i] = (uint8_t)there; break;
    case LRT_FLOAT32: ((float *)padding)[i] = (float)there; break;
    default: put_integer(padding, entry->padding.type, i, there); break;
    }
  }
}

lrt_status lrt_llm_feed(lrt_engine *engine, lrt_llm_runner *runner, lrt_state *state,
                        const lrt_llm_entry *entry, const int32_t *ids, int32_t count, int32_t position,
                        lrt_error *err) {
  if (state != NULL) LRT_TRY(lrt_interpreter_use_state(runner->it, state, err));
  LRT_TRY(lrt_interpreter_allocate(runner->it, entry->subgraph, err));
  put_tokens(runner, entry, ids, count);
  LRT_TRY(put_embeddings(engine, runner, entry, ids, count, err));
  put_positions(runner, entry, position);
  put_mask(runner, entry, position);
  put_padding(runner, entry, count);
  return lrt_interpreter_invoke(runner->it, entry->subgraph, err);
}

const float *lrt_llm_logits(const lrt_engine *engine, const lrt_llm_runner *runner,
                            const lrt_llm_entry *entry, int32_t row) {
  const float *logits = data_of(runner, entry, &entry->logits);
  return logits != NULL ? logits + (size_t)row * (size_t)engine->layout.vocabulary : NULL;
}
