#include "eval/divergence.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "base/text.h"

namespace linnet {
namespace {

// What is found of one token.
struct Outcome {
    double divergence = 0;
    double surprise = 0, reference_surprise = 0;  // of the token that comes next
    bool same_top = false;
};

size_t likeliest(std::span<const float> logits) {
    return static_cast<size_t>(std::ranges::max_element(logits) - logits.begin());
}

// Of logits m and reference r, with p = softmax(r):
// sum p (log p - log softmax(m)) = sum p (r - m) + log sum e^m - log sum e^r.
// Both are changed. Summed in stretches, as float32 would lose digits over a large vocabulary.
Outcome compare(const Kernels& kernels, std::span<float> m, std::span<float> r, size_t next) {
    const size_t top = likeliest(r), top_m = likeliest(m);
    const float most_r = r[top], most_m = m[top_m];
    const double next_r = r[next], next_m = m[next];
    constexpr size_t stretch = 2048;
    float difference[stretch];
    double sum_r = 0, sum_m = 0, weighted = 0;
    for (size_t begin = 0; begin < r.size(); begin += stretch) {
        const size_t count = std::min(stretch, r.size() - begin);
        float *part_r = r.data() + begin, *part_m = m.data() + begin;
        for (size_t i = 0; i < count; i++)
            difference[i] = (part_r[i] - most_r) - (part_m[i] - most_m);
        sum_r += kernels.exp_sum_f32(part_r, most_r, count);
        sum_m += kernels.exp_sum_f32(part_m, most_m, count);
        weighted += kernels.dot_f32(part_r, difference, count);
    }
    const double log_r = std::log(sum_r), log_m = std::log(sum_m);
    return {.divergence = std::max(0.0, weighted / sum_r + log_m - log_r),
            .surprise = most_m + log_m - next_m,
            .reference_surprise = most_r + log_r - next_r,
            .same_top = top == top_m};
}

class Tally {
  public:
    void add(const Outcome& outcome) {
        divergences_.push_back(static_cast<float>(outcome.divergence));
        sum_ += outcome.divergence;
        squares_ += outcome.divergence * outcome.divergence;
        surprise_ += outcome.surprise;
        reference_surprise_ += outcome.reference_surprise;
        same_ += outcome.same_top;
    }

    Divergence result(size_t chunks) {
        const auto count = static_cast<double>(divergences_.size());
        const double rest = std::max(1.0, count - 1);
        std::ranges::sort(divergences_);
        Divergence out{.mean = sum_ / count, .tokens = divergences_.size(), .chunks = chunks};
        out.standard_error =
            std::sqrt(std::max(0.0, squares_ / count - out.mean * out.mean) / rest);
        out.median = percentile(0.5), out.p90 = percentile(0.9), out.p95 = percentile(0.95);
        out.p99 = percentile(0.99), out.p999 = percentile(0.999), out.most = divergences_.back();
        out.same_top = static_cast<double>(same_) / count;
        out.same_top_error = std::sqrt(out.same_top * (1 - out.same_top) / rest);
        out.perplexity = std::exp(surprise_ / count);
        out.reference_perplexity = std::exp(reference_surprise_ / count);
        return out;
    }

  private:
    // Between the two that are nearest.
    double percentile(double share) const {
        const double place = share * static_cast<double>(divergences_.size() - 1);
        const auto below = static_cast<size_t>(place);
        const size_t above = std::min(below + 1, divergences_.size() - 1);
        const double part = place - static_cast<double>(below);
        return divergences_[below] * (1 - part) + divergences_[above] * part;
    }

