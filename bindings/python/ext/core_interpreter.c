/* core_interpreter.c: litert._core.Interpreter: shapes, memory, invoke, and what runs how. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "core.h"

#include <string.h>

PyTypeObject *core_interpreter_type;

/* Fills `options` from (mode, preserve, profile, max_bytes, max_steps, max_seconds) and gets the team. */
static lrt_status choose_threads(int wanted, lrt_interpreter_options *options, lrt_error *err) {
  if (wanted >= 0) {
    options->num_threads = wanted;
    return LRT_OK;
  }
  return lrt_threads_shared(0, &options->threads, err);
}

static lrt_status create_native(lrt_model *model, lrt_interpreter_options *options, int *threads,
                                lrt_interpreter **out, lrt_error *err) {
  lrt_status status = choose_threads(*threads, options, err);
  if (status != LRT_OK) return status;
  if (options->threads != NULL)
    *threads = lrt_threads_count(options->threads);
  else if (*threads == 0)
    *threads = 1;
  status = lrt_interpreter_create(model, options, out, err);
  lrt_threads_destroy(options->threads);
  return status;
}

/* The native delegates of a tuple of _core.Delegate, as a block of PyMem; NULL with an exception set. */
static lrt_delegate **delegates_of(PyObject *tuple) {
  const Py_ssize_t count = tuple != NULL ? PyTuple_Size(tuple) : 0;
  lrt_delegate **list = PyMem_Malloc(((size_t)count + 1) * sizeof(lrt_delegate *));
  if (list == NULL) {
    PyErr_NoMemory();
    return NULL;
  }
  for (Py_ssize_t i = 0; i < count; i++) {
    PyObject *item = PyTuple_GetItem(tuple, i);
    if (!PyObject_TypeCheck(item, core_delegate_type)) {
      PyErr_SetString(PyExc_TypeError, "delegates are objects of litert._core.Delegate");
      PyMem_Free(list);
      return NULL;
    }
    list[i] = ((core_delegate *)item)->delegate;
  }
  return list;
}

/* Interpreter(model, threads, mode, preserve, profile, max_bytes, max_steps, max_seconds, delegates, fallback,
 * operators); threads -1 = the cores that this process may use; fallback: delegates that refuse the model are left out. */
static PyObject *interpreter_new(PyTypeObject *type, PyObject *args, PyObject *keywords) {
  static char *names[] = {"model",     "threads",     "mode",      "preserve", "profile",   "max_bytes",
                          "max_steps", "max_seconds", "delegates", "fallback", "operators", NULL};
  PyObject *model = NULL, *delegates = NULL, *operators = Py_None;
  int threads = 0, mode = 0, preserve = 0, profile = 0, fallback = 0;
  unsigned long long max_bytes = 0, max_steps = 0;
  double max_seconds = 0;
  lrt_interpreter *native = NULL;
  lrt_error err = {LRT_OK, ""};
  lrt_status status;
  (void)type;
  if (!PyArg_ParseTupleAndKeywords(args, keywords, "O!|iippKKdO!pO", names, core_model_type, &model, &threads,
                                   &mode, &preserve, &profile, &max_bytes, &max_steps, &max_seconds,
                                   &PyTuple_Type, &delegates, &fallback, &operators))
    return NULL;
  if (operators != Py_None && Py_TYPE(operators) != core_operators_type) {
    PyErr_SetString(PyExc_TypeError, "operators is no OperatorSet");
    return NULL;
  }
  core_operators *custom = operators != Py_None ? (core_operators *)operators : NULL;
  lrt_interpreter_options options = {.mode = (lrt_mode)mode,
                                     .preserve_all_tensors = preserve,
                                     .profile = profile,
                                     .limits = {max_bytes, max_steps, max_seconds},
                                     .delegate_policy =
                                         fallback ? LRT_DELEGATE_OPTIONAL : LRT_DELEGATE_REQUIRED,
                                     .operators = custom != NULL ? custom->set : NULL};
  lrt_delegate **list = delegates_of(delegates);
  if (list == NULL) return NULL;
  options.delegates = list;
  options.delegate_count = delegates != NULL ? (int32_t)PyTuple_Size(delegates) : 0;
  Py_BEGIN_ALLOW_THREADS status =
      create_native(((core_model *)model)->model, &options, &threads, &native, &err);
  Py_END_ALLOW_THREADS core_deliver_log();
  PyMem_Free(list);
  if (status != LRT_OK) return core_raise(&err);
  core_interpreter *self = PyObject_New(core_interpreter, core_interpreter_type);
  if (self == NULL) {
    lrt_interpreter_destroy(native);
    return NULL;
  }
  Py_INCREF(model);
  self->interpreter = native;
  self->model = (core_model *)model;
  Py_XINCREF((PyObject *)custom);
  self->operators = custom;
  self->views = 0;
  self->running = 0;
  self->threads = threads;
  return (PyObject *)self;
}

