/* test_pool.c: every pooling variant against its reference at odd sizes and paddings. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

#include "base/cpu.h"
#include "kernels/pool/pool.h"

static void variants_match(void) {
  const lrt_pool_params shapes[] = {
      {2, 7, 5, 3, 4, 3, 3, 3, 2, 2, 1, 1, -3.0f, 6.0f, -100, 90},
      {1, 9, 9, 300, 3, 3, 3, 3, 3, 3, 0, 0, -INFINITY, INFINITY, -32768, 32767},
      {1, 6, 6, 17, 1, 1, 6, 6, 1, 1, 0, 0, -INFINITY, INFINITY, -128, 127},
      {1, 2, 2, 1, 4, 4, 1, 1, 2, 2, 3, 3, -1.0f, 1.0f, 0, 100}, /* windows outside the picture */
  };
  size_t count;
  const lrt_pool_variant *all = lrt_pool_variants(&count);
  static uint32_t in[30000], a[10000], b[10000];
  uint32_t seed = 7;
  for (size_t i = 0; i < count; i++) {
    const lrt_pool_variant *v = &all[i];
    if (v->ref || !lrt_cpu_has((lrt_cpu_level)v->level)) continue;
    for (size_t s = 0; s < sizeof shapes / sizeof shapes[0]; s++) {
      lrt_pool_params p = shapes[s];
      if (v->type == LRT_UINT8)
        p.int_low = p.int_low < 0 ? 0 : p.int_low, p.int_high = p.int_high > 255 ? 255 : p.int_high;
      if (v->type == LRT_INT8)
        p.int_low = p.int_low < -128 ? -128 : p.int_low, p.int_high = p.int_high > 127 ? 127 : p.int_high;
      for (int k = 0; k < 30000; k++) {
        seed = seed * 1664525u + 1013904223u;
        const float f = (float)(int32_t)seed * 1e-8f;
        in[k] = seed;
        if (v->type == LRT_FLOAT32) memcpy(&in[k], &f, 4);
      }
      const size_t size = lrt_type_bits(v->type) / 8;
      const int64_t rows = (int64_t)p.batches * p.out_height;
      const size_t bytes = (size_t)(rows * p.out_width * p.channels) * size;
      v->fn(&p, (char *)in + size, a, 0, rows / 2);
      v->fn(&p, (char *)in + size, a, rows / 2, rows);
      lrt_pool_pick(v->op, v->type, true)(&p, (char *)in + size, b, 0, rows);
      if (memcmp(a, b, bytes) != 0) {
        fprintf(stderr, "%s differs from the reference, shape %zu\n", v->name, s);
        check_failures++;
      }
    }
  }
}

static void rounding(void) {
  const lrt_pool_params p = {1, 2, 2, 1, 1, 1, 2, 2, 1, 1, 0, 0, 0, 0, -128, 127};
  const int8_t in[2][4] = {{-1, -2, -2, -1}, {1, 2, 2, 1}}; /* ±6 / 4 = ±1.5 */
  for (int ref = 0; ref < 2; ref++) {
    int8_t out = 0;
    lrt_pool_pick(LRT_POOL_AVERAGE, LRT_INT8, ref)(&p, in[0], &out, 0, 1);
    CHECK_INT(out, -2);
    lrt_pool_pick(LRT_POOL_AVERAGE, LRT_INT8, ref)(&p, in[1], &out, 0, 1);
    CHECK_INT(out, 2);
  }
}

int main(int argc, char **argv) {
  RUN(variants_match);
  RUN(rounding);
  DONE();
}
