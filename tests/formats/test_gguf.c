/* test_gguf.c: a file and blocks made by the format's own package; damaged and hostile files. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/gguf.h"

#include "check.h"
#include "damage.h"
#include "gguf_sample.h"
#include "shared_files.h"

static unsigned nibble(char c) {
  return c <= '9' ? (unsigned)(c - '0') : (unsigned)(c - 'a' + 10);
}

/* Hex digits up to the next blank, which is passed; returns the number of bytes. */
static size_t from_hex(const char **text, uint8_t *out, size_t capacity) {
  size_t count = 0;
  for (; **text != 0 && **text != ' ' && **text != '\n'; (*text)++) {
    if (count == capacity) return 0;
    out[count++] = (uint8_t)(nibble((*text)[0]) << 4 | nibble((*text)[1]));
    (*text)++;
  }
  if (**text != 0) (*text)++;
  return count;
}

static char *read_text(const char *name) {
  char path[1024];
  size_t size = 0;
  snprintf(path, sizeof path, "%s/formats/%s", LRT_TESTS_DIR, name);
  uint8_t *bytes = read_whole_file(path, &size);
  char *text = bytes == NULL ? NULL : realloc(bytes, size + 1);
  if (text != NULL) text[size] = 0;
  return text;
}

static void blocks_as_the_package_widens_them(void) {
  uint8_t block[256], wanted[4 * 256];
  float out[256];
  int lines = 0;
  char *text = read_text("gguf_blocks.txt");
  REQUIRE(text != NULL);
  for (const char *at = text; *at != 0; lines++) {
    const uint32_t type = (uint32_t)strtoul(at, (char **)&at, 10);
    at++;
    CHECK_INT(from_hex(&at, block, sizeof block), lrt_gguf_block_bytes(type));
    const size_t count = from_hex(&at, wanted, sizeof wanted) / 4;
    CHECK_INT(count, lrt_gguf_block_elements(type));
    lrt_gguf_block_widen(type, block, count, out);
    if (memcmp(out, wanted, 4 * count) != 0) printf("%s differs\n", lrt_gguf_type_name(type));
    CHECK(memcmp(out, wanted, 4 * count) == 0);
  }
  CHECK_INT(lines, 36);
  free(text);
}

static void check_keys(const lrt_gguf *file) {
#define KEY(name) lrt_gguf_find_key(file, name)
  CHECK_INT(lrt_gguf_integer(KEY("u8"), 0, 0), 200);
  CHECK_INT(lrt_gguf_integer(KEY("i8"), 0, 0), -5);
  CHECK_INT(lrt_gguf_integer(KEY("u16"), 0, 0), 60000);
  CHECK_INT(lrt_gguf_integer(KEY("i16"), 0, 0), -3000);
  CHECK_INT(lrt_gguf_integer(KEY("u32"), 0, 0), 4000000000);
  CHECK_INT(lrt_gguf_integer(KEY("i32"), 0, 0), -2000000000);
  CHECK_INT(lrt_gguf_integer(KEY("u64"), 0, -7), -7); /* 2^63 does not fit */
  CHECK_NEAR(lrt_gguf_number(KEY("u64"), 0, 0), 9223372036854775808.0, 0);
  CHECK_INT(lrt_gguf_integer(KEY("i64"), 0, 0), -(1LL << 40));
  CHECK_NEAR(lrt_gguf_number(KEY("f32"), 0, 0), 1.5, 0);
  CHECK_NEAR(lrt_gguf_number(KEY("f64"), 0, 0), -0.1, 0);
  CHECK_INT(lrt_gguf_integer(KEY("f32"), 0, -7), -7);
  CHECK_INT(lrt_gguf_integer(KEY("yes"), 0, 0), 1);
  CHECK_INT(lrt_gguf_text_of(KEY("text")).length, 7);
  CHECK(memcmp(lrt_gguf_text_of(KEY("text")).bytes,
               "Gr\xc3\xbc\xc3\x9f"
               "e",
               7) == 0);
  CHECK(KEY("words")->is_array && KEY("words")->count == 3 && KEY("words")->texts[1].length == 0);
  CHECK(memcmp(KEY("words")->texts[2].bytes, "three", 5) == 0);
  CHECK_INT(lrt_gguf_integer(KEY("numbers"), 1, 0), -1);
  CHECK_INT(lrt_gguf_integer(KEY("numbers"), 3, -7), -7);
  CHECK(KEY("absent") == NULL && lrt_gguf_text_of(NULL).bytes == NULL &&
        lrt_gguf_text_of(KEY("u8")).bytes == NULL);
#undef KEY
}

