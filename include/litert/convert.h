/* convert.h: models of other formats become files that run here and in the vendor's runtime (library litert_tools). */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LITERT_CONVERT_H
#define LITERT_CONVERT_H

#include "litert/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* How the weights of a language model may be stored. */
typedef struct lrt_recipe_info {
  const char *name, *summary;
} lrt_recipe_info;
/* Recipe `index`, 0 = the default; NOT_FOUND past the end. */
lrt_status lrt_convert_recipe(size_t index, lrt_recipe_info *out);

typedef struct lrt_convert_options {
  const char *recipe; /* name; NULL = the default */
  int32_t context;    /* positions of the caches; 0 = 4096, or what the model was trained for if less */
  const int32_t *prefill_sizes; /* [prefill_count] tokens per pass, ascending; NULL = 16, 128 and 512 */
  int32_t prefill_count;
  const char *chat_template; /* Jinja text instead of the model's own; NULL = the model's */
  lrt_limits limits;         /* bytes */
} lrt_convert_options;

typedef struct lrt_convert_report {
  char architecture[32]; /* "llama" */
  char recipe[32];
  uint64_t source_bytes, bytes; /* of the files */
  uint64_t parameters;          /* in matrices */
  double linear_error;          /* squared error of the matrices in layers, relative to their squares */
  double embedding_error;       /* the same of embedding and output */
  uint64_t peak_bytes;          /* memory allocated at once, without mapped files */
} lrt_convert_report;

/* Converts the language model in a GGUF file (versions 2 and 3) to a .litertlm bundle at `path`, which appears only when
 * it is whole; the same input gives the same bytes. `options` and `report` may be NULL. Errors: NOT_FOUND, IO;
 * INVALID_MODEL and UNSUPPORTED name the key or tensor; INVALID_ARGUMENT for options; OVER_BUDGET. */
lrt_status lrt_convert_llm(const char *source, const char *path, const lrt_convert_options *options,
                           lrt_convert_report *report, lrt_error *err);

#ifdef __cplusplus
}
#endif
#endif
