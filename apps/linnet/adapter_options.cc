#include "linnet/adapter_options.h"

#include <cmath>

#include "base/memory.h"
#include "base/text.h"
#include "linnet/models.h"

namespace linnet {

constexpr double scale_most = 1000;

void declare_adapters(Syntax& syntax, std::vector<std::string>& texts) {
    syntax
        .option("--lora", &texts, "PATH[:SCALE]",
                "add a LoRA adapter: a GGUF file or a folder of PEFT; may be repeated")
        .completes(Complete::File)
        .told_in("engine");
}

Result<AdapterName> parse_adapter(const Context& context, std::string_view text) {
    std::error_code ignored;
    size_t colon = text.rfind(':');
    bool whole = std::filesystem::exists(expand_home(text, context.paths.home), ignored);
    bool scaled = !whole && colon != text.npos && parse_number(text.substr(colon + 1));
    AdapterName name{std::string(scaled ? text.substr(0, colon) : text)};
    if (name.path.empty()) return Error{Code::Usage, "an adapter has no name", "--lora PATH:SCALE"};
    if (scaled) name.scale = TRY(parse_adapter_scale(text.substr(colon + 1)));
    return name;
}

Result<float> parse_adapter_scale(std::string_view text) {
    auto scale = parse_number(text);
    if (!scale || !(std::abs(*scale) <= scale_most))
        return Error{Code::Usage, cat("an adapter's scale is '", printable(text, 40),
                                      "', not a number within ", -scale_most, " and ", scale_most)};
    return static_cast<float>(*scale);
}

Result<std::vector<AdapterName>> parse_adapters(const Context& context,
                                                const std::vector<std::string>& texts) {
    std::vector<AdapterName> names;
    for (const std::string& text : texts) names.push_back(TRY(parse_adapter(context, text)));
    return names;
}

Result<std::vector<AdapterFile>> open_adapters(Context& context,
                                               const std::vector<AdapterName>& names) {
    std::vector<AdapterFile> files;
    for (const AdapterName& name : names) {
        Path path = TRY(find_model(context, name.path));
        files.push_back(TRY(AdapterFile::open(path)));
    }
    return files;
}

Result<Adapters> load_adapters(Context& context, const std::vector<AdapterName>& names,
                               const std::shared_ptr<const Model>& model) {
    Adapters adapters;
    auto files = TRY(open_adapters(context, names));
    for (size_t i = 0; i < files.size(); i++) {
        TRY(files[i].check_fits(available_memory()));
        auto adapter = Adapter::load(files[i], model);
        if (!adapter) return std::move(adapter).error().within(printable(names[i].path));
        adapters.push_back({std::move(*adapter), names[i].scale});
    }
    return adapters;
}

}  // namespace linnet
