/* unicode.c: expands the runs of unicode.def once and answers from tables. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "tokenizer/unicode.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define CODES 0x110000u
#define PAGE 256u
#define PAGES_MAX 400 /* distinct pages of 256 properties; 16.0 has about 300 */
#define DECOMPOSITION_RUNS_MAX 4200
#define DECOMPOSED_MAX 9000
#define RANGES_MAX 800
#define PAIRS_MAX 1100

/* Bits of a property byte above the category. */
enum { CATEGORY_MASK = 31, HAS_LOWER = 32, HAS_DECOMPOSITION = 64 };

enum { HANGUL = 0xAC00, HANGUL_L = 0x1100, HANGUL_V = 0x1161, HANGUL_T = 0x11A7 };
enum { HANGUL_L_COUNT = 19, HANGUL_V_COUNT = 21, HANGUL_T_COUNT = 28 };
enum { HANGUL_COUNT = HANGUL_L_COUNT * HANGUL_V_COUNT * HANGUL_T_COUNT };

#define CATEGORIES(start, text)
#define COMBINING(text)
#define LOWERCASE(text)
#define DECOMPOSITIONS(text)
#define EXCLUSIONS(text)

static const char category_runs[] =
#undef CATEGORIES
#define CATEGORIES(start, text) text
#include "tokenizer/unicode.def"
#undef CATEGORIES
#define CATEGORIES(start, text)
    ;
static const char combining_runs[] =
#undef COMBINING
#define COMBINING(text) text
#include "tokenizer/unicode.def"
#undef COMBINING
#define COMBINING(text)
    ;
static const char lowercase_runs[] =
#undef LOWERCASE
#define LOWERCASE(text) text
#include "tokenizer/unicode.def"
#undef LOWERCASE
#define LOWERCASE(text)
    ;
static const char decomposition_runs[] =
#undef DECOMPOSITIONS
#define DECOMPOSITIONS(text) text
#include "tokenizer/unicode.def"
#undef DECOMPOSITIONS
#define DECOMPOSITIONS(text)
    ;
static const char exclusion_list[] =
#undef EXCLUSIONS
#define EXCLUSIONS(text) text
#include "tokenizer/unicode.def"
    ;

/* `value` for each `step`-th of the code points from `start` to `end` (not included). */
typedef struct range {
  uint32_t start, end;
  int32_t value;
  uint32_t step;
} range;

typedef struct decomposition {
  uint32_t start, count;
  uint16_t at, length; /* in `decomposed`; the last number grows along the run */
  bool compatible;
} decomposition;

typedef struct composite {
  uint64_t pair; /* first << 32 | second */
  uint32_t code;
} composite;

static pthread_once_t once = PTHREAD_ONCE_INIT;
static uint16_t page_of[CODES / PAGE];
static uint8_t pages[PAGES_MAX][PAGE];
static range combining[RANGES_MAX], lowers[RANGES_MAX];
static size_t combining_count, lower_count;
static decomposition decompositions[DECOMPOSITION_RUNS_MAX];
static size_t decomposition_count, decomposed_count;
static uint32_t decomposed[DECOMPOSED_MAX];
static composite composites[PAIRS_MAX];
static size_t composite_count;

static int category_index(const char *name) {
  static const char names[] =
#define NAME(name) #name
      LRT_CATEGORY_LIST(NAME)
#undef NAME
      ;
  for (int i = 0; i < LRT_CATEGORY_COUNT; i++)
    if (memcmp(names + 2 * i, name, 2) == 0) return i;
  return LRT_CATEGORY_Cn;
}

/* Hexadecimal digits at *at. */
static uint32_t read_hex(const char **at) {
  char *end;
  const uint32_t value = (uint32_t)strtoul(*at, &end, 16);
  *at = end;
  return value;
}

/* A decimal number behind `sign`, else 1. */
static uint32_t read_count(const char **at, char sign) {
  if (**at != sign) return 1;
  char *end;
  const uint32_t value = (uint32_t)strtoul(*at + 1, &end, 10);
  *at = end;
  return value;
}

/* Reading place in the category runs. */
typedef struct category_cursor {
  const char *at;
  uint32_t left; /* code points left of the present run */
  int category;
} category_cursor;

static void next_categories(category_cursor *cursor, uint8_t page[PAGE]) {
  for (uint32_t i = 0; i < PAGE; i++) {
    if (cursor->left == 0) {
      cursor->category = category_index(cursor->at);
      cursor->at += 2;
      cursor->left = 1;
      if (*cursor->at >= '0' && *cursor->at <= '9') {
        char *end;
        cursor->left = (uint32_t)strtoul(cursor->at, &end, 10);
        cursor->at = end;
      }
    }
    page[i] = (uint8_t)cursor->category;
    cursor->left--;
  }
}

