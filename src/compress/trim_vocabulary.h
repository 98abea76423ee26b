// A model with fewer tokens: the rows of its embedding and head that are left, byte for byte, and a
// tokenizer that cuts every text with them.
#pragma once

#include <span>
#include <vector>

#include "base/cancel.h"
#include "base/progress.h"
#include "formats/writer.h"
#include "text/tokenizer.h"

namespace linnet {

struct TrimPlan {
    Checkpoint checkpoint;
    std::vector<TokenId> kept;  // of the old ids, ascending; the place is the new id
    MetadataBuilder metadata;
    std::vector<TensorPlan> tensors;  // as the checkpoint's, in its order

    Result<uint64_t> file_bytes() const { return planned_file_bytes(metadata, tensors); }
    // The tokenizer of the file to be.
    Result<Tokenizer> tokenizer() const;
};

// Keeps `size` tokens, by how often texts use each (`counts`; text/kept_tokens.h says which stay in
// any case). Unsupported for anything but GGUF, and where rows share blocks.
Result<TrimPlan> plan_trimmed_vocabulary(const Checkpoint& checkpoint,
                                         std::span<const uint64_t> counts, size_t size);

// The file appears under its name when it is whole.
Result<> write_trimmed(const TrimPlan& plan, const Path& path, Progress& progress,
                       const Cancel& cancel);

}  // namespace linnet
