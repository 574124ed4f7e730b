# Plugins for tests: each is one source file whose first line says what it does; the manifest is made from it.
#
#   one_file_plugin(Rogue rogues rogues/native/aborts.cc)                 -> ${CMAKE_BINARY_DIR}/rogues/aborts, id Rogue.aborts
#   one_file_plugin(Rogue rogues rogues/python/aborts.py FILES tamper.py KEYS "\"timeout\": \"5s\"")

function(one_file_plugin type family source)
  cmake_parse_arguments(PLUGIN "" "KEYS" "FILES" ${ARGN})
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
  else()
    set(language c++)
    set(entry lib${family}_${name}.so)
    mortise_native_plugin(${family}_${name} SOURCES ${source} FOLDER ${CMAKE_BINARY_DIR}/${folder})
  endif()
  foreach(file ${PLUGIN_FILES})
    configure_file(${source_folder}/${file} ${CMAKE_BINARY_DIR}/${folder}/${file} COPYONLY)
  endforeach()

  file(STRINGS ${source} description LIMIT_COUNT 1)
  string(REGEX REPLACE "^[^A-Z]+" "" description "${description}")
  string(REPLACE "\"" "'" description "${description}")
  if(PLUGIN_KEYS)
    string(APPEND PLUGIN_KEYS ",\n  ")
  endif()
  file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/${folder}/manifest.json CONTENT [[{
  "name": "@type@.@name@",
  "version": "1.0.0",
  "author": "Mortise",
  "description": "@description@",
  "language": "@language@",
  "entry_point": "@entry@",
  "category": "test",
  @PLUGIN_KEYS@"extension_points": ["Data_Processing"]
}
]] @ONLY)
endfunction()
