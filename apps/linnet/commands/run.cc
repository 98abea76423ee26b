// linnet run: one question, one answer.
#include "base/text.h"
#include "linnet/generation.h"
#include "linnet/input.h"

namespace linnet {
namespace {

class RunCommand final : public Command {
  public:
    void declare(Syntax& syntax) override {
        syntax.positional("MODEL", &model_, "a model file or a name of the store")
            .required()
            .completes(Complete::Model);
        syntax.positional("PROMPT", &prompt_, "the question; without one, standard input");
        syntax.option("-s,--system", &system_, "TEXT",
                      "what the model shall be, before the conversation");
        syntax
            .option("-f,--file", &file_, "FILE",
                    "a document to put below the prompt; - is standard input")
            .completes(Complete::File);
        options_.declare_model(syntax);
        options_.declare_sampling(syntax);
        syntax.option("--think", &think_, "HOW", "reasoning of models that can: show, hide, or off")
            .one_of({"show", "hide", "off"});
        syntax.flag("--stats", options_.stats, "tell speed and memory");
        syntax.about("The prompt goes through the model's own chat template.");
        syntax.example("linnet run default 'Why is the sky blue?'", "ask");
        syntax.example("linnet run default 'Summarize this:' --file report.txt",
                       "ask about a document");
    }

    Result<> run(Context& context) override {
        Conversation conversation;
        if (!system_.empty())
            conversation.messages.push_back({.role = "system", .content = system_});
        conversation.messages.push_back({.role = "user", .content = TRY(question(context))});
        if (think_ == "off") conversation.enable_thinking = false;
        auto generator = TRY(options_.open(context, model_));
        GenerationRequest request = TRY(options_.request(generator->engine().model().checkpoint()));
        request.prompt = std::move(conversation);
        auto generation = TRY(generator->start(std::move(request)));
        std::string text, reasoning;
        while (auto event = TRY(generation->next(context.cancel))) {
            for (const OutputEvent& part : event->parts) show(context, part, text, reasoning);
            context.output.flush();
            if (!event->finish) continue;
            context.output.line();
            if (options_.stats) context.output.note(stats_line(event->stats));
            context.output.document(Json::object({{"model", model_},
                                                  {"text", text},
                                                  {"reasoning", reasoning},
                                                  {"finish_reason", stop_name(*event->finish)},
                                                  {"stats", stats_document(event->stats)}}));
        }
        return Done{};
    }

  private:
    // The prompt, with the document below it where there is one.
    Result<std::string> question(Context& context) const {
        if (file_.empty()) return prompt_or_input(context, prompt_);
        std::string document =
            file_ == "-" ? TRY(read_input(context)) : TRY(read_file(file_, input_bytes_max));
        return prompt_.empty() ? document : cat(prompt_, "\n\n", document);
    }

    void show(Context& context, const OutputEvent& part, std::string& text,
              std::string& reasoning) const {
        if (part.kind == OutputEvent::Kind::Reasoning) {
            reasoning += part.text;
            if (think_ == "show") context.output.print(context.output.paint(Style::Dim, part.text));
        } else if (part.kind == OutputEvent::Kind::Text) {
            // Templates open the answer with a line of their own now and then.
            std::string_view piece = part.text;
            if (text.empty())
                piece.remove_prefix(std::min(piece.find_first_not_of(" \n"), piece.size()));
            text += piece;
            context.output.print(piece);
        }
    }

    std::string model_, prompt_, file_, system_, think_ = "show";
    GenerationOptions options_;
};

}  // namespace

std::unique_ptr<Command> run_command() {
    return std::make_unique<RunCommand>();
}

}  // namespace linnet
