// `linnet quantize --format compressed-tensors`: a folder as vLLM and transformers load it.
#pragma once

#include <optional>
#include <string>

#include "compress/compress_folder.h"
#include "compress/text_feedback.h"
#include "linnet/command.h"
#include "linnet/quantize_text.h"

namespace linnet {

class QuantizeFolder {
  public:
    void declare(Syntax& syntax);
    bool asked() const { return format_ == "compressed-tensors"; }
    // Usage where what is asked of a folder does not go together, or none is asked for.
    Result<> check() const;
    // Writes the folder, which must not be there yet, and tells of it. `in`: as it was named.
    Result<> run(Context& context, const std::string& in, const Path& out, QuantizeText& text,
                 bool gptq, bool dry_run);

  private:
    const FolderScheme* named_scheme() const;  // null where the name is none
    Result<FolderScheme> scheme(const Checkpoint& checkpoint) const;
    bool needs_text(bool gptq) const;
    // What the text tells, and the factors that follow from it.
    Result<> calibrate(Context& context, const Checkpoint& checkpoint, QuantizeText& text,
                       CompressFolderOptions& options);
    Result<> feed_back(Context& context, const Checkpoint& checkpoint, QuantizeText& text,
                       CompressFolderOptions& options);
    void report(Context& context, const std::string& in, const Path& out,
                const Checkpoint& checkpoint, const CompressFolderPlan& plan, bool dry_run) const;

    std::string format_ = "gguf", scheme_, strategy_;
    std::optional<int64_t> group_;
    std::optional<double> smooth_;
    bool symmetric_ = false, asymmetric_ = false, awq_ = false, head_ = false;
    ActivationRanges ranges_;
    Folding folding_;
    std::optional<QuantizePlan> read_plan_;  // whose matrices have feedback
    std::optional<TextFeedback> feedback_;
};

}  // namespace linnet
