#include "compress/activation_ranges.h"

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "compress/mixture.h"

namespace linnet {
namespace {

// Matrices are known by where their weights lie in the file.
class RangeObserver final : public ActivationObserver {
  public:
    explicit RangeObserver(const Checkpoint& checkpoint) {
        for (const Tensor& tensor : checkpoint.tensors()) {
            if (tensor.shape.rank() != 2 || !is_quantizable(tensor)) continue;
            places_[tensor.data.data()] = seen_.size();
            const size_t columns = tensor.shape.row();
            seen_.push_back({&tensor, std::vector<float>(columns), std::vector<double>(columns)});
        }
    }

    void see(const Matrix& weight, const float* x, size_t tokens) override {
        auto place = places_.find(weight.bytes().data());
        if (place == places_.end()) return;
        Seen& seen = seen_[place->second];
        const size_t columns = seen.farthest.size();
        if (weight.columns() != columns) return;
        for (size_t t = 0; t < tokens; t++)
            for (size_t c = 0; c < columns; c++) {
                const float value = x[t * columns + c];
                seen.farthest[c] = std::max(seen.farthest[c], std::fabs(value));
                seen.squares[c] += double{value} * value;
            }
        seen.tokens += tokens;
    }

    ActivationRanges ranges() const {
        ActivationRanges out;
        for (const Seen& seen : seen_) {
            if (seen.tokens == 0) continue;
            ActivationRange range{seen.farthest, {}};
            for (double sum : seen.squares)
                range.mean_squares.push_back(
                    static_cast<float>(sum / static_cast<double>(seen.tokens)));
            out.emplace(seen.tensor->name, std::move(range));
        }
        return out;
    }

  private:
    struct Seen {
        const Tensor* tensor;
        std::vector<float> farthest;
        std::vector<double> squares;
        size_t tokens = 0;
    };
    std::vector<Seen> seen_;
    std::unordered_map<const std::byte*, size_t> places_;
};

}  // namespace

float ActivationRange::whole() const {
    return farthest.empty() ? 0 : std::ranges::max(farthest);
}

Result<ActivationRanges> measure_ranges(Scorer& scorer, const Checkpoint& checkpoint,
                                        std::span<const int32_t> tokens,
                                        const ChunkOptions& options, Progress& progress,
                                        const Cancel& cancel) {
    Chunks chunks = TRY(Chunks::cut(tokens, scorer.context(), options));
    RangeObserver observer(checkpoint);
    progress.count_in("chunks");
    progress.begin("reading the text", chunks.count(), 0);
    for (size_t i = 0; i < chunks.count(); i++) {
        TRY(scorer.show(chunks.at(i), true, observer, cancel));
        progress.at(i + 1);
    }
    progress.end();
    return observer.ranges();
}

}  // namespace linnet
