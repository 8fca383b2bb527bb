/* state.c: sets of state tensors: made, bound, copied, cut. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "litert/state.h"

#include <string.h>

#include "base/fail.h"
#include "interp/interpreter_object.h"

struct lrt_state {
  lrt_alloc *alloc;
  lrt_arena arena; /* the two arrays below; names belong to the model */
  int32_t count;
  lrt_state_shape *shapes;
  void **memory;
};

static const lrt_signature_entry *find_entry(const lrt_signature_entry *entries, int32_t count,
                                             const char *name) {
  for (int32_t i = 0; i < count; i++)
    if (strcmp(entries[i].name, name) == 0) return &entries[i];
  return NULL;
}

static lrt_status check_pair(const lrt_state_pair *pair, const lrt_signature *signature,
                             const lrt_tensor *input, const lrt_tensor *output, const lrt_state_shape *known,
                             lrt_error *err) {
  const int64_t bytes = lrt_shape_bytes(&input->shape, input->type);
  const bool same = input->type == output->type && lrt_shape_equal(&input->shape, &output->shape);
  const bool agrees =
      known->input == NULL || (known->type == input->type && lrt_shape_equal(&known->shape, &input->shape));
  if (bytes <= 0 || lrt_type_bits(input->type) == 0 || !same || !agrees)
    return lrt_fail(err, LRT_INVALID_ARGUMENT,
                    "state pair \"%s\" → \"%s\" of signature \"%s\": shapes or types differ", pair->input,
                    pair->output, signature->key);
  if (pair->axis >= input->shape.rank)
    return lrt_fail(err, LRT_INVALID_ARGUMENT, "state pair \"%s\" has no axis %d", pair->input, pair->axis);
  return LRT_OK;
}

/* Adds a pair's slots in every signature that has it. */
static lrt_status add_pair(lrt_interpreter *it, const lrt_state_pair *pair, int32_t slot,
                           const int32_t *signatures, int32_t count, lrt_error *err) {
  const lrt_graph *graph = &it->model->tflite->graph;
  lrt_state_shape *shape = &it->shapes[slot];
  for (int32_t s = 0; s < count; s++) {
    const lrt_signature *signature = &graph->signatures[signatures != NULL ? signatures[s] : s];
    const lrt_signature_entry *in = find_entry(signature->inputs, signature->input_count, pair->input);
    const lrt_signature_entry *out = find_entry(signature->outputs, signature->output_count, pair->output);
    if (in == NULL || out == NULL) continue;
    const lrt_tensor *tensors = graph->subgraphs[signature->subgraph].tensors;
    LRT_TRY(check_pair(pair, signature, &tensors[in->tensor], &tensors[out->tensor], shape, err));
    shape->input = in->name;
    shape->type = tensors[in->tensor].type;
    shape->shape = tensors[in->tensor].shape;
    shape->bytes = (size_t)lrt_shape_bytes(&shape->shape, shape->type);
    shape->axis = pair->axis;
    it->slots[it->runtime.state_count++] =
        (lrt_state_slot){signature->subgraph, in->tensor, out->tensor, slot};
  }
  if (shape->input != NULL) return LRT_OK;
  return lrt_fail(err, LRT_NOT_FOUND, "no signature has an input \"%s\" and an output \"%s\"", pair->input,
                  pair->output);
}

lrt_status lrt_interpreter_set_states(lrt_interpreter *it, const lrt_state_pair *pairs, int32_t count,
                                      lrt_error *err) {
  return lrt_interpreter_set_states_in(it, NULL, it->model->tflite->graph.signature_count, pairs, count, err);
}

lrt_status lrt_interpreter_set_states_in(lrt_interpreter *it, const int32_t *signatures,
                                         int32_t signature_count, const lrt_state_pair *pairs, int32_t count,
                                         lrt_error *err) {
  const lrt_graph *graph = &it->model->tflite->graph;
  for (int32_t i = 0; i < signature_count; i++)
    if (signatures != NULL && (signatures[i] < 0 || signatures[i] >= graph->signature_count))
      return lrt_fail(err, LRT_NOT_FOUND, "there is no signature %d", signatures[i]);
  for (int32_t s = 0; s < graph->subgraph_count; s++)
    if (it->subgraphs[s].plan != NULL)
      return lrt_fail(err, LRT_WRONG_STATE, "state tensors must be declared before the first allocate");
  if (count < 0 || (count > 0 && pairs == NULL))
    return lrt_fail(err, LRT_INVALID_ARGUMENT, "state pairs are missing");
  it->slots = lrt_arena_array(&it->arena, (size_t)count * (size_t)signature_count + 1, sizeof *it->slots);
  it->shapes = lrt_arena_array(&it->arena, (size_t)count + 1, sizeof *it->shapes);
  if (it->slots == NULL || it->shapes == NULL) return lrt_alloc_fail(err, it->alloc, 0, "state tensors");
  lrt_state_destroy(it->own_state); /* a failed allocate may have made it for other pairs */
  it->own_state = NULL;
  it->runtime.state_memory = NULL;
  it->runtime.state_count = 0;
  it->state_shape_count = 0;
  for (int32_t i = 0; i < count; i++) {
    const lrt_status status = add_pair(it, &pairs[i], i, signatures, signature_count, err);
    if (status != LRT_OK) {
      it->runtime.state_count = 0;
      return status;
    }
  }
  it->runtime.states = it->slots;
  it->state_shape_count = count;
  return LRT_OK;
}

