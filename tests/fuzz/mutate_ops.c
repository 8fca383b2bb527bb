/* mutate_ops.c: one-operator models changed as graphs, so that every mutant passes the reader and meets the operators. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <math.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/source.h"
#include "model/tflite_read.h"
#include "model/tflite_write.h"
#include "ops/op.h"
#include "run_model.h"

/* Usage: mutate_ops [--mutations N] [--seed S] [--every K] [--only MODEL] [--keep FILE] [FOLDER]
 *
 * Every K-th model of FOLDER, and made ones for each operator, are changed N times and run. Mutants that fare in a way
 * not seen before are changed further. Each model gets a process: a crash names the model and the number of the mutant;
 * the same seed with `--only MODEL --keep FILE` leaves it in FILE. */

#define MOST_CONTENTS (1 << 20) /* bytes of a constant made for a mutated tensor */
#define MOST_TENSORS_OF_SEED 64 /* larger graphs are not mutated */
#define POOL 64                 /* mutants of one model that are changed further */
#define STORIES 4096            /* a power of two */

typedef struct mutator {
  uint64_t state;
  lrt_arena arena;
  lrt_graph graph;
  lrt_subgraph *main; /* writable copies of subgraph 0 */
  lrt_tensor *tensors;
  lrt_node *nodes;
} mutator;

static uint32_t draw(mutator *m, uint32_t below) {
  m->state ^= m->state >> 12;
  m->state ^= m->state << 25;
  m->state ^= m->state >> 27;
  return below == 0 ? 0 : (uint32_t)((m->state * UINT64_C(2685821657736338717)) >> 33) % below;
}

static void *get(mutator *m, size_t bytes) {
  void *block = lrt_arena_get(&m->arena, bytes + 1);
  if (block == NULL) exit(2);
  return block;
}

/* ---- values that hurt ---- */

static int64_t odd_integer(mutator *m) {
  static const int64_t values[] = {0,          1,
                                   -1,         2,
                                   3,          4,
                                   5,          7,
                                   8,          16,
                                   -2,         -3,
                                   100,        127,
                                   -128,       255,
                                   256,        32767,
                                   -32768,     65535,
                                   65536,      1 << 20,
                                   1 << 24,    INT32_MAX,
                                   INT32_MIN,  INT32_MAX - 1,
                                   INT64_MAX,  INT64_MIN,
                                   0xffffffff, 0x100000000};
  return draw(m, 3) != 0 ? (int64_t)draw(m, 6) - 1 : values[draw(m, sizeof values / sizeof values[0])];
}

static float odd_float(mutator *m) {
  static const float values[] = {0,     -0.0f,  1,    -1,  0.5f,     2,         1e-30f,
                                 1e30f, -1e30f, 3e9f, NAN, INFINITY, -INFINITY, 1e-45f};
  return values[draw(m, sizeof values / sizeof values[0])];
}

static int32_t odd_dimension(mutator *m) {
  static const int32_t values[] = {0,  1,  2,  3,  4,   5,    7,     8,       9,
                                   16, 17, 33, 64, 100, 1000, 65536, 1 << 24, INT32_MAX};
  return draw(m, 8) != 0 ? values[draw(m, 12)] : values[draw(m, sizeof values / sizeof values[0])];
}

/* Contents for a constant: numbers of its type, indices small and wild. */
static void fill_constant(mutator *m, lrt_tensor *t, uint8_t *data) {
  const unsigned bits = lrt_type_bits(t->type);
  const bool wild = draw(m, 4) == 0;
  for (uint64_t i = 0; i < t->bytes; i++) data[i] = wild ? (uint8_t)draw(m, 256) : 0;
  for (uint64_t i = 0; bits >= 8 && (i + 1) * bits / 8 <= t->bytes; i++) {
    uint8_t *at = data + i * bits / 8;
    const float real = draw(m, 8) == 0 ? odd_float(m) : (float)draw(m, 9) / 4 - 1;
    const int64_t whole = odd_integer(m);
    if (t->type == LRT_FLOAT32)
      memcpy(at, &real, sizeof real);
    else if (t->type == LRT_BOOL)
      *at = (uint8_t)draw(m, 2);
    else if (!wild)
      memcpy(at, &whole, bits / 8 < sizeof whole ? bits / 8 : sizeof whole);
  }
}

