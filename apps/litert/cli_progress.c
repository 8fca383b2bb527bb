/* cli_progress.c: draws the bar of a download, or writes a line now and then. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "cli_progress.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/environment.h"
#include "cli_table.h"

#define LINE_EVERY 10.0 /* seconds between plain lines */
#define BAR_CELLS 24

static int terminal_columns(void) {
  struct winsize size;
  return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

/* "12.3 MB of 98.4 MB, 5.1 MB/s, 17 s left" */
static void write_numbers(const cli_progress *p, const lrt_zoo_event *event, char *text, size_t size) {
  char done[CLI_TEXT_BYTES], total[CLI_TEXT_BYTES], speed[CLI_TEXT_BYTES];
  const double passed = lrt_clock_seconds() - p->began;
  const double rate = passed > 0.2 && event->done > p->first ? (double)(event->done - p->first) / passed : 0;
  size_t used = (size_t)snprintf(text, size, "%s", cli_bytes_text(event->done, done));
  if (event->total > 0)
    used += (size_t)snprintf(text + used, size - used, " of %s", cli_bytes_text(event->total, total));
  if (rate <= 0) return;
  used += (size_t)snprintf(text + used, size - used, ", %s/s", cli_bytes_text((uint64_t)rate, speed));
  if (event->total > event->done)
    snprintf(text + used, size - used, ", %.0f s left", (double)(event->total - event->done) / rate);
}

static void draw_bar(cli_progress *p, const lrt_zoo_event *event) {
  char numbers[300], line[900];
  size_t used = 0;
  write_numbers(p, event, numbers, sizeof numbers);
  if (event->total > 0) {
    const int full = (int)((double)event->done / (double)event->total * BAR_CELLS);
    line[used++] = '[';
    for (int i = 0; i < BAR_CELLS; i++) line[used++] = i < full ? '#' : '.';
    used += (size_t)snprintf(line + used, sizeof line - used, "] ");
  }
  snprintf(line + used, sizeof line - used, "%s", numbers);
  fprintf(stderr, "\r%.*s\033[K", terminal_columns() - 1, line);
  p->drawn = true;
}

static void tell_bytes(cli_progress *p, const lrt_zoo_event *event) {
  char numbers[300];
  const double now = lrt_clock_seconds();
  if (!p->begun || event->done < p->done) {
    p->begun = true;
    p->began = p->told = now;
    p->first = event->done;
  }
  p->done = event->done;
  if (p->bar) {
    draw_bar(p, event);
  } else if (now - p->told >= LINE_EVERY) {
    p->told = now;
    write_numbers(p, event, numbers, sizeof numbers);
    fprintf(stderr, "%s\n", numbers);
  }
}

static void tell(void *user, const lrt_zoo_event *event) {
  cli_progress *p = user;
  char wait[CLI_TEXT_BYTES];
  if (event->stage == LRT_ZOO_RECEIVING) {
    tell_bytes(p, event);
    return;
  }
  cli_progress_end(p);
  if (event->stage == LRT_ZOO_RETRYING)
    fprintf(stderr, "%s: %s; again in %s\n", event->name, event->note,
            cli_seconds_text(event->seconds, wait));
  else
    fprintf(stderr, "%s: %s\n", event->name, event->note);
}

void cli_progress_attach(cli_progress *progress, lrt_zoo_transfer *transfer) {
  const char *term = lrt_environment("TERM");
  *progress = (cli_progress){.bar = isatty(STDERR_FILENO) && (term == NULL || strcmp(term, "dumb") != 0)};
  transfer->progress = tell;
  transfer->user = progress;
}

void cli_progress_end(cli_progress *progress) {
  if (progress->drawn) fprintf(stderr, "\r\033[K");
  progress->drawn = progress->begun = false;
}

void cli_transfer_init(cli_transfer *flags) {
  lrt_zoo_transfer standard;
  lrt_zoo_transfer_init(&standard);
  *flags = (cli_transfer){standard.retries, standard.retry_seconds, standard.stall_seconds, standard.offline};
}

lrt_zoo_transfer cli_transfer_options(const cli_transfer *flags, cli_progress *progress) {
  lrt_zoo_transfer transfer;
  lrt_zoo_transfer_init(&transfer);
  transfer.retries = flags->retries > 1000 ? 1000 : (int32_t)flags->retries;
  transfer.retry_seconds = flags->retry_seconds;
  transfer.stall_seconds = flags->stall_seconds > 86400 ? 86400 : flags->stall_seconds;
  transfer.offline = flags->offline;
  cli_progress_attach(progress, &transfer);
  return transfer;
}
