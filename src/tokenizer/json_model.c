/* json_model.c: reads the models of a tokenizer.json. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "tokenizer/json_model.h"

#include <math.h>
#include <string.h>

#include "base/fail.h"
#include "base/utf8.h"
#include "tokenizer/json_field.h"

static lrt_status no_memory(const lrt_tokenizer *t, lrt_error *err) {
  return lrt_alloc_fail(err, t->arena.alloc, 0, "a tokenizer");
}

/* ---- byte-pair encoding ---- */

/* The halves of a merge: ["a", "b"] or "a b". */
static bool split_merge(const lrt_json *merge, lrt_text *left, lrt_text *right) {
  if (merge->kind == LRT_JSON_ARRAY && merge->length == 2) {
    const lrt_json *a = merge->as.first, *b = a->next;
    if (a->kind != LRT_JSON_TEXT || b->kind != LRT_JSON_TEXT) return false;
    *left = (lrt_text){a->as.text, (uint32_t)a->length};
    *right = (lrt_text){b->as.text, (uint32_t)b->length};
    return true;
  }
  if (merge->kind != LRT_JSON_TEXT) return false;
  const char *blank = memchr(merge->as.text, ' ', merge->length);
  if (blank == NULL) return false;
  *left = (lrt_text){merge->as.text, (uint32_t)(blank - merge->as.text)};
  *right = (lrt_text){blank + 1, (uint32_t)(merge->length - left->length - 1)};
  return memchr(right->bytes, ' ', right->length) == NULL;
}

static lrt_status read_merge(lrt_tokenizer *t, const lrt_json *json, uint32_t rank, lrt_str *joined,
                             lrt_error *err) {
  const lrt_text *prefix = &t->bpe.prefix;
  lrt_text left, right;
  if (!split_merge(json, &left, &right))
    return lrt_fail(err, LRT_INVALID_MODEL, "tokenizer.json: merge %u is no pair of pieces", (unsigned)rank);
  const uint32_t skip = prefix->bytes == NULL ? 0 : prefix->length;
  if (right.length < skip)
    return lrt_fail(err, LRT_INVALID_MODEL, "tokenizer.json: merge %u lacks the subword prefix",
                    (unsigned)rank);
  lrt_str_cut(joined, 0);
  lrt_str_add(joined, left.bytes, left.length);
  lrt_str_add(joined, right.bytes + skip, right.length - skip);
  LRT_TRY(lrt_str_check(joined, err));
  const int32_t a = lrt_piece_map_find(&t->by_piece, left.bytes, left.length);
  const int32_t b = lrt_piece_map_find(&t->by_piece, right.bytes, right.length);
  const int32_t c = lrt_piece_map_find(&t->by_piece, joined->text, joined->length);
  if (a < 0 || b < 0 || c < 0)
    return lrt_fail(err, LRT_INVALID_MODEL,
                    "tokenizer.json: merge %u (%.60s and %.60s) is not of the vocabulary", (unsigned)rank,
                    left.bytes, right.bytes);
  lrt_merge_table_put(&t->bpe.merges, a, b, rank, c);
  return LRT_OK;
}

static lrt_status read_merges(lrt_tokenizer *t, const lrt_json *model, lrt_error *err) {
  const lrt_json *merges = lrt_json_get(model, "merges");
  lrt_str joined;
  uint32_t rank = 0;
  if (merges == NULL || merges->kind != LRT_JSON_ARRAY || merges->length >= UINT32_MAX)
    return lrt_fail(err, LRT_INVALID_MODEL, "tokenizer.json: the model BPE has no \"merges\"");
  if (!lrt_merge_table_init(&t->bpe.merges, &t->arena, merges->length)) return no_memory(t, err);
  lrt_str_init(&joined, t->arena.alloc, 0);
  lrt_status status = LRT_OK;
  for (const lrt_json *i = merges->as.first; i != NULL && status == LRT_OK; i = i->next)
    status = read_merge(t, i, rank++, &joined, err);
  lrt_str_clear(&joined);
  return status;
}

/* The bytes a piece in byte-level spelling stands for; false when it is no such piece. */
static bool unspell(const lrt_text *piece, lrt_str *out) {
  lrt_str_cut(out, 0);
  for (size_t at = 0, bytes; at < piece->length; at += bytes) {
    uint32_t code;
    bytes = lrt_utf8_decode(piece->bytes + at, piece->length - at, &code);
    const int byte = bytes == 0 ? -1 : lrt_byte_level_byte(code);
    if (byte < 0) return false;
    const char one = (char)byte;
    lrt_str_add(out, &one, 1);
  }
  return true;
}

