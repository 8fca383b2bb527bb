/* builtin_op_data.h: options of the builtin operators as delegates read them: TfLiteNode.builtin_data points to one of these. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TFLITE_CORE_C_BUILTIN_OP_DATA_H_
#define TFLITE_CORE_C_BUILTIN_OP_DATA_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tflite/core/c/c_api_types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Longest lists that the structs below have room for. */
#define TFLITE_RESHAPE_PARAMS_MAX_DIMENSION_COUNT 8
#define TFLITE_STABLEHLO_SCATTER_PARAMS_MAX_DIMENSION_COUNT 8
#define TFLITE_STABLEHLO_GATHER_PARAMS_MAX_DIMENSION_COUNT 8
#define TFLITE_STABLEHLO_REDUCE_WINDOW_PARAMS_MAX_DIMENSION_COUNT 8
#define TFLITE_STABLEHLO_PAD_PARAMS_MAX_DIMENSION_COUNT 8
#define TFLITE_STABLEHLO_CASE_PARAMS_MAX_BRANCHES_COUNT 20

/* Numbers are those of the .tflite schema plus 1. */
typedef enum TfLitePadding {
  kTfLitePaddingUnknown = 0,
  kTfLitePaddingSame = 1,
  kTfLitePaddingValid = 2
} TfLitePadding;

/* Numbers are those of the .tflite schema plus 1. */
typedef enum TfLiteMirrorPaddingMode {
  kTfLiteMirrorPaddingUnknown = 0,
  kTfLiteMirrorPaddingReflect = 1,
  kTfLiteMirrorPaddingSymmetric = 2
} TfLiteMirrorPaddingMode;

/* Applied to the result before it is stored. */
typedef enum TfLiteFusedActivation {
  kTfLiteActNone = 0,
  kTfLiteActRelu = 1,
  kTfLiteActReluN1To1 = 2,
  kTfLiteActRelu6 = 3,
  kTfLiteActTanh = 4,
  kTfLiteActSignBit = 5,
  kTfLiteActSigmoid = 6
} TfLiteFusedActivation;

typedef enum TfLiteFullyConnectedWeightsFormat {
  kTfLiteFullyConnectedWeightsFormatDefault = 0,
  kTfLiteFullyConnectedWeightsFormatShuffled4x16Int8 = 1
} TfLiteFullyConnectedWeightsFormat;

typedef enum TfLiteLSTMKernelType {
  kTfLiteLSTMFullKernel = 0,
  kTfLiteLSTMBasicKernel = 1
} TfLiteLSTMKernelType;

typedef enum TfLiteLSHProjectionType {
  kTfLiteLshProjectionUnknown = 0,
  kTfLiteLshProjectionSparse = 1,
  kTfLiteLshProjectionDense = 2
} TfLiteLSHProjectionType;

typedef enum TfLiteCombinerType {
  kTfLiteCombinerTypeSum = 0,
  kTfLiteCombinerTypeMean = 1,
  kTfLiteCombinerTypeSqrtn = 2
} TfLiteCombinerType;

typedef enum TfLiteReduceWindowFunction {
  TfLiteReduceWindowFunctionUnsupported = 0,
  TfLiteReduceWindowFunctionAdd = 1,
  TfLiteReduceWindowFunctionMul = 2,
  TfLiteReduceWindowFunctionMin = 3,
  TfLiteReduceWindowFunctionMax = 4,
  TfLiteReduceWindowFunctionAll = 5,
  TfLiteReduceWindowFunctionAny = 6
} TfLiteReduceWindowFunction;

typedef enum TfLiteRngAlgorithm {
  kTfLiteRngAlgorithmUnknown = 0,
  kTfLiteRngAlgorithmDefault = 1,
  kTfLiteRngAlgorithmPhilox = 2,
  kTfLiteRngAlgorithmThreefry = 3
} TfLiteRngAlgorithm;

/* C++ has no empty structs. */
typedef struct EmptyStructPlaceholder {
  char dummy[1];
} EmptyStructPlaceholder;

/* Filled in by kernels, zero for delegates. */
typedef struct TfLitePaddingValues {
  int width;
  int height;
  int width_offset;
  int height_offset;
} TfLitePaddingValues;

