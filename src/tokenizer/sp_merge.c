/* sp_merge.c: SentencePiece's byte-pair encoding: neighbours merge when the vocabulary has the joined text. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/fail.h"
#include "tokenizer/sentencepiece.h"

#define NO_LINK UINT32_MAX
#define NO_KEY UINT32_MAX
#define SCAN_MAX 24 /* symbols up to which scanning is the faster way */

void lrt_sp_work_init(lrt_sp_work *work, lrt_alloc *alloc, size_t size) {
  memset(work, 0, sizeof *work);
  work->alloc = alloc;
  work->size = size;
}

void lrt_sp_work_clear(lrt_sp_work *work) {
  lrt_alloc_free(work->symbols);
  lrt_alloc_free(work->scratch);
  lrt_alloc_free(work->split);
  lrt_sp_work_init(work, work->alloc, work->size);
}

static lrt_status no_memory(const lrt_sp_work *work, lrt_error *err) {
  return lrt_alloc_fail(err, work->alloc, 0, "encoding a text");
}

static lrt_status add_symbol(lrt_sp_work *work, lrt_sp_symbol symbol, lrt_error *err) {
  if (work->count == work->capacity) {
    const size_t capacity = work->capacity == 0 ? 128 : work->capacity * 2;
    lrt_sp_symbol *grown = lrt_alloc_resize(work->alloc, work->symbols, capacity * sizeof *grown);
    if (grown == NULL) return no_memory(work, err);
    work->symbols = grown;
    work->capacity = capacity;
  }
  work->symbols[work->count++] = symbol;
  return LRT_OK;
}

static lrt_status reserve_scratch(lrt_sp_work *work, size_t bytes, lrt_error *err) {
  if (bytes <= work->scratch_bytes) return LRT_OK;
  lrt_alloc_free(work->scratch);
  work->scratch_bytes = 0;
  bytes = bytes < 4096 ? 4096 : bytes + bytes / 2;
  work->scratch = lrt_alloc_get(work->alloc, bytes);
  if (work->scratch == NULL) return no_memory(work, err);
  work->scratch_bytes = bytes;
  return LRT_OK;
}

static lrt_status cut(const lrt_sentencepiece *sp, lrt_sp_work *work, const char *text, size_t length,
                      lrt_error *err) {
  work->count = 0;
  for (size_t at = 0, bytes; at < length; at += bytes) {
    bool frozen;
    bytes = lrt_sp_prefix(sp, text + at, length - at, &frozen);
    const int32_t id = LRT_SP_UNMERGED;
    LRT_TRY(
        add_symbol(work, (lrt_sp_symbol){(uint32_t)at, (uint32_t)bytes, id, frozen, NO_LINK, NO_LINK}, err));
  }
  return LRT_OK;
}

/* What two neighbours would become, with a key that is the lower the higher its score. */
typedef struct candidate {
  uint32_t key;
  int32_t id;
} candidate;

static uint32_t key_of(float score) {
  uint32_t bits;
  if (score == 0) score = 0; /* one zero */
  memcpy(&bits, &score, sizeof bits);
  bits ^= bits >> 31 != 0 ? UINT32_MAX : 0x80000000u;
  return bits == UINT32_MAX ? 0 : ~bits;
}

static lrt_status look_up(const lrt_sentencepiece *sp, lrt_sp_work *work, const char *text,
                          const lrt_sp_symbol *left, const lrt_sp_symbol *right, candidate *out,
                          lrt_error *err) {
  *out = (candidate){NO_KEY, -1};
  if (left->frozen || right->frozen) return LRT_OK;
  const int32_t id = lrt_piece_map_find(&sp->by_plain, text + left->start, left->length + right->length);
  if (id < 0) return LRT_OK;
  *out = (candidate){key_of(sp->scores[id]), id};
  if (out->key == NO_KEY) out->key--;
  if (sp->types[id] != SP_UNUSED) return LRT_OK;
  if (work->split == NULL) work->split = lrt_alloc_array(work->alloc, work->size, sizeof *work->split);
  if (work->split == NULL) return no_memory(work, err);
  work->split[id] = left->length;
  return LRT_OK;
}

/* ---- by scan ---- */