static void check_tensors(const lrt_gguf *file) {
  float out[64];
  CHECK_INT(file->tensor_count, 4);
  const lrt_gguf_tensor *a = lrt_gguf_find_tensor(file, "a"), *q = lrt_gguf_find_tensor(file, "q");
  REQUIRE(a != NULL && q != NULL && lrt_gguf_find_tensor(file, "absent") == NULL);
  CHECK(a->rank == 2 && a->dims[0] == 3 && a->dims[1] == 2 && a->dims[2] == 1 && a->bytes == 24);
  CHECK_INT(lrt_gguf_widen(file, a, 1, 5, out, NULL), LRT_OK);
  for (int i = 0; i < 5; i++) CHECK_NEAR(out[i], i + 1, 0);
  CHECK_INT(lrt_gguf_widen(file, q, 32, 32, out, NULL), LRT_OK);
  CHECK_NEAR(out[31], 1, 1e-3);
  CHECK_INT(lrt_gguf_widen(file, q, 31, 32, out, NULL), LRT_INVALID_ARGUMENT);
  CHECK_INT(lrt_gguf_widen(file, q, 64, 32, out, NULL), LRT_INVALID_ARGUMENT);
  CHECK_INT(lrt_gguf_widen(file, lrt_gguf_find_tensor(file, "scalar"), 0, 1, out, NULL), LRT_OK);
  CHECK_NEAR(out[0], 7, 0);
}

/* Reads a file; checks it as the sample where wanted. */
static lrt_status read_file(const uint8_t *bytes, size_t length, bool is_sample, lrt_error *err) {
  lrt_source *source = NULL;
  lrt_arena arena;
  lrt_gguf file;
  lrt_arena_init(&arena, lrt_alloc_default());
  lrt_status status = lrt_source_wrap(bytes, length, NULL, NULL, lrt_alloc_default(), &source, err);
  if (status == LRT_OK) status = lrt_gguf_read(source, &arena, &file, err);
  if (status == LRT_OK && is_sample) {
    check_keys(&file);
    check_tensors(&file);
  }
  lrt_arena_clear(&arena);
  lrt_source_destroy(source);
  return status;
}

static bool accepts(const uint8_t *bytes, size_t length) {
  return read_file(bytes, length, false, NULL) == LRT_OK;
}

static void sample_and_damage(void) {
  const uint8_t *bytes = sample_gguf;
  const size_t size = sizeof sample_gguf;
  CHECK_INT(read_file(bytes, size, true, NULL), LRT_OK);
  const size_t refused = damage_everywhere(bytes, size, accepts);
  printf("%zu of %zu damaged files refused\n", refused, size * 9);
  CHECK(refused > size); /* at least every cut */
  for (uint64_t nth = 1; nth < 200; nth++) {
    lrt_alloc_fail_from(lrt_alloc_default(), nth);
    const lrt_status status = read_file(bytes, size, false, NULL);
    lrt_alloc_fail_from(lrt_alloc_default(), 0);
    if (status == LRT_OK) break;
    CHECK_INT(status, LRT_OUT_OF_MEMORY);
    CHECK(nth < 199);
  }
}

/* ---- hostile files, written number by number ---- */

static uint8_t made[1024];
static size_t made_size;

static void put(uint64_t value, int bytes) {
  for (int i = 0; i < bytes; i++) made[made_size++] = (uint8_t)(value >> 8 * i);
}

static void put_text(const char *text) {
  put(strlen(text), 8);
  memcpy(made + made_size, text, strlen(text));
  made_size += strlen(text);
}

static void begin(uint32_t version, uint64_t tensors, uint64_t keys) {
  made_size = 0;
  memcpy(made, "GGUF", 4);
  made_size = 4;
  put(version, 4);
  put(tensors, 8);
  put(keys, 8);
}

