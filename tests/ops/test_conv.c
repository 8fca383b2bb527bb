/* test_conv.c: convolutions against plain loops, in both modes, and the refusal of models that make no sense. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "kernels/requant/fixed.h"
#include "one_op.h"

enum { MOST = 4096 };

/* One convolution: sizes, and whether every channel has filters of its own. */
typedef struct geometry {
  int batch, h, w, channels, outputs, kernel_h, kernel_w, stride, dilation, padding, groups;
  bool depthwise;
} geometry;

static int out_size(int in, int kernel, const geometry *g) {
  const int reach = (kernel - 1) * g->dilation + 1;
  return g->padding == LRT_PADDING_SAME ? (in + g->stride - 1) / g->stride : (in - reach) / g->stride + 1;
}

static int pad_before(int in, int kernel, const geometry *g) {
  const int total = (out_size(in, kernel, g) - 1) * g->stride + (kernel - 1) * g->dilation + 1 - in;
  return g->padding == LRT_PADDING_SAME && total > 0 ? total / 2 : 0;
}

/* Element of the filter for tap t, input channel i of the group (0 if depthwise), output o. */
static int filter_index(const geometry *g, int t, int i, int o) {
  const int taps = g->kernel_h * g->kernel_w;
  return g->depthwise ? t * g->outputs + o : (o * taps + t) * (g->channels / g->groups) + i;
}

static double sum_of(const geometry *g, const double *x, const double *f, int b, int y, int z, int o) {
  const int depth = g->depthwise ? 1 : g->channels / g->groups;
  const int first = g->depthwise ? o / (g->outputs / g->channels) : o / (g->outputs / g->groups) * depth;
  double sum = 0;
  for (int t = 0; t < g->kernel_h * g->kernel_w; t++) {
    const int iy = y * g->stride - pad_before(g->h, g->kernel_h, g) + t / g->kernel_w * g->dilation;
    const int ix = z * g->stride - pad_before(g->w, g->kernel_w, g) + t % g->kernel_w * g->dilation;
    if (iy < 0 || iy >= g->h || ix < 0 || ix >= g->w) continue;
    for (int i = 0; i < depth; i++)
      sum += x[((b * g->h + iy) * g->w + ix) * g->channels + first + i] * f[filter_index(g, t, i, o)];
  }
  return sum;
}

typedef struct sample {
  double x[MOST], f[MOST], bias[64], sums[MOST];
  int inputs, filters, count, out_h, out_w;
} sample;

/* Whole numbers, so that sums are exact in any order. */
static void fill(sample *s, const geometry *g, int range) {
  s->inputs = g->batch * g->h * g->w * g->channels;
  s->filters = g->kernel_h * g->kernel_w * g->outputs * (g->depthwise ? 1 : g->channels / g->groups);
  s->out_h = out_size(g->h, g->kernel_h, g);
  s->out_w = out_size(g->w, g->kernel_w, g);
  s->count = 0;
  for (int i = 0; i < s->inputs; i++) s->x[i] = i * 7919 % (2 * range + 1) - range;
  for (int i = 0; i < s->filters; i++) s->f[i] = i * 104729 % (2 * range + 1) - range;
  for (int i = 0; i < g->outputs; i++) s->bias[i] = i * 13 % 41 - 20;
  for (int b = 0; b < g->batch; b++)
    for (int y = 0; y < s->out_h; y++)
      for (int z = 0; z < s->out_w; z++)
        for (int o = 0; o < g->outputs; o++)
          s->sums[s->count++] = sum_of(g, s->x, s->f, b, y, z, o) + s->bias[o];
}

static lrt_shape filter_shape(const geometry *g) {
  if (g->depthwise) return build_shape(4, 1, g->kernel_h, g->kernel_w, g->outputs);
  return build_shape(4, g->outputs, g->kernel_h, g->kernel_w, g->channels / g->groups);
}

