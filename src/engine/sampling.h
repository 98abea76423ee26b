// How the next token is chosen from the model's logits.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "base/rng.h"

namespace linnet {

// What a request may ask for. The steps apply in the order of the members; each at its neutral
// value does nothing.
struct Sampling {
    std::vector<std::pair<int32_t, float>> logit_bias{};  // added to these tokens' logits

    // Tokens among the last `penalty_window` (prompt included): logit / repetition where positive,
    // * repetition where negative; then - frequency * count - presence.
    float repetition_penalty = 1, frequency_penalty = 0, presence_penalty = 0;
    uint32_t penalty_window = 64;

    // DRY: a token that would continue a repeated sequence of n >= dry_allowed tokens loses
    // multiplier * base^(n - allowed).
    float dry_multiplier = 0, dry_base = 1.75f;
    uint32_t dry_allowed = 2, dry_window = 1024;

    float top_n_sigma = 0;  // keeps logits within n standard deviations of the highest; 0 off
    uint32_t top_k = 0;     // keeps the k highest; 0 off
    float typical_p = 1;    // keeps the tokens closest to the expected surprise, up to this mass
                            // (Meister et al. 2022)
    float top_p = 1;        // keeps the highest up to this mass (Holtzman et al. 2019)
    float min_p = 0;        // keeps what has at least this share of the highest probability
    // XTC: with this chance, of all tokens above the threshold only the least likely stays.
    float xtc_probability = 0, xtc_threshold = 0.1f;
    float temperature = 0;  // 0 takes the most likely token

    // Mirostat 2 (Basu et al. 2020) instead of the cuts above: steers surprise to tau bits. 0 off.
    float mirostat_tau = 0, mirostat_eta = 0.1f;

    uint64_t seed = 0;

    // Says which member is out of its range.
    Result<> validate() const;
};

struct TokenChoice {
    int32_t id = 0;
    float logprob = 0;  // natural, of the model's own distribution, before any of the above
    struct Ranked {
        int32_t id;
        float logprob;
    };
    std::vector<Ranked> top{};  // the most likely, as many as were asked for
};

// What a sampler goes on from, beside the tokens so far.
struct SamplerState {
    Rng::State rng{};
    float mirostat_mu = 0;
};

// The state of one request's choices. Not thread-safe.
class Sampler {
  public:
    Sampler(Sampling sampling, size_t top_logprobs, bool wants_logprobs);

    // Chooses from `logits`, which it may change. `history` is all tokens so far, prompt included;
    // `allowed` has a bit for each token that may come, or none at all where all may.
    TokenChoice choose(std::span<float> logits, std::span<const int32_t> history,
                       std::span<const uint64_t> allowed = {});

    SamplerState state() const { return {rng_.state(), mirostat_mu_}; }
    void restore(const SamplerState& state) {
        rng_.restore(state.rng);
        mirostat_mu_ = state.mirostat_mu;
    }

  private:
    struct Candidate {
        int32_t id;
        float logit;
        float probability;
    };
    void apply_bias(std::span<float> logits) const;
    void apply_penalties(std::span<float> logits, std::span<const int32_t> history) const;
    void apply_dry(std::span<float> logits, std::span<const int32_t> history) const;
    int32_t draw(std::span<const float> logits);
    void cut();
    void keep_top_k(size_t k);
    void keep_typical();
    void keep_top_p();
    void exclude_top_choices();
    int32_t draw_mirostat();
    void normalize(float temperature);
    size_t pick();

    Sampling sampling_;
    size_t top_logprobs_;
    bool wants_logprobs_;
    Rng rng_;
    float mirostat_mu_;
    std::vector<Candidate> candidates_;
};

}  // namespace linnet
