// The texts of `linnet quantize`: those that it is calibrated with, and the model that reads them.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "compress/calibration.h"
#include "engine/scorer.h"
#include "linnet/command.h"

namespace linnet {

class QuantizeText {
  public:
    void declare(Syntax& syntax);
    bool given() const { return !files_.empty(); }
    int64_t chunks() const { return chunks_; }
    // Usage where a weight is none.
    Result<> check();
    // As the metadata tells of them.
    std::string names() const;
    // Digests and weights: what else depends on them.
    Result<Json> settings(Context& context) const;

    // Read once.
    Result<const CalibrationParts*> parts(Context& context, const Checkpoint& checkpoint);
    // The unchanged model, loaded once, with chunks of 512 tokens or as many as it knows.
    Result<Scorer*> reader(Context& context, const Checkpoint& checkpoint);
    // Another model, that reads the same chunks.
    Result<std::unique_ptr<Scorer>> reader_of(Context& context, const Checkpoint& checkpoint) const;
    // The tokens of a text that the model is not calibrated with.
    Result<std::vector<int32_t>> tokens_of(Context& context, const Checkpoint& checkpoint,
                                           const std::string& file);

  private:
    std::vector<std::string> files_;
    std::vector<CalibrationSource> sources_;
    int64_t chunks_ = 128;
    std::optional<Tokenizer> tokenizer_;  // of the unchanged model
    std::optional<CalibrationParts> parts_;
    std::unique_ptr<Scorer> reader_;
};

}  // namespace linnet
