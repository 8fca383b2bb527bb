/* model_object.h: the public model: a read file and the weights packed from it. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_MODEL_OBJECT_H
#define LRT_MODEL_OBJECT_H

#include <stdatomic.h>

#include "litert/model.h"
#include "model/tflite_read.h"
#include "ops/op_set.h"
#include "ops/weights.h"
#include "runtime/weights_cache.h"

struct lrt_model {
  atomic_int references;
  lrt_alloc *alloc; /* account of the model's limits */
  lrt_source *file; /* what was opened: the model itself or the bundle around it */
  lrt_tflite *tflite;
  lrt_weights *weights;
  lrt_op_set *operators;    /* registered custom operators, or NULL */
  lrt_weights_cache *cache; /* or NULL */
};

/* A model from a file that is open already; takes over the reference, also on failure. */
lrt_status lrt_model_take_source(lrt_source *file, const lrt_model_options *options, lrt_model **out,
                                 lrt_error *err);

#endif
