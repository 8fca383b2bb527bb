/* sp_read.c: reads a SentencePiece model: a protocol buffer of pieces, training and normalisation options. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <float.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/utf8.h"
#include "formats/protobuf.h"
#include "tokenizer/tokenizer_object.h"

/* Longer pieces are refused: looking for one costs its length at every place. */
#define PIECE_BYTES_MAX 65536

/* What the fields of the file say, with the defaults of absent ones. */
typedef struct model_file {
  size_t pieces;
  uint64_t kind;
  lrt_text charsmap, unknown_surface;
  lrt_text bos, eos, pad; /* spellings of these pieces */
  bool add_dummy_prefix, remove_extra_whitespaces, escape_whitespaces, whitespace_as_suffix, byte_fallback;
} model_file;

static lrt_status no_memory(const lrt_tokenizer *t, lrt_error *err) {
  return lrt_alloc_fail(err, t->arena.alloc, 0, "a tokenizer");
}

static lrt_text text_of(const lrt_pb_field *field) {
  return field->wire == LRT_PB_BYTES && field->length <= UINT32_MAX
             ? (lrt_text){(const char *)field->bytes, (uint32_t)field->length}
             : (lrt_text){NULL, 0};
}

/* ---- options ---- */

static lrt_status read_trainer(const lrt_pb_field *message, model_file *file, lrt_error *err) {
  lrt_pb_reader reader = lrt_pb_open_field(message);
  lrt_pb_field field;
  while (lrt_pb_next(&reader, &field)) switch (field.number) {
    case 3: file->kind = field.value; break;
    case 24: file->whitespace_as_suffix = field.value != 0; break;
    case 35: file->byte_fallback = field.value != 0; break;
    case 44: file->unknown_surface = text_of(&field); break;
    case 46:
      if (field.length > 0) file->bos = text_of(&field);
      break;
    case 47:
      if (field.length > 0) file->eos = text_of(&field);
      break;
    case 48:
      if (field.length > 0) file->pad = text_of(&field);
      break;
    default: break;
    }
  return lrt_pb_end(&reader, err);
}

static lrt_status read_normalizer(const lrt_pb_field *message, model_file *file, lrt_error *err) {
  lrt_pb_reader reader = lrt_pb_open_field(message);
  lrt_pb_field field;
  while (lrt_pb_next(&reader, &field)) switch (field.number) {
    case 2: file->charsmap = text_of(&field); break;
    case 3: file->add_dummy_prefix = field.value != 0; break;
    case 4: file->remove_extra_whitespaces = field.value != 0; break;
    case 5: file->escape_whitespaces = field.value != 0; break;
    default: break;
    }
  return lrt_pb_end(&reader, err);
}

/* Rules that would rewrite decoded text. */
static lrt_status check_denormalizer(const lrt_pb_field *message, lrt_error *err) {
  lrt_pb_reader reader = lrt_pb_open_field(message);
  lrt_pb_field field;
  while (lrt_pb_next(&reader, &field))
    if (field.number == 2 && field.length > 0)
      return lrt_fail(err, LRT_UNSUPPORTED, "the SentencePiece model has rules for denormalisation");
  return lrt_pb_end(&reader, err);
}

static lrt_status read_options(const uint8_t *bytes, size_t length, model_file *file, lrt_error *err) {
  lrt_pb_reader reader = lrt_pb_open(bytes, length);
  lrt_pb_field field;
  *file = (model_file){.kind = SP_UNIGRAM,
                       .unknown_surface = {" \xE2\x81\x87 ", 5},
                       .bos = {"<s>", 3},
                       .eos = {"</s>", 4},
                       .pad = {"<pad>", 5},
                       .add_dummy_prefix = true,
                       .remove_extra_whitespaces = true,
                       .escape_whitespaces = true};
  while (lrt_pb_next(&reader, &field)) switch (field.number) {
    case 1: file->pieces++; break;
    case 2: LRT_TRY(read_trainer(&field, file, err)); break;
    case 3: LRT_TRY(read_normalizer(&field, file, err)); break;
    case 5: LRT_TRY(check_denormalizer(&field, err)); break;
    default: break;
    }
  LRT_TRY(lrt_pb_end(&reader, err));
  if (file->pieces == 0 || file->pieces >= LRT_TOKEN_IDS_MAX)
    return lrt_fail(err, LRT_INVALID_MODEL, "the SentencePiece model has %zu pieces", file->pieces);
  if (file->kind < SP_UNIGRAM || file->kind > SP_CHAR)
    return lrt_fail(err, LRT_UNSUPPORTED, "the SentencePiece model is of the unknown type %u",
                    (unsigned)file->kind);
  return LRT_OK;
}

