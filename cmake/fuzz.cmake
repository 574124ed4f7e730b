# Fuzzing: what outsiders send, sent by libFuzzer. Built with -DMORTISE_FUZZ=ON (preset fuzz), run by tools/fuzz-smoke.

if(MORTISE_FUZZ)
  add_custom_target(fuzzers)  # all of them, and nothing else
endif()

# mortise_fuzz(NAME SOURCE LIBS ...)   binary fuzz_NAME, seeds in tests/fuzz/corpus/NAME. Nothing without MORTISE_FUZZ.
function(mortise_fuzz name source)
  if(NOT MORTISE_FUZZ)
    return()
  endif()
  cmake_parse_arguments(FUZZ "" "" "LIBS" ${ARGN})
  add_executable(fuzz_${name} ${source})
  set_target_properties(fuzz_${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
  target_link_libraries(fuzz_${name} PRIVATE ${FUZZ_LIBS} mortise_options)
  target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
  add_dependencies(fuzzers fuzz_${name})
endfunction()
