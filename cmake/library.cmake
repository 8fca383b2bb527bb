# library.cmake: liblitert.so (and liblitert.a on demand) from the objects of the rooms.
# SPDX-License-Identifier: Apache-2.0
add_library(litert SHARED $<TARGET_OBJECTS:litert_rooms>)
add_library(litert::litert ALIAS litert)
set_target_properties(litert PROPERTIES VERSION 0.${PROJECT_VERSION_MINOR}.${PROJECT_VERSION_PATCH} SOVERSION 0
  LINKER_LANGUAGE C)
target_include_directories(litert INTERFACE $<BUILD_INTERFACE:${CMAKE_SOURCE_DIR}/include>
  $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
# -Bsymbolic-functions: the library always calls its own functions, whatever the program defines.
target_link_options(litert PRIVATE -Wl,--version-script=${CMAKE_SOURCE_DIR}/cmake/liblitert.map
  -Wl,--gc-sections -Wl,-Bsymbolic-functions)
set_target_properties(litert PROPERTIES LINK_DEPENDS ${CMAKE_SOURCE_DIR}/cmake/liblitert.map)
if(NOT LRT_SANITIZE) # the sanitizers' runtime is found when the program starts
  target_link_options(litert PRIVATE -Wl,--no-undefined)
endif()
target_link_libraries(litert PRIVATE Threads::Threads m)

if(LRT_STATIC)
  add_library(litert_static STATIC $<TARGET_OBJECTS:litert_rooms>)
  set_target_properties(litert_static PROPERTIES OUTPUT_NAME litert LINKER_LANGUAGE C)
  target_include_directories(litert_static INTERFACE $<BUILD_INTERFACE:${CMAKE_SOURCE_DIR}/include>
    $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  target_link_libraries(litert_static INTERFACE Threads::Threads m)
endif()
