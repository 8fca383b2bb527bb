/* dwconv_bytes.h: int8 3x3 rows by dot products of four bytes; a template that is included once per register width. */
/* SPDX-License-Identifier: Apache-2.0 */
/* No include guard: a template. NAME(x); VEC, FLOATS: registers of WIDTH bytes; operations LOAD, STORE, XOR, SET8, SET16,
 * LO8, HI8, LO16, HI16 (interleave within lanes), DOT, LOADF, MULF, MINF, SETF, TO_FLOAT, TO_INT, PACK32, PACK16, ADDS16,
 * MAX8. */

/* Three rows of one input column, bytes of a channel side by side: channels 4 g … 4 g + 3 of each lane in x<g>. */
#define COLUMN(ix)                                                                                           \
  const bool inside = (ix) >= 0 && (ix) < in_w;                                                              \
  const VEC r0 = XOR(LOAD((inside ? t0 + (ix)*n0 : outside)), turn);                                         \
  const VEC r1 = XOR(LOAD((inside ? t1 + (ix)*n1 : outside)), turn);                                         \
  const VEC r2 = XOR(LOAD((inside ? t2 + (ix)*n2 : outside)), turn);                                         \
  const VEC low = LO8(r0, r1), high = HI8(r0, r1), low2 = LO8(r2, r2), high2 = HI8(r2, r2);                  \
  const VEC x0 = LO16(low, low2), x1 = HI16(low, low2), x2 = LO16(high, high2), x3 = HI16(high, high2);
#define WEIGHT(kx, g) LOAD(w + ((kx)*4 + (g)) * WIDTH)
#define ADD(s, kx)                                                                                           \
  s##0 = DOT(s##0, x0, WEIGHT(kx, 0));                                                                       \
  s##1 = DOT(s##1, x1, WEIGHT(kx, 1));                                                                       \
  s##2 = DOT(s##2, x2, WEIGHT(kx, 2));                                                                       \
  s##3 = DOT(s##3, x3, WEIGHT(kx, 3));
#define START(s) s##0 = fold0, s##1 = fold1, s##2 = fold2, s##3 = fold3;
#define MOVE(to, from) to##0 = from##0, to##1 = from##1, to##2 = from##2, to##3 = from##3;
#define FINISH1(v, g) TO_INT(MINF(MULF(TO_FLOAT(v), LOADF(scale + (g)*WIDTH / 4)), most))
#define FINISH(s, at)                                                                                        \
  {                                                                                                          \
    const VEC a = ADDS16(PACK32(FINISH1(s##0, 0), FINISH1(s##1, 1)), zero);                                  \
    const VEC b = ADDS16(PACK32(FINISH1(s##2, 2), FINISH1(s##3, 3)), zero);                                  \
    STORE(c + (at)*row->channels, MAX8(PACK16(a, b), least));                                                \
  }

static void NAME(block)(const lrt_dwconv_bytes *row, int64_t c0, const int8_t *w, int8_t *c) {
  const int32_t *fold = (const int32_t *)(const void *)(w + 12 * WIDTH);
  const float *scale = (const float *)(const void *)(w + 16 * WIDTH);
  const int8_t *t0 = row->top[0] + c0, *t1 = row->top[1] + c0, *t2 = row->top[2] + c0;
  const int64_t n0 = row->next[0], n1 = row->next[1], n2 = row->next[2];
  const int8_t *outside = row->outside + c0;
  const int64_t in_w = row->in_w, out_w = row->out_w;
  const VEC turn = SET8(-128), zero = SET16((int16_t)row->zero), least = SET8((char)row->lo);
  const FLOATS most = SETF((float)(row->hi - row->zero));
  const VEC fold0 = LOAD(fold), fold1 = LOAD(fold + WIDTH / 4), fold2 = LOAD(fold + WIDTH / 2);
  const VEC fold3 = LOAD(fold + 3 * WIDTH / 4);
  VEC p0, p1, p2, p3, q0, q1, q2, q3;
  int64_t ix = row->first;
  c += c0;
  START(p){COLUMN(ix) ADD(p, 0)} ix++;
  if (row->stride == 1) { /* p: the output at x, q: the one at x + 1 */
    START(q){COLUMN(ix) ADD(p, 1) ADD(q, 0)} ix++;
    for (int64_t x = 0; x < out_w; x++, ix++) {
      VEC s0, s1, s2, s3;
      START(s)
      COLUMN(ix)
      ADD(p, 2) ADD(q, 1) ADD(s, 0) FINISH(p, x) MOVE(p, q) MOVE(q, s)
    }
    return;
  }
  for (int64_t x = 0; x < out_w; x++, ix += 2) {
    {COLUMN(ix) ADD(p, 1)} START(q) COLUMN(ix + 1) ADD(p, 2) ADD(q, 0) FINISH(p, x) MOVE(p, q)
  }
}

#undef COLUMN
#undef WEIGHT
#undef ADD
#undef START
#undef MOVE
#undef FINISH1
#undef FINISH
#undef NAME
#undef WIDTH
#undef VEC
#undef FLOATS
#undef LOAD
#undef STORE
#undef XOR
#undef SET8
#undef SET16
#undef LO8
#undef HI8
#undef LO16
#undef HI16
#undef DOT
#undef LOADF
#undef MULF
#undef MINF
#undef SETF
#undef TO_FLOAT
#undef TO_INT
#undef PACK32
#undef PACK16
#undef ADDS16
#undef MAX8
