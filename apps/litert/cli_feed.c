/* cli_feed.c: matches --input flags with inputs and fills the tensors from files, text or random numbers. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "cli_feed.h"

#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fail.h"
#include "cli_file.h"
#include "cli_table.h"
#include "cli_value.h"
#include "formats/file_kind.h"
#include "formats/npy.h"

typedef enum source_kind { FROM_SEED = 0, FROM_TEXT, FROM_RAW, FROM_NPY, FROM_PICTURE } source_kind;

/* What one input is filled with. */
typedef struct source {
  source_kind kind;
  const char *value; /* text or path as given; NULL = nothing is given */
  cli_file file;
  lrt_npy array;
  cli_picture picture;
} source;

typedef struct feed {
  cli *c;
  cli_session *session;
  const cli_feed_options *options;
  source *sources; /* [input_count] */
} feed;

static bool is_name(const char *name, const char *text, size_t length) {
  return name != NULL && strlen(name) == length && memcmp(name, text, length) == 0;
}

static int32_t find_input(const cli_session *session, const char *text, size_t length) {
  for (int32_t i = 0; i < session->input_count; i++)
    if (is_name(session->inputs[i].name, text, length) ||
        is_name(session->inputs[i].tensor_name, text, length))
      return i;
  return -1;
}

static lrt_status unknown_input(feed *f, const char *text, size_t length) {
  lrt_str names;
  lrt_str_init(&names, lrt_alloc_default(), 300);
  for (int32_t i = 0; i < f->session->input_count; i++)
    lrt_str_format(&names, "%s'%s'", i > 0 ? ", " : "", f->session->inputs[i].name);
  const lrt_status status =
      lrt_fail(&f->c->error, LRT_INVALID_ARGUMENT, "the model has no input '%.*s'; it has %s", (int)length,
               text, names.length > 0 ? names.text : "none");
  lrt_str_clear(&names);
  return status;
}

/* Spreads the flags over the inputs: by name, the others in order. */
static lrt_status match(feed *f) {
  const cli_list *given = &f->options->inputs;
  for (int i = 0; i < given->count; i++) {
    const char *text = given->items[i], *equals = strchr(text, '=');
    int32_t at = -1;
    if (equals != NULL) at = find_input(f->session, text, (size_t)(equals - text));
    if (at >= 0) {
      text = equals + 1;
    } else if (equals != NULL && access(text, F_OK) != 0) { /* else a path with an equals sign */
      return unknown_input(f, text, (size_t)(equals - text));
    } else {
      for (at = 0; at < f->session->input_count && f->sources[at].value != NULL;) at++;
      if (at == f->session->input_count)
        return lrt_fail(&f->c->error, LRT_INVALID_ARGUMENT, "the model takes %d input%s; '%s' is left over",
                        (int)at, at == 1 ? "" : "s", text);
    }
    if (f->sources[at].value != NULL)
      return lrt_fail(&f->c->error, LRT_INVALID_ARGUMENT, "the input '%s' is given twice",
                      f->session->inputs[at].name);
    f->sources[at].value = text;
  }
  return LRT_OK;
}

static lrt_status decode_file(source *s, lrt_error *err) {
  const size_t head = s->file.length < LRT_FILE_KIND_BYTES ? s->file.length : LRT_FILE_KIND_BYTES;
  switch (lrt_file_kind_of(s->file.bytes, head, s->file.length)) {
  case LRT_FILE_NPY: s->kind = FROM_NPY; return lrt_npy_read(s->file.bytes, s->file.length, &s->array, err);
  case LRT_FILE_PNG:
    s->kind = FROM_PICTURE;
    return cli_picture_read_png(s->file.bytes, s->file.length, &s->picture, err);
  case LRT_FILE_JPEG:
    s->kind = FROM_PICTURE;
    return cli_picture_read_jpeg(s->file.bytes, s->file.length, &s->picture, err);
  default: s->kind = FROM_RAW; return LRT_OK;
  }
}

static lrt_status read_file(feed *f, source *s) {
  lrt_error inner = {LRT_OK, ""};
  LRT_TRY(cli_file_read(s->value, &s->file, &f->c->error));
  const lrt_status status = decode_file(s, &inner);
  return status == LRT_OK ? LRT_OK : lrt_fail(&f->c->error, status, "%s: %s", s->value, inner.message);
}

static lrt_status read_source(feed *f, int32_t index) {
  source *s = &f->sources[index];
  const cli_port *port = &f->session->inputs[index];
  if (s->value == NULL) {
    if (f->options->seed >= 0) return LRT_OK;
    return lrt_fail(&f->c->error, LRT_INVALID_ARGUMENT,
                    "the input '%s' has no value: give --input %s=FILE, or --seed N for random contents",
                    port->name, port->name);
  }
  if (port->info.type != LRT_STRING) return read_file(f, s);
  s->kind = FROM_TEXT;
  return s->value[0] == '@' ? cli_file_read(s->value + 1, &s->file, &f->c->error) : LRT_OK;
}

