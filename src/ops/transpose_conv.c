/* transpose_conv.c: TRANSPOSE_CONV, CONV_3D_TRANSPOSE and MediaPipe's Convolution2DTransposeBias. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <string.h>

#include "kernels/gemm/gemm_core.h"
#include "kernels/tconv/tconv.h"
#include "ops/custom_options.h"
#include "ops/fused_activation.h"
#include "ops/product.h"

/* Every input pixel times every tap first (a plain product), then each output row adds up what reaches it. */
typedef struct tconv_step {
  lrt_tconv t;
  int input, weights, bias; /* operands; bias -1 = none */
  int64_t depth;            /* input channels */
  bool output_first;        /* weights are [channels][taps][depth], not [taps][channels][depth] */
  bool fixed;
  lrt_gemm_f32 f;
  float lo, hi; /* f32: the activation, after the bias */
  lrt_gemm_int i;
  lrt_tconv_rescale rescale;
  const float *w_scale;                  /* f32 with int8 weights: [channels] */
  const lrt_value *cols, *turned, *sums; /* turned, sums: made at run time */
  const void *kept_turned;
  const int32_t *kept_sums;
} tconv_step;

static size_t size_of(lrt_type type) {
  return lrt_type_bits(type) / 8;
}

/* Weights as [taps][channels][depth]; int8 ones of float products become floats. */
static void turn_weights(const tconv_step *s, const void *from, lrt_type type, void *to) {
  const int64_t taps = lrt_tconv_taps(&s->t), n = s->t.channels, depth = s->depth;
  const size_t size = size_of(type);
  for (int64_t t = 0; t < taps; t++) {
    for (int64_t c = 0; c < n; c++) {
      const int64_t source = (s->output_first ? c * taps + t : t * n + c) * depth,
                    target = (t * n + c) * depth;
      if (s->w_scale != NULL) {
        for (int64_t i = 0; i < depth; i++)
          ((float *)to)[target + i] = (float)((const int8_t *)from)[source + i] * s->w_scale[c];
      } else {
        memcpy((char *)to + (size_t)target * size, (const char *)from + (size_t)source * size,
               (size_t)depth * size);
      }
    }
  }
}

static lrt_status run_turn(const lrt_step *step, const lrt_step_run *run, int64_t begin, int64_t end) {
  const tconv_step *s = step->params;
  const lrt_value *weights = step->inputs[s->weights];
  (void)run;
  (void)begin;
  (void)end;
  if (s->turned != NULL) turn_weights(s, weights->data, weights->type, s->turned->data);
  if (s->sums != NULL) {
    lrt_gemm_int g = s->i;
    g.w = s->turned != NULL ? s->turned->data : weights->data;
    lrt_gemm_int_sums(&g, s->sums->data);
  }
  return LRT_OK;
}

static const void *weights_of(const tconv_step *s, const lrt_step *step) {
  if (s->kept_turned != NULL) return s->kept_turned;
  return s->turned != NULL ? s->turned->data : step->inputs[s->weights]->data;
}

static lrt_status run_product(const lrt_step *step, const lrt_step_run *run, int64_t begin, int64_t end) {
  const tconv_step *s = step->params;
  void *scratch = lrt_step_scratch(step, run);
  if (step->inputs[s->input]->type == LRT_FLOAT32) {
    lrt_gemm_f32 g = s->f;
    g.a.data = step->inputs[s->input]->data;
    g.w = weights_of(s, step);
    g.c = s->cols->data;
    lrt_gemm_f32_run(&g, begin, end, scratch);
  } else {
    lrt_gemm_int g = s->i;
    g.a.data = step->inputs[s->input]->data;
    g.w = weights_of(s, step);
    g.w_sums = s->sums != NULL ? s->sums->data : s->kept_sums;
    g.c = s->cols->data;
    lrt_gemm_int_run(&g, begin, end, scratch);
  }
  return LRT_OK;
}

