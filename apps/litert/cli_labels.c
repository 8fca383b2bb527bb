/* cli_labels.c: reads label files and picks the best classes of an output. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "cli_labels.h"

#include <string.h>

#include "base/fail.h"
#include "cli_value.h"

/* Line `index` of the file without its end; false behind the last. */
static bool next_line(const cli_file *file, size_t *at, const char **line, size_t *length) {
  if (*at >= file->length) return false;
  const char *text = (const char *)file->bytes + *at;
  const char *end = memchr(text, '\n', file->length - *at);
  *length = end != NULL ? (size_t)(end - text) : file->length - *at;
  *at += *length + 1;
  *line = text;
  if (*length > 0 && text[*length - 1] == '\r') --*length;
  return true;
}

static int64_t count_lines(const cli_file *file) {
  size_t at = 0, length;
  const char *line;
  int64_t count = 0;
  while (next_line(file, &at, &line, &length)) count++;
  return count;
}

static void keep_best(cli_labels *labels, const cli_class *candidate) {
  int place = labels->best_count;
  while (place > 0 && labels->best[place - 1].score < candidate->score) place--;
  if (place == CLI_LABELS_BEST) return;
  const int last = labels->best_count < CLI_LABELS_BEST ? labels->best_count++ : CLI_LABELS_BEST - 1;
  for (int i = last; i > place; i--) labels->best[i] = labels->best[i - 1];
  labels->best[place] = *candidate;
}

lrt_status cli_labels_read(cli *c, const cli_session *session, int32_t output, const lrt_tensor_view *view,
                           const char *path, cli_labels *out) {
  const lrt_quant *quant = &session->outputs[output].info.quant;
  const int64_t count = lrt_shape_count(&view->shape);
  cli_class candidate = {NULL, 0, 0, 0};
  size_t at = 0;
  if (path == NULL || !cli_value_is_number(view->type) || view->data == NULL) return LRT_OK;
  LRT_TRY(cli_file_read(path, &out->file, &c->error));
  const int64_t lines = count_lines(&out->file);
  if (lines != count) {
    if (session->output_count > 1) return LRT_OK; /* the labels are another output's */
    return lrt_fail(&c->error, LRT_INVALID_MODEL, "%s has %lld labels, the output '%s' %lld values", path,
                    (long long)lines, session->outputs[output].name, (long long)count);
  }
  for (; next_line(&out->file, &at, &candidate.label, &candidate.length); candidate.index++) {
    candidate.score = cli_value_real(view, quant, candidate.index);
    keep_best(out, &candidate);
  }
  return LRT_OK;
}

void cli_labels_clear(cli_labels *labels) {
  cli_file_clear(&labels->file);
}
