/* custom_op.c: a library with one operator of its own, "Gain": y = factor * x. */
/* SPDX-License-Identifier: Apache-2.0 */
/* The command loads it: litert run MODEL --custom-op-library ./libcustom_op.so
 * A program links the same functions and registers them itself:
 *
 *   lrt_op_set *operators;
 *   lrt_op_set_create(&operators, &err);
 *   litert_add_custom_ops(operators, &err);
 *   lrt_model_options options = {.operators = operators};
 *   lrt_model_open(path, &options, &model, &err);
 */
#include <litert/custom_op.h>
#include <stdlib.h>
#include <string.h>

#define PIECE 4096 /* elements that one thread does at a time */

/* The options are the factor as a float. The state of a node is what init makes of them. */
static lrt_status gain_init(void *cookie, const void *options, size_t bytes, void **state, lrt_error *err) {
  (void)cookie;
  (void)err; /* without a sentence of ours the caller gets that of the status */
  if (bytes != sizeof(float)) return LRT_INVALID_MODEL;
  float *factor = malloc(sizeof *factor);
  if (factor == NULL) return LRT_OUT_OF_MEMORY;
  memcpy(factor, options, sizeof *factor);
  *state = factor;
  return LRT_OK;
}

static void gain_free(void *cookie, void *state) {
  (void)cookie;
  free(state);
}

static lrt_status gain_prepare(lrt_op_call *call) {
  lrt_op_tensor x, y;
  if (lrt_op_call_input(call, 0, &x) != LRT_OK || lrt_op_call_output(call, 0, &y) != LRT_OK ||
      x.type != LRT_FLOAT32 || y.type != LRT_FLOAT32)
    return lrt_op_call_fail(call, LRT_UNSUPPORTED, "takes one float32 tensor and gives one");
  const int64_t count = lrt_shape_count(&x.shape);
  const lrt_status status = lrt_op_call_set_shape(call, 0, &x.shape, 0);
  return status == LRT_OK ? lrt_op_call_split(call, (count + PIECE - 1) / PIECE, 0) : status;
}

static lrt_status gain_eval(lrt_op_call *call, int64_t begin, int64_t end) {
  const float factor = *(const float *)lrt_op_call_state(call);
  lrt_op_tensor x, y;
  lrt_op_call_input(call, 0, &x);
  lrt_op_call_output(call, 0, &y);
  const int64_t count = lrt_shape_count(&x.shape), last = end * PIECE < count ? end * PIECE : count;
  for (int64_t i = begin * PIECE; i < last; i++) ((float *)y.data)[i] = factor * ((const float *)x.data)[i];
  return LRT_OK;
}

lrt_status litert_add_custom_ops(lrt_op_set *set, lrt_error *err);
lrt_status litert_add_custom_ops(lrt_op_set *set, lrt_error *err) {
  const lrt_custom_op gain = {.abi = LRT_CUSTOM_OP_ABI,
                              .name = "Gain",
                              .init = gain_init,
                              .free = gain_free,
                              .prepare = gain_prepare,
                              .eval = gain_eval};
  return lrt_op_set_add(set, &gain, err);
}
