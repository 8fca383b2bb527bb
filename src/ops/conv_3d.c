/* conv_3d.c: CONV_3D: gathers the pixels of an output row and multiplies them with the filter. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "kernels/gemm/gemm_core.h"
#include "ops/fused_activation.h"
#include "ops/product.h"

typedef struct conv3d_step {
  lrt_gemm_f32 g; /* one output row: m = out[2] pixels */
  int64_t channels;
  int32_t in[3], out[3], kernel[3], stride[3], dilation[3], pad[3];
  bool bias, fixed;
} conv3d_step;

/* The windows of output row (z, y) of picture b, one after the other; 0 outside the picture. */
static void gather(const conv3d_step *s, const float *picture, int64_t z, int64_t y, float *to) {
  for (int64_t x = 0; x < s->out[2]; x++) {
    for (int64_t kz = 0; kz < s->kernel[0]; kz++) {
      const int64_t iz = z * s->stride[0] - s->pad[0] + kz * s->dilation[0];
      for (int64_t ky = 0; ky < s->kernel[1]; ky++) {
        const int64_t iy = y * s->stride[1] - s->pad[1] + ky * s->dilation[1];
        const bool line = iz >= 0 && iz < s->in[0] && iy >= 0 && iy < s->in[1];
        for (int64_t kx = 0; kx < s->kernel[2]; kx++, to += s->channels) {
          const int64_t ix = x * s->stride[2] - s->pad[2] + kx * s->dilation[2];
          if (line && ix >= 0 && ix < s->in[2])
            memcpy(to, picture + ((iz * s->in[1] + iy) * s->in[2] + ix) * s->channels,
                   (size_t)s->channels * sizeof *to);
          else
            memset(to, 0, (size_t)s->channels * sizeof *to);
        }
      }
    }
  }
}

static size_t window_bytes(const conv3d_step *s) {
  return ((size_t)s->g.a.m * (size_t)s->g.a.kc * sizeof(float) + 63) / 64 * 64;
}

static lrt_status run_conv3d(const lrt_step *step, const lrt_step_run *run, int64_t begin, int64_t end) {
  const conv3d_step *s = step->params;
  char *scratch = lrt_step_scratch(step, run);
  lrt_gemm_f32 g = s->g;
  const int64_t picture = (int64_t)s->in[0] * s->in[1] * s->in[2] * s->channels;
  if (!s->fixed) g.w = step->inputs[1]->data;
  if (s->bias) g.bias = step->inputs[2]->data;
  g.a.data = scratch;
  for (int64_t row = begin; row < end; row++) {
    const int64_t y = row % s->out[1], z = row / s->out[1] % s->out[0], b = row / s->out[1] / s->out[0];
    gather(s, (const float *)step->inputs[0]->data + b * picture, z, y, (float *)(void *)scratch);
    g.c = (float *)step->outputs[0]->data + row * s->out[2] * s->g.n;
    lrt_gemm_f32_run(&g, 0, lrt_gemm_f32_tiles(&g), scratch + window_bytes(s));
  }
  return LRT_OK;
}

static void fill_panels(void *out, const void *arg) {
  lrt_gemm_f32_pack(arg, out);
}

static lrt_status pack(lrt_prepare *p, conv3d_step *s) {
  s->fixed = lrt_product_is_fixed(p, p->inputs[1]);
  if (!s->fixed) return LRT_OK;
  s->g.w = p->inputs[1]->data;
  const lrt_weights_key key = {s->g.w, "panels by k", {s->g.n, s->g.a.kc, s->g.kernel->nr, s->g.kernel->mr}};
  return lrt_product_keep(p, p->inputs[1], &key, lrt_gemm_f32_packed_bytes(&s->g), fill_panels, &s->g,
                          &s->g.packed);
}

