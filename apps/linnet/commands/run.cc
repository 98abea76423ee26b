// linnet run: one question, one answer.
#include "base/text.h"
#include "linnet/answer_meter.h"
#include "linnet/answer_printer.h"
#include "linnet/conversation_file.h"
#include "linnet/generation.h"
#include "linnet/input.h"

namespace linnet {
namespace {

class RunCommand final : public Command {
  public:
    void declare(Syntax& syntax) override {
        syntax.positional("MODEL", &model_, "a model file, a name of the store, or a preset's name")
            .completes(Complete::Runnable);
        syntax.positional("PROMPT", &prompt_, "the question; without one, standard input");
        syntax.option("-s,--system", &system_, "TEXT",
                      "what the model shall be, before the conversation");
        syntax
            .option("-f,--file", &file_, "FILE",
                    "a document to put below the prompt; - is standard input")
            .completes(Complete::File);
        options_.declare_model(syntax);
        options_.declare_sampling(syntax);
        options_.declare_form(syntax);
        options_.declare_thinking(syntax);
        options_.declare_state(syntax);
        syntax.flag("--stats", options_.stats, "tell speed, memory, energy and sampling");
        syntax.about(
            "The prompt goes through the model's own chat template. A file or pipe on standard "
            "input is put below the prompt as a document; in loops that read from there "
            "themselves, "
            "give </dev/null.");
        syntax.example("linnet run default 'Why is the sky blue?'", "ask");
        syntax.example("linnet run default 'Summarize this:' < report.txt", "ask about a document");
    }

    Result<> run(Context& context) override {
        TRY(options_.settle(context, model_, prompt_));
        std::string document;
        std::string question = TRY(read_question(context, document));
        Conversation conversation{options_.opening(system_), Json(), {}};
        conversation.messages.push_back({.role = "user", .content = std::move(question)});
        if (options_.thinking() == Thinking::Off) conversation.enable_thinking = false;
        auto generator = TRY(options_.open(context, model_));
        TRY(go_on(context, *generator, conversation));
        Parameters parameters;
        GenerationRequest request = TRY(options_.request(*generator, parameters));
        uint64_t seed = request.sampling.seed;
        std::vector<Message> messages = conversation.messages;
        request.prompt = std::move(conversation);
        AnswerMeter meter(context.clock, options_.stats || context.output.json()
                                             ? AnswerMeter::Energy::Measured
                                             : AnswerMeter::Energy::Ignored);
        auto started = generator->start(std::move(request));
        if (!started && started.error().code == Code::NoFit && !document.empty())
            return too_long(*generator, document);
        auto generation = TRY(std::move(started));
        AnswerPrinter printer(context.output, options_.thinking());
        while (auto event = TRY(generation->next(context.cancel))) {
            meter.sample(*event);
            printer.show(*event);
            if (!event->finish) continue;
            printer.end_line();
            messages.push_back(
                {.role = "assistant", .content = printer.text(), .reasoning = printer.reasoning()});
            TRY(options_.engine().save_state(
                context, generator->engine(),
                {std::move(event->reached), conversation_text({model_, messages})},
                options_.adapters(*generator)));
            if (options_.stats) {
                context.output.note(meter.line(event->stats));
                context.output.note(parameters_line(parameters, seed));
            }
            context.output.document(Json::object({{"model", model_},
                                                  {"text", printer.text()},
                                                  {"reasoning", printer.reasoning()},
                                                  {"finish_reason", stop_name(*event->finish)},
                                                  {"sampling", parameters_json(parameters, seed)},
                                                  {"stats", meter.document(event->stats)}}));
        }
        return Done{};
    }

  private:
    // Puts the conversation that was saved in front of the question.
    Result<> go_on(Context& context, LocalGenerator& generator, Conversation& conversation) const {
        auto state = TRY(options_.engine().load_state(context, generator.engine(),
                                                      options_.adapters(generator)));
        if (!state) return Done{};
        if (state->note.empty())
            return Error{Code::Usage, "the state is that of a text, not of a conversation",
                         "go on from it with linnet complete"};
        if (!system_.empty())
            return Error{Code::Usage, "the state has its system prompt already",
                         "leave out --system"};
        std::vector<Message> messages = TRY(parse_conversation(state->note, "the state")).messages;
        messages.push_back(std::move(conversation.messages.back()));
        conversation.messages = std::move(messages);
        return Done{};
    }

    // The prompt, with the document below it where there is one.
    Result<std::string> read_question(Context& context, std::string& document) const {
        if (!file_.empty() && file_ != "-")
            document = TRY(read_file(file_, input_bytes_max));
        else if (file_ == "-" || (prompt_given() && stdin_is_document()))
            document = TRY(read_input(context));
        if (trim(document).empty()) document.clear();
        if (!prompt_given() && document.empty()) return prompt_or_input(context, prompt_);
        if (!prompt_given()) return document;
        return document.empty() ? prompt_ : cat(prompt_, "\n\n", document);
    }
    bool prompt_given() const { return !prompt_.empty() && prompt_ != "-"; }

    static Error too_long(const LocalGenerator& generator, const std::string& document) {
        size_t tokens = generator.tokenizer().encode(document).size();
        uint32_t context = generator.context();
        uint32_t trained = generator.engine().model().config().context;
        Error error{Code::NoFit,
                    cat("the document has ", tokens, " tokens, and the context holds ", context,
                        " with the question and the answer"),
                    ""};
        constexpr size_t room = 512;  // for the question and an answer
        if (tokens + room <= trained) {
            error.next = cat("use --context ", tokens + room, " or more, up to ", trained);
        } else {
            size_t percent = (std::max<size_t>(trained, room) - room) * 100 / tokens;
            error.next = cat("the model can take ", trained, " tokens: give it a part, at most ",
                             percent, " % of the document, or ask a model with a longer context");
        }
        return error;
    }

    std::string model_, prompt_, file_, system_;
    GenerationOptions options_;
};

}  // namespace

std::unique_ptr<Command> run_command() {
    return std::make_unique<RunCommand>();
}

}  // namespace linnet
