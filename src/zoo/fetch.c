/* fetch.c: downloads over libcurl: which answers are taken, which are tried again, what the others are told as. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "zoo/fetch.h"

#include <string.h>

#include "base/environment.h"
#include "base/fail.h"

void lrt_zoo_transfer_init(lrt_zoo_transfer *transfer) {
  const char *offline = lrt_environment("HF_HUB_OFFLINE");
  *transfer = (lrt_zoo_transfer){.retries = 5, .retry_seconds = 1, .stall_seconds = 30};
  /* The words that huggingface_hub takes for yes. */
  static const char *const yes[] = {"1", "ON", "YES", "TRUE", "on", "yes", "true"};
  for (size_t i = 0; offline != NULL && i < sizeof yes / sizeof *yes; i++)
    if (strcmp(offline, yes[i]) == 0) transfer->offline = true;
}

static const char *name_of(const lrt_fetch_request *request) {
  return request->what != NULL ? request->what : request->url;
}

#if LRT_HAVE_CURL

#include <errno.h>
#include <stdio.h>
#include <strings.h>
#include <time.h>

#include "base/clock.h"
#include "zoo/curl_library.h"
#include "zoo/part_file.h"

#define LONGEST_WAIT 60.0   /* seconds between two tries */
#define LONGEST_ASKED 300.0 /* of a Retry-After that is honoured */
#define PROGRESS_EVERY 0.1  /* seconds */
#define GOOD_BYTES 1048576  /* a try that brought so many counts as a new beginning */

typedef enum verdict {
  DONE,  /* the body is whole */
  AGAIN, /* after a pause */
  ANEW,  /* what is there is of no use: from the first byte */
  FAILED /* status and error say why */
} verdict;

/* One call of lrt_fetch_…; the lower half is of the present response. */
typedef struct transfer {
  const lrt_curl *api;
  CURL *curl;
  const lrt_fetch_request *request;
  const lrt_zoo_transfer *options;
  lrt_part_file *part; /* NULL: into `text` */
  lrt_str *text;
  lrt_error *err;
  lrt_status status; /* of what went wrong on this side */
  uint64_t before, total;
  double told; /* when progress was told last */
  bool accepted, begun, misplaced;
  char version[256];
  int64_t range_start, range_total; /* -1: not told */
} transfer;

bool lrt_zoo_built_in(void) {
  return true;
}

static void tell(transfer *t, lrt_zoo_stage stage, double seconds, const char *note) {
  if (t->options->progress == NULL) return;
  const uint64_t done = t->part != NULL   ? lrt_part_file_length(t->part)
                        : t->text != NULL ? t->text->length
                                          : 0;
  const lrt_zoo_event event = {stage, name_of(t->request), done, t->total, seconds, note};
  t->options->progress(t->options->user, &event);
}

static void pause_for(double seconds) {
  struct timespec wait = {(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9)};
  while (nanosleep(&wait, &wait) != 0 && errno == EINTR) continue;
}

/* ---- answers ---- */

/* The value of header `name` in a line that is not NUL-terminated; false where it is another header. */
static bool header_value(const char *line, size_t length, const char *name, char *value, size_t size) {
  const size_t skip = strlen(name);
  if (length <= skip || line[skip] != ':' || strncasecmp(line, name, skip) != 0) return false;
  const char *from = line + skip + 1, *end = line + length;
  while (from < end && (*from == ' ' || *from == '\t')) from++;
  while (end > from && (end[-1] == '\r' || end[-1] == '\n' || end[-1] == ' ')) end--;
  const size_t kept = (size_t)(end - from) < size ? (size_t)(end - from) : 0; /* too long: as if absent */
  memcpy(value, from, kept);
  value[kept] = 0;
  return true;
}

/* "bytes 100-199/200", "bytes *" "/200" (RFC 9110, 14.4). */
static void read_range(transfer *t, const char *value) {
  long long start = -1, end = -1, total = -1;
  if (sscanf(value, "bytes %lld-%lld/%lld", &start, &end, &total) < 2 || start < 0) start = -1;
  if (start < 0 && sscanf(value, "bytes */%lld", &total) != 1) total = -1;
  t->range_start = start;
  t->range_total = total;
}

/* A weak ETag does not promise the same bytes; If-Range takes a date as well (RFC 9110, 13.1.5). */
static void read_version(transfer *t, const char *value, bool is_date) {
  if (strncmp(value, "W/", 2) == 0 || (is_date && t->version[0] != 0)) return;
  snprintf(t->version, sizeof t->version, "%s", value);
}

