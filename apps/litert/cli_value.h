/* cli_value.h: elements of tensors as numbers: read, written, filled at random, summed up. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_CLI_VALUE_H
#define LRT_CLI_VALUE_H

#include <stdbool.h>
#include <stdint.h>

#include "litert/interpreter.h"

/* True for types whose elements are real numbers here (not strings, complex numbers, resources). */
bool cli_value_is_number(lrt_type type);
/* Element as stored: integers unscaled. 64-bit integers beyond 2^53 lose low bits; NaN for types without numbers. */
double cli_value_raw(const lrt_tensor_view *view, int64_t index);
/* Element as a real number: per-tensor affine quantization undone. */
double cli_value_real(const lrt_tensor_view *view, const lrt_quant *quant, int64_t index);
/* Stores a real number: quantized per tensor where `quant` says so, rounded and saturated for integers. */
void cli_value_store(const lrt_tensor_view *view, const lrt_quant *quant, int64_t index, double real);

/* Numbers in a sequence that depends on the seed alone. */
typedef struct cli_random {
  uint64_t state;
} cli_random;
/* The next 64 random bits. */
uint64_t cli_random_next(cli_random *random);
/* Fills a tensor: floats in [-1, 1), 8- and 16-bit integers over their range, wider ones 0…99, booleans 0 and 1. */
void cli_random_fill(cli_random *random, const lrt_tensor_view *view);

typedef struct cli_summary {
  double least, most, mean;
  int64_t count, not_finite;
} cli_summary;
void cli_value_summary(const lrt_tensor_view *view, const lrt_quant *quant, cli_summary *out);

#endif
