// What `linnet quantize` says of the quality of what it wrote: the divergence from the model as it
// was, on the part of the calibration that was held back and on other texts.
#pragma once

#include <string>
#include <vector>

#include "eval/divergence.h"
#include "linnet/quantize_text.h"

namespace linnet {

struct JudgedText {
    std::string text;  // a file's name; empty: what was held back of the calibration
    Divergence divergence;
};

class QuantizeJudge {
  public:
    void declare(Syntax& syntax);
    bool asked() const { return !files_.empty() || !report_.empty(); }
    const std::string& report() const { return report_; }
    // NotFound where a text is not there: better said before the work than behind it.
    Result<> check(const Context& context) const;
    // Of the file, on all texts; kept in judged().
    Result<> judge(Context& context, QuantizeText& text, const Checkpoint& original,
                   const Path& small);
    // On what was held back alone.
    static Result<Divergence> held_back(Context& context, QuantizeText& text,
                                        const Checkpoint& original, const Path& small);
    void keep(JudgedText found) { judged_.push_back(std::move(found)); }
    const std::vector<JudgedText>& judged() const { return judged_; }
    Json document() const;

  private:
    std::vector<std::string> files_;
    std::string report_;
    std::vector<JudgedText> judged_;
};

}  // namespace linnet
