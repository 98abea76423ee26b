# module(<name> [deps...] [PRIVATE libs...])
#
# A folder is a library. It may use only modules that stand above it in src/CMakeLists.txt, and only
# those it names: each module has an include root of its own that shows nothing else, so an
# undeclared include does not compile. PRIVATE names third-party libraries, which stay out of every
# header.
#
# Files in the folder are in the module: x.cc the product, x_test.cc its tests (one program a
# module), x_bench.cc a Google Benchmark program, x_fuzz.cc a fuzz target.
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
  target_link_libraries(${name}
    PUBLIC ${ARG_UNPARSED_ARGUMENTS}
    PRIVATE ${ARG_PRIVATE} linnet_options)
  set_target_properties(${name} PROPERTIES LINNET_DEPS "${ARG_UNPARSED_ARGUMENTS}")
  set_property(GLOBAL APPEND PROPERTY LINNET_MODULES ${name})

  if(LINNET_TESTS)
    lone_headers(${name})
    if(tests)
      unit_test(${name} ${tests})
    endif()
    foreach(fuzz IN LISTS fuzzs)
      fuzzer(${name} ${fuzz})
    endforeach()
  endif()
  foreach(bench IN LISTS benchs)
    benchmark_program(${name} ${bench})
  endforeach()
endfunction()

function(unit_test module)
  set(tests ${ARGN})
  if(NOT rapidcheck_FOUND)
    foreach(test IN LISTS tests)
      file(STRINGS ${test} property REGEX "#include <rapidcheck" LIMIT_COUNT 1)
      if(property)
        message(STATUS "left out, for want of RapidCheck: ${test}")
        list(REMOVE_ITEM tests ${test})
      endif()
    endforeach()
  endif()
  add_executable(${module}_test ${tests})
  target_link_libraries(${module}_test PRIVATE ${module} linnet_options GTest::gtest_main)
  if(rapidcheck_FOUND)
    target_link_libraries(${module}_test PRIVATE rapidcheck rapidcheck_gtest)
  endif()
  add_test(NAME ${module} COMMAND ${module}_test)
  set_tests_properties(${module} PROPERTIES TIMEOUT 600 LABELS unit
    ENVIRONMENT "LINNET_SOURCE=${CMAKE_SOURCE_DIR}")
endfunction()

# Every header stands alone: x.cc shows it for x.h by including it first (tidy sees to that), and
# headers without such a file are compiled here, each by itself.
function(lone_headers module)
  file(GLOB_RECURSE headers RELATIVE ${CMAKE_CURRENT_SOURCE_DIR} CONFIGURE_DEPENDS ${module}/*.h)
  set(units)
  foreach(header IN LISTS headers)
    cmake_path(REPLACE_EXTENSION header cc OUTPUT_VARIABLE source)
    if(NOT EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/${source})
      set(unit ${CMAKE_CURRENT_BINARY_DIR}/headers/${source})
      file(CONFIGURE OUTPUT ${unit} CONTENT "#include \"${header}\"\n")
      list(APPEND units ${unit})
    endif()
  endforeach()
  if(units)
    add_library(${module}_headers OBJECT ${units})
    target_link_libraries(${module}_headers PRIVATE ${module} linnet_options GTest::gtest)
  endif()
endfunction()

# A fuzz target. With LINNET_FUZZ it is libFuzzer's, and its test fuzzes for LINNET_FUZZ_SECONDS and
# keeps what it finds in the build folder; without, it replays tests/fuzz/<target>/.
function(fuzzer module source)
  cmake_path(GET source STEM target)
  add_executable(${target} ${source})
  target_link_libraries(${target} PRIVATE ${module} linnet_options)
  set(corpus ${CMAKE_SOURCE_DIR}/tests/fuzz/${target})
  if(LINNET_FUZZ)
    target_link_options(${target} PRIVATE -fsanitize=fuzzer)
    set(finds ${CMAKE_BINARY_DIR}/fuzz/${target})
    file(MAKE_DIRECTORY ${finds})
    add_test(NAME ${target} COMMAND ${target}
      -max_total_time=${LINNET_FUZZ_SECONDS}
      -timeout=20 -artifact_prefix=${finds}- ${finds} ${corpus})
    math(EXPR timeout "${LINNET_FUZZ_SECONDS} + 600")
  else()
    target_sources(${target} PRIVATE ${CMAKE_SOURCE_DIR}/src/base/testing/fuzz_main.cc)
    add_test(NAME ${target} COMMAND ${target} ${corpus})
    set(timeout 600)
  endif()
  set_tests_properties(${target} PROPERTIES TIMEOUT ${timeout} LABELS fuzz)
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
  if(NOT TARGET benchmarks)
    add_custom_target(benchmarks)
  endif()
  add_dependencies(benchmarks ${target})
endfunction()
