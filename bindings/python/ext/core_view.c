/* core_view.c: memory of tensors as numpy sees it, through __array_interface__. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "core.h"

typedef struct core_view {
  PyObject_HEAD PyObject *owner;
  lrt_tensor_view tensor;
  int read_only;
  int counted;
} core_view;

PyTypeObject *core_view_type;

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define ORDER ">"
#else
#define ORDER "<"
#endif

/* numpy's code of an element; NULL for what numpy has no type for: such tensors are shown as their bytes. */
static const char *type_code(lrt_type type) {
  switch (type) {
  case LRT_FLOAT32: return ORDER "f4";
  case LRT_FLOAT16: return ORDER "f2";
  case LRT_FLOAT64: return ORDER "f8";
  case LRT_COMPLEX64: return ORDER "c8";
  case LRT_COMPLEX128: return ORDER "c16";
  case LRT_BOOL: return "|b1";
  case LRT_INT8: return "|i1";
  case LRT_INT16: return ORDER "i2";
  case LRT_INT32: return ORDER "i4";
  case LRT_INT64: return ORDER "i8";
  case LRT_UINT8: return "|u1";
  case LRT_UINT16: return ORDER "u2";
  case LRT_UINT32: return ORDER "u4";
  case LRT_UINT64: return ORDER "u8";
  default: return NULL;
  }
}

PyObject *core_view_create(PyObject *owner, const lrt_tensor_view *tensor, int read_only, int counted) {
  core_view *view = PyObject_New(core_view, core_view_type);
  if (view == NULL) return NULL;
  Py_INCREF(owner);
  view->owner = owner;
  view->tensor = *tensor;
  view->read_only = read_only;
  view->counted = counted && Py_TYPE(owner) == core_interpreter_type;
  if (view->counted) ((core_interpreter *)owner)->views++;
  return (PyObject *)view;
}

int core_view_is(PyObject *object, const lrt_tensor_view *tensor) {
  const lrt_tensor_view *shown = &((const core_view *)object)->tensor;
  if (shown->data != tensor->data || shown->bytes != tensor->bytes || shown->type != tensor->type) return 0;
  if (shown->shape.rank != tensor->shape.rank) return 0;
  for (int i = 0; i < shown->shape.rank && i < LRT_MAX_RANK; i++)
    if (shown->shape.dims[i] != tensor->shape.dims[i]) return 0;
  return 1;
}

static void view_dealloc(PyObject *self) {
  core_view *view = (core_view *)self;
  PyTypeObject *type = Py_TYPE(self);
  if (view->counted) ((core_interpreter *)view->owner)->views--;
  Py_DECREF(view->owner);
  PyObject_Free(self);
  Py_DECREF(type);
}

static PyObject *view_interface(PyObject *self, void *unused) {
  static char nothing; /* numpy wants an address for empty arrays too */
  const core_view *view = (const core_view *)self;
  const lrt_tensor_view *tensor = &view->tensor;
  const char *code = type_code(tensor->type);
  PyObject *shape =
      code != NULL ? core_shape_tuple(&tensor->shape) : Py_BuildValue("(n)", (Py_ssize_t)tensor->bytes);
  (void)unused;
  if (shape == NULL) return NULL;
  return Py_BuildValue("{s:N,s:s,s:(N,O),s:i}", "shape", shape, "typestr", code != NULL ? code : "|u1",
                       "data", PyLong_FromVoidPtr(tensor->data != NULL ? tensor->data : &nothing),
                       view->read_only ? Py_True : Py_False, "version", 3);
}

static PyGetSetDef view_getset[] = {
    {"__array_interface__", view_interface, NULL, "numpy's array interface, version 3", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot view_slots[] = {
    {Py_tp_new, (void *)core_refuse_new},
    {Py_tp_dealloc, (void *)view_dealloc},
    {Py_tp_getset, (void *)view_getset},
    {Py_tp_doc, (void *)"Memory of a tensor; numpy.asarray(view) shares it."},
    {0, NULL},
};

static PyType_Spec view_spec = {"litert._core.View", (int)sizeof(core_view), 0, Py_TPFLAGS_DEFAULT,
                                view_slots};

int core_add_view(PyObject *module) {
  core_view_type = (PyTypeObject *)PyType_FromSpec(&view_spec);
  if (core_view_type == NULL) return -1;
  Py_INCREF(core_view_type);
  return PyModule_AddObject(module, "View", (PyObject *)core_view_type);
}
