# Warnings are errors with the compilers that are tested, and only warnings with those yet to come:
# nobody's first build should fail over a new opinion. Sanitizers and the fuzzer's coverage go to
# every target alike.
add_library(linnet_options INTERFACE)
target_compile_options(linnet_options INTERFACE
  -Wall -Wextra -Wshadow -Wconversion -Wno-sign-conversion
  -fno-math-errno
  -ffp-contract=off)   # contraction is a choice that kernels make by name, never the compiler

set(tested_GNU 12)
set(tested_Clang 19)
string(REGEX MATCH "^[0-9]+" compiler_major ${CMAKE_CXX_COMPILER_VERSION})
if(compiler_major IN_LIST tested_${CMAKE_CXX_COMPILER_ID})
  target_compile_options(linnet_options INTERFACE -Werror)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  # Deprecated is also what g++ 12's own library uses inside (std::stable_sort).
  target_compile_options(linnet_options INTERFACE
    -Wthread-safety -Wno-error=deprecated-declarations)
elseif(CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # It is wrong about every "text" + string (GCC bug 105651), and about optionals in variants.
  target_compile_options(linnet_options INTERFACE -Wno-restrict -Wno-maybe-uninitialized)
  if(CMAKE_SYSTEM_PROCESSOR STREQUAL "riscv64")
    # Without vector registers it packs bytes into words and gets them wrong (TQ1_0 at -O3).
    target_compile_options(linnet_options INTERFACE -fno-tree-slp-vectorize)
  endif()
endif()

if(LINNET_SANITIZE)
  target_compile_options(linnet_options INTERFACE
    -fsanitize=${LINNET_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(linnet_options INTERFACE -fsanitize=${LINNET_SANITIZE})
endif()
if(LINNET_FUZZ)
  target_compile_options(linnet_options INTERFACE -fsanitize=fuzzer-no-link)
endif()
