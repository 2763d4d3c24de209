# Installs the libraries, the public headers and the package that find_package(lanner) reads.
# The Python module is a component of its own ("python"), so that a wheel takes that and nothing else.
include(CMakePackageConfigHelpers)

set(lanner_package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/lanner)

install(DIRECTORY ${PROJECT_SOURCE_DIR}/cpp/include/lanner
    DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
    COMPONENT development
    FILES_MATCHING PATTERN "*.hpp" PATTERN "*.h")

set(lanner_installed lanner)
if(LANNER_BUILD_C)
    list(APPEND lanner_installed lanner_c)
endif()
install(TARGETS ${lanner_installed} EXPORT lannerTargets
    ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT development
    LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT development
    RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT development)
install(EXPORT lannerTargets
    NAMESPACE lanner::
    DESTINATION ${lanner_package_dir}
    COMPONENT development)

configure_package_config_file(
    ${CMAKE_CURRENT_LIST_DIR}/lannerConfig.cmake.in
    ${PROJECT_BINARY_DIR}/lannerConfig.cmake
    INSTALL_DESTINATION ${lanner_package_dir})
# Before 1.0 a minor version may break its callers.
write_basic_package_version_file(
    ${PROJECT_BINARY_DIR}/lannerConfigVersion.cmake
    COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/lannerConfig.cmake ${PROJECT_BINARY_DIR}/lannerConfigVersion.cmake
    DESTINATION ${lanner_package_dir}
    COMPONENT development)
