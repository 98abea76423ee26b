// linnet tokenize: text to token ids, and back.
#include "base/text.h"
#include "linnet/input.h"
#include "linnet/models.h"
#include "text/tokenizer.h"

namespace linnet {
namespace {

class TokenizeCommand final : public Command {
  public:
    void declare(Syntax& syntax) override {
        syntax.positional("MODEL", &model_, "a model file or a name of the store")
            .required()
            .completes(Complete::Model);
        syntax.positional("TEXT", &text_, "the text; without one, or with -, standard input");
        syntax.flag("--decode", decode_,
                    "TEXT is token ids, and the text that they stand for comes");
        syntax.flag("--count", count_, "tell only how many tokens it is");
        syntax.flag("--special", special_,
                    "control tokens such as <|im_start|> in the text count as such");
        syntax.flag("--no-special", no_special_,
                    "leave out the tokens that the model puts around a text");
        syntax.about(
            "A line a token: its id, and how the vocabulary spells it. Nothing of the model is "
            "loaded but its vocabulary. With --decode, ids may stand between spaces, commas and "
            "brackets, and control tokens show with --special.");
        syntax.example("linnet tokenize default 'Hello, world'", "see how a text is cut");
        syntax.example("linnet tokenize default --count < report.txt",
                       "will the report fit the context?");
        syntax.example("linnet tokenize default --decode '19556 28'", "from ids to text");
    }

    Result<> run(Context& context) override {
        if (decode_ && count_)
            return Error{Code::Usage, "--decode gives a text and --count a number",
                         "use one of them"};
        // White space alone is a text too.
        bool from_input = (text_.empty() || text_ == "-") && !stdin_is_terminal();
        std::string input = TRY(from_input ? read_input(context) : prompt_or_input(context, text_));
        Checkpoint checkpoint = TRY(open_model(context, model_));
        auto opened = Tokenizer::from(checkpoint);
        if (!opened) return std::move(opened).error().within(printable(model_));
        for (const std::string& warning : opened->warnings()) context.output.warn(warning);
        return decode_ ? decode(context, *opened, input) : encode(context, *opened, input);
    }

  private:
    Result<> encode(Context& context, const Tokenizer& tokenizer, std::string_view text) const {
        using Add = EncodeOptions::Add;
        Add add = no_special_ ? Add::No : Add::AsModel;
        auto ids = tokenizer.encode(text, {.bos = add, .eos = add, .parse_special = special_});
        if (count_)
            context.output.line(cat(ids.size()));
        else
            print(context.output, tokenizer, ids);
        Json document = Json::object({{"model", model_}, {"count", ids.size()}});
        if (!count_ && context.output.json()) {
            Json all = Json::array(), pieces = Json::array();
            for (TokenId id : ids) {
                all.push(id);
                pieces.push(tokenizer.piece(id));
            }
            document.set("ids", std::move(all));
            document.set("pieces", std::move(pieces));
        }
        context.output.document(std::move(document));
        return Done{};
    }

    static void print(Output& output, const Tokenizer& tokenizer, std::span<const TokenId> ids) {
        for (TokenId id : ids) output.line(cat(id, "\t", printable(tokenizer.piece(id))));
    }

    Result<> decode(Context& context, const Tokenizer& tokenizer, std::string_view input) const {
        std::vector<TokenId> ids;
        constexpr std::string_view between = " ,[]\t\r\n";
        for (size_t at = 0; (at = input.find_first_not_of(between, at)) != input.npos;) {
            size_t end = std::min(input.find_first_of(between, at), input.size());
            auto id = parse_integer<TokenId>(input.substr(at, end - at));
            if (!id || *id < 0 || *id >= tokenizer.size())
                return Error{Code::Usage,
                             cat("'", printable(input.substr(at, end - at), 40),
                                 "' is no token id of this vocabulary"),
                             cat("ids are 0 to ", tokenizer.size() - 1)};
            ids.push_back(*id);
            at = end;
        }
        std::string text = tokenizer.decode(ids, {.show_special = special_});
        context.output.print(text);
        if (context.output.stdout_is_terminal()) context.output.line();
        context.output.document(
            Json::object({{"model", model_}, {"count", ids.size()}, {"text", text}}));
        return Done{};
    }

    std::string model_, text_;
    bool decode_ = false, count_ = false, special_ = false, no_special_ = false;
};

}  // namespace

std::unique_ptr<Command> tokenize_command() {
    return std::make_unique<TokenizeCommand>();
}

}  // namespace linnet
