/* llm_metadata.c: the messages of a bundle's metadata as tables of fields, and one reader that fills records by them. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/llm_metadata.h"

#include <string.h>

#include "base/fail.h"
#include "base/utf8.h"
#include "formats/protobuf.h"

typedef enum field_kind { TEXT, INT32, INT64, BOOL, FLOAT, TOKEN, IDS, RECORD, LIST, MODEL_TYPE } field_kind;

#define NO_FLAG SIZE_MAX

typedef struct message message;

typedef struct field {
  uint32_t number;
  field_kind kind;
  const char *name;
  size_t at;           /* where the value goes in the record; IDS, LIST: a pointer to items */
  size_t count_at;     /* IDS, LIST: where their number goes */
  size_t flag_at;      /* a bool set when the field is there, or NO_FLAG */
  const message *type; /* RECORD, LIST */
} field;

struct message {
  const char *name;
  const field *fields;
  size_t count;
  size_t size; /* of the record */
};

#define COUNT(array) (sizeof(array) / sizeof(array)[0])
#define VALUE(number, kind, record, member)                                                                  \
  { number, kind, #member, offsetof(record, member), 0, NO_FLAG, NULL }
#define OPTIONAL(number, kind, record, member, flag)                                                         \
  { number, kind, #member, offsetof(record, member), 0, offsetof(record, flag), NULL }
#define SUB(number, record, member, flag, type)                                                              \
  { number, RECORD, #member, offsetof(record, member), 0, flag, &type }
#define INLINE(number, member, type)                                                                         \
  { number, RECORD, #member, 0, 0, NO_FLAG, &type }
#define MANY(number, kind, record, member, counter, type)                                                    \
  { number, kind, #member, offsetof(record, member), offsetof(record, counter), NO_FLAG, type }
#define MESSAGE(name, record)                                                                                \
  { #name, name##_fields, COUNT(name##_fields), sizeof(record) }

static const field TokenIds_fields[] = {MANY(1, IDS, lrt_token_union, ids, count, NULL)};
static const message TokenIds = MESSAGE(TokenIds, lrt_token_union);

static const field PromptAffixes_fields[] = {VALUE(1, TEXT, lrt_prompt_affixes, prefix),
                                             VALUE(2, TEXT, lrt_prompt_affixes, suffix)};
static const message PromptAffixes = MESSAGE(PromptAffixes, lrt_prompt_affixes);

/* The templates of the three roles are members of the record of all metadata. */
static const field PromptTemplates_fields[] = {
    SUB(1, lrt_llm_metadata, user, offsetof(lrt_llm_metadata, user.is_set), PromptAffixes),
    SUB(2, lrt_llm_metadata, model, offsetof(lrt_llm_metadata, model.is_set), PromptAffixes),
    SUB(3, lrt_llm_metadata, system, offsetof(lrt_llm_metadata, system.is_set), PromptAffixes)};
static const message PromptTemplates = MESSAGE(PromptTemplates, lrt_llm_metadata);

static const field SamplerParameters_fields[] = {VALUE(1, INT32, lrt_sampler_parameters, type),
                                                 VALUE(2, INT32, lrt_sampler_parameters, k),
                                                 VALUE(3, FLOAT, lrt_sampler_parameters, p),
                                                 VALUE(4, FLOAT, lrt_sampler_parameters, temperature),
                                                 OPTIONAL(5, INT32, lrt_sampler_parameters, seed, has_seed),
                                                 VALUE(6, INT32, lrt_sampler_parameters, backend),
                                                 VALUE(7, BOOL, lrt_sampler_parameters, exact_log_probs)};
static const message SamplerParameters = MESSAGE(SamplerParameters, lrt_sampler_parameters);

static const field Channel_fields[] = {
    VALUE(1, TEXT, lrt_llm_channel, name), VALUE(2, TEXT, lrt_llm_channel, start),
    VALUE(3, TEXT, lrt_llm_channel, end), VALUE(4, BOOL, lrt_llm_channel, is_reasoning)};
static const message Channel = MESSAGE(Channel, lrt_llm_channel);

static const field SuppressTokens_fields[] = {
    MANY(1, IDS, lrt_llm_metadata, suppress_tokens, suppress_token_count, NULL)};
static const message SuppressTokens = MESSAGE(SuppressTokens, lrt_llm_metadata);

/* A choice between two members: read_token. */
static const message TokenUnion = {"TokenUnion", NULL, 0, sizeof(lrt_token_union)};

static const field LlmMetadata_fields[] = {
    VALUE(1, TOKEN, lrt_llm_metadata, start_token),
    MANY(2, LIST, lrt_llm_metadata, stop_tokens, stop_token_count, &TokenUnion),
    INLINE(3, prompt_templates, PromptTemplates),
    SUB(4, lrt_llm_metadata, sampler, offsetof(lrt_llm_metadata, sampler.is_set), SamplerParameters),
    VALUE(5, INT32, lrt_llm_metadata, max_num_tokens),
    VALUE(6, MODEL_TYPE, lrt_llm_metadata, model_type),
    VALUE(7, TEXT, lrt_llm_metadata, jinja_template),
    MANY(8, LIST, lrt_llm_metadata, channels, channel_count, &Channel),
    INLINE(9, suppress_tokens, SuppressTokens),
    OPTIONAL(10, INT64, lrt_llm_metadata, kv_cache_init_value, has_kv_cache_init_value),
    VALUE(11, BOOL, lrt_llm_metadata, supports_thinking),
    VALUE(12, BOOL, lrt_llm_metadata, supports_function_calling),
    VALUE(13, TOKEN, lrt_llm_metadata, pad_token),
    VALUE(14, TEXT, lrt_llm_metadata, min_runtime_version)};
static const message LlmMetadata = MESSAGE(LlmMetadata, lrt_llm_metadata);

static const field StateBuffer_fields[] = {
    VALUE(1, TEXT, lrt_state_buffer, prefill_input),
    VALUE(2, TEXT, lrt_state_buffer, prefill_output),
    VALUE(3, TEXT, lrt_state_buffer, decode_input),
    VALUE(4, TEXT, lrt_state_buffer, decode_output),
    VALUE(5, INT32, lrt_state_buffer, policy),
    VALUE(6, INT32, lrt_state_buffer, type),
    OPTIONAL(7, INT32, lrt_state_buffer, sequence_axis, has_sequence_axis),
    OPTIONAL(8, INT32, lrt_state_buffer, minimum_length, has_minimum_length),
    OPTIONAL(9, INT32, lrt_state_buffer, maximum_length, has_maximum_length)};
static const message StateBuffer = MESSAGE(StateBuffer, lrt_state_buffer);

static const field AttentionMaskSettings_fields[] = {
    OPTIONAL(1, INT32, lrt_executor_metadata, mask, has_mask),
    OPTIONAL(2, INT32, lrt_executor_metadata, local_mask, has_local_mask),
    OPTIONAL(3, INT32, lrt_executor_metadata, sliding_window, has_sliding_window)};
static const message AttentionMaskSettings = MESSAGE(AttentionMaskSettings, lrt_executor_metadata);

static const field LlmExecutorMetadata_fields[] = {
    OPTIONAL(1, INT32, lrt_executor_metadata, max_history_size, has_max_history_size),
    MANY(2, LIST, lrt_executor_metadata, state_buffers, state_buffer_count, &StateBuffer),
    INLINE(3, attention_mask_settings, AttentionMaskSettings)};
static const message LlmExecutorMetadata = MESSAGE(LlmExecutorMetadata, lrt_executor_metadata);

static const field ExecutorMetadata_fields[] = {INLINE(1, llm_executor_metadata, LlmExecutorMetadata)};
static const message ExecutorMetadata = MESSAGE(ExecutorMetadata, lrt_executor_metadata);

/* Fields of the messages of LlmModelType. */
typedef enum trait_form { TRAIT_TEXT, TRAIT_INTEGER, TRAIT_FLOAT, TRAIT_TOKEN } trait_form;
static const struct trait {
  uint8_t type, number, form;
  const char *name;
} traits[] = {
#define TRAIT(type, number, form, name) {LRT_LLM_TYPE_##type, number, TRAIT_##form, #name},
#include "formats/llm_model_type.def"
#undef TRAIT
};

static lrt_status fail_in(lrt_error *err, const char *message_name, const char *field_name,
                          const char *what) {
  return lrt_fail(err, LRT_INVALID_MODEL, "the field %s of the metadata's message %s %s", field_name,
                  message_name, what);
}

static lrt_status end_message(const lrt_pb_reader *reader, const char *name, lrt_error *err) {
  lrt_error inner = {LRT_OK, ""};
  const lrt_status status = lrt_pb_end(reader, &inner);
  return status == LRT_OK ? LRT_OK
                          : lrt_fail(err, status, "the metadata's message %s: %s", name, inner.message);
}

static lrt_status no_memory(const lrt_arena *arena, lrt_error *err) {
  return lrt_alloc_fail(err, arena->alloc, 0, "a language model's metadata");
}

static lrt_status read_text(const lrt_pb_field *in, const char *message_name, const char *name,
                            lrt_arena *arena, const char **out, lrt_error *err) {
  const char *text = (const char *)in->bytes;
  for (size_t at = 0; at < in->length;) {
    const size_t step = lrt_utf8_decode(text + at, in->length - at, NULL);
    if (step == 0) return fail_in(err, message_name, name, "is not UTF-8");
    if (text[at] == '\0') return fail_in(err, message_name, name, "has a NUL character");
    at += step;
  }
  *out = lrt_arena_text(arena, text, in->length);
  return *out == NULL ? no_memory(arena, err) : LRT_OK;
}

/* Room for one more item of the list whose pointer stands at `list`. Capacities are powers of two, so the count says
 * when a list is full. */
static void *grow(lrt_arena *arena, void *list, size_t count, size_t size) {
  char *items;
  memcpy(&items, list, sizeof items);
  if ((count & (count - 1)) == 0) {
    char *more = lrt_arena_array(arena, count == 0 ? 1 : 2 * count, size);
    if (more == NULL) return NULL;
    if (count > 0) memcpy(more, items, count * size);
    memcpy(list, &more, sizeof more);
    items = more;
  }
  return items + count * size;
}

/* Repeated int32, one by one or packed. */
static lrt_status read_ids(const lrt_pb_field *in, lrt_arena *arena, void *list, size_t *count,
                           lrt_error *err) {
  lrt_pb_reader packed = lrt_pb_open_field(in);
  uint64_t value = in->value;
  while (in->wire == LRT_PB_VARINT || lrt_pb_next_varint(&packed, &value)) {
    int32_t *id = grow(arena, list, *count, sizeof *id);
    if (id == NULL) return no_memory(arena, err);
    *id = (int32_t)(uint32_t)value;
    ++*count;
    if (in->wire == LRT_PB_VARINT) return LRT_OK;
  }
  return end_message(&packed, "TokenIds", err);
}

static lrt_status read_message(lrt_pb_reader reader, const message *type, lrt_arena *arena, void *record,
                               lrt_error *err);

/* Ids or a text, whichever comes last. */
static lrt_status read_token(lrt_pb_reader reader, lrt_arena *arena, lrt_token_union *token, lrt_error *err) {
  lrt_pb_field in;
  while (lrt_pb_next(&reader, &in)) {
    if (in.wire != LRT_PB_BYTES) continue;
    if (in.number == 1) {
      token->text = NULL;
      LRT_TRY(read_message(lrt_pb_open_field(&in), &TokenIds, arena, token, err));
    } else if (in.number == 2) {
      token->count = 0;
      LRT_TRY(read_text(&in, "TokenUnion", "token_str", arena, &token->text, err));
    }
  }
  return end_message(&reader, "TokenUnion", err);
}

static lrt_status read_trait(const lrt_pb_field *in, const struct trait *trait, lrt_arena *arena,
                             lrt_llm_metadata *out, lrt_error *err) {
  static const lrt_pb_wire wires[] = {LRT_PB_BYTES, LRT_PB_VARINT, LRT_PB_FIXED32, LRT_PB_BYTES};
  if (in->wire != wires[trait->form]) return LRT_OK;
  lrt_llm_trait *to = grow(arena, &out->traits, out->trait_count, sizeof *to);
  if (to == NULL) return no_memory(arena, err);
  memset(to, 0, sizeof *to);
  to->name = trait->name;
  out->trait_count++;
  switch ((trait_form)trait->form) {
  case TRAIT_TEXT:
    to->kind = LRT_LLM_TRAIT_TEXT;
    return read_text(in, lrt_llm_type_name(trait->type), trait->name, arena, &to->text, err);
  case TRAIT_TOKEN:
    to->kind = LRT_LLM_TRAIT_TOKEN;
    return read_token(lrt_pb_open_field(in), arena, &to->token, err);
  case TRAIT_INTEGER:
  case TRAIT_FLOAT: break;
  }
  to->kind = LRT_LLM_TRAIT_NUMBER;
  to->number = trait->form == TRAIT_FLOAT ? lrt_pb_float(in) : (double)(int32_t)(uint32_t)in->value;
  return LRT_OK;
}

/* The model type whose table has the fields of another one. */
static uint32_t fields_of(uint32_t type) {
  if (type == LRT_LLM_TYPE_FUNCTION_GEMMA) return LRT_LLM_TYPE_GEMMA4;
  return type == LRT_LLM_TYPE_QWEN2P5 || type == LRT_LLM_TYPE_MINICPM5 ? LRT_LLM_TYPE_QWEN3 : type;
}

static lrt_status read_traits(lrt_pb_reader reader, uint32_t type, lrt_arena *arena, lrt_llm_metadata *out,
                              lrt_error *err) {
  lrt_pb_field in;
  while (lrt_pb_next(&reader, &in))
    for (size_t i = 0; i < COUNT(traits); i++)
      if (traits[i].type == fields_of(type) && traits[i].number == in.number)
        LRT_TRY(read_trait(&in, &traits[i], arena, out, err));
  return end_message(&reader, lrt_llm_type_name(type), err);
}

static lrt_status read_model_type(lrt_pb_reader reader, lrt_arena *arena, lrt_llm_metadata *out,
                                  lrt_error *err) {
  lrt_pb_field in;
  while (lrt_pb_next(&reader, &in)) {
    if (in.wire != LRT_PB_BYTES) continue;
    if (out->model_type != in.number) out->trait_count = 0;
    out->model_type = in.number;
    LRT_TRY(read_traits(lrt_pb_open_field(&in), in.number, arena, out, err));
  }
  return end_message(&reader, "LlmModelType", err);
}

static lrt_status read_item(const lrt_pb_field *in, const message *type, lrt_arena *arena, void *list,
                            size_t *count, lrt_error *err) {
  void *record = grow(arena, list, *count, type->size);
  if (record == NULL) return no_memory(arena, err);
  ++*count;
  if (type == &TokenUnion) return read_token(lrt_pb_open_field(in), arena, record, err);
  return read_message(lrt_pb_open_field(in), type, arena, record, err);
}

static bool wire_fits(field_kind kind, lrt_pb_wire wire) {
  switch (kind) {
  case INT32:
  case INT64:
  case BOOL: return wire == LRT_PB_VARINT;
  case FLOAT: return wire == LRT_PB_FIXED32;
  case IDS: return wire == LRT_PB_VARINT || wire == LRT_PB_BYTES;
  case TEXT:
  case TOKEN:
  case RECORD:
  case LIST:
  case MODEL_TYPE: break;
  }
  return wire == LRT_PB_BYTES;
}

static lrt_status read_field(const lrt_pb_field *in, const message *type, const field *to, lrt_arena *arena,
                             char *record, lrt_error *err) {
  void *at = record + to->at;
  size_t *count = (size_t *)(void *)(record + to->count_at);
  const lrt_pb_reader inner = lrt_pb_open_field(in);
  if (to->flag_at != NO_FLAG) *(bool *)(record + to->flag_at) = true;
  switch (to->kind) {
  case TEXT: return read_text(in, type->name, to->name, arena, at, err);
  case INT32: *(int32_t *)at = (int32_t)(uint32_t)in->value; return LRT_OK;
  case INT64: *(int64_t *)at = (int64_t)in->value; return LRT_OK;
  case BOOL: *(bool *)at = in->value != 0; return LRT_OK;
  case FLOAT: *(float *)at = (float)lrt_pb_float(in); return LRT_OK;
  case TOKEN: return read_token(inner, arena, at, err);
  case IDS: return read_ids(in, arena, at, count, err);
  case RECORD: return read_message(inner, to->type, arena, at, err);
  case LIST: return read_item(in, to->type, arena, at, count, err);
  case MODEL_TYPE: break;
  }
  return read_model_type(inner, arena, (lrt_llm_metadata *)(void *)record, err);
}

/* Singular fields that come again overwrite the earlier ones, messages are merged. Nesting is bounded by the tables. */
static lrt_status read_message(lrt_pb_reader reader, const message *type, lrt_arena *arena, void *record,
                               lrt_error *err) {
  lrt_pb_field in;
  while (lrt_pb_next(&reader, &in))
    for (size_t i = 0; i < type->count; i++)
      if (type->fields[i].number == in.number && wire_fits(type->fields[i].kind, in.wire))
        LRT_TRY(read_field(&in, type, &type->fields[i], arena, record, err));
  return end_message(&reader, type->name, err);
}

lrt_status lrt_llm_metadata_read(const void *bytes, size_t length, lrt_arena *arena, lrt_llm_metadata *out,
                                 lrt_error *err) {
  memset(out, 0, sizeof *out);
  return read_message(lrt_pb_open(bytes, length), &LlmMetadata, arena, out, err);
}

lrt_status lrt_executor_metadata_read(const void *bytes, size_t length, lrt_arena *arena,
                                      lrt_executor_metadata *out, lrt_error *err) {
  memset(out, 0, sizeof *out);
  return read_message(lrt_pb_open(bytes, length), &ExecutorMetadata, arena, out, err);
}

const char *lrt_llm_type_name(uint32_t model_type) {
  switch (model_type) {
#define NAME(name, number, text)                                                                             \
  case LRT_LLM_TYPE_##name: return text;
    LRT_LLM_TYPE_LIST(NAME)
#undef NAME
  }
  return "unknown";
}

const lrt_llm_trait *lrt_llm_metadata_trait(const lrt_llm_metadata *metadata, const char *name) {
  for (size_t i = metadata->trait_count; i-- > 0;)
    if (strcmp(metadata->traits[i].name, name) == 0) return &metadata->traits[i];
  return NULL;
}
