#include "compress/prune/mask.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "base/text.h"

namespace linnet {
namespace {

struct MethodName {
    std::string_view name;
    MaskMethod method;
};
constexpr std::array method_names = {MethodName{"magnitude", MaskMethod::Magnitude},
                                     MethodName{"wanda", MaskMethod::Wanda},
                                     MethodName{"sparsegpt", MaskMethod::SparseGpt}};

// Places of the `count` least scores, of equal ones the first.
void find_least(std::span<const float> scores, size_t count, std::vector<uint32_t>& places) {
    places.resize(scores.size());
    std::iota(places.begin(), places.end(), 0u);
    auto before = [&](uint32_t a, uint32_t b) {
        return scores[a] != scores[b] ? scores[a] < scores[b] : a < b;
    };
    if (count < places.size())
        std::nth_element(places.begin(), places.begin() + static_cast<ptrdiff_t>(count),
                         places.end(), before);
    places.resize(count);
}

size_t count_of(double share, size_t all) {
    return static_cast<size_t>(std::lround(share * static_cast<double>(all)));
}

// Zeros for the least scores of a row, or of each group of it; a group that the row cuts short has
// as many fewer.
void mask_row(std::span<float> row, std::span<const float> scores, const MaskPattern& pattern,
              std::vector<uint32_t>& places) {
    const size_t step = pattern.group ? pattern.group : row.size();
    for (size_t begin = 0; begin < row.size(); begin += step) {
        const size_t width = std::min(step, row.size() - begin);
        find_least(scores.subspan(begin, width), count_of(pattern.zero_share(), width), places);
        for (uint32_t place : places) row[begin + place] = 0;
    }
}

// Rows as they become while their columns are gone through. Each column is at any time what is best
// where all from it on stay, which is what says how much it is worth.
class SparseRows {
  public:
    SparseRows(std::span<float> weights, const Feedback& feedback, const MaskPattern& pattern,
               ThreadPool& pool)
        : now_(weights),
          feedback_(feedback),
          columns_(feedback.columns()),
          rows_(weights.size() / columns_),
          pattern_(pattern),
          pool_(pool),
          onward_(columns_ * columns_) {
        // Row by row from the last: V_i = e_i - sum_{k > i} C_ik V_k.
        for (size_t i = columns_; i-- > 0;) {
            float* row = onward_.data() + i * columns_;
            row[i] = 1;
            const float* carry = feedback.carry(i);
            for (size_t k = i + 1; k < columns_; k++)
                feedback.kernels().add_scaled_f32(row + k, onward_.data() + k * columns_ + k,
                                                  -carry[k], columns_ - k);
        }
    }

    void run() {
        for (size_t begin = 0; begin < columns_; begin += block) {
            const size_t end = std::min(begin + block, columns_);
            if (!pattern_.group) choose(begin, end);
            pool_.for_each(rows_, [&](size_t first, size_t last) {
                std::vector<uint32_t> places;
                for (size_t r = first; r < last; r++) go_through(r, begin, end, places);
            });
        }
    }

  private:
    static constexpr size_t block = 128;  // a multiple of all groups

    // The weights of the block that go, by what each costs.
    void choose(size_t begin, size_t end) {
        const size_t width = end - begin;
        std::vector<float> scores(rows_ * width);
        for (size_t r = 0; r < rows_; r++)
            for (size_t i = 0; i < width; i++) scores[r * width + i] = loss(r, begin + i);
        std::vector<uint32_t> places;
        find_least(scores, count_of(pattern_.share, scores.size()), places);
        gone_.assign(rows_ * width, false);
        for (uint32_t place : places) gone_[place] = true;
    }

    void go_through(size_t r, size_t begin, size_t end, std::vector<uint32_t>& places) {
        float* row = now_.data() + r * columns_;
        std::vector<char> gone(end - begin);
        if (!pattern_.group)
            for (size_t i = 0; i < gone.size(); i++) gone[i] = gone_[r * gone.size() + i];
        for (size_t c = begin; c < end; c++) {
            if (pattern_.group && (c - begin) % pattern_.group == 0)
                choose_group(r, c, std::min<size_t>(c + pattern_.group, columns_), begin, gone,
                             places);
            if (!gone[c - begin]) continue;
            feedback_.kernels().add_scaled_f32(row + c + 1, onward_.data() + c * columns_ + c + 1,
                                               -row[c], columns_ - c - 1);
            row[c] = 0;
        }
    }

