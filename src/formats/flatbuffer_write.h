/* flatbuffer_write.h: builds a flatbuffer back to front: children first, each gives a reference for its parent. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_FORMATS_FLATBUFFER_WRITE_H
#define LRT_FORMATS_FLATBUFFER_WRITE_H

#include "base/alloc.h"
#include "formats/flatbuffer.h"

/* A finished object: its distance from the end of the buffer; 0 = none. */
typedef uint32_t lrt_fb_ref;

#define LRT_FB_MAX_SLOTS 64
/* References are unsigned, but the format's own limit is that of a signed 32-bit offset. */
#define LRT_FB_MAX_BYTES ((size_t)INT32_MAX)

/* Errors stick: after the first one all calls do nothing and return 0, and lrt_fb_finish reports it. */
typedef struct lrt_fb_builder {
  lrt_alloc *alloc;
  uint8_t *block; /* the contents are its last `used` bytes */
  size_t capacity, used;
  unsigned max_align;
  lrt_status status;
  const char *reason;
  uint64_t wanted; /* bytes of the block that could not be had */
  bool in_table;
  lrt_fb_ref table_end;               /* `used` when the open table began */
  unsigned slot_count;                /* of the open table: highest slot + 1 */
  lrt_fb_ref slots[LRT_FB_MAX_SLOTS]; /* of the open table: where each value stands, 0 = absent */
  lrt_fb_ref *vtables;                /* [vtable_count] written so far, to be shared */
  size_t vtable_count, vtable_capacity;
} lrt_fb_builder;

void lrt_fb_builder_init(lrt_fb_builder *b, lrt_alloc *alloc);
/* Frees everything, including the bytes lrt_fb_finish gave out. */
void lrt_fb_builder_clear(lrt_fb_builder *b);

/* Objects that are referred to; not while a table is open. */
lrt_fb_ref lrt_fb_add_string(lrt_fb_builder *b, const char *text, size_t length);
lrt_fb_ref lrt_fb_add_text(lrt_fb_builder *b, const char *text); /* NUL-terminated; NULL gives 0 */
/* `count` scalars of `kind` in host order; the data starts on a multiple of `align` (0 = the element's size).
 * data NULL writes zeros. */
lrt_fb_ref lrt_fb_add_vector(lrt_fb_builder *b, lrt_fb_kind kind, const void *data, size_t count,
                             unsigned align);
/* A vector of tables or strings; refs: [count], none 0. */
lrt_fb_ref lrt_fb_add_references(lrt_fb_builder *b, const lrt_fb_ref *refs, size_t count);
/* A struct that a union member refers to. */
lrt_fb_ref lrt_fb_add_struct(lrt_fb_builder *b, const void *bytes, size_t size, unsigned align);

void lrt_fb_begin_table(lrt_fb_builder *b);
lrt_fb_ref lrt_fb_end_table(lrt_fb_builder *b);

/* Fields of the open table. Scalars equal to the default are left out. */
void lrt_fb_put_integer(lrt_fb_builder *b, unsigned slot, lrt_fb_kind kind, int64_t value, int64_t dflt);
void lrt_fb_put_float(lrt_fb_builder *b, unsigned slot, lrt_fb_kind kind, double value, double dflt);
/* By description: any scalar kind, its own default. */
void lrt_fb_put_field_integer(lrt_fb_builder *b, const lrt_fb_field *field, int64_t value);
void lrt_fb_put_field_double(lrt_fb_builder *b, const lrt_fb_field *field, double value);
/* A reference to a string, vector or table; 0 leaves the field out. */
void lrt_fb_put_ref(lrt_fb_builder *b, unsigned slot, lrt_fb_ref ref);
void lrt_fb_put_struct(lrt_fb_builder *b, unsigned slot, const void *bytes, size_t size, unsigned align);
/* `slot` is the type slot; number 0 leaves both out. */
void lrt_fb_put_union(lrt_fb_builder *b, unsigned slot, unsigned number, lrt_fb_ref ref);

/* Writes the root reference and the identifier (4 characters or NULL). *bytes belongs to the builder. Errors:
 * OUT_OF_MEMORY, OVER_BUDGET; INVALID_ARGUMENT for more than 2 GiB or calls out of order. */
lrt_status lrt_fb_finish(lrt_fb_builder *b, lrt_fb_ref root, const char *identifier, const uint8_t **bytes,
                         size_t *size, lrt_error *err);

#endif
