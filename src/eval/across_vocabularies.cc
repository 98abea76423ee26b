#include "eval/across_vocabularies.h"

#include <algorithm>
#include <unordered_map>
#include <vector>

#include "base/text.h"
#include "eval/divergence_tally.h"

namespace linnet {
namespace {

constexpr size_t nowhere = static_cast<size_t>(-1);

// A text in the tokens of both.
struct PairedText {
    std::vector<TokenId> model, reference;
    std::vector<size_t> place;  // of the reference's token j among the model's; or nowhere

    PairedText(std::string_view text, const Tokenizer& model_tokenizer,
               const Tokenizer& reference_tokenizer, std::span<const TokenId> in_reference)
        : model(plain(model_tokenizer, text)), reference(plain(reference_tokenizer, text)) {
        place.assign(reference.size(), nowhere);
        size_t i = 0, model_byte = 0, byte = 0;
        for (size_t j = 0; j < reference.size(); j++) {
            while (i < model.size() && model_byte < byte)
                model_byte += model_tokenizer.bytes(model[i++]).size();
            if (i < model.size() && model_byte == byte &&
                in_reference[static_cast<size_t>(model[i])] == reference[j]) {
                place[j] = i;
                model_byte += model_tokenizer.bytes(model[i++]).size();
            }
            byte += reference_tokenizer.bytes(reference[j]).size();
        }
    }

    static std::vector<TokenId> plain(const Tokenizer& tokenizer, std::string_view text) {
        using Add = EncodeOptions::Add;
        return tokenizer.encode(text, {.bos = Add::No, .eos = Add::No});
    }
};

// Tokens that follow one another in both texts: the rows of logits that foretell them.
struct Stretch {
    size_t model = 0, reference = 0, count = 0;  // first row, within the chunk
    bool same_context = false;
};

class AcrossComparison {
  public:
    AcrossComparison(const ReadingModel& model, const ReadingModel& reference,
                     std::span<const TokenId> in_reference, const Cancel& cancel)
        : model_(model), reference_(reference), in_reference_(in_reference), cancel_(cancel) {}

    // The chunk that begins at the reference's token `start`, which has a place.
    Result<> add_chunk(const PairedText& text, size_t start);
    DivergenceAcross result(size_t chunks) {
        DivergenceAcross out{.alike = all_.result(chunks)};
        out.share = static_cast<double>(all_.count()) / static_cast<double>(counted_);
        out.context_tokens = same_context_.count();
        if (out.context_tokens > 0) out.context = same_context_.result(chunks).mean;
        return out;
    }
    size_t compared() const { return all_.count(); }

  private:
    size_t length() const { return reference_.scorer.context(); }
    std::vector<Stretch> stretches(const PairedText& text, size_t start);
    Result<> compare(std::span<const TokenId> model, std::span<const TokenId> reference,
                     const Stretch& stretch);
    static void begin_with_bos(std::vector<TokenId>& tokens, const Tokenizer& tokenizer) {
        if (tokenizer.adds_bos() && tokenizer.special().bos != no_token)
            tokens.front() = tokenizer.special().bos;
    }