/* ---- shapes ---- */

static bool same_shape(const lrt_shape *a, const lrt_shape *b) {
  if (a->rank != b->rank) return false;
  for (int32_t i = 0; i < a->rank; i++)
    if (a->dims[i] != b->dims[i]) return false;
  return true;
}

/* Adds leading ones, so that an array without batch fits: [224,224,3] into [1,224,224,3]. */
static void add_leading_ones(lrt_shape *shape, int32_t rank) {
  while (shape->rank < rank && shape->rank < LRT_MAX_RANK) {
    memmove(shape->dims + 1, shape->dims, (size_t)shape->rank * sizeof shape->dims[0]);
    shape->dims[0] = 1;
    shape->rank++;
  }
}

/* The file's shape, the batch and dimensions that the model leaves open may differ. */
static bool may_become(const lrt_tensor_info *info, const lrt_shape *wanted) {
  if (wanted->rank != info->shape.rank) return false;
  for (int32_t i = 0; i < wanted->rank; i++) {
    const bool open = i < info->shape_signature.rank && info->shape_signature.dims[i] < 0;
    if (wanted->dims[i] != info->shape.dims[i] && !open && i > 0) return false;
  }
  return true;
}

/* The shape an input gets from what is given; false where it keeps its own. */
static bool wanted_shape(const source *s, const lrt_tensor_info *info, lrt_shape *out) {
  int height, width, channels;
  if (s->kind == FROM_NPY) {
    *out = s->array.shape;
    add_leading_ones(out, info->shape.rank);
    return true;
  }
  /* A model that takes pictures of any size gets this one as it is. */
  const lrt_shape *open = &info->shape_signature;
  if (s->kind != FROM_PICTURE || !cli_picture_shape(&info->shape, &height, &width, &channels)) return false;
  if (open->rank < 3 || open->dims[open->rank - 3] >= 0 || open->dims[open->rank - 2] >= 0) return false;
  *out = info->shape;
  out->dims[out->rank - 3] = s->picture.height;
  out->dims[out->rank - 2] = s->picture.width;
  return true;
}

static lrt_status fit_shape(feed *f, int32_t index) {
  const source *s = &f->sources[index];
  const cli_port *port = &f->session->inputs[index];
  lrt_shape wanted;
  char has[CLI_TEXT_BYTES], takes[CLI_TEXT_BYTES];
  if (!wanted_shape(s, &port->info, &wanted) || same_shape(&wanted, &port->info.shape)) return LRT_OK;
  if (!f->options->allow_resize && !may_become(&port->info, &wanted)) {
    const bool signed_shape = port->info.shape_signature.rank == port->info.shape.rank;
    return lrt_fail(&f->c->error, LRT_INVALID_MODEL, "%s has the shape %s, the input '%s' takes %s", s->value,
                    cli_shape_text(&wanted, has), port->name,
                    cli_shape_text(signed_shape ? &port->info.shape_signature : &port->info.shape, takes));
  }
  lrt_error inner = {LRT_OK, ""};
  const lrt_status status = lrt_interpreter_resize_input(f->session->interpreter, f->session->subgraph,
                                                         port->tensor, &wanted, 0, &inner);
  if (status == LRT_OK) return LRT_OK;
  return lrt_fail(&f->c->error, status == LRT_INVALID_ARGUMENT ? LRT_INVALID_MODEL : status, "%s: %s",
                  s->value, inner.message);
}

/* ---- contents ---- */

static lrt_status fill_text(feed *f, const cli_port *port, const source *s, const lrt_tensor_view *view) {
  const bool lines = s->file.bytes != NULL;
  const char *text = lines ? (const char *)s->file.bytes : s->value;
  const size_t length = lines ? s->file.length : strlen(text);
  const int64_t count = lrt_shape_count(&view->shape);
  if (count < 0 || count > 1 << 20) return lrt_fail(&f->c->error, LRT_INVALID_MODEL, "too many strings");
  const char **texts = lrt_alloc_array(lrt_alloc_default(), (size_t)count + 1, sizeof *texts);
  size_t *lengths = lrt_alloc_array(lrt_alloc_default(), (size_t)count + 1, sizeof *lengths);
  lrt_status status = texts != NULL && lengths != NULL ? LRT_OK
                                                       : lrt_alloc_fail(&f->c->error, lrt_alloc_default(),
                                                                        (uint64_t)count * 16, "strings");
  int64_t found = 0;
  for (size_t at = 0; status == LRT_OK && (at < length || (length == 0 && found == 0)) && found <= count;
       found++) {
    const char *end = lines ? memchr(text + at, '\n', length - at) : NULL;
    texts[found] = text + at;
    lengths[found] = end != NULL ? (size_t)(end - text) - at : length - at;
    at += lengths[found] + 1;
  }
  if (status == LRT_OK && found != count)
    status = lrt_fail(&f->c->error, LRT_INVALID_MODEL,
                      "the input '%s' takes %lld strings, one per line of @FILE, not %s%lld", port->name,
                      (long long)count, found > count ? "more than " : "",
                      (long long)(found > count ? count : found));
  if (status == LRT_OK)
    status = lrt_interpreter_set_strings(f->session->interpreter, f->session->subgraph, port->tensor,
                                         (int32_t)count, texts, lengths, &f->c->error);
  lrt_alloc_free(texts);
  lrt_alloc_free(lengths);
  return status;
}

