#include "compress/text_squares.h"

#include <algorithm>
#include <unordered_map>

#include "base/text.h"

namespace linnet {
namespace {

// Sums x x' of some matrices. What comes is copied while the model runs, and summed after.
class SquareSums final : public ActivationObserver {
  public:
    explicit SquareSums(std::span<const Tensor* const> tensors) {
        for (const Tensor* tensor : tensors) {
            const size_t columns = tensor->shape.row();
            places_[tensor->data.data()] = sums_.size();
            sums_.push_back({columns, {}, std::vector<float>(columns * columns)});
        }
    }

    void see(const Matrix& weight, const float* x, size_t tokens) override {
        auto place = places_.find(weight.bytes().data());
        if (place == places_.end()) return;
        Sum& sum = sums_[place->second];
        if (weight.columns() == sum.columns)
            sum.seen.insert(sum.seen.end(), x, x + tokens * sum.columns);
    }

    void add_seen(const Kernels& kernels, ThreadPool& pool) {
        for (Sum& sum : sums_) {
            const size_t tokens = sum.seen.size() / sum.columns;
            std::vector<float> across(sum.seen.size());  // (columns, tokens)
            for (size_t t = 0; t < tokens; t++)
                for (size_t c = 0; c < sum.columns; c++)
                    across[c * tokens + t] = sum.seen[t * sum.columns + c];
            constexpr size_t stripe = 16;
            pool.for_each((sum.columns + stripe - 1) / stripe, [&](size_t begin, size_t end) {
                for (size_t s = begin; s < end; s++)
                    add_rows(kernels, across.data(), tokens, s * stripe,
                             std::min(sum.columns, (s + 1) * stripe), sum);
            });
            sum.seen.clear();
        }
    }

    std::vector<float> take(size_t place) { return std::move(sums_[place].squares); }

  private:
    struct Sum {
        size_t columns;
        std::vector<float> seen;     // (tokens, columns), since add_seen()
        std::vector<float> squares;  // (columns, columns), the upper triangle
    };

    static void add_rows(const Kernels& kernels, const float* across, size_t tokens, size_t first,
                         size_t last, Sum& sum) {
        const size_t width = sum.columns - first;
        std::vector<float> products((last - first) * width);
        kernels.matmul_f32(across + first * tokens, width, tokens, across + first * tokens, tokens,
                           last - first, products.data(), width);
        for (size_t row = first; row < last; row++)
            for (size_t c = row; c < sum.columns; c++)
                sum.squares[row * sum.columns + c] += products[(row - first) * width + c - first];
    }

    std::vector<Sum> sums_;
    std::unordered_map<const std::byte*, size_t> places_;
};

bool is_head(std::string_view name) {
    return name == "output.weight" || name == "token_embd.weight";
}

uint64_t bytes_for(const Tensor& tensor) {
    return tensor.shape.row() * tensor.shape.row() * sizeof(float);
}

}  // namespace

Result<std::span<const float>> TextSquares::of(const Tensor& tensor,
                                               FunctionRef<const Tensor*()> next) {
    if (auto known = squares_.find(tensor.name); known != squares_.end())
        return std::span<const float>(known->second);
    std::vector<const Tensor*> group = {&tensor};
    uint64_t bytes = bytes_for(tensor);
    while (const Tensor* more = next()) {
        if (std::ranges::find(group, more) != group.end()) continue;
        bytes += bytes_for(*more);
        if (bytes > options_.bytes_max) break;
        group.push_back(more);
    }
    TRY(read_text(group));
    return std::span<const float>(squares_.find(tensor.name)->second);
}

Result<> TextSquares::read_text(std::span<const Tensor* const> group) {
    Chunks chunks = TRY(Chunks::cut(tokens_, scorer_.context(), options_.chunks));
    SquareSums sums(group);
    const bool head = std::ranges::any_of(group, [](const Tensor* t) { return is_head(t->name); });
    progress_.note(cat("reading ", chunks.count(), " chunks of the text for ", group.size(),
                       " matrices of squares"));
    for (size_t i = 0; i < chunks.count(); i++) {
        TRY(scorer_.show(chunks.at(i), head, sums, cancel_));
        sums.add_seen(scorer_.kernels(), scorer_.pool());
    }
    squares_.clear();
    for (size_t i = 0; i < group.size(); i++)
        squares_.emplace(std::string(group[i]->name), sums.take(i));
    return Done{};
}

}  // namespace linnet
