// A Generator on this machine: tokenizer, chat template and engine around one model.
#pragma once

#include "engine/engine.h"
#include "engine/generator.h"
#include "engine/grammar_constraint.h"
#include "model/adapters/adapter.h"
#include "text/chat_template.h"
#include "text/tokenizer.h"

namespace linnet {

class LocalGenerator final : public Generator {
  public:
    struct Parts {
        std::unique_ptr<Engine> engine;
        Tokenizer tokenizer;
        ChatTemplate chat_template;
        ControlTokens control;
        std::vector<std::shared_ptr<const Adapter>> adapters;
        Clock& clock;
    };
    explicit LocalGenerator(Parts parts) : parts_(std::move(parts)), forms_(parts_.tokenizer) {}

    // Builds all of it from a checkpoint. `chat_template`: a name of named_templates.h or a source;
    // empty takes the model's own. `adapters`: that requests may use.
    static Result<std::unique_ptr<LocalGenerator>> open(const Checkpoint& checkpoint, Math math,
                                                        const Kernels& kernels, Clock& clock,
                                                        EngineOptions options,
                                                        std::string_view chat_template = {},
                                                        std::span<const AdapterFile> adapters = {});

    Result<std::unique_ptr<Generation>> start(GenerationRequest request) override;
    uint32_t context() const override { return parts_.engine->context(); }
    Result<std::string> render(const Conversation& conversation) const override;

    const Tokenizer& tokenizer() const { return parts_.tokenizer; }
    const ChatTemplate& chat_template() const { return parts_.chat_template; }
    // Ready for requests, in the order in which open() was given them.
    std::span<const std::shared_ptr<const Adapter>> adapters() const { return parts_.adapters; }
    const Engine& engine() const { return *parts_.engine; }
    Engine& engine() { return *parts_.engine; }

  private:
    // The text, and its tokens.
    Result<std::string> encode(const Conversation& conversation,
                               std::vector<int32_t>& tokens) const;
    uint32_t kept_tokens(const Conversation& conversation, std::span<const int32_t> tokens) const;
    ChatTemplate::Options template_options(const Conversation& conversation) const;

    // Nothing where any text will do. `prompt` is a conversation's, else empty.
    Result<std::shared_ptr<GrammarConstraint>> constraint(const GenerationRequest& request,
                                                          std::string_view prompt) const;

    Parts parts_;
    AnswerForms forms_;
};

}  // namespace linnet
