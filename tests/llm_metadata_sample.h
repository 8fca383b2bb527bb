/* llm_metadata_sample.h: a small writer of protocol buffers, and with it metadata of a language model that has all fields. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_TESTS_LLM_METADATA_SAMPLE_H
#define LRT_TESTS_LLM_METADATA_SAMPLE_H

#include <stdint.h>
#include <string.h>

typedef struct pb_sample {
  uint8_t bytes[2000];
  size_t length;
} pb_sample;

static inline void pb_varint(pb_sample *out, uint64_t value) {
  do {
    out->bytes[out->length++] = (uint8_t)((value & 0x7f) | (value > 0x7f ? 0x80 : 0));
    value >>= 7;
  } while (value != 0);
}

static inline void pb_int(pb_sample *out, unsigned number, int64_t value) {
  pb_varint(out, number << 3);
  pb_varint(out, (uint64_t)value);
}

static inline void pb_float(pb_sample *out, unsigned number, float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  pb_varint(out, number << 3 | 5);
  for (int i = 0; i < 4; i++) out->bytes[out->length++] = (uint8_t)(bits >> 8 * i);
}

static inline void pb_bytes(pb_sample *out, unsigned number, const void *bytes, size_t length) {
  pb_varint(out, number << 3 | 2);
  pb_varint(out, length);
  memcpy(out->bytes + out->length, bytes, length);
  out->length += length;
}

static inline void pb_text(pb_sample *out, unsigned number, const char *text) {
  pb_bytes(out, number, text, strlen(text));
}

static inline void pb_sub(pb_sample *out, unsigned number, const pb_sample *message) {
  pb_bytes(out, number, message->bytes, message->length);
}

/* TokenUnion: the text, or with NULL the two ids. */
static inline void pb_token(pb_sample *out, unsigned number, const char *text, int id_0, int id_1) {
  pb_sample token = {.length = 0}, ids = {.length = 0};
  if (text != NULL) {
    pb_text(&token, 2, text);
  } else {
    pb_int(&ids, 1, id_0);
    pb_int(&ids, 1, id_1);
    pb_sub(&token, 1, &ids);
  }
  pb_sub(out, number, &token);
}

static inline void pb_affixes(pb_sample *out, unsigned number, const char *prefix, const char *suffix) {
  pb_sample affixes = {.length = 0};
  if (prefix != NULL) pb_text(&affixes, 1, prefix);
  if (suffix != NULL) pb_text(&affixes, 2, suffix);
  pb_sub(out, number, &affixes);
}

static inline void sample_sampler(pb_sample *out) {
  pb_int(out, 1, 2);
  pb_int(out, 2, 40);
  pb_float(out, 3, 0.95f);
  pb_float(out, 4, 0.75f);
  pb_int(out, 5, -3);
  pb_int(out, 6, 1);
  pb_int(out, 7, 1);
}

/* function_gemma with four traits. */
static inline void sample_model_type(pb_sample *out) {
  pb_sample gemma = {.length = 0};
  pb_text(&gemma, 5, "```tool_code\n");
  pb_int(&gemma, 8, 1);
  pb_token(&gemma, 1, NULL, 255999, 256000);
  pb_int(&gemma, 14, 2);
  pb_sub(out, 3, &gemma);
}

static inline void sample_llm_metadata(pb_sample *out) {
  static const uint8_t packed[] = {5, 0xac, 2, 7};
  pb_sample templates = {.length = 0}, sampler = {.length = 0}, type = {.length = 0};
  pb_sample channel = {.length = 0}, suppress = {.length = 0};
  out->length = 0;
  pb_token(out, 1, "<bos>", 0, 0);
  pb_token(out, 2, NULL, 1, -2);
  pb_token(out, 2, "<end_of_turn>", 0, 0);
  pb_affixes(&templates, 1, "<start_of_turn>user\n", "<end_of_turn>\n");
  pb_affixes(&templates, 2, "<start_of_turn>model\n", NULL);
  pb_sub(out, 3, &templates);
  sample_sampler(&sampler);
  pb_sub(out, 4, &sampler);
  pb_int(out, 5, 4096);
  sample_model_type(&type);
  pb_sub(out, 6, &type);
  pb_text(out, 7, "{{ bos_token }}{% for m in messages %}{{ m.content }}{% endfor %}");
  pb_text(&channel, 1, "thought");
  pb_text(&channel, 2, "<think>");
  pb_text(&channel, 3, "</think>");
  pb_int(&channel, 4, 1);
  pb_sub(out, 8, &channel);
  pb_bytes(&suppress, 1, packed, sizeof packed);
  pb_sub(out, 9, &suppress);
  pb_int(out, 10, -9);
  pb_int(out, 11, 1);
  pb_int(out, 12, 1);
  pb_token(out, 13, NULL, 0, 3);
  pb_text(out, 14, "0.11.0");
  pb_text(out, 99, "of a newer version");
}

static inline void sample_executor_metadata(pb_sample *out) {
  pb_sample executor = {.length = 0}, buffer = {.length = 0}, mask = {.length = 0};
  out->length = 0;
  pb_int(&executor, 1, -1);
  pb_text(&buffer, 1, "kv_cache_k_0");
  pb_text(&buffer, 2, "kv_cache_k_0_out");
  pb_text(&buffer, 3, "kv_k");
  pb_text(&buffer, 4, "kv_k_out");
  pb_int(&buffer, 6, 1);
  pb_int(&buffer, 7, 2);
  pb_int(&buffer, 9, 1280);
  pb_sub(&executor, 2, &buffer);
  buffer.length = 0;
  pb_text(&buffer, 1, "state");
  pb_int(&buffer, 5, 0);
  pb_int(&buffer, 6, 5);
  pb_int(&buffer, 8, 512);
  pb_sub(&executor, 2, &buffer);
  pb_int(&mask, 1, 1);
  pb_int(&mask, 2, 3);
  pb_int(&mask, 3, 512);
  pb_sub(&executor, 3, &mask);
  pb_sub(out, 1, &executor);
}

#endif