/* A constant must hold as many bytes as its shape says, else the reader refuses the model. */
static void refill(mutator *m, lrt_tensor *t) {
  const int64_t bytes = t->type == LRT_STRING ? 12 : lrt_shape_bytes(&t->shape, t->type);
  if (t->data == NULL) return;
  if (bytes <= 0 || bytes > MOST_CONTENTS) {
    t->data = NULL;
    t->bytes = 0;
    return;
  }
  uint8_t *data = get(m, (size_t)bytes);
  t->bytes = (uint64_t)bytes;
  if (t->type == LRT_STRING)
    memcpy(data, (int32_t[]){1, 12, 12}, 12);
  else
    fill_constant(m, t, data);
  t->data = data;
}

/* ---- mutations ---- */

static void mutate_shape(mutator *m, lrt_tensor *t) {
  const uint32_t kind = draw(m, 6);
  if (kind == 0 && t->shape.rank < LRT_MAX_RANK) {
    t->shape.dims[t->shape.rank++] = 1 + (int32_t)draw(m, 3);
  } else if (kind == 1 && t->shape.rank > 0) {
    t->shape.rank--;
  } else if (kind == 2) {
    t->shape.rank = (int32_t)draw(m, LRT_MAX_RANK + 1);
    for (int i = 0; i < t->shape.rank; i++) t->shape.dims[i] = 1 + (int32_t)draw(m, 3);
  } else if (t->shape.rank > 0) {
    t->shape.dims[draw(m, (uint32_t)t->shape.rank)] = odd_dimension(m);
  }
  t->shape_signature.rank = -1;
  if (draw(m, 8) == 0) {
    t->shape_signature = t->shape;
    for (int i = 0; i < t->shape.rank; i++)
      if (draw(m, 2) == 0) t->shape_signature.dims[i] = -1;
  }
  refill(m, t);
}

static void mutate_type(mutator *m, lrt_tensor *t) {
  static const lrt_type common[] = {LRT_FLOAT32, LRT_INT8,  LRT_UINT8, LRT_INT16,
                                    LRT_INT32,   LRT_INT64, LRT_BOOL,  LRT_INT4};
  t->type = draw(m, 2) == 0 ? common[draw(m, 8)] : (lrt_type)draw(m, LRT_TYPE_COUNT);
  refill(m, t);
}

static void mutate_quant(mutator *m, lrt_tensor *t) {
  if (draw(m, 4) == 0) {
    t->quant = (lrt_quant){.kind = LRT_QUANT_NONE, .scales_tensor = -1, .zero_points_tensor = -1};
    return;
  }
  const int32_t axis = t->shape.rank > 0 ? (int32_t)draw(m, (uint32_t)t->shape.rank) : 0;
  const int32_t size = t->shape.rank > 0 ? t->shape.dims[axis] : 1;
  const int32_t count = draw(m, 2) == 0 || size < 1 || size > 1000 ? 1 + (int32_t)(draw(m, 8) == 0) : size;
  float *scales = get(m, (size_t)count * sizeof *scales);
  int32_t *zeros = get(m, (size_t)count * sizeof *zeros);
  for (int32_t i = 0; i < count; i++) {
    scales[i] = draw(m, 6) == 0 ? odd_float(m) : ldexpf(1 + (float)draw(m, 100) / 100, -(int)draw(m, 12));
    zeros[i] = draw(m, 3) == 0 ? (int32_t)odd_integer(m) : (int32_t)draw(m, 9) - 4;
    if (draw(m, 2) == 0) zeros[i] = 0;
  }
  t->quant = (lrt_quant){LRT_QUANT_AFFINE, count, scales, zeros, axis, 0, -1, -1};
}

static lrt_tensor *any_tensor(mutator *m) {
  return &m->tensors[draw(m, (uint32_t)m->main->tensor_count)];
}

static bool is_input(const mutator *m, int32_t tensor) {
  for (int32_t i = 0; i < m->main->input_count; i++)
    if (m->main->inputs[i] == tensor) return true;
  return false;
}

