// Mixtures of number formats under one name, "Q4_K_M": most tensors in one format, those that harm
// more in a finer one. Which is which, and what fits a tensor whose rows are too short for a
// format, is chosen as llama-quantize chooses, so that a name means the same file.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "formats/checkpoint.h"

namespace linnet {

// From fine to coarse.
// clang-format off
enum class Mix {
    F32, F16, BF16, Q8_0, Q6_K, Q5_K_M, Q5_K_S, Q5_1, Q5_0,
    Q4_K_M, Q4_K_S, Q4_1, Q4_0, IQ4_NL, IQ4_XS, MXFP4_MOE,
    IQ3_M, IQ3_S, IQ3_XS, IQ3_XXS, Q3_K_L, Q3_K_M, Q3_K_S, Q2_K, Q2_K_S,
    IQ2_M, IQ2_S, IQ2_XS, IQ2_XXS, Q2_0, TQ2_0, IQ1_M, TQ1_0, IQ1_S, Q1_0,
};
// clang-format on

struct Mixture {
    Mix mix;
    std::string_view name;   // "Q4_K_M"
    uint32_t file_type;      // general.file_type of GGUF
    std::string_view dtype;  // of most tensors
};
std::span<const Mixture> mixtures();
// In any case; "Q4_K" means Q4_K_M, and so on. Null where there is none.
const Mixture* mixture_named(std::string_view name);

// What a choice depends on besides the tensor.
struct MixtureModel {
    std::string architecture{};
    uint64_t layers = 0, experts = 0;
    uint64_t queries_per_key = 0;       // attention heads that share one key
    uint64_t value_tensors = 0;         // of attention
    bool shares_values_widely = false;  // the 70B models of some families
    bool tied = true;                   // the head is the embedding
    bool has_importance = false;
    static MixtureModel of(const Checkpoint& checkpoint, bool has_importance);
};

// The order in which a mixture counts tensors, and in which they are written: what is outside of
// layers, then layer by layer, by name.
bool tensor_before(std::string_view a, std::string_view b);

// Whether a tensor is one of those that are quantized at all: matrices, but not the small ones that
// norms, routers, convolutions and positions are.
bool is_quantizable(const Tensor& tensor);

// Chooses tensor after tensor, in the order of tensor_before().
class MixtureChooser {
  public:
    MixtureChooser(const Mixture& mixture, MixtureModel model)
        : mixture_(mixture), model_(std::move(model)) {}
    // REQUIRES: is_quantizable(tensor).
    const DType& choose(const Tensor& tensor);

  private:
    std::string_view head() const;
    std::string_view embedding() const;
    std::string_view value();
    std::string_view key() const;
    std::string_view query() const;
    std::string_view gate_or_up(std::string_view name);
    std::string_view down(std::string_view name);
    std::string_view attention_output() const;
    bool is_fine_layer(uint64_t layer, uint64_t layers) const;
    uint64_t count_layer(std::string_view name, uint64_t& seen) const;
    bool of_two_bits() const;

    const Mixture& mixture_;
    MixtureModel model_;
    uint64_t values_seen_ = 0, downs_seen_ = 0, gates_seen_ = 0, ups_seen_ = 0;
};

// The format itself, or the one that takes its place where rows are no whole number of its blocks.
const DType& fitting_dtype(const DType& wanted, uint64_t columns);

}  // namespace linnet
