// A conversation at a terminal: what was said, how to answer, and the file it can be kept in.
#pragma once

#include <string>

#include "engine/generator.h"
#include "linnet/command.h"

namespace linnet {

class ChatSession {
  public:
    enum class Thinking { Show, Hide, Off };

    ChatSession(Context& context, Generator& generator, GenerationRequest defaults)
        : context_(context), generator_(generator), defaults_(std::move(defaults)) {}

    // Asks, shows the answer as it comes, and adds both to the conversation. An answer that Ctrl-C
    // stops stays as far as it came; a question without any answer is taken back.
    Result<> ask(std::string question);
    // One line that starts with "/". False where the chat shall end.
    Result<bool> command(std::string_view line);

    void set_system(std::string text);
    Thinking thinking = Thinking::Show;
    bool show_stats = false;

  private:
    Result<> set(std::string_view rest);
    Result<> save(const Path& path) const;
    Result<> load(const Path& path);
    void tell_settings() const;
    void tell_stats() const;

    Context& context_;
    Generator& generator_;
    GenerationRequest defaults_;
    std::vector<Message> messages_;
    RunStats total_;
    size_t answers_ = 0;
};

}  // namespace linnet
