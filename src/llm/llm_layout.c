/* llm_layout.c: tells a model's family by the names, shapes and types of what goes in and comes out. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "llm/llm_layout.h"

#include <stdio.h>
#include <string.h>

#include "base/fail.h"
#include "llm/cache_axis.h"

const char *lrt_llm_family_name(lrt_llm_family family) {
  switch (family) {
#define NAME(name, text)                                                                                     \
  case LRT_FAMILY_##name: return text;
    LRT_LLM_FAMILY_LIST(NAME)
#undef NAME
  }
  return "unknown";
}

/* ---- one signature ---- */

/* What names mean; a cache is told by an output of the same name. */
static const struct {
  const char *name;
  size_t port;
} known_inputs[] = {{"tokens", offsetof(lrt_llm_entry, tokens)},
                    {"token_ids", offsetof(lrt_llm_entry, tokens)},
                    {"input_ids", offsetof(lrt_llm_entry, tokens)},
                    {"input_pos", offsetof(lrt_llm_entry, positions)},
                    {"positions", offsetof(lrt_llm_entry, positions)},
                    {"mask", offsetof(lrt_llm_entry, mask)},
                    {"attn_mask", offsetof(lrt_llm_entry, mask)},
                    {"embeddings", offsetof(lrt_llm_entry, embeddings)},
                    {"per_layer_embeddings", offsetof(lrt_llm_entry, per_layer)},
                    {"padding_mask", offsetof(lrt_llm_entry, padding)}};

/* A signature of the file, or subgraph 0 under its tensors' names where the file has none. */
typedef struct view {
  const lrt_model *model;
  const lrt_executor_metadata *executor;
  int32_t signature; /* -1 = subgraph 0 */
  lrt_signature_info info;
} view;

static lrt_status open_view(const lrt_model *model, const lrt_executor_metadata *executor, int32_t signature,
                            view *out) {
  lrt_subgraph_info graph;
  out->model = model;
  out->executor = executor;
  out->signature = signature;
  if (signature >= 0) return lrt_model_signature(model, signature, &out->info);
  LRT_TRY(lrt_model_subgraph(model, 0, &graph));
  out->info = (lrt_signature_info){"main", 0, graph.input_count, graph.output_count};
  return LRT_OK;
}

/* Name of the i-th input or output. Exporters decorate the tensors of a file without signatures:
 * "serving_default_token_ids:0" is "token_ids". */
static lrt_status operand(const view *v, bool output, int32_t i, char name[64], int32_t *tensor,
                          lrt_tensor_info *info) {
  static const char decoration[] = "serving_default_";
  lrt_subgraph_info graph;
  const char *text = "";
  if (v->signature >= 0) {
    LRT_TRY(output ? lrt_model_signature_output(v->model, v->signature, i, &text, tensor)
                   : lrt_model_signature_input(v->model, v->signature, i, &text, tensor));
    LRT_TRY(lrt_model_tensor(v->model, v->info.subgraph, *tensor, info));
  } else {
    LRT_TRY(lrt_model_subgraph(v->model, 0, &graph));
    *tensor = output ? graph.outputs[i] : graph.inputs[i];
    LRT_TRY(lrt_model_tensor(v->model, 0, *tensor, info));
    text = info->name;
    if (strncmp(text, decoration, sizeof decoration - 1) == 0) text += sizeof decoration - 1;
  }
  snprintf(name, 64, "%s", text);
  if (v->signature < 0) name[strcspn(name, ":")] = '\0';
  return LRT_OK;
}

/* Name of the output (or input) that goes with an input (or output): its own, unless the metadata has another. */
static const char *partner_of(const lrt_executor_metadata *executor, bool output, const char *name) {
  for (size_t i = 0; i < executor->state_buffer_count; i++) {
    const lrt_state_buffer *b = &executor->state_buffers[i];
    const char *const pairs[2][2] = {{b->decode_input, b->decode_output},
                                     {b->prefill_input, b->prefill_output}};
    for (int k = 0; k < 2; k++)
      if (pairs[k][0] != NULL && pairs[k][1] != NULL && strcmp(pairs[k][output ? 1 : 0], name) == 0)
        return pairs[k][output ? 0 : 1];
  }
  return name;
}

/* The input (or output) `name` has a partner of the same type and shape among the outputs (or inputs). */
static bool is_cache(const view *v, bool output, const char *name, const lrt_tensor_info *info) {
  char other[64];
  int32_t tensor;
  lrt_tensor_info found;
  const char *wanted = partner_of(v->executor, output, name);
  const int32_t count = output ? v->info.input_count : v->info.output_count;
  for (int32_t i = 0; v->signature >= 0 && i < count; i++)
    if (operand(v, !output, i, other, &tensor, &found) == LRT_OK && strcmp(wanted, other) == 0)
      return found.type == info->type && found.shape.rank == info->shape.rank &&
             memcmp(found.shape.dims, info->shape.dims, (size_t)info->shape.rank * sizeof(int32_t)) == 0;
  return false;
}