/* Runs "start sign value [*count] [/step]", the sign being one of '=', '+', '-'. */
static size_t expand_ranges(const char *at, range *out) {
  size_t count = 0;
  while (*at != 0 && count < RANGES_MAX) {
    range *r = &out[count++];
    r->start = read_hex(&at);
    const bool negative = *at++ == '-';
    r->value = (int32_t)read_hex(&at);
    if (negative) r->value = -r->value;
    const uint32_t length = read_count(&at, '*');
    r->step = read_count(&at, '/');
    r->end = r->start + (length - 1) * r->step + 1;
    at++;
  }
  return count;
}

static void expand_decompositions(void) {
  const char *at = decomposition_runs;
  while (*at != 0 && decomposition_count < DECOMPOSITION_RUNS_MAX) {
    decomposition *d = &decompositions[decomposition_count++];
    d->start = read_hex(&at);
    d->compatible = *at == '~';
    d->at = (uint16_t)decomposed_count;
    do {
      at++;
      const uint32_t part = read_hex(&at);
      if (decomposed_count < DECOMPOSED_MAX) decomposed[decomposed_count++] = part;
    } while (*at == '.');
    d->length = (uint16_t)(decomposed_count - d->at);
    d->count = read_count(&at, '*');
    at++;
  }
}

static int compare_composites(const void *a, const void *b) {
  const uint64_t x = ((const composite *)a)->pair, y = ((const composite *)b)->pair;
  return (x > y) - (x < y);
}

static bool is_excluded(uint32_t code) {
  for (const char *at = exclusion_list; *at != 0; at++)
    if (read_hex(&at) == code) return true;
  return false;
}

static void make_composites(void) {
  for (size_t i = 0; i < decomposition_count; i++) {
    const decomposition *d = &decompositions[i];
    if (d->compatible || d->length != 2) continue;
    for (uint32_t k = 0; k < d->count && composite_count < PAIRS_MAX; k++)
      if (!is_excluded(d->start + k))
        composites[composite_count++] =
            (composite){(uint64_t)decomposed[d->at] << 32 | (decomposed[d->at + 1] + k), d->start + k};
  }
  qsort(composites, composite_count, sizeof composites[0], compare_composites);
}

/* The number of a page with these contents. */
static uint16_t store_page(const uint8_t *page, uint16_t *count) {
  for (uint16_t i = *count; i > 0; i--)
    if (memcmp(pages[i - 1], page, PAGE) == 0) return (uint16_t)(i - 1);
  if (*count == PAGES_MAX) return 0;
  memcpy(pages[*count], page, PAGE);
  return (*count)++;
}

static void mark(uint8_t *page, uint32_t first, uint32_t code, int bit) {
  if (code >= first && code < first + PAGE) page[code - first] |= (uint8_t)bit;
}

/* Marks the code points of one page; *lower and *split are the first runs that may concern it. */
static void mark_page(uint8_t *page, uint32_t first, size_t *lower, size_t *split) {
  while (*lower < lower_count && lowers[*lower].end <= first) (*lower)++;
  for (size_t i = *lower; i < lower_count && lowers[i].start < first + PAGE; i++)
    for (uint32_t c = lowers[i].start; c < lowers[i].end; c += lowers[i].step)
      mark(page, first, c, HAS_LOWER);
  while (*split < decomposition_count && decompositions[*split].start + decompositions[*split].count <= first)
    (*split)++;
  for (size_t i = *split; i < decomposition_count && decompositions[i].start < first + PAGE; i++)
    for (uint32_t k = 0; k < decompositions[i].count; k++)
      mark(page, first, decompositions[i].start + k, HAS_DECOMPOSITION);
}

static void expand(void) {
  uint8_t page[PAGE];
  uint16_t count = 0;
  size_t lower = 0, split = 0;
  category_cursor cursor = {category_runs, 0, 0};
  combining_count = expand_ranges(combining_runs, combining);
  lower_count = expand_ranges(lowercase_runs, lowers);
  expand_decompositions();
  make_composites();
  for (uint32_t first = 0; first < CODES; first += PAGE) {
    next_categories(&cursor, page);
    mark_page(page, first, &lower, &split);
    page_of[first / PAGE] = store_page(page, &count);
  }
}

void lrt_unicode_prepare(void) {
  pthread_once(&once, expand);
}

static uint8_t properties(uint32_t code) {
  return code < CODES ? pages[page_of[code / PAGE]][code % PAGE] : LRT_CATEGORY_Cn;
}

uint32_t lrt_unicode_category_bit(uint32_t code) {
  return 1u << (properties(code) & CATEGORY_MASK);
}

