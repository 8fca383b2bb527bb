/* test_tokenizer_memory.c: every single allocation of opening, encoding and decoding refused in turn: an error, no leak. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"
#include "check.h"
#include "litert/tokenizer.h"
#include "tokenizer_samples.h"

static const char text[] = "ab\xC3\xA9 XY zz<end> \xCC\x81\xCC\xA7 123 <uv>abab \xEF\xBC\xA1";

static lrt_status stream(lrt_tokenizer *t, const lrt_token_list *list, lrt_error *err) {
  lrt_detokenizer *d = NULL, *copy = NULL;
  const char *part;
  size_t length;
  lrt_status status = lrt_detokenizer_create(t, 0, &d, err);
  for (size_t i = 0; i < list->count && status == LRT_OK; i++)
    status = lrt_detokenizer_push(d, list->ids[i], &part, &length, err);
  if (status == LRT_OK) status = lrt_detokenizer_clone(d, &copy, err);
  if (status == LRT_OK) status = lrt_detokenizer_flush(copy, &part, &length, err);
  lrt_detokenizer_destroy(copy);
  lrt_detokenizer_destroy(d);
  return status;
}

static lrt_status use(const void *bytes, size_t size, lrt_error *err) {
  lrt_tokenizer *t = NULL;
  lrt_token_list list = {0};
  char *back = NULL;
  size_t length;
  lrt_status status = lrt_tokenizer_open_memory(bytes, size, &t, err);
  if (status == LRT_OK) status = lrt_tokenizer_encode(t, text, sizeof text - 1, 3, &list, err);
  if (status == LRT_OK) status = lrt_tokenizer_decode(t, list.ids, list.count, 0, &back, &length, err);
  if (status == LRT_OK) status = stream(t, &list, err);
  lrt_text_free(back);
  lrt_token_list_clear(&list);
  lrt_tokenizer_destroy(t);
  return status;
}

static void sweep(const void *bytes, size_t size) {
  lrt_error err = {0};
  const uint64_t held = lrt_alloc_in_use(lrt_alloc_default());
  uint64_t calls = lrt_alloc_calls(lrt_alloc_default());
  CHECK_INT(use(bytes, size, &err), LRT_OK);
  if (err.code != LRT_OK) fprintf(stderr, "%s\n", err.message);
  calls = lrt_alloc_calls(lrt_alloc_default()) - calls;
  CHECK(calls > 10);
  for (uint64_t n = 1; n <= calls; n++) {
    err = (lrt_error){LRT_OK, ""};
    lrt_alloc_fail_from(lrt_alloc_default(), n);
    const lrt_status status = use(bytes, size, &err);
    lrt_alloc_fail_from(lrt_alloc_default(), 0);
    CHECK(status == LRT_OUT_OF_MEMORY && err.message[0] != '\0');
    CHECK_INT(lrt_alloc_in_use(lrt_alloc_default()), held);
  }
}

static void json_files(void) {
  sweep(sample_bpe_json, sizeof sample_bpe_json - 1);
  sweep(sample_wordpiece_json, sizeof sample_wordpiece_json - 1);
  sweep(sample_unigram_json, sizeof sample_unigram_json - 1);
}

static void sentencepiece_models(void) {
  sp_writer w;
  for (uint8_t kind = 1; kind <= 4; kind++) {
    sp_sample(&w, kind, kind == 1);
    sweep(w.bytes, w.length);
  }
}

int main(int argc, char **argv) {
  RUN(json_files);
  RUN(sentencepiece_models);
  DONE();
}
