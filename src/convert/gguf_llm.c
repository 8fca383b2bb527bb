/* gguf_llm.c: keys and tensor names of GGUF language models, and their rows in the order of the original checkpoints. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "convert/gguf_llm.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/fail.h"

/* What differs between architectures. */
typedef struct traits {
  const char *name;
  bool interleaved; /* rows of queries and keys stand so that neighbours rotate against each other */
  bool gemma;       /* embedding scaled by sqrt(width), tanh GELU */
  bool post_norms;
  int32_t global_every; /* of the layers with a window, where the file does not say; 0 = no windows */
  float local_theta;
} traits;

static const traits architectures[] = {
    {"llama", true, false, false, 0, 0},        {"gemma", false, true, false, 0, 0},
    {"gemma2", false, true, true, 2, 10000.0f}, {"gemma3", false, true, true, 6, 10000.0f},
    {"qwen2", false, false, false, 0, 0},       {"qwen3", false, false, false, 0, 0},
};

/* X(weight, "name in the file"); those of layers stand behind "blk.N.". */
static const struct {
  const char *name;
  bool in_layer;
} names[LRT_LLM_WEIGHT_COUNT] = {
    [LRT_LLM_EMBEDDING] = {"token_embd.weight", false},
    [LRT_LLM_OUTPUT] = {"output.weight", false},
    [LRT_LLM_FINAL_NORM] = {"output_norm.weight", false},
    [LRT_LLM_ATTENTION_NORM] = {"attn_norm.weight", true},
    [LRT_LLM_QUERY] = {"attn_q.weight", true},
    [LRT_LLM_KEY] = {"attn_k.weight", true},
    [LRT_LLM_VALUE] = {"attn_v.weight", true},
    [LRT_LLM_QUERY_BIAS] = {"attn_q.bias", true},
    [LRT_LLM_KEY_BIAS] = {"attn_k.bias", true},
    [LRT_LLM_VALUE_BIAS] = {"attn_v.bias", true},
    [LRT_LLM_QUERY_NORM] = {"attn_q_norm.weight", true},
    [LRT_LLM_KEY_NORM] = {"attn_k_norm.weight", true},
    [LRT_LLM_ATTENTION_OUTPUT] = {"attn_output.weight", true},
    [LRT_LLM_POST_ATTENTION_NORM] = {"post_attention_norm.weight", true},
    [LRT_LLM_FF_NORM] = {"ffn_norm.weight", true},
    [LRT_LLM_GATE] = {"ffn_gate.weight", true},
    [LRT_LLM_UP] = {"ffn_up.weight", true},
    [LRT_LLM_DOWN] = {"ffn_down.weight", true},
    [LRT_LLM_POST_FF_NORM] = {"post_ffw_norm.weight", true},
};

typedef struct gguf_llm {
  const lrt_gguf *file;
  const traits *traits;
  const lrt_gguf_tensor **tensors; /* [layers + 1][LRT_LLM_WEIGHT_COUNT], the last row outside of layers */
  lrt_llm_spec spec;
} gguf_llm;

/* ---- keys ---- */

static const lrt_gguf_key *key_of(const gguf_llm *m, const char *name) {
  char full[128];
  snprintf(full, sizeof full, "%s.%s", m->traits->name, name);
  return lrt_gguf_find_key(m->file, full);
}

static lrt_status need_int(const gguf_llm *m, const char *name, int32_t *out, lrt_error *err) {
  const int64_t value = lrt_gguf_integer(key_of(m, name), 0, -1);
  if (value < 1 || value > INT32_MAX)
    return lrt_fail(err, LRT_INVALID_MODEL, "GGUF: key %s.%s is %s", m->traits->name, name,
                    value == -1 ? "missing or no whole number" : "out of range");
  *out = (int32_t)value;
  return LRT_OK;
}

static float number_or(const gguf_llm *m, const char *name, double otherwise) {
  return (float)lrt_gguf_number(key_of(m, name), 0, otherwise);
}

static int32_t int_or(const gguf_llm *m, const char *name, int32_t otherwise) {
  const int64_t value = lrt_gguf_integer(key_of(m, name), 0, otherwise);
  return value < 0 || value > INT32_MAX ? otherwise : (int32_t)value;
}

static lrt_status read_rope(gguf_llm *m, lrt_error *err) {
  lrt_llm_spec *s = &m->spec;
  const lrt_gguf_text kind = lrt_gguf_text_of(key_of(m, "rope.scaling.type"));
  s->rope_theta = number_or(m, "rope.freq_base", 10000.0);
  s->rope_factor = 1.0f;
  if (kind.length == 6 && memcmp(kind.bytes, "linear", 6) == 0)
    s->rope_factor = number_or(m, "rope.scaling.factor", 1.0);
  else if (kind.bytes != NULL && !(kind.length == 4 && memcmp(kind.bytes, "none", 4) == 0))
    return lrt_fail(err, LRT_UNSUPPORTED, "GGUF: rotation scaling of type %.*s is not supported",
                    (int)(kind.length < 40 ? kind.length : 40), kind.bytes);
  const int32_t rotated = int_or(m, "rope.dimension_count", s->head_dim);
  if (rotated != s->head_dim)
    return lrt_fail(err, LRT_UNSUPPORTED, "GGUF: only %d of %d elements of a head are rotated", (int)rotated,
                    (int)s->head_dim);
  return LRT_OK;
}

