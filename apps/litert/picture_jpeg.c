/* picture_jpeg.c: JPEG files through libjpeg; a sentence where it is not built in. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/fail.h"
#include "cli_picture.h"

#if LRT_HAVE_JPEG
#include <setjmp.h>
#include <stdio.h>

#include <jpeglib.h>

/* libjpeg reports errors by a call that must not return. */
typedef struct jpeg_trap {
  struct jpeg_error_mgr manager; /* first: libjpeg hands out its address */
  jmp_buf back;
  char message[JMSG_LENGTH_MAX];
} jpeg_trap;

static void leave(j_common_ptr state) {
  jpeg_trap *trap = (jpeg_trap *)state->err;
  trap->manager.format_message(state, trap->message);
  longjmp(trap->back, 1);
}

static void ignore_warning(j_common_ptr state, int level) {
  (void)state, (void)level;
}

/* May leave through the trap, with `out` holding the memory made so far. */
static lrt_status decode(struct jpeg_decompress_struct *jpeg, const uint8_t *file, size_t length,
                         cli_picture *out, lrt_error *err) {
  jpeg_mem_src(jpeg, file, (unsigned long)length);
  jpeg_read_header(jpeg, TRUE);
  jpeg->out_color_space = jpeg->num_components == 1 ? JCS_GRAYSCALE : JCS_RGB;
  jpeg_start_decompress(jpeg);
  const lrt_status status =
      cli_picture_make((int)jpeg->output_width, (int)jpeg->output_height, jpeg->output_components, out, err);
  if (status != LRT_OK) return status;
  while (jpeg->output_scanline < jpeg->output_height) {
    JSAMPROW row =
        out->bytes + (size_t)jpeg->output_scanline * jpeg->output_width * (size_t)jpeg->output_components;
    jpeg_read_scanlines(jpeg, &row, 1);
  }
  jpeg_finish_decompress(jpeg);
  return LRT_OK;
}

lrt_status cli_picture_read_jpeg(const uint8_t *file, size_t length, cli_picture *out, lrt_error *err) {
  struct jpeg_decompress_struct jpeg;
  jpeg_trap trap;
  lrt_status status;
  out->bytes = NULL;
  jpeg.err = jpeg_std_error(&trap.manager);
  trap.manager.error_exit = leave;
  trap.manager.emit_message = ignore_warning;
  if (setjmp(trap.back) != 0) {
    status = lrt_fail(err, LRT_INVALID_MODEL, "%s", trap.message);
    cli_picture_clear(out);
  } else {
    jpeg_create_decompress(&jpeg);
    status = decode(&jpeg, file, length, out, err);
  }
  jpeg_destroy_decompress(&jpeg);
  return status;
}

#else

lrt_status cli_picture_read_jpeg(const uint8_t *file, size_t length, cli_picture *out, lrt_error *err) {
  (void)file, (void)length, (void)out;
  return lrt_fail(err, LRT_NOT_BUILT_IN, "reading JPEG pictures is not built in (libjpeg was missing)");
}

#endif
