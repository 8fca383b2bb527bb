/* graph_build.c: growing lists of tensors and nodes in an arena. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "convert/graph_build.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"

void lrt_build_begin(lrt_build *b, lrt_arena *arena, const char *prefix, int32_t ports) {
  memset(b, 0, sizeof *b);
  b->arena = arena;
  b->prefix = prefix;
  b->port_capacity = ports;
  b->inputs = lrt_arena_array(arena, (size_t)ports, sizeof *b->inputs);
  b->outputs = lrt_arena_array(arena, (size_t)ports, sizeof *b->outputs);
  b->input_names = lrt_arena_array(arena, (size_t)ports, sizeof *b->input_names);
  b->output_names = lrt_arena_array(arena, (size_t)ports, sizeof *b->output_names);
  b->failed = b->inputs == NULL || b->outputs == NULL || b->input_names == NULL || b->output_names == NULL;
}

/* Room for one more item; NULL where memory is refused (the old list stays). */
static void *grown(lrt_build *b, void *items, int32_t count, int32_t *capacity, size_t size) {
  if (count < *capacity) return items;
  const int32_t room = *capacity == 0 ? 64 : 2 * *capacity;
  void *larger = lrt_arena_array(b->arena, (size_t)room, size);
  if (larger == NULL) {
    b->failed = true;
    return NULL;
  }
  if (count > 0) memcpy(larger, items, (size_t)count * size);
  *capacity = room;
  return larger;
}

static void *copied(lrt_build *b, const void *bytes, size_t count) {
  void *copy = lrt_arena_get(b->arena, count);
  if (copy == NULL)
    b->failed = true;
  else if (count > 0)
    memcpy(copy, bytes, count);
  return copy;
}

static const char *named(lrt_build *b, const char *name, bool with_prefix) {
  char text[200];
  const int length = snprintf(text, sizeof text, "%s%s%s", with_prefix ? b->prefix : "",
                              with_prefix && b->prefix[0] != 0 ? "_" : "", name);
  const size_t used = length < (int)sizeof text ? (size_t)length : sizeof text - 1;
  const char *copy = lrt_arena_text(b->arena, text, used);
  if (copy == NULL) b->failed = true;
  return copy;
}

int32_t lrt_build_tensor(lrt_build *b, const char *name, lrt_type type, const lrt_shape *shape) {
  lrt_tensor *tensors = grown(b, b->tensors, b->tensor_count, &b->tensor_capacity, sizeof *tensors);
  if (b->failed) return 0;
  b->tensors = tensors;
  tensors[b->tensor_count] = (lrt_tensor){.name = named(b, name, true),
                                          .type = type,
                                          .shape = *shape,
                                          .shape_signature = {-1, {0}},
                                          .has_rank = true};
  return b->tensor_count++;
}

int32_t lrt_build_input(lrt_build *b, const char *name, lrt_type type, const lrt_shape *shape) {
  const int32_t tensor = lrt_build_tensor(b, name, type, shape);
  const char *copy = named(b, name, false);
  if (b->failed || b->input_count == b->port_capacity) {
    b->failed = true;
    return 0;
  }
  b->inputs[b->input_count] = tensor;
  b->input_names[b->input_count++] = (lrt_signature_entry){.name = copy, .tensor = tensor};
  return tensor;
}

void lrt_build_output(lrt_build *b, const char *name, int32_t tensor) {
  const char *copy = named(b, name, false);
  if (b->failed || b->output_count == b->port_capacity) {
    b->failed = true;
    return;
  }
  b->outputs[b->output_count] = tensor;
  b->output_names[b->output_count++] = (lrt_signature_entry){.name = copy, .tensor = tensor};
}

int32_t lrt_build_constant(lrt_build *b, const char *name, lrt_type type, const lrt_shape *shape,
                           const void *data) {
  const int32_t tensor = lrt_build_tensor(b, name, type, shape);
  if (b->failed) return 0;
  b->tensors[tensor].data = data;
  b->tensors[tensor].bytes = (uint64_t)lrt_shape_bytes(shape, type);
  return tensor;
}

