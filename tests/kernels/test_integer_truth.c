/* test_integer_truth.c: integer results of the TFLite reference kernels, as recorded, for small inputs. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

#include "kernels/elementwise/ew_binary.h"
#include "kernels/elementwise/ew_unary.h"
#include "kernels/reduce/reduce.h"
#include "kernels/softmax/softmax.h"

static const int8_t in8[30] = {
    -128, -120, -111, -97, -80, -64, -51, -40, -33, -25, -17, -10, -5,  -1,  0,
    1,    2,    7,    13,  21,  30,  42,  55,  63,  77,  90,  101, 115, 122, 127,
};

static const int16_t in16[30] = {
    -32768, -30000, -25000, -19999, -15001, -12288, -9000, -6000, -4096, -3000,
    -2048,  -1000,  -512,   -100,   -1,     0,      1,     77,    300,   512,
    1023,   2000,   3333,   4097,   7000,   10000,  14000, 20000, 28000, 32767,
};

static const int8_t hard_swish_8_0[30] = {
    -7, -7, -7, -7, -7, -7, -10, -15, -16, -16, -15, -13, -11, -9,  -9,
    -8, -8, -4, 0,  8,  17, 33,  54,  68,  85,  102, 115, 127, 127, 127,
};

static const int8_t logistic_8_1[30] = {
    -128, -128, -128, -127, -126, -124, -119, -112, -104, -92, -74, -54, -37, -23, -19,
    -15,  -11,  8,    30,   57,   81,   103,  116,  120,  125, 126, 127, 127, 127, 127,
};

static const int8_t tanh_8_2[30] = {
    -128, -128, -128, -128, -127, -125, -119, -108, -95, -72, -40, -5,  20,  40,  44,
    49,   53,   72,   90,   107,  117,  124,  126,  127, 127, 127, 127, 127, 127, 127,
};

static const int8_t gelu_8_3[30] = {
    -20, -20, -20, -20, -20, -20, -20, -21, -21, -22, -24, -25, -26, -25, -25,
    -25, -25, -22, -17, -7,  8,   30,  54,  68,  92,  113, 127, 127, 127, 127,
};

static const int8_t exp_8_4[30] = {
    -127, -126, -126, -125, -124, -123, -121, -120, -118, -117, -115, -113, -111, -110, -110,
    -109, -109, -107, -104, -100, -94,  -85,  -73,  -63,  -42,  -16,  11,   56,   84,   106,
};

static const int8_t log_8_5[30] = {
    -128, -128, -128, -60, 3,  23, 33, 40, 43, 47, 50, 53, 55, 56, 57,
    57,   57,   59,   61,  63, 65, 68, 71, 73, 76, 78, 80, 82, 83, 84,
};

static const int8_t rsqrt_8_6[30] = {
    127, -11, -36, -50, -58, -62, -65, -66, -67, -68, -69, -69, -70, -70, -70,
    -70, -70, -71, -71, -72, -72, -73, -73, -74, -74, -75, -75, -76, -76, -76,
};

static const int8_t leaky_relu_8_7[30] = {
    -64, -61, -57, -52, -45, -38, -33, -29, -26, -23, -19, -17, -14, -13, -12,
    -12, -12, -6,  3,   13,  25,  42,  59,  70,  89,  107, 121, 127, 127, 127,
};

static const int8_t abs_8_8[30] = {
    127, 127, 127, 124, 101, 80, 62, 47, 38, 27, 16,  7,   0,   -6,  -7,
    -8,  -10, -6,  3,   13,  25, 42, 59, 70, 89, 107, 121, 127, 127, 127,
};

static const int8_t relu6_8_9[30] = {
    -20, -20, -20, -20, -20, -20, -20, -20, -20, -20, -20, -20, -20, -20, -20,
    -20, -20, -14, -4,  9,   23,  42,  63,  76,  98,  100, 100, 100, 100, 100,
};

static const int16_t logistic_16_10[30] = {
    1,     1,     1,     11,    81,    238,   872,   2726,  5331,  7585,  10025, 13151, 14713, 16056, 16381,
    16384, 16387, 16636, 17366, 18056, 19690, 22609, 25932, 27439, 30889, 32178, 32647, 32757, 32767, 32767,
};

static const int16_t tanh_16_11[30] = {
    -32767, -32767, -32767, -32767, -32767, -32767, -32758, -32581, -31589, -29445,
    -24956, -14838, -8026,  -1599,  -16,    0,      16,     1232,   4766,   8026,
    15130,  24628,  30333,  31590,  32697,  32764,  32767,  32767,  32767,  32767,
};

static const int16_t tanh_16_12[30] = {
    -32767, -32767, -32767, -32767, -32760, -32727, -32473, -31025, -27598, -23472,
    -17929, -9545,  -4993,  -984,   -11,    0,      11,     758,    2942,   4993,
    9752,   17599,  24954,  27601,  31800,  32606,  32754,  32767,  32767,  32767,
};

static const int16_t gelu_16_13[30] = {
    0, 0, 0,  -1,  -27, -115, -431, -920, -1127, -1097, -932,  -562,  -315,  -66,   -1,
    0, 1, 52, 209, 369, 792,  1747, 3321, 4335,  8579,  13029, 18618, 26665, 32767, 32767,
};

static const int16_t exp_16_14[30] = {
    38,   50,   82,   136,  223,  293,  406,  549,  664,  741,  815,  904,  950,  991,   1000,
    1000, 1000, 1008, 1030, 1052, 1108, 1221, 1396, 1506, 2014, 2718, 4055, 7389, 16444, 26486,
};

static const int16_t leaky_relu_16_15[30] = {
    -11565, -10588, -8824, -7059, -5295, -4337, -3177, -2118, -1446, -1059, -723,  -353,  -181,  -36,   -1,
    0,      1,      91,    353,   602,   1204,  2353,  3921,  4820,  8235,  11765, 16471, 23529, 32767, 32767,
};

static const int8_t a8[32] = {
    -94, -96, 76,  -1, 23, 25,  54,  -121, -4,  -91, -26, 109, 12, -110, 10,  -95,
    65,  114, 122, 31, 94, -34, -91, 2,    -15, 41,  126, -58, 91, -93,  -39, 73,
};

static const int8_t b8[32] = {
    -65, 43,  -11, 3,  112, 81,  86, 12, 123, 123, -94, -76, -50, 13, 82, -5,
    123, -38, 109, 23, 56,  -68, 23, 77, 98,  94,  119, -96, 71,  -9, 47, -58,
};

static const int16_t a16[32] = {
    -31813, -27321, 30977,  25948, -12883, -4591, -16980, -23089, 23429,  11361,  -27745,
    -19516, 4176,   26308,  32503, -18537, 7305,  -30601, -21329, -19611, -3801,  -10110,
    14876,  -2038,  -10551, 26616, 8215,   12934, 16116,  -10531, 25644,  -31662,
};

static const int16_t b16[32] = {
    -12662, -22294, -32506, 32534,  -26882, -2641,  20948,  12519, 23371,  -29186, -184,
    -30537, -20220, 22668,  -27973, 5759,   -31448, -12537, 28361, -11969, -12514, -26920,
    18002,  -21452, -71,    -31157, -31323, 22224,  -32255, -2209, -4770,  -24432,
};

static const int8_t add_8[32] = {
    -93, -18, 13,  -8, 78, 57,  72,  -50, 75, 40, -86, -20,  -40, -45, 51, -51,
    102, 9,   115, 19, 67, -71, -30, 45,  53, 72, 124, -100, 76,  -53, 7,  -21,
};

static const int8_t sub_8[32] = {
    4,   -73, 34,  -7, -74, -51, -43, -61, -92, -127, 51,  92, 35,  -57, -58, -39,
    -65, 68,  -32, -8, -6,  30,  -57, -58, -79, -54,  -37, 40, -18, -35, -53, 65,
};

static const int8_t mul_8[32] = {
    61, -45, -17, -6, 16, 11, 36,  -16, -14, -118, 22,  -91, -11, -16, -1,  3,
    68, -53, 119, -1, 41, 21, -24, -7,  -23, 28,   127, 55,  53,  6,   -24, -49,
};

static const int8_t div_8[32] = {
    10, -35, -62, 40, -4, -3, 1,   -128, -7, -15, -3, -21, -8, -128, -5,  118,
    0,  -36, 7,   11, 14, 0,  -63, -128, -8, -1,  6,  1,   9,  78,   -17, -19,
};

static const int8_t squared_difference_8[32] = {
    -58, 15, -34, -60, 16,  -26, -37, -9,  64, 127, -6,  101, -31, -16, -15, -42,
    -3,  31, -49, -60, -60, -39, -17, -16, 29, -22, -44, -25, -58, -46, -23, 25,
};

static const int16_t add_16[32] = {
    -21589, -26534, -10363, 32767,  -23971, -3685,  7872,   -472,  25731,  -15886, -11227,
    -29182, -12484, 26391,  -6580,  -3383,  -19092, -21016, 11321, -16223, -10280, -22888,
    18552,  -15832, -4270,  -11163, -18640, 20730,  -16132, -5759, 6919,   -29767,
};

static const int16_t mul_16[32] = {
    14099, 21318, -32768, 29547,  12121, 424,   -12449, -10117, 19165, -11605, 179,
    20859, -2955, 20872,  -31822, -3736, -8040, 13428,  -21172, 8215,  1665,   9526,
    9373,  1530,  26,     -29025, -9006, 10061, -18194, 814,    -4281, 27075,
};

static const int8_t rows8[24] = {
    37,  61, 124, -78, 108, -113, -92, 25,   94,  101, 61,  -122,
    -22, 78, 7,   -80, 46,  -105, 50,  -124, -36, -53, 112, 58,
};

static const int8_t softmax_8[24] = {
    -118, -108, 7,    -128, -45,  -128, -128, -121, -51,  -33,  -99, -128,
    -126, -81,  -122, -128, -105, -128, -102, -128, -126, -127, 41,  -95,
};

static const int8_t log_softmax_8[24] = {
    75, 86, 117, 20, 109, 3, 13, 69, 108, 111, 92, 4, 52, 100, 66, 24, 89, 16, 91, 7, 49, 41, 120, 94,
};

static const int8_t l2_8[24] = {
    17, 29, 62, -44, 54, -62, -51, 10, 51, 55, 32, -73, -16, 42, 1, -49, 23, -62, 25, -73, -23, -33, 60, 30,
};

static const int16_t rows16[16] = {
    10187, -448,   -13979, 23128, 29250, -18533, -16746, -12113,
    -1505, -15851, -6281,  31345, -8660, 28901,  197,    -10441,
};

static const int16_t softmax_16[16] = {
    2721, 939, 243, 9926, 18308, 154, 184, 293, 636, 151, 394, 16972, 311, 13292, 753, 260,
};

static const int8_t mean_8[3] = {
    9,
    26,
    -38,
};

static const int8_t prod_8[3] = {
    -77,
    -7,
    60,
};

static void expect(const char *name, const void *got, const void *want, lrt_type type, int count) {
  for (int i = 0; i < count; i++) {
    const int a = type == LRT_INT8 ? ((const int8_t *)got)[i] : ((const int16_t *)got)[i];
    const int b = type == LRT_INT8 ? ((const int8_t *)want)[i] : ((const int16_t *)want)[i];
    if (a == b) continue;
    fprintf(stderr, "%s[%d] is %d, expected %d\n", name, i, a, b);
    check_failures++;
  }
}

static void unary(void) {
  static const struct {
    lrt_unary_op op;
    lrt_type type;
    float alpha;
    lrt_unary_quant quant;
    const void *want;
  } cases[] = {
      {LRT_UNARY_HARD_SWISH,
       LRT_INT8,
       0.0f,
       {0.05000000074505806f, 0.03999999910593033f, 3, -7},
       hard_swish_8_0},
      {LRT_UNARY_LOGISTIC, LRT_INT8, 0.0f, {0.05999999865889549f, 0.00390625f, 5, -128}, logistic_8_1},
      {LRT_UNARY_TANH, LRT_INT8, 0.0f, {0.03999999910593033f, 0.0078125f, -9, 0}, tanh_8_2},
      {LRT_UNARY_GELU, LRT_INT8, 0.0f, {0.05000000074505806f, 0.029999999329447746f, 10, -20}, gelu_8_3},
      {LRT_UNARY_EXP, LRT_INT8, 0.0f, {0.019999999552965164f, 0.05000000074505806f, 4, -128}, exp_8_4},
      {LRT_UNARY_LOG, LRT_INT8, 0.0f, {0.05000000074505806f, 0.029999999329447746f, -100, 3}, log_8_5},
      {LRT_UNARY_RSQRT, LRT_INT8, 0.0f, {0.05000000074505806f, 0.019999999552965164f, -128, -90}, rsqrt_8_6},
      {LRT_UNARY_LEAKY_RELU,
       LRT_INT8,
       0.30000001192092896f,
       {0.05000000074505806f, 0.03700000047683716f, 3, -11},
       leaky_relu_8_7},
      {LRT_UNARY_ABS, LRT_INT8, 0.0f, {0.05000000074505806f, 0.03700000047683716f, 3, -11}, abs_8_8},
      {LRT_UNARY_RELU6, LRT_INT8, 0.0f, {0.07999999821186066f, 0.05000000074505806f, 3, -20}, relu6_8_9},
      {LRT_UNARY_LOGISTIC,
       LRT_INT16,
       0.0f,
       {0.00039999998989515007f, 3.0517578125e-05f, 0, 0},
       logistic_16_10},
      {LRT_UNARY_TANH, LRT_INT16, 0.0f, {0.00048828125f, 3.0517578125e-05f, 0, 0}, tanh_16_11},
      {LRT_UNARY_TANH, LRT_INT16, 0.0f, {0.0003000000142492354f, 3.0517578125e-05f, 0, 0}, tanh_16_12},
      {LRT_UNARY_GELU, LRT_INT16, 0.0f, {0.00019999999494757503f, 0.0001500000071246177f, 0, 0}, gelu_16_13},
      {LRT_UNARY_EXP, LRT_INT16, 0.0f, {9.999999747378752e-05f, 0.0010000000474974513f, 0, 0}, exp_16_14},
      {LRT_UNARY_LEAKY_RELU,
       LRT_INT16,
       0.30000001192092896f,
       {0.00019999999494757503f, 0.00016999999934341758f, 0, 0},
       leaky_relu_16_15},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    const lrt_unary_params p = {cases[i].alpha};
    char name[32];
    snprintf(name, sizeof name, "unary %zu", i);
    if (cases[i].type == LRT_INT8) {
      uint8_t table[256];
      int8_t out[30];
      REQUIRE(lrt_unary_table8(cases[i].op, &p, &cases[i].quant, LRT_INT8, table));
      lrt_unary_lut8(table, in8, out, 30);
      expect(name, out, cases[i].want, LRT_INT8, 30);
    } else {
      static lrt_unary_quant16_state state;
      int16_t out[30];
      REQUIRE(lrt_unary_quant16_make(cases[i].op, &p, &cases[i].quant, &state));
      lrt_unary_quant16(&state, in16, out, 30);
      expect(name, out, cases[i].want, LRT_INT16, 30);
    }
  }
}

static lrt_binary_params binary_params(lrt_binary_op op, lrt_type type, const lrt_binary_quant *q) {
  switch (op) {
  case LRT_BINARY_ADD:
  case LRT_BINARY_SUB: return lrt_binary_quant_add(q, type, false, op == LRT_BINARY_SUB);
  case LRT_BINARY_MUL: return lrt_binary_quant_mul(q);
  case LRT_BINARY_DIV: return lrt_binary_quant_div(q);
  default: return lrt_binary_quant_squared_difference(q);
  }
}

static void binary(void) {
  static const struct {
    lrt_binary_op op;
    lrt_type type;
    lrt_binary_quant quant;
    const void *want;
  } cases[] = {
      {LRT_BINARY_ADD,
       LRT_INT8,
       {0.019999999552965164f, 0.03500000014901161f, 0.05000000074505806f, 3, 4, -6, -128, 127},
       add_8},
      {LRT_BINARY_SUB,
       LRT_INT8,
       {0.019999999552965164f, 0.03500000014901161f, 0.05000000074505806f, 3, 4, -6, -128, 127},
       sub_8},
      {LRT_BINARY_MUL,
       LRT_INT8,
       {0.019999999552965164f, 0.03500000014901161f, 0.07000000029802322f, 3, 4, -6, -128, 127},
       mul_8},
      {LRT_BINARY_DIV,
       LRT_INT8,
       {0.019999999552965164f, 0.03500000014901161f, 0.05000000074505806f, 3, 4, -6, -128, 127},
       div_8},
      {LRT_BINARY_SQUARED_DIFFERENCE,
       LRT_INT8,
       {0.019999999552965164f, 0.03500000014901161f, 0.15000000596046448f, 3, 4, -60, -128, 127},
       squared_difference_8},
      {LRT_BINARY_ADD,
       LRT_INT16,
       {0.00019999999494757503f, 0.0003499999875202775f, 0.0005000000237487257f, 0, 0, 0, -32768, 32767},
       add_16},
      {LRT_BINARY_MUL,
       LRT_INT16,
       {0.00019999999494757503f, 0.0003499999875202775f, 0.0020000000949949026f, 0, 0, 0, -32768, 32767},
       mul_16},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    const bool narrow = cases[i].type == LRT_INT8;
    const lrt_binary_params p = binary_params(cases[i].op, cases[i].type, &cases[i].quant);
    int16_t out[32];
    char name[32];
    snprintf(name, sizeof name, "binary %zu", i);
    lrt_binary_pick(cases[i].op, cases[i].type, true, true)(&p, narrow ? (const void *)a8 : a16,
                                                            narrow ? (const void *)b8 : b16, out, 32, 1, 1);
    expect(name, out, cases[i].want, cases[i].type, 32);
  }
}

static void rows(void) {
  static lrt_softmax_quant q;
  int8_t out[24];
  int16_t out16[16];
  REQUIRE(lrt_softmax_quant_make(LRT_INT8, LRT_INT8, 8, 0.03f, 1.0f, true, &q));
  lrt_softmax_quant_run(&q, rows8, out, 8, 0, 3);
  expect("softmax", out, softmax_8, LRT_INT8, 24);
  REQUIRE(lrt_log_softmax_quant_make(LRT_INT8, 0.03f, true, &q));
  lrt_log_softmax_quant_run(&q, rows8, out, 8, 0, 3);
  expect("log_softmax", out, log_softmax_8, LRT_INT8, 24);
  lrt_l2_normalize_quant(rows8, out, LRT_INT8, 5, 8, 0, 3);
  expect("l2_normalize", out, l2_8, LRT_INT8, 24);
  REQUIRE(lrt_softmax_quant_make(LRT_INT16, LRT_INT16, 15, 0.0001f, 1.0f, true, &q));
  lrt_softmax_quant_run(&q, rows16, out16, 8, 0, 2);
  expect("softmax16", out16, softmax_16, LRT_INT16, 16);
}

static void reductions(void) {
  const lrt_shape in = {2, {3, 8}};
  const int32_t axis = 1;
  lrt_shape shape;
  lrt_reduce_space s;
  lrt_reduce_params p;
  int8_t out[3];
  CHECK_INT(lrt_reduce_make(&in, &axis, 1, false, &shape, &s, NULL), LRT_OK);
  lrt_reduce_quant(LRT_REDUCE_MEAN, LRT_INT8, 0.03f, 5, 0.01f, -3, 8, &p);
  lrt_reduce_pick(LRT_REDUCE_MEAN, LRT_INT8, true)(&s, &p, rows8, out, 0, 3);
  expect("mean", out, mean_8, LRT_INT8, 3);
  lrt_reduce_quant(LRT_REDUCE_PROD, LRT_INT8, 1.0f / 64, 5, 0.02f, -3, 8, &p);
  lrt_reduce_pick(LRT_REDUCE_PROD, LRT_INT8, true)(&s, &p, rows8, out, 0, 3);
  expect("prod", out, prod_8, LRT_INT8, 3);
}

int main(int argc, char **argv) {
  RUN(unary);
  RUN(binary);
  RUN(rows);
  RUN(reductions);
  DONE();
}
