// `linnet quantize --target-size` and its like: the formats with which a model of that size, of
// that quality or of that speed loses least.
#pragma once

#include <optional>
#include <string>

#include "compress/target.h"
#include "compress/text_feedback.h"
#include "linnet/command.h"
#include "linnet/quantize_judge.h"
#include "linnet/quantize_text.h"

namespace linnet {

class QuantizeTarget {
  public:
    void declare(Syntax& syntax);
    // Where neither a type nor a goal is named: as many bits as make small models as good as
    // mixtures of 6 do, for which the best types are chosen.
    void take_usual_goal() { bits_ = 5; }
    bool asked() const { return size_ || bits_ || max_kld_ || min_tps_; }
    bool needs_text() const { return asked() || gptq_ || judge_.asked(); }
    // What folders take as well, and whether more is asked for than that.
    QuantizeText& text() { return text_; }
    bool gptq() const { return gptq_; }
    bool asks_more() const {
        return asked() || judge_.asked() || resume_ || plain_ || !costs_.empty();
    }
    // Usage where the options do not go together.
    Result<> check(bool dry_run);
    // Where a text is read, keeps a journal beside `out` from here on, or takes it up where one
    // broke off. `settings` is what else the result depends on.
    Result<> begin(Context& context, const Checkpoint& checkpoint, const Path& out, Json settings);
    // What breaks off can be taken up again, unless that would break off again: then it goes.
    Error ended(Error error, const Path& out);
    // How much columns matter, from the text that is named.
    Result<Importance> measure_importance(Context& context, const Checkpoint& checkpoint);
    // Chooses the formats; returns the divergence that is foretold.
    Result<double> choose(Context& context, QuantizePlan& plan, std::span<const RecipeRule> pinned,
                          const Path& path);
    // Writes the plan, with feedback from the text where that is asked for, and judges it. Changes
    // the plan, and what is foretold, until the divergence is as small as asked for.
    Result<> write(Context& context, QuantizePlan& plan, std::optional<double>& foretold,
                   const Path& path);
    std::string calibration() const { return text_.names(); }
    const QuantizeJudge& judge() const { return judge_; }
    // Of the files of the model, which are read for it once.
    const std::string& model_digest(const Checkpoint& checkpoint);
    std::span<const TensorCosts> costs() const { return measured_; }

  private:
    Journal* journal() { return journal_ ? &*journal_ : nullptr; }
    // Whether what is rounded is made up for: what is chosen by a text anyway is.
    bool feeds_back() const { return gptq_ || (asked() && !plain_); }
    // Of the text, where it is asked for; made once. The plan must outlive this.
    Result<FeedbackSource*> feedback(Context& context, const QuantizePlan& plan);
    Result<uint64_t> file_bytes(const QuantizePlan& plan) const;
    Result<std::vector<TensorCosts>> find_costs(Context& context, const QuantizePlan& plan,
                                                std::span<const RecipeRule> pinned);
    // The largest file that answers fast enough; `path` is where the result will be.
    Result<uint64_t> bytes_for_speed(Context& context, QuantizePlan& plan, const Path& path);
    Result<> write_once(Context& context, const QuantizePlan& plan, const Path& path);
    Result<> write_within(Context& context, QuantizePlan& plan, std::optional<double>& foretold,
                          const Path& path);

    std::optional<uint64_t> size_;
    std::optional<double> bits_, max_kld_, min_tps_;
    std::string costs_;
    bool gptq_ = false, plain_ = false, resume_ = false;
    QuantizeText text_;
    QuantizeJudge judge_;
    std::optional<Journal> journal_;
    std::optional<std::string> model_digest_;
    std::vector<TensorCosts> measured_;
    std::optional<TextFeedback> feedback_;
};

}  // namespace linnet