typedef struct TfLiteAddParams {
  TfLiteFusedActivation activation;
  bool pot_scale_int16;
} TfLiteAddParams;

typedef struct TfLiteArgMaxParams {
  TfLiteType output_type;
} TfLiteArgMaxParams;

typedef struct TfLiteArgMinParams {
  TfLiteType output_type;
} TfLiteArgMinParams;

typedef struct TfLiteBatchMatMulParams {
  bool adj_x;
  bool adj_y;
  bool asymmetric_quantize_inputs;
} TfLiteBatchMatMulParams;

typedef struct TfLiteBatchToSpaceNDParams {
  EmptyStructPlaceholder placeholder;
} TfLiteBatchToSpaceNDParams;

typedef struct TfLiteBidirectionalSequenceLSTMParams {
  TfLiteFusedActivation activation;
  float cell_clip;
  float proj_clip;
  bool merge_outputs;
  bool time_major;
  bool asymmetric_quantize_inputs;
} TfLiteBidirectionalSequenceLSTMParams;

typedef struct TfLiteBidirectionalSequenceRNNParams {
  bool time_major;
  TfLiteFusedActivation activation;
  bool merge_outputs;
  bool asymmetric_quantize_inputs;
} TfLiteBidirectionalSequenceRNNParams;

typedef struct TfLiteBucketizeParams {
  int num_boundaries;
  const float *boundaries;
} TfLiteBucketizeParams;

typedef struct TfLiteCallOnceParams {
  int init_subgraph_index;
} TfLiteCallOnceParams;

typedef struct TfLiteCastParams {
  TfLiteType in_data_type;
  TfLiteType out_data_type;
} TfLiteCastParams;

typedef struct TfLiteConcatenationParams {
  int axis;
  TfLiteFusedActivation activation;
} TfLiteConcatenationParams;

typedef struct TfLiteConv3DParams {
  TfLitePadding padding;
  int stride_width;
  int stride_height;
  int stride_depth;
  int dilation_width_factor;
  int dilation_height_factor;
  int dilation_depth_factor;
  TfLiteFusedActivation activation;
} TfLiteConv3DParams;

typedef struct TfLiteConvParams {
  TfLitePadding padding;
  int stride_width;
  int stride_height;
  TfLiteFusedActivation activation;
  int dilation_width_factor;
  int dilation_height_factor;
  TfLiteType quantized_bias_type;
} TfLiteConvParams;

typedef struct TfLiteCumsumParams {
  bool exclusive;
  bool reverse;
} TfLiteCumsumParams;

typedef struct TfLiteDepthToSpaceParams {
  int block_size;
} TfLiteDepthToSpaceParams;

typedef struct TfLiteDepthwiseConvParams {
  TfLitePadding padding;
  int stride_width;
  int stride_height;
  int depth_multiplier;
  TfLiteFusedActivation activation;
  int dilation_width_factor;
  int dilation_height_factor;
} TfLiteDepthwiseConvParams;

typedef struct TfLiteDivParams {
  TfLiteFusedActivation activation;
} TfLiteDivParams;

typedef struct TfLiteEmbeddingLookupSparseParams {
  TfLiteCombinerType combiner;
} TfLiteEmbeddingLookupSparseParams;

typedef struct TfLiteFakeQuantParams {
  float min;
  float max;
  int num_bits;
  bool narrow_range;
} TfLiteFakeQuantParams;

typedef struct TfLiteFullyConnectedParams {
  TfLiteFusedActivation activation;
  TfLiteFullyConnectedWeightsFormat weights_format;
  bool keep_num_dims;
  bool asymmetric_quantize_inputs;
  TfLiteType quantized_bias_type;
} TfLiteFullyConnectedParams;

typedef struct TfLiteGatherParams {
  int axis;
  int batch_dims;
} TfLiteGatherParams;

typedef struct TfLiteGeluParams {
  bool approximate;
} TfLiteGeluParams;

typedef struct TfLiteHashtableParams {
  int table_id;
  TfLiteType key_dtype;
  TfLiteType value_dtype;
} TfLiteHashtableParams;

typedef struct TfLiteIfParams {
  int then_subgraph_index;
  int else_subgraph_index;
} TfLiteIfParams;

typedef struct TfLiteL2NormParams {
  TfLiteFusedActivation activation;
} TfLiteL2NormParams;

