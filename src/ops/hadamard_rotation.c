/* hadamard_rotation.c: aeq.hadamard_rotation: the Walsh-Hadamard transform of runs of the last dimension. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <string.h>

#include "ops/custom_options.h"
#include "ops/movement.h"
#include "ops/pieces.h"

typedef struct hadamard_params {
  int32_t size; /* a power of two */
  float factor; /* 1 / sqrt(size) */
  int64_t runs, piece;
} hadamard_params;

/* In natural order: sums and differences of neighbours, then of pairs of neighbours … */
static void transform(const hadamard_params *h, float *x) {
  for (int32_t half = 1; half < h->size; half *= 2) {
    for (int32_t from = 0; from < h->size; from += 2 * half) {
      for (int32_t i = from; i < from + half; i++) {
        const float a = x[i], b = x[i + half];
        x[i] = a + b;
        x[i + half] = a - b;
      }
    }
  }
  for (int32_t i = 0; i < h->size; i++) x[i] *= h->factor;
}

static lrt_status hadamard_step(const lrt_step *step, const lrt_step_run *run, int64_t begin, int64_t end) {
  const hadamard_params *h = step->params;
  const int64_t from = lrt_pieces_at(begin, h->piece, h->runs), to = lrt_pieces_at(end, h->piece, h->runs);
  const float *in = step->inputs[0]->data;
  float *out = step->outputs[0]->data;
  (void)run;
  if (in != out && to > from)
    memcpy(out + from * h->size, in + from * h->size, (size_t)((to - from) * h->size) * sizeof *out);
  for (int64_t i = from; i < to; i++) transform(h, out + i * h->size);
  return LRT_OK;
}

static lrt_status prepare(lrt_prepare *p) {
  static const int floats[] = {LRT_FLOAT32, -1};
  lrt_flex map;
  LRT_TRY(lrt_prepare_arity(p, 1, 1, 1));
  LRT_TRY(lrt_prepare_types(p, 0, floats));
  LRT_TRY(lrt_moved_output_type(p, 0, LRT_FLOAT32));
  hadamard_params *h = lrt_prepare_params(p, sizeof *h);
  if (h == NULL) return lrt_prepare_no_memory(p);
  LRT_TRY(lrt_custom_map(p, &map));
  LRT_TRY(lrt_custom_integer(p, map, "hadamard_size", 0, 1, 1 << 30, &h->size));
  const lrt_shape *shape = &p->inputs[0]->shape;
  if ((h->size & (h->size - 1)) != 0 || shape->rank < 1 || shape->dims[shape->rank - 1] % h->size != 0)
    return lrt_prepare_fail(p, LRT_INVALID_MODEL,
                            "a size of %d is no power of two or does not divide the last dimension", h->size);
  /* Rounded as the field's runtime rounds it. */
  h->factor = h->size < 16 ? 1.0f / sqrtf((float)h->size) : (float)(1.0 / sqrt((double)h->size));
  h->runs = lrt_shape_count(shape) / h->size;
  h->piece = h->size < LRT_PIECE_COSTLY ? LRT_PIECE_COSTLY / h->size : 1;
  LRT_TRY(lrt_prepare_shape(p, 0, shape));
  return lrt_prepare_step(p, hadamard_step, h, lrt_pieces_of(h->runs, h->piece), 0, "hadamard_f32");
}

const lrt_op lrt_op_hadamard_rotation = {prepare, false, 1, false};
