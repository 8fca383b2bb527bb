/* json_read.c: reads a tokenizer.json: vocabulary, added tokens, and the parts around the model. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/fail.h"
#include "base/utf8.h"
#include "tokenizer/json_field.h"
#include "tokenizer/json_model.h"
#include "tokenizer/tokenizer_object.h"

/* An added token longer than that is refused: looking for it costs its length at every place. */
#define ADDED_BYTES_MAX 4096

static lrt_status no_memory(const lrt_tokenizer *t, lrt_error *err) {
  return lrt_alloc_fail(err, t->arena.alloc, 0, "a tokenizer");
}

/* ---- added tokens ---- */

static const lrt_json *first_of(const lrt_json *list, lrt_json_kind kind) {
  return list != NULL && list->kind == kind ? list->as.first : NULL;
}

static size_t count_of(const lrt_json *list, lrt_json_kind kind) {
  return list != NULL && list->kind == kind ? list->length : 0;
}

/* A token that is looked for in normalized text is normalized itself, and decoded in that spelling. */
static lrt_status normalize_token(lrt_tokenizer *t, lrt_added_token *token, lrt_error *err) {
  lrt_normalize_run run;
  lrt_regex_run regex;
  const char *text;
  size_t length;
  bool cut;
  lrt_regex_run_init(&regex, t->arena.alloc);
  lrt_normalize_run_init(&run, t->arena.alloc, &regex);
  lrt_status status = lrt_normalize(&t->normalizer, &run, token->content.bytes, token->content.length, &text,
                                    &length, &cut, err);
  if (status == LRT_OK &&
      (length != token->content.length || memcmp(text, token->content.bytes, length) != 0)) {
    const char *copy = lrt_arena_text(&t->arena, text, length);
    if (copy == NULL) status = no_memory(t, err);
    if (copy != NULL) token->content = t->spoken[token->id] = (lrt_text){copy, (uint32_t)length};
  }
  lrt_normalize_run_clear(&run);
  lrt_regex_run_clear(&regex);
  return status;
}

/* A token that the model does not have gets the id *next, whatever the file says, as in the tokenizers package. */
static lrt_status read_added_token(lrt_tokenizer *t, const lrt_json *json, int32_t *next,
                                   lrt_added_token *token, lrt_error *err) {
  LRT_TRY(lrt_json_copy(json, "content", &t->arena, &token->content, err));
  if (token->content.length > ADDED_BYTES_MAX)
    return lrt_fail(err, LRT_UNSUPPORTED, "tokenizer.json: an added token has %u bytes",
                    (unsigned)token->content.length);
  token->single_word = lrt_json_flag(json, "single_word", false);
  token->left_strip = lrt_json_flag(json, "lstrip", false);
  token->right_strip = lrt_json_flag(json, "rstrip", false);
  token->special = lrt_json_flag(json, "special", false);
  token->normalized = lrt_json_flag(json, "normalized", !token->special);
  if (token->content.length == 0) return LRT_OK;
  int32_t id = lrt_piece_map_find(&t->by_piece, token->content.bytes, token->content.length);
  if (id < 0) {
    id = (*next)++;
    t->pieces[id] = t->spoken[id] = token->content;
    lrt_piece_map_add(&t->by_piece, (uint32_t)id);
  }
  token->id = id;
  if (token->normalized) LRT_TRY(normalize_token(t, token, err));
  if (token->special) t->bits[id] |= TOKEN_SPECIAL;
  return LRT_OK;
}

/* The numbers that go into one of the two trees. */
static lrt_status build_tree(lrt_tokenizer *t, bool normalized, lrt_trie *trie, lrt_error *err) {
  const lrt_added_tokens *added = &t->added;
  lrt_text *texts = lrt_alloc_array(t->arena.alloc, added->count + 1, sizeof *texts);
  if (texts == NULL) return no_memory(t, err);
  for (uint32_t i = 0; i < added->count; i++)
    if (added->tokens[i].normalized == normalized) texts[i] = added->tokens[i].content;
  const lrt_status status = lrt_trie_build(trie, &t->arena, texts, added->count, err);
  lrt_alloc_free(texts);
  return status;
}

