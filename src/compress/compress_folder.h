// A model as a Hugging Face folder whose matrices are quantized by a scheme of compressed-tensors,
// as vLLM and transformers load it.
#pragma once

#include <functional>
#include <memory>

#include "compress/activation_ranges.h"
#include "compress/feedback.h"
#include "compress/folder_scheme.h"
#include "compress/folding.h"
#include "exchange/gguf_to_folder.h"

namespace linnet {

struct CompressFolderOptions {
    FolderScheme scheme;
    const DType* stored;  // of scales and what is not quantized: float16, bfloat16 or float32
    bool head = false;    // quantizes the head as well
    const Folding* folding = nullptr;
    const ActivationRanges* ranges = nullptr;  // schemes with static ranges need them
    // Of a matrix of the file; null for those that have none. Asked in the order of the file.
    std::function<Result<std::shared_ptr<const Feedback>>(const Tensor&)> feedback{};
};

struct CompressFolderPlan {
    struct Matrix {
        const ExportedTensor* tensor;
        uint64_t bytes;  // with scales and all
    };
    ExportPlan folder;
    CompressFolderOptions options;
    std::vector<Matrix> matrices{};

    bool is_quantized(const ExportedTensor& tensor) const;
    uint64_t bytes_of(const ExportedTensor& tensor) const;
    uint64_t bytes() const;  // of all tensors
    double bits_per_weight() const;
};

// `checkpoint` is a GGUF file. Unsupported where it cannot be a folder, or a matrix does not fit
// the scheme; Usage where the head that shall be quantized is the embedding.
Result<CompressFolderPlan> plan_compressed_folder(const Checkpoint& checkpoint,
                                                  CompressFolderOptions options,
                                                  WithTokenizer tokenizer = WithTokenizer::Yes);

// The largest size of groups (128, 64, 32 or 16) of which all matrices have whole ones.
unsigned usual_group(const Checkpoint& checkpoint);

// The folder, which must not be there yet, appears when it is whole.
Result<> write_compressed_folder(const CompressFolderPlan& plan, const Path& path, ThreadPool& pool,
                                 Progress& progress, const Cancel& cancel);

}  // namespace linnet
