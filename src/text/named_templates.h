// Chat templates by name, for models whose file brings none, and for whoever wants another one.
#pragma once

#include <functional>
#include <span>
#include <string_view>

#include "text/chat_template.h"

namespace linnet {

struct NamedTemplate {
    std::string_view name;
    std::string_view models;  // for people: whose form it is
    std::string_view source;
    // By what a model is known to use it: a token that its vocabulary holds, or words of which one
    // is in its name or architecture ("a,b"). Empty: not by this.
    std::string_view token;
    std::string_view words;
};

std::span<const NamedTemplate> named_templates();
const NamedTemplate* find_named_template(std::string_view name);

// What a model's file tells of it.
struct ModelHints {
    std::string_view architecture{};                            // "llama"
    std::string_view name{};                                    // "TinyLlama 1.1B Chat"
    std::function<bool(std::string_view)> has_token = nullptr;  // whether the vocabulary holds it
};
const NamedTemplate& likely_template(const ModelHints& hints);

// The model's own template; the named one where the source is but a name; the likely one where it
// is empty.
Result<ChatTemplate> open_chat_template(std::string_view source, const ModelHints& hints,
                                        std::string_view bos_token, std::string_view eos_token);

}  // namespace linnet
