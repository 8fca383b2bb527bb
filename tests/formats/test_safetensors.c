/* test_safetensors.c: a file of the format's own package, every element type, damaged and hostile headers. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/safetensors.h"

#include "check.h"
#include "damage.h"
#include "format_samples.h"

typedef void (*inspector)(const lrt_safetensors *file);

static lrt_status read_file(const uint8_t *bytes, size_t length, inspector inspect, lrt_error *err) {
  lrt_source *source = NULL;
  lrt_arena arena;
  lrt_safetensors file;
  lrt_arena_init(&arena, lrt_alloc_default());
  lrt_status status = lrt_source_wrap(bytes, length, NULL, NULL, lrt_alloc_default(), &source, err);
  if (status == LRT_OK) status = lrt_safetensors_read(source, &arena, &file, err);
  if (status == LRT_OK && inspect != NULL) inspect(&file);
  lrt_arena_clear(&arena);
  lrt_source_destroy(source);
  return status;
}

static bool accepts(const uint8_t *bytes, size_t length) {
  return read_file(bytes, length, NULL, NULL) == LRT_OK;
}

static void check_sample(const lrt_safetensors *file) {
  float out[6];
  const lrt_safetensors_tensor *w = lrt_safetensors_find(file, "w"), *h = lrt_safetensors_find(file, "h");
  CHECK_INT(file->count, 3);
  REQUIRE(w != NULL && h != NULL && lrt_safetensors_find(file, "__metadata__") == NULL);
  CHECK(w->type == LRT_FLOAT32 && w->shape.rank == 2 && w->shape.dims[1] == 3 && w->bytes == 24);
  CHECK_TEXT(lrt_json_get(file->metadata, "format")->as.text, "np");
  CHECK_INT(lrt_safetensors_widen(file, w, 1, 5, out, NULL), LRT_OK);
  for (int i = 0; i < 5; i++) CHECK_NEAR(out[i], i + 1, 0);
  CHECK_INT(lrt_safetensors_widen(file, h, 0, 2, out, NULL), LRT_OK);
  CHECK(out[0] == 1.5f && out[1] == -2.0f);
  CHECK_INT(lrt_safetensors_widen(file, w, 2, 5, out, NULL), LRT_INVALID_ARGUMENT);
}

static void sample_and_damage(void) {
  const uint8_t *bytes = (const uint8_t *)sample_safetensors;
  const size_t size = sizeof sample_safetensors - 1;
  CHECK_INT(read_file(bytes, size, check_sample, NULL), LRT_OK);
  const size_t refused = damage_everywhere(bytes, size, accepts);
  printf("%zu of %zu damaged files refused\n", refused, size * 9);
  CHECK(refused > size);
  for (uint64_t nth = 1; nth < 200; nth++) {
    lrt_alloc_fail_from(lrt_alloc_default(), nth);
    const lrt_status status = read_file(bytes, size, NULL, NULL);
    lrt_alloc_fail_from(lrt_alloc_default(), 0);
    if (status == LRT_OK) break;
    CHECK_INT(status, LRT_OUT_OF_MEMORY);
    CHECK(nth < 199);
  }
}

/* A file of that header with `data_size` bytes 0x40 behind it, in a block of exactly its size. */
static lrt_status read_made(const char *header, size_t data_size, inspector inspect, lrt_error *err) {
  const size_t length = strlen(header);
  uint8_t *file = malloc(8 + length + data_size);
  for (int i = 0; i < 8; i++) file[i] = (uint8_t)(length >> 8 * i);
  memcpy(file + 8, header, length);
  memset(file + 8 + length, 0x40, data_size);
  const lrt_status status = read_file(file, 8 + length + data_size, inspect, err);
  free(file);
  return status;
}

static double seen;

static void see_first(const lrt_safetensors *file) {
  float out = 0;
  const lrt_status status = lrt_safetensors_widen(file, &file->tensors[0], 0, 1, &out, NULL);
  seen = status == LRT_OK ? (double)out : -1;
}

