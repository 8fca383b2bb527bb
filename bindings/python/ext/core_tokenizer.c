/* core_tokenizer.c: litert._core.Tokenizer and Detokenizer. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "core.h"

typedef struct core_tokenizer {
  PyObject_HEAD lrt_tokenizer *tokenizer;
} core_tokenizer;

typedef struct core_detokenizer {
  PyObject_HEAD lrt_detokenizer *detokenizer;
} core_detokenizer;

static PyTypeObject *tokenizer_type, *detokenizer_type;

static const lrt_tokenizer *tokenizer_of(PyObject *self) {
  return ((core_tokenizer *)self)->tokenizer;
}

PyObject *core_wrap_tokenizer(lrt_tokenizer *native) {
  core_tokenizer *self = PyObject_New(core_tokenizer, tokenizer_type);
  if (self != NULL)
    self->tokenizer = native;
  else
    lrt_tokenizer_destroy(native);
  return (PyObject *)self;
}

/* Tokenizer.open(path) */
static PyObject *tokenizer_open(PyObject *unused, PyObject *args) {
  PyObject *path = NULL;
  lrt_tokenizer *native = NULL;
  lrt_error err = {LRT_OK, ""};
  lrt_status status;
  (void)unused;
  if (!PyArg_ParseTuple(args, "O&", PyUnicode_FSConverter, &path)) return NULL;
  const char *name = PyBytes_AsString(path);
  Py_BEGIN_ALLOW_THREADS status = lrt_tokenizer_open(name, &native, &err);
  Py_END_ALLOW_THREADS Py_DECREF(path);
  core_deliver_log();
  return status == LRT_OK ? core_wrap_tokenizer(native) : core_raise(&err);
}

/* Tokenizer.open_bytes(content) */
static PyObject *tokenizer_open_bytes(PyObject *unused, PyObject *args) {
  const char *bytes = NULL;
  Py_ssize_t length = 0;
  lrt_tokenizer *native = NULL;
  lrt_error err = {LRT_OK, ""};
  lrt_status status;
  (void)unused;
  if (!PyArg_ParseTuple(args, "y#", &bytes, &length)) return NULL;
  Py_BEGIN_ALLOW_THREADS status = lrt_tokenizer_open_memory(bytes, (uint64_t)length, &native, &err);
  Py_END_ALLOW_THREADS core_deliver_log();
  return status == LRT_OK ? core_wrap_tokenizer(native) : core_raise(&err);
}

static PyObject *list_of(const lrt_token_list *ids) {
  PyObject *list = PyList_New((Py_ssize_t)ids->count);
  for (size_t i = 0; list != NULL && i < ids->count; i++) {
    PyObject *id = PyLong_FromLong(ids->ids[i]);
    if (id == NULL || PyList_SetItem(list, (Py_ssize_t)i, id) != 0) Py_CLEAR(list);
  }
  return list;
}

/* encode(text: str or bytes, flags) -> [id] */
static PyObject *tokenizer_encode(PyObject *self, PyObject *args) {
  const char *text = NULL;
  Py_ssize_t length = 0;
  unsigned flags = 0;
  lrt_token_list ids = {0};
  lrt_error err = {LRT_OK, ""};
  lrt_status status;
  if (!PyArg_ParseTuple(args, "s#I", &text, &length, &flags)) return NULL;
  Py_BEGIN_ALLOW_THREADS status =
      lrt_tokenizer_encode(tokenizer_of(self), text, (size_t)length, flags, &ids, &err);
  Py_END_ALLOW_THREADS PyObject *list = status == LRT_OK ? list_of(&ids) : core_raise(&err);
  lrt_token_list_clear(&ids);
  return list;
}

/* The id that an object stands for; numbers that are no int32 become -1, which no token has. */
static int to_id(PyObject *object, int32_t *id) {
  const long long value = PyLong_AsLongLong(object);
  if (value == -1 && PyErr_Occurred() != NULL) {
    if (!PyErr_ExceptionMatches(PyExc_OverflowError)) return -1;
    PyErr_Clear();
  }
  *id = value >= 0 && value <= INT32_MAX ? (int32_t)value : -1;
  return 0;
}

