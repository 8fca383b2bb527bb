/* plugin_arithmetic.c: a delegate in a shared library, made of the public headers alone: runs float32 ADD and MUL. */
/* SPDX-License-Identifier: Apache-2.0 */

/* Options (all optional):
 *   ops=add|mul|add,mul   what it claims               max_nodes=N   and at most how many
 *   fail=create|prepare|kernel|invoke                  where it fails on purpose
 *   dynamic=1             kernels can be prepared again for other shapes
 *   propagate=1           and want the shapes of the replaced nodes' tensors
 *   grow=1                results get their memory while the model runs
 *   handle=1              results stay in a buffer of its own until they are asked for
 *   preview=1             asks for a preview of the groups and claims only nodes of the largest */
#include <stdio.h>

#include "tensorflow/lite/builtin_ops.h"
#include "tensorflow/lite/c/builtin_op_data.h"
#include "tensorflow/lite/delegates/external/external_delegate_interface.h"

typedef struct settings {
  bool add, mul, grow, handle, preview;
  int max_nodes;
  const char *fail; /* "", or a literal */
} settings;

#define HANDLES 256

typedef struct delegate {
  TfLiteDelegate base;
  settings set;
  float *buffers[HANDLES]; /* handle=1: by handle */
  int handle_count;
} delegate;

/* One replaced node. */
typedef struct action {
  int in[2], out;
  int code;
  TfLiteFusedActivation activation;
} action;

typedef struct kernel {
  delegate *owner;
  int count;
  action *actions;
  int temp_count;
  int *made_inside; /* [temp_count] tensors that only this kernel sees … */
  int *temps;       /* … and the temporaries that stand for them */
  int first_handle; /* handle=1: of output 0; the others follow */
} kernel;

/* ---- which nodes ---- */

static int count_of(const TfLiteIntArray *dims) {
  int count = 1;
  for (int i = 0; i < dims->size; i++) count *= dims->data[i];
  return count;
}

/* The last dimensions of the other shape. */
static bool is_suffix(const TfLiteIntArray *dims, const TfLiteIntArray *of) {
  const int skip = of->size - dims->size;
  if (skip < 0) return false;
  for (int i = 0; i < dims->size; i++)
    if (dims->data[i] != of->data[skip + i]) return false;
  return true;
}

static bool can_run(TfLiteContext *context, const settings *set, const TfLiteNode *node,
                    const TfLiteRegistration *registration) {
  const bool add = registration->builtin_code == kTfLiteBuiltinAdd && set->add;
  const bool mul = registration->builtin_code == kTfLiteBuiltinMul && set->mul;
  if (!add && !mul) return false;
  const TfLiteTensor *out = &context->tensors[node->outputs->data[0]];
  for (int i = 0; i < 2; i++) {
    const TfLiteTensor *in = &context->tensors[node->inputs->data[i]];
    if (in->type != kTfLiteFloat32 || !is_suffix(in->dims, out->dims)) return false;
  }
  const TfLiteFusedActivation activation = add ? ((const TfLiteAddParams *)node->builtin_data)->activation
                                               : ((const TfLiteMulParams *)node->builtin_data)->activation;
  return activation == kTfLiteActNone || activation == kTfLiteActRelu || activation == kTfLiteActRelu6;
}

/* ---- the kernel ---- */

static int find(const int *list, int count, int value) {
  for (int i = 0; i < count; i++)
    if (list[i] == value) return i;
  return -1;
}

static void free_kernel(TfLiteContext *context, void *buffer) {
  kernel *k = buffer;
  (void)context;
  free(k->actions);
  free(k->made_inside);
  free(k->temps);
  free(k);
}

static void *make_kernel(TfLiteContext *context, const char *buffer, size_t length) {
  const TfLiteDelegateParams *params = (const TfLiteDelegateParams *)(const void *)buffer;
  kernel *k = calloc(1, sizeof *k);
  (void)length;
  k->owner = (delegate *)params->delegate;
  k->count = params->nodes_to_replace->size;
  k->first_handle = k->owner->handle_count;
  k->owner->handle_count = (k->owner->handle_count + params->output_tensors->size) % (HANDLES / 2);
  k->actions = calloc((size_t)k->count, sizeof *k->actions);
  k->made_inside = calloc((size_t)k->count, sizeof(int));
  k->temps = calloc((size_t)k->count, sizeof(int));
  for (int i = 0; i < k->count; i++) {
    TfLiteNode *node = NULL;
    TfLiteRegistration *registration = NULL;
    context->GetNodeAndRegistration(context, params->nodes_to_replace->data[i], &node, &registration);
    k->actions[i] = (action){{node->inputs->data[0], node->inputs->data[1]},
                             node->outputs->data[0],
                             registration->builtin_code,
                             registration->builtin_code == kTfLiteBuiltinAdd
                                 ? ((const TfLiteAddParams *)node->builtin_data)->activation
                                 : ((const TfLiteMulParams *)node->builtin_data)->activation};
    if (find(params->output_tensors->data, params->output_tensors->size, node->outputs->data[0]) < 0)
      k->made_inside[k->temp_count++] = node->outputs->data[0];
  }
  int first = 0;
  if (k->temp_count > 0) context->AddTensors(context, k->temp_count, &first);
  for (int i = 0; i < k->temp_count; i++) k->temps[i] = first + i;
  return k;
}

