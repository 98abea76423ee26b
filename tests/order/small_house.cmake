# Builds a house of three modules with cmake/module.cmake, right once and then broken in each way.
# low and other stand at the bottom; middle names low; top names middle.

# write(<file> <line>...)
function(write file)
  list(JOIN ARGN "\n" text)
  file(WRITE ${BUILD}/house/${file} "${text}\n")
endfunction()

# house(<module lines> <includes of top>): a fresh house, configured and built. Sets `configured`,
# `built` (0 is success) and `said`.
function(house modules includes)
  file(REMOVE_RECURSE ${BUILD}/house)
  write(CMakeLists.txt
    "cmake_minimum_required(VERSION 3.25)"
    "project(house LANGUAGES CXX)"
    "set(CMAKE_CXX_STANDARD 20)"
    "include(${SOURCE}/cmake/warnings.cmake)"
    "include(${SOURCE}/cmake/module.cmake)"
    "add_subdirectory(src)")
  write(src/CMakeLists.txt ${modules})
  foreach(module low other middle)
    write(src/${module}/${module}.h "#pragma once" "int ${module}()\;")
    write(src/${module}/${module}.cc
      "#include \"${module}/${module}.h\"" "int ${module}() { return 0\; }")
  endforeach()
  write(src/top/top.cc ${includes} "int top() { return middle()\; }")

  execute_process(COMMAND ${CMAKE_COMMAND} -G Ninja -S ${BUILD}/house -B ${BUILD}/house/build
      -D CMAKE_CXX_COMPILER=${COMPILER}
    RESULT_VARIABLE configured OUTPUT_VARIABLE said ERROR_VARIABLE said)
  set(built "not tried")
  if(configured EQUAL 0)
    execute_process(COMMAND ${CMAKE_COMMAND} --build ${BUILD}/house/build
      RESULT_VARIABLE built OUTPUT_VARIABLE said ERROR_VARIABLE said)
  endif()
  foreach(result configured built said)
    set(${result} "${${result}}" PARENT_SCOPE)
  endforeach()
endfunction()

function(must_build what)
  if(NOT built EQUAL 0)
    message(FATAL_ERROR "${what} should build:\n${said}")
  endif()
  message(STATUS "${what} builds")
endfunction()

# must_fail(<what> <result> <regex>): it failed, and said why.
function(must_fail what result why)
  if(${result} EQUAL 0 OR NOT said MATCHES "${why}")
    message(FATAL_ERROR "${what} should fail for '${why}':\n${said}")
  endif()
  message(STATUS "${what} fails")
endfunction()

set(order "module(low)" "module(other)" "module(middle low)" "module(top middle)")

house("${order}" "#include \"middle/middle.h\"")
must_build("an include of a named module")

house("${order}" "#include \"middle/middle.h\";#include \"low/low.h\"")
must_build("an include of what a named module names")

house("${order}" "#include \"middle/middle.h\";#include \"other/other.h\"")
must_fail("an include of a module that is not named" ${built}
  "other/other.h.*(No such file|not found)")

house("module(low);module(other);module(top middle);module(middle low)" "")
must_fail("naming a module from further down the page" ${configured}
  "top may only use modules.*above.*middle")

house("module(low);module(other);module(middle low nothing);module(top middle)" "")
must_fail("naming a module that is not there" ${configured}
  "middle may only use modules.*above.*nothing")