static void element_types(void) {
  static const struct {
    const char *name;
    size_t bytes;
    double value; /* of bytes 0x40; -1 = cannot be read as floats */
  } types[] = {{"F64", 8, 32.50196078431372},
               {"F32", 4, 3.0039215087890625},
               {"F16", 2, 2.125},
               {"BF16", 2, 3.0},
               {"F8_E4M3", 1, 2.0},
               {"F8_E5M2", 1, 2.0},
               {"I8", 1, 64},
               {"U8", 1, 64},
               {"I16", 2, 16448},
               {"I32", 4, 1077952576},
               {"I64", 8, 4629771061636907072.0},
               {"BOOL", 1, -1},
               {"U64", 8, -1}};
  char header[200];
  for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
    snprintf(header, sizeof header, "{\"t\":{\"dtype\":\"%s\",\"shape\":[1],\"data_offsets\":[0,%zu]}}",
             types[i].name, types[i].bytes);
    CHECK_INT(read_made(header, types[i].bytes, see_first, NULL), LRT_OK);
    CHECK_NEAR(seen, types[i].value, 1e-6 * fabs(types[i].value));
  }
}

static void refused(const char *header, size_t data_size, lrt_status wanted, const char *part) {
  lrt_error err = {LRT_OK, ""};
  CHECK_INT(read_made(header, data_size, NULL, &err), wanted);
  if (strstr(err.message, part) == NULL) fprintf(stderr, "\"%s\" lacks \"%s\"\n", err.message, part);
  CHECK(strstr(err.message, part) != NULL);
}

static void hostile_headers(void) {
#define TENSOR(name, shape, begin, end)                                                                      \
  "\"" name "\":{\"dtype\":\"U8\",\"shape\":" shape ",\"data_offsets\":[" begin "," end "]}"
  refused("[]", 0, LRT_INVALID_MODEL, "no JSON object");
  refused("{" TENSOR("a", "[4]", "0", "4") "," TENSOR("b", "[4]", "2", "6") "}", 6, LRT_INVALID_MODEL,
          "tensor b: its data overlap");
  refused("{" TENSOR("a", "[4]", "0", "4") "," TENSOR("b", "[2]", "6", "8") "}", 8, LRT_INVALID_MODEL,
          "tensor b: there is a gap");
  refused("{" TENSOR("a", "[4]", "0", "4") "}", 5, LRT_INVALID_MODEL, "its tensors end at byte");
  refused("{" TENSOR("a", "[4]", "0", "4") "," TENSOR("a", "[2]", "4", "6") "}", 6, LRT_INVALID_MODEL,
          "tensor a: it is there twice");
  refused("{" TENSOR("a", "[5]", "0", "4") "}", 4, LRT_INVALID_MODEL, "its shape and type need 5");
  refused("{" TENSOR("a", "[4]", "4", "0") "}", 4, LRT_INVALID_MODEL, "leave the file");
  refused("{" TENSOR("a", "[4]", "0", "9000000000") "}", 4, LRT_INVALID_MODEL, "leave the file");
  refused("{" TENSOR("a", "[2147483648]", "0", "4") "}", 4, LRT_INVALID_MODEL, "a dimension");
  refused("{" TENSOR("a", "[65536,65536,65536,65536]", "0", "4") "}", 4, LRT_INVALID_MODEL,
          "more elements than can be counted");
  refused("{" TENSOR("a", "[1,1,1,1,1,1,1,1,1]", "0", "1") "}", 1, LRT_UNSUPPORTED, "more than 8 dimensions");
  refused("{\"a\":{\"dtype\":\"Q3\",\"shape\":[1],\"data_offsets\":[0,1]}}", 1, LRT_UNSUPPORTED,
          "unknown type Q3");
  refused("{\"a\":1}", 0, LRT_INVALID_MODEL, "tensor a: it has no dtype");
  refused("{\"__metadata__\":{\"k\":1}}", 0, LRT_INVALID_MODEL, "k of __metadata__");
#undef TENSOR
}

int main(int argc, char **argv) {
  RUN(sample_and_damage);
  RUN(element_types);
  RUN(hostile_headers);
  DONE();
}
