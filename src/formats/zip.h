/* zip.h: the directory of a zip archive, also behind other data, and its stored or deflated entries. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_FORMATS_ZIP_H
#define LRT_FORMATS_ZIP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/source.h"

enum { LRT_ZIP_STORED = 0, LRT_ZIP_DEFLATED = 8 };

typedef struct lrt_zip_entry {
  const char *name;
  uint64_t offset;     /* of the data in the source */
  uint64_t compressed; /* bytes of the data; inside the source */
  uint64_t size;       /* bytes after decompression; plausible for the method, so it may be allocated */
  uint32_t crc;
  uint16_t method;
  bool encrypted;
} lrt_zip_entry;

/* Lives in the arena it was read into; the source must outlive it. */
typedef struct lrt_zip {
  lrt_source *source;
  const lrt_zip_entry *entries; /* [count], in directory order */
  size_t count;
} lrt_zip;

/* Reads the central directory (zip64 too) and checks every entry against the source. Data in front of the archive
 * is allowed: associated files are appended to models that way. Errors: INVALID_MODEL when this is no zip. */
lrt_status lrt_zip_open(lrt_source *source, lrt_arena *arena, lrt_zip *out, lrt_error *err);
/* NULL when there is no such entry. */
const lrt_zip_entry *lrt_zip_find(const lrt_zip *zip, const char *name);
/* Decompresses into out: [entry->size] and checks the CRC. Errors: UNSUPPORTED for other methods and encryption. */
lrt_status lrt_zip_read(const lrt_zip *zip, const lrt_zip_entry *entry, uint8_t *out, lrt_error *err);

#endif
