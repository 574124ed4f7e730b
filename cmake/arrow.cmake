# Arrow C++ out of the pyarrow wheel in .venv, for plugins/ only: include this in plugins/CMakeLists.txt.
#
#   Arrow::arrow    arrays, tables, IO, IPC, file systems, CSV and JSON readers, CSV writer, ORC, and the compute
#                   registry with cast, filter, take and their like
#   Arrow::compute  the other kernels (arithmetic, aggregates, strings, time): call arrow::compute::Initialize() once;
#                   libarrow_compute.so
#   Arrow::parquet  reads and writes Parquet; libparquet.so
#
#   mortise_link_arrow(TARGET Arrow::arrow ...)   links them, and lets TARGET find them when it runs: first by a path
#                   relative to itself (the repository may move), then by the absolute one (a copy of the plugin in
#                   a package store may lie anywhere). Call it after TARGET's output directory is set.
#
# The targets are seen in plugins/ and below and nowhere else, because imported targets belong to the directory that
# includes this file; host and worker cannot link Arrow even by mistake. docs/decisions/002 says why a wheel.

if(NOT CMAKE_CURRENT_SOURCE_DIR MATCHES "/plugins(/|$)")
  message(FATAL_ERROR "cmake/arrow.cmake is for plugins/ only; the host and the worker link no Arrow")
endif()

cmake_path(SET _root NORMALIZE "${CMAKE_CURRENT_LIST_DIR}/..")
file(GLOB MORTISE_ARROW_DIR "${_root}/.venv/lib/python3.*/site-packages/pyarrow")
list(LENGTH MORTISE_ARROW_DIR _found)
if(NOT _found EQUAL 1)
  message(FATAL_ERROR "no Arrow C++ in .venv (found ${_found} pyarrow packages); run tools/setup")
endif()

# Libraries carry the version in their names and the wheel has no plain names, so they are linked by full path.
file(STRINGS "${MORTISE_ARROW_DIR}/include/arrow/util/config.h" _so REGEX "define ARROW_SO_VERSION")
string(REGEX REPLACE ".*\"(.*)\".*" "\\1" _so "${_so}")

# mortise_import_arrow(NAME FILE DEPENDENCY...)
function(mortise_import_arrow name file)
  set(path "${MORTISE_ARROW_DIR}/${file}.so.${_so}")
  if(NOT EXISTS "${path}")
    message(FATAL_ERROR "${path} is missing; remove .venv and run tools/setup")
  endif()
  set_property(GLOBAL APPEND PROPERTY MORTISE_ARROW_FILES ${path})
  add_library(Arrow::${name} SHARED IMPORTED)
  set_target_properties(Arrow::${name} PROPERTIES
    IMPORTED_LOCATION "${path}"
    INTERFACE_INCLUDE_DIRECTORIES "${MORTISE_ARROW_DIR}/include"
    INTERFACE_COMPILE_FEATURES cxx_std_20
    INTERFACE_LINK_LIBRARIES "${ARGN}")
endfunction()

mortise_import_arrow(arrow libarrow)
mortise_import_arrow(compute libarrow_compute Arrow::arrow)
mortise_import_arrow(parquet libparquet Arrow::arrow)

function(mortise_link_arrow target)
  get_target_property(directory ${target} LIBRARY_OUTPUT_DIRECTORY)
  get_target_property(type ${target} TYPE)
  if(type STREQUAL "EXECUTABLE")
    get_target_property(directory ${target} RUNTIME_OUTPUT_DIRECTORY)
  endif()
  if(NOT directory)
    set(directory "${CMAKE_CURRENT_BINARY_DIR}")
  endif()
  cmake_path(RELATIVE_PATH MORTISE_ARROW_DIR BASE_DIRECTORY "${directory}" OUTPUT_VARIABLE relative)
  set_property(TARGET ${target} APPEND PROPERTY BUILD_RPATH "$ORIGIN/${relative}")
  target_link_libraries(${target} PUBLIC ${ARGN})
endfunction()
