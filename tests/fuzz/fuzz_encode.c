/* fuzz_encode.c: any bytes as text for small tokenizers of every kind; what they decode to must be UTF-8. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "fuzz_entry.h"
#include "litert/tokenizer.h"
#include "tokenizer/lossy_utf8.h"
#include "tokenizer_samples.h"

#define KINDS 7

static lrt_tokenizer *tokenizers[KINDS];

static void open_all(void) {
  const char *const texts[] = {sample_bpe_json, sample_wordpiece_json, sample_unigram_json};
  sp_writer w;
  for (int i = 0; i < 3; i++) lrt_tokenizer_open_memory(texts[i], strlen(texts[i]), &tokenizers[i], NULL);
  for (int i = 3; i < KINDS; i++) {
    sp_sample(&w, (uint8_t)(i - 2), i == 3);
    lrt_tokenizer_open_memory(w.bytes, w.length, &tokenizers[i], NULL);
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) {
  if (tokenizers[0] == NULL) open_all();
  for (int i = 0; i < KINDS; i++) {
    lrt_token_list list = {0};
    char *back = NULL;
    size_t back_length = 0;
    if (lrt_tokenizer_encode(tokenizers[i], (const char *)bytes, length, 3, &list, NULL) != LRT_OK) abort();
    if (lrt_tokenizer_decode(tokenizers[i], list.ids, list.count, 0, &back, &back_length, NULL) != LRT_OK)
      abort();
    if (lrt_utf8_valid(back, back_length) != back_length) abort();
    lrt_text_free(back);
    lrt_token_list_clear(&list);
  }
  return 0;
}
