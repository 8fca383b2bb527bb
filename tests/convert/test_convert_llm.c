/* test_convert_llm.c: tiny models of every architecture, from GGUF to a bundle that gives transformers' logits; bad input. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <unistd.h>

#include "check.h"
#include "gguf_build.h"
#include "litert/convert.h"
#include "litert/interpreter.h"
#include "shared_files.h"

enum { VOCABULARY = 48, WIDTH = 32, FF = 48, HEADS = 4, KV_HEADS = 2, TOKENS = 12, CONTEXT = 32 };

static char folder[] = "/tmp/litert-convert-XXXXXX";

/* One of the models of make_arch_goldens.py. */
typedef struct arch {
  const char *name;
  int layers, head_dim;
  float epsilon, theta;
  bool gemma, post_norms, qk_norm, bias, tied, interleaved;
  int window;
} arch;

static const arch archs[] = {
    {"llama", 3, 8, 1e-5f, 10000.0f, false, false, false, false, false, true, 0},
    {"gemma", 3, 16, 1e-6f, 10000.0f, true, false, false, false, true, false, 0},
    {"gemma2", 3, 16, 1e-6f, 10000.0f, true, true, false, false, true, false, 5},
    {"gemma3", 7, 16, 1e-6f, 1000000.0f, true, true, true, false, true, false, 5},
    {"qwen2", 3, 8, 1e-6f, 1000000.0f, false, false, false, true, true, false, 0},
    {"qwen3", 3, 16, 1e-6f, 1000000.0f, false, false, true, false, false, false, 0},
};

/* ---- the checkpoint: weights by the generator that the script has too ---- */

static void uniform(const char *name, float *out, size_t count) {
  uint32_t state = 2166136261u;
  for (const char *c = name; *c != 0; c++) state = (state ^ (uint8_t)*c) * 16777619u;
  for (size_t i = 0; i < count; i++) {
    state = state * 1664525u + 1013904223u;
    out[i] = (float)(state >> 8) / 16777216.0f - 0.5f;
  }
}

/* Rows of heads so that neighbours rotate against each other, as some files have them. */
static void interleave(float *w, int rows, int columns, int dim) {
  float *copy = malloc((size_t)(rows * columns) * sizeof *copy);
  memcpy(copy, w, (size_t)(rows * columns) * sizeof *copy);
  for (int r = 0; r < rows; r++) {
    const int from = r / dim * dim + r % 2 * (dim / 2) + r % dim / 2;
    memcpy(w + r * columns, copy + from * columns, (size_t)columns * sizeof *copy);
  }
  free(copy);
}

/* `theirs`: the name in the original checkpoint, which seeds the weights. rows 0: a vector. */
static void put_weight(gguf_build *b, const char *ours, const char *theirs, int rows, int columns,
                       int interleaved_dim) {
  const size_t count = (size_t)((rows == 0 ? 1 : rows) * columns);
  const bool norm = strstr(theirs, "norm") != NULL;
  float *w = malloc(count * sizeof *w);
  uniform(theirs, w, count);
  for (size_t i = 0; i < count; i++) w[i] = w[i] * (norm ? 0.5f : 0.8f) + (norm ? 1.0f : 0.0f);
  if (interleaved_dim > 0) interleave(w, rows, columns, interleaved_dim);
  gguf_put_tensor(b, ours, LRT_GGUF_TYPE_F32, (uint64_t)rows, (uint64_t)columns, w, count * sizeof *w);
  free(w);
}

static void put_layer_weight(gguf_build *b, int layer, const char *ours, const char *theirs, int rows,
                             int columns, int interleaved_dim) {
  char here[80], there[80];
  snprintf(here, sizeof here, "blk.%d.%s", layer, ours);
  snprintf(there, sizeof there, "model.layers.%d.%s", layer, theirs);
  put_weight(b, here, there, rows, columns, interleaved_dim);
}

