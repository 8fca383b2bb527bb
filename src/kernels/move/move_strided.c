/* move_strided.c: strided copies: merging of dimensions, blocked transposes, builders for the rearranging operators. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "kernels/move/move.h"

void lrt_move_finish(lrt_move *m) {
  int rank = 0;
  for (int d = 0; d < m->rank; d++) {
    if (m->dims[d] == 1) continue;
    if (rank > 0 && m->in_strides[rank - 1] == m->in_strides[d] * m->dims[d] &&
        m->out_strides[rank - 1] == m->out_strides[d] * m->dims[d]) {
      m->dims[rank - 1] *= m->dims[d];
      m->in_strides[rank - 1] = m->in_strides[d];
      m->out_strides[rank - 1] = m->out_strides[d];
      continue;
    }
    m->dims[rank] = m->dims[d];
    m->in_strides[rank] = m->in_strides[d];
    m->out_strides[rank] = m->out_strides[d];
    rank++;
  }
  if (rank == 0) {
    m->dims[0] = m->in_strides[0] = m->out_strides[0] = 1;
    rank = 1;
  }
  m->rank = rank;
}

/* A unit is a row of the innermost dimension; a plan of one dimension is cut element by element. */
int64_t lrt_move_units(const lrt_move *m) {
  int64_t units = 1;
  for (int d = 0; d < m->rank - 1; d++) units *= m->dims[d];
  if (m->dims[m->rank - 1] == 0) return 0;
  return m->rank == 1 ? m->dims[0] : units;
}

typedef struct rect {
  int64_t rows, columns, in_row, in_column, out_row, out_column; /* counts and strides in elements */
} rect;

/* Blocks of 32 x 32 keep both sides of a transpose in the first-level cache. */
#define COPY_RECT(name, T)                                                                                   \
  static void name(const rect *r, const void *in_, void *out_) {                                             \
    const T *in = in_;                                                                                       \
    T *out = out_;                                                                                           \
    for (int64_t y0 = 0; y0 < r->rows; y0 += 32) {                                                           \
      const int64_t y1 = y0 + 32 < r->rows ? y0 + 32 : r->rows;                                              \
      for (int64_t x0 = 0; x0 < r->columns; x0 += 32) {                                                      \
        const int64_t x1 = x0 + 32 < r->columns ? x0 + 32 : r->columns;                                      \
        for (int64_t y = y0; y < y1; y++) {                                                                  \
          const T *source = in + y * r->in_row;                                                              \
          T *target = out + y * r->out_row;                                                                  \
          for (int64_t x = x0; x < x1; x++) target[x * r->out_column] = source[x * r->in_column];            \
        }                                                                                                    \
      }                                                                                                      \
    }                                                                                                        \
  }
typedef struct pair64 {
  uint64_t half[2];
} pair64;
COPY_RECT(copy_rect_1, uint8_t)
COPY_RECT(copy_rect_2, uint16_t)
COPY_RECT(copy_rect_4, uint32_t)
COPY_RECT(copy_rect_8, uint64_t)
COPY_RECT(copy_rect_16, pair64)

typedef uint32_t quad __attribute__((vector_size(16)));

/* Four columns of four, each contiguous in the input, become four contiguous rows. */
static void transpose_quads(const uint32_t *in, int64_t in_column, uint32_t *out, int64_t out_row) {
  quad c[4], low[2], high[2], row[4];
  for (int i = 0; i < 4; i++) memcpy(&c[i], in + i * in_column, sizeof c[i]);
  for (int i = 0; i < 2; i++) {
    low[i] = __builtin_shufflevector(c[2 * i], c[2 * i + 1], 0, 4, 1, 5);
    high[i] = __builtin_shufflevector(c[2 * i], c[2 * i + 1], 2, 6, 3, 7);
  }
  row[0] = __builtin_shufflevector(low[0], low[1], 0, 1, 4, 5);
  row[1] = __builtin_shufflevector(low[0], low[1], 2, 3, 6, 7);
  row[2] = __builtin_shufflevector(high[0], high[1], 0, 1, 4, 5);
  row[3] = __builtin_shufflevector(high[0], high[1], 2, 3, 6, 7);
  for (int i = 0; i < 4; i++) memcpy(out + i * out_row, &row[i], sizeof row[i]);
}

