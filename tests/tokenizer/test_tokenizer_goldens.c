/* test_tokenizer_goldens.c: stored ids and texts of real vocabularies, all at once and token by token. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"
#include "check.h"
#include "litert/tokenizer.h"
#include "shared_files.h"

/* Decodes by pieces and compares with the expected text. */
static void check_stream(lrt_tokenizer *tokenizer, const lrt_token_list *ids, const char *expected,
                         size_t length) {
  lrt_detokenizer *d = NULL;
  char *text = calloc(1, length + 64);
  const char *part;
  size_t at = 0, part_length;
  REQUIRE(lrt_detokenizer_create(tokenizer, 0, &d, NULL) == LRT_OK);
  for (size_t i = 0; i <= ids->count; i++) {
    const lrt_status status = i < ids->count ? lrt_detokenizer_push(d, ids->ids[i], &part, &part_length, NULL)
                                             : lrt_detokenizer_flush(d, &part, &part_length, NULL);
    CHECK_INT(status, LRT_OK);
    if (at + part_length < length + 64) memcpy(text + at, part, part_length);
    at += part_length;
  }
  CHECK_INT(at, length);
  CHECK(at == length && memcmp(text, expected, length) == 0);
  lrt_detokenizer_destroy(d);
  free(text);
}

static void check_case(lrt_tokenizer *tokenizer, const lrt_json *item, unsigned flags) {
  const lrt_json *text = lrt_json_get(item, "text"), *ids = lrt_json_get(item, "ids");
  const lrt_json *decoded = lrt_json_get(item, "decoded");
  lrt_token_list list = {0};
  lrt_error err = {0};
  size_t i = 0, length;
  char *back = NULL;
  CHECK_INT(lrt_tokenizer_encode(tokenizer, text->as.text, text->length, flags, &list, &err), LRT_OK);
  CHECK_INT(list.count, ids->length);
  for (const lrt_json *id = ids->as.first; id != NULL && i < list.count; id = id->next, i++)
    CHECK_INT(list.ids[i], id->as.integer);
  CHECK_INT(lrt_tokenizer_decode(tokenizer, list.ids, list.count, 0, &back, &length, &err), LRT_OK);
  CHECK(back != NULL && length == decoded->length && memcmp(back, decoded->as.text, length) == 0);
  check_stream(tokenizer, &list, decoded->as.text, decoded->length);
  lrt_text_free(back);
  lrt_token_list_clear(&list);
}

static void check_goldens(lrt_tokenizer *tokenizer, const char *cases, unsigned flags) {
  lrt_arena arena;
  const lrt_json *json = NULL;
  size_t size;
  char *bytes = (char *)read_whole_file(shared_path(cases), &size);
  REQUIRE(bytes != NULL);
  lrt_arena_init(&arena, lrt_alloc_default());
  CHECK_INT(lrt_json_parse(bytes, size, &arena, &json, NULL), LRT_OK);
  const lrt_json *list = lrt_json_get(json, "cases");
  CHECK(list != NULL && list->length >= 100);
  for (const lrt_json *i = list == NULL ? NULL : list->as.first; i != NULL; i = i->next)
    check_case(tokenizer, i, flags);
  lrt_arena_clear(&arena);
  free(bytes);
}

static void smollm2_in_its_bundle(void) {
  lrt_tokenizer *tokenizer = NULL;
  lrt_error err = {0};
  const lrt_status status =
      lrt_tokenizer_open(shared_path("models/lm/smollm2-135m_q4b32.litertlm"), &tokenizer, &err);
  if (status != LRT_OK) fprintf(stderr, "%s\n", err.message);
  REQUIRE(status == LRT_OK);
  CHECK_TEXT(lrt_tokenizer_kind(tokenizer), "bpe");
  CHECK_INT(lrt_tokenizer_size(tokenizer), 49152);
  CHECK_INT(lrt_tokenizer_id(tokenizer, "<|im_end|>"), 2);
  CHECK_INT(lrt_tokenizer_eos(tokenizer), 2);
  CHECK(lrt_tokenizer_is_special(tokenizer, 1) && !lrt_tokenizer_is_special(tokenizer, 1000));
  check_goldens(tokenizer, "cases/lm/tok_smollm2_bpe.json", LRT_ENCODE_PARSE_SPECIAL);
  lrt_tokenizer_destroy(tokenizer);
}

int main(int argc, char **argv) {
  size_t size;
  uint8_t *bytes = read_whole_file(shared_path("cases/lm/tok_smollm2_bpe.json"), &size);
  if (bytes == NULL) SKIP("the shared folder has no cases/lm/tok_smollm2_bpe.json");
  free(bytes);
  RUN(smollm2_in_its_bundle);
  DONE();
}
