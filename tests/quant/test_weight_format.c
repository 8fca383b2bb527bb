/* test_weight_format.c: stored weights widened again, against the error that was reported, for every format. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "quant/weight_format.h"

#include "base/half.h"
#include "check.h"

enum { ROWS = 3, COLUMNS = 128 };

static uint32_t seed = 5;

static float uniform(void) {
  seed = seed * 1664525u + 1013904223u;
  return (float)(int32_t)seed / 2147483648.0f;
}

static float widen(const lrt_weight_format *f, const void *codes, const void *scales, int r, int c) {
  const int at = r * COLUMNS + c;
  if (f->type == LRT_FLOAT32) return ((const float *)codes)[at];
  if (f->type == LRT_FLOAT16) return lrt_half_to_float(((const uint16_t *)codes)[at]);
  int code = ((const int8_t *)codes)[f->type == LRT_INT8 ? at : at / 2];
  if (f->type == LRT_INT4) code = (int8_t)(((at % 2 == 0 ? code : code >> 4) & 15) << 4) >> 4;
  const float scale = f->block == 0
                          ? ((const float *)scales)[r]
                          : lrt_half_to_float(((const uint16_t *)scales)[(r * COLUMNS + c) / f->block]);
  return scale * (float)code;
}

/* Relative error of a format; checks that it is what widening again gives. */
static double stored_error(const lrt_weight_format *f, const float *w, const float *importance) {
  uint8_t codes[ROWS * COLUMNS * 4];
  float scales[ROWS * COLUMNS / 32];
  lrt_weight_error error = {0, 0};
  double squared = 0;
  CHECK_INT(lrt_weight_encode(f, w, importance, ROWS, COLUMNS, codes, scales, &error, NULL), LRT_OK);
  for (int r = 0; r < ROWS; r++)
    for (int c = 0; c < COLUMNS; c++) {
      const double off = (double)widen(f, codes, scales, r, c) - (double)w[r * COLUMNS + c];
      squared += (importance == NULL ? 1.0 : (double)importance[c]) * off * off;
    }
  CHECK_NEAR(error.squared, squared, 1e-9 + squared * 1e-5);
  return squared / error.squared_weight;
}

static void every_format(void) {
  static const struct {
    lrt_weight_format format;
    double most; /* relative error allowed */
  } formats[] = {
      {{LRT_FLOAT32, 0, false}, 0},  {{LRT_FLOAT16, 0, false}, 1e-6}, {{LRT_INT8, 0, false}, 2e-4},
      {{LRT_INT8, 0, true}, 2e-4},   {{LRT_INT8, 32, false}, 1e-4},   {{LRT_INT8, 64, true}, 1e-4},
      {{LRT_INT4, 0, false}, 0.05},  {{LRT_INT4, 0, true}, 0.03},     {{LRT_INT4, 32, false}, 0.02},
      {{LRT_INT4, 32, true}, 0.015}, {{LRT_INT4, 128, true}, 0.03}};
  float w[ROWS * COLUMNS], importance[COLUMNS];
  for (int i = 0; i < ROWS * COLUMNS; i++) w[i] = uniform() * uniform() * (float)(1 + i / COLUMNS);
  for (int i = 0; i < COLUMNS; i++) importance[i] = 1 + uniform();
  for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
    const lrt_weight_format *f = &formats[i].format;
    const double error = stored_error(f, w, NULL);
    printf("%s block %d%s: relative squared error %.2e\n", lrt_type_name(f->type), (int)f->block,
           f->search ? " search" : "", error);
    CHECK(error <= formats[i].most);
    stored_error(f, w, importance);
    if (!f->search || i == 0) continue;
    const lrt_weight_format plain = {f->type, f->block, false};
    CHECK(error <= stored_error(&plain, w, NULL) * 1.0001);
  }
}

/* A row longer than the stretches it is done in, with int4 codes. */
static void long_row(void) {
  enum { N = 10000 };
  static float w[N];
  static uint8_t codes[N / 2];
  const lrt_weight_format f = {LRT_INT4, 0, true};
  lrt_weight_error error = {0, 0};
  float scale = 0;
  for (int i = 0; i < N; i++) w[i] = (float)(i % 16 - 8) * 0.25f;
  CHECK_INT(lrt_weight_encode(&f, w, NULL, 1, N, codes, &scale, &error, NULL), LRT_OK);
  CHECK(error.squared == 0 && scale == 0.25f && codes[4096 / 2] == 0x98 && codes[N / 2 - 1] == 0x76);
}

static void refusals(void) {
  const lrt_weight_format odd = {LRT_INT4, 48, false}, block = {LRT_INT4, 64, false},
                          type = {LRT_INT16, 0, false};
  const lrt_weight_format row = {LRT_INT8, 0, false};
  float w[64] = {0}, scale = 0;
  int8_t codes[64];
  lrt_error err = {LRT_OK, ""};
  lrt_weight_error error = {0, 0};
  CHECK_INT(lrt_weight_format_check(&odd, 96, &err), LRT_INVALID_ARGUMENT);
  CHECK_INT(lrt_weight_format_check(&block, 96, &err), LRT_INVALID_ARGUMENT);
  CHECK(strstr(err.message, "rows of 96 weights") != NULL);
  CHECK_INT(lrt_weight_format_check(&type, 96, &err), LRT_INVALID_ARGUMENT);
  w[37] = NAN;
  CHECK_INT(lrt_weight_encode(&row, w, NULL, 2, 32, codes, &scale, &error, &err), LRT_INVALID_ARGUMENT);
  CHECK(strstr(err.message, "row 1, column 5") != NULL);
}

int main(int argc, char **argv) {
  RUN(every_format);
  RUN(long_row);
  RUN(refusals);
  DONE();
}
