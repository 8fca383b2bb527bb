/* cli_labels.c: reads label files and picks the best classes of an output. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "cli_labels.h"

#include <math.h>
#include <stdlib.h>
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

/* How the score of one class becomes a probability: scale / (1 + exp(-(slope * transformed + offset))). */
typedef struct calibration {
  cli_file file; /* a line "scale,slope,offset[,least score]" per class, empty where a class has none */
  size_t at;
  lrt_score_transform transform;
  double otherwise;
} calibration;

static double transformed(lrt_score_transform how, double score) {
  switch (how) {
  case LRT_SCORE_LOG: return log(score);
  case LRT_SCORE_INVERSE_LOGISTIC: return log(score / (1 - score));
  case LRT_SCORE_IDENTITY: break;
  }
  return score;
}

/* Up to four numbers of a line; returns how many. */
static int read_numbers(const char *line, size_t length, double *out) {
  char text[128];
  int count = 0;
  if (length >= sizeof text) return 0;
  memcpy(text, line, length);
  text[length] = '\0';
  for (char *at = text, *end = NULL; count < 4; at = end + 1) {
    out[count] = strtod(at, &end);
    if (end == at) return count;
    count++;
    if (*end != ',') return count;
  }
  return count;
}

/* The calibrated score of the next class. */
static double calibrated(calibration *how, double score) {
  const char *line = NULL;
  size_t length = 0;
  double numbers[4];
  if (how->file.bytes == NULL) return score;
  const int count = next_line(&how->file, &how->at, &line, &length) ? read_numbers(line, length, numbers) : 0;
  if (count < 3 || (count == 4 && score < numbers[3])) return how->otherwise;
  return numbers[0] / (1 + exp(-(numbers[1] * transformed(how->transform, score) + numbers[2])));
}

static lrt_status find_calibration(cli *c, const cli_session *session, int32_t output, calibration *how) {
  lrt_tensor_metadata about;
  memset(how, 0, sizeof *how);
  if (session->meta.record == NULL) return LRT_OK;
  lrt_model_metadata_tensor(session->meta.record, 1, (uint32_t)output, &about);
  if (!about.has_calibration) return LRT_OK;
  how->transform = about.transform;
  how->otherwise = (double)about.default_score;
  return cli_meta_output_file(c, &session->meta, output, LRT_ASSOCIATED_SCORE_CALIBRATION, &how->file);
}

static lrt_status pick_best(cli *c, const cli_session *session, int32_t output, const lrt_tensor_view *view,
                            cli_labels *out) {
  const lrt_quant *quant = &session->outputs[output].info.quant;
  cli_class candidate = {NULL, 0, 0, 0};
  calibration how;
  size_t at = 0;
  LRT_TRY(find_calibration(c, session, output, &how));
  for (; next_line(&out->file, &at, &candidate.label, &candidate.length); candidate.index++) {
    candidate.score = calibrated(&how, cli_value_real(view, quant, candidate.index));
    keep_best(out, &candidate);
  }
  cli_file_clear(&how.file);
  return LRT_OK;
}

lrt_status cli_labels_read(cli *c, const cli_session *session, int32_t output, const lrt_tensor_view *view,
                           const char *path, cli_labels *out) {
  const int64_t count = lrt_shape_count(&view->shape);
  if (!cli_value_is_number(view->type) || view->data == NULL) return LRT_OK;
  if (path != NULL)
    LRT_TRY(cli_file_read(path, &out->file, &c->error));
  else
    LRT_TRY(cli_meta_output_file(c, &session->meta, output, LRT_ASSOCIATED_AXIS_LABELS, &out->file));
  const int64_t lines = count_lines(&out->file);
  if (lines > 0 && lines == count) return pick_best(c, session, output, view, out);
  /* The labels may be another output's, or belong to each row of this one. */
  if (path == NULL || session->output_count > 1) return LRT_OK;
  return lrt_fail(&c->error, LRT_INVALID_MODEL, "the output '%s' needs %lld labels, %s has %lld",
                  session->outputs[output].name, (long long)count, path, (long long)lines);
}

void cli_labels_clear(cli_labels *labels) {
  cli_file_clear(&labels->file);
}
