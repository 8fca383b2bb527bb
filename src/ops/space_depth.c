/* space_depth.c: SPACE_TO_DEPTH, DEPTH_TO_SPACE, SPACE_TO_BATCH_ND, BATCH_TO_SPACE_ND. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "ops/movement.h"

static lrt_status prepare_space_to_depth(lrt_prepare *p) {
  const lrt_space_to_depth_options *options = p->node->options;
  const int32_t block = options != NULL ? options->block_size : 0;
  lrt_move move;
  LRT_TRY(lrt_prepare_arity(p, 1, 1, 1));
  LRT_TRY(lrt_moved_same_type(p, 0, 0));
  LRT_TRY(lrt_moved_rank(p, 0, 4));
  const lrt_shape *in = &p->inputs[0]->shape;
  if (block < 1 || block > 32767 || in->dims[1] % block != 0 || in->dims[2] % block != 0 ||
      (int64_t)in->dims[3] * block * block > INT32_MAX)
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "block size %d does not fit the input", block);
  const lrt_shape shape = {
      4, {in->dims[0], in->dims[1] / block, in->dims[2] / block, in->dims[3] * block * block}};
  LRT_TRY(lrt_prepare_shape(p, 0, &shape));
  lrt_move_space_to_depth(&move, in, block, lrt_moved_size(p->inputs[0]->type));
  return lrt_moved_whole(p, &move, p->inputs[0], p->outputs[0]);
}

const lrt_op lrt_op_space_to_depth = {prepare_space_to_depth, false, 0, false};

static lrt_status prepare_depth_to_space(lrt_prepare *p) {
  const lrt_depth_to_space_options *options = p->node->options;
  const int64_t block = options != NULL ? options->block_size : 0;
  lrt_move move;
  LRT_TRY(lrt_prepare_arity(p, 1, 1, 1));
  LRT_TRY(lrt_moved_same_type(p, 0, 0));
  LRT_TRY(lrt_moved_rank(p, 0, 4));
  const lrt_shape *in = &p->inputs[0]->shape;
  if (block < 1 || block > 32767 || in->dims[3] % (block * block) != 0 || in->dims[1] * block > INT32_MAX ||
      in->dims[2] * block > INT32_MAX)
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "block size %lld does not fit the input", (long long)block);
  const int32_t b = (int32_t)block;
  const lrt_shape shape = {4, {in->dims[0], in->dims[1] * b, in->dims[2] * b, in->dims[3] / b / b}};
  LRT_TRY(lrt_prepare_shape(p, 0, &shape));
  lrt_move_depth_to_space(&move, in, b, lrt_moved_size(p->inputs[0]->type));
  return lrt_moved_whole(p, &move, p->inputs[0], p->outputs[0]);
}

const lrt_op lrt_op_depth_to_space = {prepare_depth_to_space, false, 0, false};

/* ---- blocks of space in the batch dimension ---- */

typedef struct block_params {
  lrt_blocks blocks;
  uint8_t fill[16];
} block_params;

static lrt_status to_batch_step(const lrt_step *step, const lrt_step_run *run, int64_t begin, int64_t end) {
  const block_params *params = step->params;
  (void)run;
  (void)begin;
  (void)end;
  lrt_space_to_batch(&params->blocks, step->inputs[0]->data, params->fill, step->outputs[0]->data);
  return LRT_OK;
}

static lrt_status to_space_step(const lrt_step *step, const lrt_step_run *run, int64_t begin, int64_t end) {
  const block_params *params = step->params;
  (void)run;
  (void)begin;
  (void)end;
  lrt_batch_to_space(&params->blocks, step->inputs[0]->data, step->outputs[0]->data);
  return LRT_OK;
}

/* Block sizes and the numbers before and after for the one or two spatial dimensions; a missing width is 1 wide. */
static lrt_status read_blocks(lrt_prepare *p, int64_t block[2], int64_t edges[4]) {
  int blocks, numbers;
  LRT_TRY(lrt_prepare_arity(p, 3, 3, 1));
  LRT_TRY(lrt_moved_same_type(p, 0, 0));
  const int32_t rank = p->inputs[0]->shape.rank;
  if (lrt_type_bits(p->inputs[0]->type) < 8)
    return lrt_prepare_fail(p, LRT_UNSUPPORTED, "type %s of input 0 is not supported",
                            lrt_type_name(p->inputs[0]->type));
  if (rank != 3 && rank != 4)
    return lrt_prepare_fail(p, LRT_UNSUPPORTED, "an input of rank %d is not supported, only 3 and 4", rank);
  block[1] = 1;
  edges[2] = edges[3] = 0;
  LRT_TRY(lrt_prepare_integers(p, 1, block, 2, &blocks));
  LRT_TRY(lrt_prepare_integers(p, 2, edges, 4, &numbers));
  if (blocks != rank - 2 || numbers != 2 * blocks)
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "the block shape does not fit an input of rank %d", rank);
  for (int i = 0; i < 2; i++)
    if (block[i] < 1 || block[i] > INT32_MAX)
      return lrt_prepare_fail(p, LRT_INVALID_MODEL, "a block of %lld is not possible", (long long)block[i]);
  for (int i = 0; i < 4; i++)
    if (edges[i] < 0 || edges[i] > INT32_MAX)
      return lrt_prepare_fail(p, LRT_INVALID_MODEL, "padding or cropping of %lld is not possible",
                              (long long)edges[i]);
  return LRT_OK;
}

