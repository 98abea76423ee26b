#include "compress/prune/staged_squares.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "compress/prune/drop_layers.h"

namespace linnet {

uint32_t StagedSquares::stage_of(const Tensor& tensor) const {
    auto place = LayerTensor::parse(tensor.name);
    return place ? place->layer / options_.layers_at_once : 0;
}

Result<std::span<const float>> StagedSquares::of(const Tensor& tensor,
                                                 std::span<const Tensor* const> wanted) {
    if (!reader_ || stage_of(tensor) != stage_) {
        squares_.reset();
        reader_.reset();
        reader_ = TRY(make_reader_(checkpoint_.with(replaced_)));
        squares_ = std::make_unique<TextSquares>(*reader_->scorer, options_.tokens,
                                                 TextSquares::Options{}, progress_, cancel_);
        stage_ = stage_of(tensor);
    }
    auto at = std::ranges::find(wanted, &tensor);
    auto next = [&]() -> const Tensor* {
        if (at != wanted.end()) at++;
        const bool more = at != wanted.end() && stage_of(**at) == stage_;
        return more ? reader_->checkpoint.find((*at)->name) : nullptr;
    };
    auto squares = TRY(squares_->of(*reader_->checkpoint.find(tensor.name), next));
    const size_t columns = tensor.shape.row();
    for (size_t i = 0; i < columns; i++)
        if (!std::isfinite(squares[i * columns + i]))
            return Error{
                Code::BadInput,
                cat("what tensor '", printable(tensor.name), "' is multiplied with is no number"),
                "the model is damaged: get it again, or elsewhere"};
    return squares;
}

}  // namespace linnet
