/* audio.c: AudioSpectrogram and Mfcc: the spectrum of windows of sound, and its cepstral coefficients. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <string.h>

#include "kernels/fft/fft.h"
#include "ops/custom_options.h"
#include "ops/movement.h"

#define PI 3.14159265358979323846
#define LONGEST_WINDOW (1 << 24)

/* ---- AudioSpectrogram ---- */

typedef struct spectrogram_params {
  int32_t window, stride, frames, channels;
  int64_t length; /* of the transform: the next power of two */
  bool squared;
  double *shape; /* [window] periodic Hann window */
  double *turns;
} spectrogram_params;

/* Units are frames of [channels][frames]; the samples lie as [samples][channels]. */
static lrt_status spectrogram_step(const lrt_step *step, const lrt_step_run *run, int64_t begin,
                                   int64_t end) {
  const spectrogram_params *s = step->params;
  const int64_t bins = s->length / 2 + 1;
  double *line = lrt_step_scratch(step, run);
  for (int64_t unit = begin; unit < end; unit++) {
    LRT_TRY(lrt_step_check(run)); /* windows may overlap as much as they like */
    const int64_t channel = unit / s->frames, first = unit % s->frames * s->stride;
    const float *in = (const float *)step->inputs[0]->data + channel;
    float *out = (float *)step->outputs[0]->data + unit * bins;
    memset(line, 0, (size_t)s->length * 2 * sizeof *line);
    for (int64_t i = 0; i < s->window; i++) line[2 * i] = (double)in[(first + i) * s->channels] * s->shape[i];
    lrt_fft(line, s->length, s->turns);
    for (int64_t k = 0; k < bins; k++) {
      const float power = (float)(line[2 * k] * line[2 * k] + line[2 * k + 1] * line[2 * k + 1]);
      out[k] = s->squared ? power : sqrtf(power);
    }
  }
  return LRT_OK;
}

static lrt_status prepare_spectrogram(lrt_prepare *p) {
  static const int floats[] = {LRT_FLOAT32, -1};
  lrt_flex map;
  LRT_TRY(lrt_prepare_arity(p, 1, 1, 1));
  LRT_TRY(lrt_prepare_types(p, 0, floats));
  LRT_TRY(lrt_moved_rank(p, 0, 2));
  LRT_TRY(lrt_moved_output_type(p, 0, LRT_FLOAT32));
  LRT_TRY(lrt_custom_map(p, &map));
  spectrogram_params *s = lrt_prepare_params(p, sizeof *s);
  if (s == NULL) return lrt_prepare_no_memory(p);
  LRT_TRY(lrt_custom_integer(p, map, "window_size", 0, 2, LONGEST_WINDOW, &s->window));
  LRT_TRY(lrt_custom_integer(p, map, "stride", 0, 1, INT32_MAX, &s->stride));
  s->squared = lrt_flex_bool(lrt_flex_find(map, "magnitude_squared"), false);
  const int32_t samples = p->inputs[0]->shape.dims[0];
  s->channels = p->inputs[0]->shape.dims[1];
  s->frames = samples < s->window ? 0 : 1 + (samples - s->window) / s->stride;
  for (s->length = 2; s->length < s->window;) s->length *= 2;
  const lrt_shape shape = {3, {s->channels, s->frames, (int32_t)(s->length / 2 + 1)}};
  LRT_TRY(lrt_prepare_shape(p, 0, &shape));
  s->shape = lrt_prepare_params(p, (size_t)s->window * sizeof *s->shape);
  s->turns = lrt_prepare_params(p, (size_t)s->length * sizeof *s->turns);
  if (s->shape == NULL || s->turns == NULL) return lrt_prepare_no_memory(p);
  for (int32_t i = 0; i < s->window; i++) s->shape[i] = 0.5 - 0.5 * cos(2.0 * PI * i / s->window);
  lrt_fft_turns(s->turns, s->length);
  return lrt_prepare_step(p, spectrogram_step, s, (int64_t)s->channels * s->frames,
                          (size_t)s->length * 2 * sizeof(double), "audio_spectrogram");
}