/* The input runs along the rows, the output along the columns: 4 x 4 at a time, the rest one by one. */
static void transpose_rect_4(const rect *r, const uint32_t *in, uint32_t *out) {
  const int64_t rows = r->rows / 4 * 4, columns = r->columns / 4 * 4;
  /* Whole cache lines of an output row before the next: rows may lie a power of two apart and push each other out. */
  for (int64_t x0 = 0; x0 < columns; x0 += 32) {
    const int64_t x1 = x0 + 32 < columns ? x0 + 32 : columns;
    for (int64_t y = 0; y < rows; y += 4) {
      for (int64_t x = x0; x < x1; x += 4)
        transpose_quads(in + y + x * r->in_column, r->in_column, out + y * r->out_row + x, r->out_row);
    }
  }
  for (int64_t y = 0; y < r->rows; y++) {
    for (int64_t x = y < rows ? columns : 0; x < r->columns; x++)
      out[y * r->out_row + x] = in[y + x * r->in_column];
  }
}

static void copy_rect(const rect *r, const char *in, char *out, size_t size) {
  if (r->in_column == 1 && r->out_column == 1) {
    for (int64_t y = 0; y < r->rows; y++) {
      memcpy(out + y * r->out_row * (int64_t)size, in + y * r->in_row * (int64_t)size,
             (size_t)r->columns * size);
    }
    return;
  }
  if (size == 4 && r->in_row == 1 && r->out_column == 1) {
    transpose_rect_4(r, (const void *)in, (void *)out);
    return;
  }
  switch (size) {
  case 1: copy_rect_1(r, in, out); break;
  case 2: copy_rect_2(r, in, out); break;
  case 4: copy_rect_4(r, in, out); break;
  case 8: copy_rect_8(r, in, out); break;
  default: copy_rect_16(r, in, out); break;
  }
}

void lrt_move_run(const lrt_move *m, const void *in, void *out, int64_t begin, int64_t end) {
  const int last = m->rank - 1;
  const int64_t size = (int64_t)m->size;
  const char *source = (const char *)in + m->in_offset * size;
  char *target = (char *)out + m->out_offset * size;
  rect r = {1, m->dims[last], 0, m->in_strides[last], 0, m->out_strides[last]};
  if (m->rank == 1) {
    r.columns = end - begin;
    copy_rect(&r, source + begin * r.in_column * size, target + begin * r.out_column * size, m->size);
    return;
  }
  r.in_row = m->in_strides[last - 1];
  r.out_row = m->out_strides[last - 1];
  for (int64_t at = begin; at < end; at += r.rows) {
    int64_t rest = at, in_at = 0, out_at = 0;
    for (int d = last - 1; d >= 0; d--) {
      const int64_t index = rest % m->dims[d];
      rest /= m->dims[d];
      in_at += index * m->in_strides[d];
      out_at += index * m->out_strides[d];
    }
    r.rows = m->dims[last - 1] - at % m->dims[last - 1];
    if (r.rows > end - at) r.rows = end - at;
    copy_rect(&r, source + in_at * size, target + out_at * size, m->size);
  }
}

/* ---- builders ---- */

static void dense_strides(const lrt_shape *shape, int64_t *strides) {
  int64_t stride = 1;
  for (int d = shape->rank - 1; d >= 0; d--) {
    strides[d] = stride;
    stride *= shape->dims[d];
  }
}

static void start(lrt_move *m, int rank, size_t size) {
  memset(m, 0, sizeof *m);
  m->rank = rank;
  m->size = size;
}

void lrt_move_transpose(lrt_move *m, const lrt_shape *in, const int32_t *perm, size_t size) {
  int64_t strides[LRT_MAX_RANK];
  dense_strides(in, strides);
  start(m, in->rank, size);
  int64_t stride = 1;
  for (int d = in->rank - 1; d >= 0; d--) {
    m->dims[d] = in->dims[perm[d]];
    m->in_strides[d] = strides[perm[d]];
    m->out_strides[d] = stride;
    stride *= m->dims[d];
  }
  lrt_move_finish(m);
}

