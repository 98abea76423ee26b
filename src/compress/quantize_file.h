// A model file in other number formats: what each tensor becomes, and the writing of it, a few rows
// at a time.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/cancel.h"
#include "base/progress.h"
#include "base/threads.h"
#include "compress/feedback.h"
#include "compress/importance.h"
#include "compress/journal.h"
#include "compress/mixture.h"
#include "compress/recipe.h"
#include "formats/writer.h"

namespace linnet {

struct QuantizeOptions {
    const Mixture* mixture = nullptr;  // for tensors that no rule names
    std::vector<RecipeRule> rules{};
    bool pure = false;                       // the mixture's main format wherever it fits
    const Importance* importance = nullptr;  // null: all columns count alike
    std::string importance_name{};           // its file, for the metadata
};

struct PlannedTensor {
    const Tensor* source = nullptr;
    const DType* dtype = nullptr;   // that it becomes
    const DType* wanted = nullptr;  // that it would have become, had its rows been long enough
    const Importance::Entry* importance = nullptr;

    bool changes() const { return dtype != source->dtype; }
    bool fell_back() const { return wanted != dtype; }
    // Whether a text gives feedback for it (FeedbackSource), and whether what it becomes takes it.
    bool may_have_feedback() const;
    bool rounds_with_feedback() const;
    uint64_t bytes() const { return dtype->bytes_of(source->values).value_or(0); }
};

struct QuantizePlan {
    Checkpoint checkpoint;
    MetadataBuilder metadata;
    std::vector<PlannedTensor> tensors;  // in the order of the file to be

    std::vector<TensorPlan> layout() const;
    // Of the whole file to be, metadata and padding included.
    Result<uint64_t> file_bytes() const;
    // Matrices that change, and are in a coarse format already: rounded twice.
    size_t quantized_before() const;
    // Bits that a value of the quantizable tensors takes.
    double bits_per_weight() const;
};

// Unsupported for anything but GGUF; Usage where the importance matrix is of another model, or one
// is needed and missing.
Result<QuantizePlan> plan_quantization(const Checkpoint& checkpoint,
                                       const QuantizeOptions& options);

// The blocks of one tensor. BadInput where it has weights that are no numbers.
Result<std::vector<std::byte>> quantize_tensor(const PlannedTensor& tensor, ThreadPool& pool,
                                               const Cancel& cancel);
class FeedbackSource {
  public:
    virtual ~FeedbackSource() = default;
    // Asked in the order of the plan, which may be gone through several times; null where there is
    // none.
    virtual Result<std::shared_ptr<const Feedback>> feedback_for(const PlannedTensor& tensor) = 0;
};

// Writes what was planned; the file appears under its name when it is whole. Memory stays at some
// megabytes a thread, whatever the model's size. With a journal, what is written of a run that
// breaks off stays beside the file (partial_path()), and is taken up again.
Result<> quantize_file(const QuantizePlan& plan, const Path& path, ThreadPool& pool,
                       Progress& progress, const Cancel& cancel, FeedbackSource* feedback = nullptr,
                       Journal* journal = nullptr);
Path partial_path(const Path& path);

}  // namespace linnet
