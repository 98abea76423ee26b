// What `linnet prune` says of a model's quality before and after: on a text that is named, and on
// the part of the calibration that was held back.
#pragma once

#include <optional>
#include <string>

#include "eval/across_vocabularies.h"
#include "linnet/arithmetic.h"
#include "linnet/quantize_text.h"
#include "linnet/scoring.h"

namespace linnet {

class PruneJudge {
  public:
    void declare(Syntax& syntax);
    bool wanted() const { return !off_; }
    // Where no text is named, this one counts.
    void use_text(const std::string& file) {
        if (text_.file.empty()) text_.file = file;
    }

    // A model and the name that messages have for it.
    struct Named {
        const Checkpoint& checkpoint;
        const std::string& name;
    };
    Result<> on_text(Context& context, const Named& before, const Named& after);
    Result<> on_held_back(Context& context, QuantizeText& text, const Checkpoint& before,
                          const Checkpoint& after);
    void report(Output& output, Json& document) const;

  private:
    struct Judgement {
        double bits_before = 0, bits = 0;  // a byte
        Divergence divergence{};
        std::optional<DivergenceAcross> across{};  // where the vocabularies differ
    };
    Result<Judgement> alike(Context& context, Scorer& before, Scorer& after,
                            const Tokenizer& tokenizer, std::string_view text) const;
    Result<Judgement> across(Context& context, const ReadingModel& before,
                             const ReadingModel& after, std::string_view text) const;
    Result<double> bits_a_byte(Context& context, const ReadingModel& model,
                               std::string_view text) const;

    bool off_ = false;
    ScoredText text_{.file = {}, .chunks = 8};
    Arithmetic arithmetic_;
    std::optional<Judgement> judgement_;
    std::optional<Divergence> held_back_;
};

}  // namespace linnet
