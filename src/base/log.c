/* log.c: who gets log records, from which level on, and how a record looks as text or JSON. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LEVEL_UNREAD (-1)
#define FIELDS_BYTES 1024

static const char *const level_names[] = {"error", "warn", "info", "debug"};

static atomic_int current_level = LEVEL_UNREAD;

/* Callback and cookie change together: the version is odd while a writer is at work. */
static atomic_uint pair_version;
static _Atomic(lrt_log_callback) pair_callback;
static _Atomic(void *) pair_user;

static int level_from_environment(void) {
  const char *name = getenv("LITERT_LOG");
  for (int i = 0; name != NULL && i <= LRT_LOG_DEBUG; i++)
    if (strcmp(name, level_names[i]) == 0) return i;
  return LRT_LOG_WARN;
}

void lrt_log_set_level(lrt_log_level level) {
  const int wanted = (int)level;
  atomic_store(&current_level, wanted < 0 ? 0 : wanted > LRT_LOG_DEBUG ? LRT_LOG_DEBUG : wanted);
}

void lrt_log_set_callback(lrt_log_callback callback, void *user) {
  unsigned version = atomic_load(&pair_version);
  do {
    version &= ~1u;
  } while (!atomic_compare_exchange_weak(&pair_version, &version, version + 1));
  atomic_store(&pair_callback, callback);
  atomic_store(&pair_user, user);
  atomic_store(&pair_version, version + 2);
}

static lrt_log_callback read_callback(void **user) {
  for (;;) {
    const unsigned before = atomic_load(&pair_version);
    const lrt_log_callback callback = atomic_load(&pair_callback);
    *user = atomic_load(&pair_user);
    if (before % 2 == 0 && atomic_load(&pair_version) == before) return callback;
  }
}

bool lrt_log_enabled(lrt_log_level level) {
  if (atomic_load_explicit(&pair_callback, memory_order_relaxed) == NULL) return false;
  int limit = atomic_load_explicit(&current_level, memory_order_relaxed);
  if (limit == LEVEL_UNREAD) {
    const int from_environment = level_from_environment();
    if (atomic_compare_exchange_strong(&current_level, &limit, from_environment)) limit = from_environment;
  }
  return (int)level <= limit;
}

void lrt_log(lrt_log_level level, const char *room, const char *event, const char *format, ...) {
  if (!lrt_log_enabled(level)) return;
  void *user = NULL;
  const lrt_log_callback callback = read_callback(&user);
  if (callback == NULL) return;
  char fields[FIELDS_BYTES] = "";
  va_list args;
  va_start(args, format);
  vsnprintf(fields, sizeof fields, format, args);
  va_end(args);
  struct timespec now = {0, 0};
  clock_gettime(CLOCK_REALTIME, &now);
  const lrt_log_record record = {.time = (double)now.tv_sec + 1e-9 * (double)now.tv_nsec,
                                 .level = level,
                                 .room = room,
                                 .event = event,
                                 .fields = fields};
  callback(&record, user);
}

/* Text cut to a fixed buffer, while the full length is counted. */
typedef struct line {
  char *out;
  size_t size, length;
} line;

static void put_bytes(line *l, const char *text, size_t length) {
  for (size_t i = 0; i < length; i++, l->length++)
    if (l->length + 1 < l->size) l->out[l->length] = text[i];
}

static void put_text(line *l, const char *text) {
  put_bytes(l, text, strlen(text));
}

static void put_json_text(line *l, const char *text, size_t length) {
  put_text(l, "\"");
  for (size_t i = 0; i < length; i++) {
    const unsigned char c = (unsigned char)text[i];
    char code[8];
    if (c == '"' || c == '\\') {
      put_text(l, "\\");
      put_bytes(l, &text[i], 1);
    } else if (c < 0x20) {
      snprintf(code, sizeof code, "\\u%04x", c);
      put_text(l, code);
    } else {
      put_bytes(l, &text[i], 1);
    }
  }
  put_text(l, "\"");
}

/* Civil date of a number of days since 1970-01-01 (proleptic Gregorian calendar, era arithmetic):
 * gmtime_r takes a lock in some C libraries. */