/* ---- pieces ---- */

/* The arrays of a model being read. */
typedef struct piece_arrays {
  float *scores;
  uint8_t *types;
} piece_arrays;

static lrt_status read_piece(lrt_tokenizer *t, const piece_arrays *a, const lrt_pb_field *message, int32_t id,
                             lrt_error *err) {
  lrt_pb_reader reader = lrt_pb_open_field(message);
  lrt_pb_field field;
  lrt_text text = {NULL, 0};
  a->types[id] = SP_NORMAL;
  while (lrt_pb_next(&reader, &field)) switch (field.number) {
    case 1: text = text_of(&field); break;
    case 2: a->scores[id] = (float)lrt_pb_float(&field); break;
    case 3:
      a->types[id] = field.value >= SP_NORMAL && field.value <= SP_BYTE ? (uint8_t)field.value : 0;
      break;
    default: break;
    }
  LRT_TRY(lrt_pb_end(&reader, err));
  if (text.length == 0 || text.length > PIECE_BYTES_MAX)
    return lrt_fail(err, LRT_INVALID_MODEL, "piece %d of the SentencePiece model has %u bytes", (int)id,
                    (unsigned)text.length);
  if (a->types[id] == 0)
    return lrt_fail(err, LRT_INVALID_MODEL, "piece %d of the SentencePiece model is of an unknown type",
                    (int)id);
  const char *copy = lrt_arena_text(&t->arena, text.bytes, text.length);
  if (copy == NULL) return no_memory(t, err);
  t->pieces[id] = t->spoken[id] = (lrt_text){copy, text.length};
  return LRT_OK;
}

/* Value of "<0x41>", upper-case digits only; -1 for other spellings. */
static int byte_of(const lrt_text *piece) {
  static const char digits[] = "0123456789ABCDEF";
  if (piece->length != 6 || memcmp(piece->bytes, "<0x", 3) != 0 || piece->bytes[5] != '>') return -1;
  const char *high = memchr(digits, piece->bytes[3], 16), *low = memchr(digits, piece->bytes[4], 16);
  return high == NULL || low == NULL ? -1 : (int)((high - digits) * 16 + (low - digits));
}

/* What follows from the type of a piece. */
static lrt_status sort_piece(lrt_tokenizer *t, int32_t id, lrt_error *err) {
  lrt_sentencepiece *sp = &t->sp;
  const lrt_text *piece = &t->pieces[id];
  int byte;
  t->bits[id] = TOKEN_IN_MODEL;
  switch (sp->types[id]) {
  case SP_CONTROL: t->bits[id] |= TOKEN_SPECIAL; break;
  case SP_UNKNOWN:
    if (t->unknown >= 0)
      return lrt_fail(err, LRT_INVALID_MODEL, "the SentencePiece model has two unknown pieces");
    t->unknown = id;
    break;
  case SP_BYTE:
    byte = byte_of(piece);
    if (byte < 0 || !sp->byte_fallback)
      return lrt_fail(err, LRT_INVALID_MODEL,
                      "the byte piece %.60s of the SentencePiece model is not expected", piece->bytes);
    t->bits[id] |= TOKEN_IS_BYTE;
    sp->byte_ids[byte] = id;
    break;
  default:
    sp->plain[id] = *piece;
    sp->has_unused |= sp->types[id] == SP_UNUSED;
    if (lrt_piece_map_add(&sp->by_plain, (uint32_t)id) >= 0)
      return lrt_fail(err, LRT_INVALID_MODEL, "the SentencePiece model has the piece %.60s twice",
                      piece->bytes);
    return LRT_OK;
  }
  if (lrt_piece_map_add(&t->by_piece, (uint32_t)id) >= 0)
    return lrt_fail(err, LRT_INVALID_MODEL, "the SentencePiece model has the piece %.60s twice",
                    piece->bytes);
  return LRT_OK;
}

static lrt_status make_room(lrt_tokenizer *t, piece_arrays *a, size_t size, lrt_error *err) {
  lrt_sentencepiece *sp = &t->sp;
  t->size = (int32_t)size;
  t->pieces = lrt_arena_array(&t->arena, size, sizeof *t->pieces);
  t->spoken = lrt_arena_array(&t->arena, size, sizeof *t->spoken);
  t->bits = lrt_arena_array(&t->arena, size, 1);
  sp->scores = a->scores = lrt_arena_array(&t->arena, size, sizeof *a->scores);
  sp->types = a->types = lrt_arena_array(&t->arena, size, 1);
  sp->plain = lrt_arena_array(&t->arena, size, sizeof *sp->plain);
  sp->whole = lrt_arena_array(&t->arena, size, sizeof *sp->whole);
  if (t->pieces == NULL || t->spoken == NULL || t->bits == NULL || a->scores == NULL || a->types == NULL ||
      sp->plain == NULL || sp->whole == NULL)
    return no_memory(t, err);
  if (!lrt_piece_map_init(&t->by_piece, &t->arena, t->pieces, size) ||
      !lrt_piece_map_init(&sp->by_plain, &t->arena, sp->plain, size))
    return no_memory(t, err);
  return LRT_OK;
}