static lrt_llm_port *port_for(lrt_llm_entry *entry, const char *name) {
  for (size_t i = 0; i < sizeof known_inputs / sizeof known_inputs[0]; i++)
    if (strcmp(known_inputs[i].name, name) == 0)
      return (lrt_llm_port *)(void *)((char *)entry + known_inputs[i].port);
  return NULL;
}

static void note_length(lrt_llm_entry *entry, const lrt_tensor_info *cache) {
  for (int32_t i = 0; i < cache->shape.rank; i++)
    if (cache->shape.dims[i] > entry->length) entry->length = cache->shape.dims[i];
}

/* Every input is looked at, so that the caller can tell a language model with a strange input from other signatures. */
static lrt_status find_inputs(const view *v, lrt_llm_entry *entry, lrt_error *err) {
  char name[64];
  lrt_status status = LRT_OK;
  for (int32_t i = 0; i < v->info.input_count; i++) {
    int32_t tensor;
    lrt_tensor_info info;
    LRT_TRY(operand(v, false, i, name, &tensor, &info));
    lrt_llm_port *port = port_for(entry, name);
    if (port != NULL && port->tensor < 0)
      *port = (lrt_llm_port){tensor, info.type, info.shape};
    else if (port == NULL && is_cache(v, false, name, &info))
      note_length(entry, &info);
    else if (status == LRT_OK)
      status =
          lrt_fail(err, LRT_UNSUPPORTED,
                   "the input \"%s\" of signature \"%s\" is neither a cache nor known from any family of "
                   "language models",
                   name, v->info.key);
  }
  return status;
}

/* "logits", or the only output that is no cache. */
static void find_logits(const view *v, lrt_llm_entry *entry) {
  char name[64];
  int others = 0;
  for (int32_t i = 0; i < v->info.output_count; i++) {
    int32_t tensor;
    lrt_tensor_info info;
    if (operand(v, true, i, name, &tensor, &info) != LRT_OK || is_cache(v, true, name, &info)) continue;
    const bool named = strcmp(name, "logits") == 0;
    if (named || others++ == 0) entry->logits = (lrt_llm_port){tensor, info.type, info.shape};
    if (named) return;
  }
  if (others > 1) entry->logits.tensor = -1;
}

static int64_t count_of(const lrt_llm_port *port) {
  return port->tensor < 0 ? 0 : lrt_shape_count(&port->shape);
}

static int32_t last_dim(const lrt_llm_port *port) {
  return port->shape.rank > 0 ? port->shape.dims[port->shape.rank - 1] : 0;
}

static bool is_integer(const lrt_llm_port *port) {
  return port->type == LRT_INT32 || port->type == LRT_INT64;
}

static lrt_status measure_width(const view *v, lrt_llm_entry *e, lrt_error *err) {
  int64_t width = count_of(&e->tokens);
  const lrt_shape *shape = &e->tokens.shape;
  if (e->embeddings.tensor >= 0) {
    shape = &e->embeddings.shape;
    width = shape->rank >= 2 ? shape->dims[shape->rank - 2] : 0;
  }
  if (width < 1 || width > INT32_MAX)
    return lrt_fail(err, LRT_UNSUPPORTED, "signature \"%s\" takes %lld tokens at once", v->info.key,
                    (long long)width);
  if (shape->rank >= 2 && shape->dims[0] != 1)
    return lrt_fail(err, LRT_UNSUPPORTED, "signature \"%s\" takes batches of %d texts; one is supported",
                    v->info.key, shape->dims[0]);
  e->width = (int32_t)width;
  return LRT_OK;
}

