/* tokenizer.c: the life of a tokenizer, look-ups, lists of ids. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "litert/tokenizer.h"

#include <string.h>

#include "base/fail.h"
#include "tokenizer/tokenizer_object.h"

lrt_tokenizer *lrt_tokenizer_retain(lrt_tokenizer *tokenizer) {
  atomic_fetch_add_explicit(&tokenizer->references, 1, memory_order_relaxed);
  return tokenizer;
}

void lrt_tokenizer_destroy(lrt_tokenizer *tokenizer) {
  if (tokenizer == NULL || atomic_fetch_sub_explicit(&tokenizer->references, 1, memory_order_acq_rel) != 1)
    return;
  lrt_arena_clear(&tokenizer->arena);
  lrt_alloc_free(tokenizer);
}

const char *lrt_tokenizer_kind(const lrt_tokenizer *tokenizer) {
  return tokenizer->kind;
}

int32_t lrt_tokenizer_size(const lrt_tokenizer *tokenizer) {
  return tokenizer->size;
}

int32_t lrt_tokenizer_id(const lrt_tokenizer *tokenizer, const char *piece) {
  return lrt_piece_map_find(&tokenizer->by_piece, piece, strlen(piece));
}

const char *lrt_tokenizer_piece(const lrt_tokenizer *tokenizer, int32_t id, size_t *length) {
  if (id < 0 || id >= tokenizer->size) return NULL;
  if (length != NULL) *length = tokenizer->pieces[id].length;
  return tokenizer->pieces[id].bytes;
}

int lrt_tokenizer_is_special(const lrt_tokenizer *tokenizer, int32_t id) {
  return id >= 0 && id < tokenizer->size && (tokenizer->bits[id] & TOKEN_SPECIAL) != 0;
}

int32_t lrt_tokenizer_bos(const lrt_tokenizer *tokenizer) {
  return tokenizer->bos;
}

int32_t lrt_tokenizer_eos(const lrt_tokenizer *tokenizer) {
  return tokenizer->eos;
}

int32_t lrt_tokenizer_unknown(const lrt_tokenizer *tokenizer) {
  return tokenizer->unknown;
}

int32_t lrt_tokenizer_pad(const lrt_tokenizer *tokenizer) {
  return tokenizer->pad;
}

void lrt_token_list_clear(lrt_token_list *list) {
  lrt_alloc_free(list->ids);
  *list = (lrt_token_list){0};
}

lrt_status lrt_token_list_add(lrt_token_list *list, int32_t id, lrt_error *err) {
  if (list->count == list->capacity) {
    const size_t capacity = list->capacity < 32 ? 64 : list->capacity * 2;
    int32_t *ids = lrt_alloc_resize(lrt_alloc_default(), list->ids, capacity * sizeof *ids);
    if (ids == NULL)
      return lrt_alloc_fail(err, lrt_alloc_default(), capacity * sizeof *ids, "a list of token ids");
    list->ids = ids;
    list->capacity = capacity;
  }
  list->ids[list->count++] = id;
  return LRT_OK;
}

void lrt_text_free(char *text) {
  lrt_alloc_free(text);
}
