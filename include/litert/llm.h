/* llm.h: language models: engines hold weights, sessions hold text and its cache, answers come token by token. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LITERT_LLM_H
#define LITERT_LLM_H

#include "litert/interpreter.h"
#include "litert/tokenizer.h"

#ifdef __cplusplus
extern "C" {
#endif

/* In ten lines, with every returned status checked:
 *
 *   lrt_engine *engine;  lrt_session *session;  lrt_token token;
 *   lrt_engine_open("model.litertlm", NULL, &engine, &err);
 *   lrt_session_create(engine, NULL, &session, &err);
 *   lrt_session_append(session, prompt_ids, prompt_count, &err);
 *   lrt_session_begin(session, NULL, &err);                      NULL: greedy, until the model stops
 *   do lrt_session_next(session, &token, &err); while (token.finish == LRT_FINISH_NONE);
 *   lrt_session_destroy(session);
 *   lrt_engine_destroy(engine);
 *
 * Which models. A .litertlm or .task bundle, or a .tflite file by itself. How tokens go in is told by the names,
 * shapes and types of the inputs, never by the names of signatures:
 *   tokens, input_pos, mask            tokens, input_pos (the mask is built inside)
 *   token_ids, positions, attn_mask    embeddings[, per_layer_embeddings], input_pos, mask (with the bundle's embedders)
 *   token_ids, padding_mask -> logits  (no cache: the whole text is run again for each token)
 * Every input that has an output of the same name (or that the bundle's executor metadata pairs) is a cache. The
 * dimension that counts positions is that along which the cache is written, whatever the layout.
 *
 * Threads. An engine is immutable and may be used by any number of threads. A session belongs to one thread at a time;
 * sessions of one engine run concurrently. lrt_session_cancel may be called from any thread.
 *
 * Positions. A token takes one position of the context. The cache is filled when logits are asked for, not when tokens
 * are appended; what is in it already is not computed again: an append, a rewind or a whole new text costs only the
 * tokens behind the longest common beginning. */

/* ---- engine ---- */

typedef struct lrt_engine lrt_engine;

typedef struct lrt_engine_options {
  const char *
      tokenizer; /* file: overrides the bundle's tokenizer, or gives a .tflite file one; NULL = the bundle's */
  const char *chat_template; /* Jinja text that overrides the bundle's; NULL = the bundle's */
  int num_threads;           /* 0 = the cores this process may use */
  lrt_threads *threads;      /* a team to share; overrides num_threads; the engine takes a reference */
  lrt_mode mode;             /* numerics; LRT_MODE_REF is slow */
  int32_t max_context;       /* use at most this many positions; 0 = all that the model has */
  lrt_limits limits; /* bytes: of each interpreter; steps and seconds: of each pass through the model */
} lrt_engine_options;

/* Opens a model file; `options` may be NULL. Errors: NOT_FOUND, IO; INVALID_MODEL (damaged, or no language model in
 * it); UNSUPPORTED (inputs that no known family has: the message names them). */
LRT_API lrt_status lrt_engine_open(const char *path, const lrt_engine_options *options, lrt_engine **out,
                                   lrt_error *err);
/* The same over an open model, of which the engine takes a reference. */
LRT_API lrt_status lrt_engine_create(lrt_model *model, const lrt_engine_options *options, lrt_engine **out,
                                     lrt_error *err);
LRT_API lrt_engine *lrt_engine_retain(lrt_engine *engine);
/* Drops one reference; NULL is fine. Sessions hold one each. */
LRT_API void lrt_engine_destroy(lrt_engine *engine);

