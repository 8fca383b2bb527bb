/* json.h: JSON texts: a writer into a growable text, a parser into a read-only tree in an arena (RFC 8259). */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_BASE_JSON_H
#define LRT_BASE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/str.h"

#define LRT_JSON_MAX_DEPTH 64

/* Writes compact JSON. The caller nests begin and end properly and gives a key before each member of an object;
 * commas come by themselves. Failures are kept in `out` (lrt_str_check). */
typedef struct lrt_json_writer {
  lrt_str *out;
  bool comma; /* the next value or key needs one before it */
} lrt_json_writer;

void lrt_json_writer_init(lrt_json_writer *writer, lrt_str *out);
void lrt_json_begin_object(lrt_json_writer *writer);
void lrt_json_end_object(lrt_json_writer *writer);
void lrt_json_begin_array(lrt_json_writer *writer);
void lrt_json_end_array(lrt_json_writer *writer);
void lrt_json_key(lrt_json_writer *writer, const char *key);
/* Bytes that are not UTF-8 become U+FFFD. text NULL writes null. */
void lrt_json_text(lrt_json_writer *writer, const char *text);
void lrt_json_text_bytes(lrt_json_writer *writer, const char *text, size_t length);
void lrt_json_int(lrt_json_writer *writer, int64_t value);
void lrt_json_uint(lrt_json_writer *writer, uint64_t value);
/* The shortest digits that give the same double (or float) again; null for NaN and infinities. */
void lrt_json_double(lrt_json_writer *writer, double value);
void lrt_json_float(lrt_json_writer *writer, float value);
void lrt_json_bool(lrt_json_writer *writer, bool value);
void lrt_json_null(lrt_json_writer *writer);

typedef enum lrt_json_kind {
  LRT_JSON_NULL = 0,
  LRT_JSON_BOOL,
  LRT_JSON_NUMBER,
  LRT_JSON_TEXT,
  LRT_JSON_ARRAY,
  LRT_JSON_OBJECT
} lrt_json_kind;

/* One value. Members and elements form a list: value->first, then ->next. */
typedef struct lrt_json lrt_json;
struct lrt_json {
  lrt_json_kind kind;
  bool is_integer; /* NUMBER: written without fraction and exponent, and `integer` holds it exactly */
  const lrt_json *next;
  const char *key; /* member of an object: UTF-8, NUL-terminated, may contain NULs; else NULL */
  size_t key_length;
  size_t length; /* TEXT: bytes; ARRAY, OBJECT: values */
  union {
    bool boolean;
    double number; /* also for integers that do not fit `integer` */
    int64_t integer;
    const char *text; /* UTF-8, NUL-terminated, may contain NULs */
    const lrt_json *first;
  } as;
};

/* Parses exactly one value with blanks around it. INVALID_MODEL names what was expected and the byte offset; depth
 * over LRT_JSON_MAX_DEPTH, invalid UTF-8 and lone surrogates are errors. The tree does not refer to `text`. */
lrt_status lrt_json_parse(const char *text, size_t length, lrt_arena *arena, const lrt_json **out,
                          lrt_error *err);
/* Member of an object, the last one where a key repeats; NULL when absent or `object` is NULL or something else. */
const lrt_json *lrt_json_get(const lrt_json *object, const char *key);
/* Element of an array or NULL; walks the list. */
const lrt_json *lrt_json_at(const lrt_json *array, size_t index);
/* Value of a number as double; `otherwise` where `value` is NULL or not a number. */
double lrt_json_number(const lrt_json *value, double otherwise);

#endif
