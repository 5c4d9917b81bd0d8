# The project's three target functions. Every library, program and test is made by one of them, so that warnings,
# sanitizers and include paths are set in one place.
add_library(hwf_options INTERFACE)
target_compile_options(hwf_options INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Werror -Werror=switch)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # GCC 12 and 13 see overlaps and overflows in `"text" + std::string` at -O3 where there are none (GCC bug 105651), the
  # more the more is inlined, and a read of a std::variant's or std::optional's unset alternative (bug 80635); sanitizers
  # watch for the real ones. What else an optimiser may come to suspect stops no user's build.
  target_compile_options(hwf_options INTERFACE -Wno-restrict -Wno-maybe-uninitialized)
  set(suspicions -Wno-stringop-overflow -Wno-stringop-overread -Wno-array-bounds -Wno-error)
  target_compile_options(hwf_options INTERFACE "$<$<CONFIG:Release>:${suspicions}>")
endif()
target_include_directories(hwf_options INTERFACE ${CMAKE_SOURCE_DIR})
# fmt as an archive of our own: Debian ships only the shared library, but hwf-runner and hwf-task are static, and every
# program starts faster without it.
add_library(hwf_fmt STATIC ${CMAKE_SOURCE_DIR}/cmake/fmt_archive.cpp)
target_include_directories(hwf_fmt SYSTEM PUBLIC $<TARGET_PROPERTY:fmt::fmt,INTERFACE_INCLUDE_DIRECTORIES>)

# What nearly all sources, and all tests, read: parsed once. Sources include what they use all the same; builds without
# it (release, aarch64, clang-tidy) say so if one does not.
function(hwf_use_headers name from)
  if(HWF_PCH)
    target_precompile_headers(${name} REUSE_FROM ${from})
  endif()
endfunction()

# A hundred programs are linked for the tests: lld takes a fifth of the time. What is installed is linked by the default.
find_program(HWF_LLD ld.lld)
if(HWF_LLD AND CMAKE_BUILD_TYPE STREQUAL "Debug")
  add_link_options(-fuse-ld=lld)
endif()