static lrt_status run(one_op *o, lrt_mode mode, const geometry *g, int activation, const one_operand *in,
                      int n, const one_operand *out) {
  const lrt_conv_2d_options conv = {.padding = (int8_t)g->padding,
                                    .stride_w = g->stride,
                                    .stride_h = g->stride,
                                    .activation = (int8_t)activation,
                                    .dilation_w_factor = g->dilation,
                                    .dilation_h_factor = g->dilation};
  const lrt_depthwise_conv_2d_options depthwise = {.padding = (int8_t)g->padding,
                                                   .stride_w = g->stride,
                                                   .stride_h = g->stride,
                                                   .activation = (int8_t)activation,
                                                   .dilation_w_factor = g->dilation,
                                                   .dilation_h_factor = g->dilation};
  if (g->depthwise) return one_op_run(o, mode, LRT_OP_DEPTHWISE_CONV_2D, &depthwise, in, n, out, 1);
  return one_op_run(o, mode, LRT_OP_CONV_2D, &conv, in, n, out, 1);
}

/* `moving`: filter and bias are inputs of the model, so that nothing can be packed ahead. */
static void check_floats(const geometry *g, bool moving) {
  static sample s;
  static float x[MOST], f[MOST], bias[64];
  fill(&s, g, 8);
  for (int i = 0; i < s.inputs; i++) x[i] = (float)s.x[i];
  for (int i = 0; i < s.filters; i++) f[i] = (float)s.f[i];
  for (int i = 0; i < g->outputs; i++) bias[i] = (float)s.bias[i];
  const one_operand in[] = {{.shape = {4, {g->batch, g->h, g->w, g->channels}}, .data = x},
                            {.shape = filter_shape(g), .data = f, .constant = !moving},
                            {.shape = {1, {g->outputs}}, .data = bias, .constant = !moving}};
  const one_operand out = {.type = LRT_FLOAT32};
  for (int mode = 0; mode < 2; mode++) {
    one_op o;
    CHECK_INT(run(&o, mode == 0 ? LRT_MODE_REF : LRT_MODE_FAST, g, LRT_ACT_RELU, in, 3, &out), LRT_OK);
    const lrt_tensor_view view = one_op_result(&o, 0);
    CHECK_INT(view.bytes, (size_t)s.count * sizeof(float));
    for (int i = 0; i < s.count; i++)
      CHECK(((const float *)view.data)[i] == (float)(s.sums[i] < 0 ? 0 : s.sums[i]));
    one_op_close(&o);
  }
}

