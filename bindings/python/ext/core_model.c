/* core_model.c: litert._core.Model: opening model files and looking into them. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "core.h"

#include <string.h>

PyTypeObject *core_model_type;

static PyObject *opened(lrt_model *model, PyObject *content) {
  core_model *self = PyObject_New(core_model, core_model_type);
  if (self == NULL) {
    lrt_model_destroy(model);
    return NULL;
  }
  self->model = model;
  self->content = content;
  Py_XINCREF(content);
  return (PyObject *)self;
}

/* Model.open(path, copy=False, max_bytes=0) */
static PyObject *model_open(PyObject *unused, PyObject *args) {
  PyObject *path = NULL;
  int copy = 0;
  unsigned long long max_bytes = 0;
  lrt_model *model = NULL;
  lrt_error err = {LRT_OK, ""};
  lrt_status status;
  (void)unused;
  if (!PyArg_ParseTuple(args, "O&|pK", PyUnicode_FSConverter, &path, &copy, &max_bytes)) return NULL;
  const char *name = PyBytes_AsString(path);
  const lrt_model_options options = {.copy = copy, .limits = {.bytes = max_bytes}};
  Py_BEGIN_ALLOW_THREADS status = lrt_model_open(name, &options, &model, &err);
  Py_END_ALLOW_THREADS Py_DECREF(path);
  core_deliver_log();
  return status == LRT_OK ? opened(model, NULL) : core_raise(&err);
}

/* Model.open_bytes(content, max_bytes=0); the bytes object stays alive with the model. */
static PyObject *model_open_bytes(PyObject *unused, PyObject *args) {
  PyObject *content = NULL;
  unsigned long long max_bytes = 0;
  char *bytes = NULL;
  Py_ssize_t length = 0;
  lrt_model *model = NULL;
  lrt_error err = {LRT_OK, ""};
  lrt_status status;
  (void)unused;
  if (!PyArg_ParseTuple(args, "S|K", &content, &max_bytes)) return NULL;
  if (PyBytes_AsStringAndSize(content, &bytes, &length) != 0) return NULL;
  const lrt_model_options options = {.limits = {.bytes = max_bytes}};
  Py_BEGIN_ALLOW_THREADS status = lrt_model_open_memory(bytes, (uint64_t)length, &options, &model, &err);
  Py_END_ALLOW_THREADS core_deliver_log();
  return status == LRT_OK ? opened(model, content) : core_raise(&err);
}

static void model_dealloc(PyObject *self) {
  core_model *m = (core_model *)self;
  PyTypeObject *type = Py_TYPE(self);
  lrt_model_destroy(m->model);
  Py_XDECREF(m->content);
  PyObject_Free(self);
  Py_DECREF(type);
}

static const lrt_model *model_of(PyObject *self) {
  return ((core_model *)self)->model;
}

static PyObject *no_such(const char *what, int index) {
  return PyErr_Format(PyExc_IndexError, "%s %d does not exist", what, index);
}

/* subgraph(i) -> {name, tensors, nodes, inputs, outputs} */
static PyObject *model_subgraph(PyObject *self, PyObject *args) {
  int index;
  lrt_subgraph_info info;
  if (!PyArg_ParseTuple(args, "i", &index)) return NULL;
  if (lrt_model_subgraph(model_of(self), index, &info) != LRT_OK) return no_such("subgraph", index);
  return Py_BuildValue("{s:N,s:i,s:i,s:N,s:N}", "name", core_text(info.name), "tensors",
                       (int)info.tensor_count, "nodes", (int)info.node_count, "inputs",
                       core_index_tuple(info.inputs, info.input_count), "outputs",
                       core_index_tuple(info.outputs, info.output_count));
}

