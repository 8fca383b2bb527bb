/* text_normalize.c: runs the steps of a normalizer one after the other. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "tokenizer/text_normalize.h"

#include <string.h>

#include "base/fail.h"
#include "base/utf8.h"
#include "tokenizer/pretokenize.h"
#include "tokenizer/unicode.h"

/* The text a step reads, where it writes, and whether the first character goes. */
typedef struct passage {
  lrt_normalize_run *run;
  const char *text;
  size_t length;
  lrt_str *out;
  bool cut;
  lrt_error *err;
} passage;

void lrt_normalize_run_init(lrt_normalize_run *run, lrt_alloc *alloc, lrt_regex_run *regex) {
  memset(run, 0, sizeof *run);
  run->alloc = alloc;
  run->regex = regex;
  lrt_str_init(&run->texts[0], alloc, 0);
  lrt_str_init(&run->texts[1], alloc, 0);
}

void lrt_normalize_run_clear(lrt_normalize_run *run) {
  lrt_str_clear(&run->texts[0]);
  lrt_str_clear(&run->texts[1]);
  lrt_alloc_free(run->codes);
  run->codes = NULL;
  run->capacity = 0;
}

static bool is_ascii(const char *text, size_t length) {
  for (size_t i = 0; i < length; i++)
    if ((uint8_t)text[i] >= 128) return false;
  return true;
}

static void add_code(lrt_str *out, uint32_t code) {
  char bytes[4];
  const size_t count = lrt_utf8_encode(code, bytes);
  lrt_str_add(out, bytes, count);
}

/* What becomes of one code point: another, or DROPPED. */
#define DROPPED UINT32_MAX

static uint32_t clean_bert(uint32_t code) {
  const uint32_t control = LRT_CATEGORY_BIT(Cc) | LRT_CATEGORY_BIT(Cf) | LRT_CATEGORY_BIT(Co);
  if (code == '\t' || code == '\n' || code == '\r') return ' ';
  if (code == 0 || code == 0xFFFD || (lrt_unicode_category_bit(code) & control) != 0) return DROPPED;
  return lrt_unicode_is_space(code) ? ' ' : code;
}

static uint32_t clean_nmt(uint32_t code) {
  if ((code >= 1 && code <= 8) || code == 0xB || (code >= 0xE && code <= 0x1F) || code == 0x7F ||
      code == 0x8F || code == 0x9F)
    return DROPPED;
  const bool blank = code == 9 || code == 0xA || code == 0xC || code == 0xD || code == 0x1680 ||
                     (code >= 0x200B && code <= 0x200F) || code == 0x2028 || code == 0x2029 ||
                     code == 0x2581 || code == 0xFEFF || code == 0xFFFD;
  return blank ? ' ' : code;
}

static uint32_t map_code(const lrt_normalize_step *step, uint32_t code) {
  switch (step->kind) {
  case NORMALIZE_LOWERCASE: return lrt_unicode_lower(code);
  case NORMALIZE_BERT_CLEAN: return clean_bert(code);
  case NORMALIZE_NMT: return clean_nmt(code);
  default: return (lrt_unicode_category_bit(code) & step->mask) != 0 ? DROPPED : code;
  }
}

static void map_codes(const lrt_normalize_step *step, passage *p) {
  for (size_t at = 0, bytes; at < p->length; at += bytes) {
    uint32_t code = 0;
    bytes = lrt_utf8_decode(p->text + at, p->length - at, &code);
    if (bytes == 0) bytes = 1;
    const uint32_t mapped = map_code(step, code);
    if (mapped == DROPPED) {
      p->cut |= at == 0;
      continue;
    }
    add_code(p->out, mapped);
    if (code == 0x130 &&
        step->kind == NORMALIZE_LOWERCASE) { /* the only one with two code points: i and a dot */
      lrt_str_cut(p->out, p->out->length - 2);
      lrt_str_add(p->out, "i\xCC\x87", 3);
    }
  }
}

static bool is_chinese(uint32_t code) {
  return (code >= 0x4E00 && code <= 0x9FFF) || (code >= 0x3400 && code <= 0x4DBF) ||
         (code >= 0x20000 && code <= 0x2A6DF) || (code >= 0x2A700 && code <= 0x2B73F) ||
         (code >= 0x2B740 && code <= 0x2B81F) || (code >= 0x2B920 && code <= 0x2CEAF) ||
         (code >= 0xF900 && code <= 0xFAFF) || (code >= 0x2F800 && code <= 0x2FA1F);
}

static void spread_chinese(passage *p) {
  for (size_t at = 0, bytes; at < p->length; at += bytes) {
    uint32_t code = 0;
    bytes = lrt_utf8_decode(p->text + at, p->length - at, &code);
    if (bytes == 0) bytes = 1;
    const bool chinese = is_chinese(code);
    if (chinese) lrt_str_add(p->out, " ", 1);
    lrt_str_add(p->out, p->text + at, bytes);
    if (chinese) lrt_str_add(p->out, " ", 1);
  }
}

