/* tokenizer.h: text to token ids and back: SentencePiece models and Hugging Face tokenizer.json files. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LITERT_TOKENIZER_H
#define LITERT_TOKENIZER_H

#include <stddef.h>
#include <stdint.h>

#include "litert/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A vocabulary with everything that turns text into its ids: immutable, reference counted, usable from any number of
 * threads at once. The ids are those of the packages `sentencepiece` and `tokenizers` on the same file; a
 * tokenizer.json's truncation and padding are not applied. Letters, digits, punctuation and normal forms are those of
 * Unicode 16.0; `tokenizers` has older tables for some normalizers and for Punctuation. */
typedef struct lrt_tokenizer lrt_tokenizer;

/* Opens a SentencePiece model, a tokenizer.json, or the tokenizer inside a .litertlm or .task bundle; the kind is told
 * by the bytes. Nothing of the file is needed afterwards. Errors: NOT_FOUND, IO, INVALID_MODEL (damaged, or a bundle
 * without a tokenizer), UNSUPPORTED (a part of tokenizer.json or a pattern that is not known here; the sentence names
 * it), OUT_OF_MEMORY. */
LRT_API lrt_status lrt_tokenizer_open(const char *path, lrt_tokenizer **out, lrt_error *err);
/* The same from memory, which may be freed afterwards. */
LRT_API lrt_status lrt_tokenizer_open_memory(const void *bytes, uint64_t length, lrt_tokenizer **out,
                                             lrt_error *err);
LRT_API lrt_tokenizer *lrt_tokenizer_retain(lrt_tokenizer *tokenizer);
/* Drops one reference; NULL is fine. */
LRT_API void lrt_tokenizer_destroy(lrt_tokenizer *tokenizer);

/* "sentencepiece bpe", "sentencepiece unigram", "sentencepiece word", "sentencepiece char"; of a tokenizer.json "bpe",
 * "wordpiece", "unigram", "wordlevel". */
LRT_API const char *lrt_tokenizer_kind(const lrt_tokenizer *tokenizer);
/* Ids are 0 … size - 1; a tokenizer.json may leave some of them without a token. */
LRT_API int32_t lrt_tokenizer_size(const lrt_tokenizer *tokenizer);

/* Ids that a call appends to. Begin with {0}. */
typedef struct lrt_token_list {
  int32_t *ids; /* [count] */
  size_t count, capacity;
} lrt_token_list;

/* Frees the memory; the list is empty and usable again. */
LRT_API void lrt_token_list_clear(lrt_token_list *list);

enum {
  LRT_ENCODE_PARSE_SPECIAL =
      1, /* texts of special (control) tokens become their ids; else they are plain text */
  LRT_ENCODE_ADD_SPECIAL = 2 /* add what the tokenizer adds by itself: of a tokenizer.json the tokens of its
                                   post-processor, of a SentencePiece model nothing */
};

/* Appends the ids of text: [length] to the list; `flags` are LRT_ENCODE_… or 0. In bytes that are no UTF-8 each
 * longest beginning of a character, or single byte, counts as one U+FFFD, as Python's errors="replace" has it. After
 * an error the list is as before. Errors: INVALID_ARGUMENT (a text of 256 MiB or more), OVER_BUDGET (a pattern of the
 * file that needs endless steps on this text), OUT_OF_MEMORY. */
LRT_API lrt_status lrt_tokenizer_encode(const lrt_tokenizer *tokenizer, const char *text, size_t length,
                                        unsigned flags, lrt_token_list *append_to, lrt_error *err);

enum { LRT_DECODE_SKIP_SPECIAL = 1 /* special tokens give no text */ };

/* The text of ids: [count], UTF-8 with a NUL behind its last byte; bytes that make no character become U+FFFD. *text is
 * a block for lrt_text_free. Errors: INVALID_ARGUMENT names an id that has no token; OUT_OF_MEMORY. */
LRT_API lrt_status lrt_tokenizer_decode(const lrt_tokenizer *tokenizer, const int32_t *ids, size_t count,
                                        unsigned flags, char **text, size_t *length, lrt_error *err);
/* NULL is fine. */
LRT_API void lrt_text_free(char *text);

/* The id of a piece spelled as in the vocabulary; -1 when there is none. */
LRT_API int32_t lrt_tokenizer_id(const lrt_tokenizer *tokenizer, const char *piece);
/* The piece as the vocabulary spells it, NUL-terminated, owned by the tokenizer; `length` may be NULL. NULL for ids
 * without a token. */
LRT_API const char *lrt_tokenizer_piece(const lrt_tokenizer *tokenizer, int32_t id, size_t *length);
/* Non-zero for control tokens of a SentencePiece model and special tokens of a tokenizer.json. */
LRT_API int lrt_tokenizer_is_special(const lrt_tokenizer *tokenizer, int32_t id);
/* Ids of the tokens with these roles; -1 where there is none. A SentencePiece model names them; in a tokenizer.json they
 * are found by the spellings that are in use ("<s>", "<bos>", "<|begin_of_text|>", "[CLS]" …) among its special
 * tokens. */
LRT_API int32_t lrt_tokenizer_bos(const lrt_tokenizer *tokenizer);
LRT_API int32_t lrt_tokenizer_eos(const lrt_tokenizer *tokenizer);
LRT_API int32_t lrt_tokenizer_unknown(const lrt_tokenizer *tokenizer);
LRT_API int32_t lrt_tokenizer_pad(const lrt_tokenizer *tokenizer);

/* Decodes ids one by one and gives whole UTF-8 characters only. What all calls up to a flush give, one behind the
 * other, is what lrt_tokenizer_decode gives for all ids. For one thread at a time. */
typedef struct lrt_detokenizer lrt_detokenizer;

/* Keeps a reference to the tokenizer. `flags`: LRT_DECODE_… */
LRT_API lrt_status lrt_detokenizer_create(lrt_tokenizer *tokenizer, unsigned flags, lrt_detokenizer **out,
                                          lrt_error *err);
/* The text that has become certain with this id: valid until the next call, maybe empty, with a NUL behind it. Errors:
 * INVALID_ARGUMENT for an id without a token, which changes nothing; OUT_OF_MEMORY. */
LRT_API lrt_status lrt_detokenizer_push(lrt_detokenizer *detokenizer, int32_t id, const char **text,
                                        size_t *length, lrt_error *err);
/* What is left, broken bytes as U+FFFD; then the detokenizer is ready for the next text. */
LRT_API lrt_status lrt_detokenizer_flush(lrt_detokenizer *detokenizer, const char **text, size_t *length,
                                         lrt_error *err);
/* An independent copy that goes on from here. */
LRT_API lrt_status lrt_detokenizer_clone(const lrt_detokenizer *detokenizer, lrt_detokenizer **out,
                                         lrt_error *err);
/* NULL is fine. */
LRT_API void lrt_detokenizer_destroy(lrt_detokenizer *detokenizer);

#ifdef __cplusplus
}
#endif
#endif
