// A GGUF file put together by hand, so that tests can make any part of it wrong.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "formats/metadata.h"

namespace linnet::testing {

template <class T>
std::string raw(T value) {
    return std::string(as_text(std::as_bytes(std::span(&value, 1))));
}

class GgufBytes {
  public:
    explicit GgufBytes(uint32_t version = 3) : version_(version) {}

    // Where set, stands in the header instead of the true count.
    std::optional<uint64_t> claimed_tensors, claimed_entries;

    std::string length(uint64_t value) const {
        return version_ == 1 ? raw(static_cast<uint32_t>(value)) : raw(value);
    }
    std::string string(std::string_view text) const {
        return length(text.size()) + std::string(text);
    }
    // A key, the number of its value's type, and the value's bytes.
    GgufBytes& entry(std::string_view key, uint32_t type, const std::string& value) {
        entries_ += string(key) + raw(type) + value;
        entry_count_++;
        return *this;
    }
    GgufBytes& text(std::string_view key, std::string_view value) {
        return entry(key, static_cast<uint32_t>(ValueType::String), string(value));
    }
    GgufBytes& number(std::string_view key, uint32_t value) {
        return entry(key, static_cast<uint32_t>(ValueType::Uint32), raw(value));
    }
    GgufBytes& array(std::string_view key, ValueType items, uint64_t count,
                     const std::string& bytes) {
        return entry(key, static_cast<uint32_t>(ValueType::Array),
                     raw(static_cast<uint32_t>(items)) + length(count) + bytes);
    }
    // Dimensions innermost first, as in the file.
    GgufBytes& tensor(std::string_view name, const std::vector<uint64_t>& dims, uint32_t type,
                      uint64_t offset) {
        tensors_ += string(name) + raw(static_cast<uint32_t>(dims.size()));
        for (uint64_t dim : dims) tensors_ += length(dim);
        tensors_ += raw(type) + raw(offset);
        tensor_count_++;
        return *this;
    }
    GgufBytes& data(uint64_t bytes, char fill = '\0') {
        data_ += std::string(bytes, fill);
        return *this;
    }

    std::string build(uint64_t alignment = 32) const {
        std::string out = "GGUF" + raw(version_) + length(claimed_tensors.value_or(tensor_count_)) +
                          length(claimed_entries.value_or(entry_count_)) + entries_ + tensors_;
        if (!data_.empty()) out.resize(*checked_align(out.size(), alignment), '\0');
        return out + data_;
    }

  private:
    uint32_t version_;
    std::string entries_, tensors_, data_;
    uint64_t entry_count_ = 0, tensor_count_ = 0;
};

}  // namespace linnet::testing