    const ReadingModel &model_, &reference_;
    std::span<const TokenId> in_reference_;
    const Cancel& cancel_;
    DivergenceTally all_, same_context_;
    size_t counted_ = 0;
    size_t model_done_ = 0, reference_done_ = 0;  // tokens of the chunk that were computed
};

std::vector<Stretch> AcrossComparison::stretches(const PairedText& text, size_t start) {
    const size_t first = length() / 2 + 1, begin = text.place[start];
    const size_t rows_max = std::min(model_.scorer.rows_max(), reference_.scorer.rows_max());
    std::vector<Stretch> out;
    bool same = true;
    for (size_t t = 0; t < length(); t++) {
        const size_t place = text.place[start + t];
        same &= place == begin + t;
        if (t < first) continue;
        counted_++;
        if (place == nowhere || place - begin >= length()) continue;
        const size_t row = place - begin - 1;
        Stretch* last = out.empty() ? nullptr : &out.back();
        if (last && last->model + last->count == row && last->reference + last->count == t - 1 &&
            last->same_context == same && last->count < rows_max)
            last->count++;
        else
            out.push_back({row, t - 1, 1, same});
    }
    return out;
}

Result<> AcrossComparison::add_chunk(const PairedText& text, size_t start) {
    const size_t begin = text.place[start];
    auto part = [&](const std::vector<TokenId>& tokens, size_t from) {
        auto first = tokens.begin() + static_cast<std::ptrdiff_t>(from);
        return std::vector<TokenId>(
            first, first + static_cast<std::ptrdiff_t>(std::min(length(), tokens.size() - from)));
    };
    std::vector<TokenId> model = part(text.model, begin), reference = part(text.reference, start);
    begin_with_bos(model, model_.tokenizer);
    begin_with_bos(reference, reference_.tokenizer);
    model_done_ = reference_done_ = 0;
    for (const Stretch& stretch : stretches(text, start)) TRY(compare(model, reference, stretch));
    return Done{};
}

Result<> AcrossComparison::compare(std::span<const TokenId> model,
                                   std::span<const TokenId> reference, const Stretch& stretch) {
    Scorer &m = model_.scorer, &r = reference_.scorer;
    const size_t end = stretch.model + stretch.count;
    const size_t reference_end = stretch.reference + stretch.count;
    TRY(m.advance(model, model_done_, stretch.model, cancel_));
    TRY(r.advance(reference, reference_done_, stretch.reference, cancel_));
    auto rows = TRY(m.logits(model, stretch.model, end, cancel_));
    auto expected = TRY(r.logits(reference, stretch.reference, reference_end, cancel_));
    model_done_ = end, reference_done_ = reference_end;

    const size_t tokens = in_reference_.size();
    const size_t width = m.model().config().vocabulary;
    const size_t reference_width = r.model().config().vocabulary;
    std::vector<TokenDivergence> found(stretch.count);
    m.pool().for_each(stretch.count, [&](size_t from, size_t until) {
        std::vector<float> common(tokens);
        for (size_t i = from; i < until; i++) {
            auto row = expected.subspan(i * reference_width, reference_width);
            for (size_t t = 0; t < tokens; t++)
                common[t] = row[static_cast<size_t>(in_reference_[t])];
            found[i] = compare_logits(m.kernels(), rows.subspan(i * width, tokens), common,
                                      static_cast<size_t>(model[stretch.model + i + 1]));
        }
    });
    for (const TokenDivergence& each : found) {
        all_.add(each);
        if (stretch.same_context) same_context_.add(each);
    }
    return Done{};
}

Result<> check_width(const ReadingModel& reader) {
    const size_t rows = reader.scorer.model().config().vocabulary;
    const auto tokens = static_cast<size_t>(reader.tokenizer.size());
    if (rows >= tokens) return Done{};
    return Error{Code::BadInput,
                 cat("the model has predictions for ", rows, " of its ", tokens, " tokens")};
}

}  // namespace

Result<std::vector<TokenId>> tokens_in_reference(const Tokenizer& model,
                                                 const Tokenizer& reference) {
    std::unordered_map<std::string_view, std::vector<TokenId>> spelled;
    for (TokenId id = reference.size(); id-- > 0;) spelled[reference.piece(id)].push_back(id);
    std::vector<TokenId> out;
    for (TokenId id = 0; id < model.size(); id++) {
        auto found = spelled.find(model.piece(id));
        if (found == spelled.end() || found->second.empty())
            return Error{Code::Usage,
                         cat("the model has the token '", printable(model.piece(id), 80),
                             "', which the reference lacks"),
                         "compare models of one origin"};
        out.push_back(found->second.back());
        found->second.pop_back();
    }
    return out;
}

Result<DivergenceAcross> measure_divergence_across(const ReadingModel& model,
                                                   const ReadingModel& reference,
                                                   std::string_view text, size_t chunks_max,
                                                   Progress& progress, const Cancel& cancel) {
    const size_t length = reference.scorer.context();
    check(model.scorer.context() == length, "chunks of one length");
    TRY(check_width(model));
    TRY(check_width(reference));
    auto in_reference = TRY(tokens_in_reference(model.tokenizer, reference.tokenizer));
    const PairedText paired(text, model.tokenizer, reference.tokenizer, in_reference);
    size_t total = paired.reference.size() / length, chunks = 0;
    if (chunks_max > 0) total = std::min(total, chunks_max);
    AcrossComparison comparison(model, reference, in_reference, cancel);
    progress.count_in("chunks");
    progress.begin("measuring divergence", total, 0);
    for (size_t start = 0; chunks < total; start += length) {
        while (start < paired.place.size() && paired.place[start] == nowhere) start++;
        if (start + length > paired.reference.size()) break;
        TRY(comparison.add_chunk(paired, start));
        progress.at(++chunks);
    }
    progress.end();
    if (comparison.compared() == 0)
        return Error{Code::Usage,
                     cat("the text has ", paired.reference.size(), " tokens, and no chunk of ",
                         length, " to compare the models on"),
                     "use a longer text or a smaller --ctx"};
    return comparison.result(chunks);
}

}  // namespace linnet
