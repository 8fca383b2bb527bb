/* cli_width.h: how many columns of a terminal a character takes. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_CLI_WIDTH_H
#define LRT_CLI_WIDTH_H

#include <stdint.h>

/* 0 for marks that join the character before them, 2 for wide ones (Unicode East Asian Width W and F, emoji), else 1. */
int cli_width(uint32_t code);

#endif
