/* test_custom.c: the custom operators against the field's runtimes, or where those lack them against formulas in numpy. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "formats/flexbuffer.h"
#include "one_op.h"

/* Options under construction: pairs of key and value until build_options closes the map. */
typedef struct map_options {
  lrt_flex_writer w;
  size_t mark;
} map_options;

static map_options map_of(void) {
  map_options o;
  lrt_flex_writer_init(&o.w, lrt_alloc_default());
  o.mark = lrt_flex_begin(&o.w);
  return o;
}

static void whole(map_options *o, const char *key, int64_t value) {
  lrt_flex_put_key(&o->w, key);
  lrt_flex_put_int(&o->w, value);
}

static void real(map_options *o, const char *key, double value) {
  lrt_flex_put_key(&o->w, key);
  lrt_flex_put_float(&o->w, value);
}

static void list(map_options *o, const char *key, int count, const int32_t *values) {
  lrt_flex_put_key(&o->w, key);
  const size_t mark = lrt_flex_begin(&o->w);
  for (int i = 0; i < count; i++) lrt_flex_put_int(&o->w, values[i]);
  lrt_flex_end_vector(&o->w, mark);
}

static one_custom custom_of(map_options *o, const char *name, int32_t version) {
  one_custom custom = {.name = name, .version = version};
  lrt_flex_end_map(&o->w, o->mark);
  CHECK_INT(lrt_flex_finish(&o->w, &custom.options, &custom.bytes, NULL), LRT_OK);
  return custom;
}

static const lrt_mode modes[] = {LRT_MODE_REF, LRT_MODE_FAST};

/* Result `output` holds `count` floats, each within `tolerance`. */
static void check_floats(const one_op *o, int output, const float *expected, int count, float tolerance) {
  const lrt_tensor_view view = one_op_result(o, output);
  REQUIRE(view.data != NULL && view.bytes >= (size_t)count * sizeof(float));
  for (int i = 0; i < count; i++) CHECK_NEAR(((const float *)view.data)[i], expected[i], tolerance);
}

/* Runs in both modes; with `expected` NULL expects `status`. */
static void expect(const one_custom *custom, const one_operand *in, int n_in, lrt_type type, lrt_shape shape,
                   const float *expected, float tolerance, lrt_status status) {
  for (int m = 0; m < 2; m++) {
    const one_operand out = {.type = type};
    one_op o;
    CHECK_INT(one_op_run(&o, modes[m], LRT_OP_CUSTOM, custom, in, n_in, &out, 1), status);
    if (expected != NULL) {
      const lrt_shape got = one_op_result(&o, 0).shape;
      CHECK_INT(lrt_shape_count(&got), lrt_shape_count(&shape));
      check_floats(&o, 0, expected, (int)lrt_shape_count(&shape), tolerance);
    } else {
      CHECK(strstr(o.error.message, custom->name) != NULL);
    }
    one_op_close(&o);
  }
}

#define FLOATS(shape_, data_)                                                                                \
  { .type = LRT_FLOAT32, .shape = shape_, .data = data_ }

/* ai-edge-litert 2.3.0. */
static void test_hadamard(void) {
  static const float x[8] = {3, -1, .5f, 2, 0, 7, -4, 1};
  static const float y[8] = {2.25f, 1.25f, -0.25f, 2.75f, 2, -6, 5, -1};
  const one_operand in[] = {FLOATS(build_shape(2, 1, 8), x)};
  for (int size = 3; size <= 4; size++) {
    map_options o = map_of();
    whole(&o, "hadamard_size", size);
    const one_custom custom = custom_of(&o, "aeq.hadamard_rotation", 1);
    if (size == 4)
      expect(&custom, in, 1, LRT_FLOAT32, build_shape(2, 1, 8), y, 0, LRT_OK);
    else
      expect(&custom, in, 1, LRT_FLOAT32, in[0].shape, NULL, 0, LRT_INVALID_MODEL);
    lrt_flex_writer_clear(&o.w);
  }
}

