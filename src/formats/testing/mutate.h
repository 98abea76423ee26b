// Damages model files as accidents and attackers do, by a seed.
#pragma once

#include <algorithm>
#include <array>
#include <cstring>
#include <string>

#include "base/rng.h"
#include "formats/testing/gguf_bytes.h"

namespace linnet::testing {

// Counts, sizes and offsets at which arithmetic goes wrong.
inline uint64_t awkward(Rng& rng) {
    constexpr uint64_t one = 1;
    constexpr std::array<uint64_t, 8> edges = {0,         one << 7,  one << 16, one << 31,
                                               one << 32, one << 61, one << 63, ~uint64_t{0}};
    uint64_t edge = edges[rng.below(edges.size())];
    return edge + rng.below(5) - 2;
}

enum class Damage { BitFlips, Truncation, HugeNumber, Digits, Block, Growth };
inline constexpr size_t damages = 6;

// One kind of damage. `header` is how far it should look for numbers to change.
inline std::string damaged(std::string bytes, Damage how, size_t header, Rng& rng) {
    if (bytes.empty()) return bytes;
    header = std::min(header, bytes.size());
    auto place = [&](size_t within) { return static_cast<size_t>(rng.below(within)); };
    switch (how) {
        case Damage::BitFlips:
            for (uint64_t left = 1 + rng.below(8); left > 0; left--)
                bytes[place(header)] ^= static_cast<char>(1u << rng.below(8));
            break;
        case Damage::Truncation:
            bytes.resize(place(bytes.size()));
            break;
        case Damage::HugeNumber: {  // binary: a count, length, type or offset
            uint64_t value = awkward(rng);
            size_t at = place(header);
            size_t width = std::min<size_t>(rng.below(2) ? 8 : 4, bytes.size() - at);
            std::memcpy(bytes.data() + at, &value, width);
            break;
        }
        case Damage::Digits: {  // text: a number of a JSON header
            size_t at = bytes.find_first_of("0123456789", 8 + place(header));
            if (at >= header) break;
            size_t end = bytes.find_first_not_of("0123456789", at);
            bytes.replace(at, (end == bytes.npos ? bytes.size() : end) - at,
                          std::to_string(awkward(rng)));
            break;
        }
        case Damage::Block: {  // one piece over another: names twice, tensors that overlap
            size_t length = 1 + place(std::min<size_t>(64, bytes.size()));
            size_t from = place(bytes.size() - length + 1), to = place(bytes.size() - length + 1);
            std::memmove(bytes.data() + to, bytes.data() + from, length);
            break;
        }
        case Damage::Growth:
            bytes.insert(place(header), std::string(1 + place(40), static_cast<char>(rng.next())));
            break;
    }
    return bytes;
}

inline std::string mutated(const std::string& bytes, size_t header, Rng& rng) {
    std::string out = bytes;
    for (uint64_t left = 1 + rng.below(3); left > 0; left--)
        out = damaged(std::move(out), static_cast<Damage>(rng.below(damages)), header, rng);
    return out;
}

// A GGUF file whose parts are each right or, one time in eight, wrong.
inline std::string random_gguf(Rng& rng) {
    auto wrong = [&] { return rng.below(8) == 0; };
    GgufBytes file(wrong() ? static_cast<uint32_t>(awkward(rng))
                           : static_cast<uint32_t>(1 + rng.below(3)));
    for (uint64_t i = 0, count = rng.below(6); i < count; i++) {
        std::string key = wrong() ? "key 0" : cat("key ", i);
        auto items = static_cast<ValueType>(rng.below(wrong() ? 16 : 13));
        uint64_t length = rng.below(5);
        std::string body;
        for (uint64_t k = 0; k < length; k++)
            body += items == ValueType::String ? file.string("text")
                    : items == ValueType::Array
                        ? raw(uint32_t{0}) + file.length(1) + "x"
                        : std::string(value_type_of(uint32_t(items)) ? value_type_bytes(items) : 4,
                                      '\1');
        if (rng.below(2))
            file.array(key, items, wrong() ? awkward(rng) : length, body);
        else
            file.text(key, "value");
    }
    if (rng.below(4) == 0)
        file.number("general.alignment", wrong() ? static_cast<uint32_t>(awkward(rng)) : 32);
    uint64_t offset = 0;
    for (uint64_t i = 0, count = rng.below(6); i < count; i++) {
        std::vector<uint64_t> dims{32 * (1 + rng.below(3)), 1 + rng.below(4)};
        if (wrong()) dims[rng.below(2)] = awkward(rng);
        if (wrong()) dims.resize(rng.below(7), 1);
        file.tensor(
            wrong() ? "tensor 0" : cat("tensor ", i), dims,
            wrong() ? static_cast<uint32_t>(rng.below(50)) : static_cast<uint32_t>(rng.below(2)),
            wrong() ? awkward(rng) : offset);
        offset += 4 * 96 * 4;
    }
    if (wrong()) file.claimed_tensors = awkward(rng);
    if (wrong()) file.claimed_entries = awkward(rng);
    return file.data(wrong() ? offset / 2 : offset, 'd').build();
}

}  // namespace linnet::testing
