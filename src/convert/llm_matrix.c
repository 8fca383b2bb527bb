/* llm_matrix.c: which rows of the checkpoint a matrix of the file consists of. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/fail.h"
#include "convert/llm_graph.h"

/* Where row `row` of the fused matrix comes from: for each key head, its queries' rows, its key's, its value's.
 * *left: rows from there on that are neighbours in the source too. */
static lrt_llm_weight fused_row(const lrt_llm_spec *spec, int64_t row, int64_t *source_row, int64_t *left) {
  const int64_t dim = spec->head_dim, group = spec->heads / spec->kv_heads, stride = (group + 2) * dim;
  const int64_t head = row / stride, inside = row % stride;
  if (inside < group * dim) {
    *source_row = head * group * dim + inside;
    *left = group * dim - inside;
    return LRT_LLM_QUERY;
  }
  *source_row = head * dim + inside % dim;
  *left = dim - inside % dim;
  return inside < (group + 1) * dim ? LRT_LLM_KEY : LRT_LLM_VALUE;
}

lrt_status lrt_llm_matrix_rows(const lrt_llm_source *source, const lrt_llm_matrix *matrix, int64_t first,
                               int64_t count, float *out, lrt_error *err) {
  if (matrix->weight != LRT_LLM_QUERY)
    return source->rows(source->cookie, matrix->weight, matrix->layer, first, count, out, err);
  while (count > 0) {
    int64_t row = 0, run = 0;
    const lrt_llm_weight weight = fused_row(&source->spec, first, &row, &run);
    if (run > count) run = count;
    LRT_TRY(source->rows(source->cookie, weight, matrix->layer, row, run, out, err));
    out += run * matrix->columns;
    first += run;
    count -= run;
  }
  return LRT_OK;
}
