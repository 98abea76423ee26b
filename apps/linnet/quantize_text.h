// The texts that `linnet quantize` and `linnet prune` are calibrated with, and the model that reads
// them, and writes one where none is named.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "compress/calibration.h"
#include "compress/journal.h"
#include "compress/prune/staged_squares.h"
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
    // Where what the model writes is kept, and looked for.
    void keep_in(Journal* journal) { journal_ = journal; }

    // Read once.
    Result<const CalibrationParts*> parts(Context& context, const Checkpoint& checkpoint);
    // What reads them (reading_copy.h), loaded once, with chunks of 512 tokens or as many as the
    // model knows; and the checkpoint that it was loaded from.
    Result<Scorer*> reader(Context& context, const Checkpoint& checkpoint);
    Result<const Checkpoint*> read_as(Context& context, const Checkpoint& checkpoint);
    // The model as it is, loaded once, by which others are judged.
    Result<Scorer*> reference(Context& context, const Checkpoint& checkpoint);
    // Another model, that reads the same chunks; as it is, or as what reads them.
    Result<std::unique_ptr<Scorer>> reader_of(Context& context, const Checkpoint& checkpoint) const;
    Result<TextReader> fast_reader_of(Context& context, const Checkpoint& checkpoint) const;
    // The tokens of a text that the model is not calibrated with.
    Result<std::vector<int32_t>> tokens_of(Context& context, const Checkpoint& checkpoint,
                                           const std::string& file);

  private:
    Result<const Tokenizer*> tokenizer_of(const Checkpoint& checkpoint);
    Result<std::vector<int32_t>> own_text(Context& context, const Checkpoint& checkpoint);

    std::vector<std::string> files_;
    std::vector<CalibrationSource> sources_;
    int64_t chunks_ = 128;
    Journal* journal_ = nullptr;
    std::optional<Tokenizer> tokenizer_;  // of the unchanged model
    std::optional<CalibrationParts> parts_;
    std::optional<Checkpoint> read_as_;
    std::unique_ptr<Scorer> reader_, reference_;
};

}  // namespace linnet
