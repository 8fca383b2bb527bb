/* ew_binary_rows.h: the loop that turns an expression of x and y into a row kernel; included by ew_binary_*.c. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_KERNELS_EW_BINARY_ROWS_H
#define LRT_KERNELS_EW_BINARY_ROWS_H

/* Separate loops for each combination of steps, and parameters that no store can change, let the compiler use full
 * vectors. T: operands, R: result. */
#define LRT_BINARY_ROW(name, T, R, expression)                                                               \
  void name(const lrt_binary_params *p_, const void *a_, const void *b_, void *out_, size_t count,           \
            size_t a_step, size_t b_step) {                                                                  \
    const T *a = a_, *b = b_;                                                                                \
    R *out = out_;                                                                                           \
    const lrt_binary_params local = *p_, *const p = &local;                                                  \
    (void)p;                                                                                                 \
    if (a_step == 1 && b_step == 1) {                                                                        \
      for (size_t i = 0; i < count; i++) {                                                                   \
        const T x = a[i], y = b[i];                                                                          \
        out[i] = (R)(expression);                                                                            \
      }                                                                                                      \
    } else if (a_step == 1) {                                                                                \
      const T y = *b;                                                                                        \
      for (size_t i = 0; i < count; i++) {                                                                   \
        const T x = a[i];                                                                                    \
        out[i] = (R)(expression);                                                                            \
      }                                                                                                      \
    } else if (b_step == 1) {                                                                                \
      const T x = *a;                                                                                        \
      for (size_t i = 0; i < count; i++) {                                                                   \
        const T y = b[i];                                                                                    \
        out[i] = (R)(expression);                                                                            \
      }                                                                                                      \
    } else {                                                                                                 \
      const T x = *a, y = *b;                                                                                \
      const R z = (R)(expression);                                                                           \
      for (size_t i = 0; i < count; i++) out[i] = z;                                                         \
    }                                                                                                        \
  }

/* The same in one loop: slower, and a quarter of the code; for types and operations that are rare in models. */
#define LRT_BINARY_ROW_SMALL(name, T, R, expression)                                                         \
  void name(const lrt_binary_params *p, const void *a_, const void *b_, void *out_, size_t count,            \
            size_t a_step, size_t b_step) {                                                                  \
    const T *a = a_, *b = b_;                                                                                \
    R *out = out_;                                                                                           \
    (void)p;                                                                                                 \
    for (size_t i = 0; i < count; i++, a += a_step, b += b_step) {                                           \
      const T x = *a, y = *b;                                                                                \
      out[i] = (R)(expression);                                                                              \
    }                                                                                                        \
  }

#endif