static PyObject *scales_tuple(const lrt_quant *quant) {
  const int32_t count = quant->kind == LRT_QUANT_AFFINE ? quant->count : 0;
  PyObject *tuple = PyTuple_New(count);
  for (int32_t i = 0; tuple != NULL && i < count; i++) {
    PyObject *value = PyFloat_FromDouble((double)quant->scale[i]);
    if (value == NULL || PyTuple_SetItem(tuple, i, value) != 0) Py_CLEAR(tuple);
  }
  return tuple;
}

static PyObject *quant_dict(const lrt_quant *quant) {
  const int affine = quant->kind == LRT_QUANT_AFFINE;
  return Py_BuildValue("{s:i,s:N,s:N,s:i,s:i,s:i,s:i}", "kind", (int)quant->kind, "scales",
                       scales_tuple(quant), "zero_points",
                       core_index_tuple(quant->zero_point, affine ? quant->count : 0), "dimension",
                       (int)quant->dimension, "block_size", (int)quant->block_size, "scales_tensor",
                       (int)quant->scales_tensor, "zero_points_tensor", (int)quant->zero_points_tensor);
}

/* tensor(subgraph, i) -> {name, type, shape, shape_signature, quant, is_variable, is_sparse, bytes} as in the file */
static PyObject *model_tensor(PyObject *self, PyObject *args) {
  int subgraph, index;
  lrt_tensor_info info;
  if (!PyArg_ParseTuple(args, "ii", &subgraph, &index)) return NULL;
  if (lrt_model_tensor(model_of(self), subgraph, index, &info) != LRT_OK) return no_such("tensor", index);
  return Py_BuildValue("{s:N,s:i,s:N,s:N,s:N,s:O,s:O,s:O,s:K}", "name", core_text(info.name), "type",
                       (int)info.type, "shape", core_shape_tuple(&info.shape), "shape_signature",
                       core_shape_tuple(&info.shape_signature), "quant", quant_dict(&info.quant),
                       "is_variable", info.is_variable ? Py_True : Py_False, "is_sparse",
                       info.is_sparse ? Py_True : Py_False, "is_constant",
                       info.data != NULL ? Py_True : Py_False, "bytes", (unsigned long long)info.bytes);
}

/* constant(subgraph, i) -> read-only View of the stored contents, or None for computed tensors */
static PyObject *model_constant(PyObject *self, PyObject *args) {
  int subgraph, index;
  lrt_tensor_info info;
  if (!PyArg_ParseTuple(args, "ii", &subgraph, &index)) return NULL;
  if (lrt_model_tensor(model_of(self), subgraph, index, &info) != LRT_OK) return no_such("tensor", index);
  if (info.data == NULL) Py_RETURN_NONE;
  const lrt_tensor_view tensor = {info.type, info.shape, (void *)(uintptr_t)info.data, (size_t)info.bytes};
  return core_view_create(self, &tensor, 1, 0);
}

/* One dimension of a sparse tensor: (0, size) or (1, segments, indices). */
static PyObject *sparsity_dimension(const lrt_model *model, int subgraph, int index, int32_t dimension) {
  lrt_sparsity_dimension d;
  if (lrt_model_sparsity_dimension(model, subgraph, index, dimension, &d) != LRT_OK)
    return no_such("dimension", dimension);
  if (!d.is_sparse) return Py_BuildValue("(ii)", 0, (int)d.dense_size);
  return Py_BuildValue("(iNN)", 1, core_index_tuple(d.segments, d.segment_count),
                       core_index_tuple(d.indices, d.index_count));
}

/* sparsity(subgraph, i) -> (traversal order, block map, [dimensions]), None for dense tensors */
static PyObject *model_sparsity(PyObject *self, PyObject *args) {
  int subgraph, index;
  lrt_sparsity_info info;
  if (!PyArg_ParseTuple(args, "ii", &subgraph, &index)) return NULL;
  if (lrt_model_sparsity(model_of(self), subgraph, index, &info) != LRT_OK) Py_RETURN_NONE;
  PyObject *list = PyList_New(0);
  for (int32_t d = 0; list != NULL && d < info.dimension_count; d++) {
    PyObject *entry = sparsity_dimension(model_of(self), subgraph, index, d);
    if (entry == NULL || PyList_Append(list, entry) != 0) Py_CLEAR(list);
    Py_XDECREF(entry);
  }
  return Py_BuildValue("(NNN)", core_index_tuple(info.traversal_order, info.traversal_count),
                       core_index_tuple(info.block_map, info.block_count), list);
}

