// `linnet quantize --target-size`: the formats with which a model of that size loses least.
#pragma once

#include <optional>
#include <string>

#include "compress/target.h"
#include "compress/text_feedback.h"
#include "linnet/command.h"

namespace linnet {

class QuantizeTarget {
  public:
    void declare(Syntax& syntax);
    bool asked() const { return size_ || bits_; }
    bool needs_text() const { return asked() || gptq_; }
    // Usage where the options do not go together.
    Result<> check() const;
    // Where a text is read, keeps a journal beside `out` from here on, or takes it up where one
    // broke off. `settings` is what else the result depends on.
    Result<> begin(Context& context, const Checkpoint& checkpoint, const Path& out, Json settings);
    // What breaks off can be taken up again, unless that would break off again: then it goes.
    Error ended(Error error, const Path& out);
    // How much columns matter, from the text that is named.
    Result<Importance> measure_importance(Context& context, const Checkpoint& checkpoint);
    // Writes the plan, with feedback from the text where that is asked for.
    Result<> write(Context& context, const QuantizePlan& plan, const Path& path);
    // Chooses the formats; returns the divergence that is foretold.
    Result<double> choose(Context& context, QuantizePlan& plan, std::span<const RecipeRule> pinned);
    const std::string& calibration() const { return calibration_; }

  private:
    Journal* journal() { return journal_ ? &*journal_ : nullptr; }
    // Of the text, read once.
    Result<std::span<const int32_t>> tokens(Context& context, const Checkpoint& checkpoint);
    Result<std::unique_ptr<Scorer>> reader(Context& context, const Checkpoint& checkpoint) const;
    // Of the text, where it is asked for; made once. The plan must outlive this.
    Result<FeedbackSource*> feedback(Context& context, const QuantizePlan& plan);
    Result<uint64_t> file_bytes(const QuantizePlan& plan) const;
    Result<std::vector<TensorCosts>> find_costs(Context& context, const QuantizePlan& plan,
                                                std::span<const RecipeRule> pinned);

    std::optional<uint64_t> size_;
    std::optional<double> bits_;
    std::string calibration_, costs_;
    int64_t chunks_ = 16;
    bool gptq_ = false, resume_ = false;
    std::optional<Journal> journal_;
    std::vector<int32_t> tokens_;
    std::unique_ptr<Scorer> reader_;
    std::optional<TextFeedback> feedback_;
};

}  // namespace linnet