static block_params *new_blocks(lrt_prepare *p, const int64_t block[2], const int64_t edges[4]) {
  block_params *params = lrt_prepare_params(p, sizeof *params);
  const lrt_shape *in = &p->inputs[0]->shape;
  if (params == NULL) return NULL;
  params->blocks.block_h = (int32_t)block[0];
  params->blocks.block_w = (int32_t)block[1];
  params->blocks.pad_top = (int32_t)edges[0];
  params->blocks.pad_left = (int32_t)edges[2];
  params->blocks.size = lrt_moved_size(p->inputs[0]->type);
  params->blocks.pixel = (size_t)in->dims[in->rank - 1] * params->blocks.size;
  const int32_t zero = lrt_value_zero_point(p->outputs[0]);
  if (lrt_value_is_quantized(p->outputs[0]) && params->blocks.size == 1) memset(params->fill, zero, 1);
  if (lrt_value_is_quantized(p->outputs[0]) && p->inputs[0]->type == LRT_INT16)
    memcpy(params->fill, &(int16_t){(int16_t)zero}, 2);
  return params;
}

static lrt_status finish_blocks(lrt_prepare *p, const block_params *params, int64_t batch, int64_t height,
                                int64_t width, lrt_step_fn fn, const char *kernel) {
  lrt_shape shape = p->inputs[0]->shape;
  if (batch > INT32_MAX || height > INT32_MAX || width > INT32_MAX)
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "the result is too large");
  shape.dims[0] = (int32_t)batch;
  shape.dims[1] = (int32_t)height;
  if (shape.rank == 4) shape.dims[2] = (int32_t)width;
  LRT_TRY(lrt_prepare_shape(p, 0, &shape));
  return lrt_prepare_step(p, fn, params, lrt_shape_count(&shape) > 0 ? 1 : 0, 0, kernel);
}

static lrt_status prepare_space_to_batch(lrt_prepare *p) {
  int64_t block[2], edges[4];
  LRT_TRY(read_blocks(p, block, edges));
  const lrt_shape *in = &p->inputs[0]->shape;
  const int64_t height = in->dims[1] + edges[0] + edges[1];
  const int64_t width = (in->rank == 4 ? in->dims[2] : 1) + edges[2] + edges[3];
  if (height % block[0] != 0 || width % block[1] != 0)
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "the padded input is no multiple of the block");
  if (block[0] * block[1] > INT32_MAX)
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "the block is too large");
  block_params *params = new_blocks(p, block, edges);
  if (params == NULL) return lrt_prepare_no_memory(p);
  lrt_blocks *b = &params->blocks;
  b->batch = in->dims[0];
  b->height = in->dims[1];
  b->width = in->rank == 4 ? in->dims[2] : 1;
  b->cell_h = (int32_t)(height / block[0] > INT32_MAX ? 0 : height / block[0]);
  b->cell_w = (int32_t)(width / block[1] > INT32_MAX ? 0 : width / block[1]);
  return finish_blocks(p, params, in->dims[0] * (block[0] * block[1]), height / block[0], width / block[1],
                       to_batch_step, "space_to_batch");
}

const lrt_op lrt_op_space_to_batch = {prepare_space_to_batch, false, 0, false};

static lrt_status prepare_batch_to_space(lrt_prepare *p) {
  int64_t block[2], edges[4];
  LRT_TRY(read_blocks(p, block, edges));
  const lrt_shape *in = &p->inputs[0]->shape;
  const int64_t height = in->dims[1] * block[0] - edges[0] - edges[1];
  const int64_t width = (in->rank == 4 ? in->dims[2] : 1) * block[1] - edges[2] - edges[3];
  if (block[0] * block[1] > INT32_MAX || in->dims[0] % (block[0] * block[1]) != 0 || height < 0 || width < 0)
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "block and crops do not fit the input");
  block_params *params = new_blocks(p, block, edges);
  if (params == NULL) return lrt_prepare_no_memory(p);
  lrt_blocks *b = &params->blocks;
  b->batch = in->dims[0] / (int32_t)(block[0] * block[1]);
  b->height = (int32_t)(height > INT32_MAX ? 0 : height);
  b->width = (int32_t)(width > INT32_MAX ? 0 : width);
  b->cell_h = in->dims[1];
  b->cell_w = in->rank == 4 ? in->dims[2] : 1;
  return finish_blocks(p, params, b->batch, height, width, to_space_step, "batch_to_space");
}

const lrt_op lrt_op_batch_to_space = {prepare_batch_to_space, false, 0, false};
