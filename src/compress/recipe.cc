#include "compress/recipe.h"

#include <regex.h>

#include "base/text.h"
#include "compress/quantizer.h"

namespace linnet {

struct RecipeRule::Pattern {
    regex_t compiled{};

    Pattern() = default;
    Pattern(const Pattern&) = delete;
    Pattern& operator=(const Pattern&) = delete;
    ~Pattern() { regfree(&compiled); }
};

namespace {

// Extended POSIX expressions know no \d and no (?:…).
std::string posix_pattern(std::string_view text) {
    return replace_all(replace_all(std::string(text), "\\d", "[0-9]"), "(?:", "(");
}

Result<const DType*> written_dtype(std::string_view name) {
    const DType* dtype = dtype_named(lower(name));
    if (dtype && quantizer_of(*dtype)) return dtype;
    std::string known;
    for (const Quantizer& each : quantizers())
        known += cat(known.empty() ? "" : ", ", each.dtype->name);
    return Error{dtype ? Code::Unsupported : Code::Usage,
                 cat("'", printable(name, 100), "' is no number format that can be written"),
                 cat("one of ", known)};
}

}  // namespace

Result<RecipeRule> RecipeRule::parse(std::string_view text) {
    const size_t equals = text.rfind('=');
    if (equals == text.npos || equals == 0 || equals + 1 == text.size())
        return Error{Code::Usage, cat("'", printable(text, 200), "' is no PATTERN=TYPE"),
                     "write it as in attn_v=q6_k"};
    const DType* dtype = TRY(written_dtype(text.substr(equals + 1)));
    auto pattern = std::make_shared<Pattern>();
    std::string expression = posix_pattern(lower(text.substr(0, equals)));
    if (int failed = regcomp(&pattern->compiled, expression.c_str(), REG_EXTENDED | REG_NOSUB)) {
        char why[200];
        regerror(failed, &pattern->compiled, why, sizeof why);
        pattern->compiled = {};
        return Error{Code::Usage, cat("'", printable(expression, 200),
                                      "' is no regular expression: ", lower(why))};
    }
    return RecipeRule(std::move(pattern), dtype);
}

bool RecipeRule::matches(std::string_view tensor) const {
    return regexec(&pattern_->compiled, std::string(tensor).c_str(), 0, nullptr, 0) == 0;
}

Result<std::vector<RecipeRule>> parse_recipe(std::string_view text) {
    std::vector<RecipeRule> rules;
    for (std::string_view line : split(text, '\n')) {
        std::string_view kept = line.substr(0, line.find('#'));
        while (!(kept = trim(kept)).empty()) {
            const size_t end = std::min(kept.find_first_of(" \t\r"), kept.size());
            rules.push_back(TRY(RecipeRule::parse(kept.substr(0, end))));
            kept.remove_prefix(end);
        }
    }
    return rules;
}

const DType* recipe_dtype(std::span<const RecipeRule> rules, std::string_view tensor) {
    for (const RecipeRule& rule : rules)
        if (rule.matches(tensor)) return &rule.dtype();
    return nullptr;
}

std::string recipe_line(std::string_view tensor, const DType& dtype) {
    return cat("^", replace_all(std::string(tensor), ".", "\\."), "$=", dtype.name, "\n");
}

}  // namespace linnet