/* A constant becomes an input or an input a constant; a tensor becomes a variable. */
static void mutate_role(mutator *m) {
  const int32_t index = (int32_t)draw(m, (uint32_t)m->main->tensor_count);
  lrt_tensor *t = &m->tensors[index];
  int32_t *inputs = (int32_t *)(uintptr_t)m->main->inputs;
  if (draw(m, 4) == 0) {
    t->is_variable = !t->is_variable;
  } else if (t->data != NULL) {
    t->data = NULL;
    t->bytes = 0;
    t->sparsity = NULL;
    inputs[m->main->input_count++] = index; /* the copy has room for all tensors */
  } else if (is_input(m, index)) {
    int32_t kept = 0;
    for (int32_t i = 0; i < m->main->input_count; i++)
      if (inputs[i] != index) inputs[kept++] = inputs[i];
    m->main->input_count = kept;
    t->data = get(m, 1);
    refill(m, t);
  }
}

static void mutate_field(mutator *m, const lrt_option_field *field, char *at) {
  switch ((lrt_option_kind)field->kind) {
  case LRT_OPTION_BOOL: *(uint8_t *)at ^= 1; break;
  case LRT_OPTION_I8:
  case LRT_OPTION_U8: *(uint8_t *)at = (uint8_t)odd_integer(m); break;
  case LRT_OPTION_I32:
  case LRT_OPTION_U32: *(int32_t *)(void *)at = (int32_t)odd_integer(m); break;
  case LRT_OPTION_I64: *(int64_t *)(void *)at = odd_integer(m); break;
  case LRT_OPTION_F32: *(float *)(void *)at = odd_float(m); break;
  case LRT_OPTION_STR: *(const char **)(void *)at = draw(m, 2) == 0 ? "" : "name"; break;
  default: {
    const unsigned size = field->kind == LRT_OPTION_VEC_I64                                        ? 8
                          : field->kind == LRT_OPTION_VEC_U8 || field->kind == LRT_OPTION_VEC_BOOL ? 1
                                                                                                   : 4;
    lrt_option_bytes vector = {NULL, draw(m, 9)};
    uint8_t *data = get(m, vector.count * size);
    for (uint32_t i = 0; i < vector.count; i++) {
      const int64_t value = odd_integer(m);
      memcpy(data + i * size, &value, size);
    }
    vector.data = data;
    memcpy(at, &vector, sizeof vector);
  }
  }
}

static const lrt_option_table *table_of(const lrt_node *node) {
  const lrt_op_info *info = lrt_op_info_of(node->code);
  return info != NULL ? info->options : NULL;
}

static void mutate_options(mutator *m, lrt_node *node) {
  const lrt_option_table *table = table_of(node);
  if (node->code == LRT_OP_CUSTOM && node->custom_options_size > 0) {
    uint8_t *bytes = get(m, (size_t)node->custom_options_size);
    memcpy(bytes, node->custom_options, (size_t)node->custom_options_size);
    for (uint32_t n = 1 + draw(m, 3); n > 0; n--)
      bytes[draw(m, (uint32_t)node->custom_options_size)] = (uint8_t)odd_integer(m);
    node->custom_options = bytes;
  }
  if (table == NULL || node->options == NULL || table->count == 0) return;
  char *options = get(m, table->bytes);
  memcpy(options, node->options, table->bytes);
  const lrt_option_field *field = &table->fields[draw(m, table->count)];
  mutate_field(m, field, options + field->offset);
  node->options = options;
}

/* Options of another operator: the defaults of its table, most integers 1 so that strides and sizes are possible. */
static const void *new_options(mutator *m, const lrt_option_table *table) {
  if (table == NULL || table->bytes == 0) return NULL;
  char *options = get(m, table->bytes);
  for (uint16_t i = 0; i < table->count; i++) {
    const lrt_option_field *field = &table->fields[i];
    char *at = options + field->offset;
    if (field->kind == LRT_OPTION_I32) *(int32_t *)(void *)at = draw(m, 4) == 0 ? (int32_t)field->value : 1;
    if (field->kind == LRT_OPTION_I8) *at = (char)draw(m, 2);
    if (field->kind == LRT_OPTION_F32) *(float *)(void *)at = 0.5f;
    if (field->kind == LRT_OPTION_STR) *(const char **)(void *)at = "name";
  }
  return options;
}