static lrt_status make_raw_pieces(lrt_tokenizer *t, lrt_str *bytes, lrt_error *err) {
  lrt_bpe_model *m = &t->bpe;
  for (int32_t id = 0; id < t->size; id++) {
    if (t->pieces[id].bytes == NULL || t->pieces[id].length == 0 || !unspell(&t->pieces[id], bytes)) continue;
    LRT_TRY(lrt_str_check(bytes, err));
    const char *copy = lrt_arena_text(&t->arena, bytes->text, bytes->length);
    if (copy == NULL) return no_memory(t, err);
    m->raw[id] = (lrt_text){copy, (uint32_t)bytes->length};
    lrt_piece_map_add(&m->by_raw, (uint32_t)id);
  }
  return LRT_OK;
}

/* A byte-level vocabulary that has all bytes is used on bytes: the last step, which spells them, is dropped. */
static lrt_status use_bytes(lrt_tokenizer *t, lrt_error *err) {
  lrt_bpe_model *m = &t->bpe;
  if (t->cuts.count == 0 || t->cuts.steps[t->cuts.count - 1].kind != CUT_BYTES) return LRT_OK;
  if (m->prefix.bytes != NULL || m->suffix.bytes != NULL) return LRT_OK;
  int32_t ids[256];
  for (int byte = 0; byte < 256; byte++) {
    char spelled[4];
    const size_t length = lrt_utf8_encode(lrt_byte_level_code((uint8_t)byte), spelled);
    ids[byte] = lrt_piece_map_find(&t->by_piece, spelled, length);
    if (ids[byte] < 0) return LRT_OK;
  }
  m->raw = lrt_arena_array(&t->arena, (size_t)t->size, sizeof *m->raw);
  m->whole = lrt_arena_array(&t->arena, (size_t)t->size, sizeof *m->whole);
  if (m->raw == NULL || m->whole == NULL) return no_memory(t, err);
  if (!lrt_piece_map_init(&m->by_raw, &t->arena, m->raw, (size_t)t->size)) return no_memory(t, err);
  lrt_str bytes;
  lrt_str_init(&bytes, t->arena.alloc, 0);
  const lrt_status status = make_raw_pieces(t, &bytes, err);
  lrt_str_clear(&bytes);
  memcpy(m->byte_ids, ids, sizeof ids);
  m->works_on_bytes = true;
  t->cuts.count--;
  return status;
}

static void find_fallback_bytes(const lrt_tokenizer *t, int32_t ids[256]) {
  static const char digits[] = "0123456789ABCDEF";
  for (int byte = 0; byte < 256; byte++) {
    const char spelled[] = {'<', '0', 'x', digits[byte >> 4], digits[byte & 15], '>'};
    ids[byte] = lrt_piece_map_find(&t->by_piece, spelled, sizeof spelled);
  }
}

/* The id of the token that "unk_token" names; -1 when it is not named, or not `needed` and not there. */
static lrt_status read_unknown(lrt_tokenizer *t, const lrt_json *model, bool needed, int32_t *out,
                               lrt_error *err) {
  const lrt_json *unknown = lrt_json_get(model, "unk_token");
  *out = -1;
  if (unknown == NULL || unknown->kind != LRT_JSON_TEXT) return LRT_OK;
  *out = t->unknown = lrt_piece_map_find(&t->by_piece, unknown->as.text, unknown->length);
  if (*out >= 0 || !needed) return LRT_OK;
  return lrt_fail(err, LRT_INVALID_MODEL, "tokenizer.json: the unknown token %.100s is not in the vocabulary",
                  unknown->as.text);
}

static lrt_status read_bpe(lrt_tokenizer *t, const lrt_json *model, size_t added, lrt_error *err) {
  lrt_bpe_model *m = &t->bpe;
  t->kind = "bpe";
  t->model = MODEL_BPE;
  if (lrt_json_number(lrt_json_get(model, "dropout"), 0) > 0)
    return lrt_fail(err, LRT_UNSUPPORTED,
                    "tokenizer.json: the model has a dropout, which makes its ids random");
  LRT_TRY(lrt_json_vocabulary(t, model, added, err));
  LRT_TRY(lrt_json_copy(model, "continuing_subword_prefix", &t->arena, &m->prefix, err));
  LRT_TRY(lrt_json_copy(model, "end_of_word_suffix", &t->arena, &m->suffix, err));
  m->fuse_unknown = lrt_json_flag(model, "fuse_unk", false);
  m->byte_fallback = lrt_json_flag(model, "byte_fallback", false);
  m->ignore_merges = lrt_json_flag(model, "ignore_merges", false);
  LRT_TRY(read_unknown(t, model, true, &m->unknown, err));
  LRT_TRY(read_merges(t, model, err));
  find_fallback_bytes(t, m->byte_ids);
  return use_bytes(t, err);
}

/* ---- unigram ---- */

static lrt_status build_unigram_trie(lrt_tokenizer *t, double *scores, lrt_error *err) {
  lrt_unigram *search = &t->unigram.search;
  double least = INFINITY;
  for (int32_t id = 0; id < t->size; id++)
    if (scores[id] < least) least = scores[id];
  search->scores = scores;
  search->unknown_score = least - 10;
  return lrt_trie_build(&search->trie, &t->arena, t->pieces, (size_t)t->size, err);
}