/* Per-channel int8 (or int16 activations) with input zero point 3 and output zero point -4. */
static void check_integers(const geometry *g, lrt_type type, bool moving) {
  static sample s;
  static int8_t x[MOST], f[MOST];
  static int16_t wide[MOST];
  static int32_t bias[64];
  static int64_t bias64[64];
  static float scales[64];
  static int32_t zeros[64];
  const bool is_wide = type == LRT_INT16;
  fill(&s, g, 60);
  for (int i = 0; i < s.inputs; i++) x[i] = (int8_t)(s.x[i] + 3), wide[i] = (int16_t)s.x[i];
  for (int i = 0; i < s.filters; i++) f[i] = (int8_t)s.f[i];
  for (int i = 0; i < g->outputs; i++) {
    bias[i] = (int32_t)s.bias[i];
    bias64[i] = bias[i];
    scales[i] = 0.01f + 0.001f * (float)i;
  }
  const lrt_quant quant = {LRT_QUANT_AFFINE, g->outputs, scales, zeros, g->depthwise ? 3 : 0, 0, -1, -1};
  const one_operand in[] = {
      {.type = type,
       .shape = {4, {g->batch, g->h, g->w, g->channels}},
       .data = is_wide ? (const void *)wide : x,
       .scale = 0.5f,
       .zero_point = is_wide ? 0 : 3},
      {.type = LRT_INT8, .shape = filter_shape(g), .data = f, .constant = !moving, .quant = &quant},
      {.type = is_wide ? LRT_INT64 : LRT_INT32,
       .shape = {1, {g->outputs}},
       .data = is_wide ? (const void *)bias64 : bias,
       .constant = !moving}};
  const one_operand out = {.type = type, .scale = 2.0f, .zero_point = is_wide ? 0 : -4};
  for (int mode = 0; mode < 2; mode++) {
    one_op o;
    CHECK_INT(run(&o, mode == 0 ? LRT_MODE_REF : LRT_MODE_FAST, g, LRT_ACT_NONE, in, 3, &out), LRT_OK);
    const lrt_tensor_view view = one_op_result(&o, 0);
    for (int i = 0; i < s.count && view.data != NULL; i++) {
      const lrt_multiplier m =
          lrt_multiplier_make((double)0.5f * (double)scales[i % g->outputs] / (double)2.0f);
      int32_t v = is_wide ? lrt_multiplier_apply64((int64_t)s.sums[i], m)
                          : lrt_multiplier_apply((int32_t)s.sums[i], m) - 4;
      if (!is_wide) v = lrt_fixed_clamp(v, -128, 127);
      const int got = is_wide ? ((const int16_t *)view.data)[i] : ((const int8_t *)view.data)[i];
      CHECK(abs(got - v) <= (mode == 0 ? 0 : 1));
    }
    one_op_close(&o);
  }
}

static const geometry shapes[] = {
    {1, 5, 7, 3, 4, 3, 3, 1, 1, LRT_PADDING_SAME, 1, false},
    {2, 6, 6, 4, 5, 2, 3, 2, 1, LRT_PADDING_VALID, 1, false},
    {1, 9, 8, 2, 3, 3, 3, 1, 2, LRT_PADDING_SAME, 1, false},
    {1, 4, 4, 6, 4, 3, 3, 1, 1, LRT_PADDING_SAME, 2, false},
    {2, 3, 3, 17, 19, 1, 1, 1, 1, LRT_PADDING_VALID, 1, false},
    {1, 6, 5, 8, 8, 3, 3, 1, 1, LRT_PADDING_SAME, 1, true},
    {2, 7, 7, 3, 6, 3, 3, 2, 1, LRT_PADDING_SAME, 1, true},
    {1, 8, 8, 5, 5, 2, 4, 1, 2, LRT_PADDING_VALID, 1, true},
};

static void test_shapes(void) {
  for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
    for (int moving = 0; moving < 2; moving++) {
      check_floats(&shapes[i], moving != 0);
      check_integers(&shapes[i], LRT_INT8, moving != 0);
      check_integers(&shapes[i], LRT_INT16, moving != 0);
    }
  }
}

static void refuse(const geometry *g, lrt_shape input, lrt_shape filter, lrt_type type, int32_t bias_count) {
  static const float zeros[MOST];
  const one_operand in[] = {{.shape = input, .data = zeros},
                            {.type = type, .shape = filter, .data = zeros, .constant = true},
                            {.shape = {1, {bias_count}}, .data = zeros, .constant = true}};
  const one_operand out = {.type = LRT_FLOAT32};
  for (int mode = 0; mode < 2; mode++) {
    one_op o;
    CHECK(run(&o, mode == 0 ? LRT_MODE_REF : LRT_MODE_FAST, g, LRT_ACT_NONE, in, 3, &out) != LRT_OK);
    CHECK(o.error.message[0] != '\0');
    one_op_close(&o);
  }
}