static lrt_status run_rows(const lrt_step *step, const lrt_step_run *run, int64_t begin, int64_t end) {
  const tconv_step *s = step->params;
  const lrt_value *bias = s->bias >= 0 ? step->inputs[s->bias] : NULL;
  const int64_t count = s->t.out[2] * s->t.channels;
  lrt_tconv_rescale rescale = s->rescale;
  if (bias != NULL && bias->type == LRT_INT32) rescale.bias = bias->data;
  if (bias != NULL && bias->type == LRT_INT64) rescale.bias64 = bias->data;
  void *scratch = lrt_step_scratch(step, run), *out = step->outputs[0]->data;
  for (int64_t row = begin; row < end; row++) {
    switch (step->inputs[s->input]->type) {
    case LRT_FLOAT32:
      lrt_tconv_row_f32(&s->t, s->cols->data, bias != NULL ? bias->data : NULL, s->lo, s->hi, row,
                        (float *)out + row * count);
      break;
    case LRT_INT16:
      lrt_tconv_row_i16(&s->t, step->inputs[s->input]->data, weights_of(s, step), s->depth, &rescale, row,
                        scratch, (int16_t *)out + row * count);
      break;
    default:
      lrt_tconv_row_i32(&s->t, s->cols->data, row, scratch);
      lrt_tconv_finish(&rescale, scratch, s->t.out[2], s->t.channels, (uint8_t *)out + row * count);
    }
  }
  return LRT_OK;
}

typedef struct fill_args {
  const tconv_step *s;
  const lrt_value *weights;
} fill_args;

static void fill_turned(void *out, const void *arg) {
  const fill_args *a = arg;
  turn_weights(a->s, a->weights->data, a->weights->type, out);
}

static void fill_sums(void *out, const void *arg) {
  const fill_args *a = arg;
  lrt_gemm_int g = a->s->i;
  g.w = a->s->kept_turned != NULL ? a->s->kept_turned : a->weights->data;
  lrt_gemm_int_sums(&g, out);
}

/* The weights' other order and their sums, once where they are fixed, else by a step of their own. */
static lrt_status prepare_weights(lrt_prepare *p, tconv_step *s, bool sums) {
  const lrt_value *weights = p->inputs[s->weights];
  const int64_t columns = lrt_tconv_taps(&s->t) * s->t.channels;
  const bool turn = s->output_first || s->w_scale != NULL;
  const size_t bytes =
      (size_t)(columns * s->depth) * (s->w_scale != NULL ? sizeof(float) : size_of(weights->type));
  const size_t sum_bytes = (size_t)columns * sizeof(int32_t);
  if (!s->fixed) {
    if (turn) s->turned = lrt_prepare_temp(p, bytes);
    if (sums) s->sums = lrt_prepare_temp(p, sum_bytes);
    if ((turn && s->turned == NULL) || (sums && s->sums == NULL)) return lrt_prepare_no_memory(p);
    return turn || sums ? lrt_prepare_step(p, run_turn, s, 1, 0, "turn weights") : LRT_OK;
  }
  const fill_args args = {s, weights};
  const lrt_weights_key key = {
      weights->data,
      "taps first",
      {s->t.channels, s->depth, lrt_tconv_taps(&s->t) * 2 + s->output_first, lrt_value_quant_mark(weights)}};
  if (turn) LRT_TRY(lrt_product_keep(p, weights, &key, bytes, fill_turned, &args, &s->kept_turned));
  if (!sums) return LRT_OK;
  lrt_weights_key sum_key = key;
  sum_key.layout = "taps first sums";
  const void *kept = NULL;
  LRT_TRY(lrt_product_keep(p, weights, &sum_key, sum_bytes, fill_sums, &args, &kept));
  s->kept_sums = kept;
  return LRT_OK;
}

static lrt_gemm_a input_rows(const tconv_step *s) {
  return (lrt_gemm_a){
      .m = s->t.batch * s->t.in[0] * s->t.in[1] * s->t.in[2], .taps = 1, .kc = s->depth, .ld = s->depth};
}

static lrt_status prepare_cols(lrt_prepare *p, tconv_step *s) {
  const int64_t columns = lrt_tconv_taps(&s->t) * s->t.channels, rows = input_rows(s).m;
  if (columns != 0 && rows > INT64_MAX / 4 / columns)
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "the sizes of input and filter multiply to too much");
  s->cols = lrt_prepare_temp(p, (size_t)(rows * columns) * 4);
  return s->cols != NULL ? LRT_OK : lrt_prepare_no_memory(p);
}

static lrt_status emit_floats(lrt_prepare *p, tconv_step *s, const lrt_product *product) {
  const int64_t n = s->t.channels;
  LRT_TRY(lrt_product_check_bias(p, s->bias, n, LRT_FLOAT32, LRT_FLOAT32));
  if (p->inputs[s->weights]->type != LRT_FLOAT32) {
    LRT_TRY(lrt_product_scales(p, product, n, &s->w_scale));
  }
  LRT_TRY(prepare_cols(p, s));
  s->f = (lrt_gemm_f32){.a = input_rows(s),
                        .groups = 1,
                        .n = lrt_tconv_taps(&s->t) * n,
                        .w_type = LRT_FLOAT32,
                        .lo = -INFINITY,
                        .hi = INFINITY,
                        .ldc = lrt_tconv_taps(&s->t) * n,
                        .ref = p->mode == LRT_OP_REF};
  lrt_gemm_f32_plan(&s->f, p->workers);
  LRT_TRY(prepare_weights(p, s, false));
  LRT_TRY(lrt_prepare_step(p, run_product, s, lrt_gemm_f32_tiles(&s->f), lrt_gemm_f32_scratch(&s->f),
                           s->f.kernel->name));
  LRT_TRY(lrt_fused_activation(p, product->activation, &s->lo, &s->hi));
  return lrt_prepare_step(p, run_rows, s, lrt_tconv_rows(&s->t), 0, "tconv_row_f32");
}