static void put_layer(gguf_build *b, const arch *a, int i) {
  const int q = HEADS * a->head_dim, k = KV_HEADS * a->head_dim, dim = a->interleaved ? a->head_dim : 0;
  put_layer_weight(b, i, "attn_norm.weight", "input_layernorm.weight", 0, WIDTH, 0);
  put_layer_weight(b, i, "attn_q.weight", "self_attn.q_proj.weight", q, WIDTH, dim);
  put_layer_weight(b, i, "attn_k.weight", "self_attn.k_proj.weight", k, WIDTH, dim);
  put_layer_weight(b, i, "attn_v.weight", "self_attn.v_proj.weight", k, WIDTH, 0);
  put_layer_weight(b, i, "attn_output.weight", "self_attn.o_proj.weight", WIDTH, q, 0);
  put_layer_weight(b, i, "ffn_gate.weight", "mlp.gate_proj.weight", FF, WIDTH, 0);
  put_layer_weight(b, i, "ffn_up.weight", "mlp.up_proj.weight", FF, WIDTH, 0);
  put_layer_weight(b, i, "ffn_down.weight", "mlp.down_proj.weight", WIDTH, FF, 0);
  if (a->bias) {
    put_layer_weight(b, i, "attn_q.bias", "self_attn.q_proj.bias", 0, q, 0);
    put_layer_weight(b, i, "attn_k.bias", "self_attn.k_proj.bias", 0, k, 0);
    put_layer_weight(b, i, "attn_v.bias", "self_attn.v_proj.bias", 0, k, 0);
  }
  if (a->qk_norm) {
    put_layer_weight(b, i, "attn_q_norm.weight", "self_attn.q_norm.weight", 0, a->head_dim, 0);
    put_layer_weight(b, i, "attn_k_norm.weight", "self_attn.k_norm.weight", 0, a->head_dim, 0);
  }
  if (!a->post_norms) {
    put_layer_weight(b, i, "ffn_norm.weight", "post_attention_layernorm.weight", 0, WIDTH, 0);
    return;
  }
  put_layer_weight(b, i, "post_attention_norm.weight", "post_attention_layernorm.weight", 0, WIDTH, 0);
  put_layer_weight(b, i, "ffn_norm.weight", "pre_feedforward_layernorm.weight", 0, WIDTH, 0);
  put_layer_weight(b, i, "post_ffw_norm.weight", "post_feedforward_layernorm.weight", 0, WIDTH, 0);
}

static const char *key(const arch *a, const char *name) {
  static char full[80];
  snprintf(full, sizeof full, "%s.%s", a->name, name);
  return full;
}

static void put_numbers(gguf_build *b, const arch *a) {
  gguf_put_text(b, "general.architecture", a->name);
  gguf_put_int(b, key(a, "block_count"), (uint32_t)a->layers);
  gguf_put_int(b, key(a, "context_length"), 64);
  gguf_put_int(b, key(a, "embedding_length"), WIDTH);
  gguf_put_int(b, key(a, "feed_forward_length"), FF);
  gguf_put_int(b, key(a, "attention.head_count"), HEADS);
  gguf_put_int(b, key(a, "attention.head_count_kv"), KV_HEADS);
  gguf_put_int(b, key(a, "attention.key_length"), (uint32_t)a->head_dim);
  gguf_put_float(b, key(a, "attention.layer_norm_rms_epsilon"), a->epsilon);
  gguf_put_float(b, key(a, "rope.freq_base"), a->theta);
  if (a->window > 0) gguf_put_int(b, key(a, "attention.sliding_window"), (uint32_t)a->window);
  if (strcmp(a->name, "gemma2") != 0) return;
  gguf_put_float(b, key(a, "attn_logit_softcapping"), 50.0f);
  gguf_put_float(b, key(a, "final_logit_softcapping"), 30.0f);
}

