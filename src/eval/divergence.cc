#include "eval/divergence.h"

#include <algorithm>
#include <numeric>
#include <vector>

#include "base/text.h"
#include "eval/divergence_tally.h"

namespace linnet {
namespace {

Result<> compare_chunk(Scorer& model, Scorer& reference, std::span<const int32_t> tokens,
                       size_t first, const Cancel& cancel, DivergenceTally& tally) {
    const size_t vocabulary = model.model().config().vocabulary;
    TRY(model.advance(tokens, 0, first - 1, cancel));
    TRY(reference.advance(tokens, 0, first - 1, cancel));
    std::vector<TokenDivergence> outcomes;
    for (size_t at = first - 1; at + 1 < tokens.size();) {
        const size_t count =
            std::min({model.rows_max(), reference.rows_max(), tokens.size() - 1 - at});
        auto rows = TRY(model.logits(tokens, at, at + count, cancel));
        auto expected = TRY(reference.logits(tokens, at, at + count, cancel));
        outcomes.resize(count);
        model.pool().for_each(count, [&](size_t begin, size_t end) {
            for (size_t i = begin; i < end; i++)
                outcomes[i] =
                    compare_logits(model.kernels(), rows.subspan(i * vocabulary, vocabulary),
                                   expected.subspan(i * vocabulary, vocabulary),
                                   static_cast<size_t>(tokens[at + 1 + i]));
        });
        for (const TokenDivergence& outcome : outcomes) tally.add(outcome);
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
    DivergenceTally tally;
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
                found[done + i] =
                    compare_logits(model.kernels(), rows.subspan(i * vocabulary, vocabulary),
                                   expected, static_cast<size_t>(tokens_[at + 1 + i]))
                        .divergence;
            }
        });
        done += count;
    }
    return std::accumulate(found.begin(), found.end(), 0.0) / static_cast<double>(counted);
}

}  // namespace linnet
