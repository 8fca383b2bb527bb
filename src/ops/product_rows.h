/* product_rows.h: the quantized input of a dynamic-range product. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_OPS_PRODUCT_ROWS_H
#define LRT_OPS_PRODUCT_ROWS_H

#include "ops/product.h"

typedef struct lrt_product_rows {
  int input;
  int64_t count; /* elements of a row */
  bool symmetric, ref;
  const lrt_value *rows;          /* int8 */
  const lrt_value *scales, *zeros; /* one each per row */
} lrt_product_rows;

/* Emits the step that quantizes the product's input. */
lrt_status lrt_product_quantize_input(lrt_prepare *p, const lrt_product *product, const lrt_product_rows **out);
/* FULLY_CONNECTED with blockwise int4 weights. */
lrt_status lrt_product_prepare_blocks(lrt_prepare *p, const lrt_product *product);

#endif
