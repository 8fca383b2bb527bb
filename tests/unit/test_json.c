/* test_json.c: what the writer writes, what the parser takes and refuses, and both together. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <float.h>
#include <locale.h>

#include "base/json.h"
#include "base/utf8.h"
#include "check.h"

static lrt_arena arena;

static const lrt_json *parse(const char *text) {
  const lrt_json *value = NULL;
  lrt_error err = {LRT_OK, ""};
  if (lrt_json_parse(text, strlen(text), &arena, &value, &err) != LRT_OK)
    fprintf(stderr, "%s: %s\n", text, err.message);
  return value;
}

static void check_refused(const char *text, size_t length, const char *message) {
  const lrt_json *value = NULL;
  lrt_error err = {LRT_OK, ""};
  CHECK_INT(lrt_json_parse(text, length, &arena, &value, &err), LRT_INVALID_MODEL);
  CHECK(value == NULL);
  CHECK_TEXT(err.message, message);
}

static void writer_puts_commas_and_escapes(void) {
  lrt_str s;
  lrt_json_writer w;
  lrt_str_init(&s, NULL, 0);
  lrt_json_writer_init(&w, &s);
  lrt_json_begin_object(&w);
  lrt_json_key(&w, "a\"\\\n");
  lrt_json_begin_array(&w);
  lrt_json_int(&w, INT64_MIN);
  lrt_json_uint(&w, UINT64_MAX);
  lrt_json_begin_array(&w);
  lrt_json_end_array(&w);
  lrt_json_bool(&w, true);
  lrt_json_null(&w);
  lrt_json_end_array(&w);
  lrt_json_key(&w, "b");
  lrt_json_text(&w, "\x01\x7f\t\r gr\xc3\xbc\xc3\x9f \xf0\x9f\x98\x80 \xff\xc3");
  lrt_json_key(&w, "c");
  lrt_json_text(&w, NULL);
  lrt_json_key(&w, "d");
  lrt_json_text_bytes(&w, "x\0y", 3);
  lrt_json_end_object(&w);
  CHECK_TEXT(s.text,
             "{\"a\\\"\\\\\\n\":[-9223372036854775808,18446744073709551615,[],true,null],"
             "\"b\":\"\\u0001\\u007f\\t\\r gr\xc3\xbc\xc3\x9f \xf0\x9f\x98\x80 \xef\xbf\xbd\xef\xbf\xbd\","
             "\"c\":null,\"d\":\"x\\u0000y\"}");
  CHECK(parse(s.text) != NULL);
  lrt_str_clear(&s);
}

static void check_double(double value, const char *digits) {
  lrt_str s;
  lrt_json_writer w;
  lrt_str_init(&s, NULL, 0);
  lrt_json_writer_init(&w, &s);
  lrt_json_double(&w, value);
  if (digits != NULL) CHECK_TEXT(s.text, digits);
  const lrt_json *back = parse(s.text);
  if (isfinite(value)) CHECK(lrt_json_number(back, NAN) == value);
  lrt_str_clear(&s);
}

static void numbers_are_short_and_exact(void) {
  check_double(0.1, "0.1");
  check_double(1.0 / 3, "0.3333333333333333");
  check_double(1e300, "1e+300");
  check_double(-2, "-2");
  check_double(DBL_MAX, NULL);
  check_double(DBL_TRUE_MIN, NULL);
  check_double(5e-324, NULL);
  check_double(NAN, "null");
  check_double(-INFINITY, "null");
  uint64_t state = 88172645463325252u;
  for (int i = 0; i < 2000; i++) {
    double value;
    state ^= state << 13, state ^= state >> 7, state ^= state << 17;
    memcpy(&value, &state, sizeof value);
    check_double(value, isfinite(value) ? NULL : "null");
  }
  lrt_str s;
  lrt_json_writer w;
  lrt_str_init(&s, NULL, 0);
  lrt_json_writer_init(&w, &s);
  lrt_json_begin_array(&w);
  lrt_json_float(&w, 0.1f);
  lrt_json_float(&w, 16777216.0f);
  lrt_json_float(&w, INFINITY);
  lrt_json_end_array(&w);
  CHECK_TEXT(s.text, "[0.1,16777216,null]");
  lrt_str_clear(&s);
}

static void locale_does_not_matter(void) {
  static const char *const names[] = {"de_DE.UTF-8", "fr_FR.UTF-8", "de_DE"};
  const char *set = NULL;
  for (int i = 0; i < 3 && set == NULL; i++) set = setlocale(LC_NUMERIC, names[i]);
  check_double(0.25, "0.25");
  check_double(1.5e-7, "1.5e-07");
  CHECK_NEAR(lrt_json_number(parse("1234.5"), 0), 1234.5, 0);
  setlocale(LC_NUMERIC, "C");
}

static void trees_are_complete(void) {
  const lrt_json *root =
      parse(" { \"a\" : [ 1 , -2.5e1 , \"t\\u00e9xt\" , { } , [ ] ] , \"b\":true,\"c\":null,"
            "\"b\":false, \"\\u0000k\":7 } ");
  REQUIRE(root != NULL);
  CHECK_INT(root->kind, LRT_JSON_OBJECT);
  CHECK_INT(root->length, 5);
  const lrt_json *a = lrt_json_get(root, "a");
  REQUIRE(a != NULL && a->kind == LRT_JSON_ARRAY && a->length == 5);
  CHECK(lrt_json_at(a, 0)->is_integer && lrt_json_at(a, 0)->as.integer == 1);
  CHECK(!lrt_json_at(a, 1)->is_integer && lrt_json_at(a, 1)->as.number == -25);
  CHECK_TEXT(lrt_json_at(a, 2)->as.text, "t\xc3\xa9xt");
  CHECK_INT(lrt_json_at(a, 2)->length, 5);
  CHECK_INT(lrt_json_at(a, 3)->kind, LRT_JSON_OBJECT);
  CHECK(lrt_json_at(a, 4)->as.first == NULL);
  CHECK(lrt_json_at(a, 5) == NULL);
  CHECK(lrt_json_get(root, "b") != NULL && !lrt_json_get(root, "b")->as.boolean);
  CHECK_INT(lrt_json_get(root, "c")->kind, LRT_JSON_NULL);
  CHECK(lrt_json_get(root, "d") == NULL && lrt_json_get(NULL, "a") == NULL && lrt_json_get(a, "a") == NULL);
  CHECK_NEAR(lrt_json_number(lrt_json_get(root, "d"), 3), 3, 0);
}

static void integers_keep_64_bits(void) {
  CHECK_INT(parse("9223372036854775807")->as.integer, INT64_MAX);
  CHECK_INT(parse("-9223372036854775808")->as.integer, INT64_MIN);
  CHECK(!parse("9223372036854775808")->is_integer);
  CHECK_NEAR(parse("9223372036854775808")->as.number, 9223372036854775808.0, 0);
  CHECK(signbit(parse("-0")->as.number));
  CHECK(!parse("1.0")->is_integer);
  CHECK(isinf(parse("1e999")->as.number));
}

static void escapes_are_decoded(void) {
  CHECK_TEXT(parse("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u20ac\\ud83d\\ude00\"")->as.text,
             "\"\\/\b\f\n\r\t\xe2\x82\xac\xf0\x9f\x98\x80");
  const lrt_json *nul = parse("\"a\\u0000b\"");
  CHECK(nul != NULL && nul->length == 3 && memcmp(nul->as.text, "a\0b", 4) == 0);
}

#define REFUSED(text, message) check_refused(text, sizeof(text) - 1, message)

static void errors_name_the_byte(void) {
  REFUSED("", "JSON: expected a value at byte 0, where the text ends");
  REFUSED("  ", "JSON: expected a value at byte 2, where the text ends");
  REFUSED("[1,]", "JSON: expected a value at byte 3");
  REFUSED("[1 2]", "JSON: expected ',' or ']' at byte 3");
  REFUSED("{\"a\":1,}", "JSON: expected a text in double quotes at byte 7");
  REFUSED("{\"a\" 1}", "JSON: expected ':' at byte 5");
  REFUSED("{\"a\":1", "JSON: expected ',' or '}' at byte 6, where the text ends");
  REFUSED("1 2", "JSON: expected nothing more after the value at byte 2");
  REFUSED("01", "JSON: expected nothing more after the value at byte 1");
  REFUSED("-", "JSON: expected a digit at byte 1, where the text ends");
  REFUSED("1.", "JSON: expected a digit at byte 2, where the text ends");
  REFUSED("1e+", "JSON: expected a digit at byte 3, where the text ends");
  REFUSED("+1", "JSON: expected a value at byte 0");
  REFUSED("NaN", "JSON: expected a value at byte 0");
  REFUSED("nul", "JSON: expected null at byte 0");
  REFUSED("trve", "JSON: expected true at byte 0");
  REFUSED("\"abc", "JSON: expected a closing double quote at byte 4, where the text ends");
  REFUSED("\"abc\\", "JSON: expected one of \"\\/bfnrtu after a backslash at byte 5, where the text ends");
  REFUSED("\"\\x\"", "JSON: expected one of \"\\/bfnrtu after a backslash at byte 2");
  REFUSED("\"\\u12g4\"", "JSON: expected a hexadecimal digit at byte 5");
  REFUSED("\"a\nb\"", "JSON: expected an escape instead of a control character at byte 2");
  REFUSED("\"\\ud800x\"", "JSON: expected two escapes that form a surrogate pair at byte 1");
  REFUSED("\"\\ud800\\u0041\"", "JSON: expected two escapes that form a surrogate pair at byte 1");
  REFUSED("\"\\udc00\"", "JSON: expected two escapes that form a surrogate pair at byte 1");
  REFUSED("\"\xc0\x80\"", "JSON: expected valid UTF-8 at byte 1");
  REFUSED("\"\xed\xa0\x80\"", "JSON: expected valid UTF-8 at byte 1");
  REFUSED("\"\xf4\x90\x80\x80\"", "JSON: expected valid UTF-8 at byte 1");
  REFUSED("\"\xe2\x82\"", "JSON: expected valid UTF-8 at byte 1");
  REFUSED("1\0", "JSON: expected nothing more after the value at byte 1");
  REFUSED("\xef\xbb\xbf{}", "JSON: expected a value at byte 0");
}

static void depth_is_limited(void) {
  char text[200];
  memset(text, '[', 100);
  memset(text + 64, ']', 64);
  text[128] = '\0';
  CHECK(parse(text) != NULL);
  memset(text, '[', 65);
  check_refused(text, 65, "JSON: expected no more than 64 levels of nesting at byte 64");
}

static void long_numbers(void) {
  char text[700];
  memset(text, '1', sizeof text);
  const lrt_json *value = NULL;
  CHECK_INT(lrt_json_parse(text, 512, &arena, &value, NULL), LRT_OK);
  CHECK(value != NULL && value->as.number > 1e300);
  check_refused(text, 513, "JSON: expected a number of at most 512 characters at byte 0");
}

static void every_cut_is_refused(void) {
  static const char text[] =
      "{\"k\\u00e9y\":[1.5e3,{\"x\":\"\\ud83d\\ude00\xc3\xa9\"},true,false,null,\"\"]}";
  const lrt_json *value = NULL;
  for (size_t length = 0; length < sizeof text - 1; length++) {
    char *copy = malloc(length + 1); /* exact size: reads behind the end are seen by the sanitizer */
    REQUIRE(copy != NULL);
    memcpy(copy, text, length);
    CHECK_INT(lrt_json_parse(copy, length, &arena, &value, NULL), LRT_INVALID_MODEL);
    free(copy);
  }
  for (size_t i = 0; i < sizeof text - 1; i++)
    for (int bit = 0; bit < 8; bit++) {
      char flipped[sizeof text];
      memcpy(flipped, text, sizeof text);
      flipped[i] = (char)(flipped[i] ^ 1 << bit);
      const lrt_status status = lrt_json_parse(flipped, sizeof text - 1, &arena, &value, NULL);
      CHECK(status == LRT_OK || status == LRT_INVALID_MODEL);
    }
}

