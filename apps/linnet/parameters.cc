#include "linnet/parameters.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"

namespace linnet {
namespace {

constexpr double whole_max = 1 << 24;

// name, flag, value, help, built-in, least, most, gguf, document, ollama, member
constexpr ParameterRow rows[] = {
    {"temp", "--temp", "T", "temperature; 0 takes the most likely token", 0.7, 0, 100, "temp",
     "temperature", "temperature", &Sampling::temperature},
    {"top_k", "--top-k", "K", "choose among the K most likely; 0: all", 0, 0, whole_max, "top_k",
     "top_k", "top_k", &Sampling::top_k},
    {"top_p", "--top-p", "P", "choose among the most likely up to this mass", 0.95, 0, 1, "top_p",
     "top_p", "top_p", &Sampling::top_p},
    {"min_p", "--min-p", "P", "leave out what is less likely than P times the best", 0.05, 0, 1,
     "min_p", "min_p", "min_p", &Sampling::min_p},
    {"typical", "--typical", "P", "choose among the most typical up to this mass", 1, 0, 1, "",
     "typical_p", "typical_p", &Sampling::typical_p},
    {"top_n_sigma", "--top-n-sigma", "N", "leave out logits N deviations below the best", 0, 0,
     1000, "", "", "", &Sampling::top_n_sigma},
    {"repetition", "--repetition", "R", "divide the logits of recent tokens by R", 1, 0.01, 100,
     "penalty_repeat", "repetition_penalty", "repeat_penalty", &Sampling::repetition_penalty},
    {"recent", "--recent", "N", "so many tokens are recent", 64, 0, whole_max, "penalty_last_n", "",
     "repeat_last_n", &Sampling::penalty_window},
    {"frequency", "--frequency", "F", "subtract F for each time a token came lately", 0, -100, 100,
     "", "", "frequency_penalty", &Sampling::frequency_penalty},
    {"presence", "--presence", "F", "subtract F where a token came lately", 0, -100, 100, "", "",
     "presence_penalty", &Sampling::presence_penalty},
    {"dry", "--dry", "M", "strength against repeated sequences", 0, 0, 100, "", "", "",
     &Sampling::dry_multiplier},
    {"xtc", "--xtc", "P", "chance to leave out the most likely choices", 0, 0, 1, "xtc_probability",
     "", "", &Sampling::xtc_probability},
    {"mirostat", "--mirostat", "BITS", "steer the surprise of each token to this", 0, 0, 100, "",
     "", "", &Sampling::mirostat_tau},
};
static_assert(std::size(rows) == parameters_count);

}  // namespace

std::span<const ParameterRow, parameters_count> parameter_table() {
    return rows;
}

const ParameterRow* find_parameter(std::string_view name) {
    auto found = std::ranges::find(rows, name, &ParameterRow::name);
    return found == std::end(rows) ? nullptr : &*found;
}

size_t place_of(const ParameterRow& row) {
    return static_cast<size_t>(&row - rows);
}

std::string_view origin_name(ParameterOrigin origin) {
    static constexpr std::string_view names[] = {"built-in", "model", "preset", "flag", "/set"};
    return names[static_cast<size_t>(origin)];
}

Result<> check_parameter(const ParameterRow& row, double value) {
    if (row.whole() && value != std::floor(value))
        return Error{Code::Usage, cat(row.name, " is a whole number, and not ", value)};
    if (value >= row.least && value <= row.most) return Done{};
    return Error{Code::Usage,
                 cat(row.name, " is from ", row.least, " to ", row.most, ", and not ", value)};
}

std::string parameter_text(const ParameterRow& row, double value) {
    return row.whole() ? cat(static_cast<uint64_t>(value)) : cat(static_cast<float>(value));
}

Parameters::Parameters() {
    for (const ParameterRow& row : rows) values_[place_of(row)] = {row.built_in};
}

void Parameters::advise(const Checkpoint& checkpoint) {
    Json config;
    if (checkpoint.has_document("generation_config.json"))
        if (auto read = checkpoint.document("generation_config.json")) config = std::move(*read);
    for (const ParameterRow& row : rows) {
        std::optional<double> advised;
        if (!row.gguf.empty())
            advised = checkpoint.metadata().double_of(cat("general.sampling.", row.gguf));
        const Json* member = row.document.empty() ? nullptr : config.find(row.document);
        if (!advised && member) advised = member->as_double();
        if (advised && check_parameter(row, *advised)) set(row, *advised, ParameterOrigin::Model);
    }
    // The one member that says not to choose by chance at all.
    if (!config.bool_or("do_sample", true)) set(rows[0], 0, ParameterOrigin::Model);
}

void Parameters::apply(Sampling& sampling) const {
    for (const ParameterRow& row : rows) {
        double value = of(row).value;
        if (auto* number = std::get_if<float Sampling::*>(&row.member))
            sampling.*(*number) = static_cast<float>(value);
        else
            sampling.*std::get<uint32_t Sampling::*>(row.member) = static_cast<uint32_t>(value);
    }
}

}  // namespace linnet
