/* engine.c: opens a language model and lends interpreters to its sessions. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/clock.h"
#include "base/fail.h"
#include "base/log.h"
#include "llm/cache_axis.h"
#include "llm/llm_object.h"

static lrt_status list_prefill_sizes(lrt_engine *engine, lrt_error *err) {
  const lrt_llm_layout *layout = &engine->layout;
  engine->prefill_sizes =
      lrt_arena_array(&engine->arena, (size_t)layout->entry_count + 1, sizeof *engine->prefill_sizes);
  engine->signatures =
      lrt_arena_array(&engine->arena, (size_t)layout->entry_count + 1, sizeof *engine->signatures);
  if (engine->prefill_sizes == NULL || engine->signatures == NULL)
    return lrt_alloc_fail(err, engine->alloc, 0, "the engine");
  for (int32_t i = 0; i < layout->entry_count; i++) engine->signatures[i] = layout->entries[i].signature;
  for (int32_t i = 0; layout->family != LRT_FAMILY_STATELESS && i < layout->entry_count; i++) {
    const int32_t width = layout->entries[i].width;
    if (width > 1 &&
        (engine->prefill_count == 0 || engine->prefill_sizes[engine->prefill_count - 1] != width))
      engine->prefill_sizes[engine->prefill_count++] = width;
  }
  return LRT_OK;
}

static lrt_status choose_context(lrt_engine *engine, const lrt_engine_options *options, lrt_error *err) {
  engine->context = engine->layout.context;
  if (options == NULL || options->max_context == 0) return LRT_OK;
  if (options->max_context < 0)
    return lrt_fail(err, LRT_INVALID_ARGUMENT, "a context of %d positions is not possible",
                    options->max_context);
  if (options->max_context < engine->context) engine->context = options->max_context;
  return LRT_OK;
}

static lrt_status choose_threads(lrt_engine *engine, const lrt_engine_options *options, lrt_error *err) {
  if (options != NULL && options->threads != NULL)
    engine->threads = lrt_threads_retain(options->threads);
  else
    LRT_TRY(lrt_threads_shared(options != NULL ? options->num_threads : 0, &engine->threads, err));
  engine->run.threads = engine->threads;
  if (options == NULL) return LRT_OK;
  engine->run.mode = options->mode;
  engine->run.limits = options->limits;
  return LRT_OK;
}

static lrt_status open_embedders(lrt_engine *engine, lrt_error *err) {
  const lrt_llm_entry *entry = engine->layout.decode;
  const lrt_parts *parts = engine->bundle.parts;
  if (entry->embeddings.tensor < 0) return LRT_OK;
  lrt_status status = lrt_llm_embedder_open(parts, "tf_lite_embedder",
                                            lrt_shape_count(&entry->embeddings.shape) / entry->width,
                                            &engine->arena, &engine->embedder, err);
  if (status == LRT_OK && entry->per_layer.tensor >= 0)
    status = lrt_llm_embedder_open(parts, "tf_lite_per_layer_embedder",
                                   lrt_shape_count(&entry->per_layer.shape) / entry->width, &engine->arena,
                                   &engine->layer_embedder, err);
  return status;
}

static lrt_status fill(lrt_engine *engine, const lrt_engine_options *options, lrt_error *err) {
  const int32_t wanted = options != NULL && options->max_context > 0 ? options->max_context : 0;
  LRT_TRY(lrt_llm_bundle_read(engine->model, &engine->arena, &engine->bundle, err));
  LRT_TRY(lrt_llm_layout_find(engine->model, &engine->bundle.executor, wanted, &engine->arena,
                              &engine->layout, err));
  LRT_TRY(open_embedders(engine, err));
  LRT_TRY(lrt_llm_bundle_open(options != NULL ? options->tokenizer : NULL,
                              options != NULL ? options->chat_template : NULL, &engine->arena,
                              &engine->bundle, err));
  LRT_TRY(choose_context(engine, options, err));
  LRT_TRY(choose_threads(engine, options, err));
  return list_prefill_sizes(engine, err);
}

lrt_status lrt_engine_create(lrt_model *model, const lrt_engine_options *options, lrt_engine **out,
                             lrt_error *err) {
  const double started = lrt_clock_seconds();
  if (model == NULL || out == NULL) return lrt_fail(err, LRT_INVALID_ARGUMENT, "an engine needs a model");
  lrt_engine *engine = lrt_alloc_zero(lrt_alloc_default(), sizeof *engine);
  if (engine == NULL) return lrt_alloc_fail(err, lrt_alloc_default(), sizeof *engine, "the engine");
  atomic_init(&engine->references, 1);
  engine->alloc = lrt_alloc_default();
  lrt_arena_init(&engine->arena, engine->alloc);
  pthread_mutex_init(&engine->lock, NULL);
  engine->model = lrt_model_retain(model);
  const lrt_status status = fill(engine, options, err);
  if (status != LRT_OK) {
    lrt_engine_destroy(engine);
    return status;
  }
  engine->load_seconds = lrt_clock_seconds() - started;
  lrt_log(LRT_LOG_INFO, "llm", "engine_created", "name=\"%s\" family=\"%s\" context=%d vocabulary=%d",
          lrt_model_name(model), lrt_llm_family_name(engine->layout.family), engine->context,
          engine->layout.vocabulary);
  *out = engine;
  return LRT_OK;
}

lrt_status lrt_engine_open(const char *path, const lrt_engine_options *options, lrt_engine **out,
                           lrt_error *err) {
  const double started = lrt_clock_seconds();
  lrt_model *model = NULL;
  LRT_TRY(lrt_model_open(path, NULL, &model, err));
  const lrt_status status = lrt_engine_create(model, options, out, err);
  lrt_model_destroy(model);
  if (status == LRT_OK) (*out)->load_seconds = lrt_clock_seconds() - started;
  return status;
}

static void destroy_runner(lrt_llm_runner *runner) {
  lrt_interpreter_destroy(runner->it);
  lrt_interpreter_destroy(runner->embed);
  lrt_interpreter_destroy(runner->embed_layers);
  lrt_alloc_free(runner);
}

lrt_engine *lrt_engine_retain(lrt_engine *engine) {
  atomic_fetch_add_explicit(&engine->references, 1, memory_order_relaxed);
  return engine;
}

void lrt_engine_destroy(lrt_engine *engine) {
  if (engine == NULL || atomic_fetch_sub_explicit(&engine->references, 1, memory_order_acq_rel) != 1) return;
  for (lrt_llm_runner *runner = engine->runners, *next; runner != NULL; runner = next) {
    next = runner->next;
    destroy_runner(runner);
  }
  lrt_llm_embedder_clear(&engine->embedder);
  lrt_llm_embedder_clear(&engine->layer_embedder);
  lrt_threads_destroy(engine->threads);
  lrt_llm_bundle_clear(&engine->bundle);
  lrt_model_destroy(engine->model);
  pthread_mutex_destroy(&engine->lock);
  lrt_arena_clear(&engine->arena);
  lrt_alloc_free(engine);
}

static uint64_t cache_bytes(const lrt_engine *engine) {
  const lrt_llm_layout *layout = &engine->layout;
  uint64_t bytes = 0;
  for (int32_t i = 0; i < layout->pair_count; i++) {
    lrt_tensor_info info;
    if (lrt_llm_cache_info(engine->model, layout->decode->signature, layout->pairs[i].input, &info) == LRT_OK)
      bytes += (uint64_t)lrt_shape_bytes(&info.shape, info.type);
  }
  return bytes;
}

/* As lrt_conversation_create decides. */
static int can_chat(const lrt_llm_bundle *b) {
  if (b->tokenizer == NULL) return 0;
  if (b->chat != NULL || b->chat_error.code == LRT_OK) return 1;
  return b->metadata.jinja_template != NULL ? -1 : 0;
}

