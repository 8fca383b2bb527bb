/* jinja_value.h: the values of a running template, which behave as Python's do, and the state of the run. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_TOKENIZER_JINJA_VALUE_H
#define LRT_TOKENIZER_JINJA_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/fail.h"
#include "base/str.h"

/* [length] bytes of UTF-8. */
typedef struct jinja_text {
  const char *bytes;
  size_t length;
} jinja_text;

#define JINJA_TEXT(literal) ((jinja_text){literal, sizeof(literal) - 1})

/* X(NAME, "the type's name in Python") */
#define JINJA_KIND_LIST(X)                                                                                   \
  X(UNDEFINED, "Undefined") /* printable, empty, false; most other uses fail */                              \
  X(NONE, "NoneType")                                                                                        \
  X(BOOL, "bool")                                                                                            \
  X(INT, "int")                                                                                              \
  X(FLOAT, "float")                                                                                          \
  X(STRING, "str")                                                                                           \
  X(LIST, "list")                                                                                            \
  X(TUPLE, "tuple")                                                                                          \
  X(ITERATOR, "generator") /* what filters like map give: can be walked once, always true */                 \
  X(VIEW, "dict_items")    /* items(), keys(), values() */                                                   \
  X(RANGE, "range")                                                                                          \
  X(DICT, "dict")                                                                                            \
  X(NAMESPACE, "Namespace")                                                                                  \
  X(LOOP, "LoopContext")                                                                                     \
  X(MACRO, "Macro")                                                                                          \
  X(FUNCTION, "function") /* built in: a global or a method bound to a value */                              \
  X(CYCLER, "Cycler")                                                                                        \
  X(JOINER, "Joiner")

typedef enum jinja_kind {
#define JINJA_KIND_ENUM(name, text) JINJA_##name,
  JINJA_KIND_LIST(JINJA_KIND_ENUM)
#undef JINJA_KIND_ENUM
} jinja_kind;

typedef struct jinja_value jinja_value;
typedef struct jinja_list jinja_list;
typedef struct jinja_dict jinja_dict;
typedef struct jinja_run jinja_run;
typedef struct jinja_args jinja_args;
typedef struct jinja_missing jinja_missing;
typedef struct jinja_loop jinja_loop;
typedef struct jinja_macro jinja_macro;
typedef struct jinja_bound jinja_bound;

struct jinja_value {
  jinja_kind kind;
  bool safe; /* STRING: marked by |safe, so that + escapes what it is joined with */
  union {
    const jinja_missing *missing; /* UNDEFINED */
    bool boolean;
    int64_t integer;
    double real;
    jinja_text text;
    jinja_list *list; /* LIST, TUPLE, ITERATOR, VIEW, RANGE; CYCLER, JOINER: their texts */
    jinja_dict *dict; /* DICT, NAMESPACE */
    jinja_loop *loop;
    const jinja_macro *macro;
    const jinja_bound *function;
  } as;
};

struct jinja_list {
  jinja_value *items; /* [count] */
  size_t count, capacity;
  size_t at;       /* ITERATOR: the next item; CYCLER: the current one; JOINER: 1 after the first call */
  jinja_text show; /* VIEW: "dict_items", RANGE: all of its text */
};

typedef struct jinja_entry {
  jinja_value key, value;
} jinja_entry;

/* In the order of insertion. */
struct jinja_dict {
  jinja_entry *entries; /* [count] */
  size_t count, capacity;
  uint32_t *slots; /* [slot_count] entry index + 1, 0 = free; NULL while there are few entries */
  size_t slot_count;
};

/* Why a value is undefined. */
struct jinja_missing {
  jinja_text what;   /* the name or, with an owner, attribute or element; or a whole sentence */
  const char *owner; /* "dict object", NULL = a variable */
  bool is_element, is_sentence;
};

typedef struct jinja_keyword {
  jinja_text name;
  jinja_value value;
} jinja_keyword;

/* Of a call. */
struct jinja_args {
  const jinja_value *values; /* [count] */
  size_t count;
  const jinja_keyword *keywords; /* [keyword_count] */
  size_t keyword_count;
};

/* A filter (self: its input), a method (self: its object) or a global (self NULL). */
typedef lrt_status (*jinja_function)(jinja_run *run, const jinja_value *self, const jinja_args *args,
                                     jinja_value *out);

typedef struct jinja_builtin {
  const char *name;
  jinja_function call; /* NULL: Python has it and the subset does not */
} jinja_builtin;

struct jinja_bound {
  const jinja_builtin *builtin;
  jinja_value self;
};

#define JINJA_MAX_DEPTH 600

struct jinja_run {
  lrt_arena *arena; /* everything that is made while running */
  lrt_error *err;
  uint64_t steps, max_steps;
  uint64_t bytes, max_bytes; /* taken from the arena */
  uint32_t line;             /* of the template, where execution is */
  unsigned depth;
  lrt_str *out;              /* where output goes now */
  struct jinja_scope *scope; /* innermost */
  const jinja_dict *context; /* variables given from outside */
};

/* ---- failing and counting: each returns a status other than LRT_OK for LRT_TRY ---- */

