/* test_type.c: names and sizes of types, counts and bytes of shapes with overflow. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"
#include "litert/tensor.h"

static void names_and_bits(void) {
  CHECK_TEXT(lrt_type_name(LRT_FLOAT32), "float32");
  CHECK_TEXT(lrt_type_name(LRT_FLOAT8_E5M2), "float8_e5m2");
  CHECK_TEXT(lrt_type_name(LRT_TYPE_COUNT), "unknown");
  CHECK_TEXT(lrt_type_name((lrt_type)-1), "unknown");
  CHECK_INT(lrt_type_bits(LRT_INT4), 4);
  CHECK_INT(lrt_type_bits(LRT_COMPLEX128), 128);
  CHECK_INT(lrt_type_bits(LRT_STRING), 0);
  CHECK_INT(lrt_type_bits((lrt_type)999), 0);
}

static void counts(void) {
  CHECK_INT(lrt_shape_count(&(lrt_shape){0, {0}}), 1);
  CHECK_INT(lrt_shape_count(&(lrt_shape){3, {2, 3, 4}}), 24);
  CHECK_INT(lrt_shape_count(&(lrt_shape){2, {2, -1}}), -1);
  CHECK_INT(lrt_shape_count(&(lrt_shape){-1, {0}}), -1);
  CHECK_INT(lrt_shape_count(&(lrt_shape){LRT_MAX_RANK + 1, {1}}), -1);
  CHECK_INT(lrt_shape_count(&(lrt_shape){3, {INT32_MAX, INT32_MAX, 3}}), -1);
  CHECK_INT(lrt_shape_count(&(lrt_shape){4, {INT32_MAX, INT32_MAX, INT32_MAX, 0}}), 0);
  CHECK_INT(lrt_shape_count(&(lrt_shape){4, {0, INT32_MAX, INT32_MAX, INT32_MAX}}), 0);
  CHECK_INT(lrt_shape_count(&(lrt_shape){2, {0, -1}}), -1);
}

static void bytes(void) {
  CHECK_INT(lrt_shape_bytes(&(lrt_shape){2, {3, 5}}, LRT_FLOAT32), 60);
  CHECK_INT(lrt_shape_bytes(&(lrt_shape){1, {3}}, LRT_INT4), 2);
  CHECK_INT(lrt_shape_bytes(&(lrt_shape){1, {5}}, LRT_INT2), 2);
  CHECK_INT(lrt_shape_bytes(&(lrt_shape){1, {0}}, LRT_INT2), 0);
  CHECK_INT(lrt_shape_bytes(&(lrt_shape){1, {3}}, LRT_STRING), -1);
  CHECK_INT(lrt_shape_bytes(&(lrt_shape){2, {INT32_MAX, INT32_MAX}}, LRT_COMPLEX128), -1);
  CHECK_INT(lrt_shape_bytes(&(lrt_shape){1, {-2}}, LRT_INT8), -1);
  CHECK(lrt_shape_bytes(&(lrt_shape){2, {INT32_MAX, INT32_MAX}}, LRT_INT4) > 0);
}

int main(int argc, char **argv) {
  RUN(names_and_bits);
  RUN(counts);
  RUN(bytes);
  DONE();
}
