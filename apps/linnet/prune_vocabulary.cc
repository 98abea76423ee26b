// linnet prune --vocab: a model with fewer tokens.
#include <optional>

#include "base/text.h"
#include "compress/trim_vocabulary.h"
#include "linnet/prune_step.h"
#include "linnet/token_counts.h"

namespace linnet {
namespace {

class VocabularyStep final : public PruneStep {
  public:
    void declare(Syntax& syntax) override {
        syntax.option("--vocab", &size_, "N", "tokens to keep, such as 32k").in(Unit::Size);
        syntax
            .option("--corpus", &corpora_, "FILE",
                    "with --vocab: a text like those that the model is for; as often as there are")
            .completes(Complete::File);
    }

    bool asked() const override { return size_.has_value(); }
    bool needs_text() const override { return false; }
    std::string usual_text() const override { return corpora_.front(); }

    Result<> check() override {
        if (size_.has_value() == corpora_.empty())
            return Error{Code::Usage,
                         size_ ? "--vocab keeps the tokens that texts use most, and none is named"
                               : "--corpus is of no use without --vocab",
                         size_ ? "name some by --corpus" : "leave it out, or add --vocab"};
        return Done{};
    }

    Result<> apply(const Task& task) override {
        Context& context = task.context;
        const Tokenizer tokenizer = TRY(Tokenizer::from(task.model));
        before_ = TRY(count_tokens(context, tokenizer, corpora_));
        TrimPlan plan = TRY(plan_trimmed_vocabulary(task.model, before_.by_token, *size_));
        TRY(write_trimmed(plan, task.out, context.progress, context.cancel));
        const Tokenizer trimmed = TRY(plan.tokenizer());
        after_ = TRY(count_tokens(context, trimmed, corpora_));
        return Done{};
    }

    void report(Output& output, Json& document) const override {
        const size_t before = before_.by_token.size(), after = after_.by_token.size();
        output.line(cat("tokens: ", after, " of ", before, "; a word of the corpora takes ",
                        fixed(after_.tokens_a_word(), 4), " (", fixed(before_.tokens_a_word(), 4),
                        " before)"));
        document.set("vocabulary", after);
        document.set("vocabulary_before", before);
        document.set("tokens_per_word", after_.tokens_a_word());
        document.set("tokens_per_word_before", before_.tokens_a_word());
    }

  private:
    std::optional<uint64_t> size_;
    std::vector<std::string> corpora_;
    TokenCounts before_, after_;
};

}  // namespace

std::unique_ptr<PruneStep> vocabulary_step() {
    return std::make_unique<VocabularyStep>();
}

}  // namespace linnet
