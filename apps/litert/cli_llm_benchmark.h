/* cli_llm_benchmark.h: litert benchmark for language models. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_CLI_LLM_BENCHMARK_H
#define LRT_CLI_LLM_BENCHMARK_H

#include "cli.h"
#include "litert/llm.h"

typedef struct cli_llm_benchmark_options {
  int64_t prefill, decode; /* tokens */
  int64_t runs;            /* the best is reported */
  int64_t threads;
  int64_t context; /* positions to use at most, 0 = all */
  lrt_mode mode;
} cli_llm_benchmark_options;

/* Takes the model's load time from opening the file on. Errors: those of lrt_engine_create; INVALID_ARGUMENT where the
 * tokens do not fit the context. */
lrt_status cli_llm_benchmark(cli *c, lrt_model *model, double load_seconds,
                             const cli_llm_benchmark_options *o);
/* Some signature takes tokens: worth trying as a language model. */
bool cli_llm_is_likely(const lrt_model *model);

#endif
