// A model file with zeros in its matrices. It has the same tensors, shapes and, where they hold
// single values, formats: zeros take as much room as other numbers.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "compress/importance.h"
#include "compress/prune/mask.h"
#include "compress/prune/part_file.h"
#include "compress/prune/staged_squares.h"

namespace linnet {

struct MaskPlan {
    PartPlan file;
    std::vector<const Tensor*> inputs;  // one for each input that several matrices may have
};

// All matrices of layers but routers and other small ones. Those of a quantized model become
// float16. Unsupported where there are experts and the method wants all that they are multiplied
// with.
Result<MaskPlan> plan_masks(const Checkpoint& checkpoint, MaskMethod method);

class MaskedParts final : public PartSource {
  public:
    struct Options {
        MaskMethod method = MaskMethod::Wanda;
        MaskPattern pattern{};
        const Importance* importance = nullptr;  // of Wanda
        StagedSquares* squares = nullptr;        // of SparseGPT
        const Kernels* kernels = nullptr;
    };
    // All are borrowed.
    MaskedParts(const MaskPlan& plan, const Options& options, ThreadPool& pool)
        : plan_(plan), options_(options), pool_(pool) {}

    Result<Bytes> bytes_of(const PlannedPart& part) override;

    struct Count {
        uint64_t matrices = 0, weights = 0, zeros = 0;
    };
    // Of all matrices, when the file is written.
    const Count& count() const { return count_; }

  private:
    Result<> mask(const Tensor& tensor, std::span<float> weights);
    Result<> mask_with_feedback(const Tensor& tensor, std::span<float> weights);

    const MaskPlan& plan_;
    Options options_;
    ThreadPool& pool_;
    Count count_;
    std::vector<std::byte> held_;                 // the latest part
    std::map<std::string, Feedback> of_layer_{};  // by the input
    uint32_t layer_ = 0;
};

}  // namespace linnet
