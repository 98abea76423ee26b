#include "linnet/quantize_text.h"

#include "base/memory.h"
#include "base/text.h"
#include "compress/reading_copy.h"
#include "compress/self_text.h"
#include "engine/model_files.h"
#include "linnet/models.h"
#include "text/tokenizer.h"
#include "trust/hash.h"

namespace linnet {
namespace {

constexpr uint64_t text_bytes_max = 1 << 30;
constexpr uint32_t chunk_tokens = 512;

Json tokens_document(std::span<const int32_t> tokens) {
    Json out = Json::array();
    for (int32_t token : tokens) out.push(token);
    return out;
}

Result<std::vector<int32_t>> tokens_in(const Json& document, int32_t vocabulary) {
    std::vector<int32_t> out;
    for (const Json& each : *document.as_array()) {
        const auto token = each.as_int();
        if (!token || *token < 0 || *token >= vocabulary)
            return Error{Code::BadInput, "the journal's text is damaged", "begin anew"};
        out.push_back(static_cast<int32_t>(*token));
    }
    return out;
}

Result<Checkpoint> copy_to_read(Context& context, const Checkpoint& checkpoint) {
    constexpr uint64_t share = 4;  // of the memory there is, packed once more
    ThreadPool pool(chosen_threads(context, checkpoint));
    const uint64_t room = available_memory().value_or(UINT64_MAX) / share;
    return reading_copy(checkpoint, room, pool, context.cancel);
}

}  // namespace

void QuantizeText::declare(Syntax& syntax) {
    syntax
        .option("--calibration", &files_, "FILE[:WEIGHT]",
                "a text like those that the model is for, not one that it is judged by; of .jsonl "
                "each line is a {\"text\": …} or {\"messages\": […]}; may be given several times; "
                "without one the model writes a text itself")
        .completes(Complete::File);
    syntax
        .option("--calibration-chunks", &chunks_, "N",
                "chunks of 512 tokens that are read of it, where there are so many; 128")
        .between(1, 1 << 20);
}

Result<> QuantizeText::check() {
    sources_.clear();
    for (const std::string& file : files_) sources_.push_back(TRY(CalibrationSource::parse(file)));
    return Done{};
}

std::string QuantizeText::names() const {
    if (files_.empty()) return "what the model wrote";
    std::vector<std::string> names;
    for (const CalibrationSource& source : sources_) names.push_back(source.file);
    return join(names, ", ");
}

Result<Json> QuantizeText::settings(Context& context) const {
    Json out = Json::array();
    for (const CalibrationSource& source : sources_) {
        const Digest digest = TRY(sha256_of_file(expand_home(source.file, context.paths.home),
                                                 context.cancel, [](uint64_t) {}));
        out.push(Json::object({{"digest", digest.text()},
                               {"weight", fixed(source.weight, 6)},
                               {"documents", source.file.ends_with(".jsonl")}}));
    }
    return out;
}

Result<std::vector<int32_t>> QuantizeText::tokens_of(Context& context, const Checkpoint& checkpoint,
                                                     const std::string& file) {
    const std::string text = TRY(read_file(expand_home(file, context.paths.home), text_bytes_max));
    const Tokenizer* tokenizer = TRY(tokenizer_of(checkpoint));
    return calibration_tokens(file, text, checkpoint, *tokenizer);
}

Result<const Tokenizer*> QuantizeText::tokenizer_of(const Checkpoint& checkpoint) {
    if (!tokenizer_) tokenizer_ = TRY(Tokenizer::from(checkpoint));
    return &*tokenizer_;
}

// As many chunks as are read, judged by and held back (CalibrationParts).
Result<std::vector<int32_t>> QuantizeText::own_text(Context& context,
                                                    const Checkpoint& checkpoint) {
    constexpr std::string_view kind = "text";
    const Tokenizer* tokenizer = TRY(tokenizer_of(checkpoint));
    const Kernels* kernels = TRY(chosen_kernels(context));
    const Json* known = journal_ ? journal_->find(kind, "") : nullptr;
    if (known && known->as_array()) return tokens_in(*known, tokenizer->size());
    const size_t threads = chosen_threads(context), chunks = static_cast<size_t>(chunks_);
    const Checkpoint* copy = TRY(read_as(context, checkpoint));
    auto model = TRY(load_model(*copy, Math::Fast, threads));
    const uint32_t length = std::min(chunk_tokens, model->config().context);
    auto tokens = TRY(write_self_text(
        std::move(model), *kernels, *tokenizer, opening_of_a_turn(checkpoint, *tokenizer),
        {.tokens = (chunks + std::min<size_t>(16, (chunks + 1) / 7) + 1) * length,
         .length = length,
         .threads = threads,
         .memory_max = available_memory()},
        context.progress, context.cancel));
    if (journal_) TRY(journal_->add(kind, "", tokens_document(tokens)));
    return tokens;
}

Result<const CalibrationParts*> QuantizeText::parts(Context& context,
                                                    const Checkpoint& checkpoint) {
    if (parts_) return &*parts_;
    std::vector<std::vector<int32_t>> texts;
    std::vector<double> weights;
    if (files_.empty()) {
        texts.push_back(TRY(own_text(context, checkpoint)));
        weights.push_back(1);
    }
    for (const CalibrationSource& source : sources_) {
        texts.push_back(TRY(tokens_of(context, checkpoint, source.file)));
        weights.push_back(source.weight);
    }
    const Scorer* scorer = TRY(reader(context, checkpoint));
    parts_ = CalibrationParts::divide(
        texts, weights,
        {.chunks = static_cast<size_t>(chunks_), .chunk_tokens = scorer->context()});
    if (parts_->read.empty())
        return Error{Code::Usage,
                     cat("none of the texts has a whole chunk of ", scorer->context(), " tokens"),
                     "use longer ones"};
    return &*parts_;
}

Result<Scorer*> QuantizeText::reader(Context& context, const Checkpoint& checkpoint) {
    if (!reader_) {
        const Checkpoint* copy = TRY(read_as(context, checkpoint));
        reader_ = TRY(reader_of(context, *copy));
    }
    return reader_.get();
}

Result<const Checkpoint*> QuantizeText::read_as(Context& context, const Checkpoint& checkpoint) {
    if (!read_as_) read_as_ = TRY(copy_to_read(context, checkpoint));
    return &*read_as_;
}

Result<TextReader> QuantizeText::fast_reader_of(Context& context,
                                                const Checkpoint& checkpoint) const {
    const Checkpoint copy = TRY(copy_to_read(context, checkpoint));
    return TextReader{copy, TRY(reader_of(context, copy))};
}

Result<Scorer*> QuantizeText::reference(Context& context, const Checkpoint& checkpoint) {
    if (!reference_) reference_ = TRY(reader_of(context, checkpoint));
    return reference_.get();
}

Result<std::unique_ptr<Scorer>> QuantizeText::reader_of(Context& context,
                                                        const Checkpoint& checkpoint) const {
    const size_t threads = chosen_threads(context, checkpoint);
    auto model = TRY(load_model(checkpoint, Math::Fast, threads));
    const uint32_t length = std::min(chunk_tokens, model->config().context);
    const Kernels& kernels = *TRY(chosen_kernels(context));
    return Scorer::make(model, kernels,
                        {.threads = threads, .context = length, .memory_max = available_memory()});
}

}  // namespace linnet
