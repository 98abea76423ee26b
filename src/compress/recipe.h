// A recipe: which tensors get which number format, as "PATTERN=TYPE" items between white space, the
// form that llama-quantize reads by --tensor-type-file. A pattern is a regular expression that is
// searched for in a tensor's name; the first that is found counts.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "tensor/dtype.h"

namespace linnet {

class RecipeRule {
  public:
    // Usage where it is no PATTERN=TYPE, no regular expression or no format that can be written.
    static Result<RecipeRule> parse(std::string_view text);
    bool matches(std::string_view tensor) const;
    const DType& dtype() const { return *dtype_; }

  private:
    struct Pattern;
    RecipeRule(std::shared_ptr<const Pattern> pattern, const DType* dtype)
        : pattern_(std::move(pattern)), dtype_(dtype) {}
    std::shared_ptr<const Pattern> pattern_;
    const DType* dtype_;
};

// What stands behind a '#' on a line is left out.
Result<std::vector<RecipeRule>> parse_recipe(std::string_view text);
// The format of the first rule that matches, or null.
const DType* recipe_dtype(std::span<const RecipeRule> rules, std::string_view tensor);
// A line that names one tensor and no other.
std::string recipe_line(std::string_view tensor, const DType& dtype);

}  // namespace linnet
