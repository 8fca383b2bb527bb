# apps.cmake: the command litert from apps/litert/*.c and the rooms.
# SPDX-License-Identifier: Apache-2.0
file(GLOB LRT_APP_SOURCES CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/apps/litert/*.c)
if(LRT_APP_SOURCES)
  add_executable(litert_command ${LRT_APP_SOURCES})
  set_target_properties(litert_command PROPERTIES OUTPUT_NAME litert)
  target_compile_definitions(litert_command PRIVATE LRT_VERSION="${PROJECT_VERSION}")
  target_link_options(litert_command PRIVATE -Wl,--gc-sections)
  # One program that holds everything once: the rooms that run models and those that make them share state (memory
  # accounts, counters, log) through functions that the shared library hides.
  target_link_libraries(litert_command PRIVATE litert_tools litert_rooms)

  # Pictures are a component: without the libraries the command is built and says so in `litert version`.
  set(LRT_HAVE_PNG 0)
  set(LRT_HAVE_JPEG 0)
  if(LRT_PICTURES)
    find_package(PNG QUIET)
    find_package(JPEG QUIET)
    if(PNG_FOUND)
      set(LRT_HAVE_PNG 1)
      target_link_libraries(litert_command PRIVATE PNG::PNG)
    endif()
    if(JPEG_FOUND)
      set(LRT_HAVE_JPEG 1)
      target_link_libraries(litert_command PRIVATE JPEG::JPEG)
    endif()
  endif()
  target_compile_definitions(litert_command PRIVATE LRT_HAVE_PNG=${LRT_HAVE_PNG} LRT_HAVE_JPEG=${LRT_HAVE_JPEG})
endif()
