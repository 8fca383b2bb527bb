/* cli_table.c: writes aligned tables and numbers with units. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "cli_table.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

void cli_table_begin(cli_table *table, const char *align) {
  lrt_str_init(&table->cells, lrt_alloc_default(), 0);
  table->align = align;
  table->count = 0;
}

void cli_table_cell(cli_table *table, const char *format, ...) {
  char text[1024];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  lrt_str_add(&table->cells, text, strlen(text) + 1);
  table->count++;
}

int cli_text_width(const char *text) {
  int width = 0;
  for (; *text != '\0'; text++) width += ((unsigned char)*text & 0xc0) != 0x80;
  return width;
}

/* Ends a line without the blanks of empty last columns. */
static void end_line(lrt_str *out) {
  size_t length = out->length;
  while (length > 0 && out->text[length - 1] == ' ') length--;
  lrt_str_cut(out, length);
  lrt_str_add_text(out, "\n");
}

void cli_table_end(cli_table *table, int indent, lrt_str *out) {
  int widths[CLI_TABLE_COLUMNS] = {0};
  const int columns = (int)strlen(table->align);
  const char *cell = table->cells.text;
  const int count = table->cells.status == LRT_OK ? table->count : 0;
  for (int i = 0; i < count; i++, cell += strlen(cell) + 1)
    if (cli_text_width(cell) > widths[i % columns]) widths[i % columns] = cli_text_width(cell);
  cell = table->cells.text;
  for (int i = 0; i < count; i++, cell += strlen(cell) + 1) {
    const int column = i % columns, blank = widths[column] - cli_text_width(cell);
    const bool last = column == columns - 1, right = table->align[column] == 'r';
    lrt_str_format(out, "%*s%*s%s", column == 0 ? indent : 2, "", right ? blank : 0, "", cell);
    if (last)
      end_line(out);
    else if (!right)
      lrt_str_format(out, "%*s", blank, "");
  }
  if (table->cells.status != LRT_OK && out->status == LRT_OK) out->status = table->cells.status;
  lrt_str_clear(&table->cells);
}

/* Three significant digits without an exponent. */
static void three_digits(double value, const char *unit, char *text) {
  const int decimals = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
  snprintf(text, CLI_TEXT_BYTES, "%.*f %s", decimals, value, unit);
}

const char *cli_bytes_text(uint64_t bytes, char *text) {
  static const char *const units[] = {"kB", "MB", "GB", "TB"};
  double value = (double)bytes / 1000;
  int unit = 0;
  if (bytes < 1000) {
    snprintf(text, CLI_TEXT_BYTES, "%d B", (int)bytes);
    return text;
  }
  for (; value >= 999.5 && unit < 3; unit++) value /= 1000;
  three_digits(value, units[unit], text);
  return text;
}

const char *cli_seconds_text(double seconds, char *text) {
  if (seconds < 0.9995e-3)
    three_digits(seconds * 1e6, "µs", text);
  else if (seconds < 0.9995)
    three_digits(seconds * 1e3, "ms", text);
  else
    three_digits(seconds, "s", text);
  return text;
}

const char *cli_shape_text(const lrt_shape *shape, char *text) {
  size_t at = 0;
  text[at++] = '[';
  for (int i = 0; i < shape->rank && i < LRT_MAX_RANK; i++) {
    if (i > 0) text[at++] = ',';
    if (shape->dims[i] < 0)
      text[at++] = '?';
    else
      at += (size_t)snprintf(text + at, CLI_TEXT_BYTES - at, "%d", (int)shape->dims[i]);
  }
  text[at++] = ']';
  text[at] = '\0';
  return text;
}

const char *cli_quant_text(const lrt_quant *quant, char *text) {
  text[0] = '\0';
  switch (quant->kind) {
  case LRT_QUANT_NONE: break;
  case LRT_QUANT_AFFINE:
    if (quant->count == 1)
      snprintf(text, CLI_TEXT_BYTES, "scale %.6g zero point %d", (double)quant->scale[0],
               (int)quant->zero_point[0]);
    else if (quant->count > 1)
      snprintf(text, CLI_TEXT_BYTES, "%d scales along dimension %d", (int)quant->count,
               (int)quant->dimension);
    break;
  case LRT_QUANT_BLOCKWISE:
    snprintf(text, CLI_TEXT_BYTES, "blocks of %d along dimension %d", (int)quant->block_size,
             (int)quant->dimension);
    break;
  case LRT_QUANT_MULTI_AXIS:
    snprintf(text, CLI_TEXT_BYTES, "several axes, blocks of %d", (int)quant->block_size);
    break;
  case LRT_QUANT_CUSTOM: snprintf(text, CLI_TEXT_BYTES, "custom quantization"); break;
  }
  return text;
}