static void set_code(mutator *m, lrt_node *node, int32_t code, const char *custom) {
  const lrt_op_info *info = lrt_op_info_of(code);
  node->code = code;
  node->version =
      info->version_max > 0 ? 1 + (int32_t)draw(m, (uint32_t)info->version_max) : 1 + (int32_t)draw(m, 2);
  if (node->version < info->version_min) node->version = info->version_min;
  node->custom_name = custom;
  node->options = new_options(m, table_of(node));
}

static void any_code(mutator *m, lrt_node *node) {
  int32_t customs = 0;
  while (lrt_op_custom_name(customs) != NULL) customs++;
  const uint32_t pick = draw(m, (uint32_t)(LRT_OP_CODE_COUNT + customs));
  if (pick >= LRT_OP_CODE_COUNT)
    set_code(m, node, LRT_OP_CUSTOM, lrt_op_custom_name((int)(pick - LRT_OP_CODE_COUNT)));
  else if (lrt_op_info_of((int32_t)pick) != NULL && pick != LRT_OP_CUSTOM)
    set_code(m, node, (int32_t)pick, NULL);
}

/* Operands: one left out, one doubled, one more, one less. */
static void mutate_operands(mutator *m, lrt_node *node) {
  const bool outputs = draw(m, 4) == 0;
  int32_t *count = outputs ? &node->output_count : &node->input_count;
  const int32_t *old = outputs ? node->outputs : node->inputs;
  int32_t *list = get(m, ((size_t)*count + 1) * sizeof *list);
  if (*count > 0) memcpy(list, old, (size_t)*count * sizeof *list);
  switch (draw(m, 4)) {
  case 0:
    if (*count > 0) list[draw(m, (uint32_t)*count)] = -1;
    break;
  case 1:
    if (*count > 0) list[draw(m, (uint32_t)*count)] = (int32_t)draw(m, (uint32_t)m->main->tensor_count);
    break;
  case 2: list[(*count)++] = (int32_t)draw(m, (uint32_t)m->main->tensor_count); break;
  default: *count -= *count > 0; break;
  }
  if (outputs)
    node->outputs = list;
  else
    node->inputs = list;
}

static void mutate_once(mutator *m) {
  lrt_node *node = m->main->node_count > 0 ? &m->nodes[draw(m, (uint32_t)m->main->node_count)] : NULL;
  const uint32_t kind = draw(m, 20);
  if (m->main->tensor_count == 0 || node == NULL) return;
  if (kind < 6)
    mutate_shape(m, any_tensor(m));
  else if (kind < 9)
    mutate_quant(m, any_tensor(m));
  else if (kind < 11)
    mutate_type(m, any_tensor(m));
  else if (kind < 13)
    refill(m, any_tensor(m));
  else if (kind < 16)
    mutate_options(m, node);
  else if (kind == 16)
    mutate_role(m);
  else if (kind == 17)
    mutate_operands(m, node);
  else if (kind == 18)
    any_code(m, node);
  else
    node->version = 1 + (int32_t)draw(m, 14);
}

/* ---- seeds ---- */

static void copy_graph(mutator *m, const lrt_graph *from) {
  const lrt_subgraph *main = &from->subgraphs[0];
  lrt_subgraph *rows = get(m, (size_t)from->subgraph_count * sizeof *rows);
  memcpy(rows, from->subgraphs, (size_t)from->subgraph_count * sizeof *rows);
  m->graph = *from;
  m->graph.subgraphs = rows;
  m->main = rows;
  m->tensors = get(m, (size_t)main->tensor_count * sizeof *m->tensors);
  m->nodes = get(m, (size_t)main->node_count * sizeof *m->nodes);
  int32_t *inputs = get(m, (size_t)(main->input_count + 8 + main->tensor_count) * sizeof *inputs);
  if (main->tensor_count > 0)
    memcpy(m->tensors, main->tensors, (size_t)main->tensor_count * sizeof *m->tensors);
  if (main->node_count > 0) memcpy(m->nodes, main->nodes, (size_t)main->node_count * sizeof *m->nodes);
  if (main->input_count > 0) memcpy(inputs, main->inputs, (size_t)main->input_count * sizeof *inputs);
  rows->tensors = m->tensors;
  rows->nodes = m->nodes;
  rows->inputs = inputs;
}