/* Divisor under the root of the query scale. The 27B models of Gemma 2 and 3 use the width per head, which no key says. */
static float query_divisor(const gguf_llm *m) {
  const lrt_llm_spec *s = &m->spec;
  const bool largest = m->traits->post_norms && (s->layers == 46 || s->layers == 62);
  return largest ? (float)s->width / (float)s->heads : (float)s->head_dim;
}

static lrt_status read_spec(gguf_llm *m, lrt_error *err) {
  lrt_llm_spec *s = &m->spec;
  s->architecture = m->traits->name;
  LRT_TRY(need_int(m, "block_count", &s->layers, err));
  LRT_TRY(need_int(m, "embedding_length", &s->width, err));
  LRT_TRY(need_int(m, "attention.head_count", &s->heads, err));
  LRT_TRY(need_int(m, "feed_forward_length", &s->ff_width, err));
  s->kv_heads = int_or(m, "attention.head_count_kv", s->heads);
  s->head_dim = int_or(m, "attention.key_length", s->width / s->heads);
  s->trained_context = int_or(m, "context_length", 0);
  s->norm_epsilon = number_or(m, "attention.layer_norm_rms_epsilon", 1e-6);
  if (s->layers > 1000)
    return lrt_fail(err, LRT_INVALID_MODEL, "GGUF: the model has %d layers", (int)s->layers);
  if (key_of(m, "expert_count") != NULL && int_or(m, "expert_count", 0) > 0)
    return lrt_fail(err, LRT_UNSUPPORTED, "GGUF: %s models with experts are not supported", s->architecture);
  s->embedding_scale = m->traits->gemma ? sqrtf((float)s->width) : 1.0f;
  s->activation = m->traits->gemma ? LRT_LLM_GELU_TANH : LRT_LLM_SILU;
  s->post_norms = m->traits->post_norms;
  s->attention_cap = number_or(m, "attn_logit_softcapping", 0);
  s->logit_cap = number_or(m, "final_logit_softcapping", 0);
  s->query_scale = 1.0f / sqrtf(query_divisor(m));
  s->global_every = m->traits->global_every;
  s->window = s->global_every > 0 ? int_or(m, "attention.sliding_window", 0) : 0;
  s->local_rope_theta = m->traits->local_theta;
  return read_rope(m, err);
}

/* ---- tensors ---- */

static size_t slot_of(const gguf_llm *m, lrt_llm_weight weight, int32_t layer) {
  return (size_t)(layer < 0 ? m->spec.layers : layer) * LRT_LLM_WEIGHT_COUNT + weight;
}

static const lrt_gguf_tensor *find_tensor(const gguf_llm *m, lrt_llm_weight weight, int32_t layer) {
  char name[80];
  if (names[weight].in_layer)
    snprintf(name, sizeof name, "blk.%d.%s", (int)layer, names[weight].name);
  else
    snprintf(name, sizeof name, "%s", names[weight].name);
  return lrt_gguf_find_tensor(m->file, name);
}

static bool is_optional(const gguf_llm *m, lrt_llm_weight weight) {
  switch (weight) {
  case LRT_LLM_OUTPUT: return true;
  case LRT_LLM_QUERY_BIAS:
  case LRT_LLM_KEY_BIAS:
  case LRT_LLM_VALUE_BIAS: return !m->spec.qkv_bias;
  case LRT_LLM_QUERY_NORM:
  case LRT_LLM_KEY_NORM: return !m->spec.qk_norm;
  case LRT_LLM_POST_ATTENTION_NORM:
  case LRT_LLM_POST_FF_NORM: return !m->spec.post_norms;
  default: return false;
  }
}

static lrt_status take_tensor(gguf_llm *m, lrt_llm_weight weight, int32_t layer, lrt_error *err) {
  int64_t rows = 0, columns = 0;
  const lrt_gguf_tensor *t = find_tensor(m, weight, layer);
  lrt_llm_weight_size(&m->spec, weight, &rows, &columns);
  if (t == NULL) {
    if (is_optional(m, weight)) return LRT_OK;
    return layer < 0 ? lrt_fail(err, LRT_INVALID_MODEL, "GGUF: tensor %s is missing", names[weight].name)
                     : lrt_fail(err, LRT_INVALID_MODEL, "GGUF: tensor blk.%d.%s is missing", (int)layer,
                                names[weight].name);
  }
  if (t->dims[0] != (uint64_t)columns || t->count != (uint64_t)rows * (uint64_t)columns)
    return lrt_fail(err, LRT_INVALID_MODEL,
                    "GGUF: tensor %s has %llu elements in rows of %llu, not %lld rows of %lld", t->name,
                    (unsigned long long)t->count, (unsigned long long)t->dims[0], (long long)rows,
                    (long long)columns);
  m->tensors[slot_of(m, weight, layer)] = t;
  return LRT_OK;
}

