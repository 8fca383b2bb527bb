/* unigram.c: Viterbi's algorithm over bytes: at each character, all pieces that begin there. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "tokenizer/unigram.h"

#include "base/fail.h"
#include "tokenizer/lossy_utf8.h"

#define NO_WAY UINT32_MAX

void lrt_unigram_work_init(lrt_unigram_work *work, lrt_alloc *alloc) {
  *work = (lrt_unigram_work){alloc, NULL, 0};
}

void lrt_unigram_work_clear(lrt_unigram_work *work) {
  lrt_alloc_free(work->nodes);
  lrt_unigram_work_init(work, work->alloc);
}

static lrt_status reserve(lrt_unigram_work *work, size_t count, lrt_error *err) {
  if (count <= work->capacity) return LRT_OK;
  const size_t wanted = count < 256 ? 256 : count + count / 2;
  lrt_alloc_free(work->nodes);
  work->capacity = 0;
  work->nodes = lrt_alloc_get(work->alloc, wanted * sizeof *work->nodes);
  if (work->nodes == NULL)
    return lrt_alloc_fail(err, work->alloc, wanted * sizeof *work->nodes, "encoding a text");
  work->capacity = wanted;
  return LRT_OK;
}

static inline void offer(const lrt_unigram *m, lrt_unigram_node *end, double score, size_t start,
                         int32_t id) {
  if (m->single) score = (double)(float)score;
  if (end->start != NO_WAY && !(score > end->score)) return;
  end->score = score;
  end->start = (uint32_t)start;
  end->id = id;
}

/* All pieces that begin at `start`. */
static void extend(const lrt_unigram *m, lrt_unigram_node *nodes, const char *text, size_t length,
                   size_t start) {
  const double here = nodes[start].score;
  const size_t character = lrt_utf8_lead_bytes((uint8_t)text[start]);
  bool has_character = false;
  uint32_t node = 0;
  for (size_t at = start; at < length;) {
    node = lrt_trie_step(&m->trie, node, (uint8_t)text[at]);
    if (node == 0) break;
    const int32_t id = m->trie.values[node];
    at++;
    if (id < 0) continue;
    offer(m, &nodes[at], m->scores[id] + here, start, id);
    has_character |= at - start == character;
  }
  if (has_character) return;
  const size_t end = start + character < length ? start + character : length;
  offer(m, &nodes[end], m->unknown_score + here, start, LRT_UNIGRAM_UNKNOWN);
}

lrt_status lrt_unigram_run(const lrt_unigram *m, lrt_unigram_work *work, const char *text, size_t length,
                           lrt_error *err) {
  LRT_TRY(reserve(work, length + 2, err));
  lrt_unigram_node *nodes = work->nodes;
  for (size_t i = 0; i <= length; i++) nodes[i].start = NO_WAY;
  nodes[0].score = 0;
  for (size_t at = 0; at < length; at += lrt_utf8_lead_bytes((uint8_t)text[at]))
    extend(m, nodes, text, length, at);
  for (size_t end = length, start; end > 0; end = start) {
    start = nodes[end].start;
    nodes[start].end = end;
  }
  return LRT_OK;
}