/* ai-edge-litert 2.3.0, both resolvers alike. */
static void test_spectrogram(void) {
  static const float x[16] = {.5f, 1, -1, 2, .25f, 3, 2, 4, 0, 5, 1, 6, -.75f, 7, .125f, 8};
  static const float power[18] = {0.31640625f, 0.59765625f, 0.87890625f, 2.25f,    2.25f,    2.25f,
                                  0.03515625f, 0.87890625f, 1.72265625f, 14.0625f, 7.3125f,  0.5625f,
                                  45.5625f,    23.0625f,    0.5625f,     95.0625f, 47.8125f, 0.5625f};
  const one_operand in[] = {FLOATS(build_shape(2, 8, 2), x)};
  for (int squared = 0; squared < 2; squared++) {
    float expected[18];
    for (int i = 0; i < 18; i++) expected[i] = squared ? power[i] : sqrtf(power[i]);
    map_options o = map_of();
    whole(&o, "window_size", 3);
    whole(&o, "stride", 2);
    whole(&o, "magnitude_squared", squared);
    const one_custom custom = custom_of(&o, "AudioSpectrogram", 1);
    expect(&custom, in, 1, LRT_FLOAT32, build_shape(3, 2, 3, 3), expected, 1e-5f, LRT_OK);
    lrt_flex_writer_clear(&o.w);
  }
  const one_custom without = {.name = "AudioSpectrogram", .version = 1};
  expect(&without, in, 1, LRT_FLOAT32, in[0].shape, NULL, 0, LRT_INVALID_MODEL);
}

/* ai-edge-litert 2.3.0, both resolvers alike; a spectrum below the upper limit gives zeros there too. */
static void test_mfcc(void) {
  static const float x[18] = {1, 4, 9, 16, 2, 3, 5, .5f, .25f, 0, 0, 1, 0, 0, 2, 0, 0, 0};
  static const float y[6] = {2.4728725f,   -1.45902932f, -0.610312104f,
                             -20.6679707f, -18.2212543f, -13.0793028f},
                     zeros[6] = {0};
  static const int32_t rates[3] = {16000, 8000, 0};
  for (int r = 0; r < 3; r++) {
    map_options o = map_of();
    whole(&o, "upper_frequency_limit", 7000);
    whole(&o, "lower_frequency_limit", 100);
    whole(&o, "filterbank_channel_count", 4);
    whole(&o, "dct_coefficient_count", 3);
    const one_custom custom = custom_of(&o, "Mfcc", 1);
    const one_operand in[] = {FLOATS(build_shape(3, 1, 2, 9), x),
                              {.type = LRT_INT32, .shape = build_shape(1, 1), .data = &rates[r]}};
    expect(&custom, in, 2, LRT_FLOAT32, build_shape(3, 1, 2, 3),
           r == 0   ? y
           : r == 1 ? zeros
                    : NULL,
           2e-5f, r < 2 ? LRT_OK : LRT_RUN_FAILED);
    lrt_flex_writer_clear(&o.w);
  }
}

static void test_verify(void) {
  static const int8_t q[3] = {-4, 0, 10};
  static const float close[3] = {-2.9f, -1.1f, 4}, far[3] = {-2.9f, -1.1f, 6}, y[3] = {-.1f, .1f, 0};
  for (int strict = 0; strict < 2; strict++) {
    map_options o = map_of();
    real(&o, "tolerance", 1.5);
    whole(&o, "log_if_failed", strict);
    const one_custom custom = custom_of(&o, "NumericVerify", 1);
    one_operand in[] = {
        {.type = LRT_INT8, .shape = build_shape(1, 3), .data = q, .scale = 0.5f, .zero_point = 2},
        FLOATS(build_shape(1, 3), close)};
    expect(&custom, in, 2, LRT_FLOAT32, build_shape(1, 3), y, 1e-6f, LRT_OK);
    in[1].data = far;
    const float differences[3] = {-.1f, .1f, -2};
    expect(&custom, in, 2, LRT_FLOAT32, build_shape(1, 3), strict ? NULL : differences, 1e-6f,
           strict ? LRT_RUN_FAILED : LRT_OK);
    lrt_flex_writer_clear(&o.w);
  }
}