static void interpreter_dealloc(PyObject *self) {
  core_interpreter *it = (core_interpreter *)self;
  PyTypeObject *type = Py_TYPE(self);
  lrt_interpreter_destroy(it->interpreter);
  Py_XDECREF((PyObject *)it->operators); /* whose functions free states above */
  Py_DECREF(it->model);
  PyObject_Free(self);
  Py_DECREF(type);
}

/* The native interpreter, or NULL with an exception while another thread runs it. */
static lrt_interpreter *idle(PyObject *self) {
  core_interpreter *it = (core_interpreter *)self;
  if (!it->running) return it->interpreter;
  const lrt_error err = {LRT_WRONG_STATE,
                         "the interpreter is running in another thread; use one interpreter per thread"};
  core_raise(&err);
  return NULL;
}

int core_read_shape(PyObject *tuple, lrt_shape *shape) {
  const Py_ssize_t rank = PyTuple_Size(tuple);
  const lrt_error too_long = {LRT_INVALID_ARGUMENT, "a shape has at most 8 dimensions"};
  if (rank < 0) return -1;
  if (rank > LRT_MAX_RANK) {
    core_raise(&too_long);
    return -1;
  }
  memset(shape, 0, sizeof *shape);
  shape->rank = (int32_t)rank;
  for (Py_ssize_t i = 0; i < rank; i++) {
    const long dimension = PyLong_AsLong(PyTuple_GetItem(tuple, i));
    if (dimension == -1 && PyErr_Occurred()) return -1;
    if (dimension < INT32_MIN || dimension > INT32_MAX) {
      PyErr_Format(PyExc_ValueError, "dimension %zd is %ld, more than a tensor may have", i, dimension);
      return -1;
    }
    shape->dims[i] = (int32_t)dimension;
  }
  return 0;
}

/* resize(subgraph, tensor, shape, strict) */
static PyObject *interpreter_resize(PyObject *self, PyObject *args) {
  int subgraph, tensor, strict;
  PyObject *tuple = NULL;
  lrt_shape shape;
  lrt_error err = {LRT_OK, ""};
  lrt_interpreter *native = idle(self);
  if (native == NULL) return NULL;
  if (!PyArg_ParseTuple(args, "iiO!p", &subgraph, &tensor, &PyTuple_Type, &tuple, &strict)) return NULL;
  if (core_read_shape(tuple, &shape) != 0) return NULL;
  if (lrt_interpreter_resize_input(native, subgraph, tensor, &shape, strict, &err) != LRT_OK)
    return core_raise(&err);
  Py_RETURN_NONE;
}

typedef lrt_status (*work_function)(lrt_interpreter *, int32_t, lrt_error *);

/* Runs `work` on a subgraph without holding the lock of Python. */
static PyObject *run_unlocked(PyObject *self, PyObject *args, work_function work) {
  core_interpreter *it = (core_interpreter *)self;
  int subgraph;
  lrt_error err = {LRT_OK, ""};
  lrt_status status;
  lrt_interpreter *native = idle(self);
  if (native == NULL || !PyArg_ParseTuple(args, "i", &subgraph)) return NULL;
  it->running = 1;
  Py_BEGIN_ALLOW_THREADS status = work(native, subgraph, &err);
  Py_END_ALLOW_THREADS it->running = 0;
  core_deliver_log();
  if (status != LRT_OK) return core_raise(&err);
  Py_RETURN_NONE;
}

