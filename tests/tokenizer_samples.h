/* tokenizer_samples.h: small tokenizers for tests: tokenizer.json texts, and SentencePiece models written on the spot. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_TESTS_TOKENIZER_SAMPLES_H
#define LRT_TESTS_TOKENIZER_SAMPLES_H

#include <stdint.h>
#include <string.h>

/* Characters as pieces, merges, bytes for the rest, added tokens of all kinds, ids around the text. */
static const char sample_bpe_json[] =
    "{\"added_tokens\":[{\"id\":20,\"content\":\"<end>\",\"special\":true,\"normalized\":false},"
    "{\"id\":21,\"content\":\"XY\",\"single_word\":true,\"lstrip\":true,\"rstrip\":true,\"normalized\":true}]"
    ","
    "\"normalizer\":{\"type\":\"Sequence\",\"normalizers\":[{\"type\":\"NFKC\"},{\"type\":\"Lowercase\"},"
    "{\"type\":\"Replace\",\"pattern\":{\"Regex\":\" +\"},\"content\":\" \"}]},"
    "\"pre_tokenizer\":{\"type\":\"Sequence\",\"pretokenizers\":[{\"type\":\"Split\",\"pattern\":{\"Regex\":"
    "\"(?i:'s|'t)| "
    "?\\\\p{L}+|\\\\p{N}{1,3}|\\\\s+(?!\\\\S)|\\\\s+\"},\"behavior\":\"Isolated\",\"invert\":false},"
    "{\"type\":\"Metaspace\",\"replacement\":\"_\",\"prepend_scheme\":\"first\",\"split\":true}]},"
    "\"model\":{\"type\":\"BPE\",\"unk_token\":\"?\",\"fuse_unk\":true,\"byte_fallback\":true,\"vocab\":{\"?"
    "\":0,\"a\":1,"
    "\"b\":2,\"_\":3,\"ab\":4,\"abab\":5,\"_a\":6,\"<0xC3>\":7,\"<0xA9>\":8,\"c\":9,\"bc\":10,\"<end>\":20},"
    "\"merges\":[\"a b\",[\"ab\",\"ab\"],\"b c\",\"_ a\"]},"
    "\"post_processor\":{\"type\":\"TemplateProcessing\",\"single\":[{\"Sequence\":{\"id\":\"A\"}},{"
    "\"SpecialToken\":"
    "{\"id\":\"<end>\"}}],\"special_tokens\":{\"<end>\":{\"ids\":[20]}}},"
    "\"decoder\":{\"type\":\"Sequence\",\"decoders\":[{\"type\":\"Replace\",\"pattern\":{\"String\":\"_\"},"
    "\"content\":\" \"},"
    "{\"type\":\"ByteFallback\"},{\"type\":\"Fuse\"},{\"type\":\"Strip\",\"content\":\" "
    "\",\"start\":1,\"stop\":0}]}}";

static const char sample_wordpiece_json[] =
    "{\"normalizer\":{\"type\":\"BertNormalizer\"},\"pre_tokenizer\":{\"type\":\"BertPreTokenizer\"},"
    "\"model\":{\"type\":\"WordPiece\",\"unk_token\":\"[UNK]\",\"max_input_chars_per_word\":8,\"vocab\":"
    "{\"[UNK]\":0,\"[CLS]\":1,\"[SEP]\":2,\"un\":3,\"##aff\":4,\"##able\":5,\"!\":6,\"e\":7,\"##e\":8}},"
    "\"post_processor\":{\"type\":\"BertProcessing\",\"cls\":[\"[CLS]\",1],\"sep\":[\"[SEP]\",2]},"
    "\"decoder\":{\"type\":\"WordPiece\",\"prefix\":\"##\",\"cleanup\":true}}";

static const char sample_unigram_json[] =
    "{\"normalizer\":{\"type\":\"Nmt\"},\"pre_tokenizer\":{\"type\":\"Metaspace\",\"replacement\":"
    "\"\xE2\x96\x81\"},"
    "\"model\":{\"type\":\"Unigram\",\"unk_id\":0,\"vocab\":[[\"<unk>\",0],[\"\xE2\x96\x81\",-2],[\"a\",-3],["
    "\"b\",-3.5],"
    "[\"ab\",-4.5],[\"\xE2\x96\x81"
    "a\",-4],[\"aab\",-20]]},"
    "\"decoder\":{\"type\":\"Metaspace\",\"replacement\":\"\xE2\x96\x81\"}}";

/* Writes a SentencePiece model; `bytes` must have room. */
typedef struct sp_writer {
  uint8_t bytes[16384];
  size_t length;
} sp_writer;

static inline void sp_byte(sp_writer *w, uint8_t byte) {
  w->bytes[w->length++] = byte;
}

/* Type: 1 normal, 2 unknown, 3 control, 4 user-defined, 5 unused, 6 byte. */
static inline void sp_piece(sp_writer *w, const char *text, float score, uint8_t type) {
  const size_t length = strlen(text);
  sp_byte(w, 0x0A);
  sp_byte(w, (uint8_t)(length + 9));
  sp_byte(w, 0x0A);
  sp_byte(w, (uint8_t)length);
  memcpy(w->bytes + w->length, text, length);
  w->length += length;
  sp_byte(w, 0x15);
  memcpy(w->bytes + w->length, &score, 4);
  w->length += 4;
  sp_byte(w, 0x18);
  sp_byte(w, type);
}

/* The trainer's and the normaliser's options: model kind (1 unigram, 2 BPE, 3 words, 4 characters), byte fallback, dummy
 * prefix, removing of extra white space; no replacement rules. */
static inline void sp_options(sp_writer *w, uint8_t kind, uint8_t fallback, uint8_t prefix, uint8_t remove) {
  const uint8_t options[] = {0x12, 5, 0x18, kind, 0x98, 0x02, fallback, 0x1A, 4, 0x18, prefix, 0x20, remove};
  memcpy(w->bytes + w->length, options, sizeof options);
  w->length += sizeof options;
}

/* A model with all types of pieces; ids as they come: <unk> 0, <s> 1, </s> 2, 3 … */
static inline void sp_sample(sp_writer *w, uint8_t kind, uint8_t fallback) {
  w->length = 0;
  sp_piece(w, "<unk>", 0, 2);
  sp_piece(w, "<s>", 0, 3);
  sp_piece(w, "</s>", 0, 3);
  sp_piece(w, "\xE2\x96\x81", -2, 1);
  sp_piece(w, "a", -3, 1);
  sp_piece(w, "b", -3.5f, 1);
  sp_piece(w, "ab", -4, 1);
  sp_piece(w,
           "\xE2\x96\x81"
           "a",
           -4.25f, 1);
  sp_piece(w,
           "\xE2\x96\x81"
           "ab",
           -5, 1);
  sp_piece(w, "<uv>", 0, 4);
  sp_piece(w, "abab", -5.5f, 5);
  sp_piece(w, "c", -6, 1);
  if (fallback != 0) {
    static const char digits[] = "0123456789ABCDEF";
    for (int byte = 0; byte < 256; byte++) {
      const char text[] = {'<', '0', 'x', digits[byte >> 4], digits[byte & 15], '>', 0};
      sp_piece(w, text, 0, 6);
    }
  }
  sp_options(w, kind, fallback, 1, 1);
}

#endif
