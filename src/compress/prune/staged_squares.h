// What a text brings to the matrices of a model while it is being pruned: after some layers the
// text is read anew, so that later ones see what is left of earlier ones.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "base/threads.h"
#include "compress/text_squares.h"

namespace linnet {

// A model that reads a text, and what it was loaded from.
struct TextReader {
    Checkpoint checkpoint;
    std::unique_ptr<Scorer> scorer;
};
// Of a model, or of a copy that reads alike (reading_copy.h).
using ReaderMaker = FunctionRef<Result<TextReader>(const Checkpoint&)>;

class StagedSquares {
  public:
    struct Options {
        std::span<const int32_t> tokens;
        uint32_t layers_at_once = 8;
    };
    // All are borrowed.
    StagedSquares(const Checkpoint& checkpoint, ReaderMaker make_reader, const Options& options,
                  Progress& progress, const Cancel& cancel)
        : checkpoint_(checkpoint),
          make_reader_(make_reader),
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
    ReaderMaker make_reader_;
    Options options_;
    Progress& progress_;
    const Cancel& cancel_;
    std::vector<Checkpoint::Replacement> replaced_;
    uint32_t stage_ = 0;
    std::optional<TextReader> reader_;
    std::unique_ptr<TextSquares> squares_;
};

}  // namespace linnet
