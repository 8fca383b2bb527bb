/* tokenizer_open.c: finds the tokenizer in a file, by its bytes, and reads it. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/fail.h"
#include "base/source.h"
#include "formats/file_kind.h"
#include "formats/inflate.h"
#include "formats/litertlm_sections.h"
#include "formats/task_sections.h"
#include "tokenizer/tokenizer_object.h"
#include "tokenizer/unicode.h"

/* Decompressed tokenizer.json, at most; the largest in use have 40 MB. */
#define JSON_BYTES_MAX (UINT64_C(512) << 20)

/* Reads one of the two formats. */
static lrt_status read_bytes(lrt_tokenizer *tokenizer, const char *bytes, size_t length, lrt_error *err) {
  size_t at = 0;
  while (at < length && memchr(" \t\r\n", bytes[at], 4) != NULL) at++;
  if (at < length && bytes[at] == '{') return lrt_tokenizer_read_json(tokenizer, bytes, length, err);
  if (length > 0 && bytes[0] == 0x0A) /* field 1: a piece */
    return lrt_tokenizer_read_sentencepiece(tokenizer, (const uint8_t *)bytes, length, err);
  return lrt_fail(err, LRT_INVALID_MODEL,
                  "the file is neither a tokenizer.json, nor a SentencePiece model, nor a bundle");
}

/* A section of a bundle: the size of the JSON text, then a zlib stream of it. */
static lrt_status read_zlib(lrt_tokenizer *tokenizer, const uint8_t *bytes, size_t length, lrt_error *err) {
  uint64_t size = 0;
  lrt_inflate_result result;
  if (length < 8) return lrt_fail(err, LRT_INVALID_MODEL, "the tokenizer section has only %zu bytes", length);
  for (int i = 7; i >= 0; i--) size = size << 8 | bytes[i];
  /* Deflate gives at most 1032 bytes for one. */
  if (size > JSON_BYTES_MAX || size / 1032 > length)
    return lrt_fail(err, LRT_INVALID_MODEL, "the tokenizer section says it decompresses to %llu bytes",
                    (unsigned long long)size);
  uint8_t *text = lrt_alloc_get(lrt_alloc_default(), (size_t)size);
  if (text == NULL) return lrt_alloc_fail(err, lrt_alloc_default(), size, "a tokenizer");
  lrt_status status = lrt_inflate_zlib(bytes + 8, length - 8, text, (size_t)size, &result, err);
  if (status == LRT_OK && result.written != size)
    status = lrt_fail(err, LRT_INVALID_MODEL, "the tokenizer section decompresses to %zu bytes, not to %llu",
                      result.written, (unsigned long long)size);
  if (status == LRT_OK) status = read_bytes(tokenizer, (const char *)text, (size_t)size, err);
  lrt_alloc_free(text);
  return status;
}

static lrt_status read_section(lrt_tokenizer *tokenizer, lrt_source *file, const lrt_bundle *bundle,
                               lrt_error *err) {
  const void *bytes;
  const lrt_section *section = lrt_bundle_find(bundle, LRT_SECTION_SENTENCEPIECE, NULL);
  if (section == NULL) section = lrt_bundle_find(bundle, LRT_SECTION_HF_TOKENIZER_ZLIB, NULL);
  if (section == NULL)
    return lrt_fail(err, LRT_INVALID_MODEL, "%s holds no tokenizer", lrt_source_name(file));
  LRT_TRY(lrt_source_view(file, section->offset, section->length, &bytes, err));
  if (section->kind == LRT_SECTION_HF_TOKENIZER_ZLIB)
    return read_zlib(tokenizer, bytes, (size_t)section->length, err);
  return read_bytes(tokenizer, bytes, (size_t)section->length, err);
}

typedef lrt_status (*section_reader)(lrt_source *source, lrt_arena *arena, lrt_bundle *out, lrt_error *err);

static lrt_status read_bundle(lrt_tokenizer *tokenizer, lrt_source *file, section_reader read,
                              lrt_error *err) {
  lrt_arena arena;
  lrt_bundle bundle = {0};
  lrt_arena_init(&arena, lrt_alloc_default());
  lrt_status status = read(file, &arena, &bundle, err);
  if (status == LRT_OK) status = read_section(tokenizer, file, &bundle, err);
  lrt_arena_clear(&arena);
  return status;
}

static lrt_status read_file(lrt_tokenizer *tokenizer, lrt_source *file, lrt_error *err) {
  const uint64_t length = lrt_source_length(file);
  const uint64_t seen = length < LRT_FILE_KIND_BYTES ? length : LRT_FILE_KIND_BYTES;
  const void *bytes = NULL;
  if (length == 0) return lrt_fail(err, LRT_INVALID_MODEL, "%s is empty", lrt_source_name(file));
  LRT_TRY(lrt_source_view(file, 0, seen, &bytes, err));
  const lrt_file_kind kind = lrt_file_kind_of(bytes, (size_t)seen, length);
  if (kind == LRT_FILE_LITERTLM) return read_bundle(tokenizer, file, lrt_litertlm_read_sections, err);
  if (kind == LRT_FILE_ZIP) return read_bundle(tokenizer, file, lrt_task_read_sections, err);
  if (kind != LRT_FILE_UNKNOWN)
    return lrt_fail(err, LRT_INVALID_MODEL, "%s holds no tokenizer: it is %s", lrt_source_name(file),
                    lrt_file_kind_text(kind));
  LRT_TRY(lrt_source_view(file, 0, length, &bytes, err));
  return read_bytes(tokenizer, bytes, (size_t)length, err);
}

static lrt_status open_source(lrt_source *file, lrt_tokenizer **out, lrt_error *err) {
  lrt_tokenizer *tokenizer = lrt_alloc_zero(lrt_alloc_default(), sizeof *tokenizer);
  if (tokenizer == NULL) return lrt_alloc_fail(err, lrt_alloc_default(), sizeof *tokenizer, "a tokenizer");
  lrt_unicode_prepare();
  atomic_init(&tokenizer->references, 1);
  lrt_arena_init(&tokenizer->arena, lrt_alloc_default());
  tokenizer->bos = tokenizer->eos = tokenizer->unknown = tokenizer->pad = -1;
  const lrt_status status = read_file(tokenizer, file, err);
  if (status != LRT_OK) {
    lrt_tokenizer_destroy(tokenizer);
    return status;
  }
  *out = tokenizer;
  return LRT_OK;
}

lrt_status lrt_tokenizer_open(const char *path, lrt_tokenizer **out, lrt_error *err) {
  lrt_source *file;
  LRT_TRY(lrt_source_open(path, LRT_SOURCE_MAP, lrt_alloc_default(), &file, err));
  const lrt_status status = open_source(file, out, err);
  lrt_source_destroy(file);
  return status;
}

lrt_status lrt_tokenizer_open_memory(const void *bytes, uint64_t length, lrt_tokenizer **out,
                                     lrt_error *err) {
  lrt_source *file;
  LRT_TRY(lrt_source_wrap(bytes, length, NULL, NULL, lrt_alloc_default(), &file, err));
  const lrt_status status = open_source(file, out, err);
  lrt_source_destroy(file);
  return status;
}