static lrt_status set_rescale(lrt_prepare *p, tconv_step *s, const lrt_product *product) {
  const lrt_value *bias = lrt_product_operand(p, s->bias);
  const bool wide = p->inputs[s->input]->type == LRT_INT16;
  lrt_product_rescale rescale;
  LRT_TRY(lrt_product_check_bias(p, s->bias, s->t.channels, LRT_INT32, wide ? LRT_INT64 : LRT_INT32));
  LRT_TRY(lrt_product_rescale_make(p, product, s->t.channels, &rescale));
  s->rescale = (lrt_tconv_rescale){.mult = rescale.mult,
                                   .shift = rescale.shift,
                                   .scale = rescale.scale,
                                   .lo = rescale.lo,
                                   .hi = rescale.hi,
                                   .exact = p->mode == LRT_OP_REF,
                                   .zero = p->outputs[0]->quant->zero_point[0],
                                   .bias_is_32 = bias != NULL ? bias->type == LRT_INT32
                                                              : product->quantized_bias_type == LRT_INT32};
  return LRT_OK;
}

static lrt_status emit_integers(lrt_prepare *p, tconv_step *s, const lrt_product *product) {
  const lrt_value *input = p->inputs[s->input], *weights = p->inputs[s->weights];
  const int64_t columns = lrt_tconv_taps(&s->t) * s->t.channels;
  const size_t acc = (size_t)s->t.out[2] * (size_t)s->t.channels;
  LRT_TRY(set_rescale(p, s, product));
  if (input->type == LRT_INT16) {
    LRT_TRY(prepare_weights(p, s, false));
    return lrt_prepare_step(p, run_rows, s, lrt_tconv_rows(&s->t), acc * sizeof(int64_t), "tconv_row_i16");
  }
  s->i = (lrt_gemm_int){.a = input_rows(s),
                        .a_type = input->type,
                        .a_zero = input->quant->zero_point[0],
                        .groups = 1,
                        .n = columns,
                        .w_type = weights->type,
                        .w_zero = weights->quant->zero_point[0],
                        .out_type = LRT_INT32,
                        .ldc = columns,
                        .rows_per_scale = 1,
                        .ref = p->mode == LRT_OP_REF};
  LRT_TRY(prepare_cols(p, s));
  lrt_gemm_int_plan(&s->i, p->workers);
  LRT_TRY(prepare_weights(p, s, true));
  LRT_TRY(lrt_prepare_step(p, run_product, s, lrt_gemm_int_tiles(&s->i), lrt_gemm_int_scratch(&s->i),
                           s->i.kernel->name));
  return lrt_prepare_step(p, run_rows, s, lrt_tconv_rows(&s->t), acc * sizeof(int32_t), "tconv_row_i32");
}

static bool is_supported(lrt_type a, lrt_type w, lrt_type c) {
  if (a != c) return false;
  if (a == LRT_FLOAT32) return w == LRT_FLOAT32 || w == LRT_INT8;
  return a == LRT_UINT8 ? w == LRT_UINT8 : (a == LRT_INT8 || a == LRT_INT16) && w == LRT_INT8;
}

static lrt_status emit(lrt_prepare *p, tconv_step *s, const lrt_product *product) {
  const lrt_value *input = p->inputs[s->input], *weights = p->inputs[s->weights];
  if (!is_supported(input->type, weights->type, p->outputs[0]->type) || weights->sparsity != NULL)
    return lrt_prepare_fail(p, LRT_UNSUPPORTED,
                            "input of type %s with %sweights \"%s\" of type %s is not supported",
                            lrt_type_name(input->type), weights->sparsity != NULL ? "sparse " : "",
                            weights->name, lrt_type_name(weights->type));
  if (lrt_shape_count(&p->outputs[0]->shape) == 0) return LRT_OK;
  if (s->depth < 1 || lrt_shape_count(&input->shape) == 0)
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "input \"%s\" is empty", input->name);
  s->fixed = lrt_product_is_fixed(p, weights);
  return input->type == LRT_FLOAT32 ? emit_floats(p, s, product) : emit_integers(p, s, product);
}

