# A room is one folder of src/, one static library, and the only includes it can see are those of the rooms it names.
#
#   mortise_room(data
#     SOURCES value_json.cc table.cc     # *.cc, without tests
#     TESTS   value_json_test.cc         # doctest cases; they become bin/tests/data_test and one ctest each
#     ROOMS   base os                    # rooms below; their headers become visible as "base/..."
#     LIBS    simdjson::simdjson)        # outside libraries, PUBLIC only if a header of the room needs them
#
# The include rule is enforced by construction: each room is reachable only through a folder of its own that holds one
# link with its name, and that folder is on the include path of those who link the room.

function(_mortise_room_include name folder out)
  set(root ${CMAKE_BINARY_DIR}/rooms/${name})
  get_filename_component(parent ${root}/${folder} DIRECTORY)
  file(MAKE_DIRECTORY ${parent})
  file(CREATE_LINK ${CMAKE_SOURCE_DIR}/src/${folder} ${root}/${folder} SYMBOLIC)
  set(${out} ${root} PARENT_SCOPE)
endfunction()

function(mortise_room name)
  cmake_parse_arguments(ROOM "" "FOLDER" "SOURCES;TESTS;ROOMS;LIBS;PRIVATE_LIBS" ${ARGN})
  if(NOT ROOM_FOLDER)
    set(ROOM_FOLDER ${name})
  endif()
  _mortise_room_include(${name} ${ROOM_FOLDER} include_root)

  set(target mortise_${name})
  add_library(${target} STATIC ${ROOM_SOURCES})
  target_include_directories(${target} PUBLIC ${include_root})
  list(TRANSFORM ROOM_ROOMS PREPEND mortise_ OUTPUT_VARIABLE rooms)
  target_link_libraries(${target}
    PUBLIC mortise_headers ${rooms} ${ROOM_LIBS} Threads::Threads
    PRIVATE mortise_options ${ROOM_PRIVATE_LIBS})

  if(ROOM_TESTS)
    add_executable(${name}_test ${ROOM_TESTS})
    target_link_libraries(${name}_test PRIVATE ${target} mortise_options mortise_doctest_main ${ROOM_PRIVATE_LIBS})
    set_target_properties(${name}_test PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin/tests)
    add_test(NAME unit.${name} COMMAND ${name}_test WORKING_DIRECTORY ${CMAKE_BINARY_DIR})
    set_tests_properties(unit.${name} PROPERTIES TIMEOUT 300)
  endif()
endfunction()

# Another name of the program, beside it: whoever is started under it runs the words that belong to it (cli/guests.h).
include(GNUInstallDirs)
function(mortise_program_name name)
  file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
  file(CREATE_LINK mortise ${CMAKE_BINARY_DIR}/bin/${name} SYMBOLIC)
  install(FILES ${CMAKE_BINARY_DIR}/bin/${name} DESTINATION ${CMAKE_INSTALL_BINDIR})
endfunction()

# The main function of every doctest binary, compiled once.
file(WRITE ${CMAKE_BINARY_DIR}/rooms/doctest_main.cc
  "#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN\n#include <doctest/doctest.h>\n")
add_library(mortise_doctest_main STATIC ${CMAKE_BINARY_DIR}/rooms/doctest_main.cc)
