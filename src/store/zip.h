// The directory of a zip archive, such as a Python wheel, read from its last bytes, so that one
// member can be fetched without the rest. Strangers wrote it: every offset is checked.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace linnet {

struct ZipDirectory {
    uint64_t offset = 0;
    uint64_t bytes = 0;
    uint64_t entries = 0;
};

struct ZipEntry {
    std::string name;
    uint64_t header_offset = 0;
    uint64_t packed_bytes = 0;
    uint64_t bytes = 0;
    uint32_t crc32 = 0;
    bool deflated = false;  // else stored
};

// The last so many bytes hold the end record whatever comment follows it.
inline constexpr uint64_t zip_tail_bytes = 65'535 + 22 + 20 + 56;
inline constexpr uint64_t zip_directory_bytes_max = 64'000'000;
inline constexpr uint64_t zip_header_bytes = 30;  // the fixed part in front of each member

// Where the directory lies. `tail`: the last bytes of a file of `file_bytes`.
Result<ZipDirectory> find_zip_directory(Bytes tail, uint64_t file_bytes);
// The one entry of that name. NotFound; BadInput where it occurs twice, is encrypted, packed in a
// way that is not read here, or cannot lie where the directory says.
Result<ZipEntry> find_zip_entry(Bytes directory, const ZipDirectory& place, std::string_view name);
// Where the packed bytes of an entry begin. `header`: the zip_header_bytes at its header_offset.
Result<uint64_t> zip_data_offset(Bytes header, const ZipEntry& entry, const ZipDirectory& place);

}  // namespace linnet