if(HWF_SANITIZE)
  # Lines are enough for its stack traces, and compile faster than all there is for a debugger.
  add_compile_options(-g1 -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
endif()
if(HWF_FUZZ)
  # libFuzzer is clang's, the code is GCC's: clang 14 cannot compile the ANTLR runtime's headers.
  add_compile_options(-fsanitize-coverage=trace-pc,trace-cmp)
  execute_process(COMMAND clang-14 -print-file-name=libclang_rt.fuzzer-x86_64.a OUTPUT_VARIABLE HWF_LIBFUZZER
                  OUTPUT_STRIP_TRAILING_WHITESPACE)
  if(NOT EXISTS "${HWF_LIBFUZZER}")
    message(FATAL_ERROR "libFuzzer is not there: `scripts/install-deps --tests` installs libclang-rt-14-dev")
  endif()
endif()

if(HWF_PCH)
  # Without a path of this checkout in them, so that ccache knows them again in another.
  set(headers <algorithm> <chrono> <filesystem> <functional> <map> <memory> <optional> <set> <string> <thread>
    <unordered_map> <utility> <variant> <vector> <fmt/format.h> <base/error.h> <base/json.h>)
  file(WRITE ${CMAKE_BINARY_DIR}/headers.cpp "")
  add_library(hwf_headers OBJECT ${CMAKE_BINARY_DIR}/headers.cpp)
  target_link_libraries(hwf_headers PRIVATE hwf_options hwf_fmt)
  target_precompile_headers(hwf_headers PRIVATE ${headers})
  add_library(hwf_test_headers OBJECT ${CMAKE_BINARY_DIR}/headers.cpp)
  target_link_libraries(hwf_test_headers PRIVATE hwf_options hwf_fmt GTest::gmock GTest::gtest)
  target_precompile_headers(hwf_test_headers PRIVATE ${headers} <gtest/gtest.h> <gmock/gmock.h>)
endif()

# Under HWF_UNITY eight sources are compiled as one: what they include is parsed once for all of them. The paths within
# are relative to the checkout, so that ccache knows them again in another (those of CMake's own UNITY_BUILD are not).
# APART are the sources that cannot share their unnamed namespace, or their flags, with others.
function(hwf_join_sources result name)
  cmake_parse_arguments(ARG "" "" "SOURCES;APART" ${ARGN})
  if(NOT HWF_UNITY)
    set(${result} ${ARG_SOURCES} PARENT_SCOPE)
    return()
  endif()
  set(sources ${ARG_APART})
  list(REMOVE_ITEM ARG_SOURCES "" ${ARG_APART})
  list(TRANSFORM ARG_SOURCES PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/)
  list(TRANSFORM ARG_SOURCES REPLACE "^${CMAKE_SOURCE_DIR}/(.*)$" "#include \"\\1\"")
  list(LENGTH ARG_SOURCES count)
  math(EXPR last "${count} - 1")
  foreach(first RANGE 0 ${last} 8)
    list(SUBLIST ARG_SOURCES ${first} 8 joined)
    list(JOIN joined "\n" text)
    set(file ${CMAKE_CURRENT_BINARY_DIR}/${name}_${first}.cpp)
    file(CONFIGURE OUTPUT ${file} CONTENT "${text}\n" @ONLY)
    list(APPEND sources ${file})
  endforeach()
  set(${result} ${sources} PARENT_SCOPE)
endfunction()

# hwf_add_library(NAME SOURCES a.cpp ... [DEPS lib ...] [TESTS a_test.cpp ...] [TEST_DEPS lib ...] [APART b.cpp ...])
# A static library, and one GoogleTest program NAME_test from the tests beside its sources.
function(hwf_add_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS;TESTS;TEST_DEPS;APART" ${ARGN})
  set(apart ${ARG_APART})
  list(FILTER apart EXCLUDE REGEX "_test\\.cpp$")
  hwf_join_sources(sources ${name} SOURCES ${ARG_SOURCES} APART ${apart})
  add_library(${name} STATIC ${sources})
  target_link_libraries(${name} PUBLIC hwf_options hwf_fmt ${ARG_DEPS})
  hwf_use_headers(${name} hwf_headers)
  if(ARG_TESTS AND NOT HWF_TOOLS_ONLY)
    set(apart ${ARG_APART})
    list(FILTER apart INCLUDE REGEX "_test\\.cpp$")
    hwf_join_sources(sources ${name}_test SOURCES ${ARG_TESTS} APART ${apart})
    add_executable(${name}_test ${sources})
    target_link_libraries(${name}_test PRIVATE ${name} ${ARG_TEST_DEPS} GTest::gmock GTest::gtest GTest::gtest_main)
    hwf_use_headers(${name}_test hwf_test_headers)
    gtest_discover_tests(${name}_test PROPERTIES TIMEOUT $<IF:$<BOOL:${HWF_SANITIZE}>,480,120>)
  endif()
endfunction()

# hwf_add_program(NAME SOURCES main.cpp ... [DEPS lib ...]): an executable in build/<preset>/bin.
function(hwf_add_program name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE hwf_options hwf_fmt ${ARG_DEPS})
  hwf_use_headers(${name} hwf_headers)
endfunction()

# hwf_add_fuzzer(NAME SOURCES x_fuzz.cpp [DEPS lib ...] CORPUS dir): under HWF_FUZZ a libFuzzer program; else a test
# NAME_replay that runs the same entry point over every file of the corpus.
function(hwf_add_fuzzer name)
  if(HWF_TOOLS_ONLY)
    return()
  endif()
  cmake_parse_arguments(ARG "" "CORPUS" "SOURCES;DEPS" ${ARGN})
  if(HWF_FUZZ)
    add_executable(${name} ${ARG_SOURCES} ${CMAKE_SOURCE_DIR}/tests/fuzz/gcc_coverage.cpp)
    target_link_libraries(${name} PRIVATE hwf_options hwf_fmt ${ARG_DEPS} ${HWF_LIBFUZZER})
    target_link_options(${name} PRIVATE -Wl,-z,muldefs)
    return()
  endif()
  add_executable(${name}_replay ${ARG_SOURCES} ${CMAKE_SOURCE_DIR}/tests/fuzz/replay_main.cpp)
  target_link_libraries(${name}_replay PRIVATE hwf_options hwf_fmt ${ARG_DEPS})
  hwf_use_headers(${name}_replay hwf_headers)
  add_test(NAME ${name}_replay COMMAND ${name}_replay ${ARG_CORPUS})
endfunction()
