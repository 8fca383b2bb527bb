# python.cmake: litert/_core.abi3.so, the C half of the Python package, with the library inside.
# SPDX-License-Identifier: Apache-2.0
find_package(Python 3.9 REQUIRED COMPONENTS Interpreter Development.Module)

file(GLOB LRT_PYTHON_SOURCES CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/bindings/python/ext/*.c)
add_library(litert_python MODULE ${LRT_PYTHON_SOURCES})
# The limited API of Python 3.9: one file serves that version and all later ones.
target_compile_definitions(litert_python PRIVATE Py_LIMITED_API=0x03090000 LRT_VERSION="${PROJECT_VERSION}")
# Public headers only; the rooms come in as an archive, so that the package is one file that finds no other library.
target_include_directories(litert_python PRIVATE ${CMAKE_SOURCE_DIR}/include)
target_include_directories(litert_python SYSTEM PRIVATE ${Python_INCLUDE_DIRS})
set(LRT_ROOMS_ARCHIVE "" CACHE FILEPATH "liblitert_rooms.a of another build folder, to save compiling it again")
if(NOT LRT_ROOMS_ARCHIVE)
  set(LRT_ROOMS_ARCHIVE_USED $<TARGET_FILE:litert_rooms>)
  add_dependencies(litert_python litert_rooms)
else()
  set(LRT_ROOMS_ARCHIVE_USED ${LRT_ROOMS_ARCHIVE})
endif()
target_link_libraries(litert_python PRIVATE ${LRT_ROOMS_ARCHIVE_USED} Threads::Threads m)
target_link_options(litert_python PRIVATE -Wl,--gc-sections -Wl,--exclude-libs,ALL)
set_target_properties(litert_python PROPERTIES PREFIX "" OUTPUT_NAME _core SUFFIX .abi3.so
  LINK_DEPENDS ${LRT_ROOMS_ARCHIVE_USED})
install(TARGETS litert_python LIBRARY DESTINATION litert COMPONENT python)