static void put_tensor(const char *name, uint64_t columns, uint32_t type, uint64_t offset) {
  put_text(name);
  put(1, 4);
  put(columns, 8);
  put(type, 4);
  put(offset, 8);
}

/* Refused with that status and a sentence that holds `part`. */
static void refused(lrt_status wanted, const char *part) {
  lrt_error err = {LRT_OK, ""};
  uint8_t *exact = malloc(made_size);
  memcpy(exact, made, made_size);
  CHECK_INT(read_file(exact, made_size, false, &err), wanted);
  if (strstr(err.message, part) == NULL) fprintf(stderr, "\"%s\" lacks \"%s\"\n", err.message, part);
  CHECK(strstr(err.message, part) != NULL);
  free(exact);
}

static void hostile_headers(void) {
  begin(1, 0, 0);
  refused(LRT_UNSUPPORTED, "version 1");
  begin(0x03000000, 0, 0);
  refused(LRT_UNSUPPORTED, "big-endian");
  begin(3, UINT64_MAX, 0);
  refused(LRT_INVALID_MODEL, "more than its bytes can hold");
  begin(3, 0, 1);
  put_text("list of lists");
  put(LRT_GGUF_ARRAY, 4);
  put(LRT_GGUF_ARRAY, 4);
  put(1, 8);
  refused(LRT_UNSUPPORTED, "list of lists");
  begin(3, 0, 1);
  put_text("huge");
  put(LRT_GGUF_ARRAY, 4);
  put(LRT_GGUF_TEXT, 4);
  put(UINT64_MAX / 2, 8);
  refused(LRT_INVALID_MODEL, "ends in key huge");
  begin(3, 0, 1);
  put_text("odd");
  put(99, 4);
  put(0, 8);
  refused(LRT_INVALID_MODEL, "key odd has a value of unknown kind 99");
  begin(3, 0, 2);
  for (int i = 0; i < 2; i++) {
    put_text("twin");
    put(LRT_GGUF_U8, 4);
    put(1, 1);
  }
  refused(LRT_INVALID_MODEL, "two keys twin");
  begin(3, 0, 1);
  put_text("general.alignment");
  put(LRT_GGUF_U32, 4);
  put(24, 4);
  refused(LRT_INVALID_MODEL, "general.alignment is 24");
}

static void hostile_tensors(void) {
  begin(3, 1, 0);
  put_tensor("t", 4, 99, 0);
  refused(LRT_UNSUPPORTED, "tensor t has the unknown type 99");
  begin(3, 1, 0);
  put_tensor("t", 33, LRT_GGUF_TYPE_Q8_0, 0);
  refused(LRT_INVALID_MODEL, "rows of tensor t have 33 elements");
  begin(3, 1, 0);
  put_tensor("t", UINT64_MAX, LRT_GGUF_TYPE_F32, 0);
  refused(LRT_INVALID_MODEL, "more elements than can be counted");
  begin(3, 1, 0);
  put_tensor("t", UINT64_MAX / 4, LRT_GGUF_TYPE_F32, 0);
  refused(LRT_INVALID_MODEL, "tensor t has more bytes than can be counted");
  begin(3, 1, 0);
  put_tensor("t", 4, LRT_GGUF_TYPE_F32, 8);
  refused(LRT_INVALID_MODEL, "no multiple of 32");
  begin(3, 1, 0);
  put_tensor("t", 400, LRT_GGUF_TYPE_F32, 0);
  refused(LRT_INVALID_MODEL, "beyond the end of the file");
  begin(3, 2, 0);
  put_tensor("first", 4, LRT_GGUF_TYPE_F32, 0);
  put_tensor("second", 4, LRT_GGUF_TYPE_F32, 0);
  for (int i = 0; i < 128; i++) put(0, 1);
  refused(LRT_INVALID_MODEL, "first and second overlap");
  begin(3, 1, 0);
  put_text("");
  for (int i = 0; i < 32; i++) put(0, 1);
  refused(LRT_INVALID_MODEL, "the name of tensor 0 is empty");
}

int main(int argc, char **argv) {
  RUN(blocks_as_the_package_widens_them);
  RUN(sample_and_damage);
  RUN(hostile_headers);
  RUN(hostile_tensors);
  DONE();
}