    std::vector<float> divergences_;
    double sum_ = 0, squares_ = 0, surprise_ = 0, reference_surprise_ = 0;
    size_t same_ = 0;
};

Result<> compare_chunk(Scorer& model, Scorer& reference, std::span<const int32_t> tokens,
                       size_t first, const Cancel& cancel, Tally& tally) {
    const size_t vocabulary = model.model().config().vocabulary;
    TRY(model.advance(tokens, 0, first - 1, cancel));
    TRY(reference.advance(tokens, 0, first - 1, cancel));
    std::vector<Outcome> outcomes;
    for (size_t at = first - 1; at + 1 < tokens.size();) {
        const size_t count =
            std::min({model.rows_max(), reference.rows_max(), tokens.size() - 1 - at});
        auto rows = TRY(model.logits(tokens, at, at + count, cancel));
        auto expected = TRY(reference.logits(tokens, at, at + count, cancel));
        outcomes.resize(count);
        model.pool().for_each(count, [&](size_t begin, size_t end) {
            for (size_t i = begin; i < end; i++)
                outcomes[i] = compare(model.kernels(), rows.subspan(i * vocabulary, vocabulary),
                                      expected.subspan(i * vocabulary, vocabulary),
                                      static_cast<size_t>(tokens[at + 1 + i]));
        });
        for (const Outcome& outcome : outcomes) tally.add(outcome);
        at += count;
    }
    return Done{};
}

}  // namespace

Result<Divergence> measure_divergence(Scorer& model, Scorer& reference,
                                      std::span<const int32_t> tokens, const ChunkOptions& options,
                                      Progress& progress, const Cancel& cancel) {
    const size_t vocabulary = model.model().config().vocabulary;
    const size_t expected = reference.model().config().vocabulary;
    if (vocabulary != expected)
        return Error{Code::Usage,
                     cat("the models have vocabularies of ", vocabulary, " and ", expected,
                         " tokens, which do not compare"),
                     "compare models of one origin"};
    check(model.context() == reference.context(), "chunks of one length");
    for (int32_t token : tokens)
        check(token >= 0 && static_cast<size_t>(token) < vocabulary, "tokens of the vocabulary");
    Chunks chunks = TRY(Chunks::cut(tokens, model.context(), options));
    Tally tally;
    progress.count_in("chunks");
    progress.begin("measuring divergence", chunks.count(), 0);
    for (size_t i = 0; i < chunks.count(); i++) {
        TRY(compare_chunk(model, reference, chunks.at(i), chunks.first_counted(), cancel, tally));
        progress.at(i + 1);
    }
    progress.end();
    return tally.result(chunks.count());
}

Result<DivergenceProbe> DivergenceProbe::make(Scorer& reference, std::span<const int32_t> tokens,
                                              size_t first, const Cancel& cancel) {
    DivergenceProbe probe;
    probe.tokens_.assign(tokens.begin(), tokens.end());
    probe.first_ = first;
    TRY(reference.advance(tokens, 0, first - 1, cancel));
    for (size_t at = first - 1; at + 1 < tokens.size();) {
        const size_t until = std::min(at + reference.rows_max(), tokens.size() - 1);
        auto rows = TRY(reference.logits(tokens, at, until, cancel));
        probe.logits_.insert(probe.logits_.end(), rows.begin(), rows.end());
        at = until;
    }
    return probe;
}

Result<double> DivergenceProbe::measure(Scorer& model, const Cancel& cancel) const {
    const size_t counted = tokens_.size() - first_, vocabulary = logits_.size() / counted;
    check(model.model().config().vocabulary == vocabulary, "models of one vocabulary");
    std::vector<double> found(counted);
    TRY(model.advance(tokens_, 0, first_ - 1, cancel));
    for (size_t done = 0; done < counted;) {
        const size_t count = std::min(model.rows_max(), counted - done), at = first_ - 1 + done;
        auto rows = TRY(model.logits(tokens_, at, at + count, cancel));
        model.pool().for_each(count, [&](size_t begin, size_t end) {
            std::vector<float> expected(vocabulary);
            for (size_t i = begin; i < end; i++) {
                std::copy_n(logits_.data() + (done + i) * vocabulary, vocabulary, expected.data());
                found[done + i] = compare(model.kernels(), rows.subspan(i * vocabulary, vocabulary),
                                          expected, static_cast<size_t>(tokens_[at + 1 + i]))
                                      .divergence;
            }
        });
        done += count;
    }
    return std::accumulate(found.begin(), found.end(), 0.0) / static_cast<double>(counted);
}

}  // namespace linnet
