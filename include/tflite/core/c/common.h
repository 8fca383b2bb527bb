/* common.h: tensors, nodes, contexts, registrations and delegates as plug-ins of TFLite see them. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TFLITE_CORE_C_COMMON_H_
#define TFLITE_CORE_C_COMMON_H_

/* Layouts are a binary contract: a plug-in compiled against these headers works in any runtime that keeps it, and one
 * compiled elsewhere works here. Everything that a plug-in calls is in the table TfLiteContext, so it needs no library. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tflite/core/c/c_api_types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- lists ---- */

#if defined(__cplusplus) && defined(__clang__)
/* C++ has no arrays of open length; every compiler that reads this header has them all the same. */
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wc99-extensions"
#endif

/* A list of `size` numbers: a shape, or indices of tensors or nodes. One block of malloc, so that either side of the
 * contract may free what the other has made. */
typedef struct TfLiteIntArray {
  int size;
  __extension__ int data[];
} TfLiteIntArray;

typedef struct TfLiteFloatArray {
  int size;
  __extension__ float data[];
} TfLiteFloatArray;

#if defined(__cplusplus) && defined(__clang__)
#pragma clang diagnostic pop
#endif

/* An index that stands for an operand left out. */
#define kTfLiteOptionalTensor (-1)

/* Defined here, so that plug-ins need no library. With TFLITE_LISTS_FROM_LIBRARY they are taken from
 * libtensorflowlite_c.so, which exports them too. */
#ifndef TFLITE_LISTS_FROM_LIBRARY
static inline size_t TfLiteIntArrayGetSizeInBytes(int size) {
  return size < 0 ? 0 : sizeof(TfLiteIntArray) + sizeof(int) * (size_t)size;
}

/* A list of that length, its numbers not set; NULL without memory or for a negative size. */
static inline TfLiteIntArray *TfLiteIntArrayCreate(int size) {
  TfLiteIntArray *array = size < 0 ? NULL : (TfLiteIntArray *)malloc(TfLiteIntArrayGetSizeInBytes(size));
  if (array != NULL) array->size = size;
  return array;
}

static inline TfLiteIntArray *TfLiteIntArrayCopy(const TfLiteIntArray *source) {
  TfLiteIntArray *copy = source == NULL ? NULL : TfLiteIntArrayCreate(source->size);
  if (copy != NULL && copy->size > 0) memcpy(copy->data, source->data, sizeof(int) * (size_t)copy->size);
  return copy;
}

static inline void TfLiteIntArrayFree(TfLiteIntArray *array) {
  free(array);
}

/* 1 when the list has exactly these numbers. */
static inline int TfLiteIntArrayEqualsArray(const TfLiteIntArray *array, int size, const int *data) {
  return array != NULL && array->size == size &&
         (size <= 0 || memcmp(array->data, data, sizeof(int) * (size_t)size) == 0);
}

static inline int TfLiteIntArrayEqual(const TfLiteIntArray *a, const TfLiteIntArray *b) {
  return a == b || (a != NULL && b != NULL && TfLiteIntArrayEqualsArray(a, b->size, b->data));
}

static inline int TfLiteFloatArrayGetSizeInBytes(int size) {
  return size < 0 ? 0 : (int)(sizeof(TfLiteFloatArray) + sizeof(float) * (size_t)size);
}

static inline TfLiteFloatArray *TfLiteFloatArrayCreate(int size) {
  TfLiteFloatArray *array =
      size < 0 ? NULL : (TfLiteFloatArray *)malloc(sizeof(TfLiteFloatArray) + sizeof(float) * (size_t)size);
  if (array != NULL) array->size = size;
  return array;
}

static inline TfLiteFloatArray *TfLiteFloatArrayCopy(const TfLiteFloatArray *source) {
  TfLiteFloatArray *copy = source == NULL ? NULL : TfLiteFloatArrayCreate(source->size);
  if (copy != NULL && copy->size > 0) memcpy(copy->data, source->data, sizeof(float) * (size_t)copy->size);
  return copy;
}

