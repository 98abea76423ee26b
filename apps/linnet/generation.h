// What commands that run a model share: their options, the preset that these may name, and the
// generator and request that both together ask for.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/local_generator.h"
#include "linnet/adapter_options.h"
#include "linnet/arithmetic.h"
#include "linnet/command.h"
#include "linnet/engine_flags.h"
#include "linnet/parameters.h"
#include "linnet/preset.h"

namespace linnet {

enum class Thinking { Show, Hide, Off };
std::optional<Thinking> parse_thinking(std::string_view text);
std::string_view thinking_name(Thinking thinking);

class GenerationOptions {
  public:
    void declare_model(Syntax& syntax);     // MODEL's arithmetic, threads and memory; its preset
    void declare_sampling(Syntax& syntax);  // how it answers
    void declare_lora(Syntax& syntax) { declare_adapters(syntax, lora_); }
    void declare_thinking(Syntax& syntax);
    void declare_form(Syntax& syntax);  // JSON Schema, grammar or regular expression

    // What flags alone say, as a preset.
    Result<Preset> as_preset() const;

    // Settles which preset is used: that of --preset, or the one that MODEL names. MODEL becomes
    // the preset's where it named that or is empty. To be called before all that follows.
    Result<> settle(Context& context, std::string& model);
    // The same for `MODEL PROMPT`, of which a lone word behind --preset is the prompt.
    Result<> settle(Context& context, std::string& model, std::string& prompt);
    const Preset& preset() const { return preset_; }

    // Loads the model, with a note of how it goes on a slow one.
    Result<std::unique_ptr<LocalGenerator>> open(Context& context, std::string_view model);
    // What open() has loaded, at the scales that were asked for.
    Adapters adapters(const LocalGenerator& generator) const;

    // The request without its prompt; and the parameters in it with their origins.
    Result<GenerationRequest> request(const LocalGenerator& generator,
                                      Parameters& parameters) const;
    // Of --lora, else of the preset.
    Result<std::vector<AdapterName>> adapter_names(const Context& context) const;
    // What stands before the conversation: the system prompt, from the flag or the preset, and the
    // preset's examples.
    std::vector<Message> opening(const std::string& system) const;
    Thinking thinking() const;

    bool stats = false;
    const EngineFlags& engine() const { return engine_; }
    void declare_state(Syntax& syntax) { engine_.declare_state(syntax); }
    bool seed_is_given() const { return seed_ || preset_.seed; }

  private:
    Result<AnswerForm> form() const;
    Arithmetic arithmetic_;
    std::string preset_name_, think_;
    std::array<std::optional<double>, parameters_count> given_;
    std::optional<uint64_t> seed_, tokens_max_, think_budget_;
    std::vector<std::string> stop_, lora_;
    std::vector<float> scales_;  // of the adapters, known once the model is open
    std::string json_schema_, grammar_, regex_;
    Preset preset_;
    EngineFlags engine_;
};

// "temp 0.7 (built-in), top_k 40 (model), …": those that do something.
std::string parameters_line(const Parameters& parameters, uint64_t seed);
Json parameters_json(const Parameters& parameters, uint64_t seed);

}  // namespace linnet
