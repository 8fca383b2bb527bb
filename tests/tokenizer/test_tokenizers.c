/* test_tokenizers.c: small tokenizers of every kind: ids by hand, texts, special tokens, streams, what is refused. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"
#include "check.h"
#include "litert/tokenizer.h"
#include "tokenizer/sentencepiece.h"
#include "tokenizer/tokenizer_object.h"
#include "tokenizer_samples.h"

static lrt_tokenizer *open_bytes(const void *bytes, size_t length) {
  lrt_tokenizer *t = NULL;
  lrt_error err = {0};
  if (lrt_tokenizer_open_memory(bytes, length, &t, &err) != LRT_OK) fprintf(stderr, "%s\n", err.message);
  CHECK(t != NULL);
  return t;
}

static lrt_tokenizer *open_json(const char *json) {
  return open_bytes(json, strlen(json));
}

/* The ids as "1 2 3" in a buffer that the next call overwrites. */
static const char *ids_of(const lrt_tokenizer *t, const char *text, size_t length, unsigned flags) {
  static char out[2000];
  lrt_token_list list = {0};
  lrt_error err = {0};
  size_t at = 0;
  out[0] = '\0';
  if (lrt_tokenizer_encode(t, text, length, flags, &list, &err) != LRT_OK) return strcpy(out, err.message);
  for (size_t i = 0; i < list.count && at < sizeof out - 16; i++)
    at += (size_t)sprintf(out + at, i == 0 ? "%d" : " %d", (int)list.ids[i]);
  lrt_token_list_clear(&list);
  return out;
}

#define CHECK_IDS(t, text, flags, expected) CHECK_TEXT(ids_of(t, text, strlen(text), flags), expected)

/* The decoded text, checked to be what comes out id by id, also when the decoder is cloned midway. */
static const char *text_of(lrt_tokenizer *t, const int32_t *ids, size_t count, unsigned flags) {
  static char whole[2000];
  char parts[2000] = "", *text = NULL;
  const char *part;
  size_t length, at = 0;
  lrt_error err = {0};
  lrt_detokenizer *d = NULL, *copy = NULL;
  if (lrt_tokenizer_decode(t, ids, count, flags, &text, &length, &err) != LRT_OK)
    return strcpy(whole, err.message);
  memcpy(whole, text, length + 1);
  lrt_text_free(text);
  CHECK_INT(lrt_detokenizer_create(t, flags, &d, NULL), LRT_OK);
  for (size_t i = 0; i <= count; i++) {
    CHECK_INT(lrt_detokenizer_clone(d, &copy, NULL), LRT_OK);
    lrt_detokenizer_destroy(d);
    d = copy;
    CHECK_INT(i < count ? lrt_detokenizer_push(d, ids[i], &part, &length, NULL)
                        : lrt_detokenizer_flush(d, &part, &length, NULL),
              LRT_OK);
    memcpy(parts + at, part, length + 1);
    at += length;
  }
  CHECK_TEXT(parts, whole);
  lrt_detokenizer_destroy(d);
  return whole;
}

#define CHECK_DECODED(t, expected, flags, ...)                                                               \
  do {                                                                                                       \
    const int32_t check_ids[] = {__VA_ARGS__};                                                               \
    CHECK_TEXT(text_of(t, check_ids, sizeof check_ids / sizeof check_ids[0], flags), expected);              \
  } while (0)

