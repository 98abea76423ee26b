# Warnings are errors in our code; sanitizers and the fuzzer's coverage go to every target alike.
add_library(linnet_options INTERFACE)
target_compile_options(linnet_options INTERFACE
  -Wall -Wextra -Wshadow -Wconversion -Wno-sign-conversion -Werror
  -fno-math-errno -ffp-contract=off)   # contraction is a choice that kernels make by name, never the compiler
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  target_compile_options(linnet_options INTERFACE -Wthread-safety)
endif()
if(LINNET_SANITIZE)
  target_compile_options(linnet_options INTERFACE
    -fsanitize=${LINNET_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(linnet_options INTERFACE -fsanitize=${LINNET_SANITIZE})
endif()
if(LINNET_FUZZ)
  target_compile_options(linnet_options INTERFACE -fsanitize=fuzzer-no-link)
endif()
