#include "compress/reading_copy.h"

#include "compress/quantize_file.h"

namespace linnet {

Result<Checkpoint> reading_copy(const Checkpoint& checkpoint, uint64_t bytes_max, ThreadPool& pool,
                                const Cancel& cancel) {
    const DType& dtype = *dtype_named("q8_0");
    std::vector<PlannedTensor> planned;
    uint64_t bytes = 0;
    for (const Tensor& tensor : checkpoint.tensors()) {
        if (!is_quantizable(tensor) || tensor.dtype->bits_per_value() < 16 ||
            tensor.shape.row() % dtype.block_values != 0)
            continue;
        planned.push_back({.source = &tensor, .dtype = &dtype, .wanted = &dtype});
        bytes += planned.back().bytes();
    }
    if (bytes > bytes_max) return checkpoint;
    std::vector<Checkpoint::Replacement> replacements;
    for (const PlannedTensor& tensor : planned)
        replacements.push_back({std::string(tensor.source->name), &dtype, tensor.source->shape,
                                std::make_shared<const std::vector<std::byte>>(
                                    TRY(quantize_tensor(tensor, pool, cancel)))});
    return checkpoint.with(replacements);
}

}  // namespace linnet
