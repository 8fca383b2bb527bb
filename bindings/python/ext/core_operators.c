/* core_operators.c: litert._core.OperatorSet: custom operators whose functions are Python's. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "core.h"

#include <string.h>

PyTypeObject *core_operators_type;

/* What an operator's functions get as their cookie. */
typedef struct registered {
  core_operators *owner; /* borrowed: it frees this */
  PyObject
      *create; /* create(options, version) -> object with prepare(inputs, outputs), run(inputs, outputs) */
  struct registered *next;
} registered;

/* ---- errors ---- */

/* Keeps the pending exception for whoever called the library, and gives the library its text. */
static void keep_exception(core_operators *owner, char *text, size_t size) {
  PyObject *type = NULL, *value = NULL, *trace = NULL;
  PyErr_Fetch(&type, &value, &trace);
  PyErr_NormalizeException(&type, &value, &trace);
  if (value != NULL && trace != NULL) PyException_SetTraceback(value, trace);
  PyObject *said = value != NULL ? PyObject_Str(value) : NULL;
  PyObject *name = type != NULL ? PyObject_GetAttrString(type, "__name__") : NULL;
  PyObject *whole = name != NULL && said != NULL ? PyUnicode_FromFormat("%U: %U", name, said) : NULL;
  PyObject *bytes = whole != NULL ? PyUnicode_AsEncodedString(whole, "utf-8", "replace") : NULL;
  const char *utf8 = bytes != NULL ? PyBytes_AsString(bytes) : NULL;
  const size_t length = utf8 != NULL ? strlen(utf8) : 0;
  memcpy(text, utf8 != NULL ? utf8 : "", length < size ? length : size - 1);
  text[length < size ? length : size - 1] = '\0';
  PyErr_Clear();
  Py_XDECREF(bytes);
  Py_XDECREF(whole);
  Py_XDECREF(name);
  Py_XDECREF(said);
  Py_XDECREF(owner->error);
  owner->error = value;
  Py_XDECREF(type);
  Py_XDECREF(trace);
}

static lrt_status raised(lrt_op_call *call, core_operators *owner) {
  char text[300];
  keep_exception(owner, text, sizeof text);
  return lrt_op_call_fail(call, LRT_RUN_FAILED, "%s", text);
}

/* ---- what a node gets ---- */

static PyObject *scales_tuple(const lrt_quant *quant) {
  const int32_t count = quant->kind == LRT_QUANT_AFFINE ? quant->count : 0;
  PyObject *tuple = PyTuple_New(count);
  for (int32_t i = 0; tuple != NULL && i < count; i++) {
    PyObject *value = PyFloat_FromDouble((double)quant->scale[i]);
    if (value == NULL || PyTuple_SetItem(tuple, i, value) != 0) Py_CLEAR(tuple);
  }
  return tuple;
}

/* (name, type, shape, scales, zero points, quantized dimension, View or None) */
static PyObject *operand(core_operators *owner, const lrt_op_tensor *tensor, int read_only) {
  const int affine = tensor->quant.kind == LRT_QUANT_AFFINE;
  const lrt_tensor_view memory = {tensor->type, tensor->shape, tensor->data, tensor->bytes};
  PyObject *view = NULL;
  if (tensor->data != NULL) {
    view = core_view_create((PyObject *)owner, &memory, read_only, 0);
    if (view == NULL) return NULL;
  } else {
    view = Py_None;
    Py_INCREF(view);
  }
  return Py_BuildValue("(NiNNNiN)", core_text(tensor->name), (int)tensor->type,
                       core_shape_tuple(&tensor->shape), scales_tuple(&tensor->quant),
                       core_index_tuple(tensor->quant.zero_point, affine ? tensor->quant.count : 0),
                       (int)tensor->quant.dimension, view);
}

typedef lrt_status (*operand_function)(const lrt_op_call *, int32_t, lrt_op_tensor *);

/* One operand each, None where it is left out. */
static PyObject *operand_list(core_operators *owner, const lrt_op_call *call, int32_t count,
                              operand_function of, int read_only) {
  PyObject *list = PyList_New(0);
  for (int32_t i = 0; list != NULL && i < count; i++) {
    lrt_op_tensor tensor;
    PyObject *entry = Py_None;
    if (of(call, i, &tensor) == LRT_OK)
      entry = operand(owner, &tensor, read_only);
    else
      Py_INCREF(entry);
    if (entry == NULL || PyList_Append(list, entry) != 0) Py_CLEAR(list);
    Py_XDECREF(entry);
  }
  return list;
}