typedef struct TfLiteLSHProjectionParams {
  TfLiteLSHProjectionType type;
} TfLiteLSHProjectionParams;

typedef struct TfLiteLSTMParams {
  TfLiteFusedActivation activation;
  float cell_clip;
  float proj_clip;
  TfLiteLSTMKernelType kernel_type;
  bool asymmetric_quantize_inputs;
} TfLiteLSTMParams;

typedef struct TfLiteLeakyReluParams {
  float alpha;
} TfLiteLeakyReluParams;

typedef struct TfLiteLocalResponseNormParams {
  int radius;
  float bias;
  float alpha;
  float beta;
} TfLiteLocalResponseNormParams;

typedef struct TfLiteMatrixDiagParams {
  EmptyStructPlaceholder placeholder;
} TfLiteMatrixDiagParams;

typedef struct TfLiteMatrixSetDiagParams {
  EmptyStructPlaceholder placeholder;
} TfLiteMatrixSetDiagParams;

typedef struct TfLiteMirrorPaddingParams {
  TfLiteMirrorPaddingMode mode;
} TfLiteMirrorPaddingParams;

typedef struct TfLiteMulParams {
  TfLiteFusedActivation activation;
} TfLiteMulParams;

typedef struct TfLiteOneHotParams {
  int axis;
} TfLiteOneHotParams;

typedef struct TfLitePackParams {
  int values_count;
  int axis;
} TfLitePackParams;

typedef struct TfLitePadParams {
  EmptyStructPlaceholder placeholder;
} TfLitePadParams;

typedef struct TfLitePadV2Params {
  EmptyStructPlaceholder placeholder;
} TfLitePadV2Params;

typedef struct TfLitePoolParams {
  TfLitePadding padding;
  int stride_width;
  int stride_height;
  int filter_width;
  int filter_height;
  TfLiteFusedActivation activation;
  struct {
    TfLitePaddingValues padding;
  } computed;
} TfLitePoolParams;

typedef struct TfLiteRNNParams {
  TfLiteFusedActivation activation;
  bool asymmetric_quantize_inputs;
} TfLiteRNNParams;

typedef struct TfLiteRandomParams {
  int seed;
  int seed2;
} TfLiteRandomParams;

typedef struct TfLiteRankParams {
  EmptyStructPlaceholder placeholder;
} TfLiteRankParams;

typedef struct TfLiteReduceWindowParams {
  TfLiteReduceWindowFunction reduce_function;
} TfLiteReduceWindowParams;

typedef struct TfLiteReducerParams {
  bool keep_dims;
} TfLiteReducerParams;

typedef struct TfLiteReshapeParams {
  int32_t shape[8];
  int num_dimensions;
} TfLiteReshapeParams;

typedef struct TfLiteResizeBilinearParams {
  bool align_corners;
  bool half_pixel_centers;
} TfLiteResizeBilinearParams;

typedef struct TfLiteResizeNearestNeighborParams {
  bool align_corners;
  bool half_pixel_centers;
} TfLiteResizeNearestNeighborParams;

typedef struct TfLiteReverseSequenceParams {
  int seq_dim;
  int batch_dim;
} TfLiteReverseSequenceParams;

typedef struct TfLiteSVDFParams {
  int rank;
  TfLiteFusedActivation activation;
  bool asymmetric_quantize_inputs;
} TfLiteSVDFParams;

typedef struct TfLiteSequenceRNNParams {
  bool time_major;
  TfLiteFusedActivation activation;
  bool asymmetric_quantize_inputs;
} TfLiteSequenceRNNParams;

typedef struct TfLiteShapeParams {
  TfLiteType out_type;
} TfLiteShapeParams;

typedef struct TfLiteSkipGramParams {
  int ngram_size;
  int max_skip_size;
  bool include_all_ngrams;
} TfLiteSkipGramParams;

typedef struct TfLiteSoftmaxParams {
  float beta;
} TfLiteSoftmaxParams;

typedef struct TfLiteSpaceToBatchNDParams {
  EmptyStructPlaceholder placeholder;
} TfLiteSpaceToBatchNDParams;

typedef struct TfLiteSpaceToDepthParams {
  int block_size;
} TfLiteSpaceToDepthParams;

