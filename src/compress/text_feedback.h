// Feedback (feedback.h) from a text that the model reads.
#pragma once

#include <memory>
#include <string>

#include "compress/feedback.h"
#include "compress/quantize_file.h"
#include "compress/text_squares.h"

namespace linnet {

// Tensors that are multiplied with the same have one name here: that of one of them.
std::string shared_input_name(const Checkpoint& checkpoint, const Tensor& tensor);

class TextFeedback final : public FeedbackSource {
  public:
    // All are borrowed. `scorer` runs `read`, the plan's checkpoint or a copy of it.
    TextFeedback(const QuantizePlan& plan, const Checkpoint& read, Scorer& scorer,
                 std::span<const int32_t> tokens, const TextSquares::Options& options,
                 Progress& progress, const Cancel& cancel)
        : plan_(plan), read_(read), squares_(scorer, tokens, options, progress, cancel) {}

    Result<std::shared_ptr<const Feedback>> feedback_for(const PlannedTensor& tensor) override;

  private:
    const QuantizePlan& plan_;
    const Checkpoint& read_;
    TextSquares squares_;
    std::string latest_name_;
    std::shared_ptr<const Feedback> latest_;
};

}  // namespace linnet
