/* lut.c: builds the tables of lut.h; reads the int16 sigmoid table. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "kernels/requant/lut.h"

const uint16_t lrt_lut_sigmoid[256] = {
    32768, 33451, 34133, 34813, 35493, 36169, 36843, 37513, 38180, 38841, 39498, 40149, 40794, 41432, 42064,
    42688, 43304, 43912, 44511, 45102, 45683, 46255, 46817, 47369, 47911, 48443, 48964, 49475, 49975, 50464,
    50942, 51409, 51865, 52311, 52745, 53169, 53581, 53983, 54374, 54755, 55125, 55485, 55834, 56174, 56503,
    56823, 57133, 57433, 57724, 58007, 58280, 58544, 58800, 59048, 59288, 59519, 59743, 59959, 60168, 60370,
    60565, 60753, 60935, 61110, 61279, 61441, 61599, 61750, 61896, 62036, 62172, 62302, 62428, 62549, 62666,
    62778, 62886, 62990, 63090, 63186, 63279, 63368, 63454, 63536, 63615, 63691, 63765, 63835, 63903, 63968,
    64030, 64090, 64148, 64204, 64257, 64308, 64357, 64405, 64450, 64494, 64536, 64576, 64614, 64652, 64687,
    64721, 64754, 64786, 64816, 64845, 64873, 64900, 64926, 64950, 64974, 64997, 65019, 65039, 65060, 65079,
    65097, 65115, 65132, 65149, 65164, 65179, 65194, 65208, 65221, 65234, 65246, 65258, 65269, 65280, 65291,
    65301, 65310, 65319, 65328, 65337, 65345, 65352, 65360, 65367, 65374, 65381, 65387, 65393, 65399, 65404,
    65410, 65415, 65420, 65425, 65429, 65433, 65438, 65442, 65445, 65449, 65453, 65456, 65459, 65462, 65465,
    65468, 65471, 65474, 65476, 65479, 65481, 65483, 65485, 65488, 65489, 65491, 65493, 65495, 65497, 65498,
    65500, 65501, 65503, 65504, 65505, 65507, 65508, 65509, 65510, 65511, 65512, 65513, 65514, 65515, 65516,
    65517, 65517, 65518, 65519, 65520, 65520, 65521, 65522, 65522, 65523, 65523, 65524, 65524, 65525, 65525,
    65526, 65526, 65526, 65527, 65527, 65528, 65528, 65528, 65529, 65529, 65529, 65529, 65530, 65530, 65530,
    65530, 65531, 65531, 65531, 65531, 65531, 65532, 65532, 65532, 65532, 65532, 65532, 65533, 65533, 65533,
    65533, 65533, 65533, 65533, 65533, 65534, 65534, 65534, 65534, 65534, 65534, 65534, 65534, 65534, 65534,
    65535,
};

void lrt_lut_make8(lrt_lut_fn fn, const void *params, float in_scale, int32_t in_zero, float out_scale,
                   int32_t out_zero, bool is_signed, uint8_t table[256]) {
  const float inverse = 1.0f / out_scale;
  const int32_t low = is_signed ? INT8_MIN : 0, high = is_signed ? INT8_MAX : UINT8_MAX;
  for (int32_t q = low; q <= high; q++) {
    const float y = roundf(fn(in_scale * (float)(q - in_zero), params) * inverse) + (float)out_zero;
    const int32_t out = !(y > (float)low) ? low : y >= (float)high ? high : (int32_t)y;
    table[(uint8_t)q] = (uint8_t)out;
  }
}

static int16_t clamp16(double x) {
  return (int16_t)(!(x > INT16_MIN) ? INT16_MIN : x > INT16_MAX ? INT16_MAX : x);
}

void lrt_lut_make16(lrt_lut_fn fn, const void *params, float in_scale, int32_t in_zero, float out_scale,
                    int32_t out_zero, int16_t table[513]) {
  const float low = in_scale * (float)(INT16_MIN - in_zero), high = in_scale * (float)(INT16_MAX - in_zero);
  const float out_low = out_scale * (float)(INT16_MIN - out_zero),
              out_high = out_scale * (float)(INT16_MAX - out_zero);
  const float step = (high - low) / 512, half_step = step / 2, inverse = 65536.0f / (out_high - out_low);
  for (int i = 0; i < 512; i++) {
    const float value = fn(low + (float)i * step, params);
    const float middle = fn(low + (float)i * step + half_step, params);
    const float next = fn(low + (float)(i + 1) * step, params);
    const float sample = roundf(value * inverse);
    const float interpolated = roundf((next * inverse + sample) / 2);
    const float bias = roundf((interpolated - roundf(middle * inverse)) / 2);
    table[i] = clamp16((double)(sample - bias));
  }
  table[512] = clamp16((double)roundf(fn(high, params) * inverse));
}

void lrt_lut_make16_double(lrt_lut_fn64 fn, const void *params, double in_scale, int32_t in_zero,
                           double out_scale, int32_t out_zero, int16_t table[513]) {
  const double low = in_scale * (INT16_MIN - in_zero), high = in_scale * (INT16_MAX - in_zero);
  const double out_low = out_scale * (INT16_MIN - out_zero), out_high = out_scale * (INT16_MAX - out_zero);
  const double step = (high - low) / 512, half_step = step / 2, inverse = 65536.0 / (out_high - out_low);
  for (int i = 0; i < 512; i++) {
    const double value = fn(low + i * step, params), middle = fn(low + i * step + half_step, params);
    const double next = fn(low + (i + 1) * step, params), sample = round(value * inverse);
    const double interpolated = round((next * inverse + sample) / 2);
    table[i] = clamp16(sample - round((interpolated - round(middle * inverse)) / 2));
  }
  table[512] = clamp16(round(fn(high, params) * inverse));
}

lrt_lut_sigmoid_scale lrt_lut_sigmoid_prepare(float in_scale, int max_pot) {
  const float log2_scale = logf(in_scale) * (1.0f / logf(2.0f));
  const float rounded = roundf(log2_scale);
  lrt_lut_sigmoid_scale s = {0, 12 + (rounded > -64 && rounded < 64 ? (int32_t)rounded : 64)};
  if (fabsf(log2_scale - rounded) < 1e-3f && s.shift >= 0 && s.shift <= max_pot) return s;
  double multiplier = (double)in_scale * 4096.0 * 3.0;
  for (s.shift = 0; multiplier <= 32767.0 / 2.0 && s.shift <= 30; s.shift++) multiplier *= 2.0;
  /* A scale too small for any effect still gets a multiplier: 0 would mean a power of two. */
  s.multiplier = multiplier >= INT32_MAX ? INT32_MAX : multiplier >= 1 ? (int32_t)multiplier : 1;
  return s;
}

