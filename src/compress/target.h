// A model in a given size: each tensor gets the number format with which all together harm least.
//
// What a format costs a tensor is measured in two steps. The error of its products after real
// rounding, weighted by the importance of the columns, tells formats of one tensor apart. How much
// such an error moves the model's predictions is measured once for each tensor, by running the
// model with that tensor alone rounded coarsely. Divergence grows as the square of small errors,
// and those of many tensors add up, so the sum foretells what a choice for all of them does.
#pragma once

#include <span>
#include <vector>

#include "base/json.h"
#include "compress/quantize_file.h"
#include "engine/scorer.h"

namespace linnet {

// A format that a tensor could get.
struct FormatCost {
    const DType* dtype;
    uint64_t bytes;
    double divergence;  // that it alone would cost, in nats a token
};

struct TensorCosts {
    size_t place;  // among the plan's tensors
    std::vector<FormatCost> candidates;
};

// How the model is run to find what matters.
struct TrialOptions {
    const Kernels& kernels;
    std::span<const int32_t> tokens;  // of a text unlike those that the model is judged by
    size_t context = 256;             // tokens of it that are read; fewer where the text is shorter
    FeedbackSource* feedback =
        nullptr;                 // formats that take it are measured as they will be rounded
    Journal* journal = nullptr;  // keeps the costs of each tensor, and is asked for them first
};

// For all tensors of the plan that may change; those that `pinned` names keep the plan's format.
Result<std::vector<TensorCosts>> measure_costs(const QuantizePlan& plan,
                                               std::span<const RecipeRule> pinned,
                                               const TrialOptions& options, ThreadPool& pool,
                                               Progress& progress, const Cancel& cancel);

// What costs are of: the digest of a model, and whether its tensors were rounded with feedback.
struct CostsOrigin {
    std::string model;
    bool feedback = false;
};

// The costs as a document, to choose for another size without measuring again; and back. The second
// leaves out what is pinned. BadInput where they are of another model, Usage of another rounding.
Json costs_document(const QuantizePlan& plan, std::span<const TensorCosts> costs,
                    const CostsOrigin& origin);
Result<std::vector<TensorCosts>> costs_of(const Json& document, const QuantizePlan& plan,
                                          std::span<const RecipeRule> pinned,
                                          const CostsOrigin& origin);

// What the whole file takes with the smallest and with the largest formats that were measured.
struct FileRange {
    uint64_t least = 0, most = 0;
};
Result<FileRange> file_range(const QuantizePlan& plan, std::span<const TensorCosts> costs);

// Gives the plan's tensors the formats with which the whole file takes at most `file_bytes`, and
// returns the divergence that is foretold. NoFit where the smallest formats take more.
Result<double> fit_to_size(QuantizePlan& plan, std::span<const TensorCosts> costs,
                           uint64_t file_bytes);
// The same for the smallest file of which at most this divergence is foretold. NoFit where even the
// largest formats have more.
Result<double> fit_to_divergence(QuantizePlan& plan, std::span<const TensorCosts> costs,
                                 double divergence);
// Of files from the smallest to the largest, in some steps: what is foretold of each.
struct SizeAndDivergence {
    uint64_t bytes;
    double divergence;
};
Result<std::vector<SizeAndDivergence>> foretell(QuantizePlan plan,
                                                std::span<const TensorCosts> costs, size_t steps);

}  // namespace linnet
