/* core_llm.c: litert._core.Engine, Session, Conversation and Checkpoint. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "litert/llm.h"

#include <stdlib.h>
#include <string.h>

#include "core.h"
#include "core_watch.h"

typedef struct core_engine {
  PyObject_HEAD lrt_engine *engine;
} core_engine;

/* A session, or a conversation and the session it owns. */
typedef struct core_session {
  PyObject_HEAD lrt_session *session;
  lrt_conversation *conversation; /* or NULL */
  core_engine *engine;
  int running;  /* a call that released the lock of Python is under way */
  int is_first; /* the next step prefills */
} core_session;

typedef struct core_checkpoint {
  PyObject_HEAD lrt_checkpoint *checkpoint;
} core_checkpoint;

static PyTypeObject *engine_type, *session_type, *conversation_type, *checkpoint_type;

/* ---- ids ---- */

/* Ids of a list in a block for PyMem_Free; NULL with an exception set. */
static int32_t *ids_of(PyObject *list, size_t *count) {
  const Py_ssize_t size = PyList_Size(list);
  int32_t *ids = PyMem_Malloc(((size_t)size + 1) * sizeof *ids);
  if (ids == NULL) PyErr_NoMemory();
  for (Py_ssize_t i = 0; ids != NULL && i < size; i++) {
    const long long id = PyLong_AsLongLong(PyList_GetItem(list, i));
    if (PyErr_Occurred() != NULL) {
      PyMem_Free(ids);
      return NULL;
    }
    ids[i] = id >= 0 && id <= INT32_MAX ? (int32_t)id : -1; /* which no token has */
  }
  *count = (size_t)size;
  return ids;
}

static PyObject *list_of(const int32_t *ids, size_t count) {
  PyObject *list = PyList_New((Py_ssize_t)count);
  for (size_t i = 0; list != NULL && i < count; i++) {
    PyObject *id = PyLong_FromLong(ids[i]);
    if (id == NULL || PyList_SetItem(list, (Py_ssize_t)i, id) != 0) Py_CLEAR(list);
  }
  return list;
}

static PyObject *floats_of(const float *values, size_t count) {
  PyObject *list = PyList_New((Py_ssize_t)count);
  for (size_t i = 0; list != NULL && i < count; i++) {
    PyObject *value = PyFloat_FromDouble((double)values[i]);
    if (value == NULL || PyList_SetItem(list, (Py_ssize_t)i, value) != 0) Py_CLEAR(list);
  }
  return list;
}

static PyObject *text_of(const char *text, size_t length) {
  return PyUnicode_DecodeUTF8(text, (Py_ssize_t)length, "replace");
}

/* ---- engine ---- */

static lrt_status open_engine(const char *path, lrt_engine_options *options, int wanted, lrt_engine **out,
                              lrt_error *err) {
  if (wanted >= 0) {
    options->num_threads = wanted;
  } else {
    const lrt_status status = lrt_threads_shared(0, &options->threads, err);
    if (status != LRT_OK) return status;
  }
  const lrt_status status = lrt_engine_open(path, options, out, err);
  lrt_threads_destroy(options->threads);
  return status;
}

/* Engine.open(path, tokenizer or None, chat_template or None, threads, mode, max_context, max_bytes); threads -1 = the
 * cores that this process may use. */
static PyObject *engine_open(PyObject *unused, PyObject *args) {
  PyObject *path = NULL, *tokenizer = NULL;
  const char *chat_template = NULL;
  int threads = -1, mode = 0, max_context = 0;
  unsigned long long max_bytes = 0;
  lrt_engine *native = NULL;
  lrt_error err = {LRT_OK, ""};
  lrt_status status;
  (void)unused;
  if (!PyArg_ParseTuple(args, "O&O&ziiiK", PyUnicode_FSConverter, &path, PyUnicode_FSConverter, &tokenizer,
                        &chat_template, &threads, &mode, &max_context, &max_bytes))
    return NULL;
  const char *tokenizer_name = PyBytes_AsString(tokenizer), *name = PyBytes_AsString(path);
  lrt_engine_options options = {.tokenizer = tokenizer_name[0] != '\0' ? tokenizer_name : NULL,
                                .chat_template = chat_template,
                                .mode = (lrt_mode)mode,
                                .max_context = max_context,
                                .limits = {.bytes = max_bytes}};
  Py_BEGIN_ALLOW_THREADS status = open_engine(name, &options, threads, &native, &err);
  Py_END_ALLOW_THREADS Py_DECREF(path);
  Py_DECREF(tokenizer);
  core_deliver_log();
  if (status != LRT_OK) return core_raise(&err);
  core_engine *self = PyObject_New(core_engine, engine_type);
  if (self != NULL)
    self->engine = native;
  else
    lrt_engine_destroy(native);
  return (PyObject *)self;
}