void lrt_move_slice(lrt_move *m, const lrt_shape *in, const int32_t *begin, const int32_t *stride,
                    const lrt_shape *out, size_t size) {
  int64_t strides[LRT_MAX_RANK];
  dense_strides(in, strides);
  start(m, in->rank, size);
  dense_strides(out, m->out_strides);
  for (int d = 0; d < in->rank; d++) {
    m->dims[d] = out->dims[d];
    m->in_strides[d] = strides[d] * (stride ? stride[d] : 1);
    m->in_offset += strides[d] * begin[d];
  }
  lrt_move_finish(m);
}

void lrt_move_into(lrt_move *m, const lrt_shape *in, const lrt_shape *out, const int32_t *begin,
                   size_t size) {
  start(m, in->rank, size);
  dense_strides(in, m->in_strides);
  dense_strides(out, m->out_strides);
  for (int d = 0; d < in->rank; d++) {
    m->dims[d] = in->dims[d];
    m->out_offset += m->out_strides[d] * begin[d];
  }
  lrt_move_finish(m);
}

void lrt_move_tile(lrt_move *m, const lrt_shape *in, const int32_t *multiples, size_t size) {
  int64_t strides[LRT_MAX_RANK], out_stride = 1;
  dense_strides(in, strides);
  start(m, 2 * in->rank, size);
  for (int d = in->rank - 1; d >= 0; d--) {
    m->dims[2 * d + 1] = in->dims[d];
    m->in_strides[2 * d + 1] = strides[d];
    m->out_strides[2 * d + 1] = out_stride;
    out_stride *= in->dims[d];
    m->dims[2 * d] = multiples[d];
    m->out_strides[2 * d] = out_stride;
    out_stride *= multiples[d];
  }
  lrt_move_finish(m);
}

void lrt_move_broadcast(lrt_move *m, const lrt_shape *in, const lrt_shape *out, size_t size) {
  int64_t strides[LRT_MAX_RANK];
  dense_strides(in, strides);
  start(m, out->rank, size);
  dense_strides(out, m->out_strides);
  for (int d = 0; d < out->rank; d++) {
    const int own = d - (out->rank - in->rank);
    m->dims[d] = out->dims[d];
    m->in_strides[d] = own < 0 || in->dims[own] == 1 ? 0 : strides[own];
  }
  lrt_move_finish(m);
}

/* Both use the six indices n, h, y, w, x, c of [n][h][y][w][x][c] (space) and [n][h][w][y][x][c] (depth). */
static void blocks(lrt_move *m, int64_t n, int64_t h, int64_t w, int64_t b, int64_t c, bool to_space,
                   size_t size) {
  start(m, 6, size);
  const int64_t dims[6] = {n, h, b, w, b, c};
  const int64_t space[6] = {h * b * w * b * c, b * w * b * c, w * b * c, b * c, c, 1};
  const int64_t depth[6] = {h * w * b * b * c, w * b * b * c, b * c, b * b * c, c, 1};
  memcpy(m->dims, dims, sizeof dims);
  memcpy(m->in_strides, to_space ? depth : space, sizeof space);
  memcpy(m->out_strides, to_space ? space : depth, sizeof space);
  lrt_move_finish(m);
}

void lrt_move_depth_to_space(lrt_move *m, const lrt_shape *in, int32_t block, size_t size) {
  blocks(m, in->dims[0], in->dims[1], in->dims[2], block, in->dims[3] / block / block, true, size);
}

void lrt_move_space_to_depth(lrt_move *m, const lrt_shape *in, int32_t block, size_t size) {
  blocks(m, in->dims[0], in->dims[1] / block, in->dims[2] / block, block, in->dims[3], false, size);
}

void lrt_move_fill(void *out, const void *value, size_t size, size_t count) {
  if (count == 0) return;
  const size_t bytes = size * count;
  memcpy(out, value, size);
  for (size_t done = size; done < bytes;) {
    const size_t n = done < bytes - done ? done : bytes - done;
    memcpy((char *)out + done, out, n);
    done += n;
  }
}
