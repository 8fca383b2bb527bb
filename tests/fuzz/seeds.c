/* seeds.c: writes the seed corpus of the fuzz entries into a folder: one sub-folder per parser. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>

#include "build_model.h"
#include "cached_model.h"
#include "format_samples.h"
#include "formats/flatbuffer_write.h"
#include "formats/tflite_schema.h"
#include "gguf_sample.h"
#include "litertlm_sample.h"
#include "llm_metadata_sample.h"
#include "metadata_sample.h"
#include "shared_files.h"
#include "tokenizer_samples.h"

/* Models up to this size are seeds of the entry that runs them: most of their bytes are structure. */
#define LARGEST_MODEL 2000

static const char *root;
static bool failed;

static void save(const char *parser, const char *name, const void *bytes, size_t length) {
  char path[1024];
  snprintf(path, sizeof path, "%s/%s", root, parser);
  if (mkdir(path, 0777) != 0 && errno != EEXIST) failed = true;
  snprintf(path, sizeof path, "%s/%s/%s", root, parser, name);
  FILE *file = fopen(path, "wb");
  if (file == NULL || fwrite(bytes, 1, length, file) != length || fclose(file) != 0) {
    fprintf(stderr, "cannot write %s\n", path);
    failed = true;
  }
}

static lrt_fb_ref write_tensor(lrt_fb_builder *b) {
  static const int32_t shape[2] = {2, 3};
  static const float scale[1] = {0.5f};
  static const int64_t zero_point[1] = {3};
  const lrt_fb_ref dims = lrt_fb_add_vector(b, LRT_FB_I32, shape, 2, 0);
  const lrt_fb_ref scales = lrt_fb_add_vector(b, LRT_FB_F32, scale, 1, 0);
  const lrt_fb_ref zeros = lrt_fb_add_vector(b, LRT_FB_I64, zero_point, 1, 0);
  const lrt_fb_ref name = lrt_fb_add_text(b, "tensor");
  lrt_fb_begin_table(b);
  lrt_fb_put_integer(b, LRT_TFL_BlockwiseQuantization_block_size, LRT_FB_I32, 32, 0);
  const lrt_fb_ref details = lrt_fb_end_table(b);
  lrt_fb_begin_table(b);
  lrt_fb_put_ref(b, LRT_TFL_QuantizationParameters_scale, scales);
  lrt_fb_put_ref(b, LRT_TFL_QuantizationParameters_zero_point, zeros);
  lrt_fb_put_union(b, LRT_TFL_QuantizationParameters_details, LRT_TFL_DETAILS_BLOCKWISE, details);
  const lrt_fb_ref quantization = lrt_fb_end_table(b);
  lrt_fb_begin_table(b);
  lrt_fb_put_ref(b, LRT_TFL_Tensor_shape, dims);
  lrt_fb_put_integer(b, LRT_TFL_Tensor_type, LRT_FB_I8, 9, 0);
  lrt_fb_put_ref(b, LRT_TFL_Tensor_name, name);
  lrt_fb_put_ref(b, LRT_TFL_Tensor_quantization, quantization);
  return lrt_fb_end_table(b);
}

static lrt_fb_ref write_operator(lrt_fb_builder *b) {
  static const int32_t indices[2] = {0, -1};
  static const int64_t numbers[2] = {1, 2};
  const lrt_fb_ref list = lrt_fb_add_vector(b, LRT_FB_I32, indices, 2, 0);
  const lrt_fb_ref inner = lrt_fb_add_vector(b, LRT_FB_I64, numbers, 2, 0);
  lrt_fb_begin_table(b);
  lrt_fb_put_ref(b, 0, inner);
  const lrt_fb_ref options = lrt_fb_end_table(b);
  lrt_fb_begin_table(b);
  lrt_fb_put_ref(b, LRT_TFL_Operator_inputs, list);
  lrt_fb_put_ref(b, LRT_TFL_Operator_outputs, list);
  lrt_fb_put_union(b, LRT_TFL_Operator_builtin_options, 1, options);
  return lrt_fb_end_table(b);
}