static inline void TfLiteFloatArrayFree(TfLiteFloatArray *array) {
  free(array);
}

#else
TFL_CAPI_EXPORT size_t TfLiteIntArrayGetSizeInBytes(int size);
TFL_CAPI_EXPORT TfLiteIntArray *TfLiteIntArrayCreate(int size);
TFL_CAPI_EXPORT TfLiteIntArray *TfLiteIntArrayCopy(const TfLiteIntArray *source);
TFL_CAPI_EXPORT void TfLiteIntArrayFree(TfLiteIntArray *array);
TFL_CAPI_EXPORT int TfLiteIntArrayEqual(const TfLiteIntArray *a, const TfLiteIntArray *b);
TFL_CAPI_EXPORT int TfLiteIntArrayEqualsArray(const TfLiteIntArray *array, int size, const int *data);
TFL_CAPI_EXPORT int TfLiteFloatArrayGetSizeInBytes(int size);
TFL_CAPI_EXPORT TfLiteFloatArray *TfLiteFloatArrayCreate(int size);
TFL_CAPI_EXPORT TfLiteFloatArray *TfLiteFloatArrayCopy(const TfLiteFloatArray *source);
TFL_CAPI_EXPORT void TfLiteFloatArrayFree(TfLiteFloatArray *array);
#endif

/* ---- tensors ---- */

typedef struct TfLiteComplex64 {
  float re, im;
} TfLiteComplex64;

typedef struct TfLiteComplex128 {
  double re, im;
} TfLiteComplex128;

/* Bits of an IEEE half, and of a bfloat16. */
typedef struct TfLiteFloat16 {
  uint16_t data;
} TfLiteFloat16;

typedef struct TfLiteBFloat16 {
  uint16_t data;
} TfLiteBFloat16;

typedef union TfLitePtrUnion {
  int32_t *i32;
  uint32_t *u32;
  int64_t *i64;
  uint64_t *u64;
  float *f;
  TfLiteFloat16 *f16;
  TfLiteBFloat16 *bf16;
  double *f64;
  char *raw;
  const char *raw_const;
  uint8_t *uint8;
  bool *b;
  int16_t *i16;
  uint16_t *ui16;
  TfLiteComplex64 *c64;
  TfLiteComplex128 *c128;
  int8_t *int8;
  void *data;
} TfLitePtrUnion;

/* Where the contents of a tensor are, and for how long. */
typedef enum TfLiteAllocationType {
  kTfLiteMemNone = 0,
  kTfLiteMmapRo = 1,            /* a constant of the model: never written */
  kTfLiteArenaRw = 2,           /* memory that other tensors use before and after */
  kTfLiteArenaRwPersistent = 3, /* keeps its contents between runs: variables */
  kTfLiteDynamic = 4,           /* of malloc, made when the size is known: in the middle of a run */
  kTfLitePersistentRo = 5,      /* computed once, while kernels are prepared */
  kTfLiteCustom = 6,            /* of the application */
  kTfLiteVariantObject = 7,
  kTfLiteNonCpu = 8
} TfLiteAllocationType;

typedef enum TfLiteQuantizationType {
  kTfLiteNoQuantization = 0,
  kTfLiteAffineQuantization = 1,
  kTfLiteBlockwiseQuantization = 2,
  kTfLiteMultiAxisQuantization = 3
} TfLiteQuantizationType;

/* `params` points to the struct of that kind, NULL without quantization. */
typedef struct TfLiteQuantization {
  TfLiteQuantizationType type;
  void *params;
} TfLiteQuantization;

/* One pair for the whole tensor, or one per index along the quantized dimension. */
typedef struct TfLiteAffineQuantization {
  TfLiteFloatArray *scale;
  TfLiteIntArray *zero_point;
  int32_t quantized_dimension;
} TfLiteAffineQuantization;