/* Letters and signs as a byte-level vocabulary, the last token a control token. */
static void put_tokenizer(gguf_build *b) {
  char token[8];
  gguf_put_text(b, "tokenizer.ggml.model", "gpt2");
  gguf_put_text(b, "tokenizer.ggml.pre", "gpt-2");
  gguf_begin_array(b, "tokenizer.ggml.tokens", LRT_GGUF_TEXT, VOCABULARY);
  for (int i = 0; i < VOCABULARY; i++) {
    const char *form = i == VOCABULARY - 1 ? "<eos>" : i == VOCABULARY - 2 ? "AB" : "%c";
    snprintf(token, sizeof token, form, 'A' + i);
    gguf_add_text(&b->keys, &b->key_bytes, token);
  }
  gguf_begin_array(b, "tokenizer.ggml.token_type", LRT_GGUF_I32, VOCABULARY);
  for (int i = 0; i < VOCABULARY; i++)
    gguf_add_number(&b->keys, &b->key_bytes, i == VOCABULARY - 1 ? 3 : 1, 4);
  gguf_begin_array(b, "tokenizer.ggml.merges", LRT_GGUF_TEXT, 1);
  gguf_add_text(&b->keys, &b->key_bytes, "A B");
  gguf_put_int(b, "tokenizer.ggml.eos_token_id", VOCABULARY - 1);
  gguf_put_text(b, "tokenizer.chat_template", "{{ messages[0]['content'] }}");
}

static void put_model(gguf_build *b, const arch *a) {
  put_numbers(b, a);
  put_tokenizer(b);
  put_weight(b, "token_embd.weight", "model.embed_tokens.weight", VOCABULARY, WIDTH, 0);
  for (int i = 0; i < a->layers; i++) put_layer(b, a, i);
  put_weight(b, "output_norm.weight", "model.norm.weight", 0, WIDTH, 0);
  if (!a->tied) put_weight(b, "output.weight", "lm_head.weight", VOCABULARY, WIDTH, 0);
}

/* Writes a file into the folder; returns its path, in a buffer that the next call overwrites. */
static const char *save(const char *name, const uint8_t *bytes, size_t size) {
  static char path[80];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  FILE *file = fopen(path, "wb");
  CHECK(file != NULL && fwrite(bytes, 1, size, file) == size);
  if (file != NULL) fclose(file);
  return path;
}

static const char *save_model(const arch *a) {
  gguf_build b = {0};
  size_t size = 0;
  put_model(&b, a);
  uint8_t *file = gguf_finish(&b, &size);
  const char *path = save("model.gguf", file, size);
  free(file);
  return path;
}

static const char *out_path(void) {
  static char path[80];
  snprintf(path, sizeof path, "%s/model.litertlm", folder);
  return path;
}

/* ---- the golden logits ---- */

/* Finds "model NAME" and reads TOKENS lines of a token and its logits. */
static bool read_goldens(const char *name, int32_t *tokens, float (*logits)[VOCABULARY]) {
  char path[1024], wanted[40], line[64];
  snprintf(path, sizeof path, "%s/convert/arch_goldens.txt", LRT_TESTS_DIR);
  snprintf(wanted, sizeof wanted, "model %s\n", name);
  FILE *file = fopen(path, "r");
  bool found = false;
  if (file == NULL) return false;
  while (!found && fgets(line, sizeof line, file) != NULL) found = strcmp(line, wanted) == 0;
  for (int t = 0; found && t < TOKENS; t++) {
    int token = 0;
    found = fscanf(file, "%d", &token) == 1;
    tokens[t] = token;
    for (int v = 0; found && v < VOCABULARY; v++) found = fscanf(file, "%f", &logits[t][v]) == 1;
  }
  fclose(file);
  return found;
}

/* ---- running a bundle ---- */

typedef struct runner {
  lrt_model *model;
  lrt_interpreter *it;
  lrt_signature_info prefill, decode;
  int32_t prefill_index, decode_index;
} runner;

static float *data_of(const runner *r, bool decode, bool output, const char *wanted, size_t *bytes) {
  const int32_t signature = decode ? r->decode_index : r->prefill_index;
  const int32_t graph = decode ? r->decode.subgraph : r->prefill.subgraph;
  lrt_tensor_view view = {LRT_FLOAT32, {0, {0}}, NULL, 0};
  const char *name = NULL;
  int32_t tensor = -1;
  for (int32_t i = 0; (output ? lrt_model_signature_output(r->model, signature, i, &name, &tensor)
                              : lrt_model_signature_input(r->model, signature, i, &name, &tensor)) == LRT_OK;
       i++)
    if (strcmp(name, wanted) == 0) lrt_interpreter_tensor(r->it, graph, tensor, &view, NULL);
  if (bytes != NULL) *bytes = view.bytes;
  return view.data;
}