static lrt_engine *engine_of(PyObject *self) {
  return ((core_engine *)self)->engine;
}

/* describe() -> dict: the members of lrt_engine_info */
static PyObject *engine_describe(PyObject *self, PyObject *unused) {
  lrt_engine_info info;
  PyObject *dict = PyDict_New();
  (void)unused;
  lrt_engine_describe(engine_of(self), &info);
  if (dict == NULL || core_put(dict, "family", core_text(info.family)) != 0 ||
      core_put(dict, "name", core_text(lrt_model_name(lrt_engine_model(engine_of(self))))) != 0 ||
      core_put(dict, "context", PyLong_FromLong(info.context)) != 0 ||
      core_put(dict, "vocabulary", PyLong_FromLong(info.vocabulary)) != 0 ||
      core_put(dict, "prefill_sizes", core_index_tuple(info.prefill_sizes, info.prefill_count)) != 0 ||
      core_put(dict, "cache_count", PyLong_FromLong(info.cache_count)) != 0 ||
      core_put(dict, "cache_bytes", PyLong_FromUnsignedLongLong(info.cache_bytes)) != 0 ||
      core_put(dict, "cache_layout", core_text(info.cache_layout)) != 0 ||
      core_put(dict, "start_ids", list_of(info.start_ids, info.start_count)) != 0 ||
      core_put(dict, "stop_ids", list_of(info.stop_ids, info.stop_count)) != 0 ||
      core_put(dict, "model_type", core_text(info.model_type)) != 0 ||
      core_put(dict, "load_seconds", PyFloat_FromDouble(info.load_seconds)) != 0 ||
      core_put(dict, "chats", PyLong_FromLong(info.chats)) != 0)
    Py_CLEAR(dict);
  return dict;
}

/* memory() -> (file bytes, packed weights, activations, in use, peak) */
static PyObject *engine_memory(PyObject *self, PyObject *unused) {
  lrt_memory_info memory;
  const lrt_model *model = lrt_engine_model(engine_of(self));
  (void)unused;
  lrt_engine_memory(engine_of(self), &memory);
  return Py_BuildValue("KKKKK", (unsigned long long)lrt_model_file_bytes(model),
                       (unsigned long long)lrt_model_packed_bytes(model), (unsigned long long)memory.arena,
                       (unsigned long long)memory.in_use, (unsigned long long)memory.peak);
}

/* sampling() -> (temperature, top_k, top_p, seed): what the bundle recommends */
static PyObject *engine_sampling(PyObject *self, PyObject *unused) {
  lrt_sampling s;
  (void)unused;
  lrt_engine_sampling(engine_of(self), &s);
  return Py_BuildValue("didK", (double)s.temperature, (int)s.top_k, (double)s.top_p,
                       (unsigned long long)s.seed);
}

/* tokenizer() -> Tokenizer or None */
static PyObject *engine_tokenizer(PyObject *self, PyObject *unused) {
  lrt_tokenizer *tokenizer = lrt_engine_tokenizer(engine_of(self));
  (void)unused;
  if (tokenizer == NULL) Py_RETURN_NONE;
  return core_wrap_tokenizer(lrt_tokenizer_retain(tokenizer));
}

static PyObject *new_session(PyTypeObject *type, core_engine *engine, lrt_session *session,
                             lrt_conversation *conversation) {
  core_session *self = PyObject_New(core_session, type);
  if (self == NULL) {
    if (conversation == NULL) lrt_session_destroy(session);
    lrt_conversation_destroy(conversation);
    return NULL;
  }
  Py_INCREF((PyObject *)engine);
  self->session = session;
  self->conversation = conversation;
  self->engine = engine;
  self->running = 0;
  self->is_first = 1;
  return (PyObject *)self;
}

