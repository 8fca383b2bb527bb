/* test_log.c: levels, the callback, both forms of a record, and changes while others log. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "check.h"

typedef struct seen {
  int count;
  lrt_log_level level;
  char line[256];
} seen;

static void keep(const lrt_log_record *record, void *user) {
  seen *s = user;
  s->count++;
  s->level = record->level;
  snprintf(s->line, sizeof s->line, "%s|%s|%s", record->room, record->event, record->fields);
  CHECK(record->time > 1.6e9);
}

static void levels_select_records(void) {
  seen s = {0};
  lrt_log(LRT_LOG_ERROR, "base", "nobody_listens", "%s", "");
  CHECK(!lrt_log_enabled(LRT_LOG_ERROR));
  lrt_log_set_callback(keep, &s);
  lrt_log_set_level(LRT_LOG_INFO);
  CHECK(lrt_log_enabled(LRT_LOG_INFO) && !lrt_log_enabled(LRT_LOG_DEBUG));
  lrt_log(LRT_LOG_DEBUG, "base", "too_fine", "n=%d", 1);
  CHECK_INT(s.count, 0);
  lrt_log(LRT_LOG_INFO, "runtime", "plan_made", "steps=%d bytes=%zu", 3, (size_t)70);
  CHECK_INT(s.count, 1);
  CHECK_TEXT(s.line, "runtime|plan_made|steps=3 bytes=70");
  CHECK_INT(s.level, LRT_LOG_INFO);
  lrt_log_set_callback(NULL, NULL);
  lrt_log(LRT_LOG_ERROR, "base", "nobody_listens", "%s", "");
  CHECK_INT(s.count, 1);
  lrt_log_set_level(LRT_LOG_WARN);
}

static void long_fields_are_cut(void) {
  seen s = {0};
  char long_text[3000];
  memset(long_text, 'x', sizeof long_text - 1);
  long_text[sizeof long_text - 1] = '\0';
  lrt_log_set_callback(keep, &s);
  lrt_log(LRT_LOG_ERROR, "base", "long", "text=%s", long_text);
  CHECK_INT(s.count, 1);
  lrt_log_set_callback(NULL, NULL);
}

static int report_level(void) {
  int level = -1;
  seen s = {0};
  lrt_log_set_callback(keep, &s);
  while (level < LRT_LOG_DEBUG && lrt_log_enabled((lrt_log_level)(level + 1))) level++;
  return level;
}

/* The level of LITERT_LOG is read once, so each value needs a process of its own that has not read it yet. */
static int level_in_child(const char *value) {
  const pid_t child = fork();
  if (child == 0) {
    setenv("LITERT_LOG", value, 1);
    _exit(report_level());
  }
  int result = 0;
  waitpid(child, &result, 0);
  return WIFEXITED(result) ? WEXITSTATUS(result) : -1;
}

static void environment_sets_the_level(void) {
  CHECK_INT(level_in_child("error"), LRT_LOG_ERROR);
  CHECK_INT(level_in_child("warn"), LRT_LOG_WARN);
  CHECK_INT(level_in_child("info"), LRT_LOG_INFO);
  CHECK_INT(level_in_child("debug"), LRT_LOG_DEBUG);
  CHECK_INT(level_in_child("nonsense"), LRT_LOG_WARN);
}

static void records_as_text_and_json(void) {
  char line[400];
  const lrt_log_record record = {.time = 951827696.789, /* a leap day */
                                 .level = LRT_LOG_WARN,
                                 .room = "model",
                                 .event = "odd_name",
                                 .fields = "name=\"a \"b\\c\" n=-1.5e3 v=1.2.3 flag"};
  int length = lrt_log_format(&record, 0, line, sizeof line);
  CHECK_TEXT(line, "2000-02-29T12:34:56.789Z warn model odd_name name=\"a \"b\\c\" n=-1.5e3 v=1.2.3 flag");
  CHECK_INT(length, (int)strlen(line));
  length = lrt_log_format(&record, 1, line, sizeof line);
  CHECK_TEXT(
      line,
      "{\"time\":\"2000-02-29T12:34:56.789Z\",\"level\":\"warn\",\"room\":\"model\",\"event\":\"odd_name\","
      "\"fields\":{\"name\":\"a \\\"b\\\\c\",\"n\":-1.5e3,\"v\":\"1.2.3\",\"flag\":\"\"}}");
  CHECK_INT(length, (int)strlen(line));
  CHECK_INT(lrt_log_format(&record, 1, line, 10), length);
  CHECK_TEXT(line, "{\"time\":\"");
  CHECK_INT(lrt_log_format(&record, 1, NULL, 0), length);
}

static atomic_int mixed_up;

static void check_pair_a(const lrt_log_record *record, void *user) {
  (void)record;
  if (user != &mixed_up) atomic_fetch_add(&mixed_up, 1);
}

static void check_pair_b(const lrt_log_record *record, void *user) {
  (void)record;
  if (user != NULL) atomic_fetch_add(&mixed_up, 1);
}

static void *log_often(void *arg) {
  for (int i = 0; i < 2000; i++) lrt_log(LRT_LOG_ERROR, "base", "often", "i=%d", i);
  return arg;
}

static void *change_often(void *arg) {
  for (int i = 0; i < 1000; i++) {
    lrt_log_set_callback(check_pair_a, &mixed_up);
    lrt_log_set_callback(check_pair_b, NULL);
    lrt_log_set_level(i % 2 == 0 ? LRT_LOG_WARN : LRT_LOG_DEBUG);
  }
  return arg;
}

static void callbacks_change_while_others_log(void) {
  pthread_t threads[4];
  for (int i = 0; i < 4; i++)
    CHECK(pthread_create(&threads[i], NULL, i < 2 ? log_often : change_often, NULL) == 0);
  for (int i = 0; i < 4; i++) pthread_join(threads[i], NULL);
  CHECK_INT(mixed_up, 0);
  lrt_log_set_callback(NULL, NULL);
}

int main(int argc, char **argv) {
  RUN(environment_sets_the_level); /* first: the others read the level */
  RUN(levels_select_records);
  RUN(long_fields_are_cut);
  RUN(records_as_text_and_json);
  RUN(callbacks_change_while_others_log);
  DONE();
}
