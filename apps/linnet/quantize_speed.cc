#include "linnet/quantize_speed.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "base/text.h"
#include "engine/model_files.h"
#include "linnet/bench/sample.h"
#include "linnet/models.h"
#include "measure/statistics.h"

namespace linnet {

Result<double> answer_speed(Context& context, const Checkpoint& checkpoint) {
    constexpr uint64_t turns = 5;
    const size_t threads = chosen_threads(context, checkpoint);
    const std::vector<BenchConfig> plan = {{.threads = threads, .prompt = 8, .generate = 48}};
    const BenchModel model{.model = TRY(load_model(checkpoint, Math::Fast, threads)),
                           .kernels = *TRY(chosen_kernels(context)),
                           .clock = context.clock,
                           .kv = usual_kv(Math::Fast),
                           .memory_max = {}};
    auto runner = TRY(BenchRunner::make(model, plan, context.cancel));
    EnergyMeter meter = EnergyMeter::of(Tree("/"), context.clock);
    std::vector<double> speeds;
    for (uint64_t turn = 0; turn < turns; turn++)
        speeds.push_back(
            TRY(runner->measure(0, turn, meter, context.cancel)).decode_tps.value_or(0));
    return median(speeds);
}

Result<uint64_t> size_for_speed(double least, uint64_t most,
                                FunctionRef<Result<FileSpeed>(uint64_t)> try_size) {
    constexpr int tries_max = 6;
    constexpr double aim = 1.02, close = 1.05;  // times the least speed
    std::vector<FileSpeed> seen;
    std::optional<FileSpeed> best;
    double fastest = 0;
    for (int number = 0; number < tries_max; number++) {
        const FileSpeed found = TRY(try_size(most));
        fastest = std::max(fastest, found.tokens_per_second);
        const bool enough = found.tokens_per_second >= least;
        if (enough && (!best || found.bytes > best->bytes)) best = found;
        if (enough && (number == 0 || found.tokens_per_second <= close * least)) break;
        if (!seen.empty() && found.bytes == seen.back().bytes) break;
        seen.push_back(found);
        // Seconds of a token = fixed + per_byte * bytes.
        const auto bytes = static_cast<double>(found.bytes);
        const double seconds = 1 / std::max(found.tokens_per_second, 1e-9);
        double per_byte = seconds / bytes;
        if (seen.size() > 1) {
            const FileSpeed& before = seen[seen.size() - 2];
            const double slope = (seconds - 1 / std::max(before.tokens_per_second, 1e-9)) /
                                 (bytes - static_cast<double>(before.bytes));
            if (slope > per_byte / 10) per_byte = std::min(slope, per_byte);
        }
        const double next = bytes + (1 / (aim * least) - seconds) / per_byte;
        most = static_cast<uint64_t>(std::max(next, 1.0));
    }
    if (best) return best->bytes;
    return Error{Code::NoFit,
                 cat("the fastest file that was tried answers with ", fixed(fastest, 1),
                     " tokens a second on this machine, and ", fixed(least, 1), " are asked for"),
                 "ask for fewer, or begin with a smaller model"};
}

}  // namespace linnet
