#include "model/adapters/peft_config.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"

namespace linnet {
namespace {

// What changes a model in ways that a low-rank update does not, if it is set to anything.
struct Refused {
    std::string_view name, what;
};
constexpr Refused refused[] = {
    {"use_dora", "scales whole columns besides (DoRA)"},
    {"use_qalora", "works on groups of its inputs (QA-LoRA)"},
    {"lora_bias", "adds biases of its own"},
    {"modules_to_save", "replaces whole layers besides"},
    {"trainable_token_indices", "replaces embeddings of single tokens"},
    {"target_parameters", "changes parameters that are no modules of their own"},
    {"layer_replication", "repeats layers of the model"},
    {"alora_invocation_tokens", "begins within a text (activated LoRA)"},
    {"use_bdlora", "is divided into blocks (BD-LoRA)"},
    {"kasa_config", "weighs singular values besides (KaSA)"},
    {"monteclora_config", "draws its weights (MonteCLoRA)"},
    {"arrow_config", "chooses among other adapters (Arrow)"},
    {"megatron_config", "is divided among machines (Megatron)"},
};
constexpr std::string_view merge_it = "merge it into its model with PEFT's merge_and_unload()";

bool is_set(const Json& value) {
    if (auto flag = value.as_bool()) return *flag;
    if (const Json::Array* items = value.as_array()) return !items->empty();
    if (const Json::Object* members = value.as_object()) return !members->empty();
    return !value.is_null();
}

Error unsupported(std::string_view name, std::string_view what) {
    return {Code::Unsupported, cat("the adapter ", what, " (", name, "), which linnet does not do"),
            std::string(merge_it)};
}

Result<> refuse_others(const Json& document) {
    std::string type = document.string_or("peft_type", "LORA");
    if (type != "LORA")
        return Error{Code::Unsupported,
                     cat("the adapter is of PEFT's type '", printable(type, 40), "', not LORA"),
                     std::string(merge_it)};
    for (const Refused& row : refused)
        if (const Json* value = document.find(row.name); value && is_set(*value))
            return unsupported(row.name, row.what);
    if (std::string bias = document.string_or("bias", "none"); bias != "none")
        return unsupported("bias",
                           cat("changes the model's biases, bias '", printable(bias, 40), "'"));
    // These change the weights that the adapter is added to.
    if (const Json* start = document.find("init_lora_weights"); start && start->is_string()) {
        const std::string& name = *start->as_string();
        for (std::string_view way : {"pissa", "olora", "corda", "loftq", "eva_", "lora_ga"})
            if (name.starts_with(way))
                return unsupported("init_lora_weights", cat("belongs to weights that '",
                                                            printable(name, 40), "' changed"));
    }
    return Done{};
}

Result<double> number(const Json& value, std::string_view name) {
    auto read = value.as_double();
    if (!read || !std::isfinite(*read) || std::abs(*read) > 1e9)
        return Error{Code::BadInput, cat("the adapter's ", printable(name, 60), " is ",
                                         printable(value.dump(), 60), ", not a number")};
    return *read;
}

}  // namespace

Result<PeftConfig> PeftConfig::read(const Json& document) {
    if (!document.is_object()) return Error{Code::BadInput, "adapter_config.json is not an object"};
    TRY(refuse_others(document));
    PeftConfig config;
    config.base_ = document.string_or("base_model_name_or_path", "");
    const Json *rank = document.find("r"), *alpha = document.find("lora_alpha");
    config.rank_ = TRY(number(rank ? *rank : Json(8), "r"));
    config.alpha_ = TRY(number(alpha ? *alpha : Json(8), "lora_alpha"));
    config.root_of_rank_ = document.bool_or("use_rslora", false);
    config.ranks_ = TRY(read_pattern(document, "rank_pattern"));
    config.alphas_ = TRY(read_pattern(document, "alpha_pattern"));
    return config;
}

// The keys are regular expressions; nearly all are just the end of a name, or all of it.
Result<PeftConfig::Pattern> PeftConfig::read_pattern(const Json& document, std::string_view name) {
    Pattern pattern;
    const Json* value = document.find(name);
    if (!value || value->is_null()) return pattern;
    const Json::Object* members = value->as_object();
    if (!members) return Error{Code::BadInput, cat("the adapter's ", name, " is not an object")};
    for (const auto& [key, item] : *members) {
        std::string_view plain = key;
        if (plain.starts_with('^')) plain.remove_prefix(1);
        if (plain.empty() || plain.find_first_of("*+?|()[]{}\\^$") != plain.npos)
            return Error{Code::Unsupported,
                         cat("the adapter's ", name, " has the expression '", printable(key, 80),
                             "'; linnet reads whole names of modules, or their ends"),
                         "write out the names in adapter_config.json"};
        pattern.emplace_back(key, TRY(number(item, cat(name, ".", key))));
    }
    return pattern;
}

double PeftConfig::value_of(const Pattern& pattern, std::string_view module, double other) {
    for (const auto& [key, value] : pattern) {
        bool whole = key.starts_with('^');
        std::string_view plain = std::string_view(key).substr(whole ? 1 : 0);
        bool ends = module.ends_with(plain) && (module.size() == plain.size() ||
                                                module[module.size() - plain.size() - 1] == '.');
        if (whole ? module == plain : ends) return value;
    }
    return other;
}

Result<float> PeftConfig::scale_of(std::string_view module, uint64_t rank) const {
    double told = value_of(ranks_, module, rank_), alpha = value_of(alphas_, module, alpha_);
    if (told != static_cast<double>(rank))
        return Error{Code::BadInput,
                     cat("the adapter's tensors for '", printable(module, 100), "' are of rank ",
                         rank, ", and adapter_config.json says ", told)};
    return static_cast<float>(alpha / (root_of_rank_ ? std::sqrt(told) : told));
}

}  // namespace linnet
