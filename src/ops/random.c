/* random.c: RANDOM_UNIFORM, RANDOM_STANDARD_NORMAL, MULTINOMIAL: Philox numbers that go on from invoke to invoke. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "ops/movement.h"
#include "ops/philox.h"

/* The generator's position lives in a variable of the interpreter: it outlives plans. */
typedef struct random_params {
  lrt_resources *resources;
  int32_t id;
  lrt_value *work; /* MULTINOMIAL: double [classes] */
} random_params;

static lrt_status new_generator(lrt_prepare *p, random_params **out) {
  const lrt_random_options *options = p->node->options;
  char name[80];
  random_params *params = lrt_prepare_params(p, sizeof *params);
  if (params == NULL) return lrt_prepare_no_memory(p);
  uint64_t seed = options != NULL ? (uint64_t)options->seed : 0,
           seed2 = options != NULL ? (uint64_t)options->seed2 : 0;
  snprintf(name, sizeof name, "%d %llu %llu", p->node_index, (unsigned long long)seed,
           (unsigned long long)seed2);
  params->resources = p->resources;
  LRT_TRY(lrt_resources_find(p->resources, "\x01random", name, &params->id, p->err));
  *out = params;
  if (lrt_resources_get(p->resources, params->id)->data != NULL) return LRT_OK;
  if (seed == 0 && seed2 == 0) { /* no seed: other numbers each time */
    const double now = lrt_clock_seconds();
    memcpy(&seed, &now, sizeof seed);
    seed2 = (uint64_t)(uintptr_t)params * 0x9e3779b97f4a7c15u;
  }
  const lrt_philox start = lrt_philox_make(seed, seed2);
  const lrt_shape shape = {1, {(int32_t)sizeof start}};
  return lrt_resource_assign(p->resources, params->id, LRT_UINT8, &shape, &start, sizeof start, p->err);
}

/* NULL where the variable is not a generator (a file may use its name). */
static lrt_philox *generator_of(const random_params *params) {
  const lrt_resource *found = lrt_resources_get(params->resources, params->id);
  return found != NULL && found->bytes == sizeof(lrt_philox) ? found->data : NULL;
}

static lrt_status no_generator(const lrt_step_run *run) {
  return lrt_fail(run->err, LRT_RUN_FAILED, "the state of the random numbers was overwritten");
}

static float uniform(uint32_t bits) {
  const uint32_t pattern = 127u << 23 | (bits & 0x7fffffu); /* 1.0 … 2.0 */
  float x;
  memcpy(&x, &pattern, sizeof x);
  return x - 1.0f;
}

static double uniform64(uint32_t high, uint32_t low) {
  const uint64_t pattern = 1023ull << 52 | (uint64_t)(high & 0xfffffu) << 32 | low;
  double x;
  memcpy(&x, &pattern, sizeof x);
  return x - 1.0;
}

/* Two normal numbers from two uniform ones (Box-Muller). */
static void normal_pair(uint32_t a, uint32_t b, float *out) {
  const float first = fmaxf(uniform(a), 1.0e-7f);
  const float angle = (float)(2.0 * 3.14159265358979323846 * (double)uniform(b));
  const float radius = sqrtf(-2.0f * logf(first));
  out[0] = sinf(angle) * radius;
  out[1] = cosf(angle) * radius;
}

static lrt_status random_step(const lrt_step *step, const lrt_step_run *run, bool normal) {
  lrt_philox *rng = generator_of(step->params);
  float *out = step->outputs[0]->data;
  const int64_t count = lrt_shape_count(&step->outputs[0]->shape);
  if (rng == NULL) return no_generator(run);
  for (int64_t i = 0; i < count; i += 4) {
    uint32_t bits[4];
    float numbers[4];
    lrt_philox_next(rng, bits);
    for (int k = 0; k < 4 && !normal; k++) numbers[k] = uniform(bits[k]);
    for (int k = 0; k < 4 && normal; k += 2) normal_pair(bits[k], bits[k + 1], numbers + k);
    memcpy(out + i, numbers, (size_t)(count - i < 4 ? count - i : 4) * sizeof *out);
  }
  return LRT_OK;
}

static lrt_status uniform_step(const lrt_step *step, const lrt_step_run *run, int64_t begin, int64_t end) {
  (void)begin;
  (void)end;
  return random_step(step, run, false);
}

static lrt_status normal_step(const lrt_step *step, const lrt_step_run *run, int64_t begin, int64_t end) {
  (void)begin;
  (void)end;
  return random_step(step, run, true);
}

