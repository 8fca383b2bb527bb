/* gguf_tokenizer.c: token lists, scores and merges back into a SentencePiece model or a tokenizer.json. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "convert/gguf_tokenizer.h"

#include <string.h>

#include "base/fail.h"
#include "base/json.h"
#include "base/utf8.h"
#include "formats/protobuf_write.h"

/* Kinds of tokens; both formats number them alike. */
enum { NORMAL = 1, UNKNOWN, CONTROL, USER_DEFINED, UNUSED, BYTE };

/* The lists of a tokenizer, all of the same length. */
typedef struct vocabulary {
  const lrt_gguf *file;
  const lrt_gguf_key *tokens, *types, *scores; /* scores: NULL where there are none */
  int64_t bos, eos, unknown, pad;              /* -1 = none */
} vocabulary;

static const lrt_gguf_key *key_of(const lrt_gguf *file, const char *name) {
  return lrt_gguf_find_key(file, name);
}

static bool flag_of(const lrt_gguf *file, const char *name, bool otherwise) {
  return lrt_gguf_integer(key_of(file, name), 0, otherwise) != 0;
}

static lrt_status read_vocabulary(const lrt_gguf *file, vocabulary *v, lrt_error *err) {
  v->file = file;
  v->tokens = key_of(file, "tokenizer.ggml.tokens");
  v->types = key_of(file, "tokenizer.ggml.token_type");
  v->scores = key_of(file, "tokenizer.ggml.scores");
  if (v->tokens == NULL || v->tokens->kind != LRT_GGUF_TEXT || !v->tokens->is_array)
    return lrt_fail(err, LRT_INVALID_MODEL, "GGUF: key tokenizer.ggml.tokens is missing or no list of texts");
  if (v->types == NULL || v->types->kind == LRT_GGUF_TEXT || v->types->count != v->tokens->count)
    return lrt_fail(err, LRT_INVALID_MODEL,
                    "GGUF: key tokenizer.ggml.token_type is missing or not as long as the list of tokens");
  if (v->scores != NULL && (v->scores->kind == LRT_GGUF_TEXT || v->scores->count != v->tokens->count))
    return lrt_fail(err, LRT_INVALID_MODEL,
                    "GGUF: key tokenizer.ggml.scores is not as long as the list of tokens");
  v->bos = lrt_gguf_integer(key_of(file, "tokenizer.ggml.bos_token_id"), 0, -1);
  v->eos = lrt_gguf_integer(key_of(file, "tokenizer.ggml.eos_token_id"), 0, -1);
  v->unknown = lrt_gguf_integer(key_of(file, "tokenizer.ggml.unknown_token_id"), 0, -1);
  v->pad = lrt_gguf_integer(key_of(file, "tokenizer.ggml.padding_token_id"), 0, -1);
  return LRT_OK;
}

static int64_t type_of(const vocabulary *v, size_t id) {
  return lrt_gguf_integer(v->types, id, NORMAL);
}

/* ---- SentencePiece ---- */

/* Control tokens are never found in text; those that chat templates write must be. */
static int64_t piece_type(const vocabulary *v, size_t id) {
  const int64_t type = type_of(v, id), token = (int64_t)id;
  if (token == v->unknown) return UNKNOWN;
  if (type == CONTROL && token != v->bos && token != v->eos && token != v->pad) return USER_DEFINED;
  return type;
}

/* User-defined pieces hold blanks as they are, SentencePiece wants its mark for them. */
static void put_piece_text(lrt_str *out, lrt_gguf_text text, bool mark_blanks) {
  for (size_t i = 0; i < text.length; i++) {
    if (mark_blanks && text.bytes[i] == ' ')
      lrt_str_add(out, "\xe2\x96\x81", 3);
    else
      lrt_str_add(out, text.bytes + i, 1);
  }
}

