/* sample.h: from logits to the next token. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_LLM_SAMPLE_H
#define LRT_LLM_SAMPLE_H

#include <stdbool.h>

#include "base/alloc.h"
#include "litert/llm.h"

/* Errors: INVALID_ARGUMENT naming the number that is out of range. */
lrt_status lrt_llm_sampling_check(const lrt_sampling *sampling, int32_t vocabulary, lrt_error *err);

/* One draw in [0, 1) of SplitMix64; moves the state on. */
double lrt_llm_random(uint64_t *state);

/* What a choice is made from. */
typedef struct lrt_llm_choice {
  const lrt_sampling *sampling;
  const float *logits; /* [vocabulary] */
  int32_t vocabulary;
  float *work;         /* [vocabulary] */
  const int32_t *text; /* [text_count] prompt and answer; the answer is the last answer_count of it */
  size_t text_count, answer_count;
  uint64_t *random;
  lrt_alloc *alloc;
} lrt_llm_choice;

/* The steps of lrt_sampling. Errors: RUN_FAILED where a logit is NaN or no token is possible; OUT_OF_MEMORY. */
lrt_status lrt_llm_choose(const lrt_llm_choice *choice, int32_t *id, lrt_error *err);

/* log sum exp of the logits: logprob(i) = logits[i] - this. */
double lrt_llm_log_sum(const float *logits, int32_t count);
/* The `wanted` largest logits in descending order, of equals the lowest id first; out: [wanted], wanted <= count. */
void lrt_llm_largest(const float *logits, int32_t count, int32_t wanted, lrt_token_logprob *out);

#endif
