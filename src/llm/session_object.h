/* session_object.h: the inside of a session, shared by the files of this room. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_LLM_SESSION_OBJECT_H
#define LRT_LLM_SESSION_OBJECT_H

#include "llm/answer_text.h"
#include "llm/llm_object.h"
#include "llm/sample.h"

/* The answer under way, or the last one. */
typedef struct lrt_llm_answer {
  bool begun;
  lrt_finish finish;
  lrt_sampling sampling; /* its lists are copies */
  uint64_t random;       /* state of the generator */
  lrt_llm_ids stop_ids;
  int32_t max_tokens, logprobs_wanted;
  lrt_llm_ids ids;
  float *logprobs; /* [ids.count] where wanted */
  lrt_llm_text text;
  lrt_timings timings;
} lrt_llm_answer;

lrt_status lrt_llm_answer_copy(const lrt_llm_answer *from, lrt_alloc *alloc, lrt_llm_answer *out,
                               lrt_error *err);
void lrt_llm_answer_clear(lrt_llm_answer *answer);

struct lrt_session {
  lrt_engine *engine;
  lrt_alloc *alloc;
  lrt_session_options options;
  lrt_state *state;       /* NULL: stateless */
  lrt_llm_ids text;       /* what the session is about */
  lrt_llm_ids cached;     /* what the cache holds: rows behind it are leftovers */
  bool spoilt;            /* recurrent: a pass was broken off, the state must be cleared */
  float *logits;          /* [vocabulary] after the first `logits_after` tokens of the text */
  size_t logits_after;    /* 0 = none */
  float *work;            /* [vocabulary] logits while they are bent */
  lrt_token_logprob *top; /* [top_capacity] */
  int32_t top_capacity;
  int32_t *chunk_scratch;
  lrt_llm_answer answer;
  double prefill_s; /* since the last answer began: handed to its timings */
  int32_t prefill_tokens;
  atomic_bool cancelled;
  pthread_mutex_t lock; /* `running` */
  lrt_llm_runner *running;
};

/* Brings the cache in line with the text: all but its last token, and with `logits` the last one too. */
lrt_status lrt_session_catch_up(lrt_session *session, bool logits, lrt_error *err);
/* Makes a rendered prompt the whole text: start tokens in front where it does not spell them out itself. */
lrt_status lrt_session_set_prompt(lrt_session *session, const char *text, size_t length, lrt_error *err);
/* INVALID_ARGUMENT with the offset of the first byte that is not UTF-8. */
lrt_status lrt_session_check_utf8(const char *text, size_t length, lrt_error *err);
/* lrt_session_next and the callback of the options (NULL = none), which may end the answer. */
lrt_status lrt_session_step(lrt_session *session, const lrt_generate_options *options, lrt_token *out,
                            lrt_error *err);
/* Room for the most probable tokens of a step. */
lrt_status lrt_session_reserve_top(lrt_session *session, int32_t wanted, lrt_error *err);

#endif