/* The tensor that holds a value while the kernel runs. */
static TfLiteTensor *tensor_of(TfLiteContext *context, const kernel *k, int index) {
  const int temp = find(k->made_inside, k->temp_count, index);
  return &context->tensors[temp >= 0 ? k->temps[temp] : index];
}

static const TfLiteIntArray *larger(const TfLiteTensor *a, const TfLiteTensor *b) {
  return a->dims->size > b->dims->size ||
                 (a->dims->size == b->dims->size && count_of(a->dims) >= count_of(b->dims))
             ? a->dims
             : b->dims;
}

static TfLiteStatus prepare_kernel(TfLiteContext *context, TfLiteNode *node) {
  kernel *k = node->user_data;
  const settings *set = &k->owner->set;
  if (strcmp(set->fail, "kernel") == 0) {
    context->ReportError(context, "no room on the device for %d nodes", k->count);
    return kTfLiteError;
  }
  TfLiteIntArrayFree(node->temporaries);
  node->temporaries = TfLiteIntArrayCreate(k->temp_count);
  for (int i = 0; i < k->temp_count; i++) {
    TfLiteTensor *temp = &context->tensors[k->temps[i]];
    node->temporaries->data[i] = k->temps[i];
    temp->type = kTfLiteFloat32;
    temp->allocation_type = kTfLiteArenaRw;
  }
  for (int i = 0; i < k->count; i++) {
    const action *a = &k->actions[i];
    TfLiteTensor *out = tensor_of(context, k, a->out);
    if (set->grow && find(k->made_inside, k->temp_count, a->out) < 0) {
      out->allocation_type = kTfLiteDynamic;
      continue;
    }
    const TfLiteIntArray *dims = larger(tensor_of(context, k, a->in[0]), tensor_of(context, k, a->in[1]));
    if (context->ResizeTensor(context, out, TfLiteIntArrayCopy(dims)) != kTfLiteOk) return kTfLiteError;
  }
  return kTfLiteOk;
}

static float activate(float x, TfLiteFusedActivation activation) {
  if (activation == kTfLiteActNone) return x;
  if (x < 0) return 0;
  return activation == kTfLiteActRelu6 && x > 6 ? 6 : x;
}

/* Where the present contents of an operand are. */
static const float *contents(const kernel *k, const TfLiteTensor *tensor) {
  return tensor->data_is_stale ? k->owner->buffers[tensor->buffer_handle] : tensor->data.f;
}

static TfLiteStatus run_action(TfLiteContext *context, kernel *k, const action *a, const TfLiteNode *node) {
  const TfLiteTensor *x = tensor_of(context, k, a->in[0]), *y = tensor_of(context, k, a->in[1]);
  TfLiteTensor *out = tensor_of(context, k, a->out);
  const int slot = find(node->outputs->data, node->outputs->size, a->out);
  if (k->owner->set.grow && slot >= 0 &&
      context->ResizeTensor(context, out, TfLiteIntArrayCopy(larger(x, y))) != kTfLiteOk)
    return kTfLiteError;
  const float *from_x = contents(k, x), *from_y = contents(k, y);
  const int n = count_of(out->dims), nx = count_of(x->dims), ny = count_of(y->dims);
  float *to = out->data.f;
  if (k->owner->set.handle && slot >= 0) {
    out->buffer_handle = k->first_handle + slot;
    to = k->owner->buffers[out->buffer_handle] =
        realloc(k->owner->buffers[out->buffer_handle], (size_t)n * sizeof *to + 1);
    memset(out->data.f, 0xff, out->bytes);
    out->delegate = node->delegate;
    out->data_is_stale = true;
  }
  for (int i = 0; i < n; i++) {
    const float u = from_x[i % nx], v = from_y[i % ny];
    to[i] = activate(a->code == kTfLiteBuiltinAdd ? u + v : u * v, a->activation);
  }
  return kTfLiteOk;
}

static TfLiteStatus invoke_kernel(TfLiteContext *context, TfLiteNode *node) {
  kernel *k = node->user_data;
  if (strcmp(k->owner->set.fail, "invoke") == 0) {
    context->ReportError(context, "the device is gone");
    return kTfLiteError;
  }
  for (int i = 0; i < k->count; i++)
    if (run_action(context, k, &k->actions[i], node) != kTfLiteOk) return kTfLiteError;
  return kTfLiteOk;
}

static TfLiteStatus copy_from(TfLiteContext *context, TfLiteDelegate *base, TfLiteBufferHandle handle,
                              TfLiteTensor *tensor) {
  (void)context;
  memcpy(tensor->data.raw, ((delegate *)base)->buffers[handle], tensor->bytes);
  return kTfLiteOk;
}