bool lrt_unicode_is_space(uint32_t code) {
  if (code < 128) return code == ' ' || (code >= 9 && code <= 13);
  return code == 0x85 || (lrt_unicode_category_bit(code) & LRT_CATEGORY_Z) != 0;
}

/* The circled and squared letters are the only alphabetic code points that are symbols. */
static bool is_alphabetic_symbol(uint32_t code) {
  return (code >= 0x24B6 && code <= 0x24E9) || (code >= 0x1F130 && code <= 0x1F149) ||
         (code >= 0x1F150 && code <= 0x1F169) || (code >= 0x1F170 && code <= 0x1F189);
}

bool lrt_unicode_is_word(uint32_t code) {
  const uint32_t word =
      LRT_CATEGORY_L | LRT_CATEGORY_M | LRT_CATEGORY_BIT(Nd) | LRT_CATEGORY_BIT(Nl) | LRT_CATEGORY_BIT(Pc);
  return (lrt_unicode_category_bit(code) & word) != 0 || code == 0x200C || code == 0x200D ||
         is_alphabetic_symbol(code);
}

/* The range that a code point belongs to, or NULL. */
static const range *find_range(const range *ranges, size_t count, uint32_t code) {
  size_t low = 0, high = count;
  while (low < high) {
    const size_t middle = (low + high) / 2;
    if (ranges[middle].end <= code)
      low = middle + 1;
    else
      high = middle;
  }
  if (low == count || code < ranges[low].start) return NULL;
  return (code - ranges[low].start) % ranges[low].step == 0 ? &ranges[low] : NULL;
}

uint32_t lrt_unicode_lower(uint32_t code) {
  if (code < 128) return code >= 'A' && code <= 'Z' ? code + 32 : code;
  if ((properties(code) & HAS_LOWER) == 0) return code;
  const range *r = find_range(lowers, lower_count, code);
  return r == NULL ? code : (uint32_t)((int32_t)code + r->value);
}

uint8_t lrt_unicode_combining(uint32_t code) {
  if (code < 0x300) return 0;
  const range *r = find_range(combining, combining_count, code);
  return r == NULL ? 0 : (uint8_t)r->value;
}

static size_t decompose_hangul(uint32_t code, uint32_t *out) {
  const uint32_t index = code - HANGUL, tail = index % HANGUL_T_COUNT;
  if (tail != 0) {
    out[0] = code - tail;
    out[1] = HANGUL_T + tail;
  } else {
    out[0] = HANGUL_L + index / (HANGUL_V_COUNT * HANGUL_T_COUNT);
    out[1] = HANGUL_V + index / HANGUL_T_COUNT % HANGUL_V_COUNT;
  }
  return 2;
}

size_t lrt_unicode_decompose(uint32_t code, bool compatible, uint32_t out[LRT_DECOMPOSITION_MAX]) {
  if (code >= HANGUL && code < HANGUL + HANGUL_COUNT) return decompose_hangul(code, out);
  if ((properties(code) & HAS_DECOMPOSITION) == 0) return 0;
  size_t low = 0, high = decomposition_count;
  while (low < high) {
    const size_t middle = (low + high) / 2;
    if (decompositions[middle].start + decompositions[middle].count <= code)
      low = middle + 1;
    else
      high = middle;
  }
  if (low == decomposition_count || code < decompositions[low].start) return 0;
  const decomposition *d = &decompositions[low];
  if (d->compatible && !compatible) return 0;
  const size_t length = d->length < LRT_DECOMPOSITION_MAX ? d->length : LRT_DECOMPOSITION_MAX;
  memcpy(out, decomposed + d->at, length * sizeof out[0]);
  out[length - 1] += code - d->start;
  return length;
}

uint32_t lrt_unicode_compose(uint32_t first, uint32_t second) {
  if (first >= HANGUL_L && first < HANGUL_L + HANGUL_L_COUNT && second >= HANGUL_V &&
      second < HANGUL_V + HANGUL_V_COUNT)
    return HANGUL + ((first - HANGUL_L) * HANGUL_V_COUNT + (second - HANGUL_V)) * HANGUL_T_COUNT;
  if (first >= HANGUL && first < HANGUL + HANGUL_COUNT && (first - HANGUL) % HANGUL_T_COUNT == 0 &&
      second > HANGUL_T && second < HANGUL_T + HANGUL_T_COUNT)
    return first + (second - HANGUL_T);
  const composite wanted = {(uint64_t)first << 32 | second, 0};
  const composite *found =
      bsearch(&wanted, composites, composite_count, sizeof composites[0], compare_composites);
  return found == NULL ? 0 : found->code;
}
