/* llm_spec.c: sizes of weights, and which numbers make sense together. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "convert/llm_spec.h"

#include <math.h>

#include "base/fail.h"

void lrt_llm_weight_size(const lrt_llm_spec *s, lrt_llm_weight weight, int64_t *rows, int64_t *columns) {
  const int64_t queries = (int64_t)s->heads * s->head_dim, keys = (int64_t)s->kv_heads * s->head_dim;
  *rows = 1;
  *columns = s->width;
  switch (weight) {
  case LRT_LLM_EMBEDDING:
  case LRT_LLM_OUTPUT: *rows = s->vocabulary; break;
  case LRT_LLM_QUERY: *rows = queries; break;
  case LRT_LLM_KEY:
  case LRT_LLM_VALUE: *rows = keys; break;
  case LRT_LLM_QUERY_BIAS: *columns = queries; break;
  case LRT_LLM_KEY_BIAS:
  case LRT_LLM_VALUE_BIAS: *columns = keys; break;
  case LRT_LLM_QUERY_NORM:
  case LRT_LLM_KEY_NORM: *columns = s->head_dim; break;
  case LRT_LLM_ATTENTION_OUTPUT:
    *rows = s->width;
    *columns = queries;
    break;
  case LRT_LLM_GATE:
  case LRT_LLM_UP: *rows = s->ff_width; break;
  case LRT_LLM_DOWN:
    *rows = s->width;
    *columns = s->ff_width;
    break;
  default: break;
  }
}

const char *lrt_llm_weight_name(lrt_llm_weight weight) {
  static const char *const names[] = {
#define NAME(name, text, matrix) text,
      LRT_LLM_WEIGHT_LIST(NAME)
#undef NAME
  };
  return (unsigned)weight < LRT_LLM_WEIGHT_COUNT ? names[weight] : "unknown weight";
}

/* Largest number that is plausible anywhere; products of three of them fit int64. */
#define MOST (1 << 20)

lrt_status lrt_llm_spec_check(const lrt_llm_spec *s, lrt_error *err) {
  const struct {
    const char *name;
    int32_t value, most;
  } numbers[] = {{"layers", s->layers, 1000},           {"width", s->width, MOST},
                 {"attention heads", s->heads, 4096},   {"key heads", s->kv_heads, 4096},
                 {"head size", s->head_dim, 4096},      {"feed-forward width", s->ff_width, MOST},
                 {"vocabulary", s->vocabulary, 1 << 24}};
  for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
    if (numbers[i].value < 1 || numbers[i].value > numbers[i].most)
      return lrt_fail(err, LRT_INVALID_MODEL, "%s: the number of %s is %d", s->architecture, numbers[i].name,
                      (int)numbers[i].value);
  if (s->heads % s->kv_heads != 0)
    return lrt_fail(err, LRT_INVALID_MODEL, "%s: %d attention heads cannot share %d key heads",
                    s->architecture, (int)s->heads, (int)s->kv_heads);
  if (s->head_dim % 2 != 0)
    return lrt_fail(err, LRT_INVALID_MODEL, "%s: heads of %d elements have no halves to rotate",
                    s->architecture, (int)s->head_dim);
  if (!(s->rope_theta > 1.0f) || !isfinite(s->rope_theta) || !(s->norm_epsilon > 0.0f) ||
      !isfinite(s->norm_epsilon) || !(s->rope_factor > 0.0f) || !isfinite(s->rope_factor))
    return lrt_fail(err, LRT_INVALID_MODEL,
                    "%s: rotation base %g, position factor %g or norm epsilon %g is no usable number",
                    s->architecture, (double)s->rope_theta, (double)s->rope_factor, (double)s->norm_epsilon);
  return LRT_OK;
}