/* scale and zero_point (or -1) are indices of tensors. */
typedef struct TfLiteBlockwiseQuantization {
  int32_t scale;
  int32_t zero_point;
  int32_t blocksize;
  int32_t quantized_dimension;
} TfLiteBlockwiseQuantization;

typedef struct TfLiteMultiAxisQuantization {
  int32_t scales;
  int32_t zero_points;
  int32_t blocksize;
  TfLiteIntArray *quantized_dimensions;
} TfLiteMultiAxisQuantization;

typedef struct TfLiteDimensionMetadata {
  TfLiteDimensionType format;
  int dense_size;
  TfLiteIntArray *array_segments;
  TfLiteIntArray *array_indices;
} TfLiteDimensionMetadata;

typedef struct TfLiteSparsity {
  TfLiteIntArray *traversal_order;
  TfLiteIntArray *block_map;
  TfLiteDimensionMetadata *dim_metadata;
  int dim_metadata_size;
} TfLiteSparsity;

/* Memory that an application hands in for a tensor. */
typedef struct TfLiteCustomAllocation {
  void *data;
  size_t bytes;
} TfLiteCustomAllocation;

typedef enum TfLiteCustomAllocationFlags {
  kTfLiteCustomAllocationFlagsNone = 0,
  kTfLiteCustomAllocationFlagsSkipAlignCheck = 1
} TfLiteCustomAllocationFlags;

typedef struct TfLiteAllocator {
  void *data;
  void *(*allocate)(void *data, size_t size, size_t alignment);
  void *(*reallocate)(void *data, void *block, size_t old_size, size_t new_size, size_t alignment);
  void (*deallocate)(void *data, void *block, size_t size, size_t alignment);
} TfLiteAllocator;

typedef enum TfLiteAllocationStrategy {
  kTfLiteAllocationStrategyUnknown = 0,
  kTfLiteAllocationStrategyNone = 1,
  kTfLiteAllocationStrategyMMap = 2,
  kTfLiteAllocationStrategyArena = 3,
  kTfLiteAllocationStrategyMalloc = 4,
  kTfLiteAllocationStrategyNew = 5
} TfLiteAllocationStrategy;

typedef enum TfLiteRunStability {
  kTfLiteRunStabilityUnknown = 0,
  kTfLiteRunStabilityUnstable = 1,
  kTfLiteRunStabilitySingleRun = 2,
  kTfLiteRunStabilityAcrossRuns = 3
} TfLiteRunStability;

typedef enum TfLiteRunStep {
  kTfLiteRunStepUnknown = 0,
  kTfLiteRunStepInit = 1,
  kTfLiteRunStepPrepare = 2,
  kTfLiteRunStepEval = 3
} TfLiteRunStep;

/* A delegate's name for a buffer of its own. */
typedef int TfLiteBufferHandle;
enum { kTfLiteNullBufferHandle = -1 };

typedef struct TfLiteTensor {
  TfLiteType type;
  TfLitePtrUnion data;             /* NULL until there is memory */
  TfLiteIntArray *dims;            /* shape of now; change it through ResizeTensor only */
  TfLiteQuantizationParams params; /* of tensors with one scale */
  TfLiteAllocationType allocation_type;
  size_t bytes;
  const void *allocation;
  const char *name;
  struct TfLiteDelegate *delegate;  /* the one that makes this tensor */
  TfLiteBufferHandle buffer_handle; /* the delegate's own copy */
  bool data_is_stale;               /* only the copy behind buffer_handle is up to date */
  bool is_variable;
  TfLiteQuantization quantization;
  TfLiteSparsity *sparsity;             /* NULL = dense */
  const TfLiteIntArray *dims_signature; /* -1 where the model leaves a dimension open; may be NULL */
} TfLiteTensor;

typedef struct TfLiteEvalTensor {
  TfLitePtrUnion data;
  TfLiteIntArray *dims;
  TfLiteType type;
} TfLiteEvalTensor;

/* ---- nodes ---- */

struct TfLiteAsyncKernel;
struct TfLiteContext;
struct TfLiteDelegate;

