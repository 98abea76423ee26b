// A model file made of the parts of another: what each tensor becomes, and the writing of it.
#pragma once

#include <vector>

#include "base/cancel.h"
#include "base/progress.h"
#include "formats/writer.h"

namespace linnet {

struct PlannedPart {
    const Tensor* source;
    TensorPlan becomes;
};

struct PartPlan {
    Checkpoint checkpoint;
    MetadataBuilder metadata;
    std::vector<PlannedPart> parts;  // layer by layer, as the file will have them

    // Of a GGUF file, with everything as it is; Unsupported for others.
    static Result<PartPlan> all_of(const Checkpoint& checkpoint);
    std::vector<TensorPlan> layout() const;
    Result<uint64_t> file_bytes() const;
};

// Where the numbers of the new tensors come from.
class PartSource {
  public:
    virtual ~PartSource() = default;
    // All blocks of the part, valid until the next call. Asked in the order of the plan.
    virtual Result<Bytes> bytes_of(const PlannedPart& part) = 0;
};

// Parts that stay as they are under whatever name.
class UnchangedParts final : public PartSource {
  public:
    Result<Bytes> bytes_of(const PlannedPart& part) override { return part.source->data; }
};

// BadInput where weights are no numbers.
Result<std::vector<float>> weights_of(const Tensor& tensor);

// What numbers are written as that came from this format and were changed: themselves where each
// value stands alone, else float16.
const DType* format_of_changed(const DType& dtype);

// The file appears under its name when it is whole.
Result<> write_parts(const PartPlan& plan, PartSource& source, const Path& path, Progress& progress,
                     const Cancel& cancel);

}  // namespace linnet
