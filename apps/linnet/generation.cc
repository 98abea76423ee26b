#include "linnet/generation.h"

#include <random>

#include "base/memory.h"
#include "base/text.h"
#include "linnet/models.h"

namespace linnet {
namespace {

constexpr std::string_view thinking_names[] = {"show", "hide", "off"};

}  // namespace

std::optional<Thinking> parse_thinking(std::string_view text) {
    for (size_t i = 0; i < std::size(thinking_names); i++)
        if (text == thinking_names[i]) return static_cast<Thinking>(i);
    return std::nullopt;
}

std::string_view thinking_name(Thinking thinking) {
    return thinking_names[static_cast<size_t>(thinking)];
}

void GenerationOptions::declare_model(Syntax& syntax) {
    syntax.option("--preset", &preset_name_, "NAME", "use the model as the preset says")
        .completes(Complete::Preset);
    arithmetic_.declare_math(syntax);
    syntax.setting("-t,--threads", "run.threads", "N");
    syntax.setting("-c,--context", "run.context", "TOKENS");
    arithmetic_.declare_kv(syntax).told_in("engine");
    engine_.declare(syntax);
    declare_lora(syntax);
}

void GenerationOptions::declare_sampling(Syntax& syntax) {
    syntax
        .option("-n,--tokens", &tokens_max_, "N",
                "most tokens of the answer; 0: what the context holds")
        .between(0, 1 << 24);
    for (const ParameterRow& row : parameter_table())
        syntax.option(row.flag, &given_[place_of(row)], row.value_name, row.help)
            .between(row.least, row.most)
            .told_in("sampling");
    syntax.option("--seed", &seed_, "N", "the same seed gives the same answer; default: random");
    syntax.option("--stop", &stop_, "TEXT", "end the answer before this text; may be repeated");
}

void GenerationOptions::declare_form(Syntax& syntax) {
    syntax
        .option("--json-schema", &json_schema_, "FILE|TEXT",
                "the answer is JSON that fits this JSON Schema")
        .completes(Complete::File);
    syntax.option("--grammar", &grammar_, "FILE|TEXT", "the answer fits this grammar in GBNF")
        .completes(Complete::File);
    syntax.option("--regex", &regex_, "TEXT", "the whole answer matches this regular expression");
}

// The text itself, or that of the file which it names.
static Result<std::string> text_or_file(const std::string& given, std::string_view flag,
                                        std::string_view marks) {
    if (given.find_first_of(marks) != given.npos) return given;
    auto text = read_file(given, 4 << 20);
    if (text) return text;
    return std::move(text).error().within(flag);
}

Result<AnswerForm> GenerationOptions::form() const {
    size_t given = !json_schema_.empty() + !grammar_.empty() + !regex_.empty();
    if (given > 1)
        return Error{Code::Usage, "--json-schema, --grammar and --regex are one too many",
                     "an answer has one form; give one of them"};
    if (!json_schema_.empty())
        return AnswerForm(JsonSchema{TRY(text_or_file(json_schema_, "--json-schema", "{"))});
    if (!grammar_.empty()) return AnswerForm(Gbnf{TRY(text_or_file(grammar_, "--grammar", "=\n"))});
    if (!regex_.empty()) return AnswerForm(RegexText{regex_});
    return AnswerForm();
}

void GenerationOptions::declare_thinking(Syntax& syntax) {
    syntax.option("--think", &think_, "HOW", "reasoning of models that can: show, hide, or off")
        .one_of({"show", "hide", "off"});
    syntax
        .option("--think-budget", &think_budget_, "N",
                "end the reasoning after N tokens and have the answer")
        .between(0, 1 << 24);
}

Result<Preset> GenerationOptions::as_preset() const {
    Preset preset;
    for (const ParameterRow& row : parameter_table()) {
        const auto& value = given_[place_of(row)];
        if (!value) continue;
        TRY(check_parameter(row, *value));
        preset.parameters.emplace_back(&row, *value);
    }
    preset.tokens = tokens_max_;
    preset.seed = seed_;
    preset.stop = stop_;
    preset.lora = lora_;
    preset.think = think_;
    preset.think_budget = think_budget_;
    return preset;
}

Result<> GenerationOptions::settle(Context& context, std::string& model) {
    bool named = !preset_name_.empty();
    if (!named && !has_preset(context.paths, model)) {
        if (model.empty()) model = default_model;
        return Done{};
    }
    preset_ = TRY(load_preset(context.paths, named ? preset_name_ : model));
    if (!named || model.empty())
        model = preset_.model.empty() ? std::string(default_model) : preset_.model;
    return Done{};
}

Result<> GenerationOptions::settle(Context& context, std::string& model, std::string& prompt) {
    if (!preset_name_.empty() && prompt.empty()) std::swap(model, prompt);
    if (preset_name_.empty() && model.empty())
        return Error{Code::Usage, "MODEL is missing", "linnet run default 'PROMPT'"};
    return settle(context, model);
}

Result<std::vector<AdapterName>> GenerationOptions::adapter_names(const Context& context) const {
    return parse_adapters(context, lora_.empty() ? preset_.lora : lora_);
}

Adapters GenerationOptions::adapters(const LocalGenerator& generator) const {
    check(scales_.size() == generator.adapters().size(), "what open() has loaded");
    Adapters adapters;
    for (size_t i = 0; i < scales_.size(); i++)
        adapters.push_back({generator.adapters()[i], scales_[i]});
    return adapters;
}

static void warn_of_streaming(Context& context, const Model& model) {
    if (model.streamed_bytes() == 0) return;
    context.output.warn(
        cat("the model is larger than the free memory: ", bytes_text(model.streamed_bytes()),
            " of its ", bytes_text(model.checkpoint().file_bytes()),
            " are read from the disk for every step"));
}

Result<std::unique_ptr<LocalGenerator>> GenerationOptions::open(Context& context,
                                                                std::string_view model) {
    auto names = TRY(adapter_names(context));
    auto files = TRY(open_adapters(context, names));
    for (const AdapterName& name : names) scales_.push_back(name.scale);
    Checkpoint checkpoint = TRY(open_model(context, model));
    const Kernels& kernels = *TRY(chosen_kernels(context));
    EngineOptions options;
    options.threads = chosen_threads(context, checkpoint);
    uint64_t tokens = context.settings.integer("run.context");
    // A flag or a variable wins over the preset, and that over what is configured for all models.
    bool asked = context.settings.origin("run.context").layer >= Layer::Environment;
    if (!asked && preset_.context) tokens = *preset_.context;
    options.context = static_cast<uint32_t>(std::min<uint64_t>(tokens, 1 << 24));
    const Math math = arithmetic_.math();
    options.kv = arithmetic_.kv();
    TRY(engine_.apply(context, checkpoint, math, options));
    options.memory_max = available_memory();
    auto generator = LocalGenerator::open(checkpoint, math, kernels, context.clock, options,
                                          preset_.chat_template, files);
    if (!generator) return std::move(generator).error().within(printable(model));
    for (const std::string& warning : (*generator)->tokenizer().warnings())
        context.output.warn(warning);
    warn_of_streaming(context, (*generator)->engine().model());
    return generator;
}

Result<GenerationRequest> GenerationOptions::request(const LocalGenerator& generator,
                                                     Parameters& parameters) const {
    Preset flags = TRY(as_preset());
    parameters.advise(generator.engine().model().checkpoint());
    for (const auto& [row, value] : preset_.parameters)
        parameters.set(*row, value, ParameterOrigin::Preset);
    for (const auto& [row, value] : flags.parameters)
        parameters.set(*row, value, ParameterOrigin::Flag);
    auto first = [](const auto& flag, const auto& preset) { return flag ? flag : preset; };
    GenerationRequest request;
    parameters.apply(request.sampling);
    request.sampling.seed = first(flags.seed, preset_.seed).value_or(std::random_device()());
    TRY(request.sampling.validate());
    uint64_t tokens_max = first(flags.tokens, preset_.tokens).value_or(0);
    request.tokens_max = static_cast<uint32_t>(std::min<uint64_t>(tokens_max, 1 << 24));
    request.stop = preset_.stop;
    request.stop.insert(request.stop.end(), stop_.begin(), stop_.end());
    if (auto budget = first(flags.think_budget, preset_.think_budget))
        request.reasoning_max = static_cast<uint32_t>(std::min<uint64_t>(*budget, 1 << 24));
    request.form = TRY(form());
    request.adapters = adapters(generator);
    engine_.apply(request);
    return request;
}

std::vector<Message> GenerationOptions::opening(const std::string& system) const {
    std::vector<Message> messages;
    const std::string& text = system.empty() ? preset_.system : system;
    if (!text.empty()) messages.push_back({.role = "system", .content = text});
    messages.insert(messages.end(), preset_.messages.begin(), preset_.messages.end());
    return messages;
}

Thinking GenerationOptions::thinking() const {
    return parse_thinking(think_.empty() ? preset_.think : think_).value_or(Thinking::Show);
}

std::string parameters_line(const Parameters& parameters, uint64_t seed) {
    std::string out;
    for (const ParameterRow& row : parameter_table()) {
        auto [value, origin] = parameters.of(row);
        // What is built in and does something: temperature and the cuts.
        bool usual = row.name == "temp" || row.name == "top_p" || row.name == "min_p";
        if (origin == ParameterOrigin::BuiltIn && !usual) continue;
        out += cat(row.name, " ", parameter_text(row, value), " (", origin_name(origin), "), ");
    }
    return cat(out, "seed ", seed);
}

Json parameters_json(const Parameters& parameters, uint64_t seed) {
    Json out = Json::object();
    for (const ParameterRow& row : parameter_table()) {
        auto [value, origin] = parameters.of(row);
        out.set(row.name, Json::object({{"value", value}, {"origin", origin_name(origin)}}));
    }
    return Json::object({{"parameters", std::move(out)}, {"seed", seed}});
}

}  // namespace linnet