typedef struct TfLiteNode {
  TfLiteIntArray *inputs; /* indices of tensors */
  TfLiteIntArray *outputs;
  TfLiteIntArray *intermediates;
  TfLiteIntArray *temporaries; /* set by kernels: tensors of AddTensors that live while the node runs */
  void *user_data;             /* what init has returned */
  void *builtin_data;          /* the operator's options (builtin_op_data.h), NULL for custom operators */
  const void *custom_initial_data;
  int custom_initial_data_size;
  struct TfLiteDelegate *delegate; /* set for nodes that stand for delegated ones */
  bool might_have_side_effect;
} TfLiteNode;

typedef enum TfLiteInPlaceOp {
  kTfLiteInplaceOpNone = 0,
  kTfLiteInplaceOpDataUnmodified = 1,
  kTfLiteInplaceInputCanBeSharedWithCorrespondingOutput = 2,
  kTfLiteInplaceOpInput0Shared = 4,
  kTfLiteInplaceOpInput1Shared = 8,
  kTfLiteInplaceOpInput2Shared = 16
} TfLiteInPlaceOp;

/* A kernel. Of a delegate: init gets a TfLiteDelegateParams as `buffer` and length 0. */
typedef struct TfLiteRegistration {
  void *(*init)(struct TfLiteContext *context, const char *buffer, size_t length);
  void (*free)(struct TfLiteContext *context, void *buffer); /* buffer: what init has returned */
  TfLiteStatus (*prepare)(struct TfLiteContext *context, TfLiteNode *node);
  TfLiteStatus (*invoke)(struct TfLiteContext *context, TfLiteNode *node);
  const char *(*profiling_string)(const struct TfLiteContext *context, const TfLiteNode *node);
  int32_t builtin_code;
  const char *custom_name;
  int version;
  TfLiteOperator *registration_external; /* NULL */
  struct TfLiteAsyncKernel *(*async_kernel)(struct TfLiteContext *context, TfLiteNode *node);
  uint64_t inplace_operator;
} TfLiteRegistration;

/* Beginnings of TfLiteRegistration that older binaries use. */
typedef struct TfLiteRegistration_V1 {
  void *(*init)(struct TfLiteContext *context, const char *buffer, size_t length);
  void (*free)(struct TfLiteContext *context, void *buffer);
  TfLiteStatus (*prepare)(struct TfLiteContext *context, TfLiteNode *node);
  TfLiteStatus (*invoke)(struct TfLiteContext *context, TfLiteNode *node);
  const char *(*profiling_string)(const struct TfLiteContext *context, const TfLiteNode *node);
  int32_t builtin_code;
  const char *custom_name;
  int version;
} TfLiteRegistration_V1;

typedef struct TfLiteRegistration_V2 {
  void *(*init)(struct TfLiteContext *context, const char *buffer, size_t length);
  void (*free)(struct TfLiteContext *context, void *buffer);
  TfLiteStatus (*prepare)(struct TfLiteContext *context, TfLiteNode *node);
  TfLiteStatus (*invoke)(struct TfLiteContext *context, TfLiteNode *node);
  const char *(*profiling_string)(const struct TfLiteContext *context, const TfLiteNode *node);
  int32_t builtin_code;
  const char *custom_name;
  int version;
  TfLiteOperator *registration_external;
} TfLiteRegistration_V2;

typedef struct TfLiteRegistration_V3 {
  void *(*init)(struct TfLiteContext *context, const char *buffer, size_t length);
  void (*free)(struct TfLiteContext *context, void *buffer);
  TfLiteStatus (*prepare)(struct TfLiteContext *context, TfLiteNode *node);
  TfLiteStatus (*invoke)(struct TfLiteContext *context, TfLiteNode *node);
  const char *(*profiling_string)(const struct TfLiteContext *context, const TfLiteNode *node);
  int32_t builtin_code;
  const char *custom_name;
  int version;
  TfLiteOperator *registration_external;
  struct TfLiteAsyncKernel *(*async_kernel)(struct TfLiteContext *context, TfLiteNode *node);
} TfLiteRegistration_V3;

