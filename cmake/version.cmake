# Writes linnet_version.h, only when it changes. Outside of a git checkout the commit is empty.
find_program(GIT git)
set(commit "")
set(date "")
if(GIT)
  execute_process(COMMAND ${GIT} -C ${SOURCE} describe --always --dirty --abbrev=12 --exclude=*
    OUTPUT_VARIABLE commit OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  execute_process(COMMAND ${GIT} -C ${SOURCE} log -1 --format=%cs
    OUTPUT_VARIABLE date OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
endif()
if(NOT date)
  string(TIMESTAMP date "%Y-%m-%d" UTC)  # man pages want one; SOURCE_DATE_EPOCH is honoured
endif()
file(CONFIGURE OUTPUT ${OUT} @ONLY CONTENT [[#pragma once
#define LINNET_VERSION "@VERSION@"
#define LINNET_COMMIT "@commit@"
#define LINNET_DATE "@date@"
#define LINNET_COMPILER "@COMPILER@"
#define LINNET_BUILD_TYPE "@BUILD_TYPE@"
]])