static void put_piece(const vocabulary *v, size_t id, lrt_str *text, lrt_str *piece, lrt_str *out) {
  const int64_t type = piece_type(v, id);
  put_piece_text(text, v->tokens->texts[id], type == USER_DEFINED);
  lrt_pb_put_message(piece, 1, text);
  lrt_pb_put_float(piece, 2, (float)lrt_gguf_number(v->scores, id, 0));
  if (type != NORMAL) lrt_pb_put_varint(piece, 3, (uint64_t)type);
  lrt_pb_put_message(out, 1, piece);
}

static void put_token_id(lrt_str *out, uint32_t number, int64_t id) {
  lrt_pb_put_varint(out, number, (uint64_t)id); /* -1 as a ten-byte varint, as the format has it */
}

static void put_token_text(const vocabulary *v, lrt_str *out, uint32_t number, int64_t id) {
  if (id >= 0 && (uint64_t)id < v->tokens->count)
    lrt_pb_put_bytes(out, number, v->tokens->texts[id].bytes, v->tokens->texts[id].length);
}

static void put_trainer(const vocabulary *v, lrt_str *spec, lrt_str *out) {
  bool bytes = false;
  for (size_t i = 0; i < v->tokens->count && !bytes; i++) bytes = type_of(v, i) == BYTE;
  lrt_pb_put_varint(spec, 3, 2); /* model_type BPE */
  lrt_pb_put_varint(spec, 4, v->tokens->count);
  lrt_pb_put_varint(spec, 26, 1); /* pieces of blanks alone */
  lrt_pb_put_varint(spec, 35, bytes);
  put_token_id(spec, 40, v->unknown);
  put_token_id(spec, 41, v->bos);
  put_token_id(spec, 42, v->eos);
  put_token_id(spec, 43, v->pad);
  put_token_text(v, spec, 45, v->unknown);
  put_token_text(v, spec, 46, v->bos);
  put_token_text(v, spec, 47, v->eos);
  put_token_text(v, spec, 48, v->pad);
  lrt_pb_put_message(out, 2, spec);
}

static void put_normalizer(const vocabulary *v, lrt_str *spec, lrt_str *out) {
  const lrt_gguf_key *map = key_of(v->file, "tokenizer.ggml.precompiled_charsmap");
  lrt_pb_put_text(spec, 1, map != NULL ? "precompiled" : "identity");
  if (map != NULL && map->bytes != NULL && (map->kind == LRT_GGUF_U8 || map->kind == LRT_GGUF_I8))
    lrt_pb_put_bytes(spec, 2, map->bytes, map->count);
  lrt_pb_put_varint(spec, 3, flag_of(v->file, "tokenizer.ggml.add_space_prefix", true));
  lrt_pb_put_varint(spec, 4, flag_of(v->file, "tokenizer.ggml.remove_extra_whitespaces", false));
  lrt_pb_put_varint(spec, 5, 1);
  lrt_pb_put_message(out, 3, spec);
}

static lrt_status write_sentencepiece(const vocabulary *v, lrt_str *out, lrt_error *err) {
  lrt_str text, message;
  if (v->scores == NULL)
    return lrt_fail(err, LRT_INVALID_MODEL, "GGUF: key tokenizer.ggml.scores is missing");
  lrt_str_init(&text, out->alloc, 0);
  lrt_str_init(&message, out->alloc, 0);
  for (size_t i = 0; i < v->tokens->count && out->status == LRT_OK; i++)
    put_piece(v, i, &text, &message, out);
  put_trainer(v, &message, out);
  put_normalizer(v, &message, out);
  lrt_str_clear(&text);
  lrt_str_clear(&message);
  return lrt_str_check(out, err);
}

/* ---- byte-level BPE as tokenizer.json ---- */

/* How text is cut before merging, by tokenizer.ggml.pre. */
static const struct {
  const char *name;
  bool single_digits;  /* each digit apart, then the pattern of GPT-2 */
  const char *pattern; /* NULL: that of GPT-2 */
  bool ignore_merges, nfc;
} cuts[] = {
    {"gpt-2", false, NULL, false, false},
    {"smollm", true, NULL, false, false},
    {"llama-bpe", false,
     "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|"
     "\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
     true, false},
    {"qwen2", false,
     "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|"
     "\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
     false, true},
};