/* node(subgraph, i) -> {name, code, version, is_custom, is_supported, inputs, outputs, options} */
static PyObject *model_node(PyObject *self, PyObject *args) {
  int subgraph, index;
  lrt_node_info info;
  char options[1024] = "";
  if (!PyArg_ParseTuple(args, "ii", &subgraph, &index)) return NULL;
  if (lrt_model_node(model_of(self), subgraph, index, &info) != LRT_OK) return no_such("node", index);
  if (lrt_model_node_options(model_of(self), subgraph, index, options, sizeof options) != LRT_OK)
    options[0] = '\0';
  return Py_BuildValue(
      "{s:N,s:i,s:i,s:O,s:O,s:N,s:N,s:N}", "name", core_text(info.name), "code", (int)info.code, "version",
      (int)info.version, "is_custom", info.is_custom ? Py_True : Py_False, "is_supported",
      info.is_supported ? Py_True : Py_False, "inputs", core_index_tuple(info.inputs, info.input_count),
      "outputs", core_index_tuple(info.outputs, info.output_count), "options", core_text(options));
}

typedef lrt_status (*end_function)(const lrt_model *, int32_t, int32_t, const char **, int32_t *);

/* {name: tensor index} of one side of a signature. */
static PyObject *ends_dict(const lrt_model *model, int32_t signature, int32_t count, end_function end) {
  PyObject *dict = PyDict_New();
  for (int32_t i = 0; dict != NULL && i < count; i++) {
    const char *name = NULL;
    int32_t tensor = 0;
    if (end(model, signature, i, &name, &tensor) != LRT_OK) continue;
    if (core_put(dict, name, PyLong_FromLong(tensor)) != 0) Py_CLEAR(dict);
  }
  return dict;
}

/* signatures() -> [(key, subgraph, {input: tensor}, {output: tensor})] */
static PyObject *model_signatures(PyObject *self, PyObject *unused) {
  const lrt_model *model = model_of(self);
  PyObject *list = PyList_New(0);
  (void)unused;
  for (int32_t i = 0; list != NULL && i < lrt_model_signature_count(model); i++) {
    lrt_signature_info info;
    if (lrt_model_signature(model, i, &info) != LRT_OK) continue;
    PyObject *entry = Py_BuildValue("(NiNN)", core_text(info.key), (int)info.subgraph,
                                    ends_dict(model, i, info.input_count, lrt_model_signature_input),
                                    ends_dict(model, i, info.output_count, lrt_model_signature_output));
    if (entry == NULL || PyList_Append(list, entry) != 0) Py_CLEAR(list);
    Py_XDECREF(entry);
  }
  return list;
}

/* places(signature, is_output) -> [place in the file's list], in the order of signatures() */
static PyObject *model_places(PyObject *self, PyObject *args) {
  int signature, is_output;
  if (!PyArg_ParseTuple(args, "ip", &signature, &is_output)) return NULL;
  PyObject *list = PyList_New(0);
  for (int32_t i = 0; list != NULL; i++) {
    const int32_t place = lrt_model_signature_place(model_of(self), signature, is_output, i);
    if (place < 0) break;
    PyObject *value = PyLong_FromLong(place);
    if (value == NULL || PyList_Append(list, value) != 0) Py_CLEAR(list);
    Py_XDECREF(value);
  }
  return list;
}