static lrt_status prepare_random(lrt_prepare *p, lrt_step_fn fn, const char *kernel) {
  int64_t dims[LRT_MAX_RANK];
  lrt_shape shape;
  random_params *params = NULL;
  LRT_TRY(lrt_prepare_arity(p, 1, 1, 1));
  LRT_TRY(lrt_moved_output_type(p, 0, LRT_FLOAT32));
  LRT_TRY(lrt_prepare_integers(p, 0, dims, LRT_MAX_RANK, &shape.rank));
  for (int i = 0; i < shape.rank; i++) {
    if (dims[i] < 0 || dims[i] > INT32_MAX)
      return lrt_prepare_fail(p, LRT_INVALID_MODEL, "the shape has the dimension %lld", (long long)dims[i]);
    shape.dims[i] = (int32_t)dims[i];
  }
  LRT_TRY(lrt_prepare_shape(p, 0, &shape));
  LRT_TRY(new_generator(p, &params));
  return lrt_prepare_step(p, fn, params, 1, 0, kernel);
}

static lrt_status prepare_uniform(lrt_prepare *p) {
  return prepare_random(p, uniform_step, "random_uniform");
}
static lrt_status prepare_normal(lrt_prepare *p) {
  return prepare_random(p, normal_step, "random_normal");
}

const lrt_op lrt_op_random_uniform = {prepare_uniform, false, 0, true};
const lrt_op lrt_op_random_normal = {prepare_normal, false, 0, true};

/* ---- MULTINOMIAL ---- */

/* Running sums of exp(logit - highest); logits that are not finite count nothing. */
static double accumulate(const float *logits, int64_t classes, double *cumulative) {
  float highest = -3.402823466e+38f;
  double total = 0;
  for (int64_t i = 0; i < classes; i++)
    if (isfinite(logits[i]) && logits[i] > highest) highest = logits[i];
  for (int64_t i = 0; i < classes; i++) {
    if (isfinite(logits[i])) total += exp((double)logits[i] - (double)highest);
    cumulative[i] = total;
  }
  return total;
}

/* Number of sums that are not above the wanted one. */
static int64_t class_of(const double *cumulative, int64_t classes, double wanted) {
  int64_t low = 0, high = classes;
  while (low < high) {
    const int64_t middle = low + (high - low) / 2;
    if (cumulative[middle] > wanted)
      high = middle;
    else
      low = middle + 1;
  }
  return low;
}

static lrt_status multinomial_step(const lrt_step *step, const lrt_step_run *run, int64_t begin,
                                   int64_t end) {
  const random_params *params = step->params;
  const lrt_value *logits = step->inputs[0], *out = step->outputs[0];
  const int64_t rows = logits->shape.dims[0], classes = logits->shape.dims[1], samples = out->shape.dims[1];
  lrt_philox *rng = generator_of(params), own;
  double *cumulative = params->work->data;
  uint32_t bits[4] = {0};
  int used = 4;
  (void)begin;
  (void)end;
  if (rng == NULL) return no_generator(run);
  own = *rng;
  /* The next invoke begins far behind whatever this one may use. */
  lrt_philox_skip(rng, (uint64_t)rows * (((uint64_t)samples + 3) / 4 * 4) * 512);
  for (int64_t row = 0; row < rows; row++) {
    const double total = accumulate((const float *)logits->data + row * classes, classes, cumulative);
    for (int64_t i = row * samples; i < (row + 1) * samples; i++) {
      if (used == 4) {
        lrt_philox_next(&own, bits);
        used = 0;
      }
      const int64_t found = class_of(cumulative, classes, uniform64(bits[used], bits[used + 1]) * total);
      used += 2;
      if (out->type == LRT_INT64)
        ((int64_t *)out->data)[i] = found;
      else
        ((int32_t *)out->data)[i] = (int32_t)found;
    }
  }
  return LRT_OK;
}

static lrt_status prepare_multinomial(lrt_prepare *p) {
  static const int types[] = {LRT_FLOAT32, -1};
  random_params *params = NULL;
  int64_t samples;
  LRT_TRY(lrt_prepare_arity(p, 2, 2, 1));
  LRT_TRY(lrt_prepare_types(p, 0, types));
  LRT_TRY(lrt_moved_rank(p, 0, 2));
  if (p->outputs[0] == NULL || p->outputs[0]->type != LRT_INT32)
    LRT_TRY(lrt_moved_output_type(p, 0, LRT_INT64));
  LRT_TRY(lrt_moved_integer(p, 1, &samples));
  const lrt_shape *logits = &p->inputs[0]->shape;
  if (samples < 0 || samples > INT32_MAX || logits->dims[1] == 0)
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "%lld samples of %d classes are not possible",
                            (long long)samples, logits->dims[1]);
  const lrt_shape shape = {2, {logits->dims[0], (int32_t)samples}};
  LRT_TRY(lrt_prepare_shape(p, 0, &shape));
  LRT_TRY(new_generator(p, &params));
  params->work = lrt_prepare_temp(p, (size_t)logits->dims[1] * sizeof(double));
  if (params->work == NULL) return lrt_prepare_no_memory(p);
  return lrt_prepare_step(p, multinomial_step, params, 1, 0, "multinomial");
}

const lrt_op lrt_op_multinomial = {prepare_multinomial, false, 0, true};
