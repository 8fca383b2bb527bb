/* cmd_tokenize.c: litert tokenize: text to token ids and back. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fail.h"
#include "base/json.h"
#include "cli_flags.h"
#include "litert/tokenizer.h"

typedef struct request {
  const char *tokenizer, *text, *decode;
  bool no_special, skip_special;
} request;

/* Everything on standard input. */
static lrt_status read_input(cli *c, lrt_str *out) {
  char block[65536];
  size_t got;
  while ((got = fread(block, 1, sizeof block, stdin)) > 0) lrt_str_add(out, block, got);
  if (ferror(stdin)) return lrt_fail(&c->error, LRT_IO, "standard input cannot be read");
  return lrt_str_check(out, &c->error);
}

/* The next id of a list like "1, 2 3" or "[1,2,3]"; false at its end. */
static bool next_id(const char **at, long long *id, bool *broken) {
  *at += strspn(*at, " \t\r\n,[]");
  if (**at == '\0') return false;
  char *end;
  *id = strtoll(*at, &end, 10);
  *broken = end == *at || strchr(" \t\r\n,[]", *end) == NULL || *id < 0 || *id > INT32_MAX;
  *at = end;
  return !*broken;
}

static lrt_status read_ids(cli *c, const char *list, int32_t *ids, size_t *count) {
  long long id;
  bool broken = false;
  for (*count = 0; next_id(&list, &id, &broken);) ids[(*count)++] = (int32_t)id;
  return broken ? lrt_fail(&c->error, LRT_INVALID_ARGUMENT, "--decode takes token ids, not \"%.40s\"", list)
                : LRT_OK;
}

static lrt_status decode_ids(cli *c, const lrt_tokenizer *tokenizer, const request *r, const int32_t *ids,
                             size_t count) {
  char *text;
  size_t length;
  lrt_json_writer json;
  LRT_TRY(lrt_tokenizer_decode(tokenizer, ids, count, r->skip_special ? LRT_DECODE_SKIP_SPECIAL : 0, &text,
                               &length, &c->error));
  if (c->json) {
    lrt_json_writer_init(&json, &c->out);
    lrt_json_begin_object(&json);
    lrt_json_key(&json, "text");
    lrt_json_text_bytes(&json, text, length);
    lrt_json_end_object(&json);
  } else {
    lrt_str_add(&c->out, text, length);
  }
  lrt_str_add_text(&c->out, "\n");
  lrt_text_free(text);
  return lrt_str_check(&c->out, &c->error);
}

static lrt_status decode(cli *c, const lrt_tokenizer *tokenizer, const request *r) {
  lrt_str input;
  size_t count;
  lrt_str_init(&input, lrt_alloc_default(), 0);
  lrt_status status = LRT_OK;
  if (strcmp(r->decode, "-") == 0)
    status = read_input(c, &input);
  else
    lrt_str_add_text(&input, r->decode);
  /* At least one more character stands between two ids. */
  int32_t *ids = lrt_alloc_array(lrt_alloc_default(), input.length / 2 + 1, sizeof *ids);
  if (status == LRT_OK) status = lrt_str_check(&input, &c->error);
  if (status == LRT_OK && ids == NULL)
    status = lrt_alloc_fail(&c->error, lrt_alloc_default(), 0, "token ids");
  if (status == LRT_OK) status = read_ids(c, input.text, ids, &count);
  if (status == LRT_OK) status = decode_ids(c, tokenizer, r, ids, count);
  lrt_alloc_free(ids);
  lrt_str_clear(&input);
  return status;
}

/* Pieces as the vocabulary spells them. */
static void write_json(cli *c, const lrt_tokenizer *tokenizer, const lrt_token_list *list) {
  lrt_json_writer json;
  size_t length = 0;
  lrt_json_writer_init(&json, &c->out);
  lrt_json_begin_object(&json);
  lrt_json_key(&json, "ids");
  lrt_json_begin_array(&json);
  for (size_t i = 0; i < list->count; i++) lrt_json_int(&json, list->ids[i]);
  lrt_json_end_array(&json);
  lrt_json_key(&json, "tokens");
  lrt_json_begin_array(&json);
  for (size_t i = 0; i < list->count; i++) {
    const char *piece = lrt_tokenizer_piece(tokenizer, list->ids[i], &length);
    lrt_json_text_bytes(&json, piece, length);
  }
  lrt_json_end_array(&json);
  lrt_json_end_object(&json);
  lrt_str_add_text(&c->out, "\n");
}