static lrt_status read_pieces(lrt_tokenizer *t, const uint8_t *bytes, size_t length, size_t count,
                              lrt_error *err) {
  lrt_pb_reader reader = lrt_pb_open(bytes, length);
  lrt_pb_field field;
  piece_arrays arrays;
  int32_t id = 0;
  LRT_TRY(make_room(t, &arrays, count, err));
  while (lrt_pb_next(&reader, &field))
    if (field.number == 1) LRT_TRY(read_piece(t, &arrays, &field, id++, err));
  for (int byte = 0; byte < 256; byte++) t->sp.byte_ids[byte] = -1;
  for (id = 0; id < t->size; id++) LRT_TRY(sort_piece(t, id, err));
  /* Control, unknown and byte pieces go before others of the same spelling. */
  for (id = 0; id < t->size; id++)
    if (t->sp.plain[id].bytes != NULL) lrt_piece_map_add(&t->by_piece, (uint32_t)id);
  /* Where bytes stand for what no piece has, nothing is unknown. */
  if (t->unknown < 0 && !t->sp.byte_fallback)
    return lrt_fail(err, LRT_INVALID_MODEL, "the SentencePiece model has no unknown piece");
  for (int byte = 0; t->sp.byte_fallback && byte < 256; byte++)
    if (t->sp.byte_ids[byte] < 0)
      return lrt_fail(err, LRT_INVALID_MODEL, "the SentencePiece model lacks the byte piece <0x%02X>",
                      (unsigned)byte);
  return LRT_OK;
}

/* ---- what encoding needs ---- */

/* The tree of the pieces of one type. */
static lrt_status build_trie(lrt_tokenizer *t, lrt_sp_type type, lrt_trie *trie, lrt_error *err) {
  lrt_text *texts = lrt_alloc_array(t->arena.alloc, (size_t)t->size, sizeof *texts);
  if (texts == NULL) return no_memory(t, err);
  for (int32_t id = 0; id < t->size; id++)
    if (t->sp.types[id] == type) texts[id] = t->pieces[id];
  const lrt_status status = lrt_trie_build(trie, &t->arena, texts, (size_t)t->size, err);
  lrt_alloc_free(texts);
  return status;
}

/* Control pieces are found in text on demand only. */
static lrt_status add_control_pieces(lrt_tokenizer *t, lrt_error *err) {
  lrt_added_token *tokens = lrt_arena_array(&t->arena, (size_t)t->size, sizeof *tokens);
  if (tokens == NULL) return no_memory(t, err);
  for (int32_t id = 0; id < t->size; id++) tokens[id] = (lrt_added_token){.id = id, .special = true};
  t->added.tokens = tokens;
  t->added.count = (uint32_t)t->size;
  return build_trie(t, SP_CONTROL, &t->added.raw, err);
}

static int compare_codes(const void *a, const void *b) {
  const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
  return (x > y) - (x < y);
}

/* Calls for each U+2581 inside a piece: the code point before it. */
static uint32_t collect_unsafe(const lrt_tokenizer *t, uint32_t *out) {
  uint32_t count = 0;
  for (int32_t id = 0; id < t->size; id++) {
    const lrt_text *piece = &t->sp.plain[id];
    uint32_t before = 0, code = 0;
    for (size_t at = 0, bytes; at < piece->length; at += bytes, before = code) {
      bytes = lrt_utf8_decode(piece->bytes + at, piece->length - at, &code);
      if (bytes == 0) bytes = 1;
      if (at == 0 || code != 0x2581) continue;
      if (out != NULL) out[count] = before;
      count++;
    }
  }
  return count;
}

static lrt_status find_unsafe(lrt_tokenizer *t, lrt_error *err) {
  const uint32_t count = collect_unsafe(t, NULL);
  uint32_t *codes = lrt_arena_array(&t->arena, (size_t)count + 1, sizeof *codes), kept = 0;
  if (codes == NULL) return no_memory(t, err);
  collect_unsafe(t, codes);
  qsort(codes, count, sizeof *codes, compare_codes);
  for (uint32_t i = 0; i < count; i++)
    if (i == 0 || codes[i] != codes[kept - 1]) codes[kept++] = codes[i];
  t->sp.unsafe = codes;
  t->sp.unsafe_count = kept;
  return LRT_OK;
}