/* Sizes of `dims` spatial axes from the operands' shapes; height is t.…[3 - dims]. */
static lrt_status set_sizes(lrt_prepare *p, tconv_step *s, const lrt_shape *out, int dims, int filter_axis) {
  const lrt_shape *input = &p->inputs[s->input]->shape, *filter = &p->inputs[s->weights]->shape;
  if (input->rank != dims + 2 || filter->rank != dims + 2 || out->rank != dims + 2)
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "input, filter or output does not have %d dimensions",
                            dims + 2);
  const int32_t channels = filter->dims[s->output_first ? 0 : dims];
  s->t.batch = input->dims[0];
  s->t.channels = channels;
  s->depth = input->dims[dims + 1];
  if (filter->dims[dims + 1] != s->depth || out->dims[0] != input->dims[0] || out->dims[dims + 1] != channels)
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "filter \"%s\" does not fit input and output shape",
                            p->inputs[s->weights]->name);
  for (int d = 0; d < 3; d++) {
    const int at = d - (3 - dims);
    s->t.in[d] = at < 0 ? 1 : input->dims[1 + at];
    s->t.out[d] = at < 0 ? 1 : out->dims[1 + at];
    s->t.kernel[d] = at < 0 ? 1 : filter->dims[filter_axis + at];
  }
  return LRT_OK;
}

/* Padding as the forward convolution of the output would have it. */
static lrt_status set_padding(lrt_prepare *p, tconv_step *s, int padding, bool must_match) {
  if (padding != LRT_PADDING_SAME && padding != LRT_PADDING_VALID)
    return lrt_prepare_fail(p, LRT_UNSUPPORTED, "padding %d is not supported", padding);
  for (int d = 0; d < 3; d++) {
    lrt_window window;
    if (!lrt_window_of(s->t.out[d], s->t.kernel[d], s->t.stride[d], s->t.dilation[d], padding, &window))
      return lrt_prepare_fail(p, LRT_INVALID_MODEL,
                              "a window of %d with stride %d and dilation %d does not exist", s->t.kernel[d],
                              s->t.stride[d], s->t.dilation[d]);
    if (must_match && window.out != s->t.in[d])
      return lrt_prepare_fail(p, LRT_INVALID_MODEL, "an output of %d does not come from an input of %d",
                              s->t.out[d], s->t.in[d]);
    s->t.pad[d] = window.pad_before;
  }
  return LRT_OK;
}

/* Input 0 holds the output's shape. */
static lrt_status wanted_shape(lrt_prepare *p, int rank, lrt_shape *out) {
  int64_t dims[LRT_MAX_RANK];
  int count = 0;
  LRT_TRY(lrt_prepare_integers(p, 0, dims, LRT_MAX_RANK, &count));
  if (count != rank)
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "the output shape has %d dimensions, expected %d", count,
                            rank);
  out->rank = rank;
  for (int i = 0; i < rank; i++) {
    if (dims[i] < 0 || dims[i] > INT32_MAX)
      return lrt_prepare_fail(p, LRT_INVALID_MODEL, "%lld is no dimension", (long long)dims[i]);
    out->dims[i] = (int32_t)dims[i];
  }
  return LRT_OK;
}

static tconv_step *new_step(lrt_prepare *p, int input, int weights, int bias) {
  tconv_step *s = lrt_prepare_params(p, sizeof *s);
  if (s == NULL) return NULL;
  s->input = input;
  s->weights = weights;
  s->bias = lrt_product_operand(p, bias) != NULL ? bias : -1;
  for (int d = 0; d < 3; d++) s->t.stride[d] = s->t.dilation[d] = 1;
  return s;
}

static lrt_status prepare_2d(lrt_prepare *p) {
  const lrt_transpose_conv_options *options = p->node->options;
  lrt_shape shape = {0, {0}};
  LRT_TRY(lrt_prepare_arity(p, 3, 4, 1));
  LRT_TRY(wanted_shape(p, 4, &shape));
  tconv_step *s = new_step(p, 2, 1, 3);
  if (s == NULL) return lrt_prepare_no_memory(p);
  s->output_first = true;
  LRT_TRY(set_sizes(p, s, &shape, 2, 1));
  s->t.stride[1] = options->stride_h;
  s->t.stride[2] = options->stride_w;
  LRT_TRY(set_padding(p, s, options->padding, false));
  LRT_TRY(lrt_prepare_shape(p, 0, &shape));
  const lrt_product product = {.input = 2,
                               .weights = 1,
                               .bias = 3,
                               .n = s->t.channels,
                               .scale_axis = 0,
                               .activation = options->activation,
                               .quantized_bias_type = options->quantized_bias_type,
                               .float_product = p->inputs[2]->type == LRT_UINT8};
  return emit(p, s, &product);
}