static PyObject *interpreter_allocate(PyObject *self, PyObject *args) {
  return run_unlocked(self, args, lrt_interpreter_allocate);
}

static PyObject *interpreter_invoke(PyObject *self, PyObject *args) {
  return run_unlocked(self, args, lrt_interpreter_invoke);
}

static PyObject *interpreter_is_allocated(PyObject *self, PyObject *args) {
  int subgraph;
  const lrt_interpreter *native = idle(self);
  if (native == NULL || !PyArg_ParseTuple(args, "i", &subgraph)) return NULL;
  return PyBool_FromLong(lrt_interpreter_is_allocated(native, subgraph));
}

/* From any thread. */
static PyObject *interpreter_cancel(PyObject *self, PyObject *unused) {
  (void)unused;
  lrt_interpreter_cancel(((core_interpreter *)self)->interpreter);
  Py_RETURN_NONE;
}

static PyObject *interpreter_reset_variables(PyObject *self, PyObject *unused) {
  lrt_interpreter *native = idle(self);
  (void)unused;
  if (native == NULL) return NULL;
  lrt_interpreter_reset_variables(native);
  Py_RETURN_NONE;
}

/* Constants may lie in a read-only mapping of the file. */
static int is_constant(const core_interpreter *it, int subgraph, int tensor) {
  lrt_tensor_info info;
  return lrt_model_tensor(it->model->model, subgraph, tensor, &info) == LRT_OK && info.data != NULL;
}

/* tensor(subgraph, i, counted=True) -> (type, shape, View or None): memory of now, None where it has none */
static PyObject *interpreter_tensor(PyObject *self, PyObject *args) {
  int subgraph, tensor, counted = 1;
  lrt_tensor_view view;
  lrt_error err = {LRT_OK, ""};
  PyObject *memory = NULL;
  const lrt_interpreter *native = idle(self);
  if (native == NULL || !PyArg_ParseTuple(args, "ii|p", &subgraph, &tensor, &counted)) return NULL;
  if (lrt_interpreter_tensor(native, subgraph, tensor, &view, &err) != LRT_OK) return core_raise(&err);
  const int empty = view.data == NULL && view.type != LRT_STRING && lrt_shape_count(&view.shape) == 0;
  if (view.data == NULL && !empty) {
    memory = Py_None;
    Py_INCREF(memory);
  } else {
    memory = core_view_create(self, &view, is_constant((core_interpreter *)self, subgraph, tensor), counted);
  }
  return Py_BuildValue("(iNN)", (int)view.type, core_shape_tuple(&view.shape), memory);
}

/* shows(view, subgraph, i) -> bool: whether an older view is still what tensor() would return */
static PyObject *interpreter_shows(PyObject *self, PyObject *args) {
  int subgraph, tensor;
  PyObject *view = NULL;
  lrt_tensor_view now;
  const lrt_interpreter *native = idle(self);
  if (native == NULL || !PyArg_ParseTuple(args, "O!ii", core_view_type, &view, &subgraph, &tensor))
    return NULL;
  if (lrt_interpreter_tensor(native, subgraph, tensor, &now, NULL) != LRT_OK || now.data == NULL)
    Py_RETURN_FALSE;
  return PyBool_FromLong(core_view_is(view, &now));
}

