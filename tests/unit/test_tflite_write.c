/* test_tflite_write.c: models written, read back and compared; damaged graphs are refused. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>

#include "base/source.h"
#include "build_model.h"
#include "model/tflite_read.h"

static lrt_tflite *read_bytes(const uint8_t *bytes, size_t size, lrt_error *err) {
  lrt_source *source = NULL;
  lrt_tflite *model = NULL;
  if (lrt_source_wrap(bytes, size, NULL, NULL, lrt_alloc_default(), &source, err) != LRT_OK) return NULL;
  lrt_tflite_read(source, lrt_alloc_default(), &model, err);
  lrt_source_destroy(source);
  return model;
}

static void compare_tensor(const lrt_tensor *a, const lrt_tensor *b) {
  CHECK_TEXT(a->name, b->name);
  CHECK_INT(a->type, b->type);
  CHECK(a->shape.rank == b->shape.rank && memcmp(a->shape.dims, b->shape.dims, sizeof a->shape.dims) == 0);
  CHECK_INT(a->is_variable, b->is_variable);
  CHECK_INT(a->quant.kind, b->quant.kind);
  CHECK_INT(a->quant.count, b->quant.count);
  for (int32_t i = 0; i < a->quant.count && i < b->quant.count; i++) {
    CHECK_NEAR(a->quant.scale[i], b->quant.scale[i], 0);
    CHECK_INT(a->quant.zero_point[i], b->quant.zero_point[i]);
  }
  CHECK_INT(a->bytes, b->bytes);
  if (a->bytes == b->bytes && a->bytes > 0) CHECK(memcmp(a->data, b->data, (size_t)a->bytes) == 0);
}

static void compare_node(const lrt_node *a, const lrt_node *b) {
  CHECK_INT(a->code, b->code);
  CHECK_INT(a->version, b->version);
  CHECK_INT(a->input_count, b->input_count);
  CHECK_INT(a->output_count, b->output_count);
  CHECK(memcmp(a->inputs, b->inputs, sizeof(int32_t) * (size_t)a->input_count) == 0);
  CHECK(memcmp(a->outputs, b->outputs, sizeof(int32_t) * (size_t)a->output_count) == 0);
  CHECK_INT(a->custom_options_size, b->custom_options_size);
  const lrt_op_info *info = lrt_op_info_of(a->code);
  bool plain = info->options->count > 0 && a->options != NULL;
  for (uint16_t i = 0; i < info->options->count; i++) plain &= info->options->fields[i].kind < LRT_OPTION_STR;
  if (plain) CHECK(memcmp(a->options, b->options, info->options->bytes) == 0);
}

static void compare_graph(const lrt_graph *a, const lrt_graph *b) {
  CHECK_INT(a->subgraph_count, b->subgraph_count);
  CHECK_INT(a->signature_count, b->signature_count);
  CHECK_INT(a->metadata_count, b->metadata_count);
  if (a->subgraph_count != b->subgraph_count) return;
  for (int32_t s = 0; s < a->subgraph_count; s++) {
    const lrt_subgraph *x = &a->subgraphs[s], *y = &b->subgraphs[s];
    CHECK_INT(x->tensor_count, y->tensor_count);
    CHECK_INT(x->node_count, y->node_count);
    for (int32_t i = 0; i < x->tensor_count && i < y->tensor_count; i++)
      compare_tensor(&x->tensors[i], &y->tensors[i]);
    for (int32_t i = 0; i < x->node_count && i < y->node_count; i++) compare_node(&x->nodes[i], &y->nodes[i]);
  }
}

static void round_trip(const lrt_graph *graph) {
  lrt_fb_builder builder;
  const uint8_t *bytes = NULL;
  size_t size = 0;
  lrt_error err = {LRT_OK, ""};
  lrt_fb_builder_init(&builder, lrt_alloc_default());
  CHECK_INT(lrt_tflite_write(graph, &builder, &bytes, &size, &err), LRT_OK);
  lrt_tflite *again = bytes != NULL ? read_bytes(bytes, size, &err) : NULL;
  CHECK(again != NULL);
  if (again == NULL)
    fprintf(stderr, "%s\n", err.message);
  else
    compare_graph(graph, &again->graph);
  lrt_tflite_destroy(again);
  lrt_fb_builder_clear(&builder);
}

static void small_model_survives(void) {
  static const float weights[6] = {1, 2, 3, 4, 5, 6};
  build_subgraph b = {0};
  build_model m = {0};
  lrt_error err;
  const lrt_fully_connected_options options = {.activation = LRT_ACT_RELU, .keep_num_dims = 1};
  const int32_t x = build_tensor(&b, LRT_FLOAT32, build_shape(2, 1, 3));
  const int32_t w = build_constant(&b, LRT_FLOAT32, build_shape(2, 2, 3), weights);
  const int32_t y = build_tensor(&b, LRT_FLOAT32, build_shape(2, 1, 2));
  build_quant(&b, y, 0.5f, -3);
  build_node(&b, LRT_OP_FULLY_CONNECTED, &options, 3, (int32_t[]){x, w, -1}, 1, (int32_t[]){y});
  build_input(&b, x);
  build_output(&b, y);
  CHECK_INT(build_finish(&m, (build_subgraph *[]){&b}, 1), LRT_OK);
  lrt_tflite *model = read_bytes(m.bytes, m.size, &err);
  REQUIRE(model != NULL);
  compare_graph(&m.graph, &model->graph);
  lrt_tflite_destroy(model);
  build_clear(&m);
}

/* Every bit of a small model flipped, every length cut: refused or read, never a crash. */
static void damaged_models_are_refused(void) {
  static const float weights[4] = {1, 2, 3, 4};
  build_subgraph b = {0};
  build_model m = {0};
  lrt_error err;
  const int32_t x = build_tensor(&b, LRT_FLOAT32, build_shape(1, 4));
  const int32_t w = build_constant(&b, LRT_FLOAT32, build_shape(1, 4), weights);
  const int32_t y = build_tensor(&b, LRT_FLOAT32, build_shape(1, 4));
  const lrt_add_options options = {0};
  build_node(&b, LRT_OP_ADD, &options, 2, (int32_t[]){x, w}, 1, (int32_t[]){y});
  build_input(&b, x);
  build_output(&b, y);
  CHECK_INT(build_finish(&m, (build_subgraph *[]){&b}, 1), LRT_OK);
  uint8_t *copy = lrt_alloc_get(NULL, m.size);
  REQUIRE(copy != NULL);
  for (size_t bit = 0; bit < m.size * 8; bit++) {
    memcpy(copy, m.bytes, m.size);
    copy[bit / 8] ^= (uint8_t)(1u << bit % 8);
    lrt_tflite_destroy(read_bytes(copy, m.size, &err));
  }
  for (size_t length = 0; length < m.size; length++) {
    uint8_t *cut = lrt_alloc_get(NULL, length); /* its own block, so that reading past the end is seen */
    REQUIRE(cut != NULL);
    memcpy(cut, m.bytes, length);
    err.message[0] = '\0';
    lrt_tflite *model = read_bytes(cut, length, &err);
    CHECK(model != NULL || err.message[0] != '\0');
    lrt_tflite_destroy(model);
    lrt_alloc_free(cut);
  }
  lrt_alloc_free(copy);
  build_clear(&m);
}