static lrt_status fill_random_text(feed *f, const cli_port *port, const lrt_tensor_view *view,
                                   cli_random *random) {
  static const char *const words[] = {"alpha", "beta", "gamma", "delta"};
  lrt_str text;
  source made = {0};
  const int64_t count = lrt_shape_count(&view->shape);
  lrt_str_init(&text, lrt_alloc_default(), 0);
  for (int64_t i = 0; i < count && text.status == LRT_OK; i++)
    lrt_str_format(&text, "%s\n", words[cli_random_next(random) % 4]);
  made.file.bytes = (uint8_t *)text.text; /* lines, as from @FILE */
  made.file.length = text.length;
  lrt_status status = lrt_str_check(&text, &f->c->error);
  if (status == LRT_OK) status = fill_text(f, port, &made, view);
  lrt_str_clear(&text);
  return status;
}

static lrt_status fill_bytes(feed *f, const cli_port *port, const source *s, const lrt_tensor_view *view) {
  const bool typed = s->kind == FROM_NPY;
  const uint8_t *bytes = typed ? s->array.data : s->file.bytes;
  const size_t length = typed ? s->array.bytes : s->file.length;
  if (typed && s->array.type != view->type)
    return lrt_fail(&f->c->error, LRT_INVALID_MODEL, "%s holds %s, the input '%s' takes %s", s->value,
                    lrt_type_name(s->array.type), port->name, lrt_type_name(view->type));
  if (length != view->bytes)
    return lrt_fail(&f->c->error, LRT_INVALID_MODEL, "%s has %zu bytes, the input '%s' takes %zu", s->value,
                    length, port->name, view->bytes);
  if (length > 0) memcpy(view->data, bytes, length);
  return LRT_OK;
}

static lrt_status fill_picture(feed *f, int32_t index, const lrt_tensor_view *view) {
  const source *s = &f->sources[index];
  cli_picture_rules rules = f->options->rules;
  lrt_error inner = {LRT_OK, ""};
  cli_meta_rules(&f->session->meta, index, &rules);
  const lrt_status status =
      cli_picture_to_tensor(&s->picture, &rules, view, &f->session->inputs[index].info.quant, &inner);
  return status == LRT_OK ? LRT_OK : lrt_fail(&f->c->error, status, "%s: %s", s->value, inner.message);
}

static lrt_status fill(feed *f, int32_t index, cli_random *random) {
  const source *s = &f->sources[index];
  const cli_port *port = &f->session->inputs[index];
  lrt_tensor_view view;
  LRT_TRY(lrt_interpreter_tensor(f->session->interpreter, f->session->subgraph, port->tensor, &view,
                                 &f->c->error));
  if (s->kind == FROM_TEXT) return fill_text(f, port, s, &view);
  if (s->kind == FROM_PICTURE) return fill_picture(f, index, &view);
  if (s->kind != FROM_SEED) return fill_bytes(f, port, s, &view);
  if (view.type == LRT_STRING) return fill_random_text(f, port, &view, random);
  if (view.data != NULL) cli_random_fill(random, &view);
  return LRT_OK;
}

static lrt_status feed_all(feed *f) {
  cli_random random = {(uint64_t)f->options->seed};
  const int32_t count = f->session->input_count;
  LRT_TRY(match(f));
  for (int32_t i = 0; i < count; i++) LRT_TRY(read_source(f, i));
  for (int32_t i = 0; i < count; i++) LRT_TRY(fit_shape(f, i));
  LRT_TRY(lrt_interpreter_allocate(f->session->interpreter, f->session->subgraph, &f->c->error));
  for (int32_t i = 0; i < count; i++) LRT_TRY(fill(f, i, &random));
  return LRT_OK;
}

lrt_status cli_feed(cli *c, cli_session *session, const cli_feed_options *options) {
  feed f = {c, session, options, NULL};
  f.sources = lrt_alloc_array(lrt_alloc_default(), (size_t)session->input_count + 1, sizeof *f.sources);
  if (f.sources == NULL) return lrt_alloc_fail(&c->error, lrt_alloc_default(), sizeof *f.sources, "inputs");
  const lrt_status status = feed_all(&f);
  for (int32_t i = 0; i < session->input_count; i++) {
    cli_file_clear(&f.sources[i].file);
    cli_picture_clear(&f.sources[i].picture);
  }
  lrt_alloc_free(f.sources);
  return status;
}
