/* npy.c: the small dictionary in front of the elements: parsed strictly, written as numpy writes it. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/npy.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/fail.h"

static const struct {
  lrt_type type;
  char name[4]; /* without the byte order */
} types[] = {{LRT_FLOAT32, "f4"},   {LRT_FLOAT16, "f2"},    {LRT_FLOAT64, "f8"}, {LRT_INT8, "i1"},
             {LRT_INT16, "i2"},     {LRT_INT32, "i4"},      {LRT_INT64, "i8"},   {LRT_UINT8, "u1"},
             {LRT_UINT16, "u2"},    {LRT_UINT32, "u4"},     {LRT_UINT64, "u8"},  {LRT_BOOL, "b1"},
             {LRT_COMPLEX64, "c8"}, {LRT_COMPLEX128, "c16"}};

/* The dictionary being parsed. */
typedef struct text {
  const char *at, *end;
} text;

static void skip_blanks(text *t) {
  while (t->at < t->end && (*t->at == ' ' || *t->at == '\n' || *t->at == '\t')) t->at++;
}

static bool accept(text *t, char c) {
  skip_blanks(t);
  if (t->at == t->end || *t->at != c) return false;
  t->at++;
  return true;
}

static bool accept_word(text *t, const char *word) {
  const size_t length = strlen(word);
  skip_blanks(t);
  if ((size_t)(t->end - t->at) < length || memcmp(t->at, word, length) != 0) return false;
  t->at += length;
  return true;
}

/* 'text' or "text" without escapes. */
static bool parse_quoted(text *t, char *out, size_t capacity) {
  skip_blanks(t);
  if (t->at == t->end || (*t->at != '\'' && *t->at != '"')) return false;
  const char quote = *t->at++;
  const char *close = memchr(t->at, quote, (size_t)(t->end - t->at));
  if (close == NULL || (size_t)(close - t->at) >= capacity) return false;
  memcpy(out, t->at, (size_t)(close - t->at));
  out[close - t->at] = 0;
  t->at = close + 1;
  return true;
}

static lrt_status damaged(lrt_error *err, const char *what) {
  return lrt_fail(err, LRT_INVALID_MODEL, "the .npy file is damaged: %s", what);
}

static lrt_status parse_type(const char *descr, lrt_type *type, lrt_error *err) {
  for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
    if (strcmp(descr + (descr[0] != 0), types[i].name) != 0) continue;
    if (descr[0] == '>' && types[i].name[1] != '1')
      return lrt_fail(err, LRT_UNSUPPORTED, "the .npy file is big-endian (%s)", descr);
    *type = types[i].type;
    return LRT_OK;
  }
  if (strcmp(descr, "|V2") == 0 || strcmp(descr, "<V2") == 0)
    return lrt_fail(
        err, LRT_UNSUPPORTED,
        "the .npy file holds raw 2-byte elements (%s), as numpy stores bfloat16: save it as float32", descr);
  return lrt_fail(err, LRT_UNSUPPORTED, "the .npy file holds elements of type %s, which has no tensor type",
                  descr);
}

static bool parse_dimension(text *t, int32_t *value) {
  int64_t sum = 0;
  const char *first = t->at;
  while (t->at < t->end && *t->at >= '0' && *t->at <= '9' && sum <= INT32_MAX)
    sum = 10 * sum + (*t->at++ - '0');
  *value = (int32_t)sum;
  return t->at > first && sum <= INT32_MAX;
}

static lrt_status parse_shape(text *t, lrt_shape *shape, lrt_error *err) {
  shape->rank = 0;
  if (!accept(t, '(')) return damaged(err, "the shape is no tuple");
  while (!accept(t, ')')) {
    if (shape->rank == LRT_MAX_RANK)
      return lrt_fail(err, LRT_UNSUPPORTED, "the .npy file has more than %d dimensions", LRT_MAX_RANK);
    skip_blanks(t);
    if (!parse_dimension(t, &shape->dims[shape->rank++])) return damaged(err, "a dimension is not valid");
    if (!accept(t, ',')) {
      if (!accept(t, ')')) return damaged(err, "the shape has no end");
      break;
    }
  }
  return LRT_OK;
}

/* {'descr': '<f4', 'fortran_order': False, 'shape': (1, 2), } */
static lrt_status parse_header(text t, lrt_npy *out, lrt_error *err) {
  char key[32], descr[32] = "";
  bool has_order = false, has_shape = false, fortran = false;
  if (!accept(&t, '{')) return damaged(err, "the header is no dictionary");
  while (!accept(&t, '}')) {
    if (!parse_quoted(&t, key, sizeof key) || !accept(&t, ':'))
      return damaged(err, "the header has a bad key");
    if (strcmp(key, "descr") == 0) {
      if (!parse_quoted(&t, descr, sizeof descr))
        return lrt_fail(err, LRT_UNSUPPORTED, "the .npy file holds records, not plain elements");
    } else if (strcmp(key, "fortran_order") == 0) {
      has_order = true;
      fortran = accept_word(&t, "True");
      if (!fortran && !accept_word(&t, "False"))
        return damaged(err, "fortran_order is neither True nor False");
    } else if (strcmp(key, "shape") == 0) {
      has_shape = true;
      LRT_TRY(parse_shape(&t, &out->shape, err));
    } else {
      return damaged(err, "the header has an unknown key");
    }
    if (!accept(&t, ',') && (t.at == t.end || *t.at != '}')) return damaged(err, "the header has no end");
  }
  if (descr[0] == 0 || !has_order || !has_shape)
    return damaged(err, "the header lacks descr, fortran_order or shape");
  LRT_TRY(parse_type(descr, &out->type, err));
  if (fortran && out->shape.rank > 1)
    return lrt_fail(err, LRT_UNSUPPORTED, "the .npy file is in Fortran order: save a C-ordered copy");
  return LRT_OK;
}

