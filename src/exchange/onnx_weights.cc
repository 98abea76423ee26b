#include "exchange/onnx_weights.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"

namespace linnet {
namespace {

constexpr std::string_view embedding = "model.embed_tokens.weight", head = "lm_head.weight";

uint64_t aligned(uint64_t offset) {
    return (offset + 4095) / 4096 * 4096;
}

// A matrix in columns: levels of some blocks of inputs, for all outputs side by side.
class Levels {
  public:
    Levels(const ExportedTensor& tensor, bool four_bits)
        : tensor_(tensor),
          four_bits_(four_bits),
          outputs_(tensor.plan.shape[0]),
          inputs_(tensor.plan.shape[1]),
          scales_(inputs_ / onnx_block * outputs_) {}

    // Blocks that are rounded in one pass over the rows, so that their levels take 32 MB or less.
    uint64_t blocks_at_once() const {
        constexpr uint64_t pass_bytes = 32 << 20;
        return std::max<uint64_t>(1, pass_bytes / (onnx_block * outputs_));
    }
    uint64_t blocks() const { return inputs_ / onnx_block; }
    std::span<const float> scales() const { return scales_; }

    // Levels of blocks [first, first + count), as they stand in the file.
    const std::vector<std::byte>& round(uint64_t first, uint64_t count) {
        levels_.resize(count * onnx_block * outputs_);
        std::vector<float> row(inputs_);
        for (uint64_t n = 0; n < outputs_; n++) {
            convert_row(tensor_, n, row.data());
            for (uint64_t b = 0; b < count; b++) round_block(row.data(), first + b, b, n);
        }
        pack();
        return packed_;
    }

  private:
    void round_block(const float* row, uint64_t block, uint64_t within, uint64_t n) {
        const float* x = row + block * onnx_block;
        const float most = *std::max_element(
            x, x + onnx_block, [](float a, float b) { return std::abs(a) < std::abs(b); });
        // Of 4 bits the largest value gets -8, the level that has no opposite.
        const float scale = four_bits_ ? most / -8 : std::abs(most) / 127;
        scales_[block * outputs_ + n] = scale;
        const float least = four_bits_ ? -8.0f : -127.0f, top = four_bits_ ? 7.0f : 127.0f;
        const float inverse = scale == 0 ? 0 : 1 / scale;
        for (uint64_t i = 0; i < onnx_block; i++) {
            const float level = std::clamp(std::nearbyint(x[i] * inverse), least, top);
            levels_[(within * onnx_block + i) * outputs_ + n] = static_cast<int8_t>(level);
        }
    }

    // Two of 4 bits in a byte, the first in the low half.
    void pack() {
        packed_.resize(four_bits_ ? (levels_.size() + 1) / 2 : levels_.size());
        if (!four_bits_) {
            std::ranges::transform(levels_, packed_.begin(),
                                   [](int8_t level) { return static_cast<std::byte>(level); });
            return;
        }
        for (size_t i = 0; i < packed_.size(); i++)
            packed_[i] =
                static_cast<std::byte>((levels_[2 * i] & 15) | (levels_[2 * i + 1] & 15) << 4);
    }

    const ExportedTensor& tensor_;
    bool four_bits_;
    uint64_t outputs_, inputs_;
    std::vector<float> scales_;  // (blocks, outputs)
    std::vector<int8_t> levels_;
    std::vector<std::byte> packed_;
};

}  // namespace

OnnxWeights::OnnxWeights(const ExportPlan& plan, OnnxNumbers numbers) : numbers_(numbers) {
    const bool integers = numbers == OnnxNumbers::Int8 || numbers == OnnxNumbers::Int4;
    const bool tied = std::ranges::none_of(
        plan.tensors, [](const ExportedTensor& tensor) { return tensor.plan.name == head; });
    for (const ExportedTensor& tensor : plan.tensors) {
        const Shape& shape = tensor.plan.shape;
        const bool fits = integers && shape.rank() == 2 && shape[1] % onnx_block == 0 &&
                          (shape[0] * onnx_block) % 2 == 0;
        const bool is_embedding = tensor.plan.name == embedding;
        add_part(tensor, tensor.plan.name, fits && !is_embedding);
        if (fits && is_embedding && tied) add_part(tensor, std::string(head), true);
    }
}

void OnnxWeights::add_part(const ExportedTensor& tensor, const std::string& name, bool as_levels) {
    parts_.push_back({&tensor, as_levels});
    const Shape& shape = tensor.plan.shape;
    if (!as_levels) {
        const bool half = tensor.plan.dtype->name == "f16";
        std::vector<uint64_t> dims(shape.rank());
        std::ranges::copy(shape.dims(), dims.begin());
        return add(name, half ? OnnxType::Float16 : OnnxType::Float, std::move(dims),
                   half ? 16 : 32);
    }
    const bool four_bits = numbers_ == OnnxNumbers::Int4;
    add(name + ".levels", four_bits ? OnnxType::Int4 : OnnxType::Int8, {shape[1], shape[0]},
        four_bits ? 4 : 8);
    add(name + ".scales", OnnxType::Float, {shape[1] / onnx_block, shape[0]}, 32);
}

void OnnxWeights::add(std::string name, OnnxType type, std::vector<uint64_t> shape, uint64_t bits) {
    uint64_t values = 1;
    for (uint64_t dim : shape) values *= dim;
    const uint64_t offset = list_.empty() ? 0 : aligned(bytes());
    list_.push_back({std::move(name), type, std::move(shape), offset, (values * bits + 7) / 8});
}

bool OnnxWeights::has(std::string_view name) const {
    return std::ranges::find(list_, name, &OnnxWeight::name) != list_.end();
}

Result<> OnnxWeights::write(FileWriter& file, Progress& progress, const Cancel& cancel) const {
    static constexpr std::byte zeros[4096] = {};
    auto append = [&](Bytes bytes) {
        auto written = file.append(bytes);
        progress.at(file.size());
        return written;
    };
    auto align = [&] { return append(Bytes(zeros, aligned(file.size()) - file.size())); };
    for (const Part& part : parts_) {
        TRY(align());
        if (!part.as_levels) {
            TRY(convert_rows(*part.tensor, cancel, append));
            continue;
        }
        Levels levels(*part.tensor, numbers_ == OnnxNumbers::Int4);
        for (uint64_t first = 0; first < levels.blocks(); first += levels.blocks_at_once()) {
            TRY(cancel.check());
            const uint64_t count = std::min(levels.blocks_at_once(), levels.blocks() - first);
            TRY(append(levels.round(first, count)));
        }
        TRY(align());
        TRY(append(std::as_bytes(levels.scales())));
    }
    return Done{};
}

}  // namespace linnet