void lrt_engine_describe(const lrt_engine *engine, lrt_engine_info *out) {
  *out = (lrt_engine_info){.family = lrt_llm_family_name(engine->layout.family),
                           .context = engine->context,
                           .vocabulary = engine->layout.vocabulary,
                           .prefill_sizes = engine->prefill_sizes,
                           .prefill_count = engine->prefill_count,
                           .cache_count = engine->layout.pair_count,
                           .cache_bytes = cache_bytes(engine),
                           .cache_layout = engine->layout.cache_layout,
                           .start_ids = engine->bundle.start.ids,
                           .start_count = engine->bundle.start.count,
                           .stop_ids = engine->bundle.stop.ids,
                           .stop_count = engine->bundle.stop.count,
                           .model_type = "",
                           .load_seconds = engine->load_seconds,
                           .chats = can_chat(&engine->bundle)};
  if (engine->bundle.metadata.model_type != LRT_LLM_TYPE_UNSPECIFIED)
    out->model_type = lrt_llm_type_name(engine->bundle.metadata.model_type);
}

lrt_tokenizer *lrt_engine_tokenizer(const lrt_engine *engine) {
  return engine->bundle.tokenizer;
}

void lrt_engine_sampling(const lrt_engine *engine, lrt_sampling *out) {
  const lrt_sampler_parameters *s = &engine->bundle.metadata.sampler;
  memset(out, 0, sizeof *out);
  if (!s->is_set || s->type == LRT_SAMPLER_GREEDY || s->type == LRT_SAMPLER_UNSPECIFIED) return;
  out->temperature = s->temperature > 0 ? s->temperature : 1.0f;
  if (s->k > 0) out->top_k = s->k;
  if (s->type == LRT_SAMPLER_TOP_P && s->p > 0 && s->p < 1) out->top_p = s->p;
  if (s->has_seed) out->seed = (uint64_t)(uint32_t)s->seed;
}

