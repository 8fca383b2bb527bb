/* test_quantize.c: rounding rules, saturation, packing and channels of quantize and dequantize. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

#include "base/cpu.h"
#include "kernels/quantize/half_convert.h"
#include "kernels/quantize/quantize.h"
#include "kernels/quantize/quantize_rows.h"

static void rounding(void) {
  const float scale = 1.0f;
  const int32_t zero = 0;
  const lrt_quantize_scale q = {&scale, &zero, 1, 0};
  const float x[9] = {-2.5f, 2.5f, 0.5f, -0.5f, 1e9f, -1e9f, NAN, INFINITY, -INFINITY};
  int8_t out[9];
  CHECK(lrt_quantize(x, &q, out, LRT_INT8, true, 0, 9));
  CHECK(out[0] == -3 && out[1] == 3 && out[2] == 1 && out[3] == -1);
  CHECK(out[4] == 127 && out[5] == -128 && out[6] == -128 && out[7] == 127 && out[8] == -128);
  CHECK(lrt_quantize(x, &q, out, LRT_INT8, false, 0, 9));
  CHECK(out[0] == -2 && out[1] == 2 && out[2] == 0 && out[3] == 0);
  CHECK(out[4] == 127 && out[5] == -128 && out[6] == -128 && out[7] == 127);
  int32_t wide[9];
  CHECK(lrt_quantize(x, &q, wide, LRT_INT32, true, 0, 9));
  CHECK(wide[7] == INT32_MAX && wide[8] == INT32_MIN && wide[4] == 1000000000);
  CHECK(!lrt_quantize(x, &q, out, LRT_BOOL, true, 0, 1));
}

static void channels(void) {
  const float scale[3] = {1.0f, 0.5f, 0.25f};
  const int32_t zero[3] = {0, 1, 2};
  const lrt_quantize_scale q = {scale, zero, 3, 2}; /* [2][3][2] */
  float x[12], back[12];
  for (int i = 0; i < 12; i++) x[i] = (float)i;
  uint8_t out[12];
  CHECK(lrt_quantize(x, &q, out, LRT_UINT8, true, 0, 12));
  for (int i = 0; i < 12; i++) CHECK_INT(out[i], i * (1 << (i / 2 % 3)) + i / 2 % 3);
  CHECK(lrt_dequantize(out, LRT_UINT8, &q, back, 0, 5));
  CHECK(lrt_dequantize(out, LRT_UINT8, &q, back, 5, 12));
  for (int i = 0; i < 12; i++) CHECK_NEAR(back[i], x[i], 0);
}

static void packed(void) {
  int8_t values[7] = {-8, 7, 0, -1, 3, -4, 5}, back[7];
  uint8_t bytes[4] = {0};
  CHECK(lrt_pack_bits(values, LRT_INT4, bytes, 0, 7));
  CHECK(bytes[0] == 0x78 && bytes[1] == 0xF0);
  CHECK(lrt_unpack_bits(bytes, LRT_INT4, 0, back, 7));
  CHECK(memcmp(values, back, 7) == 0);
  CHECK(lrt_unpack_bits(bytes, LRT_INT4, 3, back, 2));
  CHECK(back[0] == -1 && back[1] == 3);
  int8_t twos[5] = {-2, -1, 0, 1, -2};
  CHECK(lrt_pack_bits(twos, LRT_INT2, bytes, 0, 5));
  CHECK(lrt_unpack_bits(bytes, LRT_INT2, 0, back, 5));
  CHECK(memcmp(twos, back, 5) == 0);
  const uint16_t scales[2] = {0x3C00, 0x4000}; /* 1, 2 */
  float real[7];
  CHECK(lrt_pack_bits(values, LRT_INT4, bytes, 0, 7));
  CHECK(lrt_dequantize_blockwise(bytes, LRT_INT4, 0, scales, NULL, 4, real, 7));
  CHECK(real[0] == -8.0f && real[3] == -1.0f && real[4] == 6.0f && real[5] == -8.0f);
}

static void requantize(void) {
  const int8_t x[4] = {-128, 0, 127, 5};
  uint8_t same[4];
  CHECK(lrt_requantize(x, LRT_INT8, 0.1f, 0, same, LRT_UINT8, 0.1f, 128, 4));
  for (int i = 0; i < 4; i++) CHECK_INT(same[i], x[i] + 128);
  int8_t twice[4];
  CHECK(lrt_requantize(x, LRT_INT8, 0.2f, 0, twice, LRT_INT8, 0.1f, 3, 4));
  CHECK(twice[0] == -128 && twice[1] == 3 && twice[2] == 127 && twice[3] == 13);
  const uint16_t half[2] = {0x3C00, 0xC000};
  float real[2];
  CHECK(lrt_dequantize(half, LRT_FLOAT16, NULL, real, 0, 2));
  CHECK(real[0] == 1.0f && real[1] == -2.0f);
}

