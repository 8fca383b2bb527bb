/* model_metadata.h: the TFLITE_METADATA record of a model: how inputs are normalised, what outputs mean. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_FORMATS_MODEL_METADATA_H
#define LRT_FORMATS_MODEL_METADATA_H

#include <stddef.h>
#include <stdint.h>

#include "litert/status.h"

/* Name of the model's metadata entry that holds the record. */
#define LRT_MODEL_METADATA_NAME "TFLITE_METADATA"
#define LRT_MODEL_METADATA_CHANNELS 4

/* X(NAME, number in the schema, "name") */
#define LRT_ASSOCIATED_FILE_LIST(X)                                                                          \
  X(UNKNOWN, 0, "unknown")                                                                                   \
  X(DESCRIPTIONS, 1, "descriptions")                                                                         \
  X(AXIS_LABELS, 2, "axis labels")   /* one class per line, in the order of the last axis */                 \
  X(VALUE_LABELS, 3, "value labels") /* what each value of the tensor means */                               \
  X(SCORE_CALIBRATION, 4, "score calibration")                                                               \
  X(VOCABULARY, 5, "vocabulary")                                                                             \
  X(SCANN_INDEX, 6, "index")

typedef enum lrt_associated_file {
#define LRT_ASSOCIATED_FILE_ENUM(name, number, text) LRT_ASSOCIATED_##name = number,
  LRT_ASSOCIATED_FILE_LIST(LRT_ASSOCIATED_FILE_ENUM)
#undef LRT_ASSOCIATED_FILE_ENUM
} lrt_associated_file;

/* What a score is turned into before its sigmoid. */
typedef enum lrt_score_transform {
  LRT_SCORE_IDENTITY = 0,
  LRT_SCORE_LOG,
  LRT_SCORE_INVERSE_LOGISTIC
} lrt_score_transform;

/* About one input or output. Texts are NULL where absent and borrow from the record. */
typedef struct lrt_tensor_metadata {
  const char *name, *description;
  int mean_count;                          /* 0 = no normalisation; else 1 or one per channel */
  float mean[LRT_MODEL_METADATA_CHANNELS]; /* real = (value - mean) / std, values being 0…255 for pictures */
  float std[LRT_MODEL_METADATA_CHANNELS];
  int has_calibration;
  lrt_score_transform transform;
  float default_score; /* for classes without calibration, and scores below their minimum */
} lrt_tensor_metadata;

typedef struct lrt_model_metadata_info {
  const char *name, *description, *version, *author, *license;
  uint32_t input_count, output_count; /* tensors of the first subgraph that are described */
} lrt_model_metadata_info;

/* Checks the whole record; the functions below are only for records that passed. Errors: INVALID_MODEL. */
lrt_status lrt_model_metadata_verify(const uint8_t *record, uint64_t length, lrt_error *err);
void lrt_model_metadata_read(const uint8_t *record, lrt_model_metadata_info *out);
/* About input or output `index` of the first subgraph; all absent where the record says nothing. */
void lrt_model_metadata_tensor(const uint8_t *record, int is_output, uint32_t index,
                               lrt_tensor_metadata *out);
/* Name of that tensor's first file of a kind; NULL where there is none. */
const char *lrt_model_metadata_file(const uint8_t *record, int is_output, uint32_t index,
                                    lrt_associated_file kind);

#endif