static void bpe(void) {
  lrt_tokenizer *t = open_json(sample_bpe_json);
  REQUIRE(t != NULL);
  CHECK_TEXT(lrt_tokenizer_kind(t), "bpe");
  CHECK_INT(lrt_tokenizer_size(t), 22);
  CHECK_IDS(t, "abab", 0, "3 5");            /* _ a b a b: ab first, then abab */
  CHECK_IDS(t, "AB ab", 0, "3 4 3 4");       /* lower case; blank as _ */
  CHECK_IDS(t, "abc", 0, "3 4 9");           /* ab has the lower rank than bc */
  CHECK_IDS(t, "\xC3\xA9", 0, "3 7 8");      /* bytes */
  CHECK_IDS(t, "zz", 0, "3 0");              /* unknown ones as one */
  CHECK_IDS(t, "b<end>b", 0, "3 2 0 0 0 2"); /* three words that are unknown */
  CHECK_IDS(t, "b<end>b", LRT_ENCODE_PARSE_SPECIAL, "3 2 20 2");
  CHECK_IDS(t, "b", LRT_ENCODE_ADD_SPECIAL, "3 2 20");
  CHECK_IDS(t, "b  XY  b", 0, "3 2 21 2"); /* strips white space on both sides */
  CHECK_IDS(t, "bXY", 0, "3 2 0");         /* not a word of its own */
  CHECK_IDS(t, "", LRT_ENCODE_ADD_SPECIAL, "20");
  CHECK_IDS(t, "\xEF\xBC\xA1", 0, "6");        /* full-width A by NFKC, lower case */
  CHECK_TEXT(ids_of(t, "a\xC3", 2, 0), "6 0"); /* a broken character is U+FFFD, which is unknown */
  CHECK_DECODED(t, "abab ab", 0, 3, 5, 3, 4);
  CHECK_DECODED(t, "\xC3\xA9", 0, 7, 8);
  CHECK_DECODED(t,
                "\xEF\xBF\xBD"
                "a",
                0, 7, 1);
  CHECK_DECODED(t, "a<end>", 0, 1, 20);
  CHECK_DECODED(t, "a", LRT_DECODE_SKIP_SPECIAL, 1, 20);
  CHECK_DECODED(t, "11 is not the id of a token; the tokenizer has ids 0 to 21", 0, 11);
  CHECK_INT(lrt_tokenizer_id(t, "abab"), 5);
  CHECK_INT(lrt_tokenizer_id(t, "none"), -1);
  CHECK_TEXT(lrt_tokenizer_piece(t, 4, NULL), "ab");
  CHECK(lrt_tokenizer_piece(t, 11, NULL) == NULL && lrt_tokenizer_piece(t, -1, NULL) == NULL);
  CHECK_INT(lrt_tokenizer_unknown(t), 0);
  CHECK_INT(lrt_tokenizer_bos(t), -1);
  lrt_tokenizer_destroy(t);
}

static void wordpiece(void) {
  lrt_tokenizer *t = open_json(sample_wordpiece_json);
  REQUIRE(t != NULL);
  CHECK_IDS(t, "Unaffable!", 0, "0 6"); /* nine letters, eight are allowed */
  CHECK_IDS(t, "unable!", 0, "3 5 6");
  CHECK_IDS(t, "unx", 0, "0");
  CHECK_IDS(t,
            "\xC3\x89"
            "e",
            0, "7 8"); /* É without its accent */
  CHECK_IDS(t, "un!", LRT_ENCODE_ADD_SPECIAL, "1 3 6 2");
  CHECK_DECODED(t, "unable!", 0, 3, 5, 6);
  CHECK_DECODED(t, "un e", 0, 3, 7);
  lrt_tokenizer_destroy(t);
}

static void unigram(void) {
  lrt_tokenizer *t = open_json(sample_unigram_json);
  REQUIRE(t != NULL);
  CHECK_IDS(t, "ab", 0, "1 4");     /* -6.5 beats ▁a b (-7.5) and ▁ a b (-8.5) */
  CHECK_IDS(t, "aab", 0, "5 4");    /* -8.5 beats ▁ a ab (-9.5) */
  CHECK_IDS(t, "azzb", 0, "5 0 3"); /* neighbouring unknown characters as one */
  CHECK_DECODED(t, "ab ab", 0, 1, 4, 1, 4);
  lrt_tokenizer_destroy(t);
}

