#include "linnet/scoring.h"

#include <cmath>

#include "base/memory.h"
#include "base/text.h"
#include "engine/model_files.h"
#include "linnet/adapter_options.h"
#include "linnet/input.h"
#include "linnet/models.h"

namespace linnet {

void ScoredText::declare(Syntax& syntax) {
    syntax.option("--file", &file, "FILE", "the text; - is standard input")
        .completes(Complete::File);
    syntax.option("--ctx", &context, "TOKENS", "tokens of a chunk").between(2, 1 << 24);
    syntax.option("--chunks", &chunks, "N", "the first N chunks; 0: all").between(0, 1 << 24);
}

Result<std::string> ScoredText::read(Context& from) const {
    if (file.empty())
        return Error{Code::Usage, "there is no text to measure on", "name one by --file"};
    constexpr uint64_t text_max = 1 << 30;
    if (file == "-") return read_input(from);
    return read_file(expand_home(file, from.paths.home), text_max);
}

ChunkOptions ScoredText::options(const Tokenizer& tokenizer,
                                 std::span<const TokenId> tokens) const {
    ChunkOptions out{.chunks_max = static_cast<size_t>(chunks)};
    if (tokenizer.adds_bos() && !tokens.empty()) out.first_token = tokens.front();
    return out;
}

double ScoredText::bits_a_byte(const Perplexity& found, const Tokenizer& tokenizer,
                               std::span<const TokenId> tokens) const {
    size_t used = found.chunks * static_cast<size_t>(context), bytes = 0;
    for (TokenId id : tokens.first(used)) bytes += tokenizer.bytes(id).size();
    double tokens_a_byte = static_cast<double>(used) / static_cast<double>(bytes);
    return found.surprise / std::log(2.0) * tokens_a_byte;
}

Result<std::unique_ptr<Scorer>> ScoredText::load(Context& from, const Checkpoint& checkpoint,
                                                 std::string_view name,
                                                 const Arithmetic& arithmetic,
                                                 const std::vector<std::string>& lora) const {
    auto scorer = [&]() -> Result<std::unique_ptr<Scorer>> {
        const Kernels& kernels = *TRY(chosen_kernels(from));
        const size_t threads = chosen_threads(from, checkpoint);
        auto model = TRY(load_model(checkpoint, arithmetic.math(), threads));
        auto names = TRY(parse_adapters(from, lora));
        return Scorer::make(model, kernels,
                            {.threads = threads,
                             .context = static_cast<uint32_t>(context),
                             .kv = arithmetic.kv(),
                             .memory_max = available_memory(),
                             .adapters = TRY(load_adapters(from, names, model))});
    }();
    if (!scorer) return std::move(scorer).error().within(printable(name));
    return scorer;
}

}  // namespace linnet
