/* weights.c: the store of packed weights: a list under one lock, searched by key. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/weights.h"

#include <pthread.h>
#include <stdbool.h>
#include <string.h>

#include "base/counter.h"

typedef struct packed {
  lrt_weights_key key;
  size_t bytes;
  void *data;
  bool found; /* data belongs to the finder */
  struct packed *next;
} packed;

#define BUCKETS 256

struct lrt_weights {
  lrt_alloc *alloc;
  pthread_mutex_t lock;
  uint64_t bytes, found_bytes, made;
  lrt_weights_find find;
  void *cookie;
  packed *buckets[BUCKETS];
};

lrt_status lrt_weights_create(lrt_alloc *alloc, lrt_weights **out, lrt_error *err) {
  lrt_weights *weights = lrt_alloc_zero(alloc, sizeof *weights);
  if (weights == NULL) return lrt_alloc_fail(err, alloc, sizeof *weights, "the weight store");
  weights->alloc = alloc;
  pthread_mutex_init(&weights->lock, NULL);
  *out = weights;
  return LRT_OK;
}

void lrt_weights_destroy(lrt_weights *weights) {
  if (weights == NULL) return;
  for (int i = 0; i < BUCKETS; i++) {
    for (packed *p = weights->buckets[i], *next; p != NULL; p = next) {
      next = p->next;
      if (!p->found) lrt_alloc_free(p->data);
      lrt_alloc_free(p);
    }
  }
  pthread_mutex_destroy(&weights->lock);
  lrt_alloc_free(weights);
}

static unsigned bucket_of(const lrt_weights_key *key) {
  return (unsigned)(((uintptr_t)key->data >> 4) * 2654435761u >> 8) % BUCKETS;
}

static int same_key(const lrt_weights_key *a, const lrt_weights_key *b) {
  return a->data == b->data && strcmp(a->layout, b->layout) == 0 &&
         memcmp(a->numbers, b->numbers, sizeof a->numbers) == 0;
}

static lrt_status make(lrt_weights *weights, const lrt_weights_key *key, size_t bytes, lrt_weights_fill fill,
                       const void *arg, packed **out, lrt_error *err) {
  packed *p = lrt_alloc_zero(weights->alloc, sizeof *p);
  if (p != NULL && weights->find != NULL) {
    p->data = (void *)(uintptr_t)weights->find(weights->cookie, key, bytes); /* never written */
    p->found = p->data != NULL;
  }
  if (p != NULL && !p->found) p->data = lrt_alloc_zero(weights->alloc, bytes);
  if (p == NULL || p->data == NULL) {
    lrt_alloc_free(p);
    return lrt_alloc_fail(err, weights->alloc, bytes, "packed weights");
  }
  p->key = *key;
  p->bytes = bytes;
  if (!p->found) {
    fill(p->data, arg);
    lrt_counter_add(LRT_COUNTER_PACKS_MADE, 1);
    lrt_counter_add(LRT_COUNTER_BYTES_PACKED, bytes);
  }
  *out = p;
  return LRT_OK;
}

lrt_status lrt_weights_get(lrt_weights *weights, const lrt_weights_key *key, size_t bytes,
                           lrt_weights_fill fill, const void *arg, const void **out, lrt_error *err) {
  packed **bucket = &weights->buckets[bucket_of(key)];
  lrt_status status = LRT_OK;
  pthread_mutex_lock(&weights->lock);
  packed *p = *bucket;
  while (p != NULL && !(same_key(&p->key, key) && p->bytes == bytes)) p = p->next;
  if (p == NULL) {
    status = make(weights, key, bytes, fill, arg, &p, err);
    if (status == LRT_OK) {
      p->next = *bucket;
      *bucket = p;
      weights->bytes += bytes;
      if (p->found)
        weights->found_bytes += bytes;
      else
        weights->made++;
    }
  }
  pthread_mutex_unlock(&weights->lock);
  if (status == LRT_OK) *out = p->data;
  return status;
}

static uint64_t read_number(const lrt_weights *weights, const uint64_t *number) {
  pthread_mutex_t *lock = (pthread_mutex_t *)&weights->lock;
  pthread_mutex_lock(lock);
  const uint64_t value = *number;
  pthread_mutex_unlock(lock);
  return value;
}

uint64_t lrt_weights_bytes(const lrt_weights *weights) {
  return read_number(weights, &weights->bytes);
}

uint64_t lrt_weights_found_bytes(const lrt_weights *weights) {
  return read_number(weights, &weights->found_bytes);
}

uint64_t lrt_weights_made(const lrt_weights *weights) {
  return read_number(weights, &weights->made);
}

void lrt_weights_set_finder(lrt_weights *weights, lrt_weights_find find, void *cookie) {
  pthread_mutex_lock(&weights->lock);
  weights->find = find;
  weights->cookie = cookie;
  pthread_mutex_unlock(&weights->lock);
}

lrt_status lrt_weights_each(lrt_weights *weights, lrt_weights_visit visit, void *cookie, lrt_error *err) {
  lrt_status status = LRT_OK;
  pthread_mutex_lock(&weights->lock);
  for (int i = 0; i < BUCKETS; i++)
    for (const packed *p = weights->buckets[i]; status == LRT_OK && p != NULL; p = p->next)
      status = visit(cookie, &p->key, p->data, p->bytes, err);
  pthread_mutex_unlock(&weights->lock);
  return status;
}
