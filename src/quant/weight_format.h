/* weight_format.h: how a matrix of weights is stored, and turning rows of floats into that. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_QUANT_WEIGHT_FORMAT_H
#define LRT_QUANT_WEIGHT_FORMAT_H

#include <stdbool.h>
#include <stdint.h>

#include "litert/status.h"
#include "litert/tensor.h"

typedef struct lrt_weight_format {
  lrt_type type; /* FLOAT32, FLOAT16, INT8 or INT4 */
  int32_t
      block; /* INT8, INT4: elements of a row that share a float16 scale, a multiple of 32; 0 = the whole row
                    shares a float32 scale. Zero points are 0; scales are positive, since other runtimes refuse
                    the rest. */
  bool
      search; /* scales of least weighted squared error over all codes of the type; else max|w| / 127 or / 7, as
                    the vendor's tools choose them */
} lrt_weight_format;

/* What storing cost, summed over elements. */
typedef struct lrt_weight_error {
  double squared;        /* importance * (stored - given)^2 */
  double squared_weight; /* importance * given^2 */
} lrt_weight_error;

/* Whether rows of that many columns can be stored so. Errors: INVALID_ARGUMENT with one sentence. */
lrt_status lrt_weight_format_check(const lrt_weight_format *format, int64_t columns, lrt_error *err);
/* Bytes of the codes (or floats) and of the scales of [rows][columns]; an even number of columns for INT4. */
uint64_t lrt_weight_code_bytes(const lrt_weight_format *format, int64_t rows, int64_t columns);
uint64_t lrt_weight_scale_bytes(const lrt_weight_format *format, int64_t rows, int64_t columns);

/* weights: [rows][columns]; importance: [columns] >= 0, or NULL for equal ones; codes: as lrt_weight_code_bytes says, INT4
 * two to a byte, the lower nibble first; scales: [rows] float32 or [rows][columns / block] float16, untouched for
 * floats; error: added to. Errors: INVALID_ARGUMENT for weights that are not finite, with their place. */
lrt_status lrt_weight_encode(const lrt_weight_format *format, const float *weights, const float *importance,
                             int64_t rows, int64_t columns, void *codes, void *scales,
                             lrt_weight_error *error, lrt_error *err);

#endif