/* Up to six operands of small shapes and any type around one node: what a stored case lacks, chance may find. */
static void make_graph(mutator *m, int32_t code, const char *custom) {
  static lrt_subgraph main;
  static const int32_t shapes[][5] = {{4, 1, 4, 4, 2}, {2, 3, 4, 0, 0}, {1, 4, 0, 0, 0},
                                      {3, 2, 3, 4, 0}, {0, 0, 0, 0, 0}, {1, 1, 0, 0, 0}};
  static const lrt_type types[] = {LRT_FLOAT32, LRT_INT8,  LRT_INT32, LRT_INT64,
                                   LRT_UINT8,   LRT_INT16, LRT_BOOL,  LRT_STRING};
  const int32_t inputs = (int32_t)draw(m, 6), outputs = 1 + (int32_t)(draw(m, 4) == 0) * (int32_t)draw(m, 4);
  const lrt_type usual = types[draw(m, 8)];
  m->tensors = get(m, (size_t)(inputs + outputs) * sizeof *m->tensors);
  m->nodes = get(m, sizeof *m->nodes);
  int32_t *list = get(m, (size_t)(3 * (inputs + outputs)) * sizeof *list), *ports = list + inputs + outputs;
  main = (lrt_subgraph){.name = "main",
                        .tensor_count = inputs + outputs,
                        .node_count = 1,
                        .output_count = outputs,
                        .tensors = m->tensors,
                        .nodes = m->nodes,
                        .inputs = ports,
                        .outputs = list + inputs};
  for (int32_t i = 0; i < inputs + outputs; i++) {
    lrt_tensor *t = &m->tensors[i];
    const int32_t *shape = shapes[draw(m, 6)];
    memset(t, 0, sizeof *t);
    t->name = "t";
    t->type = draw(m, 3) != 0 ? usual : types[draw(m, 8)];
    t->shape = (lrt_shape){shape[0], {shape[1], shape[2], shape[3], shape[4]}};
    t->shape_signature.rank = -1;
    t->has_rank = true;
    t->quant = (lrt_quant){.kind = LRT_QUANT_NONE, .scales_tensor = -1, .zero_points_tensor = -1};
    if (draw(m, 2) == 0 && lrt_type_bits(t->type) <= 16) mutate_quant(m, t);
    list[i] = i;
    if (i < inputs && draw(m, 2) == 0) {
      t->data = get(m, 1);
      refill(m, t);
    } else if (i < inputs) {
      ports[main.input_count++] = i;
    }
  }
  m->nodes[0] =
      (lrt_node){.input_count = inputs, .output_count = outputs, .inputs = list, .outputs = list + inputs};
  set_code(m, &m->nodes[0], code, custom);
  m->graph = (lrt_graph){.description = "", .subgraph_count = 1, .subgraphs = &main};
  m->main = &main;
}

/* Runs both modes; the story is that of fast. */
static uint32_t run_mutant(mutator *m, const uint8_t *bytes, size_t size) {
  const lrt_model_options options = {.limits = {.bytes = 64u << 20}};
  const uint32_t bits = draw(m, 1u << 20);
  uint32_t first = 0;
  for (uint32_t mode = 0; mode < 2; mode++) { /* fast, ref */
    lrt_model *model = NULL;
    lrt_error err = {LRT_OK, ""};
    story = 0;
    if (accepted(lrt_model_open_memory(bytes, size, &options, &model, &err), &err))
      run_model(model, (bits & ~2u) | mode << 1);
    lrt_model_destroy(model);
    if (mode == 0) first = story;
  }
  return first;
}

/* ---- the run ---- */

typedef struct campaign {
  unsigned long mutations;
  uint64_t seed;
  unsigned every;
  const char *only, *keep;
  unsigned long models, mutants, invokes, failures;
} campaign;