static size_t take_header(char *line, size_t size, size_t count, void *user) {
  transfer *t = user;
  char value[sizeof t->version];
  const size_t length = size * count;
  if (length >= 5 && memcmp(line, "HTTP/", 5) == 0) { /* of this response; those before were redirections */
    t->version[0] = 0;
    t->range_start = t->range_total = -1;
  } else if (header_value(line, length, "content-range", value, sizeof value)) {
    read_range(t, value);
  } else if (header_value(line, length, "etag", value, sizeof value)) {
    read_version(t, value, false);
  } else if (header_value(line, length, "last-modified", value, sizeof value)) {
    read_version(t, value, true);
  }
  return length;
}

static long response_code(const transfer *t) {
  long code = 0;
  t->api->easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &code);
  return code;
}

static lrt_status check_total(transfer *t, uint64_t total) {
  const uint64_t wanted = t->request->bytes;
  t->total = total != 0 ? total : wanted;
  if (wanted == 0 || total == 0 || total == wanted) return LRT_OK;
  return lrt_fail(t->err, LRT_INVALID_MODEL,
                  "cannot download %s: the server has %llu bytes where %llu are expected",
                  name_of(t->request), (unsigned long long)total, (unsigned long long)wanted);
}

/* What an answer of the codes 200 and 206 says about the bytes that follow. */
static lrt_status begin_body(transfer *t) {
  curl_off_t length = -1;
  const long code = response_code(t);
  t->begun = true;
  if (code != 200 && code != 206) return LRT_OK;
  t->accepted = true;
  if (t->part == NULL) return LRT_OK;
  t->api->easy_getinfo(t->curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
  const uint64_t have = lrt_part_file_length(t->part);
  if (code == 206) {
    if (t->range_start < 0 || (uint64_t)t->range_start != have) {
      t->accepted = false;
      t->misplaced = true;
      return LRT_OK;
    }
    LRT_TRY(check_total(t, t->range_total > 0 ? (uint64_t)t->range_total : 0));
  } else {
    LRT_TRY(check_total(t, length > 0 ? (uint64_t)length : 0));
    LRT_TRY(lrt_part_file_restart(t->part, t->version, t->err));
    t->before = 0;
  }
  return length > 0 ? lrt_part_file_check_room(t->part, (uint64_t)length, t->err) : LRT_OK;
}

static lrt_status keep(transfer *t, const char *bytes, size_t length) {
  if (t->part == NULL) {
    lrt_str_add(t->text, bytes, length);
    return lrt_str_check(t->text, t->err);
  }
  const uint64_t wanted = t->request->bytes;
  if (wanted != 0 && length > wanted - lrt_part_file_length(t->part))
    return lrt_fail(t->err, LRT_INVALID_MODEL,
                    "cannot download %s: the server sends more than the %llu bytes expected",
                    name_of(t->request), (unsigned long long)wanted);
  LRT_TRY(lrt_part_file_add(t->part, bytes, length, t->err));
  const double now = lrt_clock_seconds();
  if (now - t->told >= PROGRESS_EVERY) {
    t->told = now;
    tell(t, LRT_ZOO_RECEIVING, 0, "");
  }
  return LRT_OK;
}

/* A short count makes libcurl leave the transfer with CURLE_WRITE_ERROR. */
static size_t take_body(char *bytes, size_t size, size_t count, void *user) {
  transfer *t = user;
  const size_t length = size * count;
  if (!t->begun) t->status = begin_body(t);
  if (t->status == LRT_OK && t->accepted) t->status = keep(t, bytes, length);
  return t->status == LRT_OK && t->accepted ? length : 0;
}

/* ---- verdicts ---- */

static verdict refuse(transfer *t, lrt_status status, const char *reason) {
  t->status = lrt_fail(t->err, status, "cannot download %s: %s", name_of(t->request), reason);
  return FAILED;
}

static bool code_may_pass(long code) {
  return code == 408 || code == 429 || code == 500 || code == 502 || code == 503 || code == 504;
}

/* 416 says that nothing lies behind what is here: it is whole, or it is of another version. */
static verdict judge_range(transfer *t) {
  if (t->part == NULL) return refuse(t, LRT_IO, "the server refuses the range (416)");
  const uint64_t have = lrt_part_file_length(t->part);
  if (have == 0) return refuse(t, LRT_IO, "the server refuses the whole range (416)");
  return t->range_total == (int64_t)have ? DONE : ANEW;
}

static verdict judge_answer(transfer *t, long code, char *reason, size_t size) {
  if (code == 416) return judge_range(t);
  if (code_may_pass(code)) {
    snprintf(reason, size, "the server answers with %ld", code);
    return AGAIN;
  }
  if (code == 404 || code == 410) return refuse(t, LRT_NOT_FOUND, "the server has no such file (404)");
  if (code == 401 || code == 403) {
    snprintf(reason, size, "the server refuses access (%ld)%s%s", code, t->request->gate != NULL ? ": " : "",
             t->request->gate != NULL ? t->request->gate : "");
    return refuse(t, LRT_IO, reason);
  }
  snprintf(reason, size, "the server answers with %ld", code);
  return refuse(t, LRT_IO, reason);
}

static verdict judge(transfer *t, CURLcode result, char *reason, size_t size) {
  const long code = response_code(t);
  if (t->status != LRT_OK) return FAILED;
  if (t->misplaced) {
    snprintf(reason, size, "the server answers with another range than the one asked for");
    return ANEW;
  }
  switch (result) {
  case CURLE_OK: break;
  case CURLE_WRITE_ERROR: break; /* an answer that is not taken: its code says why */
  case CURLE_OPERATION_TIMEDOUT:
    snprintf(reason, size, "no byte came for %g s", t->options->stall_seconds);
    return AGAIN;
  case CURLE_PARTIAL_FILE:
  case CURLE_GOT_NOTHING:
  case CURLE_SEND_ERROR:
  case CURLE_RECV_ERROR:
  case CURLE_HTTP2:
  case CURLE_HTTP2_STREAM: snprintf(reason, size, "the connection was dropped"); return AGAIN;
  case CURLE_COULDNT_RESOLVE_HOST:
  case CURLE_COULDNT_RESOLVE_PROXY:
  case CURLE_COULDNT_CONNECT: snprintf(reason, size, "%s", t->api->easy_strerror(result)); return AGAIN;
  case CURLE_URL_MALFORMAT:
  case CURLE_UNSUPPORTED_PROTOCOL: return refuse(t, LRT_INVALID_ARGUMENT, t->api->easy_strerror(result));
  case CURLE_OUT_OF_MEMORY: return refuse(t, LRT_OUT_OF_MEMORY, t->api->easy_strerror(result));
  default: return refuse(t, LRT_IO, t->api->easy_strerror(result));
  }
  if (code != 200 && code != 206) return judge_answer(t, code, reason, size);
  if (t->part != NULL && t->total != 0 && lrt_part_file_length(t->part) < t->total) {
    snprintf(reason, size, "the connection was dropped");
    return AGAIN;
  }
  return DONE;
}

/* ---- tries ---- */

/* Certificates of the caller's environment, which the curl command takes from there and its library does not. */
static void set_certificates(const transfer *t) {
  const char *bundle = lrt_environment("CURL_CA_BUNDLE");
  if (bundle == NULL) bundle = lrt_environment("SSL_CERT_FILE");
  if (bundle != NULL) t->api->easy_setopt(t->curl, CURLOPT_CAINFO, bundle);
}

static void set_options(transfer *t) {
  CURL *curl = t->curl;
  const lrt_curl *api = t->api;
  const double stall = t->options->stall_seconds;
  const bool secure = strncasecmp(t->request->url, "https:", 6) == 0;
  api->easy_setopt(curl, CURLOPT_URL, t->request->url);
  api->easy_setopt(curl, CURLOPT_USERAGENT, "litert");
  api->easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  api->easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
  api->easy_setopt(curl, CURLOPT_MAXREDIRS, 10L);
#if LIBCURL_VERSION_NUM >= 0x075500
  api->easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  api->easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, secure ? "https" : "http,https");
#else
  api->easy_setopt(curl, CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
  api->easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS, (long)(CURLPROTO_HTTPS | (secure ? 0 : CURLPROTO_HTTP)));
#endif
  api->easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)(stall * 1000) + 1);
  api->easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
  api->easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, stall < 1 ? 1L : (long)stall);
  api->easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
  api->easy_setopt(curl, CURLOPT_HEADERDATA, t);
  api->easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
  api->easy_setopt(curl, CURLOPT_WRITEDATA, t);
  set_certificates(t);
}

