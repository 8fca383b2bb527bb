/* core.h: the objects of litert._core and what its files share. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LITERT_PYTHON_CORE_H
#define LITERT_PYTHON_CORE_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "litert/interpreter.h"
#include "litert/tokenizer.h"

/* A model; `content` is the bytes object it was opened from, or NULL. */
typedef struct core_model {
  PyObject_HEAD lrt_model *model;
  PyObject *content;
} core_model;

typedef struct core_delegate {
  PyObject_HEAD lrt_delegate *delegate;
} core_delegate;

/* Custom operators; `error` is what one of their functions raised last, or NULL. */
typedef struct core_operators {
  PyObject_HEAD lrt_op_set *set;
  struct registered *first;
  PyObject *error;
} core_operators;

typedef struct core_interpreter {
  PyObject_HEAD lrt_interpreter *interpreter;
  core_model *model;
  core_operators *operators; /* or NULL */
  Py_ssize_t views;          /* live views of its memory */
  int running;               /* a call that released the lock of Python is under way */
  int threads;
} core_interpreter;

extern PyTypeObject *core_model_type;
extern PyTypeObject *core_delegate_type;
extern PyTypeObject *core_operators_type;
extern PyTypeObject *core_interpreter_type;
extern PyTypeObject *core_view_type;

/* Each makes its type and adds it to the module; -1 with an exception set when that fails. */
int core_add_view(PyObject *module);
int core_add_model(PyObject *module);
int core_add_delegate(PyObject *module);
int core_add_operators(PyObject *module);
int core_add_interpreter(PyObject *module);
int core_add_tokenizer(PyObject *module);
int core_add_llm(PyObject *module);

/* Memory of a tensor as an object with __array_interface__, which numpy takes over without copying. `owner` (a
 * model or an interpreter) stays alive as long as the view; an interpreter counts its views where `counted` is set. */
PyObject *core_view_create(PyObject *owner, const lrt_tensor_view *tensor, int read_only, int counted);
/* Whether a view shows this memory in this shape. */
int core_view_is(PyObject *view, const lrt_tensor_view *tensor);

/* Sets the exception of litert.errors for a failed call; returns NULL. */
PyObject *core_raise(const lrt_error *err);
/* Hands the log records that came up so far to Python; keeps a pending exception as it is. */
void core_deliver_log(void);

/* A tuple as a shape; -1 with an exception set when it is none. */
int core_read_shape(PyObject *tuple, lrt_shape *shape);
PyObject *core_shape_tuple(const lrt_shape *shape);
PyObject *core_index_tuple(const int32_t *values, int32_t count);
/* Text of the library; bytes that are no UTF-8 are kept as surrogates. */
PyObject *core_text(const char *text);
/* A Tokenizer over one of the library's, whose reference it takes over. */
PyObject *core_wrap_tokenizer(lrt_tokenizer *native);
/* tp_new of types whose objects only the library makes. */
PyObject *core_refuse_new(PyTypeObject *type, PyObject *args, PyObject *keywords);
/* Adds `value` (the reference is taken over) under `key`; -1 with an exception set when it is NULL. */
int core_put(PyObject *dict, const char *key, PyObject *value);

#endif