/* What is being changed: a file, or an operator by number or name. */
typedef struct subject {
  const lrt_graph *graph;
  int32_t code;
  const char *custom;
} subject;

/* Written models of one subject, and the stories known. */
typedef struct pool {
  uint8_t *bytes[POOL];
  size_t size[POOL];
  uint32_t count;
  uint32_t stories[STORIES]; /* 0 = free */
} pool;

static bool is_new_story(pool *p, uint32_t told) {
  if (told == 0) told = 1;
  for (uint32_t i = told; i < told + 32; i++) {
    if (p->stories[i % STORIES] == told) return false;
    if (p->stories[i % STORIES] != 0) continue;
    p->stories[i % STORIES] = told;
    return true;
  }
  return false;
}

/* Takes over `bytes`. */
static void remember(pool *p, mutator *m, uint8_t *bytes, size_t size) {
  const uint32_t at = p->count < POOL ? p->count++ : draw(m, POOL);
  free(p->bytes[at]);
  p->bytes[at] = bytes;
  p->size[at] = size;
}

/* The subject itself, or one of its mutants read again. */
static lrt_tflite *choose_graph(mutator *m, const subject *s, const pool *p) {
  lrt_source *source = NULL;
  lrt_tflite *model = NULL;
  if (p->count > 0 && draw(m, 4) != 0) {
    const uint32_t at = draw(m, p->count);
    if (lrt_source_wrap(p->bytes[at], p->size[at], NULL, NULL, lrt_alloc_default(), &source, NULL) ==
            LRT_OK &&
        lrt_tflite_read(source, lrt_alloc_default(), &model, NULL) == LRT_OK)
      copy_graph(m, &model->graph);
    lrt_source_destroy(source);
  }
  if (model == NULL && s->graph != NULL) copy_graph(m, s->graph);
  if (model == NULL && s->graph == NULL) make_graph(m, s->code, s->custom);
  return model;
}

static void keep_mutant(const campaign *c, const uint8_t *bytes, size_t size) {
  if (c->keep == NULL) return;
  FILE *file = fopen(c->keep, "wb");
  if (file == NULL || fwrite(bytes, 1, size, file) != size || fclose(file) != 0) exit(2);
}

static void run_one(const campaign *c, const subject *s, pool *p, uint64_t hash, unsigned long i) {
  mutator m = {
      .state = (c->seed * UINT64_C(0x9e3779b97f4a7c15) ^ hash ^ (i + 1) * UINT64_C(0xbf58476d1ce4e5b9)) | 1};
  lrt_fb_builder builder;
  const uint8_t *written = NULL;
  size_t size = 0;
  for (int k = 0; k < 4; k++) draw(&m, 2);
  lrt_arena_init(&m.arena, lrt_alloc_default());
  lrt_fb_builder_init(&builder, lrt_alloc_default());
  lrt_tflite *from = choose_graph(&m, s, p);
  for (uint32_t n = 1 + draw(&m, 3); n > 0; n--) mutate_once(&m);
  if (lrt_tflite_write(&m.graph, &builder, &written, &size, NULL) == LRT_OK) {
    uint8_t *bytes = malloc(size); /* of exactly this size, so that sanitizers see every overrun */
    memcpy(bytes, written, size);
    keep_mutant(c, bytes, size);
    if (is_new_story(p, run_mutant(&m, bytes, size)))
      remember(p, &m, bytes, size);
    else
      free(bytes);
  }
  lrt_fb_builder_clear(&builder);
  lrt_tflite_destroy(from);
  lrt_arena_clear(&m.arena);
}

static void run_child(const campaign *c, const subject *s, const char *name, int notes) {
  static pool p;
  const uint64_t hash = digest((const uint8_t *)name, strlen(name));
  for (unsigned long i = 0; i < c->mutations; i++) {
    const unsigned long note[2] = {i, invokes_done};
    if (write(notes, note, sizeof note) != sizeof note) _exit(2);
    alarm(30);
    run_one(c, s, &p, hash, i);
  }
  for (uint32_t i = 0; i < p.count; i++) free(p.bytes[i]);
  _exit(0);
}

