#include "engine/sampling.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>

#include "base/text.h"

namespace linnet {
namespace {

size_t most_likely(std::span<const float> logits) {
    return static_cast<size_t>(std::ranges::max_element(logits) - logits.begin());
}

// log of the sum of e^logit, in double: the same whatever the number of threads.
double log_sum(std::span<const float> logits, float most) {
    double sum = 0;
    for (float logit : logits) sum += std::exp(static_cast<double>(logit) - most);
    return most + std::log(sum);
}

constexpr float impossible = -std::numeric_limits<float>::infinity();

void rule_out(std::span<float> logits, std::span<const uint64_t> allowed) {
    for (size_t word = 0; word * 64 < logits.size(); word++) {
        uint64_t bits = word < allowed.size() ? allowed[word] : 0;
        if (bits == ~uint64_t{0}) continue;
        size_t end = std::min(logits.size(), (word + 1) * 64);
        for (size_t i = word * 64; i < end; i++, bits >>= 1)
            logits[i] = (bits & 1) != 0 ? logits[i] : impossible;
    }
}

}  // namespace

Result<> Sampling::validate() const {
    struct Range {
        const char* name;
        float value, least, most;
    };
    for (const Range& r :
         {Range{"temperature", temperature, 0, 100}, Range{"top_p", top_p, 0, 1},
          Range{"min_p", min_p, 0, 1}, Range{"typical_p", typical_p, 0, 1},
          Range{"top_n_sigma", top_n_sigma, 0, 1000},
          Range{"repetition_penalty", repetition_penalty, 0.01f, 100},
          Range{"frequency_penalty", frequency_penalty, -100, 100},
          Range{"presence_penalty", presence_penalty, -100, 100},
          Range{"dry_multiplier", dry_multiplier, 0, 100}, Range{"dry_base", dry_base, 1, 100},
          Range{"xtc_probability", xtc_probability, 0, 1},
          Range{"xtc_threshold", xtc_threshold, 0, 1}, Range{"mirostat_tau", mirostat_tau, 0, 100},
          Range{"mirostat_eta", mirostat_eta, 0, 1}})
        if (!(r.value >= r.least && r.value <= r.most))  // NaN too
            return Error{Code::Usage,
                         cat(r.name, " is ", r.value, ", not between ", r.least, " and ", r.most)};
    for (auto& [token, bias] : logit_bias)
        if (!std::isfinite(bias))
            return Error{Code::Usage, cat("the bias of token ", token, " is not a number")};
    return Done{};
}

Sampler::Sampler(Sampling sampling, size_t top_logprobs, bool wants_logprobs)
    : sampling_(std::move(sampling)),
      top_logprobs_(top_logprobs),
      wants_logprobs_(wants_logprobs || top_logprobs > 0),
      rng_(sampling_.seed),
      mirostat_mu_(2 * sampling_.mirostat_tau) {}

TokenChoice Sampler::choose(std::span<float> logits, std::span<const int32_t> history,
                            std::span<const uint64_t> allowed) {
    TokenChoice choice;
    double total = 0;
    std::vector<float> original;
    if (wants_logprobs_) {
        original.assign(logits.begin(), logits.end());
        total = log_sum(logits, logits[most_likely(logits)]);
    }
    if (!allowed.empty()) rule_out(logits, allowed);
    apply_bias(logits);
    apply_penalties(logits, history);
    apply_dry(logits, history);
    choice.id =
        sampling_.temperature == 0 ? static_cast<int32_t>(most_likely(logits)) : draw(logits);
    if (!wants_logprobs_) return choice;

    auto logprob = [&](size_t id) { return static_cast<float>(original[id] - total); };
    choice.logprob = logprob(static_cast<size_t>(choice.id));
    std::vector<int32_t> ids(original.size());
    std::iota(ids.begin(), ids.end(), 0);
    size_t count = std::min(top_logprobs_, ids.size());
    std::partial_sort(ids.begin(), ids.begin() + static_cast<ptrdiff_t>(count), ids.end(),
                      [&](int32_t a, int32_t b) {
                          float la = original[static_cast<size_t>(a)],
                                lb = original[static_cast<size_t>(b)];
                          return la != lb ? la > lb : a < b;
                      });
    for (size_t i = 0; i < count; i++)
        choice.top.push_back({ids[i], logprob(static_cast<size_t>(ids[i]))});
    return choice;
}

void Sampler::apply_bias(std::span<float> logits) const {
    for (auto& [token, bias] : sampling_.logit_bias)
        if (token >= 0 && static_cast<size_t>(token) < logits.size())
            logits[static_cast<size_t>(token)] += bias;
}

void Sampler::apply_penalties(std::span<float> logits, std::span<const int32_t> history) const {
    const Sampling& s = sampling_;
    if (s.repetition_penalty == 1 && s.frequency_penalty == 0 && s.presence_penalty == 0) return;
    auto recent = history.last(std::min<size_t>(history.size(), s.penalty_window));
    std::map<int32_t, int> counts;
    for (int32_t token : recent) counts[token]++;
    for (auto [token, count] : counts) {
        float& logit = logits[static_cast<size_t>(token)];
        logit = logit > 0 ? logit / s.repetition_penalty : logit * s.repetition_penalty;
        logit -= s.frequency_penalty * static_cast<float>(count) + s.presence_penalty;
    }
}

// For every earlier place where the last n tokens stand too, the token that followed there is what
// would repeat n + 1. The lengths of all these matches come from one Z-array over the reversed
// history, in linear time (Gusfield 1997).
void Sampler::apply_dry(std::span<float> logits, std::span<const int32_t> history) const {
    const Sampling& s = sampling_;
    if (s.dry_multiplier == 0 || history.size() < 2) return;
    auto recent = history.last(std::min<size_t>(history.size(), s.dry_window));
    std::vector<int32_t> reversed(recent.rbegin(), recent.rend());
    std::vector<size_t> match(reversed.size());
    for (size_t i = 1, left = 0, right = 0; i < reversed.size(); i++) {
        size_t length = i < right ? std::min(right - i, match[i - left]) : 0;
        while (i + length < reversed.size() && reversed[length] == reversed[i + length]) length++;
        match[i] = length;
        if (i + length > right) {
            left = i;
            right = i + length;
        }
    }
    std::map<int32_t, size_t> longest;
    for (size_t i = 1; i < reversed.size(); i++)
        if (match[i] >= s.dry_allowed)
            longest[reversed[i - 1]] = std::max(longest[reversed[i - 1]], match[i]);
    for (auto [token, length] : longest) {
        float power = std::min(static_cast<float>(length - s.dry_allowed), 60.0f);
        logits[static_cast<size_t>(token)] -= s.dry_multiplier * std::pow(s.dry_base, power);
    }
}

int32_t Sampler::draw(std::span<const float> logits) {
    candidates_.clear();
    for (size_t i = 0; i < logits.size(); i++)
        if (logits[i] != impossible) candidates_.push_back({static_cast<int32_t>(i), logits[i], 0});
    if (candidates_.empty()) return 0;
    if (sampling_.mirostat_tau > 0) return draw_mirostat();
    cut();
    normalize(sampling_.temperature);
    return candidates_[pick()].id;
}

static bool likelier(float la, int32_t a, float lb, int32_t b) {
    return la != lb ? la > lb : a < b;
}

void Sampler::keep_top_k(size_t k) {
    if (k >= candidates_.size()) k = candidates_.size();
    auto order = [](const Candidate& a, const Candidate& b) {
        return likelier(a.logit, a.id, b.logit, b.id);
    };
    std::partial_sort(candidates_.begin(), candidates_.begin() + static_cast<ptrdiff_t>(k),
                      candidates_.end(), order);
    candidates_.resize(k);
}

void Sampler::cut() {
    const Sampling& s = sampling_;
    float most = std::ranges::max(candidates_, {}, &Candidate::logit).logit;
    if (s.top_n_sigma > 0) {
        double mean = 0, square = 0, n = 0;
        for (const Candidate& c : candidates_) {
            if (!std::isfinite(c.logit)) continue;
            mean += c.logit;
            square += static_cast<double>(c.logit) * c.logit;
            n++;
        }
        mean /= n;
        auto deviation = static_cast<float>(std::sqrt(std::max(square / n - mean * mean, 0.0)));
        std::erase_if(candidates_, [&](const Candidate& c) {
            return c.logit < most - s.top_n_sigma * deviation;
        });
    }
    // The share of the highest probability needs no normalization.
    if (s.min_p > 0) {
        float least = most + std::log(s.min_p);
        std::erase_if(candidates_, [&](const Candidate& c) { return c.logit < least; });
    }
    if (s.top_k > 0) keep_top_k(s.top_k);
    if (s.typical_p < 1) keep_typical();
    if (s.top_p < 1) keep_top_p();
    if (s.xtc_probability > 0) exclude_top_choices();
}

void Sampler::normalize(float temperature) {
    float most = std::ranges::max(candidates_, {}, &Candidate::logit).logit;
    double sum = 0;
    for (Candidate& c : candidates_) {
        c.probability = std::exp((c.logit - most) / temperature);
        sum += c.probability;
    }
    for (Candidate& c : candidates_) c.probability = static_cast<float>(c.probability / sum);
}

void Sampler::keep_typical() {
    normalize(1);
    double entropy = 0;
    for (const Candidate& c : candidates_)
        if (c.probability > 0)
            entropy -= c.probability * std::log(static_cast<double>(c.probability));
    auto oddness = [&](const Candidate& c) {
        return std::abs(-std::log(c.probability) - static_cast<float>(entropy));
    };
    std::ranges::sort(candidates_, [&](const Candidate& a, const Candidate& b) {
        float oa = oddness(a), ob = oddness(b);
        return oa != ob ? oa < ob : a.id < b.id;
    });
    double mass = 0;
    size_t kept = 0;
    while (kept < candidates_.size() && mass < sampling_.typical_p)
        mass += candidates_[kept++].probability;
    candidates_.resize(std::max<size_t>(kept, 1));
}

// Sorts only as far as the mass reaches: the head of the distribution is short.
void Sampler::keep_top_p() {
    normalize(1);
    auto order = [](const Candidate& a, const Candidate& b) {
        return likelier(a.logit, a.id, b.logit, b.id);
    };
    for (size_t head = 64;; head *= 4) {
        head = std::min(head, candidates_.size());
        std::partial_sort(candidates_.begin(), candidates_.begin() + static_cast<ptrdiff_t>(head),
                          candidates_.end(), order);
        double mass = 0;
        for (size_t i = 0; i < head; i++) {
            mass += candidates_[i].probability;
            if (mass < sampling_.top_p) continue;
            return candidates_.resize(i + 1);
        }
        if (head == candidates_.size()) return;
    }
}

void Sampler::exclude_top_choices() {
    if (rng_.uniform() >= sampling_.xtc_probability) return;
    normalize(1);
    const Candidate* least = nullptr;
    for (const Candidate& c : candidates_)
        if (c.probability >= sampling_.xtc_threshold &&
            (!least || c.probability < least->probability))
            least = &c;
    if (!least) return;
    int32_t stays = least->id;
    std::erase_if(candidates_, [&](const Candidate& c) {
        return c.probability >= sampling_.xtc_threshold && c.id != stays;
    });
}

size_t Sampler::pick() {
    double at = rng_.uniform(), mass = 0;
    for (size_t i = 0; i < candidates_.size(); i++) {
        mass += candidates_[i].probability;
        if (at < mass) return i;
    }
    // Rounding may leave the sum a little below 1: the last with any probability.
    for (size_t i = candidates_.size(); i-- > 0;)
        if (candidates_[i].probability > 0) return i;
    return 0;
}

int32_t Sampler::draw_mirostat() {
    normalize(sampling_.temperature);
    float least = std::exp2(-mirostat_mu_);
    float most = std::ranges::max(candidates_, {}, &Candidate::probability).probability;
    std::erase_if(candidates_,
                  [&](const Candidate& c) { return c.probability < std::min(least, most); });
    normalize(sampling_.temperature);
    const Candidate& chosen = candidates_[pick()];
    float surprise = -std::log2(chosen.probability);
    mirostat_mu_ -= sampling_.mirostat_eta * (surprise - sampling_.mirostat_tau);
    return chosen.id;
}

}  // namespace linnet