static void sentencepiece_bpe(void) {
  sp_writer w;
  sp_sample(&w, 2, 0);
  lrt_tokenizer *t = open_bytes(w.bytes, w.length);
  REQUIRE(t != NULL);
  CHECK_TEXT(lrt_tokenizer_kind(t), "sentencepiece bpe");
  CHECK_INT(lrt_tokenizer_bos(t), 1);
  CHECK_INT(lrt_tokenizer_eos(t), 2);
  CHECK_INT(lrt_tokenizer_pad(t), -1);
  CHECK_INT(lrt_tokenizer_unknown(t), 0);
  CHECK_IDS(t, " ab  c ", 0, "8 3 11"); /* extra blanks go */
  CHECK_IDS(t, "abab", 0, "8 6");
  CHECK_IDS(t, "cabab", 0, "3 11 6 6"); /* abab is unused: what it was made of */
  CHECK_IDS(t, "x<uv>y", 0, "3 0 9 0"); /* the user-defined piece */
  CHECK_IDS(t, "xyz", 0, "3 0");
  CHECK_IDS(t, "a</s>", LRT_ENCODE_PARSE_SPECIAL, "7 2");
  CHECK_IDS(t, "a</s>", LRT_ENCODE_ADD_SPECIAL, "7 0");
  CHECK_DECODED(t, "ab ab", 0, 8, 8);
  CHECK_DECODED(t, "a \xE2\x81\x87 ", 0, 7, 0);
  CHECK_DECODED(t, "a", 0, 1, 7, 2);
  CHECK(lrt_tokenizer_is_special(t, 1) && !lrt_tokenizer_is_special(t, 0));
  lrt_tokenizer_destroy(t);
}

static void sentencepiece_others(void) {
  sp_writer w;
  sp_sample(&w, 1, 1);
  lrt_tokenizer *t = open_bytes(w.bytes, w.length);
  REQUIRE(t != NULL);
  CHECK_IDS(t, "ab", 0, "8"); /* -5 beats ▁a b (-7.75) */
  CHECK_IDS(t, "\xC3\xA9", 0, "3 207 181");
  CHECK_DECODED(t, "\xC3\xA9", 0, 3, 207, 181);
  CHECK_DECODED(t,
                "\xEF\xBF\xBD\xEF\xBF\xBD"
                "a",
                0, 207, 207, 4);
  lrt_tokenizer_destroy(t);
  /* With bytes for everything, no piece need be of the type "unknown": here it becomes a control piece. */
  sp_sample(&w, 1, 1);
  uint8_t *unknown = memmem(w.bytes, w.length, "<unk>", 5);
  REQUIRE(unknown != NULL);
  uint8_t *type = memchr(unknown, 0x18, 12); /* field 3 as a varint */
  REQUIRE(type != NULL && type[1] == 2);
  type[1] = 3;
  t = open_bytes(w.bytes, w.length);
  REQUIRE(t != NULL);
  CHECK_INT(lrt_tokenizer_unknown(t), -1);
  CHECK_IDS(t, "\xC3\xA9", 0, "3 207 181");
  lrt_tokenizer_destroy(t);
  sp_sample(&w, 4, 0);
  t = open_bytes(w.bytes, w.length);
  REQUIRE(t != NULL);
  CHECK_IDS(t, "ab<uv>", 0, "3 4 5 9");
  lrt_tokenizer_destroy(t);
  sp_sample(&w, 3, 0);
  t = open_bytes(w.bytes, w.length);
  REQUIRE(t != NULL);
  CHECK_IDS(t, "ab a x", 0, "8 7 0");
  lrt_tokenizer_destroy(t);
}

/* Random words: merging by scan and by heap gives the same symbols. */
static void scan_equals_heap(void) {
  static const char *const parts[] = {"a", "b", "ab", "\xE2\x96\x81", "c", "<uv>", "x", "abab"};
  sp_writer w;
  uint32_t state = 7;
  lrt_sp_work scan, heap;
  sp_sample(&w, 2, 0);
  lrt_tokenizer *t = open_bytes(w.bytes, w.length);
  REQUIRE(t != NULL);
  lrt_sp_work_init(&scan, lrt_alloc_default(), (size_t)t->size);
  lrt_sp_work_init(&heap, lrt_alloc_default(), (size_t)t->size);
  for (int round = 0; round < 500; round++) {
    char text[400] = "";
    for (int i = 0; i < round % 60 + 1; i++) {
      state = state * 1664525u + 1013904223u;
      strcat(text, parts[state >> 29]);
    }
    CHECK_INT(lrt_sp_merge_scan(&t->sp, &scan, text, strlen(text), NULL), LRT_OK);
    CHECK_INT(lrt_sp_merge_heap(&t->sp, &heap, text, strlen(text), NULL), LRT_OK);
    CHECK_INT(scan.count, heap.count);
    for (size_t i = 0; i < scan.count && i < heap.count; i++)
      CHECK(scan.symbols[i].start == heap.symbols[i].start && scan.symbols[i].id == heap.symbols[i].id);
  }
  lrt_sp_work_clear(&scan);
  lrt_sp_work_clear(&heap);
  lrt_tokenizer_destroy(t);
}

