// linnet prune: a model with fewer parts.
#include "base/text.h"
#include "compress/trim_vocabulary.h"
#include "eval/across_vocabularies.h"
#include "linnet/gguf_input.h"
#include "linnet/scoring.h"
#include "linnet/token_counts.h"

namespace linnet {
namespace {

class PruneCommand final : public Command {
  public:
    void declare(Syntax& syntax) override {
        syntax.positional("IN", &in_, "a GGUF file, a Hugging Face folder or a name of the store")
            .required()
            .completes(Complete::Model);
        syntax.positional("OUT", &out_, "the GGUF file to write")
            .required()
            .completes(Complete::File);
        syntax.option("--vocab", &vocabulary_, "N", "tokens to keep, such as 32k")
            .in(Unit::Size)
            .required();
        syntax
            .option("--corpus", &corpora_, "FILE",
                    "a text like those that the model is for; as often as there are")
            .required()
            .completes(Complete::File);
        syntax.flag("--no-measure", no_measure_, "leave out what the model lost");
        text_.declare(syntax);
        arithmetic_.declare_math(syntax);
        syntax.setting("-t,--threads", "run.threads", "N");
        syntax.about(
            "Leaves out the tokens that texts like --corpus use least, with their rows of the "
            "embedding and the head; all other numbers stay as they are. Bytes, control tokens and "
            "what kept tokens are merged from stay, so every text can still be read and written: "
            "what has no token any more becomes several.");
        syntax.about(
            "Then both models read --file (the first corpus where none is named): bits a byte tell "
            "what the text is foretold worse, and the divergence how far predictions moved where "
            "both cut the text alike, as linnet eval --task kl.");
        syntax.example("linnet prune model.gguf small.gguf --vocab 32k --corpus texts.txt",
                       "the 32000 tokens that the texts use most");
    }

    Result<> run(Context& context) override {
        Path in = TRY(find_model(context, in_)), out = expand_home(out_, context.paths.home);
        std::error_code ignored;
        if (std::filesystem::equivalent(in, out, ignored))
            return Error{Code::Usage, cat(out, " is the model itself"), "name another file"};
        Checkpoint checkpoint = TRY(open_as_gguf(context, in_, folder_of(out)));
        Tokenizer tokenizer = TRY(Tokenizer::from(checkpoint));
        Found found{.before = TRY(count_tokens(context, tokenizer, corpora_))};
        auto plan = plan_trimmed_vocabulary(checkpoint, found.before.by_token, vocabulary_);
        if (!plan) return std::move(plan).error().within(printable(in_));
        TRY(write_trimmed(*plan, out, context.progress, context.cancel));
        Checkpoint small = TRY(Checkpoint::open(out));
        Tokenizer trimmed = TRY(Tokenizer::from(small));
        found.after = TRY(count_tokens(context, trimmed, corpora_));
        found.bytes_before = checkpoint.file_bytes(), found.bytes = small.file_bytes();
        if (!no_measure_)
            TRY(measure(context, {checkpoint, tokenizer, in_}, {small, trimmed, out_}, found));
        write(context, out, found);
        return Done{};
    }

  private:
    struct Found {
        TokenCounts before, after{};
        uint64_t bytes_before = 0, bytes = 0;
        double bits_before = 0, bits = 0;  // a byte
        DivergenceAcross divergence{};
    };
    struct Measured {
        const Checkpoint& checkpoint;
        const Tokenizer& tokenizer;
        const std::string& name;
    };

    Result<double> bits_a_byte(Context& context, Scorer& scorer, const Tokenizer& tokenizer,
                               std::string_view text) const {
        auto tokens = tokenizer.encode(text);
        Perplexity found = TRY(measure_perplexity(scorer, tokens, text_.options(tokenizer, tokens),
                                                  context.progress, context.cancel));
        return text_.bits_a_byte(found, tokenizer, tokens);
    }

    Result<> measure(Context& context, const Measured& before, const Measured& after,
                     Found& found) const {
        ScoredText judged = text_;
        if (judged.file.empty()) judged.file = corpora_.front();
        std::string text = TRY(judged.read(context));
        auto original = TRY(text_.load(context, before.checkpoint, before.name, arithmetic_));
        auto small = TRY(text_.load(context, after.checkpoint, after.name, arithmetic_));
        found.bits_before = TRY(bits_a_byte(context, *original, before.tokenizer, text));
        found.bits = TRY(bits_a_byte(context, *small, after.tokenizer, text));
        found.divergence = TRY(measure_divergence_across(
            {*small, after.tokenizer}, {*original, before.tokenizer}, text,
            static_cast<size_t>(text_.chunks), context.progress, context.cancel));
        return Done{};
    }

    void write(Context& context, const Path& out, const Found& found) const {
        const DivergenceAcross& d = found.divergence;
        const size_t before = found.before.by_token.size(), after = found.after.by_token.size();
        context.output.line(cat("wrote ", out, ": ", bytes_text(found.bytes), " (",
                                bytes_text(found.bytes_before), " before), ", after, " of ", before,
                                " tokens"));
        context.output.line(
            cat("tokens a word of the corpora: ", fixed(found.after.tokens_a_word(), 4), " (",
                fixed(found.before.tokens_a_word(), 4), " before)"));
        Json document = Json::object({{"model", in_},
                                      {"path", out.string()},
                                      {"bytes", found.bytes},
                                      {"bytes_before", found.bytes_before},
                                      {"vocabulary", after},
                                      {"vocabulary_before", before},
                                      {"tokens_per_word", found.after.tokens_a_word()},
                                      {"tokens_per_word_before", found.before.tokens_a_word()}});
        if (!no_measure_) {
            context.output.line(cat("bits a byte: ", fixed(found.bits, 4), " (",
                                    fixed(found.bits_before, 4), " before)"));
            context.output.line(cat(
                "divergence where both cut the text alike (", fixed(100 * d.share, 2), " % of ",
                static_cast<double>(d.alike.tokens) / d.share, " tokens): ", fixed(d.alike.mean, 6),
                " ± ", fixed(d.alike.standard_error, 6), " nats a token; ", fixed(d.context, 6),
                " where the whole context is cut alike"));
            document.set("bits_per_byte", found.bits);
            document.set("bits_per_byte_before", found.bits_before);
            document.set("divergence", d.alike.mean);
            document.set("divergence_error", d.alike.standard_error);
            document.set("alike", d.share);
            document.set("same_context_divergence", d.context);
            document.set("same_context_tokens", d.context_tokens);
            document.set("tokens", d.alike.tokens);
            document.set("math", arithmetic_.math_name());
        }
        context.output.document(std::move(document));
    }

    std::string in_, out_;
    uint64_t vocabulary_ = 0;
    std::vector<std::string> corpora_;
    bool no_measure_ = false;
    ScoredText text_{.file = {}, .chunks = 8};
    Arithmetic arithmetic_;
};

}  // namespace

std::unique_ptr<Command> prune_command() {
    return std::make_unique<PruneCommand>();
}

}  // namespace linnet