/* session(slide, keep) -> Session */
static PyObject *engine_session(PyObject *self, PyObject *args) {
  int slide = 0, keep = 0;
  lrt_session *native = NULL;
  lrt_error err = {LRT_OK, ""};
  lrt_status status;
  if (!PyArg_ParseTuple(args, "pi", &slide, &keep)) return NULL;
  const lrt_session_options options = {slide ? LRT_CONTEXT_SLIDE : LRT_CONTEXT_ERROR, keep};
  Py_BEGIN_ALLOW_THREADS status = lrt_session_create(engine_of(self), &options, &native, &err);
  Py_END_ALLOW_THREADS core_deliver_log();
  if (status != LRT_OK) return core_raise(&err);
  return new_session(session_type, (core_engine *)self, native, NULL);
}

/* conversation(system, tools, extra: str or None, slide, keep) -> Conversation */
static PyObject *engine_conversation(PyObject *self, PyObject *args) {
  lrt_conversation_options options = {0};
  int slide = 0, keep = 0;
  lrt_conversation *native = NULL;
  lrt_error err = {LRT_OK, ""};
  lrt_status status;
  if (!PyArg_ParseTuple(args, "zzzpi", &options.system, &options.tools, &options.extra, &slide, &keep))
    return NULL;
  options.session = (lrt_session_options){slide ? LRT_CONTEXT_SLIDE : LRT_CONTEXT_ERROR, keep};
  Py_BEGIN_ALLOW_THREADS status = lrt_conversation_create(engine_of(self), &options, &native, &err);
  Py_END_ALLOW_THREADS core_deliver_log();
  if (status != LRT_OK) return core_raise(&err);
  return new_session(conversation_type, (core_engine *)self, lrt_conversation_session(native), native);
}

static void engine_dealloc(PyObject *self) {
  PyTypeObject *type = Py_TYPE(self);
  lrt_engine_destroy(engine_of(self));
  PyObject_Free(self);
  Py_DECREF(type);
}

