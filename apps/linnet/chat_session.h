// A conversation with a model: what was said, and how it answers. chat_commands.h steers it.
#pragma once

#include <string>
#include <vector>

#include "engine/generator.h"
#include "linnet/command.h"
#include "linnet/generation.h"

namespace linnet {

class ChatSession {
  public:
    struct Settings {
        std::string model;  // as it was named
        GenerationRequest request;
        Parameters parameters;              // those in the request, with their origins
        std::vector<std::string> adapters;  // their names, in the request's order
        Thinking thinking = Thinking::Show;
        bool show_stats = false;
    };
    ChatSession(Context& context, Generator& generator, Settings with, std::vector<Message> opening)
        : settings(std::move(with)),
          context_(context),
          generator_(generator),
          opening_(std::move(opening)),
          messages_(opening_) {}

    // Asks, shows the answer as it comes, and adds both to the conversation. An answer that Ctrl-C
    // stops stays as far as it came; a question without any answer is taken back.
    Result<> ask(std::string question);
    // Once more, with another seed. Usage where nothing was asked yet.
    Result<> regenerate();
    // Takes the last question and its answer back; false where there is none.
    bool undo();
    // Back to the system prompt and the examples of the preset.
    void reset();

    // Empty: none. It stands before the conversation that has begun.
    void set_system(std::string text);
    std::string system() const;

    const std::vector<Message>& messages() const { return messages_; }
    void set_messages(std::vector<Message> messages) { messages_ = std::move(messages); }

    struct Totals {
        RunStats stats;
        size_t answers = 0;
    };
    const Totals& totals() const { return totals_; }
    uint32_t context_tokens() const { return generator_.context(); }

    Settings settings;

  private:
    GenerationRequest next_request() const;
    Result<> answer();
    void count(const RunStats& stats);

    Context& context_;
    Generator& generator_;
    std::vector<Message> opening_, messages_;
    Totals totals_;
    uint64_t tries_ = 0;  // of the question that was asked last, behind the first
};

}  // namespace linnet