static void save_tflite(void) {
  lrt_fb_builder b;
  const uint8_t *bytes = NULL;
  size_t size = 0;
  lrt_fb_builder_init(&b, lrt_alloc_default());
  const lrt_fb_ref tensor = write_tensor(&b), op = write_operator(&b);
  const lrt_fb_ref tensors = lrt_fb_add_references(&b, &tensor, 1), ops = lrt_fb_add_references(&b, &op, 1);
  lrt_fb_begin_table(&b);
  lrt_fb_put_ref(&b, LRT_TFL_SubGraph_tensors, tensors);
  lrt_fb_put_ref(&b, LRT_TFL_SubGraph_operators, ops);
  const lrt_fb_ref graph = lrt_fb_end_table(&b), graphs = lrt_fb_add_references(&b, &graph, 1);
  lrt_fb_begin_table(&b);
  lrt_fb_put_integer(&b, LRT_TFL_Model_version, LRT_FB_U32, LRT_TFL_VERSION, 0);
  lrt_fb_put_ref(&b, LRT_TFL_Model_subgraphs, graphs);
  if (lrt_fb_finish(&b, lrt_fb_end_table(&b), LRT_TFL_IDENTIFIER, &bytes, &size, NULL) == LRT_OK)
    save("tflite", "made.tflite", bytes, size);
  else
    failed = true;
  lrt_fb_builder_clear(&b);
}

static void save_metadata(void) {
  lrt_fb_builder b;
  const uint8_t *bytes = NULL;
  size_t size = 0;
  lrt_fb_builder_init(&b, lrt_alloc_default());
  if (sample_metadata(&b, &bytes, &size) == LRT_OK)
    save("metadata", "made", bytes, size);
  else
    failed = true;
  lrt_fb_builder_clear(&b);
}

static void save_llm_metadata(void) {
  pb_sample sample;
  sample_llm_metadata(&sample);
  save("llm_metadata", "model", sample.bytes, sample.length);
  sample_executor_metadata(&sample);
  save("llm_metadata", "executor", sample.bytes, sample.length);
}

static void save_template(const char *path, void *unused) {
  size_t size = 0;
  uint8_t *bytes = read_whole_file(path, &size);
  (void)unused;
  if (bytes != NULL) save("chat_template", strrchr(path, '/') + 1, bytes, size);
  free(bytes);
}

/* Real templates, and one expression per seed, which mutations get further with. */
static void save_templates(void) {
  size_t size = 0, count = 0;
  char *text = (char *)read_whole_file(LRT_TESTS_DIR "/tokenizer/expressions.txt", &size), name[40];
  for_each_file(LRT_TESTS_DIR "/tokenizer/templates", ".jinja", save_template, NULL);
  for (char *at = text; text != NULL && at < text + size;) {
    char *end = memmem(at, size - (size_t)(at - text), "\n====\n", 6);
    if (end == NULL) end = text + size;
    snprintf(name, sizeof name, "expression_%zu", count++);
    save("chat_template", name, at, (size_t)(end - at));
    at = end + 6;
  }
  free(text);
}

static void save_model(const char *path, void *unused) {
  size_t size = 0;
  uint8_t *bytes = read_whole_file(path, &size);
  (void)unused;
  if (bytes != NULL && size <= LARGEST_MODEL) save("run", strrchr(path, '/') + 1, bytes, size);
  free(bytes);
}

/* x + x, then a product with constant weights: what can be run where there are no shared models. */
static void save_made_model(void) {
  static const lrt_add_options plain = {0};
  static const lrt_fully_connected_options product = {0};
  static const float weights[6] = {1, 2, 3, 4, 5, 6};
  static build_subgraph b;
  build_model m = {.size = 0};
  const int32_t x = build_tensor(&b, LRT_FLOAT32, build_shape(2, 1, 3));
  const int32_t sum = build_tensor(&b, LRT_FLOAT32, build_shape(2, 1, 3));
  const int32_t w = build_constant(&b, LRT_FLOAT32, build_shape(2, 2, 3), weights);
  const int32_t y = build_tensor(&b, LRT_FLOAT32, build_shape(2, 1, 2));
  build_node(&b, LRT_OP_ADD, &plain, 2, (int32_t[]){x, x}, 1, &sum);
  build_node(&b, LRT_OP_FULLY_CONNECTED, &product, 3, (int32_t[]){sum, w, -1}, 1, &y);
  build_input(&b, x);
  build_output(&b, y);
  static const uint8_t edges[] = {1, 1, 1, 0, 2}; /* control dependencies: node 0 before node 1 */
  static const lrt_metadata_entry entry = {"model_control_dependencies", edges, sizeof edges};
  m.graph.metadata = &entry;
  m.graph.metadata_count = 1;
  CHECK_INT(build_finish(&m, (build_subgraph *[]){&b}, 1), LRT_OK);
  save("run", "made.tflite", m.bytes, m.size);
  save("tflite", "made.tflite", m.bytes, m.size);
  build_clear(&m);
}

