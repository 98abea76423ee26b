// The decoders that the table in dtype.cc points at, one file each beside this one.
#pragma once

#include <cstddef>

namespace linnet::codec {

void f32(const std::byte* blocks, float* out, size_t values);
void f16(const std::byte* blocks, float* out, size_t values);
void bf16(const std::byte* blocks, float* out, size_t values);

}  // namespace linnet::codec