static void free_handle(TfLiteContext *context, TfLiteDelegate *base, TfLiteBufferHandle *handle) {
  (void)context;
  (void)base;
  *handle = kTfLiteNullBufferHandle;
}

/* ---- the delegate ---- */

/* preview=1: only the nodes of the largest group. */
static void keep_largest(TfLiteContext *context, TfLiteIntArray *nodes) {
  TfLiteDelegateParams *groups = NULL;
  int count = 0, best = 0;
  if (context->PreviewDelegatePartitioning(context, nodes, &groups, &count) != kTfLiteOk || count == 0)
    return;
  for (int i = 1; i < count; i++)
    if (groups[i].nodes_to_replace->size > groups[best].nodes_to_replace->size) best = i;
  nodes->size = groups[best].nodes_to_replace->size;
  memcpy(nodes->data, groups[best].nodes_to_replace->data, (size_t)nodes->size * sizeof(int));
}

static TfLiteStatus prepare(TfLiteContext *context, TfLiteDelegate *base) {
  const settings *set = &((delegate *)base)->set;
  TfLiteIntArray *plan = NULL;
  if (strcmp(set->fail, "prepare") == 0) {
    context->ReportError(context, "a graph of %d tensors is beyond me", (int)context->tensors_size);
    return kTfLiteError;
  }
  if (context->GetExecutionPlan(context, &plan) != kTfLiteOk) return kTfLiteError;
  TfLiteIntArray *nodes = TfLiteIntArrayCreate(plan->size);
  nodes->size = 0;
  for (int i = 0; i < plan->size; i++) {
    TfLiteNode *node = NULL;
    TfLiteRegistration *registration = NULL;
    if (context->GetNodeAndRegistration(context, plan->data[i], &node, &registration) != kTfLiteOk) continue;
    if (node->delegate == NULL && nodes->size < set->max_nodes && can_run(context, set, node, registration))
      nodes->data[nodes->size++] = plan->data[i];
  }
  if (set->preview) keep_largest(context, nodes);
  const TfLiteRegistration registration = {.init = make_kernel,
                                           .free = free_kernel,
                                           .prepare = prepare_kernel,
                                           .invoke = invoke_kernel,
                                           .custom_name = "arithmetic",
                                           .version = 1};
  const TfLiteStatus status =
      context->ReplaceNodeSubsetsWithDelegateKernels(context, registration, nodes, base);
  TfLiteIntArrayFree(nodes);
  return status;
}

static const char *const failures[] = {"create", "prepare", "kernel", "invoke"};

/* False for an option it does not know. */
static bool set_option(delegate *d, const char *key, const char *value) {
  settings *set = &d->set;
  const bool on = strcmp(value, "1") == 0 || strcmp(value, "True") == 0;
  if (strcmp(key, "ops") == 0) {
    set->add = strstr(value, "add") != NULL;
    set->mul = strstr(value, "mul") != NULL;
  } else if (strcmp(key, "max_nodes") == 0)
    set->max_nodes = atoi(value);
  else if (strcmp(key, "grow") == 0)
    set->grow = on;
  else if (strcmp(key, "handle") == 0)
    set->handle = on;
  else if (strcmp(key, "preview") == 0)
    set->preview = on;
  else if (strcmp(key, "dynamic") == 0)
    d->base.flags |= on ? kTfLiteDelegateFlagsAllowDynamicTensors : 0;
  else if (strcmp(key, "propagate") == 0)
    d->base.flags |= on ? kTfLiteDelegateFlagsRequirePropagatedShapes : 0;
  else if (strcmp(key, "fail") == 0) {
    for (size_t i = 0; i < sizeof failures / sizeof failures[0]; i++)
      if (strcmp(value, failures[i]) == 0) set->fail = failures[i];
  } else
    return false;
  return true;
}

TfLiteDelegate *tflite_plugin_create_delegate(const char *const *keys, const char *const *values,
                                              size_t count, void (*report_error)(const char *)) {
  delegate *d = calloc(1, sizeof *d);
  d->set = (settings){.add = true, .mul = true, .max_nodes = 1 << 30, .fail = ""};
  d->base.data_ = d;
  d->base.Prepare = prepare;
  d->base.CopyFromBufferHandle = copy_from;
  d->base.FreeBufferHandle = free_handle;
  for (size_t i = 0; i < count; i++) {
    if (set_option(d, keys[i], values[i])) continue;
    char text[200];
    snprintf(text, sizeof text, "unknown option %s", keys[i]);
    if (report_error != NULL) report_error(text);
    free(d);
    return NULL;
  }
  if (strcmp(d->set.fail, "create") != 0) return &d->base;
  if (report_error != NULL) report_error("told to fail");
  free(d);
  return NULL;
}

void tflite_plugin_destroy_delegate(TfLiteDelegate *base) {
  for (int i = 0; base != NULL && i < HANDLES; i++) free(((delegate *)base)->buffers[i]);
  free(base);
}
