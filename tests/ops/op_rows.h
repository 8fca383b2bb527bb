/* op_rows.h: reads rows of operator tests: models of a few nodes, what is fed to them and what must come out. */
/* SPDX-License-Identifier: Apache-2.0 */
/* A row begins with
 *   case NAME OP VERSION FORM REF FAST SOURCE   how exact ref and fast mode must be ("0", "1": integers and their last
 *                                               place; of floats a fraction of the largest magnitude plus 1, or "@" and
 *                                               a difference), and who gave the results
 * and goes on with lines
 *   tensor TYPE DIMS [quant=SCALES:ZEROS:AXIS | block=SCALES:ZEROS:SIZE] [variable] [signature=DIMS]
 *          [sparse=ORDER:BLOCKS:DIMENSION…] [= VALUES]      a dimension: SIZE, or SEGMENTS/INDICES
 *   node OP VERSION INPUTS OUTPUTS [intermediates=…] [custom=HEX] [OPTION=VALUE]…
 *   graph INPUTS OUTPUTS       ends a subgraph
 *   in DIMS = VALUES           an input, in order
 *   run
 *   out TYPE DIMS = VALUES     a result, in order; an `in` after it begins the next run
 * Lists are "1,2" or "-" when empty; V*3 stands for V V V; strings are quoted, \hh is a byte. */
#ifndef LRT_TESTS_OP_ROWS_H
#define LRT_TESTS_OP_ROWS_H

#include <ctype.h>

#include "base/arena.h"
#include "base/half.h"
#include "graph/graph.h"

enum { ROW_TENSORS = 128, ROW_NODES = 16, ROW_GRAPHS = 8, ROW_VALUES = 64, ROW_RUNS = 4 };

typedef struct row_value {
  lrt_type type; /* of outputs */
  lrt_shape shape;
  const void *data;
  size_t bytes;
} row_value;

typedef struct row_run {
  row_value in[ROW_VALUES], out[ROW_VALUES];
  int in_count, out_count;
} row_run;

typedef struct row {
  char name[200], op[80], form[120], source[16];
  int version;
  char ref[24], fast[24];
  lrt_subgraph graphs[ROW_GRAPHS];
  lrt_tensor tensors[ROW_GRAPHS][ROW_TENSORS];
  lrt_node nodes[ROW_GRAPHS][ROW_NODES];
  int graph_count;
  row_run runs[ROW_RUNS];
  int run_count;
  bool open; /* the last line was an `out`: the next `in` begins a run */
  lrt_arena arena;
  const char *fault; /* a line that could not be read */
} row;

/* Cuts the next word off *at; NULL at the end of the line. */
static inline char *row_word(char **at) {
  char *p = *at;
  while (*p == ' ') p++;
  if (*p == '\0') return NULL;
  char *begin = p;
  while (*p != '\0' && *p != ' ') p++;
  if (*p != '\0') *p++ = '\0';
  *at = p;
  return begin;
}

/* Numbers of "1,2": how many; "-" is none. */
static inline int row_numbers(const char *text, double *out, int capacity) {
  int count = 0;
  if (text == NULL || strcmp(text, "-") == 0) return 0;
  for (char *end = NULL; *text != '\0' && count < capacity; text = *end == ',' ? end + 1 : end) {
    out[count++] = strtod(text, &end);
    if (end == text) break;
  }
  return count;
}

static inline const int32_t *row_ints(row *r, const char *text, int32_t *count) {
  double numbers[ROW_TENSORS];
  *count = row_numbers(text, numbers, ROW_TENSORS);
  int32_t *out = lrt_arena_array(&r->arena, (size_t)*count + 1, sizeof *out);
  for (int i = 0; i < *count; i++) out[i] = (int32_t)numbers[i];
  return out;
}

static inline lrt_shape row_shape(const char *text) {
  double numbers[LRT_MAX_RANK];
  lrt_shape shape = {row_numbers(text, numbers, LRT_MAX_RANK), {0}};
  for (int i = 0; i < shape.rank; i++) shape.dims[i] = (int32_t)numbers[i];
  return shape;
}