static lrt_status check_types(const view *v, const lrt_llm_entry *e, lrt_error *err) {
  const char *wrong = NULL;
  const lrt_llm_port *mask = e->padding.tensor >= 0 ? &e->padding : &e->mask;
  if (e->tokens.tensor >= 0 && !is_integer(&e->tokens)) wrong = "tokens";
  if (e->positions.tensor >= 0 && !is_integer(&e->positions)) wrong = "positions";
  if (e->embeddings.tensor >= 0 && e->embeddings.type != LRT_FLOAT32) wrong = "embeddings";
  if (e->per_layer.tensor >= 0 && e->per_layer.type != LRT_FLOAT32) wrong = "per-layer embeddings";
  if (e->mask.tensor >= 0 && mask->type != LRT_FLOAT32 && mask->type != LRT_BOOL) wrong = "mask";
  if (e->padding.tensor >= 0 && mask->type != LRT_FLOAT32 && mask->type != LRT_BOOL && !is_integer(mask))
    wrong = "padding mask";
  if (e->logits.tensor >= 0 && e->logits.type != LRT_FLOAT32) wrong = "logits";
  if (wrong == NULL) return LRT_OK;
  return lrt_fail(err, LRT_UNSUPPORTED, "the %s of signature \"%s\" have a type that no known family has",
                  wrong, v->info.key);
}

static lrt_status check_shapes(const view *v, lrt_llm_entry *e, lrt_error *err) {
  const int64_t positions = count_of(&e->positions), mask = count_of(&e->mask);
  const int64_t padding = count_of(&e->padding), logits = count_of(&e->logits);
  const char *wrong = NULL;
  e->positions_count = (int32_t)positions;
  if (e->positions.tensor >= 0 && positions != e->width && positions != 1) wrong = "positions";
  if (e->mask.tensor >= 0 && (mask == 0 || mask != (int64_t)e->width * last_dim(&e->mask))) wrong = "mask";
  if (e->padding.tensor >= 0 && padding != e->width) wrong = "padding mask";
  if (e->per_layer.tensor >= 0 && count_of(&e->per_layer) % e->width != 0) wrong = "per-layer embeddings";
  if (e->logits.tensor >= 0 && logits == last_dim(&e->logits) && logits > 0)
    e->logit_rows = e->width == 1 ? 1 : 0; /* of a wider pass: which token's they are is not known */
  else if (e->logits.tensor >= 0 && logits == (int64_t)e->width * last_dim(&e->logits))
    e->logit_rows = e->width;
  else if (e->logits.tensor >= 0)
    wrong = "logits";
  if (wrong == NULL) return LRT_OK;
  return lrt_fail(err, LRT_UNSUPPORTED, "the shape of the %s of signature \"%s\" does not fit its %d tokens",
                  wrong, v->info.key, e->width);
}

/* LRT_NOT_FOUND: the signature takes no tokens and is none of ours. */
static lrt_status read_entry(const view *v, lrt_llm_entry *e, lrt_error *err) {
  memset(e, 0, sizeof *e);
  e->signature = v->signature;
  e->subgraph = v->info.subgraph;
  e->tokens.tensor = e->embeddings.tensor = e->per_layer.tensor = e->positions.tensor = -1;
  e->mask.tensor = e->padding.tensor = e->logits.tensor = -1;
  const lrt_status inputs = find_inputs(v, e, err);
  if (e->tokens.tensor < 0 && e->embeddings.tensor < 0) return LRT_NOT_FOUND;
  LRT_TRY(inputs);
  if ((e->positions.tensor < 0) == (e->padding.tensor < 0))
    return lrt_fail(err, LRT_UNSUPPORTED,
                    "signature \"%s\" has neither positions nor a padding mask beside its tokens",
                    v->info.key);
  find_logits(v, e);
  LRT_TRY(check_types(v, e, err));
  LRT_TRY(measure_width(v, e, err));
  if (e->mask.tensor >= 0) e->length = last_dim(&e->mask);
  return check_shapes(v, e, err);
}

static lrt_llm_family family_of(const view *v, const lrt_llm_entry *e) {
  char name[64] = "";
  int32_t tensor;
  lrt_tensor_info info;
  if (e->padding.tensor >= 0) return LRT_FAMILY_STATELESS;
  if (e->per_layer.tensor >= 0) return LRT_FAMILY_PER_LAYER;
  if (e->embeddings.tensor >= 0) return LRT_FAMILY_EMBEDDINGS;
  if (e->mask.tensor < 0) return LRT_FAMILY_TOKENS;
  for (int32_t i = 0; i < v->info.input_count; i++)
    if (operand(v, false, i, name, &tensor, &info) == LRT_OK && tensor == e->tokens.tensor) break;
  return strcmp(name, "tokens") == 0 ? LRT_FAMILY_TOKENS_MASK : LRT_FAMILY_TOKEN_IDS;
}

/* ---- all signatures ---- */

static void insert_by_width(lrt_llm_entry *entries, int32_t *count, const lrt_llm_entry *entry) {
  int32_t at = (*count)++;
  for (; at > 0 && entries[at - 1].width > entry->width; at--) entries[at] = entries[at - 1];
  entries[at] = *entry;
}

