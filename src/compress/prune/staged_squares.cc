#include "compress/prune/staged_squares.h"

#include <algorithm>

#include "compress/prune/drop_layers.h"

namespace linnet {

uint32_t StagedSquares::stage_of(const Tensor& tensor) const {
    auto place = LayerTensor::parse(tensor.name);
    return place ? place->layer / options_.layers_at_once : 0;
}

Result<std::span<const float>> StagedSquares::of(const Tensor& tensor,
                                                 std::span<const Tensor* const> wanted) {
    if (!scorer_ || stage_of(tensor) != stage_) {
        squares_.reset();
        scorer_.reset();
        scorer_ = TRY(make_scorer_(checkpoint_.with(replaced_)));
        squares_ = std::make_unique<TextSquares>(*scorer_, options_.tokens, TextSquares::Options{},
                                                 progress_, cancel_);
        stage_ = stage_of(tensor);
    }
    auto at = std::ranges::find(wanted, &tensor);
    return squares_->of(tensor, [&]() -> const Tensor* {
        if (at != wanted.end()) at++;
        return at != wanted.end() && stage_of(**at) == stage_ ? *at : nullptr;
    });
}

}  // namespace linnet