static inline lrt_type row_type(const char *name) {
  for (int t = 0; t < LRT_TYPE_COUNT; t++)
    if (strcmp(lrt_type_name((lrt_type)t), name) == 0) return (lrt_type)t;
  return LRT_TYPE_COUNT;
}

/* Stores one number as element i; complex types count as two floats. */
static inline void row_store(lrt_type type, void *data, size_t i, const char *text) {
  uint8_t *bytes = data;
  const unsigned bits = lrt_type_bits(type);
  switch (type) {
  case LRT_FLOAT32:
  case LRT_COMPLEX64: ((float *)data)[i] = strtof(text, NULL); return;
  case LRT_FLOAT64:
  case LRT_COMPLEX128: ((double *)data)[i] = strtod(text, NULL); return;
  case LRT_FLOAT16: ((uint16_t *)data)[i] = lrt_half_from_float(strtof(text, NULL)); return;
  case LRT_BFLOAT16: ((uint16_t *)data)[i] = lrt_bfloat16_from_float(strtof(text, NULL)); return;
  default: break;
  }
  const uint64_t value = text[0] == '-' ? (uint64_t)strtoll(text, NULL, 10) : strtoull(text, NULL, 10);
  if (bits < 8) {
    const unsigned per = 8 / bits, shift = (unsigned)(i % per) * bits;
    bytes[i / per] = (uint8_t)(bytes[i / per] | ((value & ((1u << bits) - 1)) << shift));
  } else {
    memcpy(bytes + i * (bits / 8), &value, bits / 8); /* little-endian machines only, as the files are */
  }
}

/* A string tensor's bytes: count, offsets, text. */
static inline const void *row_strings(row *r, char *at, size_t *bytes) {
  const size_t room = strlen(at) + 16;
  int32_t ends[256] = {0};
  int32_t count = 0, length = 0;
  char *text = lrt_arena_get(&r->arena, room);
  for (; *at != '\0'; at++) {
    if (*at != '"') continue;
    for (at++; *at != '"' && *at != '\0'; at++) {
      unsigned code = (unsigned char)*at;
      if (*at == '\\') {
        sscanf(at + 1, "%2x", &code);
        at += 2;
      }
      text[length++] = (char)code;
    }
    if (count < 255) ends[++count] = length;
  }
  const int32_t head = 4 * (count + 2);
  int32_t *out = lrt_arena_get(&r->arena, (size_t)(head + length) + 4);
  out[0] = count;
  for (int32_t i = 0; i <= count; i++) out[i + 1] = head + ends[i];
  memcpy((char *)out + head, text, (size_t)length);
  *bytes = (size_t)(head + length);
  return out;
}

/* The words after "=" as `count` elements (of a complex type: twice as many). */
static inline const void *row_data(row *r, lrt_type type, int64_t count, char *at, size_t *bytes) {
  if (type == LRT_STRING) return row_strings(r, at, bytes);
  const lrt_shape flat = {1, {(int32_t)count}};
  const int64_t size = lrt_shape_bytes(&flat, type);
  const size_t total = (size_t)count * (type == LRT_COMPLEX64 || type == LRT_COMPLEX128 ? 2 : 1);
  uint8_t *data = lrt_arena_get(&r->arena, (size_t)size + 8);
  size_t i = 0;
  for (char *word; (word = row_word(&at)) != NULL;) {
    const char *star = strchr(word, '*');
    for (long n = star == NULL ? 1 : strtol(star + 1, NULL, 10); n > 0 && i < total; n--)
      row_store(type, data, i++, word);
  }
  if (i != total) r->fault = "another number of values than the shape has";
  *bytes = (size_t)size;
  return data;
}