typedef struct lrt_engine_info {
  const char *family;           /* "tokens,input_pos,mask" … as listed above */
  int32_t context;              /* positions */
  int32_t vocabulary;           /* logits per position */
  const int32_t *prefill_sizes; /* [prefill_count] tokens per pass, ascending; decode's 1 is not among them */
  int32_t prefill_count;
  int32_t cache_count;  /* state tensors; 0 = stateless */
  uint64_t cache_bytes; /* per session */
  const char
      *cache_layout; /* "[1,heads,seq,dim] [1,heads,dim,seq]": of the first two caches, seq where it is */
  const int32_t *start_ids; /* [start_count] what the model wants in front of every text */
  size_t start_count;
  const int32_t *stop_ids; /* [stop_count] tokens that end an answer */
  size_t stop_count;
  const char *model_type; /* of the bundle's metadata: "gemma3"; "" where it says nothing */
  double load_seconds;
  int chats; /* conversations: 1 = can hold them; 0 = has no tokenizer or no chat template; -1 = has a template that
                this library cannot compile (lrt_conversation_create says why) */
} lrt_engine_info;
/* Pointers belong to the engine. */
LRT_API void lrt_engine_describe(const lrt_engine *engine, lrt_engine_info *out);
/* Borrowed. */
LRT_API lrt_model *lrt_engine_model(const lrt_engine *engine);
/* Borrowed; NULL where there is none: the engine then works on token ids only. */
LRT_API lrt_tokenizer *lrt_engine_tokenizer(const lrt_engine *engine);
/* Memory of all interpreters the engine has made (one for each session that ran at the same time as others). */
LRT_API void lrt_engine_memory(const lrt_engine *engine, lrt_memory_info *out);

/* ---- sampling ---- */

/* Added to the logit of a token. */
typedef struct lrt_logit_bias {
  int32_t id;
  float bias; /* -INFINITY forbids the token */
} lrt_logit_bias;

/* How the next token is chosen (lrt_engine_sampling gives what the bundle recommends); all zeros = greedy. The steps, in this order:
 *   logit += bias;  suppressed tokens become impossible
 *   repetition_penalty r: tokens of the last `penalty_window` (prompt and answer) get logit / r where it is positive,
 *     else logit * r (CTRL, arXiv 1909.05858)
 *   tokens of the answer so far get logit - presence_penalty - count * frequency_penalty (as in OpenAI's API)
 *   temperature 0: the largest logit, of equals the lowest id; else p = softmax(logit / temperature)
 *   top_k: the k most probable; top_p: of these, the fewest that together have at least top_p of their mass; min_p: of
 *     these, those with at least min_p times the probability of the most probable one
 *   one of the rest by its probability, with one draw of the generator
 * The generator is SplitMix64 (Steele, Lea, Flood, OOPSLA 2014), begun with `seed`; a draw is its upper 53 bits times
 * 2^-53. The same seed, ids and machine give the same text, whatever the number of threads. */
typedef struct lrt_sampling {
  float temperature;        /* 0 = greedy */
  int32_t top_k;            /* 0 = all */
  float top_p;              /* 0 or >= 1 = all */
  float min_p;              /* 0 = all */
  float repetition_penalty; /* 0 or 1 = none */
  float presence_penalty;   /* 0 = none */
  float frequency_penalty;  /* 0 = none */
  int32_t penalty_window;   /* 0 = the whole text */
  uint64_t seed;
  const lrt_logit_bias *bias; /* [bias_count] */
  size_t bias_count;
  const int32_t *suppress; /* [suppress_count] tokens never chosen */
  size_t suppress_count;
} lrt_sampling;

/* The sampling that the bundle's metadata recommends, greedy where it says nothing. */
LRT_API void lrt_engine_sampling(const lrt_engine *engine, lrt_sampling *out);

/* ---- answers ---- */

/* X(NAME, "name") */
#define LRT_FINISH_LIST(X)                                                                                   \
  X(NONE, "none")                                                                                            \
  X(STOP_ID, "stop")        /* the model ended its answer, or chose a stop id */                             \
  X(STOP_TEXT, "stop_text") /* a stop text was found; it is not part of the answer */                        \
  X(LENGTH, "length")       /* max_tokens */                                                                 \
  X(CONTEXT, "context")     /* the context is full */                                                        \
  X(CANCELLED, "cancelled") /* lrt_session_cancel */                                                         \
  X(CALLBACK, "callback")   /* the callback asked for it */