/* A constant of these contents made before, or -1. */
static int32_t find_constant(const lrt_build *b, lrt_type type, int32_t rank, const void *data,
                             size_t bytes) {
  for (int32_t i = 0; i < b->tensor_count; i++) {
    const lrt_tensor *t = &b->tensors[i];
    if (t->type == type && t->bytes == bytes && t->shape.rank == rank && bytes <= 64 &&
        strcmp(t->name + strlen(b->prefix), b->prefix[0] != 0 ? "_constant" : "constant") == 0 &&
        memcmp(t->data, data, bytes) == 0)
      return i;
  }
  return -1;
}

static int32_t small_constant(lrt_build *b, lrt_type type, const lrt_shape *shape, const void *data,
                              size_t bytes) {
  const int32_t found = b->failed ? 0 : find_constant(b, type, shape->rank, data, bytes);
  if (found >= 0) return found;
  return lrt_build_constant(b, "constant", type, shape, copied(b, data, bytes));
}

int32_t lrt_build_integers(lrt_build *b, const int32_t *values, int32_t count) {
  return small_constant(b, LRT_INT32, LRT_DIMS(count), values, (size_t)count * sizeof *values);
}

int32_t lrt_build_float(lrt_build *b, float value) {
  return small_constant(b, LRT_FLOAT32, LRT_SCALAR, &value, sizeof value);
}

int32_t lrt_build_node(lrt_build *b, lrt_op_code code, int32_t version, const void *options,
                       size_t option_bytes, const int32_t *inputs, int32_t count, lrt_type type,
                       const lrt_shape *shape) {
  const int32_t output = lrt_build_tensor(b, lrt_op_info_of((int32_t)code)->name, type, shape);
  lrt_node *nodes = grown(b, b->nodes, b->node_count, &b->node_capacity, sizeof *nodes);
  const int32_t *ins = copied(b, inputs, (size_t)count * sizeof *inputs);
  const int32_t *outs = copied(b, &output, sizeof output);
  const void *own = options == NULL ? NULL : copied(b, options, option_bytes);
  if (b->failed) return 0;
  b->nodes = nodes;
  nodes[b->node_count++] = (lrt_node){.code = (int32_t)code,
                                      .version = version,
                                      .options = own,
                                      .input_count = count,
                                      .output_count = 1,
                                      .inputs = ins,
                                      .outputs = outs};
  return output;
}

const lrt_shape *lrt_build_shape(const lrt_build *b, int32_t tensor) {
  static const lrt_shape unknown = {4, {1, 1, 1, 1}};
  return b->failed ? &unknown : &b->tensors[tensor].shape;
}

static int by_name(const void *a, const void *b) {
  return strcmp(((const lrt_signature_entry *)a)->name, ((const lrt_signature_entry *)b)->name);
}

lrt_status lrt_build_finish(lrt_build *b, const char *key, int32_t index, lrt_subgraph *subgraph,
                            lrt_signature *signature, lrt_error *err) {
  if (b->failed) return lrt_alloc_fail(err, b->arena->alloc, 0, "the graph of the new model");
  *subgraph = (lrt_subgraph){.name = key == NULL ? b->prefix : key,
                             .tensor_count = b->tensor_count,
                             .node_count = b->node_count,
                             .input_count = b->input_count,
                             .output_count = b->output_count,
                             .tensors = b->tensors,
                             .nodes = b->nodes,
                             .inputs = b->inputs,
                             .outputs = b->outputs};
  if (key == NULL) return LRT_OK;
  qsort(b->input_names, (size_t)b->input_count, sizeof *b->input_names, by_name);
  qsort(b->output_names, (size_t)b->output_count, sizeof *b->output_names, by_name);
  *signature = (lrt_signature){.key = key,
                               .subgraph = index,
                               .input_count = b->input_count,
                               .output_count = b->output_count,
                               .inputs = b->input_names,
                               .outputs = b->output_names};
  return LRT_OK;
}