/* state.method(inputs, outputs) */
static PyObject *call_method(core_operators *owner, lrt_op_call *call, const char *method) {
  PyObject *state = lrt_op_call_state(call);
  PyObject *inputs = operand_list(owner, call, lrt_op_call_input_count(call), lrt_op_call_input, 1);
  PyObject *outputs = operand_list(owner, call, lrt_op_call_output_count(call), lrt_op_call_output, 0);
  PyObject *result = NULL;
  if (inputs != NULL && outputs != NULL) result = PyObject_CallMethod(state, method, "OO", inputs, outputs);
  Py_XDECREF(inputs);
  Py_XDECREF(outputs);
  return result;
}

/* ---- the functions that the library calls, on any thread and without the lock of Python ---- */

static lrt_status python_init(void *cookie, const void *options, size_t bytes, void **state, lrt_error *err) {
  registered *r = cookie;
  const PyGILState_STATE lock = PyGILState_Ensure();
  PyObject *made = PyObject_CallFunction(r->create, "y#", options != NULL ? options : "", (Py_ssize_t)bytes);
  if (made == NULL) {
    err->code = LRT_RUN_FAILED;
    keep_exception(r->owner, err->message, sizeof err->message);
  }
  *state = made;
  PyGILState_Release(lock);
  return made != NULL ? LRT_OK : LRT_RUN_FAILED;
}

static void python_free(void *cookie, void *state) {
  const PyGILState_STATE lock = PyGILState_Ensure();
  (void)cookie;
  Py_XDECREF((PyObject *)state);
  PyGILState_Release(lock);
}

/* Shapes: one tuple per output, None where eval tells. */
static lrt_status take_shapes(lrt_op_call *call, core_operators *owner, PyObject *shapes) {
  for (int32_t i = 0; i < lrt_op_call_output_count(call); i++) {
    PyObject *entry = PySequence_GetItem(shapes, i);
    lrt_shape shape;
    if (entry == NULL) return raised(call, owner);
    const int late = entry == Py_None;
    const int failed = !late && core_read_shape(entry, &shape) != 0;
    Py_DECREF(entry);
    if (failed) return raised(call, owner);
    const lrt_status status =
        late ? lrt_op_call_declare_late(call, i) : lrt_op_call_set_shape(call, i, &shape, 0);
    if (status != LRT_OK) return status;
  }
  return LRT_OK;
}

static lrt_status python_prepare(lrt_op_call *call) {
  core_operators *owner = ((registered *)lrt_op_call_cookie(call))->owner;
  const PyGILState_STATE lock = PyGILState_Ensure();
  PyObject *shapes = call_method(owner, call, "prepare");
  const lrt_status status = shapes != NULL ? take_shapes(call, owner, shapes) : raised(call, owner);
  Py_XDECREF(shapes);
  PyGILState_Release(lock);
  return status;
}

/* Late outputs: (index, shape, bytes). */
static lrt_status take_late(lrt_op_call *call, core_operators *owner, PyObject *entry) {
  int index = 0;
  PyObject *dims = NULL, *content = NULL;
  char *bytes = NULL;
  Py_ssize_t length = 0;
  lrt_shape shape;
  lrt_op_tensor output;
  if (!PyArg_ParseTuple(entry, "iO!S", &index, &PyTuple_Type, &dims, &content) ||
      core_read_shape(dims, &shape) != 0 || PyBytes_AsStringAndSize(content, &bytes, &length) != 0)
    return raised(call, owner);
  const lrt_status status = lrt_op_call_set_shape(call, index, &shape, (size_t)length);
  if (status != LRT_OK) return status;
  lrt_op_call_output(call, index, &output);
  if (output.bytes != (size_t)length)
    return lrt_op_call_fail(call, LRT_RUN_FAILED, "output %d got %zd bytes, expected %zu", index, length,
                            output.bytes);
  if (length > 0) memcpy(output.data, bytes, (size_t)length);
  return LRT_OK;
}

static lrt_status python_eval(lrt_op_call *call, int64_t begin, int64_t end) {
  core_operators *owner = ((registered *)lrt_op_call_cookie(call))->owner;
  const PyGILState_STATE lock = PyGILState_Ensure();
  PyObject *late = call_method(owner, call, "run");
  lrt_status status = late != NULL ? LRT_OK : raised(call, owner);
  const Py_ssize_t count = late != NULL ? PySequence_Size(late) : 0;
  (void)begin;
  (void)end;
  for (Py_ssize_t i = 0; status == LRT_OK && i < count; i++) {
    PyObject *entry = PySequence_GetItem(late, i);
    status = entry != NULL ? take_late(call, owner, entry) : raised(call, owner);
    Py_XDECREF(entry);
  }
  Py_XDECREF(late);
  PyGILState_Release(lock);
  return status;
}