/* Differences between elements and zero points must stay small enough to be multiplied. */
static void far_zero_points_are_refused(void) {
  static const lrt_type types[3] = {LRT_INT8, LRT_INT16, LRT_FLOAT32};
  static const int32_t zero_points[3] = {1000, 70000, 70000};
  for (int i = 0; i < 3; i++) {
    build_subgraph b = {0};
    build_model m = {0};
    lrt_error err = {LRT_OK, ""};
    build_input(&b, build_tensor(&b, types[i], build_shape(1, 4)));
    build_quant(&b, 0, 0.5f, zero_points[i]);
    build_output(&b, 0);
    CHECK_INT(build_finish(&m, (build_subgraph *[]){&b}, 1), LRT_OK);
    lrt_tflite *model = read_bytes(m.bytes, m.size, &err);
    CHECK((model != NULL) == (types[i] == LRT_FLOAT32));
    CHECK(model != NULL || strstr(err.message, "zero point") != NULL);
    lrt_tflite_destroy(model);
    build_clear(&m);
  }
}

/* Two constants behind the flatbuffer, one of them used twice, one inside. */
static void constants_may_stand_apart(void) {
  static const char names[2]; /* addresses that stand for contents */
  static const float weights[2][6] = {{1, 2, 3, 4, 5, 6}, {6, 5, 4, 3, 2, 1}}, bias[2] = {10, 20};
  static const lrt_fully_connected_options plain = {0};
  build_subgraph b = {0};
  build_model m = {0};
  lrt_arena arena;
  const lrt_tflite_apart *parts = NULL;
  size_t count = 0, size = 0;
  const uint8_t *bytes = NULL;
  const int32_t x = build_tensor(&b, LRT_FLOAT32, build_shape(2, 1, 3));
  const int32_t one = build_constant(&b, LRT_FLOAT32, build_shape(2, 2, 3), &names[0]);
  const int32_t two = build_constant(&b, LRT_FLOAT32, build_shape(2, 2, 3), &names[1]);
  const int32_t again = build_constant(&b, LRT_FLOAT32, build_shape(2, 2, 3), &names[0]);
  const int32_t c = build_constant(&b, LRT_FLOAT32, build_shape(1, 2), bias);
  const int32_t sums[3] = {one, two, again};
  build_input(&b, x);
  for (int i = 0; i < 3; i++) {
    const int32_t y = build_tensor(&b, LRT_FLOAT32, build_shape(2, 1, 2));
    build_node(&b, LRT_OP_FULLY_CONNECTED, &plain, 3, (int32_t[]){x, sums[i], c}, 1, &y);
    build_output(&b, y);
  }
  CHECK_INT(build_finish(&m, (build_subgraph *[]){&b}, 0), LRT_OK); /* only for m.graph */
  lrt_arena_init(&arena, lrt_alloc_default());
  b.graph.name = "main";
  b.graph.tensors = b.tensors, b.graph.nodes = b.nodes, b.graph.inputs = b.inputs,
  b.graph.outputs = b.outputs;
  m.graph.subgraphs = &b.graph, m.graph.subgraph_count = 1;
  lrt_fb_builder_clear(&m.builder);
  lrt_fb_builder_init(&m.builder, lrt_alloc_default());
  REQUIRE(lrt_tflite_write_apart(&m.graph, names, names + 2, &arena, &m.builder, &bytes, &size, &parts,
                                 &count, NULL) == LRT_OK);
  REQUIRE(count == 2 && parts[0].data == &names[0] && parts[1].data == &names[1]);
  CHECK(parts[0].offset >= size && parts[0].offset % 64 == 0 && parts[1].offset >= parts[0].offset + 24);
  uint8_t *file = calloc(1, parts[1].offset + parts[1].bytes);
  memcpy(file, bytes, size);
  for (size_t i = 0; i < count; i++) memcpy(file + parts[i].offset, weights[i], sizeof weights[i]);
  build_session s;
  const build_model whole = {.bytes = file, .size = parts[1].offset + parts[1].bytes};
  REQUIRE(build_open(&whole, NULL, &s, NULL) == LRT_OK);
  memcpy(build_view(&s, x).data, (float[]){1, 1, 2}, 12);
  CHECK_INT(lrt_interpreter_invoke(s.it, 0, NULL), LRT_OK);
  const float *y[3];
  for (int i = 0; i < 3; i++) y[i] = build_view(&s, b.outputs[i]).data;
  CHECK(y[0][0] == 19 && y[0][1] == 41 && y[1][0] == 29 && y[1][1] == 27 && y[2][0] == 19);
  build_close(&s);
  free(file);
  lrt_arena_clear(&arena);
  build_clear(&m);
}