lrt_status lrt_sp_merge_scan(const lrt_sentencepiece *sp, lrt_sp_work *work, const char *text, size_t length,
                             lrt_error *err) {
  LRT_TRY(cut(sp, work, text, length, err));
  LRT_TRY(reserve_scratch(work, (work->count + 1) * sizeof(candidate), err));
  size_t count = work->count;
  lrt_sp_symbol *s = work->symbols;
  candidate *pairs = work->scratch; /* [count - 1] */
  for (size_t i = 0; i + 1 < count; i++) LRT_TRY(look_up(sp, work, text, &s[i], &s[i + 1], &pairs[i], err));
  while (count > 1) {
    size_t best = 0;
    for (size_t i = 1; i + 1 < count; i++)
      if (pairs[i].key < pairs[best].key) best = i;
    if (pairs[best].key == NO_KEY) break;
    s[best].length += s[best + 1].length;
    s[best].id = pairs[best].id;
    memmove(s + best + 1, s + best + 2, (count - best - 2) * sizeof *s);
    memmove(pairs + best, pairs + best + 1, (count - best - 2) * sizeof *pairs);
    count--;
    if (best > 0) LRT_TRY(look_up(sp, work, text, &s[best - 1], &s[best], &pairs[best - 1], err));
    if (best + 1 < count) LRT_TRY(look_up(sp, work, text, &s[best], &s[best + 1], &pairs[best], err));
  }
  work->count = count;
  return LRT_OK;
}

/* ---- by heap ---- */

typedef struct entry {
  uint64_t order; /* key << 32 | position of the left symbol */
  uint32_t bytes; /* of both together: an entry that does not fit any more is stale */
  int32_t id;
} entry;

typedef struct heap {
  entry *items; /* [count] */
  size_t count;
} heap;

static void heap_push(heap *h, entry item) {
  size_t at = h->count++;
  for (; at > 0 && h->items[(at - 1) / 2].order > item.order; at = (at - 1) / 2)
    h->items[at] = h->items[(at - 1) / 2];
  h->items[at] = item;
}

static entry heap_pop(heap *h) {
  const entry top = h->items[0], item = h->items[--h->count];
  size_t at = 0;
  for (size_t child; (child = 2 * at + 1) < h->count; at = child) {
    if (child + 1 < h->count && h->items[child + 1].order < h->items[child].order) child++;
    if (h->items[child].order >= item.order) break;
    h->items[at] = h->items[child];
  }
  h->items[at] = item;
  return top;
}

static lrt_status offer(const lrt_sentencepiece *sp, lrt_sp_work *work, const char *text, heap *h,
                        uint32_t at, lrt_error *err) {
  candidate c;
  if (at == NO_LINK || work->symbols[at].next == NO_LINK) return LRT_OK;
  const lrt_sp_symbol *left = &work->symbols[at], *right = &work->symbols[left->next];
  LRT_TRY(look_up(sp, work, text, left, right, &c, err));
  if (c.key != NO_KEY) heap_push(h, (entry){(uint64_t)c.key << 32 | at, left->length + right->length, c.id});
  return LRT_OK;
}

static lrt_status merge_top(const lrt_sentencepiece *sp, lrt_sp_work *work, const char *text, heap *h,
                            lrt_error *err) {
  const entry top = heap_pop(h);
  const uint32_t at = (uint32_t)top.order;
  lrt_sp_symbol *left = &work->symbols[at];
  if (left->length == 0 || left->next == NO_LINK) return LRT_OK;
  lrt_sp_symbol *right = &work->symbols[left->next];
  if (left->length + right->length != top.bytes) return LRT_OK;
  left->length = top.bytes;
  left->id = top.id;
  right->length = 0;
  left->next = right->next;
  if (left->next != NO_LINK) work->symbols[left->next].previous = at;
  LRT_TRY(offer(sp, work, text, h, left->previous, err));
  return offer(sp, work, text, h, at, err);
}

lrt_status lrt_sp_merge_heap(const lrt_sentencepiece *sp, lrt_sp_work *work, const char *text, size_t length,
                             lrt_error *err) {
  LRT_TRY(cut(sp, work, text, length, err));
  const size_t count = work->count;
  LRT_TRY(reserve_scratch(work, (3 * count + 1) * sizeof(entry), err)); /* each merge offers two pairs */
  heap h = {work->scratch, 0};
  for (size_t i = 0; i < count; i++) {
    work->symbols[i].previous = i == 0 ? NO_LINK : (uint32_t)(i - 1);
    work->symbols[i].next = i + 1 == count ? NO_LINK : (uint32_t)(i + 1);
  }
  for (size_t i = 0; i < count; i++) LRT_TRY(offer(sp, work, text, &h, (uint32_t)i, err));
  while (h.count > 0) LRT_TRY(merge_top(sp, work, text, &h, err));
  size_t kept = 0;
  for (size_t i = 0; i < count; i++)
    if (work->symbols[i].length > 0) work->symbols[kept++] = work->symbols[i];
  work->count = kept;
  return LRT_OK;
}

lrt_status lrt_sp_merge(const lrt_sentencepiece *sp, lrt_sp_work *work, const char *text, size_t length,
                        lrt_error *err) {
  return length <= SCAN_MAX ? lrt_sp_merge_scan(sp, work, text, length, err)
                            : lrt_sp_merge_heap(sp, work, text, length, err);
}