static void put_flag(lrt_json_writer *w, const char *key, bool value) {
  lrt_json_key(w, key);
  lrt_json_bool(w, value);
}

static void put_text(lrt_json_writer *w, const char *key, const char *value) {
  lrt_json_key(w, key);
  lrt_json_text(w, value);
}

static void put_added_tokens(lrt_json_writer *w, const vocabulary *v) {
  lrt_json_key(w, "added_tokens");
  lrt_json_begin_array(w);
  for (size_t i = 0; i < v->tokens->count; i++) {
    const int64_t type = type_of(v, i);
    if (type != CONTROL && type != USER_DEFINED) continue;
    lrt_json_begin_object(w);
    lrt_json_key(w, "id");
    lrt_json_uint(w, i);
    lrt_json_key(w, "content");
    lrt_json_text_bytes(w, v->tokens->texts[i].bytes, v->tokens->texts[i].length);
    put_flag(w, "single_word", false);
    put_flag(w, "lstrip", false);
    put_flag(w, "rstrip", false);
    put_flag(w, "normalized", false);
    put_flag(w, "special", type == CONTROL);
    lrt_json_end_object(w);
  }
  lrt_json_end_array(w);
}

static void put_byte_level(lrt_json_writer *w, bool own_pattern, bool prefix_space) {
  lrt_json_begin_object(w);
  put_text(w, "type", "ByteLevel");
  put_flag(w, "add_prefix_space", prefix_space);
  put_flag(w, "trim_offsets", true);
  put_flag(w, "use_regex", own_pattern);
  lrt_json_end_object(w);
}

static void put_pre_tokenizer(lrt_json_writer *w, size_t cut, bool prefix_space) {
  lrt_json_key(w, "pre_tokenizer");
  lrt_json_begin_object(w);
  put_text(w, "type", "Sequence");
  lrt_json_key(w, "pretokenizers");
  lrt_json_begin_array(w);
  if (cuts[cut].single_digits) {
    lrt_json_begin_object(w);
    put_text(w, "type", "Digits");
    put_flag(w, "individual_digits", true);
    lrt_json_end_object(w);
  }
  if (cuts[cut].pattern != NULL) {
    lrt_json_begin_object(w);
    put_text(w, "type", "Split");
    lrt_json_key(w, "pattern");
    lrt_json_begin_object(w);
    put_text(w, "Regex", cuts[cut].pattern);
    lrt_json_end_object(w);
    put_text(w, "behavior", "Isolated");
    put_flag(w, "invert", false);
    lrt_json_end_object(w);
  }
  put_byte_level(w, cuts[cut].pattern == NULL, prefix_space);
  lrt_json_end_array(w);
  lrt_json_end_object(w);
}

/* {"SpecialToken": {"id": BOS, …}} or {"Sequence": {"id": "A", …}} */
static void put_template_part(lrt_json_writer *w, const char *kind, lrt_gguf_text id, int type) {
  lrt_json_begin_object(w);
  lrt_json_key(w, kind);
  lrt_json_begin_object(w);
  lrt_json_key(w, "id");
  lrt_json_text_bytes(w, id.bytes, id.length);
  lrt_json_key(w, "type_id");
  lrt_json_int(w, type);
  lrt_json_end_object(w);
  lrt_json_end_object(w);
}

/* The ids that the template's name of the beginning token stands for. `name`: the token, NUL-terminated. */
static void put_template_tokens(lrt_json_writer *w, const char *name, int64_t id) {
  lrt_json_key(w, "special_tokens");
  lrt_json_begin_object(w);
  lrt_json_key(w, name);
  lrt_json_begin_object(w);
  put_text(w, "id", name);
  lrt_json_key(w, "ids");
  lrt_json_begin_array(w);
  lrt_json_int(w, id);
  lrt_json_end_array(w);
  lrt_json_key(w, "tokens");
  lrt_json_begin_array(w);
  lrt_json_text(w, name);
  lrt_json_end_array(w);
  lrt_json_end_object(w);
  lrt_json_end_object(w);
}

