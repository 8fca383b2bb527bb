/* core_delegate.c: litert._core.Delegate: a delegate from a shared library. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "core.h"

PyTypeObject *core_delegate_type;

/* Texts of a list of str; the list keeps them. NULL with an exception set. */
static const char **texts_of(PyObject *list) {
  const Py_ssize_t count = PyList_Size(list);
  const char **texts = PyMem_Malloc(((size_t)count + 1) * sizeof *texts);
  if (texts == NULL) {
    PyErr_NoMemory();
    return NULL;
  }
  for (Py_ssize_t i = 0; i < count; i++) {
    char *bytes = NULL;
    if (PyBytes_AsStringAndSize(PyList_GetItem(list, i), &bytes, NULL) != 0) {
      PyMem_Free(texts);
      return NULL;
    }
    texts[i] = bytes;
  }
  return texts;
}

/* Delegate(path, [key, …], [value, …]), all bytes */
static PyObject *delegate_new(PyTypeObject *type, PyObject *args, PyObject *keywords) {
  static char *names[] = {"path", "keys", "values", NULL};
  const char *path = NULL;
  PyObject *keys = NULL, *values = NULL;
  lrt_delegate *native = NULL;
  lrt_error err = {LRT_OK, ""};
  (void)type;
  if (!PyArg_ParseTupleAndKeywords(args, keywords, "yO!O!", names, &path, &PyList_Type, &keys, &PyList_Type,
                                   &values))
    return NULL;
  if (PyList_Size(keys) != PyList_Size(values) || PyList_Size(keys) > INT32_MAX) {
    PyErr_SetString(PyExc_ValueError, "a delegate needs as many values as keys");
    return NULL;
  }
  const char **key_texts = texts_of(keys), **value_texts = key_texts != NULL ? texts_of(values) : NULL;
  lrt_status status = LRT_OUT_OF_MEMORY;
  if (value_texts != NULL)
    status = lrt_delegate_open(path, key_texts, value_texts, (int32_t)PyList_Size(keys), NULL, &native, &err);
  PyMem_Free(key_texts);
  PyMem_Free(value_texts);
  core_deliver_log();
  if (PyErr_Occurred() != NULL) return NULL;
  if (status != LRT_OK) return core_raise(&err);
  core_delegate *self = PyObject_New(core_delegate, core_delegate_type);
  if (self != NULL)
    self->delegate = native;
  else
    lrt_delegate_destroy(native);
  return (PyObject *)self;
}

static void delegate_dealloc(PyObject *self) {
  PyTypeObject *type = Py_TYPE(self);
  lrt_delegate_destroy(((core_delegate *)self)->delegate);
  PyObject_Free(self);
  Py_DECREF(type);
}

static PyObject *delegate_name(PyObject *self, void *unused) {
  (void)unused;
  return core_text(lrt_delegate_name(((core_delegate *)self)->delegate));
}

static PyGetSetDef delegate_getset[] = {
    {"name", delegate_name, NULL, "file name of the library", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot delegate_slots[] = {
    {Py_tp_new, (void *)delegate_new},
    {Py_tp_dealloc, (void *)delegate_dealloc},
    {Py_tp_getset, (void *)delegate_getset},
    {Py_tp_doc, (void *)"A delegate from a shared library; interpreters hold references of their own."},
    {0, NULL},
};

static PyType_Spec delegate_spec = {"litert._core.Delegate", (int)sizeof(core_delegate), 0,
                                    Py_TPFLAGS_DEFAULT, delegate_slots};

int core_add_delegate(PyObject *module) {
  core_delegate_type = (PyTypeObject *)PyType_FromSpec(&delegate_spec);
  if (core_delegate_type == NULL) return -1;
  Py_INCREF(core_delegate_type);
  return PyModule_AddObject(module, "Delegate", (PyObject *)core_delegate_type);
}
