// Feedback (feedback.h) from a text: the model reads it, and what comes to each matrix is kept as a
// matrix of squares. That of all matrices at once may be large; they are done in groups that fit,
// and the text is read once for each.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "compress/feedback.h"
#include "compress/quantize_file.h"
#include "engine/scorer.h"
#include "eval/chunks.h"

namespace linnet {

class TextFeedback final : public FeedbackSource {
  public:
    struct Options {
        ChunkOptions chunks{};
        uint64_t bytes_max = uint64_t{2} << 30;  // of the matrices of squares of a group
    };
    // All are borrowed. `scorer` runs `read`, the plan's checkpoint or a copy of it.
    TextFeedback(const QuantizePlan& plan, const Checkpoint& read, Scorer& scorer,
                 std::span<const int32_t> tokens, const Options& options, Progress& progress,
                 const Cancel& cancel)
        : plan_(plan),
          read_(read),
          scorer_(scorer),
          tokens_(tokens),
          options_(options),
          progress_(progress),
          cancel_(cancel) {}

    Result<std::shared_ptr<const Feedback>> feedback_for(const PlannedTensor& tensor) override;

  private:
    // Tensors that are multiplied with the same have one name here.
    std::string shared_name(const Tensor& tensor) const;
    std::vector<const Tensor*> group_from(const PlannedTensor& tensor) const;
    Result<> read_text(std::span<const Tensor* const> group);

    const QuantizePlan& plan_;
    const Checkpoint& read_;
    Scorer& scorer_;
    std::span<const int32_t> tokens_;
    Options options_;
    Progress& progress_;
    const Cancel& cancel_;
    std::map<std::string, std::vector<float>> squares_;  // of the group
    std::string latest_name_;
    std::shared_ptr<const Feedback> latest_;
};

}  // namespace linnet