const lrt_op lrt_op_audio_spectrogram = {prepare_spectrogram, false, 0, false};

/* ---- Mfcc ---- */

typedef struct mfcc_params {
  int32_t bins, bands, coefficients;
  double low, high;   /* Hz */
  double *cosines;    /* [coefficients][bands] */
  lrt_value *band;    /* int32 [bins] triangle whose falling side a bin is on; -2 = none */
  lrt_value *weight;  /* double [bins] share of that triangle, the next one gets the rest */
  lrt_value *reaches; /* uint8 [1] the spectrum reaches up to `high` */
} mfcc_params;

/* The mel scale as HTK has it. */
static double mel_of(double hz) {
  return 1127.0 * log1p(hz / 700.0);
}

/* Lays triangles over the bins, equally spaced in mel; the first bin (DC) never counts. Depends on the sample rate, which
 * is data. */
static lrt_status layout_step(const lrt_step *step, const lrt_step_run *run, int64_t begin, int64_t end) {
  const mfcc_params *m = step->params;
  const int32_t rate = *(const int32_t *)step->inputs[1]->data;
  int32_t *band = m->band->data;
  double *weight = m->weight->data;
  (void)begin;
  (void)end;
  if (rate < 1) return lrt_fail(run->err, LRT_RUN_FAILED, "Mfcc: the sample rate is %d", rate);
  const double bottom = mel_of(m->low), spacing = (mel_of(m->high) - bottom) / (m->bands + 1);
  const double hz_per_bin = 0.5 * rate / (m->bins - 1);
  const double first = floor(1.5 + m->low / hz_per_bin), last = floor(m->high / hz_per_bin);
  int32_t channel = 0;
  for (int32_t i = 0; i < m->bins; i++) {
    const double mel = mel_of(i * hz_per_bin);
    band[i] = -2;
    weight[i] = 0;
    if (i < first || i > last) continue;
    while (channel < m->bands && bottom + spacing * (channel + 1) < mel) channel++;
    band[i] = channel - 1;
    const double centre = bottom + spacing * (channel + 1), before = bottom + spacing * channel;
    weight[i] = (centre - mel) / (centre - before);
  }
  *(uint8_t *)m->reaches->data = last < m->bins;
  return LRT_OK;
}

static void cepstrum(const mfcc_params *m, const float *spectrum, double *energy, float *out) {
  const int32_t *band = m->band->data;
  const double *weight = m->weight->data;
  memset(energy, 0, (size_t)m->bands * sizeof *energy);
  for (int32_t i = 0; i < m->bins; i++) {
    if (band[i] == -2) continue;
    const double magnitude = sqrt((double)spectrum[i]), falling = magnitude * weight[i];
    if (band[i] >= 0) energy[band[i]] += falling;
    if (band[i] + 1 < m->bands) energy[band[i] + 1] += magnitude - falling;
  }
  for (int32_t b = 0; b < m->bands; b++) energy[b] = log(energy[b] < 1e-12 ? 1e-12 : energy[b]);
  for (int32_t c = 0; c < m->coefficients; c++) {
    double sum = 0;
    for (int32_t b = 0; b < m->bands; b++) sum += m->cosines[(int64_t)c * m->bands + b] * energy[b];
    out[c] = (float)sum;
  }
}

/* Units are frames. A spectrum that ends below the upper limit gives zeros, as in the field's runtime. */
static lrt_status mfcc_step(const lrt_step *step, const lrt_step_run *run, int64_t begin, int64_t end) {
  const mfcc_params *m = step->params;
  float *out = step->outputs[0]->data;
  if (*(const uint8_t *)m->reaches->data == 0) {
    memset(out + begin * m->coefficients, 0, (size_t)(end - begin) * (size_t)m->coefficients * sizeof *out);
    return LRT_OK;
  }
  for (int64_t i = begin; i < end; i++) {
    LRT_TRY(lrt_step_check(run));
    cepstrum(m, (const float *)step->inputs[0]->data + i * m->bins, lrt_step_scratch(step, run),
             out + i * m->coefficients);
  }
  return LRT_OK;
}

