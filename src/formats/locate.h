// Which files a path means. Internal to formats.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "formats/checkpoint.h"

namespace linnet {

// "model-00002-of-00003.gguf" is place 2 of 3 of "model".
struct PartName {
    std::string stem;
    uint64_t place = 0;  // from 1
    uint64_t count = 0;
};
std::optional<PartName> parse_part_name(std::string_view file_name, std::string_view extension);
std::string part_file_name(const PartName& part, std::string_view extension);

// The one file to open for a folder: a safetensors index, a safetensors file, or a GGUF file.
Result<Path> model_in_folder(const Path& folder);

// A safetensors index: which file holds which tensor.
struct ShardIndex {
    struct Entry {
        std::string_view tensor;
        uint32_t file;
    };
    MappedFile text;
    std::vector<std::string> files;  // plain names, in order of first mention
    std::vector<Entry> entries;
    std::deque<std::string> texts;
};
inline constexpr std::string_view index_ending = ".safetensors.index.json";
Result<ShardIndex> read_shard_index(const Path& path);

}  // namespace linnet
