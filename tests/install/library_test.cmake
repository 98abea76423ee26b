file(REMOVE_RECURSE ${WORK})
file(MAKE_DIRECTORY ${WORK})

# The library shows the functions that are listed, and all that the header declares are listed.
file(STRINGS ${SOURCE}/lib/linnet.symbols listed)
file(READ ${SOURCE}/lib/include/linnet/linnet.h header)
string(REGEX MATCHALL "LINNET_API [^;(]*linnet_[a-z_]+\\(" declared "${header}")
list(TRANSFORM declared REPLACE ".*(linnet_[a-z_]+)\\($" "\\1")
list(SORT declared)
execute_process(COMMAND ${NM} -D --defined-only --format=posix ${LIBRARY}
  OUTPUT_VARIABLE table COMMAND_ERROR_IS_FATAL ANY)
string(REGEX MATCHALL "[^\n]+\n" lines "${table}")
set(shown)
foreach(line IN LISTS lines)
  string(REGEX REPLACE "^([^ @]+).*" "\\1" symbol "${line}")
  if(NOT symbol STREQUAL "LINNET_1")
    list(APPEND shown ${symbol})
  endif()
endforeach()
list(SORT shown)
if(NOT "${declared}" STREQUAL "${listed}" OR NOT "${shown}" STREQUAL "${listed}")
  message(FATAL_ERROR
    "lib/linnet.symbols lists\n${listed}\nlinnet.h declares\n${declared}\nit shows\n${shown}")
endif()

# The examples by find_package.
execute_process(COMMAND ${CMAKE_COMMAND} --install ${BUILD} --prefix ${WORK}/prefix
  OUTPUT_QUIET COMMAND_ERROR_IS_FATAL ANY)
set(strict "-Wall -Wextra -Wpedantic -Werror")
execute_process(COMMAND ${CMAKE_COMMAND} -S ${SOURCE}/examples -B ${WORK}/build
  -D CMAKE_PREFIX_PATH=${WORK}/prefix -D CMAKE_C_COMPILER=${CC} -D CMAKE_CXX_COMPILER=${CXX}
  -D CMAKE_C_FLAGS=${strict} -D CMAKE_CXX_FLAGS=${strict} -D CMAKE_CXX_STANDARD=17
  OUTPUT_QUIET COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND ${CMAKE_COMMAND} --build ${WORK}/build
  OUTPUT_QUIET COMMAND_ERROR_IS_FATAL ANY)

# And by the compiler alone, told by pkg-config where there is one.
set(flags -I${WORK}/prefix/include -L${WORK}/prefix/${LIBDIR} -llinnet)
if(PKG_CONFIG)
  execute_process(COMMAND ${CMAKE_COMMAND} -E env
    PKG_CONFIG_PATH=${WORK}/prefix/${LIBDIR}/pkgconfig
    ${PKG_CONFIG} --cflags --libs linnet OUTPUT_VARIABLE flags COMMAND_ERROR_IS_FATAL ANY)
  string(STRIP "${flags}" flags)
  separate_arguments(flags UNIX_COMMAND "${flags}")
endif()
execute_process(COMMAND ${CC} -std=c11 ${SOURCE}/examples/c/ask.c -o ${WORK}/build/ask_plain
  ${flags} COMMAND_ERROR_IS_FATAL ANY)

execute_process(COMMAND ${WRITER} ${WORK}/tiny.gguf COMMAND_ERROR_IS_FATAL ANY)
foreach(program ask_c ask_cpp ask_plain)
  set(run ${CMAKE_COMMAND} -E env LD_LIBRARY_PATH=${WORK}/prefix/${LIBDIR}
    ${WORK}/build/${program})
  execute_process(COMMAND ${run} ${WORK}/tiny.gguf hello 9
    OUTPUT_VARIABLE ${program} COMMAND_ERROR_IS_FATAL ANY)
  if(NOT "${${program}}" MATCHES "[0-9]+ tokens asked, [1-9] answered\n$")
    message(FATAL_ERROR "${program} says: ${${program}}")
  endif()
  execute_process(COMMAND ${run} ${WORK}/absent.gguf hello
    RESULT_VARIABLE code ERROR_VARIABLE said)
  if(NOT code EQUAL 3 OR NOT said MATCHES "absent.gguf")
    message(FATAL_ERROR "${program}, without a model, ends with ${code}: ${said}")
  endif()
endforeach()
if(NOT ask_c STREQUAL ask_cpp OR NOT ask_c STREQUAL ask_plain)
  message(FATAL_ERROR "the programs hear other answers: ${ask_c} ${ask_cpp} ${ask_plain}")
endif()
