// What a text brings to matrices: H = sum x x' of all that each is multiplied with while the model
// reads it. That of all matrices at once may be large; they are done in groups that fit, and the
// text is read once for each.
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "base/progress.h"
#include "engine/scorer.h"
#include "eval/chunks.h"

namespace linnet {

class TextSquares {
  public:
    struct Options {
        ChunkOptions chunks{};
        uint64_t bytes_max = uint64_t{2} << 30;  // of the matrices of squares of a group
    };
    // All are borrowed.
    TextSquares(Scorer& scorer, std::span<const int32_t> tokens, const Options& options,
                Progress& progress, const Cancel& cancel)
        : scorer_(scorer),
          tokens_(tokens),
          options_(options),
          progress_(progress),
          cancel_(cancel) {}

    // H of a matrix of the scorer's model, (columns, columns), the upper triangle: valid until the
    // next call. Where it has to be measured, those that `next` gives are measured in the same
    // reading, as many as fit; next() ends with null.
    Result<std::span<const float>> of(const Tensor& tensor, FunctionRef<const Tensor*()> next);

    Scorer& scorer() { return scorer_; }

  private:
    Result<> read_text(std::span<const Tensor* const> group);

    Scorer& scorer_;
    std::span<const int32_t> tokens_;
    Options options_;
    Progress& progress_;
    const Cancel& cancel_;
    std::map<std::string, std::vector<float>, std::less<>> squares_;  // of the group
};

}  // namespace linnet
