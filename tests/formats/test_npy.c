/* test_npy.c: reads numpy's own file, writes and reads every type, names what it refuses. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/npy.h"

#include <unistd.h>

#include "check.h"
#include "damage.h"
#include "format_samples.h"
#include "shared_files.h"

static void reads_numpy(void) {
  lrt_npy array;
  lrt_error err = {LRT_OK, ""};
  REQUIRE(lrt_npy_read(sample_npy, sizeof sample_npy, &array, &err) == LRT_OK);
  CHECK_INT(array.type, LRT_INT16);
  CHECK_INT(array.shape.rank, 2);
  CHECK_INT(array.shape.dims[0], 2);
  CHECK_INT(array.shape.dims[1], 3);
  CHECK_INT(array.bytes, 12);
  CHECK_INT(array.data[10], 5);
}

/* Our header for the same array is numpy's, byte for byte. */
static void writes_like_numpy(void) {
  const lrt_shape shape = {2, {2, 3}};
  char header[LRT_NPY_HEADER_BYTES];
  size_t length = 0;
  REQUIRE(lrt_npy_header(LRT_INT16, &shape, header, &length, NULL) == LRT_OK);
  CHECK_INT(length, sizeof sample_npy - 12);
  CHECK(memcmp(header, sample_npy, length) == 0);
}

static void round_trip_type(const char *path, lrt_type type, const lrt_shape *shape) {
  static uint8_t data[1024];
  lrt_npy array;
  lrt_error err = {LRT_OK, ""};
  size_t size;
  const size_t bytes = (size_t)lrt_shape_bytes(shape, type);
  for (size_t i = 0; i < bytes; i++) data[i] = (uint8_t)i;
  REQUIRE(lrt_npy_write(path, type, shape, data, bytes, &err) == LRT_OK);
  uint8_t *file = read_whole_file(path, &size);
  REQUIRE(file != NULL && lrt_npy_read(file, size, &array, &err) == LRT_OK);
  CHECK_INT(array.type, type);
  CHECK(memcmp(&array.shape, shape, sizeof *shape) == 0 || array.shape.rank == shape->rank);
  CHECK(lrt_shape_count(&array.shape) == lrt_shape_count(shape));
  CHECK(array.bytes == bytes && memcmp(array.data, data, bytes) == 0);
  CHECK_INT((array.data - file) % 64, 0);
  free(file);
}

static void round_trip(void) {
  static const lrt_type types[] = {LRT_FLOAT32, LRT_FLOAT16, LRT_FLOAT64,   LRT_INT8,      LRT_INT16,
                                   LRT_INT32,   LRT_INT64,   LRT_UINT8,     LRT_UINT16,    LRT_UINT32,
                                   LRT_UINT64,  LRT_BOOL,    LRT_COMPLEX64, LRT_COMPLEX128};
  static const lrt_shape shapes[] = {
      {0, {0}}, {1, {5}}, {2, {2, 3}}, {3, {4, 0, 2}}, {8, {1, 2, 1, 2, 1, 2, 1, 2}}};
  char path[] = "/tmp/lrt_npy_XXXXXX";
  const int fd = mkstemp(path);
  REQUIRE(fd >= 0);
  close(fd);
  for (size_t t = 0; t < sizeof types / sizeof types[0]; t++)
    for (size_t s = 0; s < sizeof shapes / sizeof shapes[0]; s++) round_trip_type(path, types[t], &shapes[s]);
  unlink(path);
}

static lrt_status read_header(const char *dictionary, unsigned version, lrt_npy *array, lrt_error *err) {
  static uint8_t file[600];
  const size_t start = version == 1 ? 10 : 12, length = strlen(dictionary);
  memset(file, 0, sizeof file);
  memcpy(file, "\x93NUMPY", 6);
  file[6] = (uint8_t)version;
  file[8] = (uint8_t)(length & 255);
  file[9] = (uint8_t)(length >> 8);
  memcpy(file + start, dictionary, length);
  return lrt_npy_read(file, sizeof file, array, err);
}

static void headers(void) {
  static const struct {
    const char *dictionary, *reason;
    lrt_status status;
  } cases[] = {
      {"{'descr': '|V2', 'fortran_order': False, 'shape': (3,), }", "bfloat16", LRT_UNSUPPORTED},
      {"{'descr': '>f4', 'fortran_order': False, 'shape': (3,), }", "big-endian", LRT_UNSUPPORTED},
      {"{'descr': '<f4', 'fortran_order': True, 'shape': (3, 2), }", "Fortran", LRT_UNSUPPORTED},
      {"{'descr': '<U4', 'fortran_order': False, 'shape': (3,), }", "<U4", LRT_UNSUPPORTED},
      {"{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (3,), }", "records", LRT_UNSUPPORTED},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (1,1,1,1,1,1,1,1,1), }", "dimensions",
       LRT_UNSUPPORTED},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (3000,), }", "fewer bytes", LRT_INVALID_MODEL},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (-3,), }", "dimension", LRT_INVALID_MODEL},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999,), }", "dimension", LRT_INVALID_MODEL},
      {"{'descr': '<f4', 'fortran_order': False, }", "lacks", LRT_INVALID_MODEL},
      {"{'descr': '<f4' 'shape': (3,), }", "no end", LRT_INVALID_MODEL},
      {"nothing", "no dictionary", LRT_INVALID_MODEL}};
  lrt_npy array;
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    lrt_error err = {LRT_OK, ""};
    CHECK_INT(read_header(cases[i].dictionary, 1, &array, &err), cases[i].status);
    if (strstr(err.message, cases[i].reason) == NULL) CHECK_TEXT(err.message, cases[i].reason);
  }
  static const char fine[] = "{'descr': '<f4', 'fortran_order': True, 'shape': (3,)}";
  for (unsigned version = 1; version <= 3; version++)
    CHECK_INT(read_header(fine, version, &array, NULL), LRT_OK);
  CHECK_INT(read_header(fine, 4, &array, NULL), LRT_UNSUPPORTED);
}

static void refused_writes(void) {
  const lrt_shape shape = {1, {4}};
  lrt_error err = {LRT_OK, ""};
  CHECK_INT(lrt_npy_write("/tmp/never", LRT_INT4, &shape, "", 2, &err), LRT_UNSUPPORTED);
  CHECK(strstr(err.message, "int4") != NULL);
  CHECK_INT(lrt_npy_write("/nowhere/a.npy", LRT_INT8, &shape, "abc", 4, &err), LRT_IO);
  CHECK(strstr(err.message, "/nowhere/a.npy") != NULL);
  CHECK_INT(lrt_npy_write("/tmp/never", LRT_INT8, &shape, "ab", 3, &err), LRT_INVALID_ARGUMENT);
  if (access("/dev/full", W_OK) == 0) {
    CHECK_INT(lrt_npy_write("/dev/full", LRT_INT8, &shape, "abc", 4, &err), LRT_IO);
    CHECK(strstr(err.message, "/dev/full") != NULL);
  }
}

static bool parse(const uint8_t *bytes, size_t length) {
  lrt_npy array;
  static volatile uint8_t sink;
  if (lrt_npy_read(bytes, length, &array, NULL) != LRT_OK) return false;
  if (array.bytes > 0) sink = sink | array.data[array.bytes - 1];
  return true;
}

static void damaged(void) {
  CHECK(damage_everywhere(sample_npy, sizeof sample_npy, parse) > 300);
}

int main(int argc, char **argv) {
  RUN(reads_numpy);
  RUN(writes_like_numpy);
  RUN(round_trip);
  RUN(headers);
  RUN(refused_writes);
  RUN(damaged);
  DONE();
}