/* ---- TFLite_Detection_PostProcess: ai-edge-litert 2.3.0, both resolvers alike ---- */

static const float anchors[24] = {.2f, .2f,  .2f, .2f, .25f, .2f, .2f, .2f, .7f, .7f, .3f, .2f,
                                  .7f, .72f, .3f, .2f, .5f,  .1f, .1f, .4f, .1f, .9f, .2f, .2f};
static const float encodings[24] = {0, 0, 0, 0,   .1f, -.1f, .2f, 0, 0, 0, 1, 1,
                                    0, 0, 0, .5f, 1,   2,    -1,  0, 0, 0, 0, 0};
static const float scores[18] = {.1f, .9f, .3f, .2f, .8f, .4f,  .0f, .6f, .65f,
                                 .1f, .7f, .2f, .3f, .1f, .05f, .4f, .5f, .55f};

static one_custom detection_of(map_options *o, bool regular, int classes, double overlap) {
  static const char *const scales[4] = {"y_scale", "x_scale", "h_scale", "w_scale"};
  whole(o, "max_detections", 4);
  whole(o, "max_classes_per_detection", classes);
  whole(o, "detections_per_class", 2);
  whole(o, "use_regular_nms", regular);
  whole(o, "num_classes", 2);
  real(o, "nms_score_threshold", .25f);
  real(o, "nms_iou_threshold", overlap);
  for (int i = 0; i < 4; i++) real(o, scales[i], i < 2 ? 10 : 5);
  return custom_of(o, "TFLite_Detection_PostProcess", 1);
}

typedef struct detections {
  bool regular;
  int classes, found;
  float boxes[24], labels[6], scores[6];
} detections;

static const detections expected_detections[] = {
    {false,
     1,
     3,
     {.1f, .1f, .3f, .3f, .549999952f, .609482944f, .850000024f, .830517113f, 0, .799999952f, .2f, 1},
     {0, 0, 1},
     {.9f, .7f, .55f}},
    {false,
     2,
     3,
     {.1f,         .1f,         .3f,         .3f,         .1f,         .1f,         .3f,         .3f,
      .549999952f, .609482944f, .850000024f, .830517113f, .549999952f, .609482944f, .850000024f, .830517113f,
      0,           .799999952f, .2f,         1,           0,           .799999952f, .2f,         1},
     {0, 1, 0, 1, 1, 0},
     {.9f, .3f, .7f, .2f, .55f, .5f}},
    {true,
     1,
     4,
     {.1f, .1f, .3f, .3f, .549999952f, .609482944f, .850000024f, .830517113f, .516789556f, .5778597f,
      .883210421f, .822140276f, 0, .799999952f, .2f, 1},
     {0, 0, 1, 1},
     {.9f, .7f, .65f, .55f}},
};

static void test_detection(void) {
  const one_operand in[] = {
      FLOATS(build_shape(3, 1, 6, 4), encodings),
      FLOATS(build_shape(3, 1, 6, 3), scores),
      {.type = LRT_FLOAT32, .shape = build_shape(2, 6, 4), .data = anchors, .constant = true}};
  const one_operand out[4] = {
      {.type = LRT_FLOAT32}, {.type = LRT_FLOAT32}, {.type = LRT_FLOAT32}, {.type = LRT_FLOAT32}};
  for (size_t i = 0; i < sizeof expected_detections / sizeof expected_detections[0]; i++) {
    const detections *d = &expected_detections[i];
    const int count = d->found * (d->regular ? 1 : d->classes), all = 4 * d->classes;
    const float found = (float)d->found;
    map_options o = map_of();
    const one_custom custom = detection_of(&o, d->regular, d->classes, .5);
    for (int m = 0; m < 2; m++) {
      one_op run;
      CHECK_INT(one_op_run(&run, modes[m], LRT_OP_CUSTOM, &custom, in, 3, out, 4), LRT_OK);
      check_floats(&run, 0, d->boxes, 4 * count, 1e-7f);
      check_floats(&run, 1, d->labels, count, 0);
      check_floats(&run, 2, d->scores, count, 1e-7f);
      check_floats(&run, 3, &found, 1, 0);
      CHECK_INT(one_op_result(&run, 2).bytes, (size_t)all * sizeof(float));
      for (int k = count; k < all; k++) CHECK_NEAR(((const float *)one_op_result(&run, 2).data)[k], 0, 0);
      one_op_close(&run);
    }
    lrt_flex_writer_clear(&o.w);
  }
}

