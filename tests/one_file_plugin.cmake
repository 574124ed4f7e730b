# Plugins for tests: each is one source file whose first line says what it does; the manifest is made from it.
#
#   one_file_plugin(Rogue rogues native/aborts.cc)    is build/rogues/aborts with id Rogue.aborts
#   one_file_plugin(Rogue rogues python/never.py)     is build/rogues/never_py with id Rogue.never_py
#   one_file_plugin(Rogue rogues r/never.R)           is build/rogues/never_r with id Rogue.never_r
#
# PYTHON_FILES, relative to the source, go beside a plugin in Python. PERMISSIONS are those that its manifest asks for.

function(one_file_plugin type family source)
  cmake_parse_arguments(PLUGIN "" "" "PYTHON_FILES;PERMISSIONS" ${ARGN})
  list(TRANSFORM PLUGIN_PERMISSIONS REPLACE "(.+)" "\"\\1\"")
  list(JOIN PLUGIN_PERMISSIONS ", " permissions)
  get_filename_component(name ${source} NAME_WE)
  get_filename_component(extension ${source} EXT)
  get_filename_component(source_folder ${CMAKE_CURRENT_SOURCE_DIR}/${source} DIRECTORY)
  set(folder ${family}/${name})
  if(extension STREQUAL ".py")
    set(folder ${folder}_py)
    set(name ${name}_py)
    set(language python)
    set(entry plugin.py)
    configure_file(${source} ${CMAKE_BINARY_DIR}/${folder}/plugin.py COPYONLY)
    foreach(file ${PLUGIN_PYTHON_FILES})
      get_filename_component(file_name ${file} NAME)
      configure_file(${source_folder}/${file} ${CMAKE_BINARY_DIR}/${folder}/${file_name} COPYONLY)
    endforeach()
  elseif(extension STREQUAL ".R")
    set(folder ${folder}_r)
    set(name ${name}_r)
    set(language r)
    set(entry plugin.R)
    configure_file(${source} ${CMAKE_BINARY_DIR}/${folder}/plugin.R COPYONLY)
  else()
    set(language c++)
    set(entry lib${family}_${name}.so)
    mortise_native_plugin(${family}_${name} SOURCES ${source} FOLDER ${CMAKE_BINARY_DIR}/${folder})
  endif()
  file(STRINGS ${source} description LIMIT_COUNT 1)
  string(REPLACE "\\;" ";" description "${description}")
  string(REGEX REPLACE "^[^A-Z]+" "" description "${description}")
  string(REGEX REPLACE "\"+$" "" description "${description}")
  string(REPLACE "\"" "'" description "${description}")
  file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/${folder}/manifest.json CONTENT [[{
  "name": "@type@.@name@",
  "version": "1.0.0",
  "author": "Mortise",
  "description": "@description@",
  "language": "@language@",
  "entry_point": "@entry@",
  "category": "test",
  "permissions": [@permissions@],
  "extension_points": ["Data_Processing"]
}
]] @ONLY)
endfunction()