static lrt_status read_mfcc(lrt_prepare *p, mfcc_params *m) {
  int32_t low = 0, high = 0;
  lrt_flex map;
  LRT_TRY(lrt_custom_map(p, &map));
  LRT_TRY(lrt_custom_integer(p, map, "lower_frequency_limit", 0, 0, INT32_MAX, &low));
  LRT_TRY(lrt_custom_integer(p, map, "upper_frequency_limit", 0, 1, INT32_MAX, &high));
  LRT_TRY(lrt_custom_integer(p, map, "filterbank_channel_count", 0, 1, 1 << 20, &m->bands));
  LRT_TRY(lrt_custom_integer(p, map, "dct_coefficient_count", 0, 1, m->bands, &m->coefficients));
  if (high <= low)
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "the frequencies from %d to %d Hz are none", low, high);
  m->low = (double)(float)low; /* the field's runtime keeps them as float */
  m->high = (double)(float)high;
  return LRT_OK;
}

static lrt_status prepare_mfcc(lrt_prepare *p) {
  static const int floats[] = {LRT_FLOAT32, -1}, integers[] = {LRT_INT32, -1};
  LRT_TRY(lrt_prepare_arity(p, 2, 2, 1));
  LRT_TRY(lrt_prepare_types(p, 0, floats));
  LRT_TRY(lrt_prepare_types(p, 1, integers));
  LRT_TRY(lrt_moved_rank(p, 0, 3));
  LRT_TRY(lrt_moved_output_type(p, 0, LRT_FLOAT32));
  mfcc_params *m = lrt_prepare_params(p, sizeof *m);
  if (m == NULL) return lrt_prepare_no_memory(p);
  LRT_TRY(read_mfcc(p, m));
  lrt_shape shape = p->inputs[0]->shape;
  m->bins = shape.dims[2];
  if (m->bins < 2 || lrt_shape_count(&p->inputs[1]->shape) != 1)
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "needs spectra of two numbers or more and one sample rate");
  shape.dims[2] = m->coefficients;
  LRT_TRY(lrt_prepare_shape(p, 0, &shape));
  const size_t cosines = (size_t)m->coefficients * (size_t)m->bands;
  if (cosines > (size_t)1 << 24) return lrt_prepare_fail(p, LRT_UNSUPPORTED, "has too many coefficients");
  m->cosines = lrt_prepare_params(p, cosines * sizeof *m->cosines);
  m->band = lrt_prepare_temp(p, (size_t)m->bins * sizeof(int32_t));
  m->weight = lrt_prepare_temp(p, (size_t)m->bins * sizeof(double));
  m->reaches = lrt_prepare_temp(p, 1);
  if (m->cosines == NULL || m->band == NULL || m->weight == NULL || m->reaches == NULL)
    return lrt_prepare_no_memory(p);
  for (int32_t c = 0; c < m->coefficients; c++)
    for (int32_t b = 0; b < m->bands; b++)
      m->cosines[(int64_t)c * m->bands + b] = sqrt(2.0 / m->bands) * cos(c * (PI / m->bands) * (b + 0.5));
  LRT_TRY(lrt_prepare_step(p, layout_step, m, 1, 0, "mel_bands"));
  const int64_t frames = (int64_t)shape.dims[0] * shape.dims[1];
  return lrt_prepare_step(p, mfcc_step, m, frames, (size_t)m->bands * sizeof(double), "mfcc");
}

const lrt_op lrt_op_mfcc = {prepare_mfcc, false, 0, false};