static void save_tokenizers(void) {
  static const char text[] = "ab\xC3\xA9 XY zz<end> \xCC\x81 123 <uv>abab \xEF\xBC\xA1";
  sp_writer w;
  save("tokenizer", "bpe.json", sample_bpe_json, sizeof sample_bpe_json - 1);
  save("tokenizer", "wordpiece.json", sample_wordpiece_json, sizeof sample_wordpiece_json - 1);
  save("tokenizer", "unigram.json", sample_unigram_json, sizeof sample_unigram_json - 1);
  sp_sample(&w, 1, 0);
  save("tokenizer", "unigram.model", w.bytes, w.length);
  sp_sample(&w, 2, 0);
  save("tokenizer", "bpe.model", w.bytes, w.length);
  save("encode", "text", text, sizeof text - 1);
}

/* A file of packed weights; of zeros where this machine's kernels pack nothing. One with a longer table: keys that no
 * tensor has, all at the same bytes. */
static void save_weight_cache(void) {
  enum { HEADER_BYTES = 104, ENTRY_BYTES = 96, TABLE = 4096, ENTRIES = 200, SIZE_AT = 72, OFFSET_AT = 80 };
  static uint8_t forged[TABLE + ENTRIES * ENTRY_BYTES];
  const uint64_t table[2] = {TABLE, ENTRIES}, place[2] = {TABLE - 128, 128};
  cached_model model;
  cached_outcome out;
  size_t size = 0;
  if (!make_cached_model(&model)) return;
  run_cached_model(&model, model.cache, false, &out);
  uint8_t *bytes = read_whole_file(model.cache, &size);
  if (bytes != NULL) memcpy(forged, bytes, HEADER_BYTES);
  save("weight_cache", "two_products.packs", bytes != NULL ? bytes : forged,
       bytes != NULL ? size : HEADER_BYTES);
  memcpy(forged + 64, table, sizeof table);
  for (uint64_t i = 0; i < ENTRIES; i++) {
    uint8_t *entry = forged + TABLE + i * ENTRY_BYTES;
    memcpy(entry, &i, sizeof i);
    memcpy(entry + SIZE_AT, &place[0], sizeof place[0]);
    memcpy(entry + OFFSET_AT, &place[1], sizeof place[1]);
  }
  save("weight_cache", "overlapping.packs", forged, sizeof forged);
  free(bytes);
  remove_cached_model(&model);
}

int main(int argc, char **argv) {
  static const uint8_t message[] = {0x08, 0xac, 0x02, 0x12, 0x04, 0x0a, 0x02,
                                    'h',  'i',  0x25, 0,    0,    0xc0, 0x3f};
  size_t size = 0;
  if (argc != 2) return 2;
  root = argv[1];
  if (mkdir(root, 0777) != 0 && errno != EEXIST) failed = true;
  save("flexbuffer", "map", sample_flexbuffer, sizeof sample_flexbuffer);
  save("zip", "two_entries.zip", sample_zip, sizeof sample_zip);
  save("zip", "large_fields.zip", sample_zip64, sizeof sample_zip64);
  save("inflate", "fixed", sample_deflate_fixed, sizeof sample_deflate_fixed);
  save("inflate", "dynamic", sample_deflate_dynamic, sizeof sample_deflate_dynamic);
  save("inflate", "stored", sample_deflate_stored, sizeof sample_deflate_stored);
  save("inflate", "framed", sample_zlib, sizeof sample_zlib);
  save("npy", "int16.npy", sample_npy, sizeof sample_npy);
  save("gguf", "small.gguf", sample_gguf, sizeof sample_gguf);
  save("safetensors", "small.safetensors", sample_safetensors, sizeof sample_safetensors - 1);
  save("protobuf", "message", message, sizeof message);
  save_tflite();
  save_metadata();
  save_llm_metadata();
  save_templates();
  save_tokenizers();
  save_made_model();
  save_weight_cache();
  for_each_file(shared_path("cases/ops"), "_000.tflite", save_model, NULL);
  for_each_file(shared_path("models/tflite/real"), ".tflite", save_model, NULL);
  uint8_t *bundle = make_litertlm(100, 164, &size);
  if (bundle != NULL) save("litertlm", "made.litertlm", bundle, size);
  free(bundle);
  return failed || check_failures > 0 ? 1 : 0;
}
