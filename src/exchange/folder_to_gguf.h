// A Hugging Face folder as the GGUF file that llama.cpp runs: the same weights in the number
// formats that they have, in GGUF's order and under its names, with settings, tokenizer and chat
// template.
#pragma once

#include <string>
#include <vector>

#include "base/cancel.h"
#include "base/progress.h"
#include "exchange/folder_tensors.h"

namespace linnet {

struct ImportPlan {
    Checkpoint folder;
    MetadataBuilder metadata;
    std::vector<ImportedTensor> tensors;
    std::vector<std::string> warnings{};  // what the file cannot say, a sentence each

    std::vector<TensorPlan> layout() const;
};

// Unsupported for an architecture whose folders cannot be brought over.
Result<ImportPlan> plan_import(const Checkpoint& folder,
                               WithTokenizer tokenizer = WithTokenizer::Yes);

// A few megabytes at a time; the file appears under its name when it is whole.
Result<> write_import(const ImportPlan& plan, const Path& path, Progress& progress,
                      const Cancel& cancel);

}  // namespace linnet
