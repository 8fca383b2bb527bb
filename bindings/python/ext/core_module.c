/* core_module.c: the module litert._core: errors, log, counters, and values made of C records. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "core.h"

#include <pthread.h>
#include <string.h>

#include "litert/counters.h"
#include "litert/log.h"

#define LOG_RECORDS 64
#define LOG_FIELDS 512

/* Any thread of the library may log, also while another one holds the lock of Python and waits for the first:
 * records are kept here and handed over at the end of the call. The oldest are lost when nobody comes for them. */
typedef struct kept_record {
  double time;
  int level;
  char room[24], event[48], fields[LOG_FIELDS];
} kept_record;

static struct {
  pthread_mutex_t lock;
  unsigned long long first, next; /* numbers of records; slot = number % LOG_RECORDS */
  kept_record records[LOG_RECORDS];
} kept = {.lock = PTHREAD_MUTEX_INITIALIZER};

static PyObject *log_receiver;

static void copy_text(char *out, size_t size, const char *text) {
  const size_t length = text != NULL ? strlen(text) : 0, kept_length = length < size ? length : size - 1;
  if (kept_length > 0) memcpy(out, text, kept_length);
  out[kept_length] = '\0';
}

static void keep_record(const lrt_log_record *record, void *unused) {
  (void)unused;
  pthread_mutex_lock(&kept.lock);
  kept_record *slot = &kept.records[kept.next++ % LOG_RECORDS];
  if (kept.next - kept.first > LOG_RECORDS) kept.first = kept.next - LOG_RECORDS;
  slot->time = record->time;
  slot->level = (int)record->level;
  copy_text(slot->room, sizeof slot->room, record->room);
  copy_text(slot->event, sizeof slot->event, record->event);
  copy_text(slot->fields, sizeof slot->fields, record->fields);
  pthread_mutex_unlock(&kept.lock);
}

static int take_record(kept_record *out) {
  int found = 0;
  pthread_mutex_lock(&kept.lock);
  if (kept.first < kept.next) {
    *out = kept.records[kept.first++ % LOG_RECORDS];
    found = 1;
  }
  pthread_mutex_unlock(&kept.lock);
  return found;
}

void core_deliver_log(void) {
  kept_record record;
  PyObject *type, *value, *trace;
  if (log_receiver == NULL || !take_record(&record)) return;
  PyErr_Fetch(&type, &value, &trace);
  do {
    PyObject *result =
        PyObject_CallFunction(log_receiver, "diNNN", record.time, record.level, core_text(record.room),
                              core_text(record.event), core_text(record.fields));
    if (result == NULL) PyErr_WriteUnraisable(log_receiver);
    Py_XDECREF(result);
  } while (take_record(&record));
  PyErr_Restore(type, value, trace);
}

/* A child has no thread that could unlock what another thread of its parent held. */
static void unlock_in_child(void) {
  pthread_mutex_init(&kept.lock, NULL);
}

/* set_log(function): function(time, level, room, event, fields) receives the records of the library. */
static PyObject *set_log(PyObject *module, PyObject *function) {
  (void)module;
  Py_INCREF(function);
  Py_XDECREF(log_receiver);
  log_receiver = function;
  lrt_log_set_callback(keep_record, NULL);
  Py_RETURN_NONE;
}

/* set_log_level(level): 0 errors only … 3 everything. */
static PyObject *set_log_level(PyObject *module, PyObject *args) {
  int level;
  (void)module;
  if (!PyArg_ParseTuple(args, "i", &level)) return NULL;
  lrt_log_set_level((lrt_log_level)level);
  Py_RETURN_NONE;
}

/* counters() -> {name: value} since the process started */
static PyObject *counters(PyObject *module, PyObject *unused) {
  uint64_t values[LRT_COUNTER_COUNT];
  const size_t known = lrt_counters_read(values, LRT_COUNTER_COUNT);
  PyObject *dict = PyDict_New();
  (void)module;
  (void)unused;
  for (size_t i = 0; dict != NULL && i < LRT_COUNTER_COUNT && i < known; i++)
    if (core_put(dict, lrt_counter_name((lrt_counter)i), PyLong_FromUnsignedLongLong(values[i])) != 0)
      Py_CLEAR(dict);
  return dict;
}