/* ---- the type ---- */

static PyObject *operators_new(PyTypeObject *type, PyObject *args, PyObject *keywords) {
  lrt_op_set *set = NULL;
  lrt_error err = {LRT_OK, ""};
  (void)type;
  (void)keywords;
  if (!PyArg_ParseTuple(args, "")) return NULL;
  if (lrt_op_set_create(&set, &err) != LRT_OK) return core_raise(&err);
  core_operators *self = PyObject_New(core_operators, core_operators_type);
  if (self == NULL) {
    lrt_op_set_destroy(set);
    return NULL;
  }
  self->set = set;
  self->first = NULL;
  self->error = NULL;
  return (PyObject *)self;
}

static void operators_dealloc(PyObject *self) {
  core_operators *operators = (core_operators *)self;
  PyTypeObject *type = Py_TYPE(self);
  lrt_op_set_destroy(operators->set);
  for (registered *r = operators->first, *next; r != NULL; r = next) {
    next = r->next;
    Py_DECREF(r->create);
    PyMem_Free(r);
  }
  Py_XDECREF(operators->error);
  PyObject_Free(self);
  Py_DECREF(type);
}

/* add(name, version_min, version_max, create) */
static PyObject *operators_add(PyObject *self, PyObject *args) {
  core_operators *operators = (core_operators *)self;
  const char *name = NULL;
  int low = 0, high = 0;
  PyObject *create = NULL;
  lrt_error err = {LRT_OK, ""};
  if (!PyArg_ParseTuple(args, "siiO", &name, &low, &high, &create)) return NULL;
  registered *r = PyMem_Malloc(sizeof *r);
  if (r == NULL) return PyErr_NoMemory();
  const lrt_custom_op op = {.abi = LRT_CUSTOM_OP_ABI,
                            .name = name,
                            .version_min = low,
                            .version_max = high,
                            .cookie = r,
                            .init = python_init,
                            .free = python_free,
                            .prepare = python_prepare,
                            .eval = python_eval};
  if (lrt_op_set_add(operators->set, &op, &err) != LRT_OK) {
    PyMem_Free(r);
    return core_raise(&err);
  }
  Py_INCREF(create);
  *r = (registered){operators, create, operators->first};
  operators->first = r;
  Py_RETURN_NONE;
}

/* load(path) */
static PyObject *operators_load(PyObject *self, PyObject *args) {
  PyObject *path = NULL;
  lrt_error err = {LRT_OK, ""};
  if (!PyArg_ParseTuple(args, "O&", PyUnicode_FSConverter, &path)) return NULL;
  const lrt_status status = lrt_op_set_load(((core_operators *)self)->set, PyBytes_AsString(path), &err);
  Py_DECREF(path);
  if (status != LRT_OK) return core_raise(&err);
  Py_RETURN_NONE;
}

/* take_error() -> the exception that a function raised since the last call, or None */
static PyObject *operators_take_error(PyObject *self, PyObject *unused) {
  core_operators *operators = (core_operators *)self;
  PyObject *error = operators->error;
  (void)unused;
  operators->error = NULL;
  if (error == NULL) Py_RETURN_NONE;
  return error;
}

static PyMethodDef operators_methods[] = {
    {"add", operators_add, METH_VARARGS, "add(name, version_min, version_max, create)"},
    {"load", operators_load, METH_VARARGS, "load(path): operators of a shared library"},
    {"take_error", operators_take_error, METH_NOARGS, "take_error() -> what an operator raised, or None"},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot operators_slots[] = {
    {Py_tp_new, (void *)operators_new},
    {Py_tp_dealloc, (void *)operators_dealloc},
    {Py_tp_methods, (void *)operators_methods},
    {Py_tp_doc, (void *)"Custom operators for interpreters."},
    {0, NULL},
};

static PyType_Spec operators_spec = {"litert._core.OperatorSet", (int)sizeof(core_operators), 0,
                                     Py_TPFLAGS_DEFAULT, operators_slots};

int core_add_operators(PyObject *module) {
  core_operators_type = (PyTypeObject *)PyType_FromSpec(&operators_spec);
  if (core_operators_type == NULL) return -1;
  Py_INCREF(core_operators_type);
  return PyModule_AddObject(module, "OperatorSet", (PyObject *)core_operators_type);
}