/* Why an answer ended. */
typedef enum lrt_finish {
#define LRT_FINISH_ENUM(name, text) LRT_FINISH_##name,
  LRT_FINISH_LIST(LRT_FINISH_ENUM)
#undef LRT_FINISH_ENUM
} lrt_finish;
/* "stop", "length" …; "unknown" for other numbers. */
LRT_API const char *lrt_finish_name(lrt_finish finish);

/* A token and its natural log-probability under the model's own distribution: before bias, penalties, temperature. */
typedef struct lrt_token_logprob {
  int32_t id;
  float logprob;
} lrt_token_logprob;

/* One step of an answer; pointers are valid until the next call on the session. */
typedef struct lrt_token {
  int32_t id;                   /* -1: no token in this step (the answer is over) */
  float logprob;                /* where asked for, else 0 */
  const lrt_token_logprob *top; /* [top_count] the most probable, best first */
  int32_t top_count;
  const char
      *text; /* [text_length] whole UTF-8 characters that are certain by now, NUL-terminated; often "" */
  size_t text_length;
  lrt_finish finish; /* NONE, or this is the last step */
} lrt_token;

/* Called for each step; anything but 0 ends the answer after it. */
typedef int (*lrt_token_fn)(void *user, const lrt_token *token);

typedef struct lrt_generate_options {
  lrt_sampling sampling;
  int32_t max_tokens;      /* 0 = until the model stops or the context is full */
  const int32_t *stop_ids; /* [stop_id_count] besides the model's own */
  size_t stop_id_count;
  int ignore_stops; /* the model's own stop tokens do not end the answer */
  const char *const
      *stop_texts; /* [stop_text_count] UTF-8, found across tokens too; text that may be the beginning of
                                    one is held back until that is decided. Needs a tokenizer. */
  size_t stop_text_count;
  int show_special;      /* special tokens are part of the text */
  int32_t logprobs;      /* 0 = none; n >= 1: of each token, and the n most probable ones */
  lrt_token_fn on_token; /* may be NULL; for lrt_session_generate */
  void *user;
} lrt_generate_options;

typedef struct lrt_timings {
  int32_t prefill_tokens; /* computed, not those found in the cache */
  double prefill_s;
  double first_token_s;  /* from the beginning of the prefill to the first token */
  int32_t decode_tokens; /* tokens after the first */
  double decode_s;
} lrt_timings;

/* A whole answer; pointers are valid until the next call on the session. */
typedef struct lrt_answer {
  const int32_t *ids;    /* [count] every token chosen, the stop id included */
  const float *logprobs; /* [count], NULL where not asked for */
  size_t count;
  const char
      *text; /* [text_length] NUL-terminated, without what stopped it; "" where there is no tokenizer */
  size_t text_length;
  lrt_finish finish;
  lrt_timings timings;
} lrt_answer;

/* ---- session ---- */

typedef struct lrt_session lrt_session;

typedef enum lrt_context_policy {
  LRT_CONTEXT_ERROR =
      0,            /* a full context ends the answer with OVER_BUDGET and one sentence with the numbers */
  LRT_CONTEXT_SLIDE /* the older half of the text behind the first `keep` tokens is dropped; the rest is prefilled
                       again, because positions are part of what the cache holds */
} lrt_context_policy;

typedef struct lrt_session_options {
  lrt_context_policy policy;
  int32_t keep; /* SLIDE: tokens at the beginning that stay (a system message) */
} lrt_session_options;

/* An empty session; `options` may be NULL. Errors: OUT_OF_MEMORY, OVER_BUDGET. */
LRT_API lrt_status lrt_session_create(lrt_engine *engine, const lrt_session_options *options,
                                      lrt_session **out, lrt_error *err);