/* In a child, which tells the number of each mutant before it runs: the last one is the culprit. */
static void run_subject(campaign *c, const subject *s, const char *name) {
  int notes[2];
  if (c->only != NULL && strcmp(c->only, name) != 0) return;
  if (pipe(notes) != 0) exit(2);
  fflush(stdout);
  const pid_t child = fork();
  if (child == 0) run_child(c, s, name, notes[1]);
  close(notes[1]);
  unsigned long last[2] = {0, 0}, note[2];
  while (read(notes[0], note, sizeof note) == sizeof note) {
    memcpy(last, note, sizeof last);
    c->mutants++;
  }
  close(notes[0]);
  int status = 0;
  waitpid(child, &status, 0);
  c->models++;
  c->invokes += last[1];
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return;
  c->failures++;
  printf("FAIL %s: mutant %lu of seed %llu %s %d\n", name, last[0], (unsigned long long)c->seed,
         WIFSIGNALED(status) ? "ends by signal" : "exits with",
         WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
}

static void run_file(campaign *c, const char *folder, const char *name) {
  char path[1200];
  lrt_source *source = NULL;
  lrt_tflite *model = NULL;
  snprintf(path, sizeof path, "%s/%s", folder, name);
  if (lrt_source_open(path, LRT_SOURCE_COPY, lrt_alloc_default(), &source, NULL) != LRT_OK) return;
  if (lrt_tflite_read(source, lrt_alloc_default(), &model, NULL) == LRT_OK) {
    const subject s = {&model->graph, 0, NULL};
    if (model->graph.subgraphs[0].tensor_count <= MOST_TENSORS_OF_SEED) run_subject(c, &s, name);
  }
  lrt_tflite_destroy(model);
  lrt_source_destroy(source);
}

static void run_folder(campaign *c, const char *folder) {
  struct dirent **names = NULL;
  const int count = scandir(folder, &names, NULL, alphasort);
  unsigned at = (unsigned)c->seed;
  for (int i = 0; i < count; i++) {
    const bool model = strstr(names[i]->d_name, ".tflite") != NULL;
    if (model && (c->only != NULL || at++ % c->every == 0)) run_file(c, folder, names[i]->d_name);
    free(names[i]);
  }
  free(names);
  if (count < 0) printf("%s is not there: only made models are run\n", folder);
}

static void run_made(campaign *c) {
  for (int32_t code = 0; code < LRT_OP_CODE_COUNT; code++) {
    const lrt_op_info *info = lrt_op_info_of(code);
    const subject s = {NULL, code, NULL};
    if (info != NULL && info->version_max > 0) run_subject(c, &s, info->name);
  }
  for (int i = 0; lrt_op_custom_name(i) != NULL; i++) {
    const subject s = {NULL, LRT_OP_CUSTOM, lrt_op_custom_name(i)};
    run_subject(c, &s, s.custom);
  }
}

int main(int argc, char **argv) {
  campaign c = {.mutations = 20, .seed = 1, .every = 1};
  const char *folder = LRT_SHARED_DIR "/cases/ops";
  for (int i = 1; i < argc; i++) {
    if (i + 1 < argc && strcmp(argv[i], "--mutations") == 0)
      c.mutations = strtoul(argv[++i], NULL, 10);
    else if (i + 1 < argc && strcmp(argv[i], "--seed") == 0)
      c.seed = strtoull(argv[++i], NULL, 10);
    else if (i + 1 < argc && strcmp(argv[i], "--every") == 0)
      c.every = (unsigned)strtoul(argv[++i], NULL, 10);
    else if (i + 1 < argc && strcmp(argv[i], "--only") == 0)
      c.only = argv[++i];
    else if (i + 1 < argc && strcmp(argv[i], "--keep") == 0)
      c.keep = argv[++i];
    else
      folder = argv[i];
  }
  if (c.every == 0) c.every = 1;
  run_made(&c);
  run_folder(&c, folder);
  printf("%lu mutants of %lu models, %lu successful invokes, %lu failures\n", c.mutants, c.models, c.invokes,
         c.failures);
  return c.failures == 0 ? 0 : 1;
}