static lrt_status read_added(lrt_tokenizer *t, const lrt_json *json, int32_t model_size, lrt_error *err) {
  const lrt_json *list = lrt_json_get(json, "added_tokens");
  const size_t count = count_of(list, LRT_JSON_ARRAY);
  lrt_added_token *tokens = lrt_arena_array(&t->arena, count + 1, sizeof *tokens);
  int32_t next = model_size;
  if (tokens == NULL) return no_memory(t, err);
  for (const lrt_json *i = first_of(list, LRT_JSON_ARRAY); i != NULL; i = i->next) {
    LRT_TRY(read_added_token(t, i, &next, &tokens[t->added.count], err));
    if (tokens[t->added.count].content.length > 0) t->added.count++;
  }
  t->added.tokens = tokens;
  t->size = next > t->size ? next : t->size;
  LRT_TRY(build_tree(t, false, &t->added.raw, err));
  return build_tree(t, true, &t->added.normalized, err);
}

/* Pieces spelled like a special token are special too: a unigram vocabulary may have a piece twice. */
static void share_special(lrt_tokenizer *t) {
  for (int32_t id = 0; id < t->size && t->model == MODEL_UNIGRAM; id++) {
    const lrt_text *piece = &t->pieces[id];
    const int32_t found =
        piece->bytes == NULL ? id : lrt_piece_map_find(&t->by_piece, piece->bytes, piece->length);
    if (found >= 0) t->bits[id] |= t->bits[found] & TOKEN_SPECIAL;
  }
}

/* ---- vocabulary ---- */

/* Ids of a vocabulary {"piece": id}: the largest and how many. */
static lrt_status measure(const lrt_json *vocabulary, int64_t *largest, lrt_error *err) {
  const int64_t count = (int64_t)vocabulary->length;
  *largest = -1;
  for (const lrt_json *i = vocabulary->as.first; i != NULL; i = i->next) {
    if (i->kind != LRT_JSON_NUMBER || !i->is_integer || i->as.integer < 0 ||
        i->as.integer >= LRT_TOKEN_IDS_MAX || i->as.integer > count * 8 + 100000)
      return lrt_fail(err, LRT_INVALID_MODEL, "tokenizer.json: the token %.100s has no usable id", i->key);
    if (i->as.integer > *largest) *largest = i->as.integer;
  }
  return LRT_OK;
}

/* Arrays for the model's ids and as many added ones. */
static lrt_status make_room(lrt_tokenizer *t, int64_t model_size, size_t added, lrt_error *err) {
  const size_t size = (size_t)model_size + added;
  if (size >= LRT_TOKEN_IDS_MAX)
    return lrt_fail(err, LRT_INVALID_MODEL, "tokenizer.json: there are %zu tokens", size);
  t->pieces = lrt_arena_array(&t->arena, size + 1, sizeof *t->pieces);
  t->spoken = lrt_arena_array(&t->arena, size + 1, sizeof *t->spoken);
  t->bits = lrt_arena_array(&t->arena, size + 1, 1);
  if (t->pieces == NULL || t->spoken == NULL || t->bits == NULL) return no_memory(t, err);
  if (!lrt_piece_map_init(&t->by_piece, &t->arena, t->pieces, size)) return no_memory(t, err);
  t->size = (int32_t)model_size;
  return LRT_OK;
}

static lrt_status add_piece(lrt_tokenizer *t, const char *text, size_t length, int32_t id, lrt_error *err) {
  const char *copy = lrt_arena_text(&t->arena, text, length);
  if (copy == NULL) return no_memory(t, err);
  if (t->pieces[id].bytes != NULL)
    return lrt_fail(err, LRT_INVALID_MODEL, "tokenizer.json: the tokens %.80s and %.80s have the same id %d",
                    t->pieces[id].bytes, copy, (int)id);
  t->pieces[id] = t->spoken[id] = (lrt_text){copy, (uint32_t)length};
  t->bits[id] = TOKEN_IN_MODEL;
  return LRT_OK;
}

lrt_status lrt_json_vocabulary(lrt_tokenizer *t, const lrt_json *model, size_t added, lrt_error *err) {
  const lrt_json *vocabulary = lrt_json_get(model, "vocab");
  int64_t largest;
  if (vocabulary == NULL || vocabulary->kind != LRT_JSON_OBJECT)
    return lrt_fail(err, LRT_INVALID_MODEL, "tokenizer.json: the model has no \"vocab\" of pieces and ids");
  LRT_TRY(measure(vocabulary, &largest, err));
  LRT_TRY(make_room(t, largest + 1, added, err));
  for (const lrt_json *i = vocabulary->as.first; i != NULL; i = i->next) {
    const int32_t known = lrt_piece_map_find(&t->by_piece, i->key, i->key_length);
    if (known >= 0)
      return lrt_fail(err, LRT_INVALID_MODEL, "tokenizer.json: the token %.100s is there twice", i->key);
    LRT_TRY(add_piece(t, i->key, i->key_length, (int32_t)i->as.integer, err));
    lrt_piece_map_add(&t->by_piece, (uint32_t)i->as.integer);
  }
  return LRT_OK;
}

