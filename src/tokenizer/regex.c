/* regex.c: the matcher: backtracking with its own stack, loops over one set kept as one frame, a budget of steps. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "tokenizer/regex.h"

#include <string.h>

#include "base/fail.h"
#include "base/utf8.h"
#include "tokenizer/regex_program.h"
#include "tokenizer/unicode.h"

/* Steps allowed for a call, and for each byte of its text; known patterns need fewer than ten. */
#define STEPS_BASE 100000u
#define STEPS_PER_BYTE 200u
#define FRAMES_MAX (1u << 22)
#define NESTING_MAX 64

/* A place to go back to. LOOP frames stand for all lengths the loop may still take. */
typedef struct lrt_regex_frame {
  uint32_t op;  /* continue here */
  bool is_loop; /* greedy: take one code point less, down to `least`; lazy: one more, `left` times */
  bool is_lazy;
  size_t at, least;
  uint32_t left;
  const lrt_regex_set *set;
} lrt_regex_frame;

typedef struct matcher {
  const lrt_regex *regex;
  lrt_regex_run *run;
  const char *text;
  size_t length;
  lrt_error *err;
} matcher;

void lrt_regex_run_init(lrt_regex_run *run, lrt_alloc *alloc) {
  memset(run, 0, sizeof *run);
  run->alloc = alloc;
  run->steps = STEPS_BASE;
}

void lrt_regex_run_clear(lrt_regex_run *run) {
  lrt_alloc_free(run->frames);
  lrt_regex_run_init(run, run->alloc);
}

void lrt_regex_run_allow(lrt_regex_run *run, size_t length) {
  run->steps = STEPS_BASE + (uint64_t)length * STEPS_PER_BYTE;
}

bool lrt_regex_is_word(uint32_t code) {
  if (code == 0xB2 || code == 0xB3 || code == 0xB9 || (code >= 0xBC && code <= 0xBE)) return true;
  return code != 0x200C && code != 0x200D && lrt_unicode_is_word(code);
}

bool lrt_regex_set_contains(const lrt_regex_set *set, uint32_t code) {
  if (code < 128) return (set->ascii[code >> 6] >> (code & 63) & 1) != 0;
  bool found = (set->mask & lrt_unicode_category_bit(code)) != 0;
  for (const lrt_regex_item *i = set->items; i != NULL && !found; i = i->next) {
    switch (i->kind) {
    case REGEX_RANGE: found = code >= i->low && code <= i->high; break;
    case REGEX_NOT_SPACE: found = !lrt_unicode_is_space(code); break;
    case REGEX_WORD: found = lrt_regex_is_word(code); break;
    case REGEX_NOT_WORD: found = !lrt_regex_is_word(code); break;
    case REGEX_SET: found = lrt_regex_set_contains(i->set, code); break;
    }
  }
  if (found && set->both != NULL) found = lrt_regex_set_contains(set->both, code);
  return found != set->negate;
}

/* Bytes of the code point at `at` when it belongs to the set, else 0. */
static inline size_t take(const matcher *m, const lrt_regex_set *set, size_t at) {
  if (at >= m->length) return 0;
  const uint8_t byte = (uint8_t)m->text[at];
  if (byte < 128) return set->ascii[byte >> 6] >> (byte & 63) & 1;
  uint32_t code;
  const size_t bytes = lrt_utf8_decode(m->text + at, m->length - at, &code);
  return bytes != 0 && lrt_regex_set_contains(set, code) ? bytes : 0;
}

/* Start of the code point before `at`, which is not 0. */
static size_t step_back(const char *text, size_t at) {
  do at--;
  while (at > 0 && ((uint8_t)text[at] & 0xC0) == 0x80);
  return at;
}

static lrt_status push(matcher *m, lrt_regex_frame frame) {
  lrt_regex_run *run = m->run;
  if (run->top == run->capacity) {
    const size_t capacity = run->capacity == 0 ? 64 : run->capacity * 2;
    if (capacity > FRAMES_MAX)
      return lrt_fail(m->err, LRT_OVER_BUDGET, "a pattern of the tokenizer goes back and forth too often");
    lrt_regex_frame *frames = lrt_alloc_resize(run->alloc, run->frames, capacity * sizeof *frames);
    if (frames == NULL) return lrt_alloc_fail(m->err, run->alloc, capacity * sizeof *frames, "a pattern");
    run->frames = frames;
    run->capacity = capacity;
  }
  run->frames[run->top++] = frame;
  return LRT_OK;
}

/* Takes the newest way not tried yet above `base`; false when there is none. */
static bool go_back(matcher *m, size_t base, uint32_t *op, size_t *at) {
  lrt_regex_run *run = m->run;
  while (run->top > base) {
    lrt_regex_frame *f = &run->frames[run->top - 1];
    *op = f->op;
    if (!f->is_loop) {
      *at = f->at;
      run->top--;
      return true;
    }
    if (f->is_lazy) {
      const size_t bytes = f->left == 0 ? 0 : take(m, f->set, f->at);
      if (bytes != 0) {
        *at = f->at += bytes;
        f->left--;
        return true;
      }
      run->top--;
    } else {
      *at = f->at = step_back(m->text, f->at);
      if (f->at <= f->least) run->top--;
      return true;
    }
  }
  return false;
}