/* Among signatures with logits the narrowest; of these the shortest that is long enough, else the longest. */
static bool is_better(const lrt_llm_entry *a, const lrt_llm_entry *b, int32_t wanted) {
  if (a->width != b->width) return a->width < b->width;
  const bool enough_a = wanted > 0 && a->length >= wanted, enough_b = wanted > 0 && b->length >= wanted;
  if (enough_a != enough_b) return enough_a;
  return enough_a ? a->length < b->length : a->length > b->length;
}

static lrt_status find_entries(const lrt_model *model, const lrt_executor_metadata *executor, int32_t wanted,
                               lrt_arena *arena, lrt_llm_layout *out, lrt_error *err) {
  const int32_t signatures = lrt_model_signature_count(model);
  lrt_llm_entry *entries = lrt_arena_array(arena, (size_t)signatures + 1, sizeof *entries);
  lrt_error complaint = {LRT_OK, ""}, error = {LRT_OK, ""};
  if (entries == NULL) return lrt_alloc_fail(err, arena->alloc, 0, "the language model's signatures");
  for (int32_t i = signatures > 0 ? 0 : -1; i < signatures; i++) {
    view v;
    lrt_llm_entry entry;
    LRT_TRY(open_view(model, executor, i, &v));
    const lrt_status status = read_entry(&v, &entry, &error);
    if (status == LRT_OK)
      insert_by_width(entries, &out->entry_count, &entry);
    else if (status != LRT_NOT_FOUND && complaint.code == LRT_OK)
      complaint = error;
  }
  out->entries = entries;
  for (int32_t i = 0; i < out->entry_count; i++)
    if (entries[i].logit_rows > 0 && (out->decode == NULL || is_better(&entries[i], out->decode, wanted)))
      out->decode = &entries[i];
  if (out->decode != NULL) return LRT_OK;
  if (complaint.code != LRT_OK) return lrt_fail(err, complaint.code, "%s", complaint.message);
  return lrt_fail(err, LRT_INVALID_MODEL,
                  "%s is not a language model: no signature takes tokens and gives logits",
                  lrt_model_name(model));
}

/* Entries must go together: the same inputs, the same vocabulary. Others are left out. */
static bool goes_with(const lrt_llm_entry *a, const lrt_llm_entry *b) {
  return (a->tokens.tensor < 0) == (b->tokens.tensor < 0) && (a->mask.tensor < 0) == (b->mask.tensor < 0) &&
         (a->embeddings.tensor < 0) == (b->embeddings.tensor < 0) &&
         (a->per_layer.tensor < 0) == (b->per_layer.tensor < 0) &&
         (a->padding.tensor < 0) == (b->padding.tensor < 0) && a->length == b->length;
}

static void keep_fitting(lrt_llm_layout *out) {
  lrt_llm_entry *entries = (lrt_llm_entry *)(uintptr_t)out->entries;
  const lrt_llm_entry decode = *out->decode;
  int32_t kept = 0;
  for (int32_t i = 0; i < out->entry_count; i++) {
    if (!goes_with(&entries[i], &decode)) continue;
    entries[kept] = entries[i];
    if (entries[kept].signature == decode.signature) out->decode = &entries[kept];
    kept++;
  }
  out->entry_count = kept;
}

/* The axis that the metadata gives, -1 where it gives none that the cache has. */
static int32_t told_axis(const view *v, const char *input) {
  for (size_t i = 0; i < v->executor->state_buffer_count; i++) {
    const lrt_state_buffer *b = &v->executor->state_buffers[i];
    const bool same = b->decode_input != NULL && strcmp(b->decode_input, input) == 0;
    lrt_tensor_info info;
    if (!same || !b->has_sequence_axis || lrt_llm_cache_info(v->model, v->signature, input, &info) != LRT_OK)
      continue;
    const int32_t axis = b->sequence_axis < 0 ? b->sequence_axis + info.shape.rank : b->sequence_axis;
    if (axis >= 0 && axis < info.shape.rank) return axis;
  }
  return -1;
}

static int32_t axis_of(const view *v, const lrt_llm_layout *layout, const char *input, const char *output) {
  const int32_t masked = layout->decode->mask.tensor >= 0 ? layout->decode->length : 0;
  return lrt_llm_cache_axis(v->model, layout->entries, layout->entry_count, output, told_axis(v, input),
                            masked);
}