static void strip(const lrt_normalize_step *step, passage *p) {
  size_t start = 0, end = p->length, bytes;
  uint32_t code;
  while (step->left && (bytes = lrt_utf8_decode(p->text + start, end - start, &code)) != 0 &&
         lrt_unicode_is_space(code))
    start += bytes;
  while (step->right && end > start) {
    size_t at = end;
    do at--;
    while (at > start && ((uint8_t)p->text[at] & 0xC0) == 0x80);
    if (lrt_utf8_decode(p->text + at, end - at, &code) == 0 || !lrt_unicode_is_space(code)) break;
    end = at;
  }
  p->cut |= start > 0;
  lrt_str_add(p->out, p->text + start, end - start);
}

/* An empty replacement, or one of several characters at the start, moves the start of what is left. */
static lrt_status replace(const lrt_normalize_step *step, passage *p) {
  size_t done = 0, start, end;
  for (size_t from = 0; from < p->length;) {
    LRT_TRY(lrt_regex_find(step->regex, p->run->regex, p->text, p->length, from, &start, &end, p->err));
    if (start > p->length) break;
    const size_t character = lrt_utf8_decode(p->text + start, p->length - start, NULL);
    if (start == 0 && end > 0) p->cut |= step->text.length == 0 || end > character;
    lrt_str_add(p->out, p->text + done, start - done);
    lrt_str_add(p->out, step->text.bytes, step->text.length);
    done = end;
    from = end > start ? end : end + (character == 0 ? 1 : character);
  }
  lrt_str_add(p->out, p->text + done, p->length - done);
  return LRT_OK;
}

/* Clusters below six bytes are looked up as a whole, by the shortest rule; others character by character. */
static void map_graphemes(const lrt_normalize_step *step, passage *p) {
  size_t used;
  for (size_t at = 0, cluster; at < p->length; at += cluster) {
    cluster = lrt_grapheme_bytes(p->text + at, p->length - at);
    const char *text =
        cluster < 6 ? lrt_charsmap_find(&step->charsmap, p->text + at, cluster, false, &used) : NULL;
    if (text != NULL) {
      lrt_str_add_text(p->out, text);
      continue;
    }
    for (size_t i = at, bytes; i < at + cluster; i += bytes) {
      bytes = lrt_utf8_decode(p->text + i, p->length - i, NULL);
      if (bytes == 0) bytes = 1;
      text = lrt_charsmap_find(&step->charsmap, p->text + i, bytes, false, &used);
      if (text != NULL)
        lrt_str_add_text(p->out, text);
      else
        lrt_str_add(p->out, p->text + i, bytes);
    }
  }
}

static void spell_bytes(passage *p) {
  for (size_t i = 0; i < p->length; i++) add_code(p->out, lrt_byte_level_code((uint8_t)p->text[i]));
}

/* Whether a step leaves this text as it is, without looking closely. */
static bool leaves(const lrt_normalize_step *step, const passage *p) {
  switch (step->kind) {
  case NORMALIZE_FORM:
  case NORMALIZE_DROP:
  case NORMALIZE_BERT_SPREAD: return is_ascii(p->text, p->length);
  default: return p->length == 0;
  }
}

static lrt_status run_step(const lrt_normalize_step *step, passage *p) {
  switch (step->kind) {
  case NORMALIZE_FORM:
    return lrt_normal_form(p->run, step->compatible, step->compose, p->text, p->length, p->out, p->err);
  case NORMALIZE_REPLACE: LRT_TRY(replace(step, p)); break;
  case NORMALIZE_BERT_SPREAD: spread_chinese(p); break;
  case NORMALIZE_STRIP: strip(step, p); break;
  case NORMALIZE_CHARSMAP: map_graphemes(step, p); break;
  case NORMALIZE_BYTES: spell_bytes(p); break;
  case NORMALIZE_PREPEND:
    lrt_str_add(p->out, step->text.bytes, step->text.length);
    lrt_str_add(p->out, p->text, p->length);
    break;
  default: map_codes(step, p); break;
  }
  return lrt_str_check(p->out, p->err);
}

lrt_status lrt_normalize(const lrt_normalize_steps *steps, lrt_normalize_run *run, const char *text,
                         size_t length, const char **out, size_t *out_length, bool *cut, lrt_error *err) {
  passage p = {.run = run, .text = text, .length = length, .err = err};
  for (uint32_t i = 0; i < steps->count; i++) {
    if (leaves(&steps->steps[i], &p)) continue;
    p.out = &run->texts[p.text == run->texts[0].text ? 1 : 0];
    lrt_str_cut(p.out, 0);
    LRT_TRY(run_step(&steps->steps[i], &p));
    p.text = p.out->text;
    p.length = p.out->length;
  }
  *out = p.text;
  *out_length = p.length;
  *cut = p.cut;
  return LRT_OK;
}
