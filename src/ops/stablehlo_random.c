/* stablehlo_random.c: STABLEHLO_RNG_BIT_GENERATOR: random bits and the state that continues them. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "ops/movement.h"
#include "ops/philox.h"

enum { ALGORITHM_DEFAULT = 0, ALGORITHM_PHILOX = 1, ALGORITHM_THREEFRY = 2 };

/* Words of the state: key, counter, and for Philox the upper half of the counter, which is the key in the short form. */
static void start(const lrt_value *state, lrt_philox *rng) {
  uint32_t words[6];
  memcpy(words, state->data, state->bytes);
  memcpy(rng->key, words, sizeof rng->key);
  memcpy(rng->counter, words + 2, 2 * sizeof *words);
  memcpy(rng->counter + 2, state->bytes == sizeof words ? words + 4 : words, 2 * sizeof *words);
}

static lrt_status bits_step(const lrt_step *step, const lrt_step_run *run, int64_t begin, int64_t end) {
  const lrt_stablehlo_rng_bit_generator_options *options = step->params;
  const bool threefry = options->algorithm == ALGORITHM_THREEFRY;
  lrt_value *state = step->outputs[0], *out = step->outputs[1];
  const size_t chunk = (threefry ? 2 : 4) * sizeof(uint32_t);
  lrt_philox rng;
  (void)run;
  (void)begin;
  (void)end;
  start(step->inputs[0], &rng);
  memcpy(state->data, step->inputs[0]->data, state->bytes);
  for (size_t at = 0; at < out->bytes; at += chunk) {
    uint32_t bits[4];
    if (threefry)
      lrt_threefry_bits(rng.key, rng.counter, bits);
    else
      lrt_philox_bits(rng.key, rng.counter, bits);
    memcpy((char *)out->data + at, bits, out->bytes - at < chunk ? out->bytes - at : chunk);
    if (++rng.counter[0] == 0) ++rng.counter[1]; /* 64 bits only */
  }
  memcpy((char *)state->data + sizeof rng.key, rng.counter, 2 * sizeof(uint32_t));
  return LRT_OK;
}

/* The shape of the result is the file's. */
static lrt_status prepare(lrt_prepare *p) {
  static const int words[] = {LRT_UINT64, -1};
  const lrt_stablehlo_rng_bit_generator_options *options = p->node->options;
  LRT_TRY(lrt_prepare_arity(p, 1, 1, 2));
  LRT_TRY(lrt_prepare_types(p, 0, words));
  LRT_TRY(lrt_moved_same_type(p, 0, 0));
  LRT_TRY(lrt_moved_rank(p, 0, 1));
  const int32_t length = p->inputs[0]->shape.dims[0];
  const lrt_value *out = p->outputs[1];
  if (options == NULL || options->algorithm < ALGORITHM_DEFAULT || options->algorithm > ALGORITHM_THREEFRY ||
      (length != 2 && (length != 3 || options->algorithm == ALGORITHM_THREEFRY)))
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "a state of %d words does not fit the algorithm", length);
  if (out == NULL || (out->type != LRT_INT32 && out->type != LRT_UINT32 && out->type != LRT_INT64 &&
                      out->type != LRT_UINT64))
    return lrt_prepare_fail(p, LRT_UNSUPPORTED, "the bits must be integers of 32 or 64 bits");
  LRT_TRY(lrt_prepare_shape(p, 0, &p->inputs[0]->shape));
  const lrt_shape shape = out->shape;
  LRT_TRY(lrt_prepare_shape(p, 1, &shape));
  return lrt_prepare_step(p, bits_step, options, 1, 0, "rng_bits");
}

const lrt_op lrt_op_stablehlo_random = {prepare, false, 0, false};