static lrt_status find_caches(const lrt_model *model, const lrt_executor_metadata *executor, lrt_arena *arena,
                              lrt_llm_layout *out, lrt_error *err) {
  view v;
  char name[64];
  LRT_TRY(open_view(model, executor, out->decode->signature, &v));
  lrt_state_pair *pairs = lrt_arena_array(arena, (size_t)v.info.input_count + 1, sizeof *pairs);
  if (pairs == NULL) return lrt_alloc_fail(err, arena->alloc, 0, "the language model's caches");
  for (int32_t i = 0; v.signature >= 0 && i < v.info.input_count; i++) {
    int32_t tensor;
    lrt_tensor_info info;
    const char *kept = NULL;
    LRT_TRY(operand(&v, false, i, name, &tensor, &info));
    if (!is_cache(&v, false, name, &info)) continue;
    LRT_TRY(lrt_model_signature_input(model, v.signature, i, &kept, &tensor));
    const char *partner = partner_of(executor, false, kept);
    pairs[out->pair_count++] = (lrt_state_pair){kept, partner, axis_of(&v, out, kept, partner)};
  }
  out->pairs = pairs;
  return LRT_OK;
}

/* "[1,heads,seq,dim]" would be a guess; sizes are not: "[1,3,seq,64]". */
static void print_layout(const lrt_shape *shape, int32_t axis, char *text, size_t size) {
  size_t used = (size_t)snprintf(text, size, "[");
  for (int i = 0; i < shape->rank && used + 16 < size; i++) {
    if (i == axis)
      used += (size_t)snprintf(text + used, size - used, "%sseq", i > 0 ? "," : "");
    else
      used += (size_t)snprintf(text + used, size - used, "%s%d", i > 0 ? "," : "", shape->dims[i]);
  }
  snprintf(text + used, size - used, "]");
}

static lrt_status measure_caches(const lrt_model *model, lrt_arena *arena, lrt_llm_layout *out,
                                 lrt_error *err) {
  char text[2][96] = {"", ""};
  int32_t context = out->decode->mask.tensor >= 0 ? last_dim(&out->decode->mask) : 0;
  const int32_t masked = context;
  for (int32_t i = 0; i < out->pair_count; i++) {
    lrt_tensor_info info;
    LRT_TRY(lrt_llm_cache_info(model, out->decode->signature, out->pairs[i].input, &info));
    const int32_t axis = out->pairs[i].axis, length = axis >= 0 ? info.shape.dims[axis] : 0;
    if (i < 2) print_layout(&info.shape, axis, text[i], sizeof text[i]);
    if (axis < 0) out->recurrent = true;
    if (masked > 0 && axis >= 0 && length < masked)
      return lrt_fail(err, LRT_UNSUPPORTED, "the mask covers %d positions, the cache \"%s\" holds %d", masked,
                      out->pairs[i].input, length);
    if (axis >= 0 && (context == 0 || length < context)) context = length;
  }
  if (context == 0)
    return lrt_fail(err, LRT_UNSUPPORTED, "%s does not tell how many positions its caches hold",
                    lrt_model_name(model));
  out->context = context;
  const size_t length = strlen(text[0]) + strlen(text[1]) + 2;
  char *both = lrt_arena_get(arena, length);
  if (both == NULL) return lrt_alloc_fail(err, arena->alloc, length, "the language model's caches");
  snprintf(both, length, "%s%s%s", text[0], text[1][0] != '\0' ? " " : "", text[1]);
  out->cache_layout = both;
  return LRT_OK;
}

lrt_status lrt_llm_layout_find(const lrt_model *model, const lrt_executor_metadata *executor, int32_t wanted,
                               lrt_arena *arena, lrt_llm_layout *out, lrt_error *err) {
  view v;
  memset(out, 0, sizeof *out);
  out->cache_layout = "";
  LRT_TRY(find_entries(model, executor, wanted, arena, out, err));
  keep_fitting(out);
  out->vocabulary = last_dim(&out->decode->logits);
  LRT_TRY(open_view(model, executor, out->decode->signature, &v));
  out->family = family_of(&v, out->decode);
  if (out->family == LRT_FAMILY_STATELESS) {
    out->context = out->decode->width;
    return LRT_OK;
  }
  LRT_TRY(find_caches(model, executor, arena, out, err));
  if (out->pair_count == 0)
    return lrt_fail(err, LRT_UNSUPPORTED,
                    "signature \"%s\" takes positions but has no cache: no output has the name of an input",
                    v.info.key);
  LRT_TRY(measure_caches(model, arena, out, err));
  while (out->entry_count > 0 && out->entries[out->entry_count - 1].width > out->context) out->entry_count--;
  if (out->decode->width <= out->context) return LRT_OK;
  return lrt_fail(err, LRT_UNSUPPORTED,
                  "signature \"%s\" takes %d tokens at once, its caches hold %d positions", v.info.key,
                  out->decode->width, out->context);
}
