/* detokenizer.c: ids to text, all at once or as they come. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/fail.h"
#include "tokenizer/tokenizer_object.h"

struct lrt_detokenizer {
  lrt_tokenizer *tokenizer;
  unsigned flags;
  lrt_decoder decoder;
};

static lrt_token_role role_of(const lrt_tokenizer *tokenizer, int32_t id) {
  if (id == tokenizer->unknown) return TOKEN_UNKNOWN;
  if ((tokenizer->bits[id] & TOKEN_IS_BYTE) != 0) return TOKEN_BYTE;
  return (tokenizer->bits[id] & TOKEN_SPECIAL) != 0 ? TOKEN_CONTROL : TOKEN_NORMAL;
}

/* Fails for ids without a token; *skip is set for those that are to give no text. */
static lrt_status check_id(const lrt_tokenizer *tokenizer, int32_t id, unsigned flags, bool *skip,
                           lrt_error *err) {
  if (id < 0 || id >= tokenizer->size || tokenizer->pieces[id].bytes == NULL)
    return lrt_fail(err, LRT_INVALID_ARGUMENT, "%d is not the id of a token; the tokenizer has ids 0 to %d",
                    (int)id, (int)tokenizer->size - 1);
  *skip = (flags & LRT_DECODE_SKIP_SPECIAL) != 0 && (tokenizer->bits[id] & TOKEN_SPECIAL) != 0;
  return LRT_OK;
}

static lrt_status decode_all(const lrt_tokenizer *tokenizer, lrt_decoder *decoder, const int32_t *ids,
                             size_t count, unsigned flags, lrt_error *err) {
  for (size_t i = 0; i < count; i++) {
    bool skip = false;
    LRT_TRY(check_id(tokenizer, ids[i], flags, &skip, err));
    if (skip) continue;
    LRT_TRY(lrt_decoder_put(decoder, &tokenizer->spoken[ids[i]], role_of(tokenizer, ids[i]), err));
  }
  return lrt_decoder_finish(decoder, err);
}

lrt_status lrt_tokenizer_decode(const lrt_tokenizer *tokenizer, const int32_t *ids, size_t count,
                                unsigned flags, char **text, size_t *length, lrt_error *err) {
  lrt_decoder decoder;
  lrt_decoder_init(&decoder, &tokenizer->decode, lrt_alloc_default());
  lrt_status status = decode_all(tokenizer, &decoder, ids, count, flags, err);
  if (status == LRT_OK) {
    *length = decoder.out.length;
    *text = lrt_str_take(&decoder.out);
    if (*text == NULL) status = lrt_alloc_fail(err, lrt_alloc_default(), *length, "a text");
  }
  lrt_decoder_clear(&decoder);
  return status;
}

lrt_status lrt_detokenizer_create(lrt_tokenizer *tokenizer, unsigned flags, lrt_detokenizer **out,
                                  lrt_error *err) {
  lrt_detokenizer *d = lrt_alloc_zero(lrt_alloc_default(), sizeof *d);
  if (d == NULL) return lrt_alloc_fail(err, lrt_alloc_default(), sizeof *d, "a detokenizer");
  d->tokenizer = lrt_tokenizer_retain(tokenizer);
  d->flags = flags;
  lrt_decoder_init(&d->decoder, &tokenizer->decode, lrt_alloc_default());
  *out = d;
  return LRT_OK;
}

static void give(const lrt_detokenizer *d, const char **text, size_t *length) {
  *text = d->decoder.out.text;
  *length = d->decoder.out.length;
}

lrt_status lrt_detokenizer_push(lrt_detokenizer *d, int32_t id, const char **text, size_t *length,
                                lrt_error *err) {
  bool skip = false;
  LRT_TRY(check_id(d->tokenizer, id, d->flags, &skip, err));
  lrt_str_cut(&d->decoder.out, 0);
  if (!skip) LRT_TRY(lrt_decoder_put(&d->decoder, &d->tokenizer->spoken[id], role_of(d->tokenizer, id), err));
  give(d, text, length);
  return LRT_OK;
}

lrt_status lrt_detokenizer_flush(lrt_detokenizer *d, const char **text, size_t *length, lrt_error *err) {
  lrt_str_cut(&d->decoder.out, 0);
  LRT_TRY(lrt_decoder_finish(&d->decoder, err));
  give(d, text, length);
  return LRT_OK;
}

lrt_status lrt_detokenizer_clone(const lrt_detokenizer *d, lrt_detokenizer **out, lrt_error *err) {
  lrt_detokenizer *copy = lrt_alloc_zero(lrt_alloc_default(), sizeof *copy);
  if (copy == NULL) return lrt_alloc_fail(err, lrt_alloc_default(), sizeof *copy, "a detokenizer");
  const lrt_status status = lrt_decoder_copy(&d->decoder, &copy->decoder, err);
  if (status != LRT_OK) {
    lrt_alloc_free(copy);
    return status;
  }
  copy->tokenizer = lrt_tokenizer_retain(d->tokenizer);
  copy->flags = d->flags;
  *out = copy;
  return LRT_OK;
}

void lrt_detokenizer_destroy(lrt_detokenizer *d) {
  if (d == NULL) return;
  lrt_decoder_clear(&d->decoder);
  lrt_tokenizer_destroy(d->tokenizer);
  lrt_alloc_free(d);
}
