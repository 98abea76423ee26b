// How a model answers, as numbers that flags, presets, the model's makers and /set can say: one row
// each, and for each row the value that wins, with its origin.
//
// built-in < model (generation_config.json, or GGUF's general.sampling.*) < preset < flag < /set
#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "engine/sampling.h"
#include "formats/checkpoint.h"

namespace linnet {

struct ParameterRow {
    std::string_view name;  // in presets and /set: "top_k"
    std::string_view flag, value_name, help;
    double built_in, least, most;
    std::string_view gguf;      // behind "general.sampling."; empty where it has none
    std::string_view document;  // in generation_config.json
    std::string_view ollama;    // behind PARAMETER in a Modelfile
    std::variant<float Sampling::*, uint32_t Sampling::*> member;

    bool whole() const { return member.index() == 1; }
};

inline constexpr size_t parameters_count = 13;
std::span<const ParameterRow, parameters_count> parameter_table();
const ParameterRow* find_parameter(std::string_view name);
// Where it stands in the table.
size_t place_of(const ParameterRow& row);

enum class ParameterOrigin { BuiltIn, Model, Preset, Flag, Command };
std::string_view origin_name(ParameterOrigin origin);  // "built-in", …, "/set"

// Usage where the value is not in its range, or should be whole.
Result<> check_parameter(const ParameterRow& row, double value);
std::string parameter_text(const ParameterRow& row, double value);  // "0.70", "40"

class Parameters {
  public:
    struct Value {
        double value;
        ParameterOrigin origin = ParameterOrigin::BuiltIn;
    };
    Parameters();
    // What the makers of a model advise for it. What they say that cannot be is left out.
    void advise(const Checkpoint& checkpoint);

    const Value& of(const ParameterRow& row) const { return values_[place_of(row)]; }
    void set(const ParameterRow& row, double value, ParameterOrigin origin) {
        values_[place_of(row)] = {value, origin};
    }
    void apply(Sampling& sampling) const;

  private:
    std::array<Value, parameters_count> values_;
};

}  // namespace linnet