static inline void row_quant(row *r, lrt_tensor *t, char *text) {
  char *zeros = strchr(text, ':'), *axis = strrchr(text, ':');
  double numbers[512];
  if (zeros == NULL || zeros == axis) {
    r->fault = "quant=SCALES:ZEROS:AXIS";
    return;
  }
  *zeros++ = *axis++ = '\0';
  const int count = row_numbers(text, numbers, 512);
  float *scale = lrt_arena_array(&r->arena, (size_t)count, sizeof *scale);
  int32_t *zero = lrt_arena_array(&r->arena, (size_t)count, sizeof *zero);
  for (int i = 0; i < count; i++) scale[i] = (float)numbers[i];
  row_numbers(zeros, numbers, 512);
  for (int i = 0; i < count; i++) zero[i] = (int32_t)numbers[i];
  t->quant = (lrt_quant){LRT_QUANT_AFFINE, count, scale, zero, atoi(axis), 0, -1, -1};
}

static inline void row_sparse(row *r, lrt_tensor *t, char *text) {
  lrt_sparsity *sparse = lrt_arena_get(&r->arena, sizeof *sparse);
  lrt_sparse_dimension *dims = lrt_arena_array(&r->arena, LRT_MAX_RANK * 2, sizeof *dims);
  int32_t count;
  char *save = NULL;
  sparse->traversal_order = row_ints(r, strtok_r(text, ":", &save), &count);
  sparse->traversal_count = (uint32_t)count;
  sparse->block_map = row_ints(r, strtok_r(NULL, ":", &save), &count);
  sparse->block_count = (uint32_t)count;
  for (char *part; (part = strtok_r(NULL, ":", &save)) != NULL;) {
    lrt_sparse_dimension *d = &dims[sparse->dimension_count++];
    char *indices = strchr(part, '/');
    d->sparse = indices != NULL;
    if (indices == NULL) {
      d->dense_size = atoi(part);
      continue;
    }
    *indices++ = '\0';
    d->segments = row_ints(r, part, &count);
    d->segment_count = (uint32_t)count;
    d->indices = row_ints(r, indices, &count);
    d->index_count = (uint32_t)count;
  }
  sparse->dimensions = dims;
  t->sparsity = sparse;
}

/* Elements that a constant stores: of a sparse one, fewer than its shape has. */
static inline int64_t row_stored(const lrt_tensor *t, const char *at) {
  if (t->sparsity == NULL) return lrt_shape_count(&t->shape);
  int64_t count = 0;
  for (const char *p = at; *p != '\0';) {
    while (*p == ' ') p++;
    const char *star = p;
    while (*p != '\0' && *p != ' ') p++;
    while (star < p && *star != '*') star++;
    if (p > at && p[-1] != ' ') count += star < p ? strtol(star + 1, NULL, 10) : 1;
  }
  return count;
}

static inline void row_tensor(row *r, char *at) {
  static const char *const names[] = {"a", "b", "c", "d", "e", "f", "g", "h"};
  lrt_subgraph *g = &r->graphs[r->graph_count];
  if (g->tensor_count == ROW_TENSORS) {
    r->fault = "too many tensors";
    return;
  }
  lrt_tensor *t = &r->tensors[r->graph_count][g->tensor_count];
  t->name = names[g->tensor_count % 8];
  g->tensor_count++;
  t->type = row_type(row_word(&at));
  t->shape = row_shape(row_word(&at));
  t->has_rank = t->shape.rank == 0;
  t->shape_signature.rank = -1;
  bool constant = false;
  for (char *word; !constant && (word = row_word(&at)) != NULL;) {
    double numbers[3] = {0};
    constant = strcmp(word, "=") == 0;
    if (strncmp(word, "quant=", 6) == 0) row_quant(r, t, word + 6);
    if (strncmp(word, "sparse=", 7) == 0) row_sparse(r, t, word + 7);
    if (strncmp(word, "signature=", 10) == 0) t->shape_signature = row_shape(word + 10);
    if (strcmp(word, "variable") == 0) t->is_variable = true;
    if (strncmp(word, "block=", 6) != 0) continue;
    for (char *c = word; *c != '\0'; c++) *c = *c == ':' ? ',' : *c;
    row_numbers(word + 6, numbers, 3);
    t->quant = (lrt_quant){LRT_QUANT_BLOCKWISE, 0, NULL, NULL, 0, (int32_t)numbers[2], (int32_t)numbers[0],
                           (int32_t)numbers[1]};
  }
  if (!constant) return;
  size_t bytes;
  t->data = row_data(r, t->type, row_stored(t, at), at, &bytes);
  t->bytes = bytes;
}

