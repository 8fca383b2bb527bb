/* model.h: opening models and looking into them: tensors, nodes, signatures, metadata. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LITERT_MODEL_H
#define LITERT_MODEL_H

#include "litert/custom_op.h"
#include "litert/status.h"
#include "litert/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A model file, verified as a whole and immutable afterwards. It may be shared by any number of interpreters in any
 * threads; it lives until the last reference is dropped. Weights are mapped from the file, not copied. */
typedef struct lrt_model lrt_model;

typedef struct lrt_model_options {
  int copy;          /* non-zero: read the file into memory, so that shrinking it later cannot do harm */
  lrt_limits limits; /* bytes: memory for the structure, copied ranges and packed weights */
  lrt_op_set
      *operators; /* custom operators of all its interpreters; NULL = none. The model takes a reference */
  /* A file of packed weights, or a folder for one that is named after the model; NULL = none. It is written after an
   * allocate that packed weights, and mapped by later processes with the same model file, processor and version. Only
   * whole files appear. One that is damaged or does not fit is replaced; one that is something else is refused. */
  const char *weight_cache;
} lrt_model_options;

/* Opens a .tflite file, or the TFLite model inside a .litertlm or .task bundle; the kind is told by the bytes.
 * `options` may be NULL. Errors: NOT_FOUND, IO, INVALID_MODEL, UNSUPPORTED (another kind of file), OVER_BUDGET,
 * INVALID_ARGUMENT (a weight cache that cannot be one). */
LRT_API lrt_status lrt_model_open(const char *path, const lrt_model_options *options, lrt_model **out,
                                  lrt_error *err);
/* The same from caller memory, which must stay alive and unchanged as long as the model. */
LRT_API lrt_status lrt_model_open_memory(const void *bytes, uint64_t length, const lrt_model_options *options,
                                         lrt_model **out, lrt_error *err);
/* From `length` bytes at `offset` of an open file (length 0 = to its end); the descriptor may be closed afterwards. */
LRT_API lrt_status lrt_model_open_fd(int fd, uint64_t offset, uint64_t length,
                                     const lrt_model_options *options, lrt_model **out, lrt_error *err);
LRT_API lrt_model *lrt_model_retain(lrt_model *model);
/* Drops one reference; NULL is fine. */
LRT_API void lrt_model_destroy(lrt_model *model);

/* Path given to lrt_model_open, or "<memory>". */
LRT_API const char *lrt_model_name(const lrt_model *model);
LRT_API const char *lrt_model_description(const lrt_model *model);
/* Bytes of the file, and of packed weights made so far. */
LRT_API uint64_t lrt_model_file_bytes(const lrt_model *model);
LRT_API uint64_t lrt_model_packed_bytes(const lrt_model *model);

/* The file of packed weights, see lrt_model_options. */
typedef struct lrt_weight_cache_info {
  const char *path;    /* NULL: none is used; belongs to the model */
  uint64_t read_bytes; /* of the packed weights, those mapped from it */
  char state[600];     /* one sentence: "packed weights are read from it", "it could not be written: …" */
} lrt_weight_cache_info;
LRT_API void lrt_model_weight_cache(const lrt_model *model, lrt_weight_cache_info *out);

/* At least 1; subgraph 0 is the main one. */
LRT_API int32_t lrt_model_subgraph_count(const lrt_model *model);

typedef struct lrt_subgraph_info {
  const char *name;
  int32_t tensor_count, node_count, input_count, output_count;
  const int32_t *inputs; /* tensor indices */
  const int32_t *outputs;
} lrt_subgraph_info;

/* Pointers in the info structs below belong to the model. NOT_FOUND for indices out of range. */
LRT_API lrt_status lrt_model_subgraph(const lrt_model *model, int32_t subgraph, lrt_subgraph_info *out);

typedef struct lrt_tensor_info {
  const char *name;
  lrt_type type;
  lrt_shape shape;           /* as stored in the file */
  lrt_shape shape_signature; /* -1 = unknown dimension; equal to shape where the file has none */
  lrt_quant quant;
  int is_variable, is_sparse;
  const void
      *data; /* constant contents as stored (sparse tensors: the stored values), NULL for computed tensors */
  uint64_t bytes; /* of data */
} lrt_tensor_info;

