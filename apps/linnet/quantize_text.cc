#include "linnet/quantize_text.h"

#include "base/memory.h"
#include "base/text.h"
#include "engine/model_files.h"
#include "linnet/models.h"
#include "text/tokenizer.h"
#include "trust/hash.h"

namespace linnet {
namespace {

constexpr uint64_t text_bytes_max = 1 << 30;
constexpr uint32_t chunk_tokens = 512;

}  // namespace

void QuantizeText::declare(Syntax& syntax) {
    syntax
        .option("--calibration", &files_, "FILE[:WEIGHT]",
                "a text like those that the model is for, not one that it is judged by; of .jsonl "
                "each line is a {\"text\": …} or {\"messages\": […]}; may be given several times")
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
    if (!tokenizer_) tokenizer_ = TRY(Tokenizer::from(checkpoint));
    return calibration_tokens(file, text, checkpoint, *tokenizer_);
}

Result<const CalibrationParts*> QuantizeText::parts(Context& context,
                                                    const Checkpoint& checkpoint) {
    if (parts_) return &*parts_;
    const Scorer* scorer = TRY(reader(context, checkpoint));
    std::vector<std::vector<int32_t>> texts;
    std::vector<double> weights;
    for (const CalibrationSource& source : sources_) {
        texts.push_back(TRY(tokens_of(context, checkpoint, source.file)));
        weights.push_back(source.weight);
    }
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
    if (!reader_) reader_ = TRY(reader_of(context, checkpoint));
    return reader_.get();
}

Result<std::unique_ptr<Scorer>> QuantizeText::reader_of(Context& context,
                                                        const Checkpoint& checkpoint) const {
    auto model = TRY(load_model(checkpoint, Math::Fast, chosen_threads(context)));
    const uint32_t length = std::min(chunk_tokens, model->config().context);
    const Kernels& kernels = *TRY(chosen_kernels(context));
    return Scorer::make(
        model, kernels,
        {.threads = chosen_threads(context), .context = length, .memory_max = available_memory()});
}

}  // namespace linnet
