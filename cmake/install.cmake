# install.cmake: what goes below the prefix: library, headers, command, CMake package, pkg-config file.
# SPDX-License-Identifier: Apache-2.0
include(CMakePackageConfigHelpers)

set(LRT_INSTALL_TARGETS litert)
if(LRT_STATIC)
  list(APPEND LRT_INSTALL_TARGETS litert_static)
endif()
if(TARGET tensorflowlite_c)
  list(APPEND LRT_INSTALL_TARGETS tensorflowlite_c)
endif()
if(TARGET litert_command)
  list(APPEND LRT_INSTALL_TARGETS litert_command)
endif()
# Everything that is installed, without tests and bench.
add_custom_target(product DEPENDS ${LRT_INSTALL_TARGETS})
install(TARGETS ${LRT_INSTALL_TARGETS} EXPORT litert-targets
  RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR}
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY ${CMAKE_SOURCE_DIR}/include/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.h")

set(LRT_CMAKE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/litert)
install(EXPORT litert-targets NAMESPACE litert:: DESTINATION ${LRT_CMAKE_DIR})
configure_package_config_file(${CMAKE_SOURCE_DIR}/cmake/litert-config.cmake.in
  ${CMAKE_BINARY_DIR}/litert-config.cmake INSTALL_DESTINATION ${LRT_CMAKE_DIR})
# Before 1.0 a minor version may change the interface.
write_basic_package_version_file(${CMAKE_BINARY_DIR}/litert-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/litert-config.cmake ${CMAKE_BINARY_DIR}/litert-config-version.cmake
  DESTINATION ${LRT_CMAKE_DIR})

# The prefix is told from the place of the file, so an installed tree may be moved.
file(RELATIVE_PATH LRT_PC_TO_PREFIX /prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig /prefix)
configure_file(${CMAKE_SOURCE_DIR}/cmake/litert.pc.in ${CMAKE_BINARY_DIR}/litert.pc @ONLY)
install(FILES ${CMAKE_BINARY_DIR}/litert.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