/* Window along each axis; fills the output's shape. */
static lrt_status set_windows(lrt_prepare *p, const lrt_conv_3d_options *options, conv3d_step *s,
                              lrt_shape *shape) {
  const lrt_shape *input = &p->inputs[0]->shape, *filter = &p->inputs[1]->shape;
  const int32_t strides[] = {options->stride_d, options->stride_h, options->stride_w};
  const int32_t dilations[] = {options->dilation_d_factor, options->dilation_h_factor,
                               options->dilation_w_factor};
  if (options->padding != LRT_PADDING_SAME && options->padding != LRT_PADDING_VALID)
    return lrt_prepare_fail(p, LRT_UNSUPPORTED, "padding %d is not supported", options->padding);
  for (int d = 0; d < 3; d++) {
    lrt_window window;
    s->in[d] = input->dims[d + 1];
    s->kernel[d] = filter->dims[d];
    s->stride[d] = strides[d];
    s->dilation[d] = dilations[d];
    if (!lrt_window_of(s->in[d], s->kernel[d], strides[d], dilations[d], options->padding, &window))
      return lrt_prepare_fail(p, LRT_INVALID_MODEL,
                              "a window of %d with stride %d and dilation %d does not exist", s->kernel[d],
                              strides[d], dilations[d]);
    s->out[d] = shape->dims[d + 1] = window.out;
    s->pad[d] = window.pad_before;
  }
  shape->rank = 5;
  shape->dims[0] = input->dims[0];
  shape->dims[4] = filter->dims[4];
  return LRT_OK;
}

static lrt_status check_operands(lrt_prepare *p) {
  const lrt_value *input = p->inputs[0], *filter = p->inputs[1];
  if (input->type != LRT_FLOAT32 || filter->type != LRT_FLOAT32 || p->outputs[0]->type != LRT_FLOAT32 ||
      filter->sparsity != NULL)
    return lrt_prepare_fail(p, LRT_UNSUPPORTED, "%s with filter \"%s\" of type %s is not supported",
                            lrt_type_name(input->type), filter->name, lrt_type_name(filter->type));
  if (input->shape.rank != 5 || filter->shape.rank != 5 || input->shape.dims[4] != filter->shape.dims[3])
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "input and filter \"%s\" do not fit", filter->name);
  return LRT_OK;
}

static lrt_status prepare_conv_3d(lrt_prepare *p) {
  const lrt_conv_3d_options *options = p->node->options;
  lrt_shape shape = {0, {0}};
  LRT_TRY(lrt_prepare_arity(p, 2, 3, 1));
  LRT_TRY(check_operands(p));
  conv3d_step *s = lrt_prepare_params(p, sizeof *s);
  if (s == NULL) return lrt_prepare_no_memory(p);
  LRT_TRY(set_windows(p, options, s, &shape));
  LRT_TRY(lrt_prepare_shape(p, 0, &shape));
  if (lrt_shape_count(&shape) == 0) return LRT_OK;
  const int64_t k = lrt_shape_count(&p->inputs[1]->shape) / shape.dims[4];
  if (k < 1 || k > INT64_MAX / 8 / shape.dims[3])
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "filter \"%s\" is empty or too large", p->inputs[1]->name);
  s->channels = p->inputs[0]->shape.dims[4];
  s->bias = lrt_product_operand(p, 2) != NULL;
  s->g = (lrt_gemm_f32){.a = {.m = shape.dims[3], .taps = 1, .kc = k, .ld = k},
                        .groups = 1,
                        .n = shape.dims[4],
                        .w_type = LRT_FLOAT32,
                        .by_k = true,
                        .ldc = shape.dims[4],
                        .ref = p->mode == LRT_OP_REF};
  LRT_TRY(lrt_product_check_bias(p, 2, s->g.n, LRT_FLOAT32, LRT_FLOAT32));
  LRT_TRY(lrt_fused_activation(p, options->activation, &s->g.lo, &s->g.hi));
  lrt_gemm_f32_plan(&s->g, 1);
  LRT_TRY(pack(p, s));
  return lrt_prepare_step(p, run_conv3d, s, (int64_t)shape.dims[0] * shape.dims[1] * shape.dims[2],
                          window_bytes(s) + lrt_gemm_f32_scratch(&s->g), s->g.kernel->name);
}

const lrt_op lrt_op_conv_3d = {prepare_conv_3d, false, 0, false};
