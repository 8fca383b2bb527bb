/* picture_png.c: PNG files through libpng's simplified interface; a sentence where it is not built in. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/alloc.h"
#include "base/fail.h"
#include "cli_picture.h"

#if LRT_HAVE_PNG
#include <png.h>

lrt_status cli_picture_read_png(const uint8_t *file, size_t length, cli_picture *out, lrt_error *err) {
  png_image image;
  memset(&image, 0, sizeof image);
  image.version = PNG_IMAGE_VERSION;
  if (!png_image_begin_read_from_memory(&image, file, length))
    return lrt_fail(err, LRT_INVALID_MODEL, "%s", image.message);
  const int channels = (image.format & PNG_FORMAT_FLAG_ALPHA) != 0   ? 4
                       : (image.format & PNG_FORMAT_FLAG_COLOR) != 0 ? 3
                                                                     : 1;
  image.format = channels == 4 ? PNG_FORMAT_RGBA : channels == 3 ? PNG_FORMAT_RGB : PNG_FORMAT_GRAY;
  /* More than 31 bits become negative, which is refused. */
  lrt_status status = cli_picture_make((int)image.width, (int)image.height, channels, out, err);
  if (status == LRT_OK && !png_image_finish_read(&image, NULL, out->bytes, 0, NULL)) {
    status = lrt_fail(err, LRT_INVALID_MODEL, "%s", image.message);
    cli_picture_clear(out);
  }
  png_image_free(&image);
  return status;
}

lrt_status cli_picture_write_png(const cli_picture *picture, uint8_t **out, size_t *length, lrt_error *err) {
  png_image image;
  memset(&image, 0, sizeof image);
  image.version = PNG_IMAGE_VERSION;
  image.width = (png_uint_32)picture->width;
  image.height = (png_uint_32)picture->height;
  image.format = picture->channels == 4   ? PNG_FORMAT_RGBA
                 : picture->channels == 3 ? PNG_FORMAT_RGB
                                          : PNG_FORMAT_GRAY;
  png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(image);
  *out = lrt_alloc_get(lrt_alloc_default(), size);
  if (*out == NULL) return lrt_alloc_fail(err, lrt_alloc_default(), size, "a PNG file");
  if (!png_image_write_to_memory(&image, *out, &size, 0, picture->bytes, 0, NULL)) {
    lrt_alloc_free(*out);
    *out = NULL;
    return lrt_fail(err, LRT_RUN_FAILED, "cannot make a PNG file: %s", image.message);
  }
  *length = size;
  return LRT_OK;
}

#else

lrt_status cli_picture_read_png(const uint8_t *file, size_t length, cli_picture *out, lrt_error *err) {
  (void)file, (void)length, (void)out;
  return lrt_fail(err, LRT_NOT_BUILT_IN, "reading PNG pictures is not built in (libpng was missing)");
}

lrt_status cli_picture_write_png(const cli_picture *picture, uint8_t **out, size_t *length, lrt_error *err) {
  (void)picture, (void)out, (void)length;
  return lrt_fail(err, LRT_NOT_BUILT_IN, "writing PNG pictures is not built in (libpng was missing)");
}

#endif