static void test_bad_detection(void) {
  const float turned[4] = {.1f, .1f, -1, .2f};
  const one_operand out[4] = {
      {.type = LRT_FLOAT32}, {.type = LRT_FLOAT32}, {.type = LRT_FLOAT32}, {.type = LRT_FLOAT32}};
  const one_operand in[] = {FLOATS(build_shape(3, 1, 1, 4), encodings),
                            FLOATS(build_shape(3, 1, 1, 3), scores), FLOATS(build_shape(2, 1, 4), turned)};
  const one_operand few[] = {in[0], in[1], FLOATS(build_shape(2, 6, 4), anchors)};
  const struct {
    int classes;
    double overlap;
    const one_operand *in;
    lrt_status status;
  } cases[] = {{1, .5, in, LRT_RUN_FAILED},
               {1, 0, in, LRT_INVALID_MODEL},
               {0, .5, in, LRT_INVALID_MODEL},
               {1, .5, few, LRT_INVALID_MODEL}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    map_options o = map_of();
    const one_custom custom = detection_of(&o, true, cases[i].classes, cases[i].overlap);
    one_op run;
    CHECK_INT(one_op_run(&run, LRT_MODE_REF, LRT_OP_CUSTOM, &custom, cases[i].in, 3, out, 4),
              cases[i].status);
    one_op_close(&run);
    lrt_flex_writer_clear(&o.w);
  }
}

/* ---- pooling with places: MediaPipe 0.10.14 gives the same ---- */

static void test_argmax(void) {
  static const int32_t words[5] = {1, 2, 2, 2, 2}, bad[5] = {3, 2, 2, 2, 2};
  static const float x[15] = {1, 5, 2, 0, 3, 4, 4, 9, 1, 7, 6, 8, 2, 2, 2};
  static const float most[6] = {5, 9, 7, 8, 2, 2}, places[6] = {1.1f, 2.1f, 2.1f, 1.1f, 0.1f, 0.1f};
  const one_custom pool = {"MaxPoolingWithArgmax2D", 1, (const uint8_t *)words, sizeof words};
  const one_custom wrong = {"MaxPoolingWithArgmax2D", 1, (const uint8_t *)bad, sizeof bad};
  const one_custom cut = {"MaxPoolingWithArgmax2D", 1, (const uint8_t *)words, sizeof words - 1};
  const one_operand in[] = {FLOATS(build_shape(4, 1, 3, 5, 1), x)};
  const one_operand out[] = {{.type = LRT_FLOAT32}, {.type = LRT_FLOAT32}};
  one_op o;
  CHECK_INT(one_op_run(&o, LRT_MODE_FAST, LRT_OP_CUSTOM, &pool, in, 1, out, 2), LRT_OK);
  check_floats(&o, 0, most, 6, 0);
  check_floats(&o, 1, places, 6, 0);
  one_op_close(&o);
  CHECK_INT(one_op_run(&o, LRT_MODE_FAST, LRT_OP_CUSTOM, &wrong, in, 1, out, 2), LRT_INVALID_MODEL);
  one_op_close(&o);
  CHECK_INT(one_op_run(&o, LRT_MODE_FAST, LRT_OP_CUSTOM, &cut, in, 1, out, 2), LRT_INVALID_MODEL);
  one_op_close(&o);
}