static void real_models_survive(void) {
  const char *folder = LRT_SHARED_DIR "/models/tflite/real";
  char path[1000];
  DIR *dir = opendir(folder);
  if (dir == NULL) {
    printf("skipped: real models: %s is not there\n", folder);
    return;
  }
  for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
    lrt_source *source = NULL;
    lrt_tflite *model = NULL;
    lrt_error err = {LRT_OK, ""};
    snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
    if (entry->d_name[0] == '.' || lrt_source_open(path, LRT_SOURCE_MAP, NULL, &source, NULL) != LRT_OK)
      continue;
    const lrt_status status = lrt_tflite_read(source, NULL, &model, &err);
    if (status == LRT_OK)
      round_trip(&model->graph);
    else
      CHECK(strcmp(entry->d_name, "lrt_d_0_subgraphs.bin") == 0);
    if (status != LRT_OK) printf("refused %s: %s\n", entry->d_name, err.message);
    lrt_tflite_destroy(model);
    lrt_source_destroy(source);
  }
  closedir(dir);
}

int main(int argc, char **argv) {
  RUN(small_model_survives);
  RUN(damaged_models_are_refused);
  RUN(far_zero_points_are_refused);
  RUN(constants_may_stand_apart);
  RUN(real_models_survive);
  DONE();
}
