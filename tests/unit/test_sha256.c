/* test_sha256.c: the examples of FIPS 180-4 and lengths around a block, fed in pieces of every size. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/sha256.h"
#include "check.h"

static void check_text(const char *text, size_t length, const char *expected) {
  for (size_t piece = 1; piece <= length + 1; piece += piece < 130 ? 1 : length) {
    lrt_sha256 hash;
    char digest[LRT_SHA256_TEXT];
    lrt_sha256_init(&hash);
    for (size_t at = 0; at < length; at += piece)
      lrt_sha256_add(&hash, text + at, length - at < piece ? length - at : piece);
    CHECK_TEXT(lrt_sha256_finish_text(&hash, digest), expected);
  }
}

/* The examples published with the standard (one block, two blocks, two with a long tail, many). */
static void published_examples(void) {
  static char million[1000000];
  static const char *const two = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
  static const char *const long_two = "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmno"
                                      "ijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu";
  check_text("", 0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  check_text("abc", 3, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  check_text(two, 56, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  check_text(long_two, 112, "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1");
  memset(million, 'a', sizeof million);
  lrt_sha256 hash;
  char digest[LRT_SHA256_TEXT];
  lrt_sha256_init(&hash);
  lrt_sha256_add(&hash, million, sizeof million);
  CHECK_TEXT(lrt_sha256_finish_text(&hash, digest),
             "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

/* Lengths at which the padding takes one block or two; digests of Python's hashlib. */
static void lengths_around_a_block(void) {
  static const struct {
    size_t length;
    const char *digest;
  } known[] = {{55, "d5e285683cd4efc02d021a5c62014694958901005d6f71e89e0989fac77e4072"},
               {56, "04c26261370ee7541549d16dee320c723e3fd14671e66a099afe0a377c16888e"},
               {63, "75220b47218278e656f2013bb8f0c455a25eaf01e86c64924e9d48d89776d6f2"},
               {64, "7ce100971f64e7001e8fe5a51973ecdfe1ced42befe7ee8d5fd6219506b5393c"},
               {65, "9537c5fdf120482f7d58d25e9ed583f52c02b4e304ea814db1633ad565aed7e9"},
               {119, "000b48d4edf0fa7bee3c6236ecd2785baa5db4eeb8bb54341b029e0d9fa5fb0c"},
               {120, "13f05a0b594787f5ecd315edc96141bd3243203d1b7d4f0836f37308b276ba98"},
               {128, "24da1b81d0b16df6428eee73c69fcb2a93c76bc6df706f0c6670fe6bfe800464"}};
  char bytes[128];
  memset(bytes, 'x', sizeof bytes);
  for (size_t i = 0; i < sizeof known / sizeof *known; i++)
    check_text(bytes, known[i].length, known[i].digest);
}

static void texts_of_digests(void) {
  CHECK(lrt_sha256_is_text("cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cD0"));
  CHECK(!lrt_sha256_is_text("cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd"));
  CHECK(!lrt_sha256_is_text("cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd00"));
  CHECK(!lrt_sha256_is_text("cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cg0"));
  CHECK(!lrt_sha256_is_text(NULL));
}

int main(int argc, char **argv) {
  RUN(published_examples);
  RUN(lengths_around_a_block);
  RUN(texts_of_digests);
  DONE();
}
