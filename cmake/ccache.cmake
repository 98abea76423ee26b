# A compiler cache where there is one; nothing depends on it.
find_program(LINNET_CCACHE ccache)
if(LINNET_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${LINNET_CCACHE})
endif()