/* A set with uninitialised shapes copied from `shapes`. */
static lrt_status make_set(lrt_alloc *alloc, const lrt_state_shape *shapes, int32_t count, lrt_state **out,
                           lrt_error *err) {
  lrt_state *state = lrt_alloc_zero(alloc, sizeof *state);
  if (state == NULL) return lrt_alloc_fail(err, alloc, sizeof *state, "state tensors");
  state->alloc = alloc;
  lrt_arena_init(&state->arena, alloc);
  state->shapes = lrt_arena_array(&state->arena, (size_t)count + 1, sizeof *state->shapes);
  state->memory = lrt_arena_array(&state->arena, (size_t)count + 1, sizeof *state->memory);
  if (state->shapes == NULL || state->memory == NULL) {
    lrt_state_destroy(state);
    return lrt_alloc_fail(err, alloc, 0, "state tensors");
  }
  for (; state->count < count; state->count++) {
    const int32_t i = state->count;
    state->shapes[i] = shapes[i];
    state->memory[i] = lrt_alloc_zero(alloc, shapes[i].bytes);
    if (state->memory[i] != NULL) continue;
    lrt_state_destroy(state);
    return lrt_alloc_fail(err, alloc, shapes[i].bytes, "state tensors");
  }
  *out = state;
  return LRT_OK;
}

lrt_status lrt_state_create(lrt_interpreter *it, lrt_state **out, lrt_error *err) {
  return make_set(lrt_alloc_default(), it->shapes, it->state_shape_count, out, err);
}

void lrt_state_destroy(lrt_state *state) {
  if (state == NULL) return;
  for (int32_t i = 0; i < state->count; i++) lrt_alloc_free(state->memory[i]);
  lrt_arena_clear(&state->arena);
  lrt_alloc_free(state);
}

lrt_status lrt_interpreter_ensure_state(lrt_interpreter *it, lrt_error *err) {
  if (it->state_shape_count == 0 || it->runtime.state_memory != NULL) return LRT_OK;
  if (it->own_state == NULL)
    LRT_TRY(make_set(it->alloc, it->shapes, it->state_shape_count, &it->own_state, err));
  it->runtime.state_memory = it->own_state->memory;
  return LRT_OK;
}

static bool fits(const lrt_interpreter *it, const lrt_state *state) {
  if (state->count != it->state_shape_count) return false;
  for (int32_t i = 0; i < state->count; i++)
    if (strcmp(state->shapes[i].input, it->shapes[i].input) != 0 ||
        state->shapes[i].bytes != it->shapes[i].bytes)
      return false;
  return true;
}

lrt_status lrt_interpreter_use_state(lrt_interpreter *it, lrt_state *state, lrt_error *err) {
  if (state != NULL && !fits(it, state))
    return lrt_fail(err, LRT_INVALID_ARGUMENT, "the state set was made for other pairs");
  void *const *before = it->runtime.state_memory;
  it->runtime.state_memory = state != NULL ? state->memory : NULL;
  const lrt_status status = lrt_interpreter_ensure_state(it, err);
  if (status != LRT_OK) {
    it->runtime.state_memory = before;
    return status;
  }
  for (int32_t s = 0; s < it->model->tflite->graph.subgraph_count; s++)
    if (it->subgraphs[s].plan != NULL) lrt_plan_bind_states(it->subgraphs[s].plan);
  return LRT_OK;
}

lrt_status lrt_state_clone(const lrt_state *state, lrt_state **out, lrt_error *err) {
  lrt_state *copy = NULL;
  LRT_TRY(make_set(state->alloc, state->shapes, state->count, &copy, err));
  for (int32_t i = 0; i < state->count; i++)
    memcpy(copy->memory[i], state->memory[i], state->shapes[i].bytes);
  *out = copy;
  return LRT_OK;
}

/* Zeroes positions [length, dims[axis]) of one tensor. */
static void truncate_one(const lrt_state_shape *shape, char *memory, int32_t length) {
  const int32_t positions = shape->shape.dims[shape->axis];
  size_t outer = 1;
  for (int i = 0; i < shape->axis; i++) outer *= (size_t)shape->shape.dims[i];
  if (length >= positions || outer == 0) return;
  const size_t row = shape->bytes / outer, position = row / (size_t)positions;
  for (size_t i = 0; i < outer; i++)
    memset(memory + i * row + (size_t)length * position, 0, row - (size_t)length * position);
}

lrt_status lrt_state_truncate(lrt_state *state, int32_t length, lrt_error *err) {
  if (length < 0) return lrt_fail(err, LRT_INVALID_ARGUMENT, "a state cannot be cut to %d positions", length);
  for (int32_t i = 0; i < state->count; i++)
    if (state->shapes[i].axis >= 0) truncate_one(&state->shapes[i], state->memory[i], length);
  return LRT_OK;
}

int32_t lrt_state_count(const lrt_state *state) {
  return state->count;
}

lrt_status lrt_state_tensor(lrt_state *state, int32_t index, const char **input_name, lrt_tensor_view *out) {
  if (index < 0 || index >= state->count) return LRT_NOT_FOUND;
  const lrt_state_shape *shape = &state->shapes[index];
  if (input_name != NULL) *input_name = shape->input;
  *out = (lrt_tensor_view){shape->type, shape->shape, state->memory[index], shape->bytes};
  return LRT_OK;
}
