/* cli_verify_llm.c: perplexity of two language models on a text, and how far their predictions are apart. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "cli_verify_llm.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fail.h"
#include "base/json.h"
#include "base/source.h"
#include "cli_table.h"
#include "formats/file_kind.h"
#include "litert/llm.h"
#include "litert/tokenizer.h"

/* Plain prose of several kinds, some code and numbers, so that a comparison needs no file. */
static const char own_text[] =
    "The harbour lay quiet under a thin fog. Two boats had come in during the night, and their crews were "
    "asleep below deck. A woman in a green coat walked along the pier, counting the lamps as she passed "
    "them, "
    "and stopped where the planks were new. She had promised her brother to look at the ropes, because the "
    "last storm had torn one of them, and he did not trust the man who had mended it.\n\n"
    "Water boils at a lower temperature on a mountain than at the sea. The air above presses less on its "
    "surface, so its molecules escape more easily. Cooks who live in high places therefore boil rice and "
    "beans "
    "for longer. The same effect is used in factories: juice is thickened under reduced pressure, which "
    "keeps "
    "its taste and its vitamins.\n\n"
    "def average(values):\n    total = 0\n    for value in values:\n        total += value\n    return total "
    "/ "
    "len(values)\n\nprint(average([3, 5, 8, 13]))\n\n"
    "In the spring of that year the council met eleven times. It voted to repair the bridge, to plant 240 "
    "trees "
    "along the river, and to open the library on Sundays. The vote about the school was closer: seven "
    "members "
    "were in favour, six against, and one had left early to catch a train. \"We will talk about it again in "
    "autumn,\" said the mayor, \"when we know what the roof will cost.\"\n\n"
    "To make the bread, mix 500 grams of flour with 10 grams of salt and a little yeast. Add 350 millilitres "
    "of "
    "warm water, stir, and let the dough rest under a cloth for two hours. Fold it four times, wait again, "
    "then "
    "bake it in a hot oven until the crust is brown. It keeps for three days if you wrap it in paper.\n";

typedef struct side {
  lrt_engine *engine;
  lrt_session *session;
  double sum; /* of the negative log-probabilities of the text's tokens */
} side;

typedef struct comparison {
  cli *c;
  side a, b;
  lrt_token_list ids;
  int32_t vocabulary;
  size_t compared;
  double kl, most_kl;
  size_t same_best;
} comparison;

bool cli_is_bundle(const char *path) {
  lrt_source *source = NULL;
  const void *head = NULL;
  bool yes = false;
  if (lrt_source_open(path, LRT_SOURCE_MAP, lrt_alloc_default(), &source, NULL) != LRT_OK) return false;
  const uint64_t length = lrt_source_length(source);
  const size_t count = length < LRT_FILE_KIND_BYTES ? (size_t)length : LRT_FILE_KIND_BYTES;
  if (lrt_source_view(source, 0, count, &head, NULL) == LRT_OK)
    yes = lrt_file_kind_of(head, count, length) == LRT_FILE_LITERTLM;
  lrt_source_destroy(source);
  return yes;
}

static lrt_status open_side(comparison *v, const char *path, int threads, side *s) {
  const lrt_engine_options options = {.num_threads = threads};
  LRT_TRY(lrt_engine_open(path, &options, &s->engine, &v->c->error));
  return lrt_session_create(s->engine, NULL, &s->session, &v->c->error);
}

static lrt_status read_ids(comparison *v, const char *model, const char *text_file) {
  lrt_tokenizer *tokenizer = NULL;
  lrt_source *source = NULL;
  const void *text = own_text;
  uint64_t length = sizeof own_text - 1;
  lrt_status status = lrt_tokenizer_open(model, &tokenizer, &v->c->error);
  if (status == LRT_OK && text_file != NULL) {
    status = lrt_source_open(text_file, LRT_SOURCE_MAP, lrt_alloc_default(), &source, &v->c->error);
    if (status == LRT_OK) {
      length = lrt_source_length(source);
      status = lrt_source_view(source, 0, length, &text, &v->c->error);
    }
  }
  if (status == LRT_OK)
    status =
        lrt_tokenizer_encode(tokenizer, text, (size_t)length, LRT_ENCODE_ADD_SPECIAL, &v->ids, &v->c->error);
  lrt_source_destroy(source);
  lrt_tokenizer_destroy(tokenizer);
  return status;
}

/* log(sum of exp) of logits. */
static double log_sum(const float *logits, int32_t count) {
  double most = -(double)INFINITY, sum = 0;
  for (int32_t i = 0; i < count; i++)
    if ((double)logits[i] > most) most = (double)logits[i];
  for (int32_t i = 0; i < count; i++) sum += exp((double)logits[i] - most);
  return most + log(sum);
}

static int32_t best_of(const float *logits, int32_t count) {
  int32_t best = 0;
  for (int32_t i = 1; i < count; i++)
    if (logits[i] > logits[best]) best = i;
  return best;
}

