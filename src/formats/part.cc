#include "formats/part.h"

#include <algorithm>
#include <numeric>

namespace linnet {

std::string tensor_text(std::string_view name) {
    return cat("tensor '", printable(name, 100), "'");
}

std::vector<uint32_t> by_data(std::span<const Tensor> tensors) {
    std::vector<uint32_t> order(tensors.size());
    std::iota(order.begin(), order.end(), 0u);
    std::ranges::sort(order, {}, [&](uint32_t i) {
        return std::pair(tensors[i].data.data(), tensors[i].data.size());
    });
    return order;
}

Result<> refuse_overlaps(std::span<const Tensor> tensors) {
    const Tensor* last = nullptr;
    for (uint32_t i : by_data(tensors)) {
        const Tensor& tensor = tensors[i];
        if (last && tensor.data.data() < last->data.data() + last->data.size())
            return Error{Code::BadInput, cat(tensor_text(last->name), " and ",
                                             tensor_text(tensor.name), " overlap")};
        last = &tensor;
    }
    return Done{};
}

}  // namespace linnet
