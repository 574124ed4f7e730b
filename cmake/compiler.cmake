# How every target is compiled: C++20, all warnings, warnings are errors, optional sanitizers.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_C_STANDARD 99)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_C_VISIBILITY_PRESET hidden)
set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
set(CMAKE_LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lib)
set(CMAKE_ARCHIVE_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lib)

set(MORTISE_SANITIZE "" CACHE STRING "Sanitizers for -fsanitize=, for example address,undefined")
option(MORTISE_BENCH "Build the benchmarks" OFF)
option(MORTISE_FUZZ "Build the fuzz targets (clang)" OFF)

add_library(mortise_options INTERFACE)
target_compile_options(mortise_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion -Werror
  $<$<COMPILE_LANGUAGE:CXX>:-Wnon-virtual-dtor -Woverloaded-virtual>
  # gcc 12 sees overflows in std::string where there are none (GCC PR 105651, 105329).
  $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict -Wno-stringop-overflow>
  # The macros of libseccomp are compound literals of C, some without their last member.
  $<$<CXX_COMPILER_ID:Clang>:-Wno-c99-extensions -Wno-missing-field-initializers>)

if(MORTISE_SANITIZE)
  # gcc 12 takes its own std::regex and std::function for uninitialized once they are instrumented (GCC PR 105562).
  add_compile_options($<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
  add_compile_options(-fsanitize=${MORTISE_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${MORTISE_SANITIZE})
  if(MORTISE_SANITIZE STREQUAL "thread" AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    add_compile_options(-Wno-tsan)  # it does not see fences; Boost.Asio has some, beside the locks that it does see
  endif()
endif()

find_package(Threads REQUIRED)
enable_testing()