/* Both models' predictions after one more token; `next` is the token that follows, or -1. */
static lrt_status compare_token(comparison *v, int32_t token, int32_t next) {
  const float *a = NULL, *b = NULL;
  LRT_TRY(lrt_session_append(v->a.session, &token, 1, &v->c->error));
  LRT_TRY(lrt_session_append(v->b.session, &token, 1, &v->c->error));
  LRT_TRY(lrt_session_logits(v->a.session, &a, &v->c->error));
  LRT_TRY(lrt_session_logits(v->b.session, &b, &v->c->error));
  const double sum_a = log_sum(a, v->vocabulary), sum_b = log_sum(b, v->vocabulary);
  double kl = 0;
  for (int32_t i = 0; i < v->vocabulary; i++) {
    const double log_p = (double)a[i] - sum_a;
    kl += exp(log_p) * (log_p - ((double)b[i] - sum_b));
  }
  v->kl += kl;
  v->most_kl = kl > v->most_kl ? kl : v->most_kl;
  v->same_best += best_of(a, v->vocabulary) == best_of(b, v->vocabulary);
  v->compared++;
  if (next < 0) return LRT_OK;
  v->a.sum -= (double)a[next] - sum_a;
  v->b.sum -= (double)b[next] - sum_b;
  return LRT_OK;
}

static lrt_status compare(comparison *v, const cli_verify_llm_options *options) {
  lrt_engine_info a, b;
  lrt_engine_describe(v->a.engine, &a);
  lrt_engine_describe(v->b.engine, &b);
  if (a.vocabulary != b.vocabulary)
    return lrt_fail(&v->c->error, LRT_INVALID_MODEL, "the models have vocabularies of %d and %d tokens",
                    (int)a.vocabulary, (int)b.vocabulary);
  v->vocabulary = a.vocabulary;
  size_t count = v->ids.count;
  const int32_t context = a.context < b.context ? a.context : b.context;
  if (options->tokens > 0 && count > (size_t)options->tokens) count = (size_t)options->tokens;
  if (count > (size_t)context) count = (size_t)context;
  if (count < 2) return lrt_fail(&v->c->error, LRT_INVALID_ARGUMENT, "the text has fewer than two tokens");
  for (size_t i = 0; i + 1 < count; i++) LRT_TRY(compare_token(v, v->ids.ids[i], v->ids.ids[i + 1]));
  return LRT_OK;
}

static void print(comparison *v, const char *first, const char *second) {
  const double count = (double)v->compared;
  const double a = exp(v->a.sum / count), b = exp(v->b.sum / count);
  lrt_json_writer json;
  if (!v->c->json) {
    lrt_str_format(&v->c->out, "%zu predictions compared\n", v->compared);
    lrt_str_format(&v->c->out, "perplexity %.4f  %s\n", a, first);
    lrt_str_format(&v->c->out, "perplexity %.4f  %s\n", b, second);
    lrt_str_format(&v->c->out,
                   "KL divergence mean %.6f, largest %.4f nats; same most probable token %.2f %%\n",
                   v->kl / count, v->most_kl, 100.0 * (double)v->same_best / count);
    return;
  }
  const struct {
    const char *key;
    double value;
  } numbers[] = {{"perplexity_a", a},
                 {"perplexity_b", b},
                 {"kl_mean", v->kl / count},
                 {"kl_max", v->most_kl},
                 {"same_best", (double)v->same_best / count}};
  lrt_json_writer_init(&json, &v->c->out);
  lrt_json_begin_object(&json);
  lrt_json_key(&json, "predictions");
  lrt_json_uint(&json, v->compared);
  for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
    lrt_json_key(&json, numbers[i].key);
    lrt_json_double(&json, numbers[i].value);
  }
  lrt_json_end_object(&json);
  lrt_str_add_text(&v->c->out, "\n");
}

lrt_status cli_verify_llm(cli *c, const char *first, const char *second,
                          const cli_verify_llm_options *options) {
  comparison v = {.c = c};
  lrt_status status = open_side(&v, first, options->num_threads, &v.a);
  if (status == LRT_OK) status = open_side(&v, second, options->num_threads, &v.b);
  if (status == LRT_OK) status = read_ids(&v, first, options->text_file);
  if (status == LRT_OK) status = compare(&v, options);
  if (status == LRT_OK) {
    print(&v, first, second);
    if (options->most_kl > 0 && !(v.kl / (double)v.compared <= options->most_kl))
      c->verdict = CLI_EXIT_FAILED;
  }
  lrt_token_list_clear(&v.ids);
  lrt_session_destroy(v.a.session);
  lrt_session_destroy(v.b.session);
  lrt_engine_destroy(v.a.engine);
  lrt_engine_destroy(v.b.engine);
  return status;
}
