/* test_answer_text.c: text of answers: stop texts across tokens, held-back beginnings, whole characters, copies. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"
#include "llm/answer_text.h"

/* Pieces "a" … "e", "ab", "END", and the two bytes of an umlaut apart. */
static const char vocabulary[] =
    "{\"model\":{\"type\":\"BPE\",\"byte_fallback\":true,\"vocab\":{\"a\":0,\"b\":1,\"c\":2,\"d\":3,\"e\":4,"
    "\"ab\":5,"
    "\"END\":6,\"<0xC3>\":7,\"<0xA4>\":8},\"merges\":[]},"
    "\"decoder\":{\"type\":\"Sequence\",\"decoders\":[{\"type\":\"ByteFallback\"},{\"type\":\"Fuse\"}]}}";

static lrt_tokenizer *tokenizer;

static void begin(lrt_llm_text *text, const char *const *stops, size_t count) {
  CHECK_INT(lrt_llm_text_begin(text, lrt_alloc_default(), tokenizer, 0, NULL), LRT_OK);
  for (size_t i = 0; i < count; i++) CHECK_INT(lrt_llm_text_add_stop(text, stops[i], NULL), LRT_OK);
}

static bool push(lrt_llm_text *text, int32_t id) {
  bool stopped = false;
  CHECK_INT(lrt_llm_text_push(text, id, &stopped, NULL), LRT_OK);
  return stopped;
}

static bool end(lrt_llm_text *text) {
  bool stopped = false;
  CHECK_INT(lrt_llm_text_end(text, &stopped, NULL), LRT_OK);
  return stopped;
}

static void plain_text_comes_at_once(void) {
  lrt_llm_text text;
  begin(&text, NULL, 0);
  CHECK(!push(&text, 0));
  CHECK_TEXT(text.shown.text, "a");
  CHECK(!push(&text, 5));
  CHECK_TEXT(text.shown.text, "aab");
  CHECK(!end(&text));
  lrt_llm_text_clear(&text);
}

static void stops_straddle_tokens(void) {
  static const char *const stops[] = {"bcd"};
  lrt_llm_text text;
  begin(&text, stops, 1);
  CHECK(!push(&text, 5)); /* "ab": b may be the beginning */
  CHECK_TEXT(text.shown.text, "a");
  CHECK(!push(&text, 2));
  CHECK_TEXT(text.shown.text, "a");
  CHECK(push(&text, 3));
  CHECK_TEXT(text.shown.text, "a");
  lrt_llm_text_clear(&text);
}

static void held_text_comes_when_it_is_no_stop(void) {
  static const char *const stops[] = {"bcd", "bbb"};
  lrt_llm_text text;
  begin(&text, stops, 2);
  CHECK(!push(&text, 1));
  CHECK(!push(&text, 1)); /* "bb" */
  CHECK_TEXT(text.shown.text, "");
  CHECK(!push(&text, 2)); /* "bbc": the second b may still go on as "bcd" */
  CHECK_TEXT(text.shown.text, "b");
  CHECK(!push(&text, 4));
  CHECK_TEXT(text.shown.text, "bbce");
  CHECK(!push(&text, 1));
  CHECK(!end(&text)); /* nothing follows any more */
  CHECK_TEXT(text.shown.text, "bbceb");
  lrt_llm_text_clear(&text);
}

static void the_first_stop_counts(void) {
  static const char *const stops[] = {"ND", "END", "x"};
  lrt_llm_text text;
  begin(&text, stops, 3);
  CHECK(!push(&text, 0));
  CHECK(push(&text, 6));
  CHECK_TEXT(text.shown.text, "a");
  lrt_llm_text_clear(&text);
}

static void characters_are_whole(void) {
  lrt_llm_text text, copy;
  begin(&text, NULL, 0);
  CHECK(!push(&text, 7));
  CHECK_TEXT(text.shown.text, "");
  CHECK_INT(lrt_llm_text_copy(&text, lrt_alloc_default(), &copy, NULL), LRT_OK);
  CHECK(!push(&text, 8));
  CHECK(!push(&text, 0)); /* no further byte that could spoil the character */
  CHECK_TEXT(text.shown.text, "\xc3\xa4"
                              "a");
  CHECK(!end(&copy)); /* half a character is left over */
  CHECK_TEXT(copy.shown.text, "\xef\xbf\xbd");
  lrt_llm_text_clear(&copy);
  lrt_llm_text_clear(&text);
}

int main(int argc, char **argv) {
  lrt_error err = {LRT_OK, ""};
  const lrt_status status = lrt_tokenizer_open_memory(vocabulary, sizeof vocabulary - 1, &tokenizer, &err);
  if (status != LRT_OK) fprintf(stderr, "%s\n", err.message);
  CHECK_INT(status, LRT_OK);
  if (status != LRT_OK) return 1;
  RUN(plain_text_comes_at_once);
  RUN(stops_straddle_tokens);
  RUN(held_text_comes_when_it_is_no_stop);
  RUN(the_first_stop_counts);
  RUN(characters_are_whole);
  lrt_tokenizer_destroy(tokenizer);
  DONE();
}
