/* rfft2d.c: RFFT2D: real two-dimensional Fourier transform of the last two axes, computed in double. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "kernels/fft/fft.h"
#include "ops/movement.h"

typedef struct rfft_params {
  int64_t height, width, bins; /* of the transform; bins = width / 2 + 1 */
  int64_t in_height, in_width;
  double *row_turns, *column_turns; /* cos, -sin of 2 pi k / n for k < n / 2 */
} rfft_params;

/* One row, cut or filled with zeros to the transform's width. */
static void transform_row(const rfft_params *r, const float *in, double *line, double *out) {
  memset(line, 0, (size_t)r->width * 2 * sizeof *line);
  for (int64_t x = 0; x < r->width && x < r->in_width; x++) line[2 * x] = (double)in[x];
  lrt_fft(line, r->width, r->row_turns);
  memcpy(out, line, (size_t)r->bins * 2 * sizeof *out);
}

static void transform_slice(const rfft_params *r, const float *in, double *grid, double *line, float *out) {
  memset(grid, 0, (size_t)(r->height * r->bins) * 2 * sizeof *grid);
  for (int64_t y = 0; y < r->height && y < r->in_height; y++)
    transform_row(r, in + y * r->in_width, line, grid + y * r->bins * 2);
  for (int64_t x = 0; x < r->bins; x++) {
    for (int64_t y = 0; y < r->height; y++)
      memcpy(line + 2 * y, grid + (y * r->bins + x) * 2, 2 * sizeof *line);
    lrt_fft(line, r->height, r->column_turns);
    for (int64_t y = 0; y < r->height; y++) {
      out[(y * r->bins + x) * 2] = (float)line[2 * y];
      out[(y * r->bins + x) * 2 + 1] = (float)line[2 * y + 1];
    }
  }
}

static lrt_status rfft_step(const lrt_step *step, const lrt_step_run *run, int64_t begin, int64_t end) {
  const rfft_params *r = step->params;
  double *grid = lrt_step_scratch(step, run), *line = grid + r->height * r->bins * 2;
  for (int64_t i = begin; i < end; i++)
    transform_slice(r, (const float *)step->inputs[0]->data + i * r->in_height * r->in_width, grid, line,
                    (float *)step->outputs[0]->data + i * r->height * r->bins * 2);
  return LRT_OK;
}

static double *new_turns(lrt_prepare *p, int64_t n) {
  double *turns = lrt_prepare_params(p, (size_t)(n + 2) * sizeof *turns);
  if (turns != NULL) lrt_fft_turns(turns, n);
  return turns;
}

static bool is_power_of_two(int64_t n) {
  return n > 0 && (n & (n - 1)) == 0;
}

static lrt_status prepare(lrt_prepare *p) {
  static const int types[] = {LRT_FLOAT32, -1};
  int64_t length[2];
  int count;
  LRT_TRY(lrt_prepare_arity(p, 2, 2, 1));
  LRT_TRY(lrt_prepare_types(p, 0, types));
  LRT_TRY(lrt_moved_output_type(p, 0, LRT_COMPLEX64));
  LRT_TRY(lrt_prepare_integers(p, 1, length, 2, &count));
  lrt_shape shape = p->inputs[0]->shape;
  if (shape.rank < 2 || count != 2 || !is_power_of_two(length[0]) || !is_power_of_two(length[1]) ||
      length[0] > 1 << 24 || length[1] > 1 << 24)
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "needs two lengths that are powers of two, up to 2^24");
  const int64_t in_height = shape.dims[shape.rank - 2], in_width = shape.dims[shape.rank - 1];
  shape.dims[shape.rank - 2] = (int32_t)length[0];
  shape.dims[shape.rank - 1] = (int32_t)(length[1] / 2 + 1);
  LRT_TRY(lrt_prepare_shape(p, 0, &shape));
  rfft_params *r = lrt_prepare_params(p, sizeof *r);
  if (r == NULL) return lrt_prepare_no_memory(p);
  *r = (rfft_params){length[0],
                     length[1],
                     length[1] / 2 + 1,
                     in_height,
                     in_width,
                     new_turns(p, length[1]),
                     new_turns(p, length[0])};
  if (r->row_turns == NULL || r->column_turns == NULL) return lrt_prepare_no_memory(p);
  const int64_t longest = r->height > r->width ? r->height : r->width;
  const size_t scratch = (size_t)(r->height * r->bins + longest) * 2 * sizeof(double);
  return lrt_prepare_step(p, rfft_step, r, lrt_shape_count(&shape) / (r->height * r->bins), scratch,
                          "rfft2d_f64");
}

const lrt_op lrt_op_rfft2d = {prepare, false, 0, false};
