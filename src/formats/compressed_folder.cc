#include "formats/compressed_folder.h"

#include <algorithm>

#include "base/text.h"
#include "formats/compressed_matrix.h"

namespace linnet {
namespace {

// What belongs to a matrix, and what is about activations and the cache.
constexpr std::string_view parts[] = {
    "weight_packed", "weight_scale",      "weight_zero_point",   "weight_shape",
    "weight_g_idx",  "input_scale",       "weight_global_scale", "input_zero_point",
    "output_scale",  "output_zero_point", "input_global_scale",
};
constexpr std::string_view cache_parts[] = {"q_scale", "k_scale", "v_scale"};

bool ends_in(std::string_view name, std::span<const std::string_view> endings) {
    const size_t dot = name.rfind('.');
    return dot != name.npos && std::ranges::find(endings, name.substr(dot + 1)) != endings.end();
}

}  // namespace

Result<Checkpoint> decompress(const Checkpoint& folder, const CompressedConfig& config,
                              ThreadPool& pool) {
    std::vector<Checkpoint::Replacement> made;
    std::vector<std::string_view> without;
    for (const Tensor& tensor : folder.tensors()) {
        if (!ends_in(tensor.name, parts) && !ends_in(tensor.name, cache_parts)) continue;
        without.push_back(tensor.name);
        constexpr std::string_view scale = ".weight_scale", packed = ".weight_packed";
        const bool is_scale = tensor.name.ends_with(scale);
        if (!is_scale && !tensor.name.ends_with(packed)) continue;
        const std::string_view module =
            tensor.name.substr(0, tensor.name.size() - (is_scale ? scale : packed).size());
        if (!is_scale && folder.find(cat(module, scale))) continue;  // comes with its scale
        auto matrix = TRY(CompressedMatrix::read(folder, module, config));
        const DType& dtype = matrix.dtype(pool);
        const uint64_t row_bytes = *dtype.bytes_of(matrix.columns());
        auto data = std::make_shared<std::vector<std::byte>>(matrix.rows() * row_bytes);
        pool.for_each(matrix.rows(), [&](size_t begin, size_t end) {
            for (size_t r = begin; r < end; r++)
                matrix.write_row(dtype, r, data->data() + r * row_bytes);
        });
        made.push_back({cat(module, ".weight"), &dtype, {matrix.rows(), matrix.columns()}, data});
    }
    return folder.with(made, without);
}

}  // namespace linnet
