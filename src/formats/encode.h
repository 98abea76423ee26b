// The headers that a CheckpointWriter writes. Internal to formats.
#pragma once

#include <span>
#include <string>

#include "formats/writer.h"

namespace linnet {

// Which file of how many a header is for.
struct FilePlace {
    size_t number = 0;  // from 0
    size_t count = 1;
    size_t tensors_total = 0;
};

// Whether a format can hold the tensors and metadata; Code::Usage or Unsupported where not.
Result<> check_gguf_plan(const MetadataBuilder& metadata, std::span<const TensorPlan> tensors,
                         const WriteOptions& options);
Result<> check_safetensors_plan(const MetadataBuilder& metadata,
                                std::span<const TensorPlan> tensors);

// Everything before the first tensor's data. REQUIRES: a plan that passed its check.
// Key/values other than split.* stand in the first file only.
std::string gguf_header(const MetadataBuilder& metadata, std::span<const TensorPlan> tensors,
                        uint32_t alignment, FilePlace place);
std::string safetensors_header(const MetadataBuilder& metadata,
                               std::span<const TensorPlan> tensors);

// REQUIRES: a plan that passed its check.
uint64_t plan_bytes(const TensorPlan& tensor);

}  // namespace linnet