/* Every tensor of the file has its place in the graph, or the result would not be the model. */
static lrt_status check_all_used(const gguf_llm *m, lrt_error *err) {
  size_t used = 0;
  const size_t slots = ((size_t)m->spec.layers + 1) * LRT_LLM_WEIGHT_COUNT;
  for (size_t i = 0; i < slots; i++) used += m->tensors[i] != NULL;
  if (used == m->file->tensor_count) return LRT_OK;
  for (size_t t = 0; t < m->file->tensor_count; t++) {
    size_t i = 0;
    while (i < slots && m->tensors[i] != &m->file->tensors[t]) i++;
    if (i == slots)
      return lrt_fail(err, LRT_UNSUPPORTED, "GGUF: %s models have no place for tensor %s", m->traits->name,
                      m->file->tensors[t].name);
  }
  return LRT_OK;
}

static lrt_status find_tensors(gguf_llm *m, lrt_arena *arena, lrt_error *err) {
  lrt_llm_spec *s = &m->spec;
  const lrt_gguf_tensor *embedding = find_tensor(m, LRT_LLM_EMBEDDING, -1);
  m->tensors = lrt_arena_array(arena, ((size_t)s->layers + 1) * LRT_LLM_WEIGHT_COUNT, sizeof *m->tensors);
  if (m->tensors == NULL) return lrt_alloc_fail(err, arena->alloc, 0, "the list of weights");
  if (embedding == NULL || embedding->dims[1] > INT32_MAX)
    return lrt_fail(err, LRT_INVALID_MODEL, "GGUF: tensor token_embd.weight is missing or too large");
  s->vocabulary = (int32_t)embedding->dims[1];
  s->tied = find_tensor(m, LRT_LLM_OUTPUT, -1) == NULL;
  s->qkv_bias = find_tensor(m, LRT_LLM_QUERY_BIAS, 0) != NULL;
  s->qk_norm = find_tensor(m, LRT_LLM_QUERY_NORM, 0) != NULL;
  LRT_TRY(lrt_llm_spec_check(s, err));
  for (int weight = 0; weight < LRT_LLM_WEIGHT_COUNT; weight++) {
    if (!names[weight].in_layer) LRT_TRY(take_tensor(m, (lrt_llm_weight)weight, -1, err));
    for (int32_t layer = 0; names[weight].in_layer && layer < s->layers; layer++)
      LRT_TRY(take_tensor(m, (lrt_llm_weight)weight, layer, err));
  }
  return check_all_used(m, err);
}

/* Row of the file that holds row `row` of queries or keys: there, pairs stand together; here, they are half a head
 * apart. */
static int64_t interleaved_row(const lrt_llm_spec *spec, int64_t row) {
  const int64_t dim = spec->head_dim, head = row / dim, half = row % dim / (dim / 2), i = row % (dim / 2);
  return head * dim + 2 * i + half;
}

static lrt_status read_rows(void *cookie, lrt_llm_weight weight, int32_t layer, int64_t first, int64_t count,
                            float *out, lrt_error *err) {
  const gguf_llm *m = cookie;
  const lrt_gguf_tensor *t = m->tensors[slot_of(m, weight, names[weight].in_layer ? layer : -1)];
  const uint64_t columns = t->dims[0];
  const bool moved = m->traits->interleaved && (weight == LRT_LLM_QUERY || weight == LRT_LLM_KEY);
  if (!moved)
    return lrt_gguf_widen(m->file, t, (uint64_t)first * columns, (size_t)((uint64_t)count * columns), out,
                          err);
  for (int64_t r = 0; r < count; r++)
    LRT_TRY(lrt_gguf_widen(m->file, t, (uint64_t)interleaved_row(&m->spec, first + r) * columns,
                           (size_t)columns, out + (uint64_t)r * columns, err));
  return LRT_OK;
}

lrt_status lrt_gguf_llm_open(const lrt_gguf *file, lrt_arena *arena, lrt_llm_source *out, lrt_error *err) {
  const lrt_gguf_text name = lrt_gguf_text_of(lrt_gguf_find_key(file, "general.architecture"));
  gguf_llm *m = lrt_arena_get(arena, sizeof *m);
  if (m == NULL) return lrt_alloc_fail(err, arena->alloc, sizeof *m, "the list of weights");
  if (name.bytes == NULL)
    return lrt_fail(err, LRT_INVALID_MODEL, "GGUF: key general.architecture is missing or no text");
  m->file = file;
  for (size_t i = 0; i < sizeof architectures / sizeof architectures[0]; i++)
    if (strlen(architectures[i].name) == name.length &&
        memcmp(architectures[i].name, name.bytes, name.length) == 0)
      m->traits = &architectures[i];
  if (m->traits == NULL)
    return lrt_fail(err, LRT_UNSUPPORTED, "GGUF: models of architecture %.*s are not supported",
                    (int)(name.length < 60 ? name.length : 60), name.bytes);
  LRT_TRY(read_spec(m, err));
  LRT_TRY(find_tensors(m, arena, err));
  *out = (lrt_llm_source){.spec = m->spec, .cookie = m, .rows = read_rows};
  return LRT_OK;
}