/* What the tokenizer adds around a text: the beginning token, where the file wants it. `name`: room for its text. */
static void put_post_processor(lrt_json_writer *w, const vocabulary *v, lrt_str *name) {
  const bool adds = v->bos >= 0 && (uint64_t)v->bos < v->tokens->count &&
                    flag_of(v->file, "tokenizer.ggml.add_bos_token", false);
  lrt_json_key(w, "post_processor");
  if (!adds) {
    lrt_json_null(w);
    return;
  }
  const lrt_gguf_text bos = v->tokens->texts[v->bos], a = {"A", 1}, b = {"B", 1};
  lrt_json_begin_object(w);
  put_text(w, "type", "TemplateProcessing");
  lrt_json_key(w, "single");
  lrt_json_begin_array(w);
  put_template_part(w, "SpecialToken", bos, 0);
  put_template_part(w, "Sequence", a, 0);
  lrt_json_end_array(w);
  lrt_json_key(w, "pair");
  lrt_json_begin_array(w);
  put_template_part(w, "SpecialToken", bos, 0);
  put_template_part(w, "Sequence", a, 0);
  put_template_part(w, "SpecialToken", bos, 1);
  put_template_part(w, "Sequence", b, 1);
  lrt_json_end_array(w);
  lrt_str_cut(name, 0);
  lrt_str_add(name, bos.bytes, bos.length);
  put_template_tokens(w, name->text, v->bos);
  lrt_json_end_object(w);
}

static void put_vocabulary(lrt_json_writer *w, const vocabulary *v, lrt_str *name) {
  lrt_json_key(w, "vocab");
  lrt_json_begin_object(w);
  for (size_t i = 0; i < v->tokens->count; i++) {
    lrt_str_cut(name, 0);
    lrt_str_add(name, v->tokens->texts[i].bytes, v->tokens->texts[i].length);
    lrt_json_key(w, name->text);
    lrt_json_uint(w, i);
  }
  lrt_json_end_object(w);
}

static void put_model(lrt_json_writer *w, const vocabulary *v, const lrt_gguf_key *merges, bool ignore_merges,
                      lrt_str *name) {
  lrt_json_key(w, "model");
  lrt_json_begin_object(w);
  put_text(w, "type", "BPE");
  put_text(w, "dropout", NULL);
  put_text(w, "unk_token", NULL);
  put_text(w, "continuing_subword_prefix", NULL);
  put_text(w, "end_of_word_suffix", NULL);
  put_flag(w, "fuse_unk", false);
  put_flag(w, "byte_fallback", false);
  put_flag(w, "ignore_merges", ignore_merges);
  put_vocabulary(w, v, name);
  lrt_json_key(w, "merges");
  lrt_json_begin_array(w);
  for (size_t i = 0; i < merges->count; i++)
    lrt_json_text_bytes(w, merges->texts[i].bytes, merges->texts[i].length);
  lrt_json_end_array(w);
  lrt_json_end_object(w);
}

static bool is_text(lrt_gguf_text text) {
  for (size_t at = 0, step; at < text.length; at += step) {
    step = lrt_utf8_decode(text.bytes + at, text.length - at, NULL);
    if (step == 0 || text.bytes[at] == 0) return false;
  }
  return true;
}

/* Texts become JSON, which has no place for bytes that are not UTF-8, nor keys for NULs. */
static lrt_status check_texts(const lrt_gguf_key *key, lrt_error *err) {
  for (size_t i = 0; i < key->count; i++)
    if (!is_text(key->texts[i]))
      return lrt_fail(err, LRT_INVALID_MODEL, "GGUF: text %zu of key %s is not UTF-8 without NULs", i,
                      key->name);
  return LRT_OK;
}

