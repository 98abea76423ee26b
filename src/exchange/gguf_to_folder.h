// A GGUF file as a Hugging Face folder: config.json, generation_config.json, tokenizer.json,
// tokenizer_config.json and the weights as safetensors, as transformers loads them.
#pragma once

#include "base/cancel.h"
#include "base/progress.h"
#include "base/threads.h"
#include "exchange/folder_style.h"
#include "formats/writer.h"

namespace linnet {

struct ExportedTensor {
    enum class Order {
        Same,
        PairsApart,  // of each head, first the rows that come first in their pairs
    };
    TensorPlan plan;
    const Tensor* source = nullptr;
    Order order = Order::Same;
    uint32_t heads = 1;  // of PairsApart
    float offset = 0;    // is added to each value
};

struct ExportPlan {
    Checkpoint file;
    Json config{}, generation_config{}, tokenizer{}, tokenizer_config{};
    std::vector<ExportedTensor> tensors{};
};

// `dtype` of the weights: float32, float16 or bfloat16. Unsupported for an architecture, or
// settings, that a folder made by this build could not have.
Result<ExportPlan> plan_export(const Checkpoint& file, const DType& dtype,
                               WithTokenizer tokenizer = WithTokenizer::Yes);

// Row `i` of a matrix in float32, as the folder has it. `out` has a value for each column.
void convert_row(const ExportedTensor& tensor, uint64_t i, float* out);
// The numbers of a tensor as they will be written, some megabytes at a time.
Result<> convert_rows(const ExportedTensor& tensor, const Cancel& cancel,
                      FunctionRef<Result<>(Bytes)> out);

// Some megabytes at a time. The folder, which must not be there yet, appears when it is whole.
Result<> write_export(const ExportPlan& plan, const Path& folder, Progress& progress,
                      const Cancel& cancel);
// The same with weights that `write_weights` puts into the folder that it is given.
Result<> write_folder(const ExportPlan& plan, const Path& folder,
                      FunctionRef<Result<>(const Path&)> write_weights);

}  // namespace linnet
