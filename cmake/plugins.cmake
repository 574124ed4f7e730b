# A native plugin: one shared object, built from public headers only, that exports nothing but its entry point.
#
#   mortise_native_plugin(filter
#     SOURCES plugin.cc filter.cc
#     LIBS    mortise_plugin_lib)    # optional
#
# makes target `plugin_<name>` and the file `lib<name>.so` in ${CMAKE_BINARY_DIR}/plugins/<name>, next to a copy of
# `manifest.json` and the other FILES of the folder: a package as the host loads it. FOLDER puts it elsewhere.

file(WRITE ${CMAKE_BINARY_DIR}/plugin_exports.map "{ global: mortise_plugin_entry; local: *; };\n")

function(mortise_native_plugin name)
  cmake_parse_arguments(PLUGIN "" "FOLDER" "SOURCES;LIBS;FILES" ${ARGN})
  if(NOT PLUGIN_FOLDER)
    set(PLUGIN_FOLDER ${CMAKE_BINARY_DIR}/plugins/${name})
    set_property(GLOBAL APPEND PROPERTY MORTISE_FIRST_PARTY_PLUGINS ${name})
  endif()
  if(EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/manifest.json)
    list(APPEND PLUGIN_FILES manifest.json)
  endif()

  set(target plugin_${name})
  add_library(${target} MODULE ${PLUGIN_SOURCES})
  target_link_libraries(${target} PRIVATE mortise_headers mortise_options ${PLUGIN_LIBS} Threads::Threads)
  target_link_options(${target} PRIVATE LINKER:--version-script=${CMAKE_BINARY_DIR}/plugin_exports.map)
  if(NOT MORTISE_SANITIZE)  # a sanitizer's own symbols come from the program
    target_link_options(${target} PRIVATE LINKER:--no-undefined)
  endif()
  set_target_properties(${target} PROPERTIES
    OUTPUT_NAME ${name} PREFIX lib LIBRARY_OUTPUT_DIRECTORY ${PLUGIN_FOLDER})
  foreach(file ${PLUGIN_FILES})
    configure_file(${file} ${PLUGIN_FOLDER}/${file} COPYONLY)
  endforeach()
endfunction()