static lrt_status find_cut(const lrt_gguf *file, size_t *cut, lrt_error *err) {
  const lrt_gguf_text name = lrt_gguf_text_of(key_of(file, "tokenizer.ggml.pre"));
  for (size_t i = 0; i < sizeof cuts / sizeof cuts[0]; i++)
    if (strlen(cuts[i].name) == name.length && memcmp(cuts[i].name, name.bytes, name.length) == 0) {
      *cut = i;
      return LRT_OK;
    }
  return lrt_fail(err, LRT_UNSUPPORTED, "GGUF: pre-tokenizer %.*s (key tokenizer.ggml.pre) is not known",
                  (int)(name.length < 60 ? name.length : 60), name.bytes == NULL ? "" : name.bytes);
}

static void put_tokenizer(lrt_json_writer *w, const vocabulary *v, const lrt_gguf_key *merges, size_t cut,
                          lrt_str *name) {
  lrt_json_begin_object(w);
  put_text(w, "version", "1.0");
  put_text(w, "truncation", NULL);
  put_text(w, "padding", NULL);
  put_added_tokens(w, v);
  lrt_json_key(w, "normalizer");
  if (cuts[cut].nfc) {
    lrt_json_begin_object(w);
    put_text(w, "type", "NFC");
    lrt_json_end_object(w);
  } else {
    lrt_json_null(w);
  }
  put_pre_tokenizer(w, cut, flag_of(v->file, "tokenizer.ggml.add_space_prefix", false));
  put_post_processor(w, v, name);
  lrt_json_key(w, "decoder");
  put_byte_level(w, true, false);
  put_model(w, v, merges, cuts[cut].ignore_merges, name);
  lrt_json_end_object(w);
}

static lrt_status write_json(const vocabulary *v, lrt_str *out, lrt_error *err) {
  const lrt_gguf_key *merges = key_of(v->file, "tokenizer.ggml.merges");
  lrt_json_writer w;
  lrt_str name;
  size_t cut = 0;
  if (merges == NULL || merges->kind != LRT_GGUF_TEXT || !merges->is_array)
    return lrt_fail(err, LRT_INVALID_MODEL, "GGUF: key tokenizer.ggml.merges is missing or no list of texts");
  LRT_TRY(find_cut(v->file, &cut, err));
  LRT_TRY(check_texts(v->tokens, err));
  LRT_TRY(check_texts(merges, err));
  lrt_json_writer_init(&w, out);
  lrt_str_init(&name, out->alloc, 0);
  put_tokenizer(&w, v, merges, cut, &name);
  lrt_status status = lrt_str_check(&name, err);
  lrt_str_clear(&name);
  if (status == LRT_OK) status = lrt_str_check(out, err);
  return status;
}

lrt_status lrt_gguf_tokenizer_write(const lrt_gguf *file, lrt_str *out, lrt_section_kind *kind,
                                    lrt_error *err) {
  vocabulary v = {0};
  const lrt_gguf_text model = lrt_gguf_text_of(key_of(file, "tokenizer.ggml.model"));
  LRT_TRY(read_vocabulary(file, &v, err));
  if (model.length == 5 && memcmp(model.bytes, "llama", 5) == 0) {
    *kind = LRT_SECTION_SENTENCEPIECE;
    return write_sentencepiece(&v, out, err);
  }
  if (model.length == 4 && memcmp(model.bytes, "gpt2", 4) == 0) {
    *kind = LRT_SECTION_HF_TOKENIZER_ZLIB;
    return write_json(&v, out, err);
  }
  return lrt_fail(err, LRT_UNSUPPORTED,
                  "GGUF: tokenizers of kind %.*s (key tokenizer.ggml.model) are not known",
                  (int)(model.length < 60 ? model.length : 60), model.bytes == NULL ? "" : model.bytes);
}