/* One tensor of a subgraph, by the file's index. */
LRT_API lrt_status lrt_model_tensor(const lrt_model *model, int32_t subgraph, int32_t tensor,
                                    lrt_tensor_info *out);

/* How a sparse tensor is stored: `data` of its info are the values in this order. */
typedef struct lrt_sparsity_info {
  int32_t dimension_count, traversal_count, block_count;
  const int32_t
      *traversal_order; /* [traversal_count] dimensions, outermost first; blocks behind the tensor's own */
  const int32_t *block_map; /* [block_count] dimension of the tensor that a dimension of the blocks cuts */
} lrt_sparsity_info;

/* One dimension in traversal order: dense with a size, or the CSR form. */
typedef struct lrt_sparsity_dimension {
  int is_sparse;
  int32_t dense_size;
  int32_t segment_count, index_count;
  const int32_t *segments;
  const int32_t *indices;
} lrt_sparsity_dimension;

/* Storage of a sparse tensor. NOT_FOUND for dense tensors and indices out of range. */
LRT_API lrt_status lrt_model_sparsity(const lrt_model *model, int32_t subgraph, int32_t tensor,
                                      lrt_sparsity_info *out);
LRT_API lrt_status lrt_model_sparsity_dimension(const lrt_model *model, int32_t subgraph, int32_t tensor,
                                                int32_t dimension, lrt_sparsity_dimension *out);

typedef struct lrt_node_info {
  const char *name; /* operator: "CONV_2D", or the custom operator's name */
  int32_t code;     /* builtin operator code, 32 = custom */
  int32_t version;
  int is_custom;
  int is_supported; /* an implementation is registered */
  int32_t input_count, output_count, intermediate_count;
  const int32_t *inputs; /* tensor indices, -1 = left out */
  const int32_t *outputs;
  const int32_t *intermediates;
  const void *custom_options;
  uint64_t custom_options_bytes;
} lrt_node_info;

/* One node of a subgraph, by the file's index: the order of execution, unless control edges ask for another. */
LRT_API lrt_status lrt_model_node(const lrt_model *model, int32_t subgraph, int32_t node, lrt_node_info *out);
/* Control dependencies of a subgraph (the metadata "model_control_dependencies"): node *before runs before node *after
 * although no tensor says so. Where the file does not number them so, they run in another order than numbered. */
LRT_API int32_t lrt_model_control_edge_count(const lrt_model *model, int32_t subgraph);
LRT_API lrt_status lrt_model_control_edge(const lrt_model *model, int32_t subgraph, int32_t index,
                                          int32_t *before, int32_t *after);
/* Options of a node as text, "padding=0 stride_w=2 …", cut to `size`; "" where it has none. */
LRT_API lrt_status lrt_model_node_options(const lrt_model *model, int32_t subgraph, int32_t node, char *text,
                                          size_t size);

/* 0 where the file has no signatures. */
LRT_API int32_t lrt_model_signature_count(const lrt_model *model);

typedef struct lrt_signature_info {
  const char *key;
  int32_t subgraph, input_count, output_count;
} lrt_signature_info;

/* One signature, by the file's index. */
LRT_API lrt_status lrt_model_signature(const lrt_model *model, int32_t index, lrt_signature_info *out);
/* Index of the signature with that key (NULL = the only one), or -1. */
LRT_API int32_t lrt_model_find_signature(const lrt_model *model, const char *key);
/* Name and tensor index of an input or output of a signature; inputs are sorted by name. */
LRT_API lrt_status lrt_model_signature_input(const lrt_model *model, int32_t signature, int32_t index,
                                             const char **name, int32_t *tensor);
LRT_API lrt_status lrt_model_signature_output(const lrt_model *model, int32_t signature, int32_t index,
                                              const char **name, int32_t *tensor);

/* Place of a signature's `index`-th input (is_output: output) in the file's own list, which need not be sorted; -1 out of
 * range. */
LRT_API int32_t lrt_model_signature_place(const lrt_model *model, int32_t signature, int is_output,
                                          int32_t index);

/* Named byte strings that the file carries beside its graphs. */
LRT_API int32_t lrt_model_metadata_count(const lrt_model *model);
LRT_API lrt_status lrt_model_metadata(const lrt_model *model, int32_t index, const char **name,
                                      const void **data, uint64_t *bytes);

#ifdef __cplusplus
}
#endif
#endif