/* Ids of a sequence in a block for PyMem_Free; NULL with an exception set. */
static int32_t *ids_of(PyObject *sequence, Py_ssize_t *count) {
  PyObject *list = PySequence_List(sequence);
  if (list == NULL) return NULL;
  *count = PyList_Size(list);
  int32_t *ids = PyMem_Malloc(((size_t)*count + 1) * sizeof *ids);
  if (ids == NULL) PyErr_NoMemory();
  for (Py_ssize_t i = 0; ids != NULL && i < *count; i++) {
    if (to_id(PyList_GetItem(list, i), &ids[i]) == 0) continue;
    PyMem_Free(ids);
    ids = NULL;
  }
  Py_DECREF(list);
  return ids;
}

/* decode(ids, flags) -> str */
static PyObject *tokenizer_decode(PyObject *self, PyObject *args) {
  PyObject *sequence = NULL;
  unsigned flags = 0;
  Py_ssize_t count = 0;
  char *text = NULL;
  size_t length = 0;
  lrt_error err = {LRT_OK, ""};
  lrt_status status;
  if (!PyArg_ParseTuple(args, "OI", &sequence, &flags)) return NULL;
  int32_t *ids = ids_of(sequence, &count);
  if (ids == NULL) return NULL;
  Py_BEGIN_ALLOW_THREADS status =
      lrt_tokenizer_decode(tokenizer_of(self), ids, (size_t)count, flags, &text, &length, &err);
  Py_END_ALLOW_THREADS PyMem_Free(ids);
  if (status != LRT_OK) return core_raise(&err);
  PyObject *result = PyUnicode_DecodeUTF8(text, (Py_ssize_t)length, "replace");
  lrt_text_free(text);
  return result;
}

/* id(piece) -> int, -1 for none */
static PyObject *tokenizer_id(PyObject *self, PyObject *args) {
  const char *piece = NULL;
  if (!PyArg_ParseTuple(args, "s", &piece)) return NULL;
  return PyLong_FromLong(lrt_tokenizer_id(tokenizer_of(self), piece));
}

/* piece(id) -> str or None */
static PyObject *tokenizer_piece(PyObject *self, PyObject *args) {
  int id;
  size_t length = 0;
  if (!PyArg_ParseTuple(args, "i", &id)) return NULL;
  const char *piece = lrt_tokenizer_piece(tokenizer_of(self), id, &length);
  if (piece == NULL) Py_RETURN_NONE;
  return PyUnicode_DecodeUTF8(piece, (Py_ssize_t)length, "replace");
}

static PyObject *tokenizer_is_special(PyObject *self, PyObject *args) {
  int id;
  if (!PyArg_ParseTuple(args, "i", &id)) return NULL;
  return PyBool_FromLong(lrt_tokenizer_is_special(tokenizer_of(self), id));
}

/* about() -> (kind, size, bos, eos, unknown, pad) */
static PyObject *tokenizer_about(PyObject *self, PyObject *unused) {
  const lrt_tokenizer *t = tokenizer_of(self);
  (void)unused;
  return Py_BuildValue("siiiii", lrt_tokenizer_kind(t), (int)lrt_tokenizer_size(t), (int)lrt_tokenizer_bos(t),
                       (int)lrt_tokenizer_eos(t), (int)lrt_tokenizer_unknown(t), (int)lrt_tokenizer_pad(t));
}

/* stream(flags) -> Detokenizer */
static PyObject *tokenizer_stream(PyObject *self, PyObject *args) {
  unsigned flags = 0;
  lrt_detokenizer *native = NULL;
  lrt_error err = {LRT_OK, ""};
  if (!PyArg_ParseTuple(args, "I", &flags)) return NULL;
  if (lrt_detokenizer_create(((core_tokenizer *)self)->tokenizer, flags, &native, &err) != LRT_OK)
    return core_raise(&err);
  core_detokenizer *result = PyObject_New(core_detokenizer, detokenizer_type);
  if (result != NULL)
    result->detokenizer = native;
  else
    lrt_detokenizer_destroy(native);
  return (PyObject *)result;
}

