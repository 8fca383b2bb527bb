/* test_inflate.c: deflate and zlib streams of another program, damaged ones, and bounds of the output. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/inflate.h"

#include "check.h"
#include "damage.h"
#include "format_samples.h"

static uint8_t out[1000];

static void check_sentence(const lrt_inflate_result *result) {
  CHECK_INT(result->written, 3 * (sizeof sample_sentence - 1));
  CHECK(memcmp(out, sample_sentence sample_sentence sample_sentence, result->written) == 0);
}

static void all_kinds_of_blocks(void) {
  lrt_inflate_result result = {0, 0};
  lrt_error err = {LRT_OK, ""};
  CHECK_INT(
      lrt_inflate_raw(sample_deflate_fixed, sizeof sample_deflate_fixed, out, sizeof out, &result, &err),
      LRT_OK);
  check_sentence(&result);
  CHECK_INT(result.consumed, sizeof sample_deflate_fixed);
  CHECK_INT(lrt_inflate_zlib(sample_zlib, sizeof sample_zlib, out, sizeof out, &result, &err), LRT_OK);
  check_sentence(&result);
  CHECK_INT(result.consumed, sizeof sample_zlib);
  CHECK_INT(
      lrt_inflate_raw(sample_deflate_stored, sizeof sample_deflate_stored, out, sizeof out, &result, &err),
      LRT_OK);
  CHECK(result.written == 6 && memcmp(out, "stored", 6) == 0);
  CHECK_INT(
      lrt_inflate_raw(sample_deflate_dynamic, sizeof sample_deflate_dynamic, out, sizeof out, &result, &err),
      LRT_OK);
  CHECK_INT(result.written, 600);
  for (int i = 0; i < 600; i++)
    if (out[i] != (uint8_t)((i * i) % 23 + i / 40 * (i % 3))) CHECK_INT(i, -1);
}

static void output_is_bounded(void) {
  lrt_inflate_result result = {0, 0};
  lrt_error err = {LRT_OK, ""};
  for (size_t capacity = 0; capacity < 600; capacity += 7) {
    uint8_t *small = malloc(capacity + (capacity == 0));
    CHECK_INT(lrt_inflate_raw(sample_deflate_dynamic, sizeof sample_deflate_dynamic, small, capacity, &result,
                              &err),
              LRT_INVALID_MODEL);
    free(small);
  }
  CHECK(strstr(err.message, "longer than announced") != NULL);
}

static bool parse_raw(const uint8_t *bytes, size_t length) {
  lrt_inflate_result result = {0, 0};
  return lrt_inflate_raw(bytes, length, out, sizeof out, &result, NULL) == LRT_OK;
}

static bool parse_zlib(const uint8_t *bytes, size_t length) {
  lrt_inflate_result result = {0, 0};
  return lrt_inflate_zlib(bytes, length, out, sizeof out, &result, NULL) == LRT_OK;
}

static void damaged(void) {
  damage_everywhere(sample_deflate_dynamic, sizeof sample_deflate_dynamic, parse_raw);
  damage_everywhere(sample_deflate_stored, sizeof sample_deflate_stored, parse_raw);
  /* The checksum sees everything but the compression level in the header. */
  CHECK(damage_everywhere(sample_zlib, sizeof sample_zlib, parse_zlib) >= 9 * sizeof sample_zlib - 8);
}

static void broken_codes(void) {
  static const struct {
    uint8_t bytes[8];
    const char *reason;
  } cases[] = {{{0x07}, "unknown kind"},
               {{0x01, 0x05, 0x00, 0x00, 0x00}, "stored block"},
               {{0x05, 0x00, 0x00, 0x00}, "no symbols"},
               {{0xfd, 0xff, 0xff, 0xff}, "too many symbols"},
               {{0x02, 0x7e, 0xff, 0xff}, "distance code is not valid"}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    lrt_inflate_result result = {0, 0};
    lrt_error err = {LRT_OK, ""};
    CHECK_INT(lrt_inflate_raw(cases[i].bytes, 8, out, sizeof out, &result, &err), LRT_INVALID_MODEL);
    if (strstr(err.message, cases[i].reason) == NULL) CHECK_TEXT(err.message, cases[i].reason);
  }
}

int main(int argc, char **argv) {
  RUN(all_kinds_of_blocks);
  RUN(output_is_bounded);
  RUN(damaged);
  RUN(broken_codes);
  DONE();
}
