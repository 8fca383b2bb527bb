/* fuzz_entry.h: the entry every fuzz_*.c defines, called by libFuzzer or by the replay driver. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_TESTS_FUZZ_ENTRY_H
#define LRT_TESTS_FUZZ_ENTRY_H

#include <stddef.h>
#include <stdint.h>

/* Parses bytes: [length] and touches all it got; whatever the bytes are, it must return 0. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

#endif
