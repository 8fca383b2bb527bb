# tflite_c.cmake: libtensorflowlite_c.so, the C API of TFLite, in a library of its own over the rooms.
# SPDX-License-Identifier: Apache-2.0
file(GLOB LRT_TFLITE_C_SOURCES CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/api/tflite_c_*.c)
add_library(tensorflowlite_c SHARED ${LRT_TFLITE_C_SOURCES})
target_include_directories(tensorflowlite_c PRIVATE ${CMAKE_SOURCE_DIR}/src
  INTERFACE $<BUILD_INTERFACE:${CMAKE_SOURCE_DIR}/include> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
# The rooms come in as an archive: the library is one file that finds no other.
target_link_libraries(tensorflowlite_c PRIVATE litert_rooms)
target_link_options(tensorflowlite_c PRIVATE -Wl,--version-script=${CMAKE_SOURCE_DIR}/cmake/libtensorflowlite_c.map
  -Wl,--gc-sections -Wl,-Bsymbolic-functions -Wl,--exclude-libs,ALL)
set_target_properties(tensorflowlite_c PROPERTIES LINK_DEPENDS ${CMAKE_SOURCE_DIR}/cmake/libtensorflowlite_c.map)
if(NOT LRT_SANITIZE)
  target_link_options(tensorflowlite_c PRIVATE -Wl,--no-undefined)
endif()