static PyMethodDef engine_methods[] = {
    {"open", engine_open, METH_VARARGS | METH_STATIC, NULL},
    {"describe", engine_describe, METH_NOARGS, NULL},
    {"memory", engine_memory, METH_NOARGS, NULL},
    {"sampling", engine_sampling, METH_NOARGS, NULL},
    {"tokenizer", engine_tokenizer, METH_NOARGS, NULL},
    {"session", engine_session, METH_VARARGS, NULL},
    {"conversation", engine_conversation, METH_VARARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot engine_slots[] = {
    {Py_tp_new, (void *)core_refuse_new},
    {Py_tp_dealloc, (void *)engine_dealloc},
    {Py_tp_methods, (void *)engine_methods},
    {0, NULL},
};

static PyType_Spec engine_spec = {"litert._core.Engine", (int)sizeof(core_engine), 0, Py_TPFLAGS_DEFAULT,
                                  engine_slots};

/* ---- session ---- */

/* The session for one call, or NULL with an exception while another thread uses it. */
static core_session *idle(PyObject *self) {
  core_session *s = (core_session *)self;
  const lrt_error err = {LRT_WRONG_STATE,
                         "the session is running in another thread; use one session per thread"};
  if (!s->running) return s;
  core_raise(&err);
  return NULL;
}

/* A call that may take long: without the lock of Python, and stopped by Ctrl-C. */
static lrt_status run_watched(core_session *s, core_work_fn work, void *argument, int *interrupted) {
  s->running = 1;
  const lrt_status status = core_watch(work, argument, s->session, interrupted);
  s->running = 0;
  core_deliver_log();
  return status;
}

/* append(ids) */
static PyObject *session_append(PyObject *self, PyObject *args) {
  core_session *s = idle(self);
  PyObject *list = NULL;
  size_t count = 0;
  lrt_error err = {LRT_OK, ""};
  if (s == NULL || !PyArg_ParseTuple(args, "O!", &PyList_Type, &list)) return NULL;
  int32_t *ids = ids_of(list, &count);
  if (ids == NULL) return NULL;
  const lrt_status status = lrt_session_append(s->session, ids, count, &err);
  PyMem_Free(ids);
  if (status != LRT_OK) return core_raise(&err);
  Py_RETURN_NONE;
}

/* set(ids) */
static PyObject *session_set(PyObject *self, PyObject *args) {
  core_session *s = idle(self);
  PyObject *list = NULL;
  size_t count = 0;
  lrt_error err = {LRT_OK, ""};
  if (s == NULL || !PyArg_ParseTuple(args, "O!", &PyList_Type, &list)) return NULL;
  int32_t *ids = ids_of(list, &count);
  if (ids == NULL) return NULL;
  const lrt_status status = lrt_session_set(s->session, ids, count, &err);
  PyMem_Free(ids);
  if (status != LRT_OK) return core_raise(&err);
  Py_RETURN_NONE;
}

/* append_text(text: UTF-8 bytes) */
static PyObject *session_append_text(PyObject *self, PyObject *args) {
  core_session *s = idle(self);
  const char *text = NULL;
  Py_ssize_t length = 0;
  lrt_error err = {LRT_OK, ""};
  if (s == NULL || !PyArg_ParseTuple(args, "y#", &text, &length)) return NULL;
  if (lrt_session_append_text(s->session, text, (size_t)length, &err) != LRT_OK) return core_raise(&err);
  Py_RETURN_NONE;
}

static PyObject *session_rewind(PyObject *self, PyObject *args) {
  core_session *s = idle(self);
  Py_ssize_t count = 0;
  lrt_error err = {LRT_OK, ""};
  if (s == NULL || !PyArg_ParseTuple(args, "n", &count)) return NULL;
  if (lrt_session_rewind(s->session, count < 0 ? SIZE_MAX : (size_t)count, &err) != LRT_OK)
    return core_raise(&err);
  Py_RETURN_NONE;
}

static PyObject *session_ids(PyObject *self, PyObject *unused) {
  const core_session *s = idle(self);
  size_t count = 0;
  (void)unused;
  if (s == NULL) return NULL;
  const int32_t *ids = lrt_session_ids(s->session, &count);
  return list_of(ids, count);
}

static PyObject *session_cached(PyObject *self, PyObject *unused) {
  const core_session *s = idle(self);
  (void)unused;
  return s != NULL ? PyLong_FromSize_t(lrt_session_cached(s->session)) : NULL;
}

typedef struct prefill_call {
  lrt_session *session;
  lrt_error error;
} prefill_call;

static lrt_status do_prefill(void *argument) {
  prefill_call *call = argument;
  return lrt_session_prefill(call->session, &call->error);
}

static PyObject *session_prefill(PyObject *self, PyObject *unused) {
  core_session *s = idle(self);
  int interrupted = 0;
  (void)unused;
  if (s == NULL) return NULL;
  prefill_call call = {s->session, {LRT_OK, ""}};
  const lrt_status status = run_watched(s, do_prefill, &call, &interrupted);
  if (interrupted) return NULL;
  if (status != LRT_OK) return core_raise(&call.error);
  Py_RETURN_NONE;
}

typedef struct score_call {
  lrt_session *session;
  const int32_t *ids;
  size_t count;
  float *logprobs;
  lrt_error error;
} score_call;

static lrt_status do_score(void *argument) {
  score_call *call = argument;
  return lrt_session_score(call->session, call->ids, call->count, call->logprobs, &call->error);
}

/* score(ids) -> [logprob] */
static PyObject *session_score(PyObject *self, PyObject *args) {
  core_session *s = idle(self);
  PyObject *list = NULL, *result = NULL;
  size_t count = 0;
  int interrupted = 0;
  if (s == NULL || !PyArg_ParseTuple(args, "O!", &PyList_Type, &list)) return NULL;
  int32_t *ids = ids_of(list, &count);
  if (ids == NULL) return NULL;
  float *logprobs = PyMem_Malloc((count + 1) * sizeof *logprobs);
  if (logprobs == NULL) {
    PyErr_NoMemory();
  } else {
    score_call call = {s->session, ids, count, logprobs, {LRT_OK, ""}};
    const lrt_status status = run_watched(s, do_score, &call, &interrupted);
    if (!interrupted) result = status == LRT_OK ? floats_of(logprobs, count) : core_raise(&call.error);
  }
  PyMem_Free(logprobs);
  PyMem_Free(ids);
  return result;
}

/* From any thread. */
static PyObject *session_cancel(PyObject *self, PyObject *unused) {
  (void)unused;
  lrt_session_cancel(((core_session *)self)->session);
  Py_RETURN_NONE;
}

static PyObject *session_clone(PyObject *self, PyObject *unused) {
  core_session *s = idle(self);
  lrt_session *session = NULL;
  lrt_conversation *conversation = NULL;
  lrt_error err = {LRT_OK, ""};
  lrt_status status;
  (void)unused;
  if (s == NULL) return NULL;
  s->running = 1;
  Py_BEGIN_ALLOW_THREADS if (s->conversation != NULL) status =
      lrt_conversation_clone(s->conversation, &conversation, &err);
  else status = lrt_session_clone(s->session, &session, &err);
  Py_END_ALLOW_THREADS s->running = 0;
  if (status != LRT_OK) return core_raise(&err);
  if (conversation != NULL) session = lrt_conversation_session(conversation);
  return new_session(Py_TYPE(self), s->engine, session, conversation);
}

static PyObject *session_save(PyObject *self, PyObject *unused) {
  core_session *s = idle(self);
  lrt_checkpoint *native = NULL;
  lrt_error err = {LRT_OK, ""};
  (void)unused;
  if (s == NULL) return NULL;
  if (lrt_session_save(s->session, &native, &err) != LRT_OK) return core_raise(&err);
  core_checkpoint *checkpoint = PyObject_New(core_checkpoint, checkpoint_type);
  if (checkpoint != NULL)
    checkpoint->checkpoint = native;
  else
    lrt_checkpoint_destroy(native);
  return (PyObject *)checkpoint;
}

static PyObject *session_restore(PyObject *self, PyObject *args) {
  core_session *s = idle(self);
  PyObject *checkpoint = NULL;
  lrt_error err = {LRT_OK, ""};
  if (s == NULL || !PyArg_ParseTuple(args, "O!", checkpoint_type, &checkpoint)) return NULL;
  if (lrt_session_restore(s->session, ((core_checkpoint *)checkpoint)->checkpoint, &err) != LRT_OK)
    return core_raise(&err);
  Py_RETURN_NONE;
}

/* ---- answers ---- */

/* Arrays that options point to. */
typedef struct option_arrays {
  int32_t *stop_ids, *suppress;
  const char **stop_texts;
  lrt_logit_bias *bias;
} option_arrays;

static void free_arrays(option_arrays *a) {
  PyMem_Free(a->stop_ids);
  PyMem_Free(a->suppress);
  PyMem_Free(a->stop_texts);
  PyMem_Free(a->bias);
}

/* The texts of a list of bytes, borrowed; NULL with an exception set. */
static const char **texts_of(PyObject *list, size_t *count) {
  const Py_ssize_t size = PyList_Size(list);
  const char **texts = PyMem_Malloc(((size_t)size + 1) * sizeof *texts);
  if (texts == NULL) PyErr_NoMemory();
  for (Py_ssize_t i = 0; texts != NULL && i < size; i++) {
    texts[i] = PyBytes_AsString(PyList_GetItem(list, i));
    if (texts[i] != NULL) continue;
    PyMem_Free(texts);
    return NULL;
  }
  *count = (size_t)size;
  return texts;
}

/* The entries of a list of (id, bias); NULL with an exception set. */
static lrt_logit_bias *biases_of(PyObject *list, size_t *count) {
  const Py_ssize_t size = PyList_Size(list);
  lrt_logit_bias *entries = PyMem_Malloc(((size_t)size + 1) * sizeof *entries);
  if (entries == NULL) PyErr_NoMemory();
  for (Py_ssize_t i = 0; entries != NULL && i < size; i++) {
    if (PyArg_ParseTuple(PyList_GetItem(list, i), "if", &entries[i].id, &entries[i].bias)) continue;
    PyMem_Free(entries);
    return NULL;
  }
  *count = (size_t)size;
  return entries;
}

static int read_options(PyObject *args, PyObject *keywords, lrt_generate_options *o, option_arrays *a) {
  static char *names[] = {
      "temperature",       "top_k",          "top_p", "min_p",      "repetition_penalty", "presence_penalty",
      "frequency_penalty", "penalty_window", "seed",  "max_tokens", "ignore_stops",       "show_special",
      "logprobs",          "stop_ids",       "stop",  "logit_bias", "suppress_tokens",    NULL};
  lrt_sampling *s = &o->sampling;
  PyObject *stop_ids = NULL, *stop = NULL, *bias = NULL, *suppress = NULL;
  unsigned long long seed = 0;
  if (!PyArg_ParseTupleAndKeywords(
          args, keywords, "|$fifffffiKippiO!O!O!O!", names, &s->temperature, &s->top_k, &s->top_p, &s->min_p,
          &s->repetition_penalty, &s->presence_penalty, &s->frequency_penalty, &s->penalty_window, &seed,
          &o->max_tokens, &o->ignore_stops, &o->show_special, &o->logprobs, &PyList_Type, &stop_ids,
          &PyList_Type, &stop, &PyList_Type, &bias, &PyList_Type, &suppress))
    return -1;
  s->seed = seed;
  if (stop_ids != NULL && (o->stop_ids = a->stop_ids = ids_of(stop_ids, &o->stop_id_count)) == NULL)
    return -1;
  if (stop != NULL && (o->stop_texts = a->stop_texts = texts_of(stop, &o->stop_text_count)) == NULL)
    return -1;
  if (bias != NULL && (s->bias = a->bias = biases_of(bias, &s->bias_count)) == NULL) return -1;
  if (suppress != NULL && (s->suppress = a->suppress = ids_of(suppress, &s->suppress_count)) == NULL)
    return -1;
  return 0;
}

/* begin(**options) -> number of tokens in front of the answer */
static PyObject *session_begin(PyObject *self, PyObject *args, PyObject *keywords) {
  core_session *s = idle(self);
  lrt_generate_options options = {0};
  option_arrays arrays = {0};
  lrt_error err = {LRT_OK, ""};
  size_t count = 0;
  if (s == NULL) return NULL;
  const int failed = read_options(args, keywords, &options, &arrays);
  lrt_status status = LRT_OK;
  if (!failed)
    status = s->conversation != NULL ? lrt_conversation_begin(s->conversation, &options, &err)
                                     : lrt_session_begin(s->session, &options, &err);
  free_arrays(&arrays);
  if (failed) return NULL;
  if (status != LRT_OK) return core_raise(&err);
  s->is_first = 1;
  lrt_session_ids(s->session, &count);
  return PyLong_FromSize_t(count);
}

typedef struct next_call {
  core_session *session;
  lrt_token token;
  lrt_error error;
} next_call;

static lrt_status do_next(void *argument) {
  next_call *call = argument;
  const core_session *s = call->session;
  return s->conversation != NULL ? lrt_conversation_next(s->conversation, &call->token, &call->error)
                                 : lrt_session_next(s->session, &call->token, &call->error);
}

static PyObject *top_of(const lrt_token *token) {
  PyObject *list = PyList_New(token->top_count);
  for (int32_t i = 0; list != NULL && i < token->top_count; i++) {
    PyObject *entry = Py_BuildValue("id", (int)token->top[i].id, (double)token->top[i].logprob);
    if (entry == NULL || PyList_SetItem(list, i, entry) != 0) Py_CLEAR(list);
  }
  return list;
}

/* next() -> (id, text, finish, logprob, [(id, logprob)]); the first step watches for Ctrl-C while it prefills. */
static PyObject *session_next(PyObject *self, PyObject *unused) {
  core_session *s = idle(self);
  next_call call = {.session = s, .error = {LRT_OK, ""}};
  int interrupted = 0;
  lrt_status status;
  (void)unused;
  if (s == NULL) return NULL;
  if (s->is_first) {
    status = run_watched(s, do_next, &call, &interrupted);
    s->is_first = 0;
  } else {
    s->running = 1;
    Py_BEGIN_ALLOW_THREADS status = do_next(&call);
    Py_END_ALLOW_THREADS s->running = 0;
    core_deliver_log();
  }
  if (interrupted) return NULL;
  if (status != LRT_OK) return core_raise(&call.error);
  const lrt_token *t = &call.token;
  return Py_BuildValue("iNsdN", (int)t->id, text_of(t->text, t->text_length), lrt_finish_name(t->finish),
                       (double)t->logprob, top_of(t));
}

static PyObject *timings_of(const lrt_timings *t) {
  return Py_BuildValue("{sisdsdsisd}", "prefill_tokens", (int)t->prefill_tokens, "prefill_s", t->prefill_s,
                       "first_token_s", t->first_token_s, "decode_tokens", (int)t->decode_tokens, "decode_s",
                       t->decode_s);
}

/* answer() -> (ids, text, finish, logprobs or None, timings) */
static PyObject *session_answer(PyObject *self, PyObject *unused) {
  const core_session *s = idle(self);
  lrt_answer answer;
  (void)unused;
  if (s == NULL) return NULL;
  lrt_session_answer(s->session, &answer);
  PyObject *logprobs = Py_None;
  if (answer.logprobs != NULL)
    logprobs = floats_of(answer.logprobs, answer.count);
  else
    Py_INCREF(logprobs);
  return Py_BuildValue("NNsNN", list_of(answer.ids, answer.count), text_of(answer.text, answer.text_length),
                       lrt_finish_name(answer.finish), logprobs, timings_of(&answer.timings));
}

static void session_dealloc(PyObject *self) {
  core_session *s = (core_session *)self;
  PyTypeObject *type = Py_TYPE(self);
  if (s->conversation == NULL) lrt_session_destroy(s->session);
  lrt_conversation_destroy(s->conversation);
  Py_DECREF((PyObject *)s->engine);
  PyObject_Free(self);
  Py_DECREF(type);
}

static PyMethodDef session_methods[] = {
    {"append", session_append, METH_VARARGS, NULL},
    {"append_text", session_append_text, METH_VARARGS, NULL},
    {"set", session_set, METH_VARARGS, NULL},
    {"rewind", session_rewind, METH_VARARGS, NULL},
    {"ids", session_ids, METH_NOARGS, NULL},
    {"cached", session_cached, METH_NOARGS, NULL},
    {"prefill", session_prefill, METH_NOARGS, NULL},
    {"score", session_score, METH_VARARGS, NULL},
    {"cancel", session_cancel, METH_NOARGS, NULL},
    {"clone", session_clone, METH_NOARGS, NULL},
    {"save", session_save, METH_NOARGS, NULL},
    {"restore", session_restore, METH_VARARGS, NULL},
    {"begin", (PyCFunction)(void (*)(void))session_begin, METH_VARARGS | METH_KEYWORDS, NULL},
    {"next", session_next, METH_NOARGS, NULL},
    {"answer", session_answer, METH_NOARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot session_slots[] = {
    {Py_tp_new, (void *)core_refuse_new},
    {Py_tp_dealloc, (void *)session_dealloc},
    {Py_tp_methods, (void *)session_methods},
    {0, NULL},
};

static PyType_Spec session_spec = {"litert._core.Session", (int)sizeof(core_session), 0,
                                   Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE, session_slots};

/* ---- conversation ---- */

/* add(json: UTF-8 bytes): a message, or an array of messages */
static PyObject *conversation_add(PyObject *self, PyObject *args) {
  core_session *s = idle(self);
  const char *json = NULL;
  Py_ssize_t length = 0;
  lrt_error err = {LRT_OK, ""};
  if (s == NULL || !PyArg_ParseTuple(args, "y#", &json, &length)) return NULL;
  if (lrt_conversation_add_json(s->conversation, json, (size_t)length, &err) != LRT_OK)
    return core_raise(&err);
  Py_RETURN_NONE;
}

static PyObject *conversation_count(PyObject *self, PyObject *unused) {
  const core_session *s = idle(self);
  (void)unused;
  return s != NULL ? PyLong_FromSize_t(lrt_conversation_count(s->conversation)) : NULL;
}

static PyObject *conversation_cut(PyObject *self, PyObject *args) {
  core_session *s = idle(self);
  Py_ssize_t count = 0;
  lrt_error err = {LRT_OK, ""};
  if (s == NULL || !PyArg_ParseTuple(args, "n", &count)) return NULL;
  if (lrt_conversation_rewind(s->conversation, count < 0 ? SIZE_MAX : (size_t)count, &err) != LRT_OK)
    return core_raise(&err);
  Py_RETURN_NONE;
}

static PyObject *taken_text(char *text, size_t length) {
  PyObject *result = text_of(text, length);
  lrt_text_free(text);
  return result;
}

static PyObject *conversation_messages(PyObject *self, PyObject *unused) {
  core_session *s = idle(self);
  char *json = NULL;
  size_t length = 0;
  lrt_error err = {LRT_OK, ""};
  (void)unused;
  if (s == NULL) return NULL;
  if (lrt_conversation_messages(s->conversation, &json, &length, &err) != LRT_OK) return core_raise(&err);
  return taken_text(json, length);
}

/* render(for_answer) -> str */
static PyObject *conversation_render(PyObject *self, PyObject *args) {
  core_session *s = idle(self);
  int for_answer = 0;
  char *text = NULL;
  size_t length = 0;
  lrt_error err = {LRT_OK, ""};
  if (s == NULL || !PyArg_ParseTuple(args, "p", &for_answer)) return NULL;
  if (lrt_conversation_render(s->conversation, for_answer, &text, &length, &err) != LRT_OK)
    return core_raise(&err);
  return taken_text(text, length);
}

static PyMethodDef conversation_methods[] = {
    {"add", conversation_add, METH_VARARGS, NULL},
    {"count", conversation_count, METH_NOARGS, NULL},
    {"cut", conversation_cut, METH_VARARGS, NULL},
    {"messages", conversation_messages, METH_NOARGS, NULL},
    {"render", conversation_render, METH_VARARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot conversation_slots[] = {
    {Py_tp_new, (void *)core_refuse_new},
    {Py_tp_dealloc, (void *)session_dealloc},
    {Py_tp_methods, (void *)conversation_methods},
    {0, NULL},
};

static PyType_Spec conversation_spec = {"litert._core.Conversation", (int)sizeof(core_session), 0,
                                        Py_TPFLAGS_DEFAULT, conversation_slots};

/* ---- checkpoint ---- */

static void checkpoint_dealloc(PyObject *self) {
  PyTypeObject *type = Py_TYPE(self);
  lrt_checkpoint_destroy(((core_checkpoint *)self)->checkpoint);
  PyObject_Free(self);
  Py_DECREF(type);
}

static PyType_Slot checkpoint_slots[] = {
    {Py_tp_new, (void *)core_refuse_new},
    {Py_tp_dealloc, (void *)checkpoint_dealloc},
    {0, NULL},
};

static PyType_Spec checkpoint_spec = {"litert._core.Checkpoint", (int)sizeof(core_checkpoint), 0,
                                      Py_TPFLAGS_DEFAULT, checkpoint_slots};

static int add_type(PyObject *module, const char *name, PyType_Spec *spec, PyObject *bases,
                    PyTypeObject **type) {
  *type = (PyTypeObject *)(bases != NULL ? PyType_FromSpecWithBases(spec, bases) : PyType_FromSpec(spec));
  if (*type == NULL) return -1;
  Py_INCREF((PyObject *)*type);
  return PyModule_AddObject(module, name, (PyObject *)*type);
}

int core_add_llm(PyObject *module) {
  if (add_type(module, "Engine", &engine_spec, NULL, &engine_type) != 0 ||
      add_type(module, "Session", &session_spec, NULL, &session_type) != 0 ||
      add_type(module, "Checkpoint", &checkpoint_spec, NULL, &checkpoint_type) != 0)
    return -1;
  PyObject *bases = PyTuple_Pack(1, (PyObject *)session_type);
  const int status =
      bases != NULL ? add_type(module, "Conversation", &conversation_spec, bases, &conversation_type) : -1;
  Py_XDECREF(bases);
  return status;
}
