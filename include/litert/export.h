/* export.h: marks the functions that liblitert exports; everything else is hidden. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LITERT_EXPORT_H
#define LITERT_EXPORT_H

#if defined(_WIN32)
#define LRT_API
#elif defined(__GNUC__)
#define LRT_API __attribute__((visibility("default")))
#else
#define LRT_API
#endif

#endif