/* A megabyte without white space is encoded in a moment by every kind. */
static void long_words(void) {
  const size_t length = (size_t)1 << 20;
  const char *const texts[] = {sample_bpe_json, sample_wordpiece_json, sample_unigram_json};
  char *a = malloc(length);
  sp_writer w;
  memset(a, 'a', length);
  for (int i = 0; i < 5; i++) {
    if (i >= 3) sp_sample(&w, (uint8_t)(i - 2), 0);
    lrt_tokenizer *t = i < 3 ? open_json(texts[i]) : open_bytes(w.bytes, w.length);
    lrt_token_list list = {0};
    if (t == NULL) continue;
    CHECK_INT(lrt_tokenizer_encode(t, a, length, 0, &list, NULL), LRT_OK);
    CHECK(list.count == 1 || list.count >= length);
    lrt_token_list_clear(&list);
    lrt_tokenizer_destroy(t);
  }
  free(a);
}

static void refuse(const void *bytes, size_t length, lrt_status status, const char *sentence) {
  lrt_tokenizer *t = NULL;
  lrt_error err = {0};
  CHECK_INT(lrt_tokenizer_open_memory(bytes, length, &t, &err), status);
  CHECK_TEXT(err.message, sentence);
  lrt_tokenizer_destroy(t);
}

#define REFUSE(json, status, sentence) refuse(json, strlen(json), status, sentence)

static void what_is_refused(void) {
  sp_writer w = {.length = 0};
  REFUSE("hello", LRT_INVALID_MODEL,
         "the file is neither a tokenizer.json, nor a SentencePiece model, nor a bundle");
  REFUSE("{}", LRT_INVALID_MODEL, "the JSON text has no \"model\": it is no tokenizer.json");
  REFUSE("{\"model\":{\"type\":\"Magic\"}}", LRT_UNSUPPORTED,
         "tokenizer.json: the model Magic is not supported");
  REFUSE("{\"normalizer\":{\"type\":\"Rot13\"},\"model\":{}}", LRT_UNSUPPORTED,
         "tokenizer.json: the normalizer Rot13 is not supported");
  REFUSE("{\"pre_tokenizer\":{\"type\":\"Split\",\"pattern\":{\"Regex\":\"(?<x>a)\"},\"behavior\":"
         "\"Isolated\"},\"model\":{}}",
         LRT_UNSUPPORTED, "the pattern (?<x>a) is not supported: a group of this kind at byte 1");
  REFUSE("{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":0},\"merges\":[\"a b\"]}}", LRT_INVALID_MODEL,
         "tokenizer.json: merge 0 (a b and b) is not of the vocabulary");
  REFUSE("{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":9999999},\"merges\":[]}}", LRT_INVALID_MODEL,
         "tokenizer.json: the token a has no usable id");
  REFUSE("{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":0,\"b\":0},\"merges\":[]}}", LRT_INVALID_MODEL,
         "tokenizer.json: the tokens a and b have the same id 0");
  sp_piece(&w, "a", 0, 1);
  refuse(w.bytes, w.length, LRT_INVALID_MODEL, "the SentencePiece model has no unknown piece");
  sp_piece(&w, "a", 0, 1);
  refuse(w.bytes, w.length, LRT_INVALID_MODEL, "the SentencePiece model has the piece a twice");
}

int main(int argc, char **argv) {
  RUN(bpe);
  RUN(wordpiece);
  RUN(unigram);
  RUN(sentencepiece_bpe);
  RUN(sentencepiece_others);
  RUN(scan_equals_heap);
  RUN(long_words);
  RUN(what_is_refused);
  DONE();
}
