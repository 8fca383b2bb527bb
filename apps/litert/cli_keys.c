/* cli_keys.c: escape sequences of the terminals in use (xterm, VT220, rxvt, Linux) and UTF-8. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "cli_keys.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "base/utf8.h"

/* An Esc that nothing follows within this time is the key itself. */
#define ESCAPE_MILLISECONDS 50

/* 1: a byte is there, 0: not in time, -1: the input ended, -2: a signal came. */
static int fill(cli_keys *keys, int milliseconds) {
  if (keys->from < keys->to) return 1;
  struct pollfd wait = {keys->fd, POLLIN, 0};
  const int ready = poll(&wait, 1, milliseconds);
  if (ready == 0) return 0;
  if (ready < 0) return errno == EINTR ? -2 : -1;
  const ssize_t got = read(keys->fd, keys->bytes, sizeof keys->bytes);
  if (got < 0 && (errno == EINTR || errno == EAGAIN)) return -2;
  if (got <= 0) return -1;
  keys->from = 0;
  keys->to = (size_t)got;
  return 1;
}

static unsigned char take(cli_keys *keys) {
  return keys->bytes[keys->from++];
}

static cli_key arrow(char final, bool with_modifier) {
  switch (final) {
  case 'A': return CLI_KEY_UP;
  case 'B': return CLI_KEY_DOWN;
  case 'C': return with_modifier ? CLI_KEY_WORD_RIGHT : CLI_KEY_RIGHT;
  case 'D': return with_modifier ? CLI_KEY_WORD_LEFT : CLI_KEY_LEFT;
  case 'H': return CLI_KEY_HOME;
  case 'F': return CLI_KEY_END;
  default: return CLI_KEY_NONE;
  }
}

static cli_key numbered(int number) {
  switch (number) {
  case 1:
  case 7: return CLI_KEY_HOME;
  case 3: return CLI_KEY_DELETE;
  case 4:
  case 8: return CLI_KEY_END;
  case 200: return CLI_KEY_PASTE_BEGIN;
  case 201: return CLI_KEY_PASTE_END;
  default: return CLI_KEY_NONE;
  }
}

/* Behind "Esc [": numbers separated by ';', then a letter or '~'. */
static cli_key sequence(cli_keys *keys) {
  int numbers[2] = {0, 0}, count = 0;
  while (fill(keys, ESCAPE_MILLISECONDS) == 1) {
    const unsigned char c = take(keys);
    if (c >= '0' && c <= '9') {
      if (numbers[count] < 1000) numbers[count] = numbers[count] * 10 + (c - '0');
    } else if (c == ';') {
      count = 1;
    } else if (c == '~') {
      return numbered(numbers[0]);
    } else if (c >= 0x40 && c <= 0x7e) {
      return arrow((char)c, numbers[1] > 1);
    }
  }
  return CLI_KEY_NONE;
}

static cli_key escape(cli_keys *keys) {
  if (fill(keys, ESCAPE_MILLISECONDS) != 1) return CLI_KEY_ESCAPE;
  const unsigned char c = take(keys);
  if (c == '[') return sequence(keys);
  if (c == 'O') return fill(keys, ESCAPE_MILLISECONDS) == 1 ? arrow((char)take(keys), false) : CLI_KEY_NONE;
  keys->letter = (char)c;
  return CLI_KEY_ALT;
}

/* A character whose first byte is taken; broken ones are dropped. */
static cli_key character(cli_keys *keys, unsigned char first) {
  const size_t wanted = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  keys->text[0] = (char)first;
  keys->text_length = 1;
  while (keys->text_length < wanted && fill(keys, ESCAPE_MILLISECONDS) == 1) {
    if ((keys->bytes[keys->from] & 0xc0) != 0x80) break;
    keys->text[keys->text_length++] = (char)take(keys);
  }
  return lrt_utf8_decode(keys->text, keys->text_length, NULL) == keys->text_length ? CLI_KEY_TEXT
                                                                                   : CLI_KEY_NONE;
}

cli_key cli_keys_next(cli_keys *keys) {
  const int ready = fill(keys, -1);
  if (ready == -2) return CLI_KEY_RESIZED;
  if (ready < 0) return CLI_KEY_END_OF_INPUT;
  const unsigned char c = take(keys);
  if (c == 0x1b) return escape(keys);
  if (c >= 0x20 && c != 0x7f) return character(keys, c);
  keys->letter = c == 0x7f ? '?' : (char)(c + '@');
  return CLI_KEY_CONTROL;
}
