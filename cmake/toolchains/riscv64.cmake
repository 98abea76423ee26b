# For 64-bit RISC-V, with Debian's cross compiler. Debian 12 has no libraries for it:
# tools/riscv64_libraries builds those that the tests need. Programs run under qemu.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR riscv64)
set(CMAKE_CXX_COMPILER riscv64-linux-gnu-g++)
set(CMAKE_C_COMPILER riscv64-linux-gnu-gcc)
include_directories(SYSTEM ${CMAKE_CURRENT_LIST_DIR}/../../build/riscv64_libraries/include)
link_directories(${CMAKE_CURRENT_LIST_DIR}/../../build/riscv64_libraries/lib)
set(CMAKE_CROSSCOMPILING_EMULATOR qemu-riscv64 -L /usr/riscv64-linux-gnu)
# Atomics smaller than a word are calls into a library there.
set(CMAKE_CXX_STANDARD_LIBRARIES "-latomic")
