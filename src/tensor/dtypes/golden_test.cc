// Every codec against tests/golden/dtypes.txt, bit for bit; see make_dtypes.py there.
#include <gtest/gtest.h>

#include <bit>
#include <charconv>
#include <cmath>
#include <fstream>
#include <map>
#include <memory>
#include <set>
#include <sstream>

#include "base/rng.h"
#include "base/testing/data.h"
#include "tensor/dtype.h"

namespace linnet {
namespace {

uint64_t digest(const std::vector<uint32_t>& words) {
    uint64_t sum = 0;
    for (uint64_t i = 0; i < words.size(); i++) sum += scattered(words[i] + golden_ratio * (i + 1));
    return sum;
}

uint32_t bits_of(float value) {
    return std::isnan(value) ? 0x7FC00000 : std::bit_cast<uint32_t>(value);
}

std::vector<std::byte> random_blocks(uint64_t seed, size_t bytes) {
    std::vector<std::byte> out(bytes);
    for (size_t i = 0; i < bytes; i++)
        out[i] = static_cast<std::byte>(splitmix(seed, i / 8) >> 8 * (i % 8));
    return out;
}

// 24-bit integers, scaled by a power of two that a group shares.
std::vector<float> random_floats(uint64_t seed, size_t values, size_t group) {
    std::vector<float> out(values);
    for (size_t i = 0; i < values; i++) {
        int exponent = static_cast<int>(splitmix(seed, i / group * group) & 15) - 35;
        auto whole = static_cast<int>(splitmix(seed, i) >> 40) - (1 << 23);
        out[i] = std::ldexp(static_cast<float>(whole), exponent);
    }
    return out;
}

std::vector<std::byte> bytes_of_hex(std::string_view hex) {
    std::vector<std::byte> out(hex.size() / 2);
    for (size_t i = 0; i < out.size(); i++) {
        int value = 0;
        std::from_chars(hex.data() + 2 * i, hex.data() + 2 * i + 2, value, 16);
        out[i] = static_cast<std::byte>(value);
    }
    return out;
}

template <class T>
std::vector<T> values_of_hex(std::string_view hex) {
    std::vector<std::byte> bytes = bytes_of_hex(hex);
    std::vector<T> out(bytes.size() / sizeof(T));
    std::memcpy(out.data(), bytes.data(), bytes.size());
    return out;
}

// Buffers of exactly the size, so that a sanitizer sees a byte too much; the blocks at an odd
// address where `shift` is 1.
std::vector<uint32_t> decoded(const DType& type, Bytes blocks, size_t shift = 0) {
    size_t values = blocks.size() / type.block_bytes * type.block_values;
    auto input = std::make_unique<std::byte[]>(blocks.size() + shift);
    std::memcpy(input.get() + shift, blocks.data(), blocks.size());
    auto output = std::make_unique<float[]>(values);
    type.decode(input.get() + shift, output.get(), values);
    std::vector<uint32_t> bits(values);
    for (size_t i = 0; i < values; i++) bits[i] = bits_of(output[i]);
    return bits;
}

std::vector<std::byte> encoded(const DType& type, std::span<const float> floats, size_t shift = 0) {
    auto input = std::make_unique<float[]>(floats.size());
    std::memcpy(input.get(), floats.data(), floats.size_bytes());
    size_t bytes = *type.bytes_of(floats.size());
    auto output = std::make_unique<std::byte[]>(bytes + shift);
    type.encode(input.get(), output.get() + shift, floats.size());
    return {output.get() + shift, output.get() + shift + bytes};
}

std::vector<uint32_t> words_of(std::vector<std::byte> bytes) {
    bytes.resize((bytes.size() + 3) / 4 * 4);
    std::vector<uint32_t> out(bytes.size() / 4);
    std::memcpy(out.data(), bytes.data(), bytes.size());
    return out;
}

struct Line {
    std::string what;
    const DType* type;
    std::string first, second, third;
};

std::vector<Line> golden() {
    Path path = testing::source_folder() / "tests/golden/dtypes.txt";
    std::ifstream file(path);
    EXPECT_TRUE(file.is_open()) << path;
    std::vector<Line> lines;
    for (std::string text; std::getline(file, text);) {
        if (text.starts_with('#')) continue;
        std::istringstream words(text);
        Line line;
        std::string name;
        words >> line.what >> name >> line.first >> line.second >> line.third;
        line.type = dtype_named(name);
        EXPECT_NE(line.type, nullptr) << name;
        if (line.type) lines.push_back(line);
    }
    return lines;
}

TEST(DTypeGolden, EveryCodecHasOne) {
    std::set<std::pair<std::string, std::string_view>> seen;
    for (const Line& line : golden()) seen.emplace(line.what, line.type->name);
    for (const DType& type : dtypes()) {
        if (type.name == "f32") continue;
        EXPECT_EQ(seen.contains({"decode", type.name}), type.decode != nullptr) << type.name;
        EXPECT_EQ(seen.contains({"decode_many", type.name}), type.decode != nullptr) << type.name;
        EXPECT_EQ(seen.contains({"encode", type.name}), type.encode != nullptr) << type.name;
        EXPECT_EQ(seen.contains({"encode_many", type.name}), type.encode != nullptr) << type.name;
    }
}

TEST(DTypeGolden, SamplesDecode) {
    for (const Line& line : golden()) {
        if (line.what != "decode") continue;
        std::vector<std::byte> blocks = bytes_of_hex(line.first);
        std::vector<uint32_t> expected = values_of_hex<uint32_t>(line.second);
        for (size_t shift : {0, 1})
            EXPECT_EQ(decoded(*line.type, blocks, shift), expected) << line.type->name;
    }
}

TEST(DTypeGolden, SamplesEncode) {
    for (const Line& line : golden()) {
        if (line.what != "encode") continue;
        std::vector<float> floats = values_of_hex<float>(line.first);
        for (size_t shift : {0, 1})
            EXPECT_EQ(encoded(*line.type, floats, shift), bytes_of_hex(line.second))
                << line.type->name;
    }
}

TEST(DTypeGolden, ManyRandomBlocks) {
    for (const Line& line : golden()) {
        if (!line.what.ends_with("_many")) continue;
        const DType& type = *line.type;
        uint64_t seed = std::stoull(line.first);
        size_t blocks = std::stoull(line.second);
        uint64_t expected = std::stoull(line.third, nullptr, 16);
        size_t values = blocks * type.block_values;
        uint64_t found =
            line.what == "decode_many"
                ? digest(decoded(type, random_blocks(seed, blocks * type.block_bytes)))
                : digest(words_of(encoded(type, random_floats(seed, values, type.block_values))));
        EXPECT_EQ(found, expected) << line.what << " " << type.name;
    }
}

}  // namespace
}  // namespace linnet