/* RUN_FAILED with the line in front. */
lrt_status jinja_fail(jinja_run *run, const char *format, ...) __attribute__((format(printf, 2, 3)));
lrt_status jinja_fail_as(jinja_run *run, lrt_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* "'str' object is not callable" and the like: the type's name for messages. */
const char *jinja_type_name(const jinja_value *value);
/* Counts work; OVER_BUDGET when it is too much. */
lrt_status jinja_charge(jinja_run *run, uint64_t steps);
/* Zeroed memory of the run. */
lrt_status jinja_get(jinja_run *run, size_t count, size_t size, void *out_pointer);
/* One level deeper; pair with run->depth--. */
lrt_status jinja_enter(jinja_run *run);

/* ---- making values ---- */

static inline jinja_value jinja_none(void) {
  return (jinja_value){.kind = JINJA_NONE};
}
static inline jinja_value jinja_bool(bool value) {
  return (jinja_value){.kind = JINJA_BOOL, .as.boolean = value};
}
static inline jinja_value jinja_int(int64_t value) {
  return (jinja_value){.kind = JINJA_INT, .as.integer = value};
}
static inline jinja_value jinja_float(double value) {
  return (jinja_value){.kind = JINJA_FLOAT, .as.real = value};
}
static inline jinja_value jinja_string(const char *bytes, size_t length) {
  return (jinja_value){.kind = JINJA_STRING, .as.text = {bytes, length}};
}
static inline jinja_value jinja_text_value(jinja_text text) {
  return (jinja_value){.kind = JINJA_STRING, .as.text = text};
}
/* A copy of [length] bytes. */
lrt_status jinja_copy_text(jinja_run *run, const char *bytes, size_t length, jinja_value *out);
/* The contents of a growable text, which is cleared; its failure is handed on. */
lrt_status jinja_take_str(jinja_run *run, lrt_str *str, jinja_value *out);
/* A growable text bounded by what the run may still take. */
void jinja_open_str(jinja_run *run, lrt_str *str);
lrt_status jinja_undefined(jinja_run *run, const char *owner, jinja_text what, bool is_element,
                           jinja_value *out);
/* Undefined with a sentence of its own. */
lrt_status jinja_undefined_because(jinja_run *run, const char *sentence, jinja_value *out);
/* Fails with the sentence that says why the value is undefined. */
lrt_status jinja_fail_undefined(jinja_run *run, const jinja_value *value);

/* A list of that kind with room for `capacity` items. */
lrt_status jinja_new_list(jinja_run *run, jinja_kind kind, size_t capacity, jinja_value *out);
lrt_status jinja_list_add(jinja_run *run, jinja_list *list, const jinja_value *item);
lrt_status jinja_new_dict(jinja_run *run, jinja_kind kind, jinja_value *out);
/* Inserts or overwrites; fails for keys that cannot be hashed. */
lrt_status jinja_dict_put(jinja_run *run, jinja_dict *dict, const jinja_value *key, const jinja_value *value);
/* NULL in *out when the key is not there. */
lrt_status jinja_dict_find(jinja_run *run, const jinja_dict *dict, const jinja_value *key,
                           const jinja_value **out);
/* The same for a text, which cannot fail. */
const jinja_value *jinja_dict_get(const jinja_dict *dict, jinja_text key);

/* ---- what Python's built-in functions and operators do ---- */

bool jinja_truth(const jinja_value *value);
static inline bool jinja_is_number(const jinja_value *value) {
  return value->kind == JINJA_BOOL || value->kind == JINJA_INT || value->kind == JINJA_FLOAT;
}
/* BOOL and INT. */
static inline bool jinja_is_integer(const jinja_value *value) {
  return value->kind == JINJA_BOOL || value->kind == JINJA_INT;
}
int64_t jinja_integer_of(const jinja_value *value);
double jinja_real_of(const jinja_value *value);
static inline bool jinja_is_list(const jinja_value *value) {
  return value->kind >= JINJA_LIST && value->kind <= JINJA_RANGE;
}
bool jinja_text_equal(jinja_text a, jinja_text b);
bool jinja_text_is(jinja_text a, const char *b);
lrt_status jinja_equal(jinja_run *run, const jinja_value *a, const jinja_value *b, bool *out);
/* a < b: -1, a == b: 0, a > b: 1; fails for types without order. */
lrt_status jinja_compare(jinja_run *run, const jinja_value *a, const jinja_value *b, int *out);
/* `item in container` */
lrt_status jinja_contains(jinja_run *run, const jinja_value *container, const jinja_value *item, bool *out);
/* len(); fails for what has none. */
lrt_status jinja_length(jinja_run *run, const jinja_value *value, int64_t *out);
/* The items that a walk would give: [out->count] at out->items, borrowed where possible. Uses iterators up. */
lrt_status jinja_items(jinja_run *run, const jinja_value *value, jinja_list *out);
/* str() */
lrt_status jinja_str(jinja_run *run, const jinja_value *value, jinja_text *out);
/* Adds str() or repr() to a growable text. */
lrt_status jinja_put(jinja_run *run, const jinja_value *value, lrt_str *out);
lrt_status jinja_put_repr(jinja_run *run, const jinja_value *value, lrt_str *out);
/* repr() of a float: the shortest digits that give the same double. */
void jinja_put_float(double value, lrt_str *out);

#endif