/* A place behind the window's end leads outside and is passed over. */
static void test_unpool(void) {
  static const int32_t words[5] = {1, 2, 2, 2, 2};
  static const float x[4] = {5, 9, 8, 2}, places[4] = {1.1f, 2.1f, 99, NAN};
  static const float y[16] = {0, 5, 0, 0, 0, 0, 9, 0};
  const one_custom unpool = {"MaxUnpooling2D", 1, (const uint8_t *)words, sizeof words};
  const one_operand in[] = {FLOATS(build_shape(4, 1, 2, 2, 1), x),
                            FLOATS(build_shape(4, 1, 2, 2, 1), places)};
  expect(&unpool, in, 2, LRT_FLOAT32, build_shape(4, 1, 4, 4, 1), y, 0, LRT_OK);
}

/* ---- MediaPipe landmarks: the formulas of facts in double, computed by numpy ---- */

static const float points[15] = {10, 20, 1, 40, 26, 2, 22, 50, 3, 15, 35, 4, 33, 41, 5};
static const int32_t inside[4] = {1, 2, 3, 4}, outside[2] = {1, 5};

static one_custom crop_of(map_options *o, int version, const int32_t *subset, int count) {
  static const int32_t in_size[2] = {20, 30}, out_size[2] = {16, 24};
  whole(o, "left_rotation_idx", 0);
  whole(o, "right_rotation_idx", 1);
  list(o, version == 1 ? "subset" : "subset_idxs", count, subset);
  if (version == 1) {
    list(o, "input_hw", 2, in_size);
    list(o, "output_hw", 2, out_size);
    whole(o, "dimensions", 3);
    whole(o, "landmarks_range", 64);
    real(o, "bbox_size_multiplier", 1.5);
  } else {
    real(o, "target_rotation_radians", .25);
    whole(o, "output_height", 16);
    whole(o, "output_width", 24);
    real(o, "scale_x", 1.5);
    real(o, "scale_y", 1.25);
  }
  return custom_of(o, "Landmarks2TransformMatrix", version);
}

static void test_crop(void) {
  static const float matrices[2][16] = {{0.659228679f, -0.240504808f, 0, 6.09104567f, 0.086381689f,
                                         0.787860577f, 0, 4.09344952f, 0, 0, 1, 0, 0, 0, 0, 1},
                                        {1.58771563f, 0.0945636404f, 0, 8.09438549f, -0.0835980178f,
                                         1.79597763f, 0, 24.7983961f, 0, 0, 1, 0, 0, 0, 0, 1}};
  const one_operand in[] = {FLOATS(build_shape(3, 1, 5, 3), points)};
  for (int version = 1; version <= 2; version++) {
    map_options good = map_of(), bad = map_of();
    const one_custom custom = crop_of(&good, version, inside, 4), wrong = crop_of(&bad, version, outside, 2);
    expect(&custom, in, 1, LRT_FLOAT32, build_shape(3, 1, 4, 4), matrices[version - 1], 1e-5f, LRT_OK);
    expect(&wrong, in, 1, LRT_FLOAT32, in[0].shape, NULL, 0, LRT_INVALID_MODEL);
    lrt_flex_writer_clear(&good.w);
    lrt_flex_writer_clear(&bad.w);
  }
}

static const float matrix[16] = {.5f, .125f, 0, .25f, -.25f, .75f, 0, .5f, 0, 0, 1, 0, 0, 0, 0, 1};

static void test_points(void) {
  static const float flat[4] = {4, 8, -2, 1}, deep[6] = {4, 8, 7, -2, 1, 9};
  static const float y2[4] = {3.25f, 5.5f, -.625f, 1.75f}, y3[6] = {3.5f, 6, 7, -.375f, 2.25f, 9};
  const one_operand two[] = {FLOATS(build_shape(3, 1, 2, 2), flat), FLOATS(build_shape(3, 1, 4, 4), matrix)};
  const one_operand three[] = {FLOATS(build_shape(4, 1, 1, 1, 6), deep),
                               FLOATS(build_shape(3, 1, 4, 4), matrix)};
  const one_custom second = {.name = "TransformLandmarks", .version = 2};
  expect(&second, two, 2, LRT_FLOAT32, two[0].shape, y2, 0, LRT_OK);
  map_options o = map_of();
  whole(&o, "dimensions", 3);
  real(&o, "scale", 2);
  const one_custom first = custom_of(&o, "TransformLandmarks", 1);
  expect(&first, three, 2, LRT_FLOAT32, three[0].shape, y3, 0, LRT_OK);
  expect(&second, three, 2, LRT_FLOAT32, two[0].shape, NULL, 0, LRT_INVALID_MODEL);
  lrt_flex_writer_clear(&o.w);
}

