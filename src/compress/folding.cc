#include "compress/folding.h"

#include <algorithm>

#include "base/text.h"

namespace linnet {
namespace {

void multiply(std::vector<float>& factors, std::span<const float> by) {
    if (factors.empty()) factors.assign(by.size(), 1);
    check(factors.size() == by.size(), "a factor for each");
    for (size_t i = 0; i < by.size(); i++) factors[i] *= by[i];
}

const std::vector<float>* find(const auto& factors, std::string_view name) {
    auto found = factors.find(name);
    return found == factors.end() ? nullptr : &found->second;
}

struct LayerNames {
    std::string_view feeder;
    std::string_view matrices[4];
    bool is_norm;
};
constexpr LayerNames layer_names[] = {
    {"attn_norm", {"attn_q", "attn_k", "attn_v", "attn_qkv"}, true},
    {"ffn_norm", {"ffn_gate", "ffn_up"}, true},
    {"attn_v", {"attn_output"}, false},
    {"ffn_up", {"ffn_down"}, false},
};

}  // namespace

const std::vector<float>* Folding::columns(std::string_view tensor) const {
    return find(columns_, tensor);
}

const std::vector<float>* Folding::rows(std::string_view tensor) const {
    return find(rows_, tensor);
}

void Folding::multiply_columns(std::string_view tensor, std::span<const float> by) {
    multiply(columns_[std::string(tensor)], by);
}

void Folding::divide_rows(std::string_view tensor, std::span<const float> by) {
    multiply(rows_[std::string(tensor)], by);
}

ActivationRange Folding::folded(std::string_view tensor, const ActivationRange& range) const {
    ActivationRange out = range;
    const std::vector<float>* by = columns(tensor);
    for (size_t c = 0; by && c < out.farthest.size(); c++) {
        out.farthest[c] /= (*by)[c];
        out.mean_squares[c] /= (*by)[c] * (*by)[c];
    }
    return out;
}

std::vector<FedMatrices> fed_matrices(const Checkpoint& checkpoint, bool matrices_too) {
    std::vector<FedMatrices> out;
    for (size_t layer = 0;; layer++) {
        auto find_part = [&](std::string_view part, std::string_view end) {
            return checkpoint.find(cat("blk.", layer, ".", part, end));
        };
        if (!find_part("attn_norm", ".weight") && !find_part("attn_output", ".weight")) break;
        const bool is_gated = find_part("ffn_gate", ".weight") != nullptr;
        for (const LayerNames& names : layer_names) {
            if (!names.is_norm && (!matrices_too || (names.feeder == "ffn_up" && !is_gated)))
                continue;
            FedMatrices fed;
            const Tensor* feeder = find_part(names.feeder, ".weight");
            if (!feeder || (names.is_norm ? feeder->shape.rank() != 1 : feeder->shape.rank() != 2))
                continue;
            fed.columns = feeder->shape[0];
            fed.feeders.push_back(feeder);
            if (const Tensor* bias = find_part(names.feeder, ".bias")) fed.feeders.push_back(bias);
            bool fits = true;  // not where heads share values
            for (std::string_view part : names.matrices) {
                const Tensor* matrix = part.empty() ? nullptr : find_part(part, ".weight");
                if (!matrix) continue;
                fits &= matrix->shape.rank() == 2 && matrix->shape.row() == fed.columns;
                fed.matrices.push_back(matrix);
            }
            if (fits && !fed.matrices.empty()) out.push_back(std::move(fed));
        }
    }
    return out;
}

std::vector<float> folded_weights(const Tensor& tensor, const Folding& folding) {
    std::vector<float> out(tensor.values);
    tensor.dtype->decode(tensor.data.data(), out.data(), out.size());
    const size_t columns = tensor.shape.row();
    const std::vector<float>*by = folding.columns(tensor.name), *rows = folding.rows(tensor.name);
    for (size_t i = 0; i < out.size(); i++) {
        if (by) out[i] *= (*by)[i % columns];
        if (rows) out[i] /= (*rows)[i / columns];
    }
    return out;
}

}  // namespace linnet
