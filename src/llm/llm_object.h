/* llm_object.h: the inside of engines, shared by the files of this room. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_LLM_OBJECT_H
#define LRT_LLM_OBJECT_H

#include <pthread.h>
#include <stdatomic.h>

#include "formats/llm_metadata.h"
#include "litert/llm.h"
#include "llm/embedder.h"
#include "llm/llm_layout.h"
#include "llm/token_ids.h"
#include "tokenizer/chat_template.h"

/* An interpreter that some session may borrow for one call. Plans are made once per interpreter; caches belong to
 * sessions. */
typedef struct lrt_llm_runner {
  lrt_interpreter *it;
  lrt_interpreter *embed, *embed_layers; /* of the embedders; NULL where there are none */
  struct lrt_llm_runner *next;           /* in the engine's list of all */
  bool lent;
} lrt_llm_runner;

/* What a bundle says beside its model; everything is there, maybe empty. */
typedef struct lrt_llm_bundle {
  lrt_parts *parts;
  lrt_llm_metadata metadata;
  lrt_executor_metadata executor;
  lrt_tokenizer *tokenizer; /* or NULL */
  lrt_llm_ids start, stop;  /* tokens */
  const char **stop_texts;  /* [stop_text_count] stops that are more than a token */
  size_t stop_text_count;
  lrt_chat_template *chat; /* NULL: the metadata's affixes, or `chat_error` */
  lrt_error chat_error;    /* why there is no template */
} lrt_llm_bundle;

struct lrt_engine {
  atomic_int references;
  lrt_alloc *alloc;
  lrt_arena arena;
  lrt_model *model;
  lrt_llm_bundle bundle;
  lrt_llm_layout layout;
  lrt_llm_embedder embedder, layer_embedder; /* without a model where the family needs none */
  int32_t context;                           /* layout.context or less */
  int32_t *signatures;                       /* [layout.entry_count] of the layout's entries */
  int32_t *prefill_sizes;
  int32_t prefill_count;
  lrt_interpreter_options run; /* of each interpreter */
  lrt_threads *threads;
  double load_seconds;
  pthread_mutex_t lock; /* the list below */
  lrt_llm_runner *runners;
};

/* Reads the metadata in the model's file, where there is any; other parts are left alone. Errors: those of the readers. */
lrt_status lrt_llm_bundle_read(lrt_model *model, lrt_arena *arena, lrt_llm_bundle *out, lrt_error *err);
/* Opens tokenizer and chat template; `tokenizer`: a file to use instead of the bundle's, or NULL; `chat`: a template instead
 * of the bundle's, or NULL. Errors: INVALID_MODEL, UNSUPPORTED and others of the readers. */
lrt_status lrt_llm_bundle_open(const char *tokenizer, const char *chat, lrt_arena *arena,
                               lrt_llm_bundle *bundle, lrt_error *err);
void lrt_llm_bundle_clear(lrt_llm_bundle *bundle);

/* An interpreter nobody uses, made where all are lent. */
lrt_status lrt_engine_borrow(lrt_engine *engine, lrt_llm_runner **out, lrt_error *err);
void lrt_engine_give_back(lrt_engine *engine, lrt_llm_runner *runner);

/* Runs `count` tokens (1 … entry->width) at `position` through an entry, on the caches in `state` (NULL: stateless, then
 * position is 0). A shorter chunk is padded: the caller has made sure that position + width fits the context. */
lrt_status lrt_llm_feed(lrt_engine *engine, lrt_llm_runner *runner, lrt_state *state,
                        const lrt_llm_entry *entry, const int32_t *ids, int32_t count, int32_t position,
                        lrt_error *err);
/* Row `row` of the logits of the last pass: [vocabulary]. */
const float *lrt_llm_logits(const lrt_engine *engine, const lrt_llm_runner *runner,
                            const lrt_llm_entry *entry, int32_t row);

#endif
