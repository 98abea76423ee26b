// Random numbers from a seed: the same on every machine, and never for secrets.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>

namespace linnet {

// Half of splitmix64 (Steele, Lea and Flood 2014): neighbouring numbers become unlike ones.
constexpr uint64_t scattered(uint64_t x) {
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
    return x ^ (x >> 31);
}
inline constexpr uint64_t golden_ratio = 0x9E3779B97F4A7C15u;
// The draw at `place` (from 0) of the sequence that `seed` starts.
constexpr uint64_t splitmix(uint64_t seed, uint64_t place) {
    return scattered((place + 1) * golden_ratio + seed);
}

// xoshiro256** by Blackman and Vigna (2018), seeded by splitmix64. A copy continues on its own.
class Rng {
  public:
    explicit Rng(uint64_t seed) {
        for (uint64_t i = 0; i < 4; i++) state_[i] = splitmix(seed, i);
    }

    uint64_t next() {
        uint64_t out = rotate(state_[1] * 5, 7) * 9;
        uint64_t shifted = state_[1] << 17;
        state_[2] ^= state_[0];
        state_[3] ^= state_[1];
        state_[1] ^= state_[2];
        state_[0] ^= state_[3];
        state_[2] ^= shifted;
        state_[3] = rotate(state_[3], 45);
        return out;
    }

    // Below `bound`, without the bias of a remainder (Lemire 2019). REQUIRES: bound > 0.
    uint64_t below(uint64_t bound) {
        for (;;) {
            auto product = static_cast<unsigned __int128>(next()) * bound;
            auto low = static_cast<uint64_t>(product);
            if (low >= bound || low >= (0 - bound) % bound)
                return static_cast<uint64_t>(product >> 64);
        }
    }
    double uniform() { return static_cast<double>(next() >> 11) * 0x1p-53; }  // [0, 1)
    double normal() {  // Box-Muller; mean 0, deviation 1
        double radius = std::sqrt(-2 * std::log(1 - uniform()));
        return radius * std::cos(6.283185307179586 * uniform());
    }

    // What it goes on from; not all zero.
    using State = std::array<uint64_t, 4>;
    State state() const { return {state_[0], state_[1], state_[2], state_[3]}; }
    void restore(const State& state) { std::copy_n(state.begin(), 4, state_); }

  private:
    static uint64_t rotate(uint64_t x, int k) { return (x << k) | (x >> (64 - k)); }
    uint64_t state_[4];
};

}  // namespace linnet