/* ---- contexts ---- */

typedef enum TfLiteExternalContextType {
  kTfLiteEigenContext = 0,
  kTfLiteGemmLowpContext = 1,
  kTfLiteEdgeTpuContext = 2,
  kTfLiteCpuBackendContext = 3,
  kTfLiteLiteRtBufferContext = 4,
  kTfLiteMaxExternalContexts = 5
} TfLiteExternalContextType;

/* State that kernels share; Refresh is called when recommended_num_threads has changed. */
typedef struct TfLiteExternalContext {
  TfLiteExternalContextType type;
  TfLiteStatus (*Refresh)(struct TfLiteContext *context);
} TfLiteExternalContext;

typedef struct TfLiteDelegateParams {
  struct TfLiteDelegate *delegate;
  TfLiteIntArray *nodes_to_replace;
  TfLiteIntArray *input_tensors;  /* read and not made by these nodes, constants too */
  TfLiteIntArray *output_tensors; /* read by others */
} TfLiteDelegateParams;

typedef struct TfLiteOpaqueDelegateParams {
  TfLiteOpaqueDelegate *delegate;
  void *delegate_data;
  TfLiteIntArray *nodes_to_replace;
  TfLiteIntArray *input_tensors;
  TfLiteIntArray *output_tensors;
} TfLiteOpaqueDelegateParams;

/* One subgraph, and what a delegate or kernel may ask for. The functions take the context itself. */
typedef struct TfLiteContext {
  size_t tensors_size;
  /* Nodes in the order of execution; the list belongs to the context. */
  TfLiteStatus (*GetExecutionPlan)(struct TfLiteContext *context, TfLiteIntArray **execution_plan);
  TfLiteTensor *tensors; /* may move in AddTensors */
  void *impl_;
  /* Gives a tensor another shape; takes over new_size. */
  TfLiteStatus (*ResizeTensor)(struct TfLiteContext *context, TfLiteTensor *tensor, TfLiteIntArray *new_size);
  void (*ReportError)(struct TfLiteContext *context, const char *format, ...);
  /* Adds tensors for temporaries; their type and shape are to be set. */
  TfLiteStatus (*AddTensors)(struct TfLiteContext *context, int tensors_to_add, int *first_new_tensor_index);
  TfLiteStatus (*GetNodeAndRegistration)(struct TfLiteContext *context, int node_index, TfLiteNode **node,
                                         TfLiteRegistration **registration);
  /* In a delegate's Prepare: groups the nodes and makes a kernel for each group. */
  TfLiteStatus (*ReplaceNodeSubsetsWithDelegateKernels)(struct TfLiteContext *context,
                                                        TfLiteRegistration registration,
                                                        const TfLiteIntArray *nodes_to_replace,
                                                        struct TfLiteDelegate *delegate);
  int recommended_num_threads;
  TfLiteExternalContext *(*GetExternalContext)(struct TfLiteContext *context, TfLiteExternalContextType type);
  void (*SetExternalContext)(struct TfLiteContext *context, TfLiteExternalContextType type,
                             TfLiteExternalContext *external_context);
  bool allow_fp32_relax_to_fp16;
  void *profiler;
  /* Memory that lives as long as the kernel. */
  void *(*AllocatePersistentBuffer)(struct TfLiteContext *context, size_t bytes);
  TfLiteStatus (*AllocateBufferForEval)(struct TfLiteContext *context, size_t bytes, void **block);
  /* In prepare: asks for memory that GetScratchBuffer gives while the node runs. */
  TfLiteStatus (*RequestScratchBufferInArena)(struct TfLiteContext *context, size_t bytes, int *buffer_index);
  void *(*GetScratchBuffer)(struct TfLiteContext *context, int buffer_index);
  TfLiteStatus (*ResizeTensorExplicit)(struct TfLiteContext *context, TfLiteTensor *tensor, int dims,
                                       const int *shape);
  /* What ReplaceNodeSubsetsWithDelegateKernels would make of these nodes; the array lives until the next call. */
  TfLiteStatus (*PreviewDelegatePartitioning)(struct TfLiteContext *context,
                                              const TfLiteIntArray *nodes_to_replace,
                                              TfLiteDelegateParams **partition_params_array,
                                              int *num_partitions);
  TfLiteTensor *(*GetTensor)(const struct TfLiteContext *context, int tensor_index);
  TfLiteEvalTensor *(*GetEvalTensor)(const struct TfLiteContext *context, int tensor_index);
  TfLiteStatus (*GetModelMetadata)(const struct TfLiteContext *context, const char *name, const char **bytes,
                                   size_t *bytes_count);
  TfLiteStatus (*AcquireSubgraphContext)(struct TfLiteContext *context, int subgraph_index,
                                         struct TfLiteContext **acquired_context);
  TfLiteStatus (*ReleaseSubgraphContext)(struct TfLiteContext *context, int subgraph_index);
} TfLiteContext;

