/* cli_picture.h: pictures in memory, from and to files, and as contents of tensors. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_CLI_PICTURE_H
#define LRT_CLI_PICTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "litert/interpreter.h"

/* 8 bits per channel, rows from the top without padding. */
typedef struct cli_picture {
  int width, height;
  int channels;   /* 1 grey, 3 RGB, 4 RGBA */
  uint8_t *bytes; /* [height][width][channels], a block of base/alloc.h */
} cli_picture;

typedef enum cli_resize { CLI_RESIZE_STRETCH = 0, CLI_RESIZE_FIT, CLI_RESIZE_CROP } cli_resize;

#define CLI_PICTURE_CHANNELS 4

/* From channel values 0…255 to real numbers: (value - mean) / std, one pair for all channels or one per channel. */
typedef struct cli_picture_rules {
  cli_resize resize;
  int count; /* pairs; 0 = neither metadata nor flags say: 0 and 255 */
  float mean[CLI_PICTURE_CHANNELS];
  float std[CLI_PICTURE_CHANNELS];
} cli_picture_rules;

/* Reads PNG or JPEG bytes. Errors: INVALID_MODEL, NOT_BUILT_IN, OUT_OF_MEMORY. */
lrt_status cli_picture_read_png(const uint8_t *file, size_t length, cli_picture *out, lrt_error *err);
lrt_status cli_picture_read_jpeg(const uint8_t *file, size_t length, cli_picture *out, lrt_error *err);
/* Encodes as PNG: *out is a block of base/alloc.h. */
lrt_status cli_picture_write_png(const cli_picture *picture, uint8_t **out, size_t *length, lrt_error *err);
/* A black picture. */
lrt_status cli_picture_make(int width, int height, int channels, cli_picture *out, lrt_error *err);
void cli_picture_clear(cli_picture *picture);

/* True when a shape is that of one picture, [1,H,W,C] or [H,W,C] with C 1, 3 or 4. */
bool cli_picture_shape(const lrt_shape *shape, int *height, int *width, int *channels);
/* Another size by area-weighted linear interpolation; `fit` keeps proportions inside black bars, `crop` cuts. */
lrt_status cli_picture_resize(const cli_picture *from, int width, int height, cli_resize how,
                              cli_picture *out, lrt_error *err);
/* Fills a tensor of a picture's shape: resizes, converts the channels, normalises, quantizes. */
lrt_status cli_picture_to_tensor(const cli_picture *picture, const cli_picture_rules *rules,
                                 const lrt_tensor_view *view, const lrt_quant *quant, lrt_error *err);
/* A picture of a tensor: [1,H,W,C] and [H,W,C] as grey, RGB or RGBA; more channels or two as the colour of the
 * largest one. Real values 0…1 and -1…1 are stretched to 0…255, 8-bit values without scale taken as they are,
 * others stretched from least to most. UNSUPPORTED for other shapes. */
lrt_status cli_picture_from_tensor(const lrt_tensor_view *view, const lrt_quant *quant, cli_picture *out,
                                   lrt_error *err);

#endif