/* NULL is fine. */
LRT_API void lrt_session_destroy(lrt_session *session);
/* An independent session with the same text, cache, and state of an answer under way, random numbers included. */
LRT_API lrt_status lrt_session_clone(const lrt_session *session, lrt_session **out, lrt_error *err);

/* The text so far: [count] tokens, the prompt's and the chosen ones; valid until the next call on the session. */
LRT_API const int32_t *lrt_session_ids(const lrt_session *session, size_t *count);
/* Appends tokens. Errors: INVALID_ARGUMENT for ids outside the vocabulary, and for more tokens than the context has
 * positions (with LRT_CONTEXT_SLIDE too: a prompt is never cut silently). Ends an answer under way. */
LRT_API lrt_status lrt_session_append(lrt_session *session, const int32_t *ids, size_t count, lrt_error *err);
/* Appends text: [length] UTF-8; texts of special tokens become their ids. An empty session gets the model's start tokens
 * first. Errors: those of lrt_session_append; UNSUPPORTED without a tokenizer; INVALID_ARGUMENT for bytes that are no
 * UTF-8. */
LRT_API lrt_status lrt_session_append_text(lrt_session *session, const char *text, size_t length,
                                           lrt_error *err);
/* Makes `ids` the whole text; the beginning it shares with the present text is not computed again. */
LRT_API lrt_status lrt_session_set(lrt_session *session, const int32_t *ids, size_t count, lrt_error *err);
/* Cuts the text to its first `count` tokens. INVALID_ARGUMENT when it is shorter. */
LRT_API lrt_status lrt_session_rewind(lrt_session *session, size_t count, lrt_error *err);
/* Brings everything but the last token into the cache now rather than with the first step of an answer. */
LRT_API lrt_status lrt_session_prefill(lrt_session *session, lrt_error *err);
/* Tokens whose cache is filled and still right. */
LRT_API size_t lrt_session_cached(const lrt_session *session);

/* A checkpoint is a copy of the text and of an answer under way, not of the cache: restoring it costs the tokens that
 * the cache no longer holds. It may be restored any number of times, into any session of the engine. */
typedef struct lrt_checkpoint lrt_checkpoint;
LRT_API lrt_status lrt_session_save(const lrt_session *session, lrt_checkpoint **out, lrt_error *err);
/* Errors: INVALID_ARGUMENT where the checkpoint is another engine's. */
LRT_API lrt_status lrt_session_restore(lrt_session *session, const lrt_checkpoint *checkpoint,
                                       lrt_error *err);
/* NULL is fine. */
LRT_API void lrt_checkpoint_destroy(lrt_checkpoint *checkpoint);

/* Begins an answer; everything in `options` (NULL = greedy) is copied. Errors: INVALID_ARGUMENT for options out of
 * range; WRONG_STATE when the text is empty. */
LRT_API lrt_status lrt_session_begin(lrt_session *session, const lrt_generate_options *options,
                                     lrt_error *err);
/* The next token, which also becomes part of the text. After the last one: id -1 and the same `finish` again. Errors:
 * WRONG_STATE before begin; OVER_BUDGET when the context is full; CANCELLED; those of running the model. */
LRT_API lrt_status lrt_session_next(lrt_session *session, lrt_token *out, lrt_error *err);
/* begin, then next until the end. After OVER_BUDGET and CANCELLED `out` (may be NULL) holds what came before. */
LRT_API lrt_status lrt_session_generate(lrt_session *session, const lrt_generate_options *options,
                                        lrt_answer *out, lrt_error *err);
/* What the last answer was, as far as it got. */
LRT_API void lrt_session_answer(const lrt_session *session, lrt_answer *out);
/* Appends `ids` and gives the natural log-probability of each of them after all before it: logprobs [count]. With an
 * empty text the first token has nothing to be predicted from: WRONG_STATE. */
LRT_API lrt_status lrt_session_score(lrt_session *session, const int32_t *ids, size_t count, float *logprobs,
                                     lrt_error *err);
