/* embedder.c: finds an embedder's signatures and runs them over a chunk of tokens. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "llm/embedder.h"

#include <string.h>
#include <strings.h>

#include "base/fail.h"

/* ---- opening ---- */

static int32_t find_section(const lrt_parts *parts, const char *name) {
  lrt_part_info info;
  for (int32_t i = 0; lrt_parts_info(parts, i, &info) == LRT_OK; i++)
    if (strcmp(info.kind, "tflite_model") == 0 && strcasecmp(info.name, name) == 0) return i;
  return -1;
}

static lrt_status port_of(const lrt_model *model, int32_t subgraph, int32_t tensor, lrt_llm_port *out) {
  lrt_tensor_info info;
  LRT_TRY(lrt_model_tensor(model, subgraph, tensor, &info));
  *out = (lrt_llm_port){tensor, info.type, info.shape};
  return LRT_OK;
}

/* False where the subgraph is not of the form tokens -> rows. */
static bool read_entry(const lrt_model *model, int32_t subgraph, int64_t row_floats,
                       lrt_llm_embedder_entry *e) {
  lrt_subgraph_info graph;
  if (lrt_model_subgraph(model, subgraph, &graph) != LRT_OK) return false;
  if (graph.input_count != 1 || graph.output_count != 1) return false;
  if (port_of(model, subgraph, graph.inputs[0], &e->tokens) != LRT_OK ||
      port_of(model, subgraph, graph.outputs[0], &e->rows) != LRT_OK)
    return false;
  const int64_t width = lrt_shape_count(&e->tokens.shape);
  if (e->tokens.type != LRT_INT32 && e->tokens.type != LRT_INT64) return false;
  if (width < 1 || width > INT32_MAX || e->rows.type != LRT_FLOAT32) return false;
  e->subgraph = subgraph;
  e->width = (int32_t)width;
  return lrt_shape_count(&e->rows.shape) == width * row_floats;
}

static void insert(lrt_llm_embedder_entry *entries, int32_t *count, const lrt_llm_embedder_entry *entry) {
  int32_t at = (*count)++;
  for (; at > 0 && entries[at - 1].width > entry->width; at--) entries[at] = entries[at - 1];
  entries[at] = *entry;
}

static lrt_status find_entries(lrt_llm_embedder *e, const char *name, lrt_arena *arena, lrt_error *err) {
  const int32_t signatures = lrt_model_signature_count(e->model);
  lrt_llm_embedder_entry *entries = lrt_arena_array(arena, (size_t)signatures + 1, sizeof *entries);
  if (entries == NULL) return lrt_alloc_fail(err, arena->alloc, 0, "an embedder");
  for (int32_t i = signatures > 0 ? 0 : -1; i < signatures; i++) {
    lrt_signature_info info = {"", 0, 0, 0};
    lrt_llm_embedder_entry entry;
    if (i >= 0 && lrt_model_signature(e->model, i, &info) != LRT_OK) continue;
    if (read_entry(e->model, info.subgraph, e->row_floats, &entry)) insert(entries, &e->entry_count, &entry);
  }
  e->entries = entries;
  if (e->entry_count > 0) return LRT_OK;
  return lrt_fail(err, LRT_INVALID_MODEL,
                  "no signature of the section \"%s\" gives %lld floats for each token", name,
                  (long long)e->row_floats);
}

lrt_status lrt_llm_embedder_open(const lrt_parts *parts, const char *name, int64_t row_floats,
                                 lrt_arena *arena, lrt_llm_embedder *out, lrt_error *err) {
  const int32_t section = find_section(parts, name);
  memset(out, 0, sizeof *out);
  out->row_floats = row_floats;
  if (section < 0)
    return lrt_fail(err, LRT_INVALID_MODEL,
                    "the model takes embeddings, but the bundle has no section \"%s\"", name);
  LRT_TRY(lrt_parts_open_model(parts, section, NULL, &out->model, err));
  return find_entries(out, name, arena, err);
}

void lrt_llm_embedder_clear(lrt_llm_embedder *embedder) {
  lrt_model_destroy(embedder->model);
  embedder->model = NULL;
}

/* ---- running ---- */

/* The widest entry that is no wider than `count`, or the narrowest. */
static const lrt_llm_embedder_entry *entry_for(const lrt_llm_embedder *e, int32_t count) {
  const lrt_llm_embedder_entry *best = &e->entries[0];
  for (int32_t i = 1; i < e->entry_count && e->entries[i].width <= count; i++) best = &e->entries[i];
  return best;
}

static void put_token(const lrt_tensor_view *view, int32_t at, int32_t id) {
  if (view->type == LRT_INT64)
    ((int64_t *)view->data)[at] = id;
  else
    ((int32_t *)view->data)[at] = id;
}

lrt_status lrt_llm_embed(const lrt_llm_embedder *e, lrt_interpreter *it, const int32_t *ids, int32_t count,
                         int32_t padding, float *out, lrt_error *err) {
  for (int32_t at = 0, taken; at < count + padding; at += taken) {
    const int32_t left = count + padding - at;
    const lrt_llm_embedder_entry *entry = entry_for(e, left);
    lrt_tensor_view tokens, rows;
    taken = left < entry->width ? left : entry->width;
    LRT_TRY(lrt_interpreter_allocate(it, entry->subgraph, err));
    LRT_TRY(lrt_interpreter_tensor(it, entry->subgraph, entry->tokens.tensor, &tokens, err));
    for (int32_t i = 0; i < entry->width; i++) put_token(&tokens, i, at + i < count ? ids[at + i] : 0);
    LRT_TRY(lrt_interpreter_invoke(it, entry->subgraph, err));
    LRT_TRY(lrt_interpreter_tensor(it, entry->subgraph, entry->rows.tensor, &rows, err));
    memcpy(out + (int64_t)at * e->row_floats, rows.data, (size_t)taken * (size_t)e->row_floats * sizeof *out);
  }
  return LRT_OK;
}