static void refused_memory_is_reported(void) {
  static const char text[] = "{\"a\":[1,2,\"three\"],\"b\":{}}";
  lrt_alloc *account = NULL;
  lrt_arena small;
  const lrt_json *value = NULL;
  lrt_error err;
  REQUIRE(lrt_alloc_create(0, &account, NULL) == LRT_OK);
  lrt_arena_init(&small, account);
  lrt_alloc_fail_from(account, 1);
  CHECK_INT(lrt_json_parse(text, sizeof text - 1, &small, &value, &err), LRT_OUT_OF_MEMORY);
  lrt_arena_clear(&small);
  lrt_alloc_destroy(account);
}

static void utf8_round_trips(void) {
  for (uint32_t code = 0; code < 0x110400; code += code < 0x11000 ? 1 : 61) {
    char bytes[4];
    uint32_t back = 0;
    const size_t length = lrt_utf8_encode(code, bytes);
    const int valid = code < 0x110000 && (code < 0xd800 || code > 0xdfff);
    CHECK_INT(length > 0, valid);
    if (!valid) continue;
    CHECK_INT(lrt_utf8_decode(bytes, length, &back), length);
    CHECK_INT(back, code);
    CHECK_INT(lrt_utf8_decode(bytes, length - 1, NULL), 0);
  }
}

int main(int argc, char **argv) {
  lrt_arena_init(&arena, NULL);
  RUN(writer_puts_commas_and_escapes);
  RUN(numbers_are_short_and_exact);
  RUN(locale_does_not_matter);
  RUN(trees_are_complete);
  RUN(integers_keep_64_bits);
  RUN(escapes_are_decoded);
  RUN(errors_name_the_byte);
  RUN(depth_is_limited);
  RUN(long_numbers);
  RUN(every_cut_is_refused);
  RUN(refused_memory_is_reported);
  RUN(utf8_round_trips);
  lrt_arena_clear(&arena);
  DONE();
}
