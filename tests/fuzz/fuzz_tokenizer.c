/* fuzz_tokenizer.c: any bytes as a tokenizer.json or SentencePiece model, which then encodes and decodes them. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz_entry.h"
#include "litert/tokenizer.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) {
  static const char text[] = " ab\xC3\xA9 XY zz<end> \xCC\x81\xCC\xA7 123 <uv>abab \xEF\xBC\xA1\xFF";
  lrt_tokenizer *tokenizer = NULL;
  lrt_token_list list = {0};
  char *back = NULL;
  size_t back_length;
  if (lrt_tokenizer_open_memory(bytes, length, &tokenizer, NULL) != LRT_OK) return 0;
  if (lrt_tokenizer_encode(tokenizer, text, sizeof text - 1, 3, &list, NULL) == LRT_OK)
    lrt_tokenizer_encode(tokenizer, (const char *)bytes, length > 300 ? 300 : length, 1, &list, NULL);
  if (lrt_tokenizer_decode(tokenizer, list.ids, list.count, 0, &back, &back_length, NULL) == LRT_OK)
    lrt_text_free(back);
  lrt_token_list_clear(&list);
  lrt_tokenizer_destroy(tokenizer);
  return 0;
}
