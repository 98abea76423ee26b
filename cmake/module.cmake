# module(<name> [deps...] [PRIVATE libs...] [INCLUDES dirs...])
#
# A folder is a library. It may use only modules that stand above it in src/CMakeLists.txt, and only those it names:
# each module has an include root of its own that shows nothing else, so an undeclared include does not compile.
# PRIVATE names third-party libraries, which stay out of every header.
#
# Files in the folder are in the module: x.cc the product, x_test.cc its tests (one program a module),
# x_bench.cc a Google Benchmark program, x_fuzz.cc a fuzz target that also replays its corpus as a test.
function(module name)
  cmake_parse_arguments(ARG "" "" "PRIVATE" ${ARGN})
  if(LINNET_ONLY AND NOT name IN_LIST LINNET_ONLY)
    return()
  endif()
  foreach(dep IN LISTS ARG_UNPARSED_ARGUMENTS)
    if(NOT TARGET ${dep})
      message(FATAL_ERROR "${name} may only use modules above it; '${dep}' is not")
    endif()
  endforeach()

  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${name}/*.cc)
  foreach(kind test fuzz bench)
    set(${kind}s ${sources})
    list(FILTER ${kind}s INCLUDE REGEX "_${kind}\\.cc$")
  endforeach()
  list(FILTER sources EXCLUDE REGEX "(_(test|fuzz|bench)|/fuzz_main)\\.cc$")

  add_library(${name} STATIC ${sources})
  set(root ${CMAKE_BINARY_DIR}/include/${name})
  file(MAKE_DIRECTORY ${root})
  file(CREATE_LINK ${CMAKE_CURRENT_SOURCE_DIR}/${name} ${root}/${name} SYMBOLIC)
  target_include_directories(${name} PUBLIC ${root})
  target_link_libraries(${name} PUBLIC ${ARG_UNPARSED_ARGUMENTS} PRIVATE ${ARG_PRIVATE} linnet_options)

  if(LINNET_TESTS AND tests)
    add_executable(${name}_test ${tests})
    target_link_libraries(${name}_test PRIVATE ${name} linnet_options GTest::gtest_main rapidcheck rapidcheck_gtest)
    add_test(NAME ${name} COMMAND ${name}_test)
    set_tests_properties(${name} PROPERTIES TIMEOUT 600 LABELS unit
      ENVIRONMENT "LINNET_SOURCE=${CMAKE_SOURCE_DIR}")
  endif()
  if(LINNET_TESTS)
    foreach(fuzz IN LISTS fuzzs)
      fuzzer(${name} ${fuzz})
    endforeach()
  endif()
  foreach(bench IN LISTS benchs)
    benchmark_program(${name} ${bench})
  endforeach()
endfunction()

# A fuzz target. With LINNET_FUZZ it is libFuzzer's; otherwise a test that replays tests/fuzz/<target>/.
function(fuzzer module source)
  cmake_path(GET source STEM target)
  add_executable(${target} ${source})
  target_link_libraries(${target} PRIVATE ${module} linnet_options)
  set(corpus ${CMAKE_SOURCE_DIR}/tests/fuzz/${target})
  if(LINNET_FUZZ)
    target_link_options(${target} PRIVATE -fsanitize=fuzzer)
  else()
    target_sources(${target} PRIVATE ${CMAKE_SOURCE_DIR}/src/base/testing/fuzz_main.cc)
    add_test(NAME ${target} COMMAND ${target} ${corpus})
    set_tests_properties(${target} PROPERTIES TIMEOUT 600 LABELS fuzz)
  endif()
endfunction()

# Benchmarks are built when Google Benchmark is there, and never run by the tests.
function(benchmark_program module source)
  find_package(benchmark QUIET)
  if(NOT benchmark_FOUND OR LINNET_SANITIZE OR LINNET_FUZZ)
    return()
  endif()
  cmake_path(GET source STEM target)
  add_executable(${target} EXCLUDE_FROM_ALL ${source})
  target_link_libraries(${target} PRIVATE ${module} linnet_options benchmark::benchmark_main)
endfunction()
