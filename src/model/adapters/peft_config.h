// adapter_config.json, as PEFT writes it beside an adapter's tensors.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace linnet {

class PeftConfig {
  public:
    // Unsupported where the adapter is more than low-rank updates of weights.
    static Result<PeftConfig> read(const Json& document);

    const std::string& base() const { return base_; }  // the model it was trained for, or empty
    double alpha() const { return alpha_; }
    // What the update of a module is multiplied with: "model.layers.0.mlp.up_proj". BadInput where
    // the rank is not what the file says.
    Result<float> scale_of(std::string_view module, uint64_t rank) const;

  private:
    using Pattern = std::vector<std::pair<std::string, double>>;
    static Result<Pattern> read_pattern(const Json& document, std::string_view name);
    static double value_of(const Pattern& pattern, std::string_view module, double other);

    std::string base_;
    double rank_ = 0, alpha_ = 0;
    bool root_of_rank_ = false;  // alpha is divided by the root of the rank ("rsLoRA")
    Pattern ranks_, alphas_;     // of modules that have others
};

}  // namespace linnet