static void fake(void) {
  const float x[4] = {-20.0f, -10.0f, 0.02f, 30.0f};
  float y[4];
  lrt_fake_quantize(x, y, 4, -10.0f, 10.0f, 8, false);
  CHECK(y[0] == y[1]);
  CHECK_NEAR(y[1], -10, 0.05);
  CHECK_NEAR(y[2], 0, 1e-5);
  CHECK_NEAR(y[3], 10, 0.05);
}

/* Every half, infinities and NaN included, by the machine's own conversion and by the portable one. */
static void halves(void) {
  static uint16_t all[65536], back[65536], expected[65536];
  static float fast[65536], slow[65536];
  for (int i = 0; i < 65536; i++) all[i] = (uint16_t)i;
  lrt_half_widen(all + 1, fast + 1, 65535);
  lrt_half_to_float_array(all + 1, slow + 1, 65535);
  CHECK(memcmp(fast + 1, slow + 1, 65535 * sizeof(float)) == 0);
  for (int i = 0; i < 65536; i++) slow[i] = isfinite(slow[i]) ? slow[i] * 1.0003f : slow[i];
  lrt_half_narrow(slow + 1, back + 1, 65535);
  lrt_half_from_float_array(slow + 1, expected + 1, 65535);
  CHECK(memcmp(back + 1, expected + 1, 65535 * sizeof(uint16_t)) == 0);
}

/* Every instruction set gives the bits of the portable rows, and those stay next to the reference's. */
static void levels_agree(void) {
  enum { COUNT = 301 };
  static float x[COUNT], real[COUNT], expected_real[COUNT];
  int16_t got[COUNT], expected[COUNT], ref[COUNT];
  const float scale = 0.037f;
  const lrt_quantize_level *last = &lrt_quantize_levels[lrt_quantize_level_count - 1];
  for (int i = 0; i < COUNT; i++) x[i] = (float)(i * 7919 % 1009 - 504) / 50;
  x[3] = NAN, x[77] = INFINITY, x[150] = -INFINITY, x[290] = 1e30f, x[300] = -0.0f;
  for (int l = 0; l < lrt_quantize_level_count; l++) {
    const lrt_quantize_level *level = &lrt_quantize_levels[l];
    if (!lrt_cpu_has((lrt_cpu_level)level->level)) continue;
    for (int count = 0; count <= COUNT; count += 43) {
      const int32_t zero = 17;
      const lrt_quantize_scale q = {&scale, &zero, 1, 0};
      level->to_i8(x, 1 / scale, zero, -128, 127, got, count);
      last->to_i8(x, 1 / scale, zero, -128, 127, expected, count);
      CHECK(memcmp(got, expected, (size_t)count) == 0);
      CHECK(lrt_quantize(x, &q, ref, LRT_INT8, true, 0, count));
      for (int i = 0; i < count; i++) CHECK(abs(((int8_t *)got)[i] - ((int8_t *)ref)[i]) <= 1);
      level->from_i8(got, zero, scale, real, count);
      last->from_i8(got, zero, scale, expected_real, count);
      CHECK(memcmp(real, expected_real, (size_t)count * 4) == 0);
      level->to_u8(x, 1 / scale, zero, 0, 255, got, count);
      last->to_u8(x, 1 / scale, zero, 0, 255, expected, count);
      CHECK(memcmp(got, expected, (size_t)count) == 0);
      level->from_u8(got, zero, scale, real, count);
      last->from_u8(got, zero, scale, expected_real, count);
      CHECK(memcmp(real, expected_real, (size_t)count * 4) == 0);
      level->to_i16(x, 1000, 0, -32768, 32767, got, count);
      last->to_i16(x, 1000, 0, -32768, 32767, expected, count);
      CHECK(memcmp(got, expected, (size_t)count * 2) == 0);
      CHECK(count < 4 || (got[3] == -32768 && expected[3] == -32768));
      level->from_i16(got, 0, scale, real, count);
      last->from_i16(got, 0, scale, expected_real, count);
      CHECK(memcmp(real, expected_real, (size_t)count * 4) == 0);
    }
  }
}

int main(int argc, char **argv) {
  RUN(rounding);
  RUN(channels);
  RUN(packed);
  RUN(requantize);
  RUN(fake);
  RUN(halves);
  RUN(levels_agree);
  DONE();
}
