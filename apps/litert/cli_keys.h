/* cli_keys.h: keys from the bytes that a terminal sends. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_CLI_KEYS_H
#define LRT_CLI_KEYS_H

#include <stdbool.h>
#include <stddef.h>

typedef enum cli_key {
  CLI_KEY_NONE, /* bytes that mean nothing */
  CLI_KEY_END_OF_INPUT,
  CLI_KEY_RESIZED, /* a signal interrupted the wait */
  CLI_KEY_TEXT,    /* a character: cli_keys.text */
  CLI_KEY_CONTROL, /* Ctrl with cli_keys.letter: 'A' …; Tab, Enter and Backspace are 'I', 'M' and '?' */
  CLI_KEY_ALT,     /* Alt or Esc with cli_keys.letter */
  CLI_KEY_ESCAPE,
  CLI_KEY_UP,
  CLI_KEY_DOWN,
  CLI_KEY_LEFT,
  CLI_KEY_RIGHT,
  CLI_KEY_WORD_LEFT,
  CLI_KEY_WORD_RIGHT,
  CLI_KEY_HOME,
  CLI_KEY_END,
  CLI_KEY_DELETE,
  CLI_KEY_PASTE_BEGIN,
  CLI_KEY_PASTE_END
} cli_key;

typedef struct cli_keys {
  int fd;
  unsigned char bytes[256]; /* read and not used: [from, to) */
  size_t from, to;
  char text[4]; /* [text_length] of a TEXT: UTF-8 */
  size_t text_length;
  char letter;
} cli_keys;

/* Waits for the next key. */
cli_key cli_keys_next(cli_keys *keys);

#endif
