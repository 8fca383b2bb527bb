# zoo.cmake: run as a script: writes the manifest INPUT as an array of bytes into the C file OUTPUT.
# SPDX-License-Identifier: Apache-2.0
file(READ ${INPUT} bytes HEX)
string(LENGTH "${bytes}" digits)
math(EXPR length "${digits} / 2")
string(REGEX REPLACE "(..)" "0x\\1," bytes "${bytes}")
string(REGEX REPLACE "(................................................................................)" "\\1\n" bytes "${bytes}")
file(WRITE ${OUTPUT} "/* Made of zoo/models.json by cmake/zoo.cmake. */\n#include \"zoo/manifest.h\"\n\n"
  "const unsigned char lrt_zoo_manifest_bytes[] = {\n${bytes}};\nconst size_t lrt_zoo_manifest_length = ${length};\n")