lrt_status lrt_json_scored_vocabulary(lrt_tokenizer *t, const lrt_json *model, size_t added, double **scores,
                                      lrt_error *err) {
  const lrt_json *vocabulary = lrt_json_get(model, "vocab");
  if (vocabulary == NULL || vocabulary->kind != LRT_JSON_ARRAY)
    return lrt_fail(err, LRT_INVALID_MODEL,
                    "tokenizer.json: the model has no \"vocab\" of pieces and scores");
  LRT_TRY(make_room(t, (int64_t)vocabulary->length, added, err));
  *scores = lrt_arena_array(&t->arena, vocabulary->length + 1, sizeof **scores);
  if (*scores == NULL) return no_memory(t, err);
  int32_t id = 0;
  for (const lrt_json *i = vocabulary->as.first; i != NULL; i = i->next, id++) {
    const lrt_json *text = i->kind == LRT_JSON_ARRAY ? i->as.first : NULL;
    if (text == NULL || i->length != 2 || text->kind != LRT_JSON_TEXT || text->next->kind != LRT_JSON_NUMBER)
      return lrt_fail(err, LRT_INVALID_MODEL,
                      "tokenizer.json: entry %d of the \"vocab\" is no piece with a score", (int)id);
    LRT_TRY(lrt_json_score(text->next, t->arena.alloc, &(*scores)[id], err));
    LRT_TRY(add_piece(t, text->as.text, text->length, id, err));
  }
  while (id > 0) lrt_piece_map_add(&t->by_piece, (uint32_t)--id); /* of equal pieces the last counts */
  return LRT_OK;
}

/* ---- roles ---- */

/* The first of these spellings that is a special token; -1 when none is. */
static int32_t find_role(const lrt_tokenizer *t, const char *const *spellings) {
  for (; *spellings != NULL; spellings++) {
    const int32_t id = lrt_tokenizer_id(t, *spellings);
    if (lrt_tokenizer_is_special(t, id)) return id;
  }
  return -1;
}

static void find_roles(lrt_tokenizer *t) {
  static const char *const bos[] = {
      "<s>",   "<bos>", "<|begin_of_text|>", "<|startoftext|>", "<｜begin▁of▁sentence｜>", "[BOS]",
      "[CLS]", NULL};
  static const char *const eos[] = {
      "</s>",  "<eos>", "<|im_end|>", "<|end_of_text|>", "<|endoftext|>", "<｜end▁of▁sentence｜>",
      "[EOS]", "[SEP]", NULL};
  static const char *const pad[] = {"<pad>",       "[PAD]", "<|pad|>", "<|finetune_right_pad_id|>",
                                    "<｜▁pad▁｜>", NULL};
  t->bos = find_role(t, bos);
  t->eos = find_role(t, eos);
  t->pad = find_role(t, pad);
}

/* ---- the whole ---- */

static lrt_status read_parts(lrt_tokenizer *t, const lrt_json *json, lrt_error *err) {
  LRT_TRY(lrt_cuts_read(lrt_json_get(json, "pre_tokenizer"), &t->arena, &t->cuts, err));
  LRT_TRY(lrt_normalize_read(lrt_json_get(json, "normalizer"), &t->arena, &t->normalizer, err));
  LRT_TRY(lrt_json_model(t, lrt_json_get(json, "model"),
                         count_of(lrt_json_get(json, "added_tokens"), LRT_JSON_ARRAY), err));
  LRT_TRY(read_added(t, json, t->size, err));
  share_special(t);
  LRT_TRY(lrt_decode_steps_read(lrt_json_get(json, "decoder"), &t->arena, &t->decode, err));
  LRT_TRY(lrt_json_surroundings(lrt_json_get(json, "post_processor"), &t->arena, &t->surroundings, err));
  find_roles(t);
  return LRT_OK;
}

lrt_status lrt_tokenizer_read_json(lrt_tokenizer *t, const char *text, size_t length, lrt_error *err) {
  lrt_arena arena;
  const lrt_json *json = NULL;
  lrt_arena_init(&arena, lrt_alloc_default());
  lrt_status status = lrt_json_parse(text, length, &arena, &json, err);
  if (status == LRT_OK) status = read_parts(t, json, err);
  lrt_arena_clear(&arena);
  return status;
}
