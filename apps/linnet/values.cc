// What completion offers for the values that Syntax names: a function and a row each. A kind
// without a row completes to nothing.
#include <algorithm>

#include "base/text.h"
#include "linnet/complete.h"
#include "linnet/preset.h"
#include "linnet/store_access.h"
#include "linnet/toml.h"

namespace linnet {
namespace {

std::vector<Candidate> setting_values(Context&, std::span<const std::string>) {
    std::vector<Candidate> out;
    for (const SettingRow& row : setting_table())
        out.push_back({std::string(row.key), std::string(row.help)});
    return out;
}

// What the setting that stands before may be set to.
std::vector<Candidate> values_of_setting(Context& context, std::span<const std::string> before) {
    std::vector<Candidate> out;
    const SettingRow* row = before.empty() ? nullptr : find_setting(before.back());
    if (!row) return out;
    if (row->kind == SettingKind::Bool) out = {{"true", ""}, {"false", ""}};
    if (row->kind == SettingKind::Choice)
        for (std::string_view choice : split(row->choices, '|'))
            out.push_back({std::string(choice), ""});
    if (row->kind == SettingKind::Integer || row->kind == SettingKind::Size)
        out.push_back({toml_value(context.settings.value(row->key)), "as it is now"});
    return out;
}

// Models that are here, and what can be pulled by name.
std::vector<Candidate> model_values(Context& context, std::span<const std::string>) {
    std::vector<Candidate> out;
    auto store = open_store(context);
    if (!store) return out;
    for (const std::string& name : store->names()) out.push_back({name, ""});
    for (const CatalogEntry& entry : store->catalog().entries())
        if (std::ranges::find(out, entry.name, &Candidate::value) == out.end())
            out.push_back({entry.name, printable(entry.title)});
    return out;
}

std::vector<Candidate> preset_values(Context& context, std::span<const std::string>) {
    std::vector<Candidate> out;
    for (const std::string& name : preset_names(context.paths)) out.push_back({name, "preset"});
    return out;
}

std::vector<Candidate> runnable_values(Context& context, std::span<const std::string> before) {
    std::vector<Candidate> out = model_values(context, before);
    std::ranges::move(preset_values(context, before), std::back_inserter(out));
    return out;
}

constexpr ValuesRow rows[] = {
    {Complete::Model, model_values},
    {Complete::Runnable, runnable_values},  // for run, chat and complete
    {Complete::Preset, preset_values},
    {Complete::Setting, setting_values},
    {Complete::SettingValue, values_of_setting},
};

}  // namespace

std::span<const ValuesRow> values_table() {
    return rows;
}

}  // namespace linnet