PyObject *core_raise(const lrt_error *err) {
  PyObject *errors = PyImport_ImportModule("litert.errors");
  PyObject *error = NULL;
  if (errors == NULL) return NULL;
  error = PyObject_CallMethod(errors, "from_status", "isN", (int)err->code, lrt_status_name(err->code),
                              core_text(err->message));
  Py_DECREF(errors);
  if (error == NULL) return NULL;
  PyErr_SetObject((PyObject *)Py_TYPE(error), error);
  Py_DECREF(error);
  return NULL;
}

PyObject *core_index_tuple(const int32_t *values, int32_t count) {
  PyObject *tuple = PyTuple_New(count);
  for (int32_t i = 0; tuple != NULL && i < count; i++) {
    PyObject *value = PyLong_FromLong(values[i]);
    if (value == NULL || PyTuple_SetItem(tuple, i, value) != 0) Py_CLEAR(tuple);
  }
  return tuple;
}

PyObject *core_shape_tuple(const lrt_shape *shape) {
  return core_index_tuple(shape->dims, shape->rank > 0 ? shape->rank : 0);
}

PyObject *core_refuse_new(PyTypeObject *type, PyObject *args, PyObject *keywords) {
  (void)type;
  (void)args;
  (void)keywords;
  PyErr_SetString(PyExc_TypeError, "objects of this type are made by the library only");
  return NULL;
}

PyObject *core_text(const char *text) {
  if (text == NULL) text = "";
  return PyUnicode_DecodeUTF8(text, (Py_ssize_t)strlen(text), "surrogateescape");
}

int core_put(PyObject *dict, const char *key, PyObject *value) {
  PyObject *name = core_text(key);
  const int status = name != NULL && value != NULL ? PyDict_SetItem(dict, name, value) : -1;
  Py_XDECREF(name);
  Py_XDECREF(value);
  return status;
}

/* Names and widths of element types: TYPES = {number: (name, bits)}. */
static PyObject *type_table(void) {
  PyObject *dict = PyDict_New();
  for (int i = 0; dict != NULL && i < LRT_TYPE_COUNT; i++) {
    PyObject *number = PyLong_FromLong(i);
    PyObject *entry = Py_BuildValue("(sI)", lrt_type_name((lrt_type)i), lrt_type_bits((lrt_type)i));
    if (number == NULL || entry == NULL || PyDict_SetItem(dict, number, entry) != 0) Py_CLEAR(dict);
    Py_XDECREF(number);
    Py_XDECREF(entry);
  }
  return dict;
}

static PyMethodDef module_methods[] = {
    {"set_log", set_log, METH_O, "set_log(function): function(time, level, room, event, fields)"},
    {"set_log_level", set_log_level, METH_VARARGS, "set_log_level(level): 0 errors only … 3 everything"},
    {"counters", counters, METH_NOARGS, "counters() -> {name: value} since the process started"},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef module_definition = {
    PyModuleDef_HEAD_INIT, "_core", "The native half of litert.", -1, module_methods, NULL, NULL, NULL, NULL,
};

PyMODINIT_FUNC PyInit__core(void);
PyMODINIT_FUNC PyInit__core(void) {
  PyObject *module = PyModule_Create(&module_definition);
  PyObject *types = module != NULL ? type_table() : NULL;
  if (types == NULL || PyModule_AddObject(module, "TYPES", types) != 0 ||
      PyModule_AddStringConstant(module, "VERSION", LRT_VERSION) != 0 || core_add_view(module) != 0 ||
      core_add_model(module) != 0 || core_add_delegate(module) != 0 || core_add_operators(module) != 0 ||
      core_add_interpreter(module) != 0 || core_add_tokenizer(module) != 0 || core_add_llm(module) != 0) {
    Py_XDECREF(module);
    return NULL;
  }
  pthread_atfork(NULL, NULL, unlock_in_child);
  return module;
}