static struct curl_slist *add_header(const transfer *t, struct curl_slist *list, const char *name,
                                     const char *value) {
  char line[4096];
  if (snprintf(line, sizeof line, "%s: %s", name, value) >= (int)sizeof line) return list;
  struct curl_slist *longer = t->api->slist_append(list, line);
  return longer != NULL ? longer : list;
}

/* Bytes of an earlier try are continued where the server can tell that they are of its present version, or where the
 * digest will tell. libcurl keeps an Authorization header from other hosts that a redirection names. */
static CURLcode perform(transfer *t) {
  char range[32];
  struct curl_slist *headers = NULL;
  const uint64_t have = t->part != NULL ? lrt_part_file_length(t->part) : 0;
  const char *version = t->part != NULL ? lrt_part_file_version(t->part) : "";
  const bool resumes = have > 0 && (version[0] != 0 || t->request->sha256 != NULL);
  if (t->request->token != NULL) {
    char bearer[4096];
    snprintf(bearer, sizeof bearer, "Bearer %s", t->request->token);
    headers = add_header(t, headers, "Authorization", bearer);
  }
  if (resumes && version[0] != 0) headers = add_header(t, headers, "If-Range", version);
  snprintf(range, sizeof range, "%llu-", (unsigned long long)have);
  t->api->easy_setopt(t->curl, CURLOPT_RANGE, resumes ? range : NULL);
  t->api->easy_setopt(t->curl, CURLOPT_HTTPHEADER, headers);
  t->accepted = t->begun = t->misplaced = false;
  t->before = have;
  if (t->text != NULL) lrt_str_cut(t->text, 0);
  CURLcode result = t->api->easy_perform(t->curl);
  if (result == CURLE_OK && !t->begun) t->status = begin_body(t); /* an empty body */
  t->api->easy_setopt(t->curl, CURLOPT_HTTPHEADER, NULL);
  t->api->slist_free_all(headers);
  return result;
}