lrt_status lrt_npy_read(const uint8_t *file, size_t length, lrt_npy *out, lrt_error *err) {
  if (length < 10 || memcmp(file, "\x93NUMPY", 6) != 0)
    return damaged(err, "it does not start with \\x93NUMPY");
  if (file[6] < 1 || file[6] > 3)
    return lrt_fail(err, LRT_UNSUPPORTED, "the .npy file has version %u, not 1 to 3", file[6]);
  const size_t start = file[6] == 1 ? 10 : 12;
  if (length < start) return damaged(err, "it is too short");
  uint32_t size = (uint32_t)file[8] | (uint32_t)file[9] << 8;
  if (start == 12) size |= (uint32_t)file[10] << 16 | (uint32_t)file[11] << 24;
  if (size > length - start) return damaged(err, "the header leaves the file");
  const text header = {(const char *)file + start, (const char *)file + start + size};
  LRT_TRY(parse_header(header, out, err));
  const int64_t bytes = lrt_shape_bytes(&out->shape, out->type);
  if (bytes < 0 || (uint64_t)bytes > length - start - size)
    return damaged(err, "it has fewer bytes than its shape needs");
  out->data = file + start + size;
  out->bytes = (size_t)bytes;
  return LRT_OK;
}

static const char *type_text(lrt_type type) {
  for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
    if (types[i].type == type) return types[i].name;
  return NULL;
}

lrt_status lrt_npy_header(lrt_type type, const lrt_shape *shape, char header[LRT_NPY_HEADER_BYTES],
                          size_t *length, lrt_error *err) {
  char dims[LRT_MAX_RANK * 13 + 1] = "";
  const char *name = type_text(type);
  size_t at = 0;
  if (name == NULL)
    return lrt_fail(err, LRT_UNSUPPORTED, "numpy has no element type for %s", lrt_type_name(type));
  if (shape->rank < 0 || shape->rank > LRT_MAX_RANK || lrt_shape_count(shape) < 0)
    return lrt_fail(err, LRT_INVALID_ARGUMENT, "the shape of an array to be written is not valid");
  for (int32_t i = 0; i < shape->rank; i++)
    at += (size_t)snprintf(dims + at, sizeof dims - at,
                           i == 0 && shape->rank == 1 ? "%d,"
                           : i == 0                   ? "%d"
                                                      : ", %d",
                           (int)shape->dims[i]);
  const char order = lrt_type_bits(type) == 8 ? '|' : '<';
  const int used = snprintf(header + 10, LRT_NPY_HEADER_BYTES - 10,
                            "{'descr': '%c%s', 'fortran_order': False, 'shape': (%s), }", order, name, dims);
  /* Padded with blanks so that the elements start on a multiple of 64. */
  *length = (10 + (size_t)used + 1 + 63) / 64 * 64;
  memset(header + 10 + used, ' ', *length - 10 - (size_t)used);
  header[*length - 1] = '\n';
  memcpy(header, "\x93NUMPY\1\0", 8);
  header[8] = (char)((*length - 10) & 0xff);
  header[9] = (char)((*length - 10) >> 8);
  return LRT_OK;
}

static lrt_status cannot_write(const char *path, int reason, lrt_error *err) {
  return lrt_fail(err, LRT_IO, "cannot write %s: %s", path, strerror(reason));
}

lrt_status lrt_npy_write(const char *path, lrt_type type, const lrt_shape *shape, const void *data,
                         size_t bytes, lrt_error *err) {
  char header[LRT_NPY_HEADER_BYTES];
  size_t length = 0;
  LRT_TRY(lrt_npy_header(type, shape, header, &length, err));
  const int64_t needed = lrt_shape_bytes(shape, type);
  if (needed < 0 || (uint64_t)needed != bytes)
    return lrt_fail(err, LRT_INVALID_ARGUMENT, "%s: %zu bytes do not fit a shape that needs %lld", path,
                    bytes, (long long)needed);
  FILE *file = fopen(path, "wb");
  if (file == NULL) return cannot_write(path, errno, err);
  errno = 0;
  const bool written =
      fwrite(header, 1, length, file) == length && (bytes == 0 || fwrite(data, 1, bytes, file) == bytes);
  const int reason = errno;
  /* A full disk may only show when the buffer is flushed. */
  if (fclose(file) != 0) return cannot_write(path, errno, err);
  return written ? LRT_OK : cannot_write(path, reason, err);
}