    // Those of a group that go, as the row has become by then.
    void choose_group(size_t r, size_t first, size_t last, size_t begin, std::vector<char>& gone,
                      std::vector<uint32_t>& places) const {
        std::array<float, block> scores;
        const size_t width = last - first;
        for (size_t i = 0; i < width; i++) scores[i] = loss(r, first + i);
        find_least(std::span(scores).first(width), count_of(pattern_.zero_share(), width), places);
        for (uint32_t place : places) gone[first - begin + place] = true;
    }

    float loss(size_t r, size_t c) const {
        const float w = now_[r * columns_ + c];
        return w * w * feedback_.cost(c);
    }

    std::span<float> now_;
    const Feedback& feedback_;
    size_t columns_, rows_;
    const MaskPattern& pattern_;
    ThreadPool& pool_;
    // V = (I + C)^-1: what a column that goes leaves to those behind it, all of which stay so far.
    std::vector<float> onward_;
    std::vector<char> gone_;  // of the block
};

}  // namespace

std::optional<MaskMethod> mask_method_named(std::string_view name) {
    for (const MethodName& row : method_names)
        if (row.name == name) return row.method;
    return std::nullopt;
}

Result<MaskPattern> MaskPattern::parse(std::string_view text) {
    MaskPattern out;
    if (text.ends_with('%')) {
        auto number = parse_number(text.substr(0, text.size() - 1));
        if (number && *number > 0 && *number < 100) {
            out.share = *number / 100;
            return out;
        }
    }
    const size_t colon = text.find(':');
    if (colon != text.npos) {
        auto zeros = parse_integer<uint32_t>(text.substr(0, colon)),
             group = parse_integer<uint32_t>(text.substr(colon + 1));
        const bool fits = zeros && group && *zeros > 0 && *zeros < *group && *group <= 32 &&
                          (*group & (*group - 1)) == 0;
        if (fits) {
            out.zeros = *zeros, out.group = *group;
            return out;
        }
    }
    return Error{Code::Usage, cat("'", printable(text, 40), "' is no sparsity"),
                 "write 50%, or 2:4 for two zeros of each four (of 2, 4, 8, 16 or 32)"};
}

void mask_by_magnitude(std::span<float> weights, size_t columns, const MaskPattern& pattern) {
    std::vector<float> scores(weights.size());
    for (size_t i = 0; i < weights.size(); i++) scores[i] = std::abs(weights[i]);
    std::vector<uint32_t> places;
    const size_t step = pattern.group ? columns : weights.size();
    for (size_t begin = 0; begin < weights.size(); begin += step)
        mask_row(weights.subspan(begin, step), std::span(scores).subspan(begin, step), pattern,
                 places);
}

void mask_by_wanda(std::span<float> weights, std::span<const float> importance,
                   const MaskPattern& pattern, ThreadPool& pool) {
    const size_t columns = importance.size();
    std::vector<float> lengths(columns);
    for (size_t c = 0; c < columns; c++) lengths[c] = std::sqrt(importance[c]);
    pool.for_each(weights.size() / columns, [&](size_t begin, size_t end) {
        std::vector<uint32_t> places;
        std::vector<float> scores(columns);
        for (size_t r = begin; r < end; r++) {
            auto row = weights.subspan(r * columns, columns);
            for (size_t c = 0; c < columns; c++) scores[c] = std::abs(row[c]) * lengths[c];
            mask_row(row, scores, pattern, places);
        }
    });
}

void mask_by_sparsegpt(std::span<float> weights, const Feedback& feedback,
                       const MaskPattern& pattern, ThreadPool& pool) {
    SparseRows(weights, feedback, pattern, pool).run();
}

}  // namespace linnet
