// Rotary position embedding (Su et al. 2021, equation 34) with the scalings that models use.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace linnet {

// Which two values of a head turn together: (2i, 2i + 1), or (i, i + dims / 2). The same
// mathematics on permuted rows.
enum class RopePairs { Neighbours, Halves };

struct Rope {
    RopePairs pairs = RopePairs::Neighbours;
    std::vector<float> inverse_frequencies;  // radians per position of each pair; dims / 2 of them
    float magnitude = 1;                     // of the turned values (YaRN, longrope)
    // What longrope uses instead for all positions of a context longer than the original one; empty
    // elsewhere.
    std::vector<float> long_frequencies;
    uint32_t original_context = 0;

    size_t dims() const { return 2 * inverse_frequencies.size(); }

    // base^(-2i / dims), as every scaling starts.
    static std::vector<float> frequencies(size_t dims, float base);
    // Angles for one position: cosine and sine of each pair, interleaved (dims floats). `context`
    // is the positions that a sequence may have.
    void angles(uint32_t position, uint32_t context, float* out) const;
    // Turns the first dims() values of one head.
    void turn(float* head, const float* angles) const;
};

// What Llama 3.1 does to the frequencies: long waves slowed by `factor`, short ones kept, a ramp
// between.
struct Llama3Scaling {
    float factor = 1, low_frequency_factor = 1, high_frequency_factor = 4;
    float original_context = 8192;
};
void scale_llama3(std::vector<float>& inverse_frequencies, const Llama3Scaling& scaling);

// Peng et al. 2023: pairs that turn more than `fast` times within the original context are kept,
// those that turn less than `slow` times are slowed by `factor`, a ramp between.
struct YarnScaling {
    float factor = 1, base = 10000, fast = 32, slow = 1;
    float original_context = 8192;
    bool whole_pairs = true;  // the ramp begins and ends at a pair
};
void scale_yarn(std::vector<float>& inverse_frequencies, const YarnScaling& scaling);
// Equation 22's temperature, as a factor of the turned values.
float yarn_magnitude(float factor, float weight);

}  // namespace linnet