/* User-defined pieces score so well that they are always taken; sums are floats, as in SentencePiece. */
static lrt_status prepare_unigram(lrt_tokenizer *t, lrt_error *err) {
  const lrt_sentencepiece *sp = &t->sp;
  lrt_unigram *search = &t->unigram.search;
  float least = FLT_MAX, most = FLT_MIN;
  double *scores = lrt_arena_array(&t->arena, (size_t)t->size, sizeof *scores);
  lrt_text *texts = lrt_alloc_array(t->arena.alloc, (size_t)t->size, sizeof *texts);
  if (scores == NULL || texts == NULL) {
    lrt_alloc_free(texts);
    return no_memory(t, err);
  }
  for (int32_t id = 0; id < t->size; id++) {
    if (sp->types[id] != SP_NORMAL) continue;
    if (sp->scores[id] < least) least = sp->scores[id];
    if (sp->scores[id] > most) most = sp->scores[id];
  }
  for (int32_t id = 0; id < t->size; id++) {
    if (sp->types[id] != SP_UNUSED) texts[id] = sp->plain[id];
    scores[id] = sp->types[id] == SP_USER_DEFINED ? (double)((float)sp->plain[id].length * most) - 0.1
                                                  : (double)sp->scores[id];
  }
  search->scores = scores;
  search->unknown_score = (double)(least - 10.0f);
  search->single = true;
  const lrt_status status = lrt_trie_build(&search->trie, &t->arena, texts, (size_t)t->size, err);
  lrt_alloc_free(texts);
  return status;
}

static lrt_status prepare_decoding(lrt_tokenizer *t, const model_file *file, lrt_error *err) {
  lrt_decode_step *step = lrt_arena_get(&t->arena, sizeof *step);
  const char *surface = lrt_arena_text(&t->arena, file->unknown_surface.bytes, file->unknown_surface.length);
  if (step == NULL || surface == NULL) return no_memory(t, err);
  step->kind = DECODE_SENTENCEPIECE;
  step->other = (lrt_text){surface, file->unknown_surface.length};
  step->start = file->remove_extra_whitespaces ? 2 : file->add_dummy_prefix ? 1 : 0;
  t->decode = (lrt_decode_steps){step, 1};
  return LRT_OK;
}

/* The id of a spelling, unless that is the unknown piece. */
static int32_t find_role(const lrt_tokenizer *t, const lrt_text *spelling) {
  const int32_t id = lrt_piece_map_find(&t->by_piece, spelling->bytes, spelling->length);
  return id == t->unknown ? -1 : id;
}

static lrt_status prepare(lrt_tokenizer *t, const model_file *file, lrt_error *err) {
  LRT_TRY(lrt_charsmap_read((const uint8_t *)file->charsmap.bytes, file->charsmap.length, &t->arena,
                            &t->sp.charsmap, err));
  LRT_TRY(build_trie(t, SP_USER_DEFINED, &t->sp.user, err));
  lrt_sp_prepare(&t->sp);
  LRT_TRY(add_control_pieces(t, err));
  if (t->sp.kind == SP_UNIGRAM) LRT_TRY(prepare_unigram(t, err));
  if (t->sp.kind == SP_BPE) LRT_TRY(find_unsafe(t, err));
  LRT_TRY(prepare_decoding(t, file, err));
  t->bos = find_role(t, &file->bos);
  t->eos = find_role(t, &file->eos);
  t->pad = find_role(t, &file->pad);
  return LRT_OK;
}

lrt_status lrt_tokenizer_read_sentencepiece(lrt_tokenizer *t, const uint8_t *bytes, size_t length,
                                            lrt_error *err) {
  static const char *const kinds[] = {"sentencepiece unigram", "sentencepiece bpe", "sentencepiece word",
                                      "sentencepiece char"};
  model_file file;
  LRT_TRY(read_options(bytes, length, &file, err));
  t->model = MODEL_SENTENCEPIECE;
  t->kind = kinds[file.kind - 1];
  t->sp.kind = (lrt_sp_model_kind)file.kind;
  t->sp.add_dummy_prefix = file.add_dummy_prefix;
  t->sp.remove_extra_whitespaces = file.remove_extra_whitespaces;
  t->sp.escape_whitespaces = file.escape_whitespaces;
  t->sp.whitespace_as_suffix = file.whitespace_as_suffix;
  t->sp.byte_fallback = file.byte_fallback;
  LRT_TRY(read_pieces(t, bytes, length, file.pieces, err));
  return prepare(t, &file, err);
}
