/* move_pad.c: mirrored padding, space and batch blocks, reversal of sequences. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "kernels/move/move.h"

/* Source index of a padded one. */
static int64_t mirrored(int64_t at, int64_t before, int64_t dim, int64_t edge) {
  const int64_t i = at - before;
  return i < 0 ? -i - 1 + edge : i >= dim ? 2 * dim - 1 - i - edge : i;
}

static void copy_reversed(const char *in, char *out, int64_t count, size_t size) {
  for (int64_t i = 0; i < count; i++) memcpy(out + i * (int64_t)size, in - i * (int64_t)size, size);
}

void lrt_mirror_pad(const void *in_, const lrt_shape *in_shape, const int32_t (*pads)[2], int32_t edge,
                    void *out_, const lrt_shape *out_shape, size_t size, int64_t begin, int64_t end) {
  if (in_shape->rank == 0) {
    memcpy(out_, in_, size);
    return;
  }
  const int last = in_shape->rank - 1;
  const int64_t width = in_shape->dims[last], before = pads[last][0], after = pads[last][1];
  const int64_t bytes = (int64_t)size;
  for (int64_t row = begin; row < end; row++) {
    int64_t rest = row, source = 0, stride = 1;
    for (int d = last - 1; d >= 0; d--) {
      source += mirrored(rest % out_shape->dims[d], pads[d][0], in_shape->dims[d], edge) * stride;
      stride *= in_shape->dims[d];
      rest /= out_shape->dims[d];
    }
    const char *in = (const char *)in_ + source * width * bytes;
    char *out = (char *)out_ + row * out_shape->dims[last] * bytes;
    copy_reversed(in + (before - 1 + edge) * bytes, out, before, size);
    memcpy(out + before * bytes, in, (size_t)(width * bytes));
    copy_reversed(in + (width - 1 - edge) * bytes, out + (before + width) * bytes, after, size);
  }
}

/* Byte offset of pixel (batch, y, x) in a tensor of the given height and width. */
static size_t pixel_at(const lrt_blocks *b, int64_t batch, int64_t y, int64_t x, int64_t height,
                       int64_t width) {
  return (size_t)((batch * height + y) * width + x) * b->pixel;
}

void lrt_space_to_batch(const lrt_blocks *b, const void *in, const void *fill, void *out) {
  const int64_t blocks = (int64_t)b->block_h * b->block_w * b->batch;
  for (int64_t o = 0; o < blocks; o++) {
    const int64_t batch = o % b->batch, shift_y = o / b->batch / b->block_w,
                  shift_x = o / b->batch % b->block_w;
    for (int64_t cy = 0; cy < b->cell_h; cy++) {
      const int64_t y = cy * b->block_h + shift_y - b->pad_top;
      for (int64_t cx = 0; cx < b->cell_w; cx++) {
        const int64_t x = cx * b->block_w + shift_x - b->pad_left;
        char *target = (char *)out + pixel_at(b, o, cy, cx, b->cell_h, b->cell_w);
        if (y < 0 || y >= b->height || x < 0 || x >= b->width)
          lrt_move_fill(target, fill, b->size, b->pixel / b->size);
        else
          memcpy(target, (const char *)in + pixel_at(b, batch, y, x, b->height, b->width), b->pixel);
      }
    }
  }
}

void lrt_batch_to_space(const lrt_blocks *b, const void *in, void *out) {
  const int64_t blocks = (int64_t)b->block_h * b->block_w * b->batch;
  for (int64_t i = 0; i < blocks; i++) {
    const int64_t batch = i % b->batch, shift_y = i / b->batch / b->block_w,
                  shift_x = i / b->batch % b->block_w;
    for (int64_t cy = 0; cy < b->cell_h; cy++) {
      const int64_t y = cy * b->block_h + shift_y - b->pad_top;
      if (y < 0 || y >= b->height) continue;
      for (int64_t cx = 0; cx < b->cell_w; cx++) {
        const int64_t x = cx * b->block_w + shift_x - b->pad_left;
        if (x < 0 || x >= b->width) continue;
        memcpy((char *)out + pixel_at(b, batch, y, x, b->height, b->width),
               (const char *)in + pixel_at(b, i, cy, cx, b->cell_h, b->cell_w), b->pixel);
      }
    }
  }
}

lrt_status lrt_reverse_sequence_run(const lrt_reverse_sequence *r, const void *in, const void *lengths,
                                    lrt_type length_type, void *out, lrt_error *err) {
  for (int64_t b = 0; b < r->batch; b++) {
    const int64_t n =
        length_type == LRT_INT64 ? ((const int64_t *)lengths)[b] : ((const int32_t *)lengths)[b];
    if (n < 0 || n > r->seq) {
      return lrt_fail(err, LRT_RUN_FAILED, "sequence length %lld of batch %lld is outside 0..%lld",
                      (long long)n, (long long)b, (long long)r->seq);
    }
    for (int64_t i = 0; i < r->outer * r->middle * r->seq; i++) {
      const int64_t s = i % r->seq, m = i / r->seq % r->middle, o = i / r->seq / r->middle;
      const int64_t from = s < n ? n - 1 - s : s;
      const int64_t first = r->seq_first ? r->seq : r->batch, second = r->seq_first ? r->batch : r->seq;
      const int64_t to_a = r->seq_first ? s : b, to_b = r->seq_first ? b : s,
                    from_a = r->seq_first ? from : b;
      const int64_t from_b = r->seq_first ? b : from;
      memcpy((char *)out + (size_t)(((o * first + to_a) * r->middle + m) * second + to_b) * r->inner,
             (const char *)in + (size_t)(((o * first + from_a) * r->middle + m) * second + from_b) * r->inner,
             r->inner);
    }
  }
  return LRT_OK;
}
