// What a text brings to the matrices of a model while it is being pruned: after some layers the
// text is read anew, so that later ones see what is left of earlier ones.
#pragma once

#include <memory>
#include <vector>

#include "base/threads.h"
#include "compress/text_squares.h"

namespace linnet {

// Loads a model that reads the text.
using ScorerMaker = FunctionRef<Result<std::unique_ptr<Scorer>>(const Checkpoint&)>;

class StagedSquares {
  public:
    struct Options {
        std::span<const int32_t> tokens;
        uint32_t layers_at_once = 8;
    };
    // All are borrowed.
    StagedSquares(const Checkpoint& checkpoint, ScorerMaker make_scorer, const Options& options,
                  Progress& progress, const Cancel& cancel)
        : checkpoint_(checkpoint),
          make_scorer_(make_scorer),
          options_(options),
          progress_(progress),
          cancel_(cancel) {}

    // H of a matrix (columns, columns), the upper triangle, valid until the next call. `wanted` are
    // the matrices that will be asked for, in this order, which is that of layers.
    Result<std::span<const float>> of(const Tensor& tensor, std::span<const Tensor* const> wanted);
    // Other numbers of a tensor, which later stages see.
    void replace(const Checkpoint::Replacement& tensor) { replaced_.push_back(tensor); }

  private:
    uint32_t stage_of(const Tensor& tensor) const;

    const Checkpoint& checkpoint_;
    ScorerMaker make_scorer_;
    Options options_;
    Progress& progress_;
    const Cancel& cancel_;
    std::vector<Checkpoint::Replacement> replaced_;
    uint32_t stage_ = 0;
    std::unique_ptr<Scorer> scorer_;
    std::unique_ptr<TextSquares> squares_;
};

}  // namespace linnet