/* set_strings(subgraph, tensor, [bytes, …]) */
static PyObject *interpreter_set_strings(PyObject *self, PyObject *args) {
  int subgraph, tensor;
  PyObject *list = NULL;
  lrt_error err = {LRT_OK, ""};
  lrt_interpreter *native = idle(self);
  if (native == NULL || !PyArg_ParseTuple(args, "iiO!", &subgraph, &tensor, &PyList_Type, &list)) return NULL;
  const Py_ssize_t count = PyList_Size(list);
  const char **text = PyMem_Malloc(((size_t)count + 1) * sizeof *text);
  size_t *length = PyMem_Malloc(((size_t)count + 1) * sizeof *length);
  int failed = text == NULL || length == NULL;
  if (failed) PyErr_NoMemory();
  for (Py_ssize_t i = 0; !failed && i < count; i++) {
    char *bytes = NULL;
    Py_ssize_t size = 0;
    failed = PyBytes_AsStringAndSize(PyList_GetItem(list, i), &bytes, &size) != 0;
    text[i] = bytes;
    length[i] = (size_t)size;
  }
  if (!failed && count > INT32_MAX) {
    failed = 1;
    PyErr_SetString(PyExc_ValueError, "too many strings for one tensor");
  }
  if (!failed &&
      lrt_interpreter_set_strings(native, subgraph, tensor, (int32_t)count, text, length, &err) != LRT_OK) {
    failed = 1;
    core_raise(&err);
  }
  PyMem_Free(text);
  PyMem_Free(length);
  if (failed) return NULL;
  Py_RETURN_NONE;
}

static PyObject *interpreter_memory(PyObject *self, PyObject *unused) {
  lrt_memory_info info;
  const lrt_interpreter *native = idle(self);
  (void)unused;
  if (native == NULL) return NULL;
  lrt_interpreter_memory(native, &info);
  return Py_BuildValue("{s:K,s:K,s:K,s:K}", "arena", (unsigned long long)info.arena, "unshared",
                       (unsigned long long)info.unshared, "in_use", (unsigned long long)info.in_use, "peak",
                       (unsigned long long)info.peak);
}

/* [(name, type, shape)] of the operands of a planned node, None where one is left out. */
static PyObject *operands(const lrt_interpreter *native, int subgraph, int index, int is_output,
                          int32_t count) {
  PyObject *list = PyList_New(0);
  for (int32_t i = 0; list != NULL && i < count; i++) {
    const char *name = NULL;
    lrt_tensor_view view;
    PyObject *entry = Py_None;
    if (lrt_interpreter_step_operand(native, subgraph, index, is_output, i, &name, &view) == LRT_OK)
      entry = Py_BuildValue("(NiN)", core_text(name), (int)view.type, core_shape_tuple(&view.shape));
    else
      Py_INCREF(entry);
    if (entry == NULL || PyList_Append(list, entry) != 0) Py_CLEAR(list);
    Py_XDECREF(entry);
  }
  return list;
}

/* steps(subgraph) -> [{node, name, within, kernel, note, steps, seconds, calls, inputs, outputs, nodes, left, delegate}] of
 * the plan */
static PyObject *interpreter_steps(PyObject *self, PyObject *args) {
  int subgraph;
  const lrt_interpreter *native = idle(self);
  if (native == NULL || !PyArg_ParseTuple(args, "i", &subgraph)) return NULL;
  PyObject *list = PyList_New(0);
  for (int32_t i = 0; list != NULL && i < lrt_interpreter_step_count(native, subgraph); i++) {
    lrt_step_info info;
    if (lrt_interpreter_step(native, subgraph, i, &info) != LRT_OK) continue;
    PyObject *entry = Py_BuildValue(
        "{s:i,s:N,s:N,s:N,s:N,s:i,s:d,s:K,s:N,s:N,s:N,s:N,s:z}", "node", (int)info.node, "name",
        core_text(info.name), "within", core_text(info.within), "kernel", core_text(info.kernel), "note",
        core_text(info.note), "steps", (int)info.step_count, "seconds", info.seconds, "calls",
        (unsigned long long)info.calls, "inputs", operands(native, subgraph, i, 0, info.input_count),
        "outputs", operands(native, subgraph, i, 1, info.output_count), "nodes",
        core_index_tuple(info.nodes, info.node_count), "left", core_text(info.left), "delegate",
        info.delegate);
    if (entry == NULL || PyList_Append(list, entry) != 0) Py_CLEAR(list);
    Py_XDECREF(entry);
  }
  return list;
}