/* Consumes what a LOOP must and may; false when it has not its minimum. */
static lrt_status loop(matcher *m, const lrt_regex_op *op, uint32_t next, size_t *at, bool *ok) {
  uint32_t count = 0;
  size_t here = *at, least = *at, bytes;
  const uint32_t wanted = op->mode == REGEX_LAZY ? op->min : op->max;
  while (count < wanted && (bytes = take(m, op->set, here)) != 0) {
    here += bytes;
    if (++count <= op->min) least = here;
  }
  *ok = count >= op->min;
  if (!*ok) return LRT_OK;
  *at = here;
  m->run->steps = m->run->steps > count / 4 ? m->run->steps - count / 4 : 0;
  if (op->mode == REGEX_LAZY && op->max > op->min)
    return push(m, (lrt_regex_frame){next, true, true, here, 0, op->max - op->min, op->set});
  if (op->mode == REGEX_GREEDY && here > least)
    return push(m, (lrt_regex_frame){next, true, false, here, least, 0, op->set});
  return LRT_OK;
}

static bool is_word_at(const matcher *m, size_t at) {
  uint32_t code;
  return at < m->length && lrt_utf8_decode(m->text + at, m->length - at, &code) != 0 &&
         lrt_regex_is_word(code);
}

static bool holds(const matcher *m, lrt_regex_assertion assertion, size_t at) {
  switch (assertion) {
  case REGEX_LINE_START: return at == 0 || (m->text[at - 1] == '\n' && at < m->length);
  case REGEX_LINE_END: return at == m->length || m->text[at] == '\n';
  case REGEX_TEXT_START: return at == 0;
  case REGEX_TEXT_END: return at == m->length;
  default: break;
  }
  const bool before = at > 0 && is_word_at(m, step_back(m->text, at));
  return (before != is_word_at(m, at)) == (assertion == REGEX_BOUNDARY);
}

static lrt_status match(matcher *m, uint32_t pc, size_t at, int nesting, size_t *end, bool *found);

/* A LOOK or ATOMIC operation at `at`: *ok says whether to go on, at *at. */
static lrt_status match_body(matcher *m, uint32_t pc, int nesting, size_t *at, bool *ok) {
  const lrt_regex_op *op = &m->regex->ops[pc];
  size_t start = *at, end = 0;
  bool found = true;
  for (uint32_t i = 0; i < op->behind && found; i++) {
    found = start > 0;
    if (found) start = step_back(m->text, start);
  }
  if (found) LRT_TRY(match(m, pc + 1, start, nesting + 1, &end, &found));
  if (op->kind == REGEX_OP_ATOMIC && found) *at = end;
  *ok = found != op->negate;
  return LRT_OK;
}

/* Runs from `pc` to an END; what it leaves on the stack is dropped. */
static lrt_status match(matcher *m, uint32_t pc, size_t at, int nesting, size_t *end, bool *found) {
  const size_t base = m->run->top;
  *found = false;
  if (nesting > NESTING_MAX)
    return lrt_fail(m->err, LRT_UNSUPPORTED, "a pattern of the tokenizer is nested too deeply");
  for (;;) {
    const lrt_regex_op *op = &m->regex->ops[pc];
    bool ok = true;
    size_t bytes;
    if (m->run->steps == 0)
      return lrt_fail(m->err, LRT_OVER_BUDGET,
                      "a pattern of the tokenizer needs too many steps on this text");
    m->run->steps--;
    switch (op->kind) {
    case REGEX_OP_CHAR:
      ok = m->length - at >= op->length && memcmp(m->text + at, op->bytes, op->length) == 0;
      if (ok) at += op->length;
      pc++;
      break;
    case REGEX_OP_SET:
      bytes = take(m, op->set, at);
      ok = bytes != 0;
      at += bytes;
      pc++;
      break;
    case REGEX_OP_LOOP:
      LRT_TRY(loop(m, op, pc + 1, &at, &ok));
      pc++;
      break;
    case REGEX_OP_SPLIT: {
      const uint8_t byte = at < m->length ? (uint8_t)m->text[at] : 0;
      if (op->first != NULL && (at == m->length || (op->first[byte >> 6] >> (byte & 63) & 1) == 0)) {
        pc = op->other;
        break;
      }
      LRT_TRY(push(m, (lrt_regex_frame){op->other, false, false, at, 0, 0, NULL}));
      pc = op->to;
      break;
    }
    case REGEX_OP_JUMP: pc = op->to; break;
    case REGEX_OP_LOOK:
    case REGEX_OP_ATOMIC:
      LRT_TRY(match_body(m, pc, nesting, &at, &ok));
      pc = op->to;
      break;
    case REGEX_OP_ASSERT:
      ok = holds(m, op->assertion, at);
      pc++;
      break;
    case REGEX_OP_END:
      *end = at;
      *found = true;
      m->run->top = base;
      return LRT_OK;
    }
    if (!ok && !go_back(m, base, &pc, &at)) return LRT_OK;
  }
}

lrt_status lrt_regex_find(const lrt_regex *regex, lrt_regex_run *run, const char *text, size_t length,
                          size_t from, size_t *start, size_t *end, lrt_error *err) {
  matcher m = {regex, run, text, length, err};
  bool found = false;
  for (size_t at = from; at <= length; at++) {
    if (at < length && ((uint8_t)text[at] & 0xC0) == 0x80) continue;
    run->top = 0;
    LRT_TRY(match(&m, 0, at, 0, end, &found));
    if (found) {
      *start = at;
      return LRT_OK;
    }
  }
  *start = *end = length + 1;
  return LRT_OK;
}