/* metadata() -> {name: bytes} */
static PyObject *model_metadata(PyObject *self, PyObject *unused) {
  const lrt_model *model = model_of(self);
  PyObject *dict = PyDict_New();
  (void)unused;
  for (int32_t i = 0; dict != NULL && i < lrt_model_metadata_count(model); i++) {
    const char *name = NULL;
    const void *data = NULL;
    uint64_t bytes = 0;
    if (lrt_model_metadata(model, i, &name, &data, &bytes) != LRT_OK) continue;
    if (core_put(dict, name, PyBytes_FromStringAndSize(data, (Py_ssize_t)bytes)) != 0) Py_CLEAR(dict);
  }
  return dict;
}

static PyObject *model_name(PyObject *self, void *unused) {
  (void)unused;
  const char *name = lrt_model_name(model_of(self));
  return PyUnicode_DecodeFSDefault(name);
}

static PyObject *model_description(PyObject *self, void *unused) {
  (void)unused;
  return core_text(lrt_model_description(model_of(self)));
}

static PyObject *model_file_bytes(PyObject *self, void *unused) {
  (void)unused;
  return PyLong_FromUnsignedLongLong(lrt_model_file_bytes(model_of(self)));
}

static PyObject *model_packed_bytes(PyObject *self, void *unused) {
  (void)unused;
  return PyLong_FromUnsignedLongLong(lrt_model_packed_bytes(model_of(self)));
}

static PyObject *model_subgraph_count(PyObject *self, void *unused) {
  (void)unused;
  return PyLong_FromLong(lrt_model_subgraph_count(model_of(self)));
}

static PyMethodDef model_methods[] = {
    {"open", model_open, METH_VARARGS | METH_STATIC, "open(path, copy=False, max_bytes=0) -> Model"},
    {"open_bytes", model_open_bytes, METH_VARARGS | METH_STATIC, "open_bytes(content, max_bytes=0) -> Model"},
    {"subgraph", model_subgraph, METH_VARARGS, "subgraph(index) -> dict"},
    {"tensor", model_tensor, METH_VARARGS, "tensor(subgraph, index) -> dict, as in the file"},
    {"constant", model_constant, METH_VARARGS,
     "constant(subgraph, index) -> View of stored contents or None"},
    {"sparsity", model_sparsity, METH_VARARGS, "sparsity(subgraph, index) -> how a sparse tensor is stored"},
    {"places", model_places, METH_VARARGS, "places(signature, is_output) -> [place in the file's list]"},
    {"node", model_node, METH_VARARGS, "node(subgraph, index) -> dict"},
    {"signatures", model_signatures, METH_NOARGS, "signatures() -> [(key, subgraph, inputs, outputs)]"},
    {"metadata", model_metadata, METH_NOARGS, "metadata() -> {name: bytes}"},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef model_getset[] = {
    {"name", model_name, NULL, "path the model was opened from, or <memory>", NULL},
    {"description", model_description, NULL, "description stored in the file", NULL},
    {"file_bytes", model_file_bytes, NULL, "bytes of the file", NULL},
    {"packed_bytes", model_packed_bytes, NULL, "bytes of weights repacked so far", NULL},
    {"subgraph_count", model_subgraph_count, NULL, "number of subgraphs", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot model_slots[] = {
    {Py_tp_new, (void *)core_refuse_new},
    {Py_tp_dealloc, (void *)model_dealloc},
    {Py_tp_methods, (void *)model_methods},
    {Py_tp_getset, (void *)model_getset},
    {Py_tp_doc, (void *)"A verified, immutable model; made by Model.open and Model.open_bytes."},
    {0, NULL},
};

static PyType_Spec model_spec = {"litert._core.Model", (int)sizeof(core_model), 0, Py_TPFLAGS_DEFAULT,
                                 model_slots};

int core_add_model(PyObject *module) {
  core_model_type = (PyTypeObject *)PyType_FromSpec(&model_spec);
  if (core_model_type == NULL) return -1;
  Py_INCREF(core_model_type);
  return PyModule_AddObject(module, "Model", (PyObject *)core_model_type);
}