static void put_time(line *l, double time) {
  const int64_t ms = (int64_t)(time * 1000.0), second = ms / 1000, day = second / 86400;
  const int64_t shifted = day + 719468, era = shifted / 146097, in_era = shifted % 146097;
  const int64_t year_of_era = (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
  const int64_t day_of_year = in_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int64_t month_index = (5 * day_of_year + 2) / 153; /* 0 = March */
  const int64_t month = month_index < 10 ? month_index + 3 : month_index - 9;
  const int64_t year = year_of_era + era * 400 + (month <= 2);
  char text[64];
  snprintf(text, sizeof text, "%04lld-%02lld-%02lldT%02lld:%02lld:%02lld.%03lldZ", (long long)year,
           (long long)month, (long long)(day_of_year - (153 * month_index + 2) / 5 + 1),
           (long long)(second / 3600 % 24), (long long)(second / 60 % 60), (long long)(second % 60),
           (long long)(ms % 1000));
  put_text(l, text);
}

static size_t count_digits(const char *text) {
  size_t n = 0;
  while (text[n] >= '0' && text[n] <= '9') n++;
  return n;
}

/* True for what JSON allows as a number. */
static bool is_number(const char *text, size_t length) {
  const char *at = text, *end = text + length;
  at += *at == '-';
  size_t digits = count_digits(at);
  if (digits == 0 || (*at == '0' && digits > 1)) return false;
  at += digits;
  if (at < end && *at == '.') {
    digits = count_digits(at + 1);
    if (digits == 0) return false;
    at += digits + 1;
  }
  if (at < end && (*at == 'e' || *at == 'E')) {
    at += at[1] == '+' || at[1] == '-' ? 2 : 1;
    digits = count_digits(at);
    if (digits == 0) return false;
    at += digits;
  }
  return at == end;
}

/* Length of a value: up to a blank, or for a quoted one up to the quote before a blank or the end. */
static size_t value_length(const char *value) {
  if (value[0] != '"') return strcspn(value, " ");
  for (size_t i = 1; value[i] != '\0'; i++)
    if (value[i] == '"' && (value[i + 1] == ' ' || value[i + 1] == '\0')) return i + 1;
  return strlen(value);
}

static void put_json_fields(line *l, const char *fields) {
  bool first = true;
  put_text(l, "{");
  for (const char *at = fields + strspn(fields, " "); *at != '\0'; at += strspn(at, " ")) {
    const size_t key = strcspn(at, "= ");
    const char *value = at + key + (at[key] == '=');
    const size_t length = at[key] == '=' ? value_length(value) : 0;
    if (!first) put_text(l, ",");
    first = false;
    put_json_text(l, at, key);
    put_text(l, ":");
    if (length >= 2 && value[0] == '"' && value[length - 1] == '"')
      put_json_text(l, value + 1, length - 2);
    else if (length > 0 && is_number(value, length))
      put_bytes(l, value, length);
    else
      put_json_text(l, value, length);
    at = value + length;
  }
  put_text(l, "}");
}

int lrt_log_format(const lrt_log_record *record, int as_json, char *out, unsigned size) {
  line l = {out, size, 0};
  const unsigned level = (unsigned)record->level;
  const char *level_name = level <= LRT_LOG_DEBUG ? level_names[level] : "debug";
  put_text(&l, as_json ? "{\"time\":\"" : "");
  put_time(&l, record->time);
  if (as_json) {
    put_text(&l, "\",\"level\":");
    put_json_text(&l, level_name, strlen(level_name));
    put_text(&l, ",\"room\":");
    put_json_text(&l, record->room, strlen(record->room));
    put_text(&l, ",\"event\":");
    put_json_text(&l, record->event, strlen(record->event));
    put_text(&l, ",\"fields\":");
    put_json_fields(&l, record->fields);
    put_text(&l, "}");
  } else {
    const char *const parts[] = {level_name, record->room, record->event, record->fields};
    for (int i = 0; i < 4; i++) {
      if (parts[i][0] == '\0') continue;
      put_text(&l, " ");
      put_text(&l, parts[i]);
    }
  }
  if (size > 0) out[l.length < size ? l.length : size - 1] = '\0';
  return (int)l.length;
}
