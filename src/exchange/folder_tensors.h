// Which tensors a GGUF file has, and where in a Hugging Face folder their numbers stand.
#pragma once

#include <span>
#include <vector>

#include "exchange/folder_settings.h"
#include "formats/writer.h"

namespace linnet {

// Some rows of a folder's tensor.
struct SourceRows {
    const Tensor* tensor = nullptr;
    uint64_t first = 0, count = 0;
};

struct ImportedTensor {
    enum class Order {
        Same,
        PairsTogether,  // of each head, row i of the second half behind row i of the first
        Transposed,
    };
    TensorPlan plan;
    std::vector<SourceRows> parts{};  // one behind the other
    Order order = Order::Same;
    uint32_t heads = 1;           // of PairsTogether
    float offset = 0;             // is added to each value
    std::vector<float> values{};  // the numbers themselves, where there are no parts
};

// In the order of the file. BadInput where a tensor is missing; Unsupported where the folder has
// one that the file has no place for.
Result<std::vector<ImportedTensor>> plan_imported_tensors(const Source& source,
                                                          const FolderStyle& style,
                                                          std::span<const SettingTensor> settings);

// Rows [first, first + count) of the tensor, as the file has them. `out` has that size.
void read_rows(const ImportedTensor& tensor, uint64_t first, uint64_t count, std::byte* out);

}  // namespace linnet