static bool open_runner(runner *r, const char *path) {
  lrt_error err = {LRT_OK, ""};
  memset(r, 0, sizeof *r);
  lrt_status status = lrt_model_open(path, NULL, &r->model, &err);
  if (status == LRT_OK) status = lrt_interpreter_create(r->model, NULL, &r->it, &err);
  if (status == LRT_OK) {
    r->prefill_index = lrt_model_find_signature(r->model, "prefill_4");
    r->decode_index = lrt_model_find_signature(r->model, "decode");
    status = lrt_model_signature(r->model, r->prefill_index, &r->prefill);
  }
  if (status == LRT_OK) status = lrt_model_signature(r->model, r->decode_index, &r->decode);
  if (status == LRT_OK) status = lrt_interpreter_allocate(r->it, r->prefill.subgraph, &err);
  if (status == LRT_OK) status = lrt_interpreter_allocate(r->it, r->decode.subgraph, &err);
  if (status != LRT_OK) fprintf(stderr, "%s\n", err.message);
  return status == LRT_OK;
}

static void close_runner(runner *r) {
  lrt_interpreter_destroy(r->it);
  lrt_model_destroy(r->model);
}

/* Carries the caches that a pass left to the inputs of the other signature, or of the same. */
static void carry_caches(const runner *r, int layers, bool from_decode, bool to_decode) {
  char name[40];
  for (int i = 0; i < 2 * layers; i++) {
    size_t bytes = 0;
    snprintf(name, sizeof name, "kv_cache_%c_%d", i % 2 == 0 ? 'k' : 'v', i / 2);
    const float *from = data_of(r, from_decode, true, name, &bytes);
    memcpy(data_of(r, to_decode, false, name, NULL), from, bytes);
  }
}

static void run_pass(const runner *r, bool decode, const int32_t *tokens, int count, int first) {
  int32_t *ids = (int32_t *)(void *)data_of(r, decode, false, "tokens", NULL);
  int32_t *positions = (int32_t *)(void *)data_of(r, decode, false, "input_pos", NULL);
  float *mask = data_of(r, decode, false, "mask", NULL);
  for (int i = 0; i < count; i++) {
    ids[i] = tokens[i];
    positions[i] = first + i;
    for (int k = 0; k < CONTEXT; k++) mask[i * CONTEXT + k] = k <= first + i ? 0.0f : -1e9f;
  }
  CHECK_INT(lrt_interpreter_invoke(r->it, decode ? r->decode.subgraph : r->prefill.subgraph, NULL), LRT_OK);
}

/* A NaN counts as larger than all numbers, and stays. */
static double larger(double a, double b) {
  return b > a || isnan(b) ? b : a;
}

static double worst(const float *got, const float *wanted) {
  double off = 0, largest = 0;
  for (int v = 0; v < VOCABULARY; v++) {
    off = larger(off, fabs((double)got[v] - (double)wanted[v]));
    largest = larger(largest, fabs((double)wanted[v]));
  }
  return off / largest;
}

/* `prefilled` tokens by prefill passes of 4, the rest one by one; returns the largest relative error of logits. */
static double run_text(const arch *a, const runner *r, const int32_t *tokens, float (*wanted)[VOCABULARY],
                       int prefilled) {
  double error = 0;
  size_t bytes = 0;
  char name[40];
  for (int i = 0; i < 2 * a->layers; i++) {
    snprintf(name, sizeof name, "kv_cache_%c_%d", i % 2 == 0 ? 'k' : 'v', i / 2);
    memset(data_of(r, true, false, name, &bytes), 0, bytes);
    float *prefill = data_of(r, false, false, name, &bytes);
    memset(prefill, 0, bytes);
  }
  for (int t = 0; t < prefilled; t += 4) {
    run_pass(r, false, tokens + t, 4, t);
    carry_caches(r, a->layers, false, t + 4 >= prefilled);
  }
  for (int t = prefilled; t < TOKENS; t++) {
    run_pass(r, true, tokens + t, 1, t);
    error = larger(error, worst(data_of(r, true, true, "logits", NULL), wanted[t]));
    carry_caches(r, a->layers, true, true);
  }
  return error;
}