typedef struct TfLiteSparseToDenseParams {
  bool validate_indices;
} TfLiteSparseToDenseParams;

typedef struct TfLiteSplitParams {
  int num_splits;
} TfLiteSplitParams;

typedef struct TfLiteSplitVParams {
  int num_splits;
} TfLiteSplitVParams;

typedef struct TfLiteSqueezeParams {
  int32_t squeeze_dims[8];
  int num_squeeze_dims;
} TfLiteSqueezeParams;

typedef struct TfLiteStablehloCaseParams {
  int32_t branch_subgraph_indices[20];
  uint32_t num_branches;
} TfLiteStablehloCaseParams;

typedef struct TfLiteStablehloCompositeParams {
  const char *name;
  int32_t subgraph_index;
  int32_t version;
  const uint8_t *attributes;
  size_t attributes_size;
} TfLiteStablehloCompositeParams;

typedef struct TfLiteStablehloConcatenateParams {
  int64_t dimension;
} TfLiteStablehloConcatenateParams;

typedef struct TfLiteStablehloGatherParams {
  int64_t offset_dims[8];
  int num_offset_dims;
  int64_t collapsed_slice_dims[8];
  int num_collapsed_slice_dims;
  int64_t start_index_map[8];
  int num_start_index_map;
  int64_t index_vector_dim;
  int64_t slice_sizes[8];
  int num_slice_sizes;
  bool indices_are_sorted;
} TfLiteStablehloGatherParams;

typedef struct TfLiteStablehloPadParams {
  int64_t edge_padding_low[8];
  int64_t edge_padding_high[8];
  int64_t interior_padding[8];
} TfLiteStablehloPadParams;

typedef struct TfLiteStablehloReduceWindowParams {
  int64_t window_dimensions[8];
  int64_t window_strides[8];
  int64_t base_dilations[8];
  int64_t window_dilations[8];
  int64_t padding[16];
  int body_subgraph_index;
} TfLiteStablehloReduceWindowParams;

typedef struct TfLiteStablehloRngBitGeneratorParams {
  TfLiteRngAlgorithm algorithm;
} TfLiteStablehloRngBitGeneratorParams;

typedef struct TfLiteStablehloScatterParams {
  bool indices_are_sorted;
  int64_t update_window_dims[8];
  int num_update_window_dims;
  int64_t inserted_window_dims[8];
  int num_inserted_window_dims;
  int64_t scatter_dims_to_operand_dims[8];
  int num_scatter_dims_to_operand_dims;
  int64_t index_vector_dim;
  bool unique_indices;
  int update_computation_subgraph_index;
} TfLiteStablehloScatterParams;

typedef struct TfLiteStridedSliceParams {
  int begin_mask;
  int end_mask;
  int ellipsis_mask;
  int new_axis_mask;
  int shrink_axis_mask;
  bool offset;
} TfLiteStridedSliceParams;

typedef struct TfLiteSubParams {
  TfLiteFusedActivation activation;
  bool pot_scale_int16;
} TfLiteSubParams;

typedef struct TfLiteTransposeConvParams {
  TfLitePadding padding;
  int stride_width;
  int stride_height;
  TfLiteFusedActivation activation;
  TfLiteType quantized_bias_type;
} TfLiteTransposeConvParams;

typedef struct TfLiteTransposeParams {
  EmptyStructPlaceholder placeholder;
} TfLiteTransposeParams;

typedef struct TfLiteUnidirectionalSequenceLSTMParams {
  TfLiteFusedActivation activation;
  float cell_clip;
  float proj_clip;
  bool time_major;
  bool asymmetric_quantize_inputs;
  bool diagonal_recurrent_tensors;
} TfLiteUnidirectionalSequenceLSTMParams;

typedef struct TfLiteUniqueParams {
  TfLiteType index_out_type;
} TfLiteUniqueParams;

typedef struct TfLiteUnpackParams {
  int num;
  int axis;
} TfLiteUnpackParams;

typedef struct TfLiteVarHandleParams {
  const char *container;
  const char *shared_name;
} TfLiteVarHandleParams;

typedef struct TfLiteWhileParams {
  int cond_subgraph_index;
  int body_subgraph_index;
} TfLiteWhileParams;

#ifdef __cplusplus
}
#endif
#endif