static lrt_status prepare_3d(lrt_prepare *p) {
  const lrt_conv_3d_options *options = p->node->options;
  lrt_shape shape = {0, {0}};
  LRT_TRY(lrt_prepare_arity(p, 3, 4, 1));
  LRT_TRY(wanted_shape(p, 5, &shape));
  tconv_step *s = new_step(p, 2, 1, 3);
  if (s == NULL) return lrt_prepare_no_memory(p);
  if (p->inputs[1]->type != LRT_FLOAT32 || p->inputs[2]->type != LRT_FLOAT32)
    return lrt_prepare_fail(p, LRT_UNSUPPORTED, "type %s is not supported",
                            lrt_type_name(p->inputs[2]->type));
  LRT_TRY(set_sizes(p, s, &shape, 3, 0));
  const int32_t strides[] = {options->stride_d, options->stride_h, options->stride_w};
  const int32_t dilations[] = {options->dilation_d_factor, options->dilation_h_factor,
                               options->dilation_w_factor};
  memcpy(s->t.stride, strides, sizeof strides);
  memcpy(s->t.dilation, dilations, sizeof dilations);
  LRT_TRY(set_padding(p, s, options->padding, true));
  LRT_TRY(lrt_prepare_shape(p, 0, &shape));
  const lrt_product product = {
      .input = 2, .weights = 1, .bias = 3, .n = s->t.channels, .activation = options->activation};
  return emit(p, s, &product);
}

/* Options as a C struct: int32 padding (1 SAME, 2 VALID), stride_w, stride_h; what follows is ignored. */
static lrt_status read_raw(lrt_prepare *p, int32_t raw[3]) {
  LRT_TRY(lrt_custom_words(p, raw, 3));
  if ((raw[0] != 1 && raw[0] != 2) || raw[1] < 1 || raw[2] < 1)
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "padding %d with stride %dx%d does not exist", raw[0],
                            raw[2], raw[1]);
  return LRT_OK;
}

static lrt_status prepare_bias(lrt_prepare *p) {
  int32_t raw[3];
  LRT_TRY(lrt_prepare_arity(p, 2, 3, 1));
  LRT_TRY(read_raw(p, raw));
  tconv_step *s = new_step(p, 0, 1, 2);
  if (s == NULL) return lrt_prepare_no_memory(p);
  const lrt_shape *input = &p->inputs[0]->shape, *filter = &p->inputs[1]->shape;
  if (p->inputs[0]->type != LRT_FLOAT32 || p->inputs[1]->type != LRT_FLOAT32 || input->rank != 4 ||
      filter->rank != 4)
    return lrt_prepare_fail(p, LRT_UNSUPPORTED, "input and filter must be float32 with 4 dimensions");
  lrt_shape shape = {4, {input->dims[0], 0, 0, filter->dims[0]}};
  s->output_first = true;
  for (int d = 1; d <= 2; d++) {
    const int64_t stride = raw[3 - d], in = input->dims[d], kernel = filter->dims[d];
    if (in < 1 || kernel < 1) return lrt_prepare_fail(p, LRT_INVALID_MODEL, "input or filter is empty");
    const int64_t spare = raw[0] == 1 ? kernel - 1 - (in - 1) % stride : 0, pad = spare > 0 ? spare : 0;
    const int64_t out = stride * (in - 1) + kernel - pad;
    if (out > INT32_MAX) return lrt_prepare_fail(p, LRT_INVALID_MODEL, "the output is too large");
    shape.dims[d] = (int32_t)out;
    s->t.stride[d] = (int32_t)stride;
    s->t.pad[d] = (int32_t)(pad / 2);
  }
  LRT_TRY(set_sizes(p, s, &shape, 2, 1));
  LRT_TRY(lrt_prepare_shape(p, 0, &shape));
  const lrt_product product = {
      .input = 0, .weights = 1, .bias = 2, .n = s->t.channels, .activation = LRT_ACT_NONE};
  return emit(p, s, &product);
}

const lrt_op lrt_op_transpose_conv = {prepare_2d, false, 0, false};
const lrt_op lrt_op_conv_3d_transpose = {prepare_3d, false, 0, false};
const lrt_op lrt_op_transpose_conv_bias = {prepare_bias, false, 0, false};