lrt_model *lrt_engine_model(const lrt_engine *engine) {
  return engine->model;
}

void lrt_engine_memory(const lrt_engine *engine, lrt_memory_info *out) {
  pthread_mutex_t *lock = (pthread_mutex_t *)(uintptr_t)&engine->lock;
  memset(out, 0, sizeof *out);
  pthread_mutex_lock(lock);
  for (const lrt_llm_runner *runner = engine->runners; runner != NULL; runner = runner->next) {
    lrt_memory_info one;
    if (runner->lent) continue; /* its owner is at work on it */
    lrt_interpreter_memory(runner->it, &one);
    out->arena += one.arena;
    out->unshared += one.unshared;
    out->in_use += one.in_use;
    out->peak += one.peak;
  }
  pthread_mutex_unlock(lock);
}

/* ---- interpreters ---- */

static lrt_status declare_caches(const lrt_engine *engine, lrt_interpreter *it, lrt_error *err) {
  const lrt_llm_layout *layout = &engine->layout;
  if (layout->pair_count == 0) return LRT_OK;
  return lrt_interpreter_set_states_in(it, engine->signatures, layout->entry_count, layout->pairs,
                                       layout->pair_count, err);
}

static lrt_status fill_runner(lrt_engine *engine, lrt_llm_runner *runner, lrt_error *err) {
  LRT_TRY(lrt_interpreter_create(engine->model, &engine->run, &runner->it, err));
  LRT_TRY(declare_caches(engine, runner->it, err));
  if (engine->embedder.model != NULL)
    LRT_TRY(lrt_interpreter_create(engine->embedder.model, &engine->run, &runner->embed, err));
  if (engine->layer_embedder.model != NULL)
    LRT_TRY(lrt_interpreter_create(engine->layer_embedder.model, &engine->run, &runner->embed_layers, err));
  return LRT_OK;
}

static lrt_status make_runner(lrt_engine *engine, lrt_llm_runner **out, lrt_error *err) {
  lrt_llm_runner *runner = lrt_alloc_zero(engine->alloc, sizeof *runner);
  if (runner == NULL) return lrt_alloc_fail(err, engine->alloc, sizeof *runner, "an interpreter");
  const lrt_status status = fill_runner(engine, runner, err);
  if (status == LRT_OK)
    *out = runner;
  else
    destroy_runner(runner);
  return status;
}

lrt_status lrt_engine_borrow(lrt_engine *engine, lrt_llm_runner **out, lrt_error *err) {
  lrt_llm_runner *runner;
  pthread_mutex_lock(&engine->lock);
  for (runner = engine->runners; runner != NULL && runner->lent; runner = runner->next) {
  }
  if (runner != NULL) runner->lent = true;
  pthread_mutex_unlock(&engine->lock);
  if (runner == NULL) {
    LRT_TRY(make_runner(engine, &runner, err));
    runner->lent = true;
    pthread_mutex_lock(&engine->lock);
    runner->next = engine->runners;
    engine->runners = runner;
    pthread_mutex_unlock(&engine->lock);
  }
  *out = runner;
  return LRT_OK;
}

void lrt_engine_give_back(lrt_engine *engine, lrt_llm_runner *runner) {
  pthread_mutex_lock(&engine->lock);
  runner->lent = false;
  pthread_mutex_unlock(&engine->lock);
}
