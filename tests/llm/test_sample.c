/* test_sample.c: choosing a token: penalties, greedy ties, top-k, top-p, min-p, frequencies of draws, the generator. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"
#include "llm/sample.h"

#define VOCABULARY 9

/* Chooses from logits after a text whose last `answered` tokens are the answer; -1 = failed. */
static int32_t choose_after(const float *logits, const lrt_sampling *sampling, const int32_t *text,
                            size_t count, size_t answered, uint64_t *random) {
  float work[VOCABULARY];
  int32_t id = -1;
  const lrt_llm_choice choice = {sampling, logits, VOCABULARY,         work, text, count,
                                 answered, random, lrt_alloc_default()};
  return lrt_llm_choose(&choice, &id, NULL) == LRT_OK ? id : -1;
}

static int32_t choose(const float *logits, const lrt_sampling *sampling, uint64_t *random) {
  return choose_after(logits, sampling, NULL, 0, 0, random);
}

static const float sample_logits[VOCABULARY] = {0.5f, 2.0f, -1.0f, 2.0f, 1.0f, -3.0f, 0.0f, 1.5f, -2.0f};

static void greedy_takes_the_largest(void) {
  uint64_t random = 1;
  const lrt_sampling greedy = {.temperature = 0};
  CHECK_INT(choose(sample_logits, &greedy, &random), 1); /* of two equals the lower id */
  CHECK_INT(random, 1);                                  /* no draw was made */
}

static void bias_and_suppression(void) {
  uint64_t random = 1;
  const lrt_logit_bias bias[] = {{5, 6.0f}, {5, 1.0f}, {1, -INFINITY}};
  const int32_t suppressed[] = {5};
  lrt_sampling sampling = {.bias = bias, .bias_count = 3};
  CHECK_INT(choose(sample_logits, &sampling, &random), 5); /* -3 + 6 + 1 */
  sampling.suppress = suppressed;
  sampling.suppress_count = 1;
  CHECK_INT(choose(sample_logits, &sampling, &random), 3);
}

static void penalties(void) {
  uint64_t random = 1;
  const int32_t text[] = {1, 3, 7, 7, 4};
  lrt_sampling sampling = {.repetition_penalty = 4.0f};
  /* 1: 0.5, 3: 0.5, 7: 0.375, 4: 0.25; the first untouched one is 0 with 0.5: of equals the lowest id */
  CHECK_INT(choose_after(sample_logits, &sampling, text, 5, 0, &random), 0);
  sampling.penalty_window = 3; /* 7, 7, 4 */
  CHECK_INT(choose_after(sample_logits, &sampling, text, 5, 0, &random), 1);
  const float negative[VOCABULARY] = {-8, -1, -8, -8, -8, -8, -8, -3, -8};
  sampling.penalty_window = 0;
  CHECK_INT(choose_after(negative, &sampling, text, 1, 0, &random), 7); /* -1 * 4 < -3 */
  /* presence and frequency look at the answer only: 7 twice, 4 once */
  sampling = (lrt_sampling){.presence_penalty = 1.0f, .frequency_penalty = 0.5f};
  const float close[VOCABULARY] = {0, 0.9f, 0, 0, 1.6f, 0, 0, 3.0f, 0};
  CHECK_INT(choose_after(close, &sampling, text, 5, 3, &random), 7); /* 3 - 2 = 1.0 > 0.9, 4: 0.1 */
  sampling.frequency_penalty = 0.6f;
  CHECK_INT(choose_after(close, &sampling, text, 5, 3, &random), 1); /* 0.8 < 0.9 */
}

/* Draws many times and compares the frequencies with the probabilities; 5 sigma. */
static void check_frequencies(const lrt_sampling *sampling, const double *probability) {
  enum { DRAWS = 20000 };
  int counts[VOCABULARY] = {0};
  uint64_t random = 42;
  for (int i = 0; i < DRAWS; i++) {
    const int32_t id = choose(sample_logits, sampling, &random);
    REQUIRE(id >= 0 && id < VOCABULARY);
    counts[id]++;
  }
  for (int i = 0; i < VOCABULARY; i++) {
    const double p = probability[i], sigma = sqrt(p * (1 - p) * DRAWS);
    CHECK_NEAR(counts[i], p * DRAWS, 5 * sigma);
  }
}

/* softmax of the sample logits over the tokens of `kept`. */
static void softmax_of(unsigned kept, double temperature, double *out) {
  double sum = 0;
  for (int i = 0; i < VOCABULARY; i++) {
    out[i] = kept >> i & 1 ? exp((double)sample_logits[i] / temperature) : 0;
    sum += out[i];
  }
  for (int i = 0; i < VOCABULARY; i++) out[i] /= sum;
}

