/* bundle_sections.h: the parts of a model bundle, whatever its container: what each is and where it stands. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_FORMATS_BUNDLE_SECTIONS_H
#define LRT_FORMATS_BUNDLE_SECTIONS_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/source.h"

/* X(NAME, number in a .litertlm file, "name") */
#define LRT_SECTION_KIND_LIST(X)                                                                             \
  X(NONE, 0, "none")                                                                                         \
  X(GENERIC, 1, "generic_data")                                                                              \
  X(DEPRECATED, 2, "deprecated")                                                                             \
  X(TFLITE, 3, "tflite_model")                                                                               \
  X(SENTENCEPIECE, 4, "sentencepiece_tokenizer")                                                             \
  X(LLM_METADATA, 5, "llm_metadata")                                                                         \
  X(HF_TOKENIZER_ZLIB, 6, "hf_tokenizer_zlib") /* u64 size, then a zlib stream of tokenizer.json */          \
  X(TFLITE_WEIGHTS, 7, "tflite_weights")                                                                     \
  X(EMBEDDING_METADATA, 8, "embedding_metadata")                                                             \
  X(EXECUTOR_METADATA, 9, "executor_metadata")                                                               \
  X(TTS_METADATA, 10, "tts_metadata")                                                                        \
  X(ASR_METADATA, 11, "asr_metadata")

typedef enum lrt_section_kind {
#define LRT_SECTION_ENUM(name, number, text) LRT_SECTION_##name = number,
  LRT_SECTION_KIND_LIST(LRT_SECTION_ENUM)
#undef LRT_SECTION_ENUM
} lrt_section_kind;

/* "tflite_model"; "unknown" for other numbers. */
const char *lrt_section_kind_name(lrt_section_kind kind);

/* A key with its value: a text, or a number where `text` is NULL. */
typedef struct lrt_section_item {
  const char *key;
  const char *text;
  double number;
} lrt_section_item;

typedef struct lrt_section {
  lrt_section_kind kind; /* may be a number newer than the list */
  const char *name;      /* .litertlm: the item `model_type`, "" without; .task: the name of the zip entry */
  uint64_t offset;       /* in the bundle; the whole range lies inside it */
  uint64_t length;
  const lrt_section_item *items; /* [item_count] */
  size_t item_count;
} lrt_section;

/* Lives in the arena it was read into. */
typedef struct lrt_bundle {
  const lrt_section *sections; /* [count], in the order of the container's table */
  size_t count;
  const lrt_section_item *items; /* [item_count], about the bundle as a whole */
  size_t item_count;
} lrt_bundle;

/* The first section of that kind (and name, unless NULL); NULL when there is none. */
const lrt_section *lrt_bundle_find(const lrt_bundle *bundle, lrt_section_kind kind, const char *name);

#endif