static lrt_status read_unigram(lrt_tokenizer *t, const lrt_json *model, size_t added, lrt_error *err) {
  lrt_unigram_model *m = &t->unigram;
  const lrt_json *unknown = lrt_json_get(model, "unk_id");
  double *scores = NULL;
  t->kind = "unigram";
  t->model = MODEL_UNIGRAM;
  LRT_TRY(lrt_json_scored_vocabulary(t, model, added, &scores, err));
  m->unknown = -1;
  if (unknown != NULL && unknown->kind == LRT_JSON_NUMBER) {
    if (!unknown->is_integer || unknown->as.integer < 0 || unknown->as.integer >= t->size)
      return lrt_fail(err, LRT_INVALID_MODEL, "tokenizer.json: \"unk_id\" is not in the vocabulary");
    m->unknown = t->unknown = (int32_t)unknown->as.integer;
  }
  m->byte_fallback = lrt_json_flag(model, "byte_fallback", false);
  find_fallback_bytes(t, m->byte_ids);
  return build_unigram_trie(t, scores, err);
}

/* ---- WordPiece and word level ---- */

/* The pieces that continue a word, without their prefix: texts: [size]. */
static void strip_prefixes(const lrt_tokenizer *t, const lrt_text *prefix, lrt_text *texts) {
  for (int32_t id = 0; id < t->size; id++) {
    const lrt_text *piece = &t->pieces[id];
    if (piece->bytes == NULL || piece->length < prefix->length ||
        memcmp(piece->bytes, prefix->bytes, prefix->length) != 0)
      continue;
    texts[id] = (lrt_text){piece->bytes + prefix->length, piece->length - prefix->length};
  }
}

static lrt_status build_wordpiece_tries(lrt_tokenizer *t, const lrt_text *prefix, lrt_error *err) {
  const size_t size = (size_t)t->size;
  lrt_text *texts = lrt_alloc_array(t->arena.alloc, size + 1, sizeof *texts);
  if (texts == NULL) return no_memory(t, err);
  strip_prefixes(t, prefix, texts);
  lrt_status status = lrt_trie_build(&t->wordpiece.initial, &t->arena, t->pieces, size, err);
  if (status == LRT_OK) status = lrt_trie_build(&t->wordpiece.continuing, &t->arena, texts, size, err);
  lrt_alloc_free(texts);
  return status;
}

static lrt_status read_wordpiece(lrt_tokenizer *t, const lrt_json *model, size_t added, lrt_error *err) {
  lrt_text prefix;
  const double characters = lrt_json_number(lrt_json_get(model, "max_input_chars_per_word"), 100);
  t->kind = "wordpiece";
  t->model = MODEL_WORDPIECE;
  LRT_TRY(lrt_json_vocabulary(t, model, added, err));
  LRT_TRY(lrt_json_copy(model, "continuing_subword_prefix", &t->arena, &prefix, err));
  if (prefix.bytes == NULL) prefix = (lrt_text){"##", 2};
  if (!(characters >= 0 && characters <= 1e9))
    return lrt_fail(err, LRT_INVALID_MODEL,
                    "tokenizer.json: \"max_input_chars_per_word\" is no usable number");
  t->wordpiece.max_characters = (uint32_t)characters;
  LRT_TRY(read_unknown(t, model, false, &t->wordpiece.unknown, err));
  return build_wordpiece_tries(t, &prefix, err);
}

static lrt_status read_wordlevel(lrt_tokenizer *t, const lrt_json *model, size_t added, lrt_error *err) {
  t->kind = "wordlevel";
  t->model = MODEL_WORDLEVEL;
  LRT_TRY(lrt_json_vocabulary(t, model, added, err));
  return read_unknown(t, model, false, &t->wordpiece.unknown, err);
}

lrt_status lrt_json_model(lrt_tokenizer *t, const lrt_json *model, size_t added, lrt_error *err) {
  const lrt_json *type = lrt_json_get(model, "type");
  if (model == NULL || model->kind != LRT_JSON_OBJECT)
    return lrt_fail(err, LRT_INVALID_MODEL, "the JSON text has no \"model\": it is no tokenizer.json");
  if (lrt_json_is(type, "BPE") || (type == NULL && lrt_json_get(model, "merges") != NULL))
    return read_bpe(t, model, added, err);
  if (lrt_json_is(type, "Unigram")) return read_unigram(t, model, added, err);
  if (lrt_json_is(type, "WordPiece")) return read_wordpiece(t, model, added, err);
  if (lrt_json_is(type, "WordLevel")) return read_wordlevel(t, model, added, err);
  return lrt_json_unknown(type, "model", err);
}