static double wait_before(const transfer *t, int32_t failures) {
  curl_off_t asked = 0;
  double wait = t->options->retry_seconds;
  for (int32_t i = 1; i < failures && wait < LONGEST_WAIT; i++) wait *= 2;
  if (wait > LONGEST_WAIT) wait = LONGEST_WAIT;
  t->api->easy_getinfo(t->curl, CURLINFO_RETRY_AFTER, &asked);
  return asked > 0 ? (double)asked : wait;
}

/* One more failure: the pause before the next try, or the end. */
static lrt_status wait_or_fail(transfer *t, int32_t *failures, const char *reason) {
  ++*failures;
  const double wait = wait_before(t, *failures);
  if (*failures > t->options->retries)
    return lrt_fail(t->err, LRT_IO, "cannot download %s: %s, in %d tries", name_of(t->request), reason,
                    *failures);
  if (wait > LONGEST_ASKED)
    return lrt_fail(t->err, LRT_IO, "cannot download %s: %s and asks to wait %.0f s", name_of(t->request),
                    reason, wait);
  tell(t, LRT_ZOO_RETRYING, wait, reason);
  pause_for(wait);
  return LRT_OK;
}

/* Tries until the body is whole. */
static lrt_status receive(transfer *t) {
  for (int32_t failures = 0;;) {
    char reason[400] = "";
    const CURLcode result = perform(t);
    const verdict found = judge(t, result, reason, sizeof reason);
    if (found == DONE) return LRT_OK;
    if (found == FAILED) return t->status;
    if (t->part != NULL && lrt_part_file_length(t->part) - t->before >= GOOD_BYTES) failures = 0;
    if (found == ANEW) LRT_TRY(lrt_part_file_restart(t->part, "", t->err));
    LRT_TRY(wait_or_fail(t, &failures, reason[0] != 0 ? reason : "what is here is of another version"));
  }
}

/* ---- files ---- */

static lrt_status check_size(transfer *t) {
  const uint64_t have = lrt_part_file_length(t->part), wanted = t->request->bytes;
  if (wanted == 0 || have == wanted) return LRT_OK;
  return lrt_fail(t->err, LRT_INVALID_MODEL, "cannot download %s: %llu bytes came where %llu are expected",
                  name_of(t->request), (unsigned long long)have, (unsigned long long)wanted);
}

