/* json_model.h: the model of a tokenizer.json and what its post-processor puts around a text. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_TOKENIZER_JSON_MODEL_H
#define LRT_TOKENIZER_JSON_MODEL_H

#include "base/json.h"
#include "tokenizer/tokenizer_object.h"

/* Reads the "model" with its vocabulary, leaving room for `added` more tokens; the steps before the model are known
 * already. Errors: INVALID_MODEL, UNSUPPORTED. */
lrt_status lrt_json_model(lrt_tokenizer *tokenizer, const lrt_json *model, size_t added, lrt_error *err);
/* A vocabulary {"piece": id}. */
lrt_status lrt_json_vocabulary(lrt_tokenizer *tokenizer, const lrt_json *model, size_t added, lrt_error *err);
/* A vocabulary [["piece", score], …]; *scores: [size], in the arena. */
lrt_status lrt_json_scored_vocabulary(lrt_tokenizer *tokenizer, const lrt_json *model, size_t added,
                                      double **scores, lrt_error *err);
/* Reads a "post_processor" (NULL and null: nothing). */
lrt_status lrt_json_surroundings(const lrt_json *json, lrt_arena *arena, lrt_surroundings *out,
                                 lrt_error *err);

#endif