/* One option as text into the option struct. */
static inline void row_option(row *r, const lrt_option_field *f, char *text, char *options) {
  void *field = options + f->offset;
  const double number = strtod(text, NULL);
  switch (f->kind) {
  case LRT_OPTION_BOOL:
  case LRT_OPTION_U8:
  case LRT_OPTION_I8: *(int8_t *)field = (int8_t)number; return;
  case LRT_OPTION_I32:
  case LRT_OPTION_U32: *(int32_t *)field = (int32_t)number; return;
  case LRT_OPTION_I64: *(int64_t *)field = (int64_t)number; return;
  case LRT_OPTION_F32: *(float *)field = strtof(text, NULL); return;
  case LRT_OPTION_STR: *(const char **)field = lrt_arena_text(&r->arena, text, strlen(text)); return;
  default: break;
  }
  double numbers[256];
  lrt_option_bytes *vector = field;
  int count = row_numbers(text, numbers, 256);
  if (f->kind == LRT_OPTION_VEC_U8) { /* in hexadecimal */
    count = (int)strlen(text) / 2;
    for (int i = 0; i < count; i++) {
      unsigned byte = 0;
      sscanf(text + 2 * i, "%2x", &byte);
      numbers[i] = byte;
    }
  }
  uint8_t *data = lrt_arena_array(&r->arena, (size_t)count + 1, 8);
  for (int i = 0; i < count; i++) {
    if (f->kind == LRT_OPTION_VEC_U8 || f->kind == LRT_OPTION_VEC_BOOL) data[i] = (uint8_t)numbers[i];
    if (f->kind == LRT_OPTION_VEC_I32 || f->kind == LRT_OPTION_VEC_U32)
      ((int32_t *)(void *)data)[i] = (int32_t)numbers[i];
    if (f->kind == LRT_OPTION_VEC_I64) ((int64_t *)(void *)data)[i] = (int64_t)numbers[i];
    if (f->kind == LRT_OPTION_VEC_F32) ((float *)(void *)data)[i] = (float)numbers[i];
  }
  vector->data = data;
  vector->count = (uint32_t)count;
}

static inline const lrt_op_info *row_operator(const char *name) {
  for (int32_t code = 0; code < LRT_OP_CODE_COUNT; code++) {
    const lrt_op_info *info = lrt_op_info_of(code);
    if (info != NULL && strcmp(info->name, name) == 0) return info;
  }
  return NULL;
}

/* The option struct with defaults. */
static inline char *row_defaults(row *r, const lrt_option_table *table) {
  char *options = lrt_arena_get(&r->arena, table->bytes + 16);
  for (int i = 0; i < table->count; i++) {
    char text[40];
    snprintf(text, sizeof text, "%.0f", table->fields[i].value);
    if (table->fields[i].kind < LRT_OPTION_STR) row_option(r, &table->fields[i], text, options);
  }
  return options;
}

