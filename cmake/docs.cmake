# docs.cmake: the target `operators` writes docs/operators.md into the build folder.
# SPDX-License-Identifier: Apache-2.0
find_package(Python3 COMPONENTS Interpreter QUIET)
if(Python3_FOUND AND TARGET litert_command AND NOT CMAKE_CROSSCOMPILING)
  add_custom_target(operators
    COMMAND ${Python3_EXECUTABLE} ${CMAKE_SOURCE_DIR}/tools/operators.py --litert $<TARGET_FILE:litert_command>
      --shared ${LRT_SHARED_DIR} --out ${CMAKE_BINARY_DIR}/docs/operators.md
    DEPENDS litert_command VERBATIM)
endif()
