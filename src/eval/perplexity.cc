#include "eval/perplexity.h"

#include <cmath>

#include "base/text.h"

namespace linnet {

Result<Perplexity> measure_perplexity(Scorer& scorer, std::span<const int32_t> tokens,
                                      const PerplexityOptions& options, Progress& progress,
                                      const Cancel& cancel) {
    const size_t context = scorer.context();
    size_t chunks = tokens.size() / context;
    if (chunks == 0)
        return Error{Code::Usage,
                     cat("the text has ", tokens.size(), " tokens, and a chunk takes ", context),
                     "use a longer text or a smaller --ctx"};
    if (options.chunks_max > 0) chunks = std::min(chunks, options.chunks_max);

    std::vector<int32_t> chunk(context);
    std::vector<double> logs(context);
    double sum = 0, squares = 0;
    Perplexity out;
    progress.count_in("chunks");
    progress.begin("measuring perplexity", chunks, 0);
    for (size_t i = 0; i < chunks; i++) {
        std::copy_n(tokens.begin() + static_cast<ptrdiff_t>(i * context), context, chunk.begin());
        if (options.first_token) chunk[0] = *options.first_token;
        const size_t first = context / 2 + 1;
        TRY(scorer.score(chunk, first, cancel, logs));
        for (size_t t = 0; t < context - first; t++) {
            sum -= logs[t];
            squares += logs[t] * logs[t];
        }
        out.tokens += context - first;
        progress.at(i + 1);
    }
    progress.end();
    const auto count = static_cast<double>(out.tokens);
    out.chunks = chunks;
    out.surprise = sum / count;
    out.value = std::exp(out.surprise);
    double variance = std::max(0.0, squares / count - out.surprise * out.surprise);
    // By the first order of e^x.
    out.standard_error = out.value * std::sqrt(variance / std::max(1.0, count - 1));
    return out;
}

}  // namespace linnet