static inline void row_node(row *r, char *at) {
  lrt_subgraph *g = &r->graphs[r->graph_count];
  if (g->node_count == ROW_NODES) {
    r->fault = "too many nodes";
    return;
  }
  lrt_node *n = &r->nodes[r->graph_count][g->node_count++];
  const char *name = row_word(&at);
  const lrt_op_info *info = row_operator(name);
  n->code = info != NULL ? info->code : LRT_OP_CUSTOM;
  if (info == NULL) n->custom_name = lrt_arena_text(&r->arena, name, strlen(name));
  n->version = atoi(row_word(&at));
  n->inputs = row_ints(r, row_word(&at), &n->input_count);
  n->outputs = row_ints(r, row_word(&at), &n->output_count);
  char *options = NULL;
  for (char *word; (word = row_word(&at)) != NULL;) {
    char *value = strchr(word, '=');
    if (value == NULL) continue;
    *value++ = '\0';
    if (strcmp(word, "intermediates") == 0) {
      n->intermediates = row_ints(r, value, &n->intermediate_count);
    } else if (strcmp(word, "custom") == 0) {
      const lrt_option_field bytes = {"custom", 0, LRT_OPTION_VEC_U8, 0, 0};
      lrt_option_bytes vector;
      row_option(r, &bytes, value, (char *)&vector);
      n->custom_options = vector.data;
      n->custom_options_size = vector.count;
    } else if (info != NULL && info->options != NULL) {
      if (options == NULL) options = row_defaults(r, info->options);
      for (int i = 0; i < info->options->count; i++)
        if (strcmp(info->options->fields[i].name, word) == 0)
          row_option(r, &info->options->fields[i], value, options);
    }
  }
  n->options = options;
}

static inline void row_value_line(row *r, char *at, bool is_input) {
  if (is_input && r->open) r->run_count++;
  if (is_input) r->open = false;
  if (r->run_count == ROW_RUNS) {
    r->fault = "too many runs";
    return;
  }
  row_run *run = &r->runs[r->run_count];
  row_value *v = is_input ? &run->in[run->in_count++] : &run->out[run->out_count++];
  if (is_input)
    v->type = r->tensors[0][r->graphs[0].inputs[run->in_count - 1]].type;
  else
    v->type = row_type(row_word(&at));
  v->shape = row_shape(row_word(&at));
  row_word(&at); /* the equals sign */
  v->data = row_data(r, v->type, lrt_shape_count(&v->shape), at, &v->bytes);
  if (!is_input) r->open = true;
}

static inline void row_line(row *r, char *at) {
  const char *kind = row_word(&at);
  lrt_subgraph *g = &r->graphs[r->graph_count];
  if (strcmp(kind, "tensor") == 0) {
    row_tensor(r, at);
  } else if (strcmp(kind, "node") == 0) {
    row_node(r, at);
  } else if (strcmp(kind, "graph") == 0) {
    g->name = r->graph_count == 0 ? "main" : "inner";
    g->tensors = r->tensors[r->graph_count];
    g->nodes = r->nodes[r->graph_count];
    g->inputs = row_ints(r, row_word(&at), &g->input_count);
    g->outputs = row_ints(r, row_word(&at), &g->output_count);
    if (++r->graph_count == ROW_GRAPHS) r->fault = "too many subgraphs";
  } else if (strcmp(kind, "in") == 0 || strcmp(kind, "out") == 0) {
    row_value_line(r, at, kind[0] == 'i');
  } else if (strcmp(kind, "run") == 0 && r->open) { /* a run without inputs */
    r->run_count++;
    r->open = false;
  }
}

/* Reads the row that begins at *text, which is overwritten, and moves *text behind it. False at the end. The caller
 * initialised row->arena and clears it. */
static inline bool row_read(row *r, char **text) {
  bool found = false;
  const lrt_arena arena = r->arena;
  memset(r, 0, sizeof *r);
  r->arena = arena;
  while (**text != '\0') {
    char *line = *text, *end = strchr(line, '\n');
    if (found && strncmp(line, "case ", 5) == 0) break;
    *text = end == NULL ? line + strlen(line) : end + 1;
    if (end != NULL) *end = '\0';
    if (line[0] == '#' || line[0] == '\0') continue;
    if (!found) {
      found = sscanf(line, "case %199s %79s %d %119s %23s %23s %15s", r->name, r->op, &r->version, r->form,
                     r->ref, r->fast, r->source) == 7;
      if (!found) r->fault = line;
      continue;
    }
    row_line(r, line);
  }
  if (found) r->run_count++;
  return found;
}

#endif