static void test_refusals(void) {
  geometry g = {1, 4, 4, 4, 4, 3, 3, 1, 1, LRT_PADDING_SAME, 1, false};
  for (int depthwise = 0; depthwise < 2; depthwise++) {
    g.depthwise = depthwise != 0;
    const lrt_shape input = build_shape(4, 1, 4, 4, 4), filter = filter_shape(&g);
    refuse(&g, build_shape(3, 4, 4, 4), filter, LRT_FLOAT32, 4);
    refuse(&g, input, build_shape(2, 4, 4), LRT_FLOAT32, 4);
    refuse(&g, input, filter, LRT_FLOAT32, 3);
    refuse(&g, input, filter, LRT_INT32, 4);
    refuse(&g, input, filter, LRT_INT8, 4); /* no scales */
    refuse(&g, build_shape(4, 1, 4, 4, 3), filter, LRT_FLOAT32, 4);
    refuse(&g, build_shape(4, 1, 4, 4, 0), filter, LRT_FLOAT32, 4);
    g.stride = 0;
    refuse(&g, input, filter, LRT_FLOAT32, 4);
    g.stride = 1;
    g.dilation = 0;
    refuse(&g, input, filter, LRT_FLOAT32, 4);
    g.dilation = INT32_MAX;
    g.padding = 7;
    refuse(&g, input, filter, LRT_FLOAT32, 4);
    g.dilation = 1;
    g.padding = LRT_PADDING_SAME;
  }
}

/* Steps that are larger than the picture, and pictures without pixels. */
static void test_extremes(void) {
  static const float numbers[64] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
  const geometry far = {1, 3, 3, 1, 1, 3, 3, 1, 1000000, LRT_PADDING_SAME, 1, false};
  const geometry jump = {1, 3, 3, 1, 1, 1, 1, INT32_MAX, 1, LRT_PADDING_VALID, 1, false};
  const geometry none = {0, 3, 3, 1, 1, 3, 3, 1, 1, LRT_PADDING_SAME, 1, false};
  const geometry *const all[] = {&far, &jump, &none};
  for (int i = 0; i < 3; i++) {
    const one_operand in[] = {{.shape = {4, {all[i]->batch, 3, 3, 1}}, .data = numbers},
                              {.shape = filter_shape(all[i]), .data = numbers, .constant = true}};
    const one_operand out = {.type = LRT_FLOAT32};
    one_op o;
    CHECK_INT(run(&o, LRT_MODE_FAST, all[i], LRT_ACT_NONE, in, 2, &out), LRT_OK);
    one_op_close(&o);
  }
}

/* Quantized weights around another number than 0 meet floats: they are widened, whatever the mode. */
static void test_shifted_weights(void) {
  static const float x[4] = {1, 2, 3, 4}, expected[4] = {1, -2, 3, -4};
  static const uint8_t w[2] = {132, 124};
  static const int8_t v[2] = {9, 1};
  const geometry g = {1, 1, 2, 2, 2, 1, 1, 1, 1, LRT_PADDING_SAME, 1, true};
  for (int i = 0; i < 4; i++) {
    const one_operand in[] = {{.shape = {4, {1, 1, 2, 2}}, .data = x},
                              {.type = i < 2 ? LRT_UINT8 : LRT_INT8,
                               .shape = {4, {1, 1, 1, 2}},
                               .data = i < 2 ? (const void *)w : v,
                               .constant = true,
                               .scale = 0.25f,
                               .zero_point = i < 2 ? 128 : 5}};
    const one_operand out = {.type = LRT_FLOAT32};
    one_op o;
    CHECK_INT(run(&o, i % 2 == 0 ? LRT_MODE_REF : LRT_MODE_FAST, &g, LRT_ACT_NONE, in, 2, &out), LRT_OK);
    const lrt_tensor_view view = one_op_result(&o, 0);
    for (int k = 0; k < 4 && view.data != NULL; k++)
      CHECK_NEAR(((const float *)view.data)[k], expected[k], 0.02);
    one_op_close(&o);
  }
}

int main(int argc, char **argv) {
  RUN(test_shapes);
  RUN(test_refusals);
  RUN(test_extremes);
  RUN(test_shifted_weights);
  DONE();
}