static void draws_follow_the_probabilities(void) {
  double p[VOCABULARY];
  softmax_of(0x1ff, 1.0, p);
  check_frequencies(&(lrt_sampling){.temperature = 1.0f}, p);
  softmax_of(0x1ff, 0.7, p);
  check_frequencies(&(lrt_sampling){.temperature = 0.7f}, p);
  softmax_of(1 << 1 | 1 << 3 | 1 << 7, 1.0, p);
  check_frequencies(&(lrt_sampling){.temperature = 1.0f, .top_k = 3}, p);
  /* 1 and 3 have 0.309 each, 7 0.187, 4 0.114: three are needed for 0.7 */
  check_frequencies(&(lrt_sampling){.temperature = 1.0f, .top_p = 0.7f}, p);
  softmax_of(1 << 1 | 1 << 3 | 1 << 7 | 1 << 4, 1.0, p);
  check_frequencies(&(lrt_sampling){.temperature = 1.0f, .min_p = 0.3f},
                    p); /* exp(-1) = 0.37, exp(-1.5) = 0.22 */
  /* top_p counts within what top_k left: 1 and 3 have 0.77 of the three */
  softmax_of(1 << 1 | 1 << 3, 1.0, p);
  check_frequencies(&(lrt_sampling){.temperature = 1.0f, .top_k = 3, .top_p = 0.75f}, p);
  softmax_of(1 << 1, 1.0, p);
  check_frequencies(&(lrt_sampling){.temperature = 1.0f, .top_p = 0.01f}, p);
  check_frequencies(&(lrt_sampling){.temperature = 1.0f, .top_k = 1}, p);
}

/* The first numbers of SplitMix64 with seed 1234567, from its authors' public-domain program. */
static void generator_is_splitmix64(void) {
  static const uint64_t expected[] = {6457827717110365317u, 3203168211198807973u, 9817491932198370423u};
  uint64_t state = 1234567;
  for (int i = 0; i < 3; i++) CHECK(lrt_llm_random(&state) == (double)(expected[i] >> 11) * 0x1p-53);
}

static void broken_logits(void) {
  float logits[VOCABULARY] = {0};
  uint64_t random = 0;
  const lrt_sampling greedy = {.temperature = 0};
  logits[4] = NAN;
  CHECK_INT(choose(logits, &greedy, &random), -1);
  for (int i = 0; i < VOCABULARY; i++) logits[i] = -INFINITY;
  CHECK_INT(choose(logits, &greedy, &random), -1);
}

static void largest_in_order(void) {
  lrt_token_logprob top[VOCABULARY];
  static const int32_t order[VOCABULARY] = {1, 3, 7, 4, 0, 6, 2, 8, 5};
  for (int32_t wanted = 0; wanted <= VOCABULARY; wanted++) {
    lrt_llm_largest(sample_logits, VOCABULARY, wanted, top);
    for (int32_t i = 0; i < wanted; i++) CHECK_INT(top[i].id, order[i]);
  }
}

static void log_sums(void) {
  double sum = 0;
  for (int i = 0; i < VOCABULARY; i++) sum += exp((double)sample_logits[i]);
  CHECK_NEAR(lrt_llm_log_sum(sample_logits, VOCABULARY), log(sum), 1e-6);
}

static void options_out_of_range(void) {
  static const int32_t outside[] = {VOCABULARY};
  static const lrt_logit_bias bias[] = {{-1, 0}};
  const lrt_sampling wrong[] = {{.temperature = -1},
                                {.temperature = NAN},
                                {.top_p = -0.5f},
                                {.min_p = 1.5f},
                                {.top_k = -1},
                                {.repetition_penalty = -1},
                                {.presence_penalty = INFINITY},
                                {.penalty_window = -1},
                                {.suppress = outside, .suppress_count = 1},
                                {.bias = bias, .bias_count = 1},
                                {.bias_count = 1}};
  lrt_error err;
  for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
    CHECK_INT(lrt_llm_sampling_check(&wrong[i], VOCABULARY, &err), LRT_INVALID_ARGUMENT);
  CHECK_INT(lrt_llm_sampling_check(&(lrt_sampling){.top_p = 1}, VOCABULARY, &err), LRT_OK);
}

int main(int argc, char **argv) {
  RUN(greedy_takes_the_largest);
  RUN(bias_and_suppression);
  RUN(penalties);
  RUN(draws_follow_the_probabilities);
  RUN(generator_is_splitmix64);
  RUN(broken_logits);
  RUN(largest_in_order);
  RUN(log_sums);
  RUN(options_out_of_range);
  DONE();
}