static lrt_status convert(const char *source, const char *recipe, lrt_convert_report *report,
                          lrt_error *err) {
  const int32_t sizes[1] = {4};
  const lrt_convert_options options = {
      .recipe = recipe, .context = CONTEXT, .prefill_sizes = sizes, .prefill_count = 1};
  return lrt_convert_llm(source, out_path(), &options, report, err);
}

static void check_arch(const arch *a) {
  static float wanted[TOKENS][VOCABULARY];
  int32_t tokens[TOKENS];
  lrt_error err = {LRT_OK, ""};
  lrt_convert_report report;
  runner r;
  REQUIRE(read_goldens(a->name, tokens, wanted));
  const lrt_status status = convert(save_model(a), "fp32", &report, &err);
  if (status != LRT_OK) fprintf(stderr, "%s: %s\n", a->name, err.message);
  REQUIRE(status == LRT_OK);
  CHECK_TEXT(report.architecture, a->name);
  CHECK(report.linear_error == 0.0 && report.parameters > 10000);
  REQUIRE(open_runner(&r, out_path()));
  const double by_token = run_text(a, &r, tokens, wanted, 0), by_prefill = run_text(a, &r, tokens, wanted, 8);
  printf("%s: relative error of logits %.1e, after prefill %.1e\n", a->name, by_token, by_prefill);
  CHECK(by_token < 1e-4 && by_prefill < 1e-4);
  close_runner(&r);
}

static void every_architecture(void) {
  for (size_t i = 0; i < sizeof archs / sizeof archs[0]; i++) check_arch(&archs[i]);
}

static void recipes(void) {
  static float wanted[TOKENS][VOCABULARY];
  int32_t tokens[TOKENS];
  lrt_recipe_info info;
  REQUIRE(read_goldens("qwen2", tokens, wanted));
  const char *path = save_model(&archs[4]);
  for (size_t i = 0; lrt_convert_recipe(i, &info) == LRT_OK; i++) {
    lrt_convert_report report;
    lrt_error err = {LRT_OK, ""};
    runner r;
    const lrt_status status = convert(path, info.name, &report, &err);
    if (strstr(info.name, "_b64") != NULL || strstr(info.name, "_b128") != NULL ||
        strstr(info.name, "int4") == info.name || strstr(info.name, "_b32") != NULL) {
      /* Rows of 48 are no multiple of a block. */
      CHECK_INT(status, LRT_INVALID_ARGUMENT);
      CHECK(strstr(err.message, "rows of 48 weights") != NULL ||
            strstr(err.message, "rows of 32 weights") != NULL);
      continue;
    }
    REQUIRE(status == LRT_OK && open_runner(&r, out_path()));
    const double error = run_text(&archs[4], &r, tokens, wanted, 4);
    printf("%s: relative error of logits %.1e, of weights %.1e\n", info.name, error, report.linear_error);
    /* Four bits of random weights leave little of the logits; the weights themselves are still near. */
    if (strstr(info.name, "wi4") != NULL)
      CHECK(report.linear_error < 0.01);
    else
      CHECK(error < (strstr(info.name, "8") != NULL ? 0.1 : 0.01));
    close_runner(&r);
  }
}

static void same_bytes_every_time(void) {
  size_t size = 0, again = 0;
  const char *path = save_model(&archs[0]);
  CHECK_INT(convert(path, "int8", NULL, NULL), LRT_OK);
  uint8_t *first = read_whole_file(out_path(), &size);
  CHECK_INT(convert(path, "int8", NULL, NULL), LRT_OK);
  uint8_t *second = read_whole_file(out_path(), &again);
  CHECK(first != NULL && second != NULL && size == again && memcmp(first, second, size) == 0);
  free(first), free(second);
}

static void refused_memory(void) {
  const char *path = save_model(&archs[4]);
  unlink(out_path());
  for (uint64_t nth = 1; nth < 2000; nth += nth < 100 ? 1 : 7) {
    lrt_alloc_fail_from(lrt_alloc_default(), nth);
    const lrt_status status = convert(path, "int8", NULL, NULL);
    lrt_alloc_fail_from(lrt_alloc_default(), 0);
    CHECK(status == LRT_OK || status == LRT_OUT_OF_MEMORY);
    CHECK_INT(access(out_path(), F_OK), status == LRT_OK ? 0 : -1);
    if (status == LRT_OK) return;
  }
  CHECK(false);
}