static lrt_status check_digest(transfer *t, char digest[65]) {
  LRT_TRY(lrt_part_file_digest(t->part, digest, t->err));
  if (t->request->sha256 == NULL || strcasecmp(digest, t->request->sha256) == 0) return LRT_OK;
  return lrt_fail(t->err, LRT_INVALID_MODEL, "cannot download %s: its SHA-256 is %s where %s is expected",
                  name_of(t->request), digest, t->request->sha256);
}

/* Bytes with a wrong digest are dropped; where some were left by an earlier call, they may be the wrong ones. */
static lrt_status receive_right(transfer *t, uint64_t *resumed, char digest[65]) {
  *resumed = lrt_part_file_length(t->part);
  for (;;) {
    if (t->request->bytes == 0 || lrt_part_file_length(t->part) != t->request->bytes) LRT_TRY(receive(t));
    if (t->before == 0) *resumed = 0;
    lrt_status status = check_size(t);
    if (status == LRT_OK) status = check_digest(t, digest);
    if (status != LRT_INVALID_MODEL) return status;
    LRT_TRY(lrt_part_file_restart(t->part, "", NULL));
    if (*resumed == 0) return status;
    *resumed = 0;
  }
}

static lrt_status fetch_part(transfer *t, lrt_fetch_report *report) {
  LRT_TRY(receive_right(t, &report->resumed, report->sha256));
  report->bytes = t->total = lrt_part_file_length(t->part);
  tell(t, LRT_ZOO_RECEIVING, 0, "");
  return lrt_part_file_commit(t->part, t->err);
}

static lrt_status open_transfer(transfer *t) {
  if (t->options->offline)
    return lrt_fail(t->err, LRT_IO, "cannot download %s: offline mode allows no connection",
                    name_of(t->request));
  LRT_TRY(lrt_curl_load(&t->api, t->err));
  t->curl = t->api->easy_init();
  if (t->curl == NULL) return lrt_fail(t->err, LRT_OUT_OF_MEMORY, "libcurl does not start");
  set_options(t);
  return LRT_OK;
}

lrt_status lrt_fetch_file(const lrt_fetch_request *request, const char *path, const lrt_zoo_transfer *options,
                          lrt_fetch_report *report, lrt_error *err) {
  lrt_fetch_report own;
  transfer t = {.request = request, .options = options, .err = err, .total = request->bytes};
  if (report == NULL) report = &own;
  *report = (lrt_fetch_report){0};
  report->present = !request->replace && lrt_part_file_is_present(path, request->bytes, &report->bytes);
  if (report->present) return LRT_OK;
  lrt_status status = open_transfer(&t);
  if (status == LRT_OK)
    status =
        lrt_part_file_claim(path, request->bytes, request->replace, name_of(request), options, &t.part, err);
  if (status == LRT_OK && t.part != NULL)
    status = fetch_part(&t, report);
  else if (status == LRT_OK)
    report->present = lrt_part_file_is_present(path, request->bytes, &report->bytes);
  lrt_part_file_close(t.part);
  if (t.curl != NULL) t.api->easy_cleanup(t.curl);
  return status;
}

lrt_status lrt_fetch_text(const lrt_fetch_request *request, const lrt_zoo_transfer *options, lrt_str *out,
                          lrt_error *err) {
  transfer t = {.request = request, .options = options, .err = err, .text = out};
  lrt_status status = open_transfer(&t);
  if (status == LRT_OK) status = receive(&t);
  if (t.curl != NULL) t.api->easy_cleanup(t.curl);
  return status;
}

#else

bool lrt_zoo_built_in(void) {
  return false;
}

static lrt_status not_built_in(const lrt_fetch_request *request, lrt_error *err) {
  return lrt_fail(err, LRT_NOT_BUILT_IN,
                  "cannot download %s: downloads are not built in (libcurl was missing)", name_of(request));
}

lrt_status lrt_fetch_file(const lrt_fetch_request *request, const char *path, const lrt_zoo_transfer *options,
                          lrt_fetch_report *report, lrt_error *err) {
  (void)path, (void)options, (void)report;
  return not_built_in(request, err);
}

lrt_status lrt_fetch_text(const lrt_fetch_request *request, const lrt_zoo_transfer *options, lrt_str *out,
                          lrt_error *err) {
  (void)options, (void)out;
  return not_built_in(request, err);
}

#endif
