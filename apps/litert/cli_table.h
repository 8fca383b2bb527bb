/* cli_table.h: rows of text in aligned columns, and numbers with units. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_CLI_TABLE_H
#define LRT_CLI_TABLE_H

#include <stdint.h>

#include "base/str.h"
#include "litert/tensor.h"

/* Cells are collected row by row and written at once. */
typedef struct cli_table {
  lrt_str cells;     /* NUL-ended, one behind the other */
  const char *align; /* one letter per column: l or r */
  int count;         /* cells so far */
} cli_table;

#define CLI_TABLE_COLUMNS 12

void cli_table_begin(cli_table *table, const char *align);
/* Adds one cell. */
void cli_table_cell(cli_table *table, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Appends the rows to `out`, each behind `indent` blanks, and frees the cells. */
void cli_table_end(cli_table *table, int indent, lrt_str *out);

/* Columns on a screen: bytes that begin a UTF-8 sequence. */
int cli_text_width(const char *text);

/* Texts for people; `text` has room for CLI_TEXT_BYTES. */
#define CLI_TEXT_BYTES 160
/* "850 B", "3.4 MB" (powers of 1000). */
const char *cli_bytes_text(uint64_t bytes, char *text);
/* "12.3 µs", "4.56 ms", "1.23 s": three digits. */
const char *cli_seconds_text(double seconds, char *text);
/* "[1,224,224,3]", "?" for -1. */
const char *cli_shape_text(const lrt_shape *shape, char *text);
/* "scale 0.0078 zero point 128", "32 scales along dimension 3", "" where there is none. */
const char *cli_quant_text(const lrt_quant *quant, char *text);

#endif