static void write_text(cli *c, const lrt_tokenizer *tokenizer, const lrt_token_list *list) {
  lrt_str piece;
  lrt_json_writer json;
  size_t length = 0;
  for (size_t i = 0; i < list->count; i++) {
    const char *text = lrt_tokenizer_piece(tokenizer, list->ids[i], &length);
    lrt_str_init(&piece, lrt_alloc_default(), 0);
    lrt_json_writer_init(&json, &piece);
    lrt_json_text_bytes(&json, text, length);
    lrt_str_format(&c->out, "%8d  %s\n", (int)list->ids[i], piece.text);
    lrt_str_clear(&piece);
  }
  lrt_str_format(&c->out, "%zu tokens\n", list->count);
}

static lrt_status encode(cli *c, const lrt_tokenizer *tokenizer, const request *r) {
  const unsigned flags = r->no_special ? 0 : LRT_ENCODE_PARSE_SPECIAL | LRT_ENCODE_ADD_SPECIAL;
  lrt_token_list list = {0};
  lrt_str input;
  lrt_status status = LRT_OK;
  lrt_str_init(&input, lrt_alloc_default(), 0);
  if (strcmp(r->text, "-") == 0)
    status = read_input(c, &input);
  else
    lrt_str_add_text(&input, r->text);
  if (status == LRT_OK) status = lrt_str_check(&input, &c->error);
  if (status == LRT_OK)
    status = lrt_tokenizer_encode(tokenizer, input.text, input.length, flags, &list, &c->error);
  if (status == LRT_OK && c->json) write_json(c, tokenizer, &list);
  if (status == LRT_OK && !c->json) write_text(c, tokenizer, &list);
  lrt_token_list_clear(&list);
  lrt_str_clear(&input);
  return status == LRT_OK ? lrt_str_check(&c->out, &c->error) : status;
}

/* The tokenizer is the operand or the flag. */
static lrt_status check_request(cli *c, const request *r, const char *operand) {
  if (operand == NULL && r->tokenizer == NULL)
    return lrt_fail(&c->error, LRT_INVALID_ARGUMENT, "a MODEL or --tokenizer FILE is needed");
  if (operand != NULL && r->tokenizer != NULL)
    return lrt_fail(&c->error, LRT_INVALID_ARGUMENT,
                    "MODEL and --tokenizer are given; one of them is the tokenizer");
  if ((r->text == NULL) == (r->decode == NULL))
    return lrt_fail(&c->error, LRT_INVALID_ARGUMENT, "one of --text and --decode is needed");
  return LRT_OK;
}

lrt_status cmd_tokenize(cli *c, int argc, char **argv) {
  request r = {0};
  const cli_flag flags[] = {
      {"tokenizer", CLI_TEXT, &r.tokenizer, 0, "FILE", "a tokenizer.json or SentencePiece model"},
      {"text", CLI_TEXT, &r.text, 0, "T|-", "the text to encode; - reads standard input"},
      {"decode", CLI_TEXT, &r.decode, 0, "IDS|-", "token ids to decode, like 1,2,3"},
      {"no-special", CLI_SWITCH, &r.no_special, 0, NULL,
       "texts of special tokens stay text, and nothing is added"},
      {"skip-special", CLI_SWITCH, &r.skip_special, 0, NULL, "special tokens give no text when decoding"},
  };
  const cli_syntax syntax = {
      "[MODEL]",
      "Encodes a text into token ids, or decodes ids, with the tokenizer of a bundle or a file.",
      flags,
      (int)(sizeof flags / sizeof flags[0]),
      0,
      1,
      "MODEL is a .litertlm or .task bundle, a tokenizer.json or a SentencePiece model.\n"};
  const char *operand = NULL;
  lrt_tokenizer *tokenizer = NULL;
  lrt_status status = cli_parse(c, &syntax, argc, argv, &operand);
  if (status != LRT_OK || c->done) return status;
  LRT_TRY(check_request(c, &r, operand));
  LRT_TRY(lrt_tokenizer_open(operand != NULL ? operand : r.tokenizer, &tokenizer, &c->error));
  status = r.decode != NULL ? decode(c, tokenizer, &r) : encode(c, tokenizer, &r);
  lrt_tokenizer_destroy(tokenizer);
  return status;
}