/* ---- bad input ---- */

static void refused(gguf_build *b, lrt_status wanted, const char *part) {
  lrt_error err = {LRT_OK, ""};
  size_t size = 0;
  uint8_t *file = gguf_finish(b, &size);
  unlink(out_path());
  CHECK_INT(convert(save("bad.gguf", file, size), "fp32", NULL, &err), wanted);
  if (strstr(err.message, part) == NULL) fprintf(stderr, "\"%s\" lacks \"%s\"\n", err.message, part);
  CHECK(strstr(err.message, part) != NULL);
  CHECK_INT(access(out_path(), F_OK), -1);
  free(file);
}

static void bad_input(void) {
  gguf_build b = {0};
  float nothing[WIDTH] = {0}, broken[WIDTH * VOCABULARY] = {0};
  refused(&b, LRT_INVALID_MODEL, "general.architecture is missing");
  gguf_put_text(&b, "general.architecture", "mamba");
  refused(&b, LRT_UNSUPPORTED, "architecture mamba");
  gguf_put_text(&b, "general.architecture", "llama");
  refused(&b, LRT_INVALID_MODEL, "llama.block_count is missing");
  put_numbers(&b, &archs[0]);
  refused(&b, LRT_INVALID_MODEL, "token_embd.weight is missing");
  put_model(&b, &archs[0]);
  gguf_put_tensor(&b, "blk.0.ffn_gate_exps.weight", LRT_GGUF_TYPE_F32, 0, WIDTH, nothing, sizeof nothing);
  refused(&b, LRT_UNSUPPORTED, "no place for tensor blk.0.ffn_gate_exps.weight");
  put_numbers(&b, &archs[0]);
  put_tokenizer(&b);
  broken[70] = NAN;
  put_weight(&b, "token_embd.weight", "model.embed_tokens.weight", VOCABULARY, WIDTH, 0);
  for (int i = 0; i < archs[0].layers; i++) put_layer(&b, &archs[0], i);
  put_weight(&b, "output_norm.weight", "model.norm.weight", 0, WIDTH, 0);
  gguf_put_tensor(&b, "output.weight", LRT_GGUF_TYPE_F32, VOCABULARY, WIDTH, broken, sizeof broken);
  refused(&b, LRT_INVALID_ARGUMENT, "output matrix: the weight in row 2, column 6 is nan");
  put_numbers(&b, &archs[0]);
  gguf_put_tensor(&b, "token_embd.weight", LRT_GGUF_TYPE_F32, VOCABULARY, WIDTH - 1, broken,
                  (WIDTH - 1) * VOCABULARY * sizeof(float));
  refused(&b, LRT_INVALID_MODEL, "tensor token_embd.weight has");
}

static void bad_calls(void) {
  const lrt_convert_options far = {.context = 65};
  lrt_error err = {LRT_OK, ""};
  CHECK_INT(lrt_convert_llm("/tmp/litert-no-such-file", out_path(), NULL, NULL, &err), LRT_NOT_FOUND);
  CHECK_INT(convert(save_model(&archs[0]), "int3", NULL, &err), LRT_INVALID_ARGUMENT);
  CHECK(strstr(err.message, "no recipe int3") != NULL && strstr(err.message, "fp16") != NULL);
  CHECK_INT(lrt_convert_llm(save_model(&archs[0]), out_path(), &far, NULL, &err), LRT_INVALID_ARGUMENT);
  CHECK(strstr(err.message, "trained for 64") != NULL);
  CHECK_INT(convert(save("text", (const uint8_t *)"hello world, no model", 21), NULL, NULL, &err),
            LRT_UNSUPPORTED);
}

static void delete (const char *path, void *unused) {
  (void)unused;
  unlink(path);
}

int main(int argc, char **argv) {
  if (mkdtemp(folder) == NULL) SKIP("no folder for temporary files");
  RUN(every_architecture);
  RUN(recipes);
  RUN(same_bytes_every_time);
  RUN(refused_memory);
  RUN(bad_input);
  RUN(bad_calls);
  for_each_file(folder, "", delete, NULL);
  rmdir(folder);
  DONE();
}