static void test_warp(void) {
  static const float x[12] = {0,           1,           2.82842712f, 5.19615242f, 8,           11.1803399f,
                              14.6969385f, 18.5202592f, 22.627417f,  27,          31.6227766f, 36.4828727f};
  static const float second[16] = {
      3.93073086f, 5.70925539f, 1.59099026f, 3.36033574f, 0,          0,           0,           0,
      16.1839032f, 20.1102106f, 15.5979928f, 19.2337744f, 14.056072f, 17.5481131f, 11.9908443f, 15.3625797f};
  static const float first[16] = {8.69333244f, 11.3446162f, 6.7521896f, 9.33035194f, 4.12132034f, 6.69219929f,
                                  0,           0,           0,          0,           21.6361072f, 25.9400324f,
                                  20.6924494f, 24.7771136f, 18.925955f, 22.864915f};
  static const int32_t size[2] = {2, 4};
  const one_operand in[] = {FLOATS(build_shape(4, 1, 2, 3, 2), x), FLOATS(build_shape(3, 1, 4, 4), matrix)};
  map_options o = map_of(), p = map_of();
  whole(&o, "output_height", 2);
  whole(&o, "output_width", 4);
  list(&p, "output_size", 2, size);
  const one_custom bilinear = custom_of(&o, "TransformTensorBilinear", 2);
  const one_custom tensor = custom_of(&p, "TransformTensor", 1);
  expect(&bilinear, in, 2, LRT_FLOAT32, build_shape(4, 1, 2, 4, 2), second, 5e-6f, LRT_OK);
  expect(&tensor, in, 2, LRT_FLOAT32, build_shape(4, 1, 2, 4, 2), first, 5e-6f, LRT_OK);
  expect(&bilinear, in, 1, LRT_FLOAT32, in[0].shape, NULL, 0, LRT_INVALID_MODEL);
  lrt_flex_writer_clear(&o.w);
  lrt_flex_writer_clear(&p.w);
}

/* ---- language models ---- */

/* Two heads share one of keys and values. numpy. (The peer's operator is wrong where heads do not share.) */
static void test_attention(void) {
  static const float q[12] = {-.5f, -.375f, -.25f, -.125f, 0, .125f, .25f, .375f, .5f, .625f, .75f, .875f};
  static const float k[9] = {-.6f, .65f, .15f, -.35f, .9f, .4f, -.1f, -.6f, .65f}, v[6] = {0, 3, 1, 4, 2, 0};
  static const float mask[6] = {0, 0, -1e9f, 0, -2, 0};
  static const float y[8] = {0.464901571f, 3.46490157f, .5f,          3.5f,
                             0.978296758f, 1.71711847f, 0.957177903f, 1.77871549f};
  const one_operand in[] = {FLOATS(build_shape(4, 1, 2, 2, 3), q), FLOATS(build_shape(4, 1, 3, 1, 3), k),
                            FLOATS(build_shape(4, 1, 3, 1, 2), v), FLOATS(build_shape(4, 1, 1, 2, 3), mask)};
  map_options o = map_of();
  real(&o, "scale", .5);
  const one_custom custom = custom_of(&o, "odml.scaled_dot_product_attention", 1);
  expect(&custom, in, 4, LRT_FLOAT32, build_shape(4, 1, 2, 2, 2), y, 1e-5f, LRT_OK);
  expect(&custom, in, 3, LRT_FLOAT32, in[0].shape, NULL, 0, LRT_INVALID_MODEL);
  lrt_flex_writer_clear(&o.w);
}

