// Hashing of short byte strings for the tables of this module.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

namespace linnet {

inline uint64_t mix_hash(uint64_t a, uint64_t b) {
    __extension__ using Wide = unsigned __int128;
    Wide product = static_cast<Wide>(a ^ 0x9E3779B97F4A7C15u) * (b ^ 0xD6E8FEB86659FD93u);
    return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

inline uint64_t hash_bytes(std::string_view text, uint64_t seed) {
    uint64_t hash = mix_hash(seed, text.size());
    size_t at = 0;
    for (; at + 8 <= text.size(); at += 8) {
        uint64_t word = 0;
        std::memcpy(&word, text.data() + at, 8);
        hash = mix_hash(hash, word);
    }
    uint64_t rest = 0;
    std::memcpy(&rest, text.data() + at, text.size() - at);
    return mix_hash(hash, rest);
}

}  // namespace linnet