/* Logits of the token that would come next: [vocabulary], valid until the next call on the session. */
LRT_API lrt_status lrt_session_logits(lrt_session *session, const float **out, lrt_error *err);
/* From any thread: stops the running call of the session, or the answer under way with its next call. That call returns
 * CANCELLED, at the latest after the pass that is running, and the session can be used again. */
LRT_API void lrt_session_cancel(lrt_session *session);

/* ---- conversation ---- */

/* A list of messages over a session of its own. Each answer is made from all of them: the model's chat template turns
 * them into one text, of which only what the cache does not hold yet is computed. */
typedef struct lrt_conversation lrt_conversation;

/* Texts are copied. */
typedef struct lrt_conversation_options {
  const char *system; /* first message, role "system"; NULL = none */
  const char *tools;  /* JSON array that the template sees as `tools`; NULL = none */
  const char *extra;  /* JSON object whose members the template sees beside the messages; NULL = none */
  lrt_session_options session;
} lrt_conversation_options;

/* Without messages, but for the system's; `options` may be NULL. Errors: UNSUPPORTED where the engine has no tokenizer
 * or no chat template, or one that this library cannot compile; INVALID_ARGUMENT for texts that are no such JSON. */
LRT_API lrt_status lrt_conversation_create(lrt_engine *engine, const lrt_conversation_options *options,
                                           lrt_conversation **out, lrt_error *err);
/* NULL is fine. */
LRT_API void lrt_conversation_destroy(lrt_conversation *conversation);
/* Independent, with the same messages and cache, and the answer under way. */
LRT_API lrt_status lrt_conversation_clone(const lrt_conversation *conversation, lrt_conversation **out,
                                          lrt_error *err);
/* Its session, borrowed: for timings, cancelling (from any thread), rewinding. */
LRT_API lrt_session *lrt_conversation_session(lrt_conversation *conversation);

/* Appends a message: role "user", "assistant", "system", "tool" …, content [length] UTF-8. */
LRT_API lrt_status lrt_conversation_add(lrt_conversation *conversation, const char *role, const char *content,
                                        size_t length, lrt_error *err);
/* Appends a message given as a JSON object {"role": …, "content": a text or a list, …}, or an array of such objects. */
LRT_API lrt_status lrt_conversation_add_json(lrt_conversation *conversation, const char *json, size_t length,
                                             lrt_error *err);
/* Number of messages; cutting the list to its first `count`. INVALID_ARGUMENT when there are fewer. */
LRT_API size_t lrt_conversation_count(const lrt_conversation *conversation);
LRT_API lrt_status lrt_conversation_rewind(lrt_conversation *conversation, size_t count, lrt_error *err);
/* All messages as a JSON array, and the text that the template makes of them (with the beginning of an answer where
 * `for_answer`); both are blocks for lrt_text_free. */
LRT_API lrt_status lrt_conversation_messages(const lrt_conversation *conversation, char **json,
                                             size_t *length, lrt_error *err);
LRT_API lrt_status lrt_conversation_render(const lrt_conversation *conversation, int for_answer, char **text,
                                           size_t *length, lrt_error *err);

/* Begins an answer to the messages. Errors: those of lrt_session_begin and of the template; INVALID_ARGUMENT when the text
 * is longer than the context; WRONG_STATE without messages. */
LRT_API lrt_status lrt_conversation_begin(lrt_conversation *conversation, const lrt_generate_options *options,
                                          lrt_error *err);
/* The next step, as lrt_session_next. With the last one the answer becomes a message of role "assistant", also when it
 * was cancelled or the context is full, unless it is empty. */
LRT_API lrt_status lrt_conversation_next(lrt_conversation *conversation, lrt_token *out, lrt_error *err);
/* begin, then next until the end; `out` may be NULL. */
LRT_API lrt_status lrt_conversation_answer(lrt_conversation *conversation,
                                           const lrt_generate_options *options, lrt_answer *out,
                                           lrt_error *err);

#ifdef __cplusplus
}
#endif
#endif