/* A cache of 3 entries filled two at a time; what no longer fits pushes out the oldest, as in ai-edge-litert 2.3.0. */
static void test_cache(void) {
  static const int64_t positions[5] = {0, 1, 3, 1, 9};
  static const float expected[3][3] = {{1, 2, 0}, {1, 3, 4}, {4, 5, 6}};
  const float start[2] = {0, 0};
  const int64_t at[2] = {0, 1};
  map_options options = map_of();
  whole(&options, "kv_cache_max", 3);
  whole(&options, "layer_index", 1);
  const one_custom custom = custom_of(&options, "odml.update_kv_cache", 1);
  const one_operand in[] = {{.type = LRT_INT64, .shape = build_shape(1, 2), .data = at},
                            FLOATS(build_shape(4, 1, 2, 1, 1), start),
                            FLOATS(build_shape(4, 1, 2, 1, 1), start)};
  const one_operand out[] = {{.type = LRT_FLOAT32}, {.type = LRT_FLOAT32}};
  one_op o;
  CHECK_INT(one_op_run(&o, LRT_MODE_FAST, LRT_OP_CUSTOM, &custom, in, 3, out, 2), LRT_OK);
  for (int i = 0; i < 5; i++) {
    const float rows[2] = {(float)(2 * i + 1), (float)(2 * i + 2)}, negative[2] = {-rows[0], -rows[1]};
    memcpy(build_view(&o.session, 0).data, &positions[i], sizeof positions[i]);
    memcpy(build_view(&o.session, 1).data, rows, sizeof rows);
    memcpy(build_view(&o.session, 2).data, negative, sizeof negative);
    const lrt_status status = lrt_interpreter_invoke(o.session.it, 0, &o.error);
    CHECK_INT(status, i < 3 ? LRT_OK : LRT_RUN_FAILED);
    if (i >= 3) continue;
    check_floats(&o, 0, expected[i], 3, 0);
    const float *values = one_op_result(&o, 1).data;
    for (int k = 0; k < 3; k++) CHECK_NEAR(values[k], -expected[i][k], 0);
  }
  one_op_close(&o);
  lrt_flex_writer_clear(&options.w);
}

/* Options that are no flexbuffer, or one of another kind. */
static void test_damaged_options(void) {
  static const uint8_t noise[5] = {0xff, 0x13, 0x28, 0x7f, 0x63}, number[3] = {7, 4, 1};
  static const char *const names[] = {"TFLite_Detection_PostProcess",
                                      "Mfcc",
                                      "AudioSpectrogram",
                                      "aeq.hadamard_rotation",
                                      "NumericVerify",
                                      "Landmarks2TransformMatrix",
                                      "TransformTensorBilinear",
                                      "TransformTensor",
                                      "odml.update_kv_cache",
                                      "odml.scaled_dot_product_attention"};
  const one_operand in[] = {FLOATS(build_shape(1, 4), anchors), FLOATS(build_shape(1, 4), anchors),
                            FLOATS(build_shape(1, 4), anchors)};
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    for (int kind = 0; kind < 3; kind++) {
      const one_custom custom = {names[i], 1, kind == 0 ? noise : number, kind == 0 ? 5 : kind == 1 ? 3 : 0};
      for (int inputs = 1; inputs <= 3; inputs++) {
        const one_operand out[4] = {
            {.type = LRT_FLOAT32}, {.type = LRT_FLOAT32}, {.type = LRT_FLOAT32}, {.type = LRT_FLOAT32}};
        one_op o;
        CHECK(one_op_run(&o, LRT_MODE_FAST, LRT_OP_CUSTOM, &custom, in, inputs, out, 1) != LRT_OK);
        CHECK(strstr(o.error.message, names[i]) != NULL);
        one_op_close(&o);
      }
    }
  }
}

int main(int argc, char **argv) {
  RUN(test_hadamard);
  RUN(test_spectrogram);
  RUN(test_mfcc);
  RUN(test_verify);
  RUN(test_detection);
  RUN(test_bad_detection);
  RUN(test_argmax);
  RUN(test_unpool);
  RUN(test_crop);
  RUN(test_points);
  RUN(test_warp);
  RUN(test_attention);
  RUN(test_cache);
  RUN(test_damaged_options);
  DONE();
}