static void tokenizer_dealloc(PyObject *self) {
  PyTypeObject *type = Py_TYPE(self);
  lrt_tokenizer_destroy(((core_tokenizer *)self)->tokenizer);
  PyObject_Free(self);
  Py_DECREF(type);
}

static PyMethodDef tokenizer_methods[] = {
    {"open", tokenizer_open, METH_VARARGS | METH_STATIC, NULL},
    {"open_bytes", tokenizer_open_bytes, METH_VARARGS | METH_STATIC, NULL},
    {"encode", tokenizer_encode, METH_VARARGS, NULL},
    {"decode", tokenizer_decode, METH_VARARGS, NULL},
    {"id", tokenizer_id, METH_VARARGS, NULL},
    {"piece", tokenizer_piece, METH_VARARGS, NULL},
    {"is_special", tokenizer_is_special, METH_VARARGS, NULL},
    {"about", tokenizer_about, METH_NOARGS, NULL},
    {"stream", tokenizer_stream, METH_VARARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot tokenizer_slots[] = {
    {Py_tp_new, (void *)core_refuse_new},
    {Py_tp_dealloc, (void *)tokenizer_dealloc},
    {Py_tp_methods, (void *)tokenizer_methods},
    {0, NULL},
};

static PyType_Spec tokenizer_spec = {"litert._core.Tokenizer", (int)sizeof(core_tokenizer), 0,
                                     Py_TPFLAGS_DEFAULT, tokenizer_slots};

/* ---- Detokenizer ---- */

/* push(id) -> str */
static PyObject *detokenizer_push(PyObject *self, PyObject *args) {
  PyObject *object = NULL;
  int32_t id;
  const char *text = NULL;
  size_t length = 0;
  lrt_error err = {LRT_OK, ""};
  if (!PyArg_ParseTuple(args, "O", &object) || to_id(object, &id) != 0) return NULL;
  if (lrt_detokenizer_push(((core_detokenizer *)self)->detokenizer, id, &text, &length, &err) != LRT_OK)
    return core_raise(&err);
  return PyUnicode_DecodeUTF8(text, (Py_ssize_t)length, "replace");
}

/* flush() -> str */
static PyObject *detokenizer_flush(PyObject *self, PyObject *unused) {
  const char *text = NULL;
  size_t length = 0;
  lrt_error err = {LRT_OK, ""};
  (void)unused;
  if (lrt_detokenizer_flush(((core_detokenizer *)self)->detokenizer, &text, &length, &err) != LRT_OK)
    return core_raise(&err);
  return PyUnicode_DecodeUTF8(text, (Py_ssize_t)length, "replace");
}

static void detokenizer_dealloc(PyObject *self) {
  PyTypeObject *type = Py_TYPE(self);
  lrt_detokenizer_destroy(((core_detokenizer *)self)->detokenizer);
  PyObject_Free(self);
  Py_DECREF(type);
}

static PyMethodDef detokenizer_methods[] = {
    {"push", detokenizer_push, METH_VARARGS, NULL},
    {"flush", detokenizer_flush, METH_NOARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot detokenizer_slots[] = {
    {Py_tp_new, (void *)core_refuse_new},
    {Py_tp_dealloc, (void *)detokenizer_dealloc},
    {Py_tp_methods, (void *)detokenizer_methods},
    {0, NULL},
};

static PyType_Spec detokenizer_spec = {"litert._core.Detokenizer", (int)sizeof(core_detokenizer), 0,
                                       Py_TPFLAGS_DEFAULT, detokenizer_slots};

static int add_type(PyObject *module, const char *name, PyType_Spec *spec, PyTypeObject **type) {
  *type = (PyTypeObject *)PyType_FromSpec(spec);
  if (*type == NULL) return -1;
  Py_INCREF(*type);
  return PyModule_AddObject(module, name, (PyObject *)*type);
}

int core_add_tokenizer(PyObject *module) {
  if (add_type(module, "Tokenizer", &tokenizer_spec, &tokenizer_type) != 0) return -1;
  return add_type(module, "Detokenizer", &detokenizer_spec, &detokenizer_type);
}
