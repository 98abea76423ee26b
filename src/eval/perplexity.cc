#include "eval/perplexity.h"

#include <algorithm>
#include <cmath>

namespace linnet {

Result<Perplexity> measure_perplexity(Scorer& scorer, std::span<const int32_t> tokens,
                                      const ChunkOptions& options, Progress& progress,
                                      const Cancel& cancel) {
    Chunks chunks = TRY(Chunks::cut(tokens, scorer.context(), options));
    std::vector<double> logs(chunks.counted());
    double sum = 0, squares = 0;
    progress.count_in("chunks");
    progress.begin("measuring perplexity", chunks.count(), 0);
    for (size_t i = 0; i < chunks.count(); i++) {
        TRY(scorer.score(chunks.at(i), chunks.first_counted(), cancel, logs));
        for (double log : logs) {
            sum -= log;
            squares += log * log;
        }
        progress.at(i + 1);
    }
    progress.end();
    Perplexity out{.tokens = chunks.count() * chunks.counted(), .chunks = chunks.count()};
    const auto count = static_cast<double>(out.tokens);
    out.surprise = sum / count;
    out.value = std::exp(out.surprise);
    double variance = std::max(0.0, squares / count - out.surprise * out.surprise);
    // By the first order of e^x.
    out.standard_error = out.value * std::sqrt(variance / std::max(1.0, count - 1));
    return out;
}

}  // namespace linnet