/* The input in units of 1 / (3 * 4096). */
static int32_t to_table_scale(int16_t value, lrt_lut_sigmoid_scale scale) {
  if (scale.multiplier == 0) return value * (3 << scale.shift);
  const uint32_t round = scale.shift > 0 ? (uint32_t)1 << (scale.shift - 1) : 0;
  return lrt_fixed_sar((int32_t)((uint32_t)value * (uint32_t)scale.multiplier + round), scale.shift);
}

int16_t lrt_lut_logistic16(int16_t value, lrt_lut_sigmoid_scale scale) {
  const int32_t x = to_table_scale(value, scale);
  const uint32_t magnitude = x < 0 ? 0u - (uint32_t)x : (uint32_t)x, index = magnitude >> 9;
  uint32_t y = 0x7FFFu << 10;
  if (index < 255) {
    const uint32_t base = lrt_lut_sigmoid[index];
    y = (base << 9) + (magnitude & 0x1ff) * (lrt_lut_sigmoid[index + 1] - base);
  }
  y = x >= 0 ? y + (1u << 9) : (1u << 25) - y + (1u << 9) - 1;
  return (int16_t)(y >> 10);
}

int16_t lrt_lut_tanh16(int16_t value, lrt_lut_sigmoid_scale scale) {
  const int32_t x = to_table_scale(value, scale);
  const uint32_t magnitude = x < 0 ? 0u - (uint32_t)x : (uint32_t)x, index = magnitude >> 8;
  int32_t y = 0xFFFF << 8;
  if (index < 255) {
    const uint32_t base = lrt_lut_sigmoid[index];
    y = (int32_t)((base << 8) + (magnitude & 0xff) * (lrt_lut_sigmoid[index + 1] - base));
  }
  y = x >= 0 ? y - (1 << 23) + (1 << 7) : -y + (1 << 23) + (1 << 7) - 1;
  return (int16_t)lrt_fixed_sar(y, 8);
}
