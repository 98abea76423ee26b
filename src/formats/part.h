// What one file holds, before files are put together to a Checkpoint. Internal to formats.
#pragma once

#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "formats/checkpoint.h"

namespace linnet {

// Far beyond real models (the largest have some 100,000 tensors), and small enough that what is
// kept per item stays under 64 MB whatever a file claims.
inline constexpr uint64_t tensors_max = 1 << 17;
inline constexpr uint64_t entries_max = 1 << 16;
inline constexpr uint64_t files_max = 1024;
inline constexpr size_t key_bytes_max = 65535;
inline constexpr size_t name_bytes_max = 1024;

struct Part {
    uint32_t version = 0;
    Metadata metadata;
    std::vector<Tensor> tensors;
    std::deque<std::string> texts;  // names and values that do not stand in the file as they read
};

Result<Part> read_gguf(Bytes file);
Result<Part> read_safetensors(Bytes file);

// "tensor 'x'", safe to print.
std::string tensor_text(std::string_view name);

// Places in `tensors` in the order of their data. An empty tensor comes before its neighbour.
std::vector<uint32_t> by_data(std::span<const Tensor> tensors);
Result<> refuse_overlaps(std::span<const Tensor> tensors);

}  // namespace linnet