/* delegations(subgraph) -> [{name, nodes, groups, refused}], one per delegate */
static PyObject *interpreter_delegations(PyObject *self, PyObject *args) {
  int subgraph;
  lrt_delegation_info info;
  const lrt_interpreter *native = idle(self);
  if (native == NULL || !PyArg_ParseTuple(args, "i", &subgraph)) return NULL;
  PyObject *list = PyList_New(0);
  for (int32_t d = 0; list != NULL && lrt_interpreter_delegation(native, subgraph, d, &info) == LRT_OK; d++) {
    PyObject *entry =
        Py_BuildValue("{s:N,s:i,s:i,s:N}", "name", core_text(info.name), "nodes", (int)info.node_count,
                      "groups", (int)info.group_count, "refused", core_text(info.refused));
    if (entry == NULL || PyList_Append(list, entry) != 0) Py_CLEAR(list);
    Py_XDECREF(entry);
  }
  return list;
}

static PyObject *interpreter_views(PyObject *self, void *unused) {
  (void)unused;
  return PyLong_FromSsize_t(((core_interpreter *)self)->views);
}

static PyObject *interpreter_threads(PyObject *self, void *unused) {
  (void)unused;
  return PyLong_FromLong(((core_interpreter *)self)->threads);
}

static PyObject *interpreter_address(PyObject *self, void *unused) {
  (void)unused;
  return PyLong_FromVoidPtr(((core_interpreter *)self)->interpreter);
}

static PyMethodDef interpreter_methods[] = {
    {"delegations", interpreter_delegations, METH_VARARGS, "delegations(subgraph): what delegates run"},
    {"resize", interpreter_resize, METH_VARARGS, "resize(subgraph, tensor, shape, strict)"},
    {"allocate", interpreter_allocate, METH_VARARGS, "allocate(subgraph)"},
    {"invoke", interpreter_invoke, METH_VARARGS, "invoke(subgraph); other Python threads run meanwhile"},
    {"is_allocated", interpreter_is_allocated, METH_VARARGS, "is_allocated(subgraph) -> bool"},
    {"cancel", interpreter_cancel, METH_NOARGS, "cancel(): stops a running invoke at its next step"},
    {"reset_variables", interpreter_reset_variables, METH_NOARGS, "reset_variables()"},
    {"tensor", interpreter_tensor, METH_VARARGS,
     "tensor(subgraph, index, counted=True) -> (type, shape, View or None)"},
    {"shows", interpreter_shows, METH_VARARGS,
     "shows(view, subgraph, index): whether it is still the tensor's memory"},
    {"set_strings", interpreter_set_strings, METH_VARARGS, "set_strings(subgraph, tensor, [bytes])"},
    {"memory", interpreter_memory, METH_NOARGS, "memory() -> {arena, unshared, in_use, peak}"},
    {"steps", interpreter_steps, METH_VARARGS, "steps(subgraph) -> list of dicts"},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef interpreter_getset[] = {
    {"views", interpreter_views, NULL, "number of live views of its memory", NULL},
    {"threads", interpreter_threads, NULL, "number of threads it uses", NULL},
    {"address", interpreter_address, NULL, "address of the native interpreter", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot interpreter_slots[] = {
    {Py_tp_new, (void *)interpreter_new},
    {Py_tp_dealloc, (void *)interpreter_dealloc},
    {Py_tp_methods, (void *)interpreter_methods},
    {Py_tp_getset, (void *)interpreter_getset},
    {Py_tp_doc, (void *)"Runs a model; used by one thread at a time."},
    {0, NULL},
};

static PyType_Spec interpreter_spec = {"litert._core.Interpreter", (int)sizeof(core_interpreter), 0,
                                       Py_TPFLAGS_DEFAULT, interpreter_slots};

int core_add_interpreter(PyObject *module) {
  core_interpreter_type = (PyTypeObject *)PyType_FromSpec(&interpreter_spec);
  if (core_interpreter_type == NULL) return -1;
  Py_INCREF(core_interpreter_type);
  return PyModule_AddObject(module, "Interpreter", (PyObject *)core_interpreter_type);
}
