// How much the columns of a model's matrices matter: the squares of what they were multiplied with,
// summed over a text. llama.cpp calls it an importance matrix; its files, GGUF and the older .dat,
// are read, and GGUF is written.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "base/json.h"
#include "formats/checkpoint.h"

namespace linnet {

struct Importance {
    struct Entry {
        std::string tensor;
        std::vector<float> sums;    // (matrices, columns): of a tensor of experts, one for each
        std::vector<float> counts;  // (matrices): how many products the sums are of
        // The mean of each column; ones for a matrix that was never used.
        std::vector<float> means() const;
    };
    std::vector<Entry> entries;  // by name
    std::vector<std::string> datasets;
    uint32_t chunks = 0;
    uint32_t chunk_tokens = 0;  // 0 where the file does not say

    // BadInput where it is no such file, or has sums that are no numbers.
    static Result<Importance> read(const Path& path);
    Result<> write(const Path& path) const;

    const Entry* find(std::string_view tensor) const;
};

// As a document, and back; BadInput where it is none.
Json importance_document(const Importance& importance);
Result<Importance> importance_of(const Json& document);

}  // namespace linnet
