/* cli_answer.c: takes an answer token by token. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "cli_answer.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/fail.h"
#include "base/json.h"

/* The session that Ctrl-C stops; NULL while there is none. */
static lrt_session *volatile stopped_session;
static volatile sig_atomic_t was_stopped;

/* lrt_session_cancel only sets atomic flags, so a signal handler may call it. */
static void on_interrupt(int signal_number) {
  (void)signal_number;
  was_stopped = 1;
  if (stopped_session != NULL) lrt_session_cancel(stopped_session);
}

void cli_answer_write(const char *text, size_t length) {
  static int is_terminal = -1;
  if (is_terminal < 0) is_terminal = isatty(STDOUT_FILENO);
  for (size_t i = 0; i < length; i++) {
    const unsigned char c = (unsigned char)text[i];
    const bool is_c1 = c == 0xc2 && i + 1 < length && (unsigned char)text[i + 1] < 0xa0;
    const bool is_control = (c < 0x20 && c != '\n' && c != '\t') || c == 0x7f || is_c1;
    putchar(is_terminal && is_control ? '?' : c);
    i += is_terminal && is_c1;
  }
  fflush(stdout);
}

static lrt_status begin(cli *c, cli_answer *a) {
  if (a->conversation != NULL) return lrt_conversation_begin(a->conversation, a->options, &c->error);
  return lrt_session_begin(a->session, a->options, &c->error);
}

static lrt_status next(cli *c, cli_answer *a, lrt_token *token) {
  if (a->conversation != NULL) return lrt_conversation_next(a->conversation, token, &c->error);
  return lrt_session_next(a->session, token, &c->error);
}

static lrt_status answer(cli *c, cli_answer *a) {
  lrt_token token = {.finish = LRT_FINISH_NONE};
  LRT_TRY(begin(c, a));
  lrt_session_ids(a->session, &a->prompt_count);
  while (token.finish == LRT_FINISH_NONE) {
    LRT_TRY(next(c, a, &token));
    if (!a->silent && token.text_length > 0) cli_answer_write(token.text, token.text_length);
  }
  return LRT_OK;
}

lrt_status cli_answer_run(cli *c, cli_answer *a) {
  struct sigaction action, before;
  if (!a->stoppable) return answer(c, a);
  memset(&action, 0, sizeof action);
  action.sa_handler = on_interrupt;
  was_stopped = 0;
  stopped_session = a->session;
  sigaction(SIGINT, &action, &before);
  const lrt_status status = answer(c, a);
  sigaction(SIGINT, &before, NULL);
  stopped_session = NULL;
  a->stopped = was_stopped != 0;
  return status == LRT_CANCELLED && a->stopped ? LRT_OK : status;
}

static uint64_t peak_memory(void) {
  struct rusage usage;
  return getrusage(RUSAGE_SELF, &usage) == 0 ? (uint64_t)usage.ru_maxrss * 1024 : 0;
}

static void put_ids(lrt_json_writer *json, const char *key, const int32_t *ids, size_t count) {
  lrt_json_key(json, key);
  lrt_json_begin_array(json);
  for (size_t i = 0; i < count; i++) lrt_json_int(json, ids[i]);
  lrt_json_end_array(json);
}

static void put_seconds(lrt_json_writer *json, const char *key, double seconds) {
  lrt_json_key(json, key);
  lrt_json_double(json, seconds);
}

static void put_timings(lrt_json_writer *json, const lrt_timings *timings, double load_seconds) {
  lrt_json_key(json, "timings");
  lrt_json_begin_object(json);
  put_seconds(json, "load_s", load_seconds);
  lrt_json_key(json, "prefill_tokens");
  lrt_json_int(json, timings->prefill_tokens);
  put_seconds(json, "prefill_s", timings->prefill_s);
  put_seconds(json, "first_token_s", timings->first_token_s);
  lrt_json_key(json, "decode_tokens");
  lrt_json_int(json, timings->decode_tokens);
  put_seconds(json, "decode_s", timings->decode_s);
  lrt_json_end_object(json);
}

lrt_status cli_answer_report(cli *c, const cli_answer *a, double load_seconds) {
  lrt_json_writer json;
  lrt_answer told;
  size_t count;
  lrt_session_answer(a->session, &told);
  const int32_t *ids = lrt_session_ids(a->session, &count);
  lrt_json_writer_init(&json, &c->out);
  lrt_json_begin_object(&json);
  lrt_json_key(&json, "text");
  lrt_json_text_bytes(&json, told.text, told.text_length);
  put_ids(&json, "ids", told.ids, told.count);
  put_ids(&json, "prompt_ids", ids, a->prompt_count < count ? a->prompt_count : count);
  lrt_json_key(&json, "finish_reason");
  lrt_json_text(&json, lrt_finish_name(told.finish));
  put_timings(&json, &told.timings, load_seconds);
  lrt_json_key(&json, "peak_rss_bytes");
  lrt_json_uint(&json, peak_memory());
  lrt_json_end_object(&json);
  lrt_str_add(&c->out, "\n", 1);
  return lrt_str_check(&c->out, &c->error);
}