/* ---- delegates ---- */

typedef enum TfLiteDelegateFlags {
  kTfLiteDelegateFlagsNone = 0,
  kTfLiteDelegateFlagsAllowDynamicTensors = 1, /* kernels may be prepared again for other shapes */
  kTfLiteDelegateFlagsRequirePropagatedShapes =
      2, /* and find the shapes of the replaced nodes' tensors set */
  kTfLiteDelegateFlagsPerOperatorProfiling = 4,
  kTfLiteDelegateFlagsHintFullyDelegatedToSingleDelegate = 8
} TfLiteDelegateFlags;

/* Callbacks in terms of handles; `data` is the builder's. */
typedef struct TfLiteOpaqueDelegateBuilder {
  void *data;
  TfLiteStatus (*Prepare)(TfLiteOpaqueContext *context, TfLiteOpaqueDelegate *delegate, void *data);
  TfLiteStatus (*CopyFromBufferHandle)(TfLiteOpaqueContext *context, TfLiteOpaqueDelegate *delegate,
                                       void *data, TfLiteBufferHandle buffer_handle,
                                       TfLiteOpaqueTensor *tensor);
  TfLiteStatus (*CopyToBufferHandle)(TfLiteOpaqueContext *context, TfLiteOpaqueDelegate *delegate, void *data,
                                     TfLiteBufferHandle buffer_handle, TfLiteOpaqueTensor *tensor);
  void (*FreeBufferHandle)(TfLiteOpaqueContext *context, TfLiteOpaqueDelegate *delegate, void *data,
                           TfLiteBufferHandle *handle);
  int64_t flags;
} TfLiteOpaqueDelegateBuilder;

typedef struct TfLiteDelegate {
  void *data_; /* the delegate's own */
  /* Looks at a subgraph and calls ReplaceNodeSubsetsWithDelegateKernels. */
  TfLiteStatus (*Prepare)(TfLiteContext *context, struct TfLiteDelegate *delegate);
  /* Copies the delegate's buffer into tensor->data, and back. */
  TfLiteStatus (*CopyFromBufferHandle)(TfLiteContext *context, struct TfLiteDelegate *delegate,
                                       TfLiteBufferHandle buffer_handle, TfLiteTensor *tensor);
  TfLiteStatus (*CopyToBufferHandle)(TfLiteContext *context, struct TfLiteDelegate *delegate,
                                     TfLiteBufferHandle buffer_handle, TfLiteTensor *tensor);
  void (*FreeBufferHandle)(TfLiteContext *context, struct TfLiteDelegate *delegate,
                           TfLiteBufferHandle *handle);
  int64_t flags;                                               /* TfLiteDelegateFlags */
  struct TfLiteOpaqueDelegateBuilder *opaque_delegate_builder; /* NULL, or used instead of the fields above */
} TfLiteDelegate;

#ifdef __cplusplus
}
#endif
#endif
