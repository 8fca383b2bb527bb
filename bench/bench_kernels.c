/* bench_kernels.c: speed of every kernel of the tables, in GOPS and per cent of a measured multiply-accumulate loop. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "kernels/dwconv/dwconv_core.h"
#include "kernels/gemm/gemm_core.h"
#include "kernels/rowquant/rowquant.h"
#include "kernels/scalesearch/scalesearch.h"

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Shortest of repeated runs, at least 30 ms of them. */
#define BEST(seconds, statement)                                                                             \
  double seconds = 1e9;                                                                                      \
  for (double bench_end = now() + 0.03; now() < bench_end;) {                                                \
    const double bench_start = now();                                                                        \
    statement;                                                                                               \
    const double bench_took = now() - bench_start;                                                           \
    if (bench_took < seconds) seconds = bench_took;                                                          \
  }

/* The limits that percentages refer to: twelve independent chains of the level's best instruction. */
typedef struct peak {
  double f32, int8, int16; /* operations per second, a multiply-accumulate counts two */
} peak;

#if defined(__x86_64__)
#define CHAINS(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11)
#define PEAK_LOOP(INSTRUCTION, CONSTRAINT)                                                                   \
  for (int i = 0; i < 20000; i++) {                                                                          \
    __asm__ volatile(INSTRUCTION(0) INSTRUCTION(1) INSTRUCTION(2) INSTRUCTION(3) INSTRUCTION(4)              \
                         INSTRUCTION(5) INSTRUCTION(6) INSTRUCTION(7) INSTRUCTION(8) INSTRUCTION(9)          \
                             INSTRUCTION(10) INSTRUCTION(11)::                                               \
                                 : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8",   \
                                   "xmm9", "xmm10", "xmm11", "xmm12", "xmm13");                              \
  }
#define FMA_YMM(n) "vfmadd231ps %%ymm12, %%ymm12, %%ymm" #n "\n\t"
#define MADD_YMM(n) "vpmaddwd %%ymm12, %%ymm12, %%ymm13\n\tvpaddd %%ymm13, %%ymm" #n ", %%ymm" #n "\n\t"
#define DOT_ZMM(n) "vpdpbusd %%zmm12, %%zmm12, %%zmm" #n "\n\t"
#define DOT16_ZMM(n) "vpdpwssd %%zmm12, %%zmm12, %%zmm" #n "\n\t"
static void loop_fma(void) {
  PEAK_LOOP(FMA_YMM, )
}
static void loop_madd(void) {
  PEAK_LOOP(MADD_YMM, )
}
static void loop_dot(void) {
  PEAK_LOOP(DOT_ZMM, )
}
static void loop_dot16(void) {
  PEAK_LOOP(DOT16_ZMM, )
}
static peak measure_peak(void) {
  peak p = {0, 0, 0};
  const double runs = 20000.0 * 12 * 2;
  if (!lrt_cpu_has(LRT_CPU_AVX2)) return p;
  __asm__ volatile("vzeroall" ::: "memory");
  BEST(fma, loop_fma());
  BEST(madd, loop_madd());
  p = (peak){runs * 8 / fma, runs * 16 / madd, runs * 16 / madd};
  if (lrt_cpu_has(LRT_CPU_AVX512VNNI)) {
    BEST(dot, loop_dot());
    BEST(dot16, loop_dot16());
    p.int8 = runs * 64 / dot;
    p.int16 = runs * 32 / dot16;
  }
  return p;
}
#else
static peak measure_peak(void) {
  return (peak){0, 0, 0};
}
#endif

static void line(const char *family, const char *kernel, const char *shape, double operations, double seconds,
                 double limit) {
  printf("%-12s %-26s %-24s %9.1f us %8.1f GOPS", family, kernel, shape, seconds * 1e6,
         operations / seconds * 1e-9);
  if (limit > 0) printf(" %5.1f %%", 100 * operations / seconds / limit);
  printf("\n");
}

static void *block(size_t bytes) {
  void *data = aligned_alloc(64, (bytes + 4095) / 4096 * 4096);
  if (data == NULL) exit(1);
  memset(data, 0x3c, (bytes + 4095) / 4096 * 4096); /* as float 0.0115, as integers neither 0 nor extreme */
  return data;
}

/* `count` columns of an ordinary rescaling, for every form of it. */
static int32_t *column_block(size_t count, int32_t value) {
  int32_t *data = block(count * 8);
  for (size_t i = 0; i < count; i++) data[i] = value;
  return data;
}

/* MobileNetV2's pointwise layers and some square products: M, K, N. */
static const int shapes[][3] = {{12544, 32, 16}, {12544, 16, 96}, {3136, 96, 24},    {3136, 24, 144},
                                {784, 144, 32},  {784, 32, 192},  {196, 192, 64},    {196, 64, 384},
                                {196, 384, 96},  {196, 96, 576},  {49, 576, 160},    {49, 160, 960},
                                {49, 960, 320},  {49, 320, 1280}, {128, 1024, 1024}, {16, 1024, 1024}};

static void bench_f32(const lrt_gemm_f32_kernel *kernel, const int *s, bool pack, const peak *p) {
  lrt_gemm_f32 g = {.a = {.m = s[0], .taps = 1, .kc = s[1], .ld = s[1]},
                    .groups = 1,
                    .n = s[2],
                    .w_type = LRT_FLOAT32,
                    .lo = -1,
                    .hi = 1,
                    .ldc = s[2]};
  float *a = block((size_t)s[0] * (size_t)s[1] * 4), *w = block((size_t)s[1] * (size_t)s[2] * 4);
  float *c = block((size_t)s[0] * (size_t)s[2] * 4);
  g.a.data = a, g.w = w, g.c = c;
  lrt_gemm_f32_plan_for(&g, kernel, 1);
  void *packed = pack ? block(lrt_gemm_f32_packed_bytes(&g)) : NULL;
  if (pack) lrt_gemm_f32_pack(&g, packed);
  g.packed = packed;
  void *scratch = block(lrt_gemm_f32_scratch(&g));
  BEST(took, lrt_gemm_f32_run(&g, 0, lrt_gemm_f32_tiles(&g), scratch));
  char shape[48];
  snprintf(shape, sizeof shape, "%dx%dx%d%s", s[0], s[1], s[2], pack ? "" : " unpacked");
  line("gemm f32", kernel->name, shape, 2.0 * s[0] * s[1] * s[2], took, p->f32);
  free(a), free(w), free(c), free(packed), free(scratch);
}

typedef struct int_kind {
  const char *name;
  lrt_type a_type, w_type, out_type;
  bool exact, pack;
} int_kind;

static void bench_int(const lrt_gemm_int_kernel *kernel, const lrt_gemm_int_epilogue *epilogue,
                      const int_kind *kind, const int *s, const peak *p) {
  lrt_gemm_int g = {.a = {.m = s[0], .taps = 1, .kc = s[1], .ld = s[1]},
                    .groups = 1,
                    .n = s[2],
                    .lo = -128,
                    .hi = 127,
                    .a_type = kind->a_type,
                    .w_type = kind->w_type,
                    .out_type = kind->out_type,
                    .exact = kind->exact,
                    .ldc = s[2],
                    .rows_per_scale = 1,
                    .epilogue = epilogue,
                    .flo = -1,
                    .fhi = 1};
  void *a = block((size_t)s[0] * (size_t)s[1] * 2), *w = block((size_t)s[1] * (size_t)s[2]);
  void *c = block((size_t)s[0] * (size_t)s[2] * 4), *columns = block((size_t)(s[0] + s[2]) * 8);
  int32_t *shift = column_block((size_t)s[2], -6), *mult = column_block((size_t)s[2], 1 << 30);
  g.a.data = a, g.w = w, g.c = c;
  g.w_sums = g.a_zeros = shift, g.mult = mult, g.shift = shift;
  g.scale = g.a_scale = g.w_scale = g.bias_f32 = columns;
  lrt_gemm_int_plan_for(&g, kernel, 1);
  void *packed = kind->pack ? block(lrt_gemm_int_packed_bytes(&g)) : NULL;
  if (kind->pack) lrt_gemm_int_pack(&g, packed);
  g.packed = packed;
  void *scratch = block(lrt_gemm_int_scratch(&g));
  BEST(took, lrt_gemm_int_run(&g, 0, lrt_gemm_int_tiles(&g), scratch));
  char shape[48];
  snprintf(shape, sizeof shape, "%dx%dx%d %s", s[0], s[1], s[2], kind->name);
  line("gemm int", kernel->name, shape, 2.0 * s[0] * s[1] * s[2], took,
       kind->a_type == LRT_INT16 ? p->int16 : p->int8);
  free(a), free(w), free(c), free(columns), free(packed), free(scratch), free(shift), free(mult);
}

static void bench_products(const peak *p) {
  static const int_kind kinds[] = {{"fast", LRT_INT8, LRT_INT8, LRT_INT8, false, true},
                                   {"exact", LRT_INT8, LRT_INT8, LRT_INT8, true, true},
                                   {"fast unpacked", LRT_INT8, LRT_INT8, LRT_INT8, false, false},
                                   {"hybrid", LRT_INT8, LRT_INT8, LRT_FLOAT32, false, true},
                                   {"int16", LRT_INT16, LRT_INT8, LRT_INT16, false, true}};
  int count;
  const lrt_gemm_f32_kernel *f32 = lrt_gemm_f32_table(&count);
  for (int v = 0; v < count; v++) {
    if (!lrt_cpu_has(f32[v].level)) continue;
    for (size_t s = 0; s < sizeof shapes / sizeof shapes[0]; s++) bench_f32(f32 + v, shapes[s], true, p);
    bench_f32(f32 + v, shapes[14], false, p);
    bench_f32(f32 + v, (const int[]){1, 2048, 4096}, false, p);
  }
  const lrt_gemm_int_kernel *ints = lrt_gemm_int_table(&count);
  for (int v = 0; v < count; v++) {
    if (!lrt_cpu_has(ints[v].level)) continue;
    const lrt_gemm_int_epilogue *end = lrt_gemm_epilogue_pick(v == count - 1);
    for (int k = 0; k < 5; k++) {
      if (kinds[k].a_type == LRT_INT16 && ints[v].strip != LRT_GEMM_STRIP_S16) continue;
      for (size_t s = 0; s < sizeof shapes / sizeof shapes[0]; s++)
        bench_int(ints + v, end, kinds + k, shapes[s], p);
    }
    bench_int(ints + v, end, kinds + 2, (const int[]){1, 2048, 4096}, p);
  }
}

/* Matrix times vector with blockwise int4: the figure that matters is bytes of weights per second. */
static void bench_i4b(void) {
  enum { K = 2048, N = 8192 };
  int count;
  const lrt_gemm_i4b_kernel *table = lrt_gemm_i4b_table(&count);
  uint8_t *x = block(K);
  uint8_t *w = block((size_t)N * K / 2);
  uint16_t *scale = block((size_t)N * K / 32 * 2);
  float *y = block(N * 4);
  for (int v = 0; v < count; v++) {
    if (!lrt_cpu_has(table[v].level)) continue;
    BEST(took, table[v].run(x, K, 32, w, scale, N, y));
    line("gemv i4b32", table[v].name, "2048x8192", 2.0 * K * N, took, 0);
    printf("%62s %.1f GB/s\n", "", (double)N * K * (0.5 + 2.0 / 32) / took * 1e-9);
  }
  free(x), free(w), free(scale), free(y);
}

/* The same weights by 128 rows. */
static void bench_i4b_rows(const peak *p) {
  enum { M = 128, K = 2048, N = 2048 };
  int count;
  const lrt_gemm_int_kernel *table = lrt_gemm_int_table(&count);
  int32_t *zeros = column_block(M, 3);
  lrt_gemm_i4b g = {.a = block((size_t)M * K),
                    .lda = K,
                    .m = M,
                    .k = K,
                    .n = N,
                    .a_scale = block(M * 4),
                    .a_zeros = zeros,
                    .w = block((size_t)N * K / 2),
                    .w_scale = block((size_t)N * K / 16),
                    .block = 32,
                    .w_sums = block(N * 4),
                    .lo = -1,
                    .hi = 1,
                    .c = block((size_t)M * N * 4),
                    .ldc = N};
  for (int v = 0; v < count; v++) {
    if (!lrt_cpu_has(table[v].level)) continue;
    lrt_gemm_i4b_plan(&g, 1);
    lrt_gemm_i4b_plan_for(&g, table + v, 1);
    void *scratch = block(lrt_gemm_i4b_scratch(&g));
    BEST(took, lrt_gemm_i4b_run(&g, 0, lrt_gemm_i4b_tiles(&g), scratch));
    line("gemm i4b32", table[v].name, "128x2048x2048", 2.0 * M * K * N, took, p->int8);
    free(scratch);
  }
  free(zeros); /* the rest lives as long as the program */
}

/* MobileNetV2's depthwise layers: size, channels, stride. */
static void bench_depthwise(const peak *p) {
  static const int layers[][3] = {{112, 32, 1}, {112, 96, 2}, {56, 144, 1}, {56, 144, 2}, {28, 192, 1},
                                  {28, 192, 2}, {14, 384, 1}, {14, 576, 1}, {14, 576, 2}, {7, 960, 1}};
  static const lrt_type types[] = {LRT_FLOAT32, LRT_INT8, LRT_INT16};
  int count;
  const lrt_dwconv_kernel *table = lrt_dwconv_table(&count);
  for (int v = 0; v < count; v++) {
    if (!lrt_cpu_has(table[v].level)) continue;
    for (int i = 0; i < 3 * (int)(sizeof layers / sizeof layers[0]); i++) {
      const int *l = layers[i / 3], out = l[0] / l[2];
      const lrt_type type = types[i % 3];
      lrt_dwconv d = {.a_type = type,
                      .w_type = type == LRT_FLOAT32 ? type : LRT_INT8,
                      .batch = 1,
                      .in_h = l[0],
                      .in_w = l[0],
                      .channels = l[1],
                      .multiplier = 1,
                      .out_h = out,
                      .out_w = out,
                      .kernel_h = 3,
                      .kernel_w = 3,
                      .stride_h = l[2],
                      .stride_w = l[2],
                      .dilation_h = 1,
                      .dilation_w = 1,
                      .pad_top = l[2] == 1,
                      .pad_left = l[2] == 1,
                      .lo = -128,
                      .hi = 127,
                      .flo = -1,
                      .fhi = 1,
                      .epilogue = lrt_gemm_epilogue_pick(v == count - 1)};
      void *a = block((size_t)l[0] * (size_t)l[0] * (size_t)l[1] * 4), *w = block((size_t)l[1] * 36);
      void *c = block((size_t)out * (size_t)out * (size_t)l[1] * 4), *columns = block((size_t)l[1] * 8);
      int32_t *shift = column_block((size_t)l[1], -6), *mult = column_block((size_t)l[1], 1 << 30);
      d.a = a, d.w = w, d.c = c, d.mult = mult, d.shift = shift, d.scale = columns;
      lrt_dwconv_plan_for(&d, table + v);
      void *packed = block(lrt_dwconv_packed_bytes(&d)), *scratch = block(lrt_dwconv_scratch(&d));
      lrt_dwconv_pack(&d, packed);
      d.packed = packed;
      BEST(took, lrt_dwconv_run(&d, 0, lrt_dwconv_tiles(&d), scratch));
      char shape[48];
      snprintf(shape, sizeof shape, "%d c%d s%d %s", l[0], l[1], l[2], lrt_type_name(type));
      line("dwconv", table[v].name, shape, 18.0 * out * out * l[1], took,
           type == LRT_FLOAT32 ? p->f32 : p->int16);
      free(a), free(w), free(c), free(columns), free(packed), free(scratch), free(shift), free(mult);
    }
  }
}

static void bench_rowquant(void) {
  static const int lengths[] = {64, 384, 2048};
  int count;
  const lrt_rowquant_kernel *table = lrt_rowquant_table(&count);
  float *x = block(2048 * 4), scale;
  int8_t *q = block(2048);
  int32_t zero;
  for (int v = 0; v < count; v++) {
    if (!lrt_cpu_has(table[v].level)) continue;
    for (int i = 0; i < 3; i++) {
      BEST(took, for (int r = 0; r < 100; r++) table[v].asymmetric(x, lengths[i], q, &scale, &zero));
      printf("%-12s %-26s %-24d %9.3f us %8.1f GB/s\n", "rowquant", table[v].name, lengths[i], took * 1e4,
             400.0 * lengths[i] / took * 1e-9);
    }
  }
  free(x), free(q);
}

static void bench_scalesearch(void) {
  const lrt_scalesearch_range range = {-8, 7, true};
  int count;
  const lrt_scalesearch_kernel *table = lrt_scalesearch_table(&count);
  float *x = block(32 * 1000 * 4), scale;
  int8_t *q = block(32);
  for (int v = 0; v < count; v++) {
    if (!lrt_cpu_has(table[v].level)) continue;
    BEST(took, for (int r = 0; r < 1000; r++) table[v].run(x + 32 * r, NULL, 32, &range, q, &scale));
    printf("%-12s %-26s %-24s %9.3f us %8.1f Mweights/s\n", "scalesearch", table[v].name, "block of 32",
           took * 1e3, 32e-3 / took);
  }
  free(x), free(q);
}

/* With arguments: only these parts. */
static bool wanted(int argc, char **argv, const char *part) {
  for (int i = 1; i < argc; i++) {
    if (strcmp(argv[i], part) == 0) return true;
  }
  return argc < 2;
}

int main(int argc, char **argv) {
  const peak p = measure_peak();
  printf("peak f32 %.1f int8 %.1f int16 %.1f GOPS\n", p.f32 * 1e-9, p.int8 * 1e-9, p.int16 * 1e-9);
  if (wanted(argc, argv, "gemm")) bench_products(&p);
  if (wanted(argc, argv, "i4b")) bench_i4b();
  if (wanted(argc, argv, "i4b")) bench_i4b_rows(&p);
  if (wanted(argc, argv, "dwconv")) bench_depthwise(&p);
  if (wanted(argc, argv, "rowquant")) bench_rowquant();
  if (wanted(argc, argv, "scalesearch")) bench_scalesearch();
  return 0;
}
