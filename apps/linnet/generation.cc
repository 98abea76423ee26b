#include "linnet/generation.h"

#include <sys/resource.h>

#include <random>

#include "base/memory.h"
#include "base/text.h"
#include "linnet/models.h"

namespace linnet {

void GenerationOptions::declare_model(Syntax& syntax) {
    syntax.option("--math", &math_, "KIND", "fast, or f32: float32 of the dequantized weights")
        .one_of({"fast", "f32"});
    syntax.setting("-t,--threads", "run.threads", "N");
    syntax.setting("-c,--context", "run.context", "TOKENS");
    syntax.option("--kv", &kv_, "TYPE", "numbers of the key-value cache; f32 with --math f32")
        .one_of({"f16", "f32"});
}

void GenerationOptions::declare_sampling(Syntax& syntax) {
    syntax
        .option("-n,--tokens", &tokens_max_, "N",
                "most tokens of the answer; 0: what the context holds")
        .between(0, 1 << 24);
    syntax.option("--temp", &temperature_, "T", "temperature; 0 takes the most likely token")
        .between(0, 100);
    syntax.option("--top-k", &top_k_, "K", "choose among the K most likely; 0: all")
        .between(0, 1 << 24);
    syntax.option("--top-p", &top_p_, "P", "choose among the most likely up to this mass")
        .between(0, 1);
    syntax.option("--min-p", &min_p_, "P", "leave out what is less likely than P times the best")
        .between(0, 1);
    auto rare = [&](std::string_view name, Target target, std::string_view value,
                    std::string_view help) -> Argument& {
        return syntax.option(name, target, value, help).told_in("sampling");
    };
    rare("--typical", &typical_p_, "P", "choose among the most typical up to this mass")
        .between(0, 1);
    rare("--top-n-sigma", &top_n_sigma_, "N", "leave out logits N deviations below the best")
        .between(0, 1000);
    rare("--repetition", &repetition_, "R", "divide the logits of recent tokens by R")
        .between(0.01, 100);
    rare("--frequency", &frequency_, "F", "subtract F for each time a token came lately")
        .between(-100, 100);
    rare("--presence", &presence_, "F", "subtract F where a token came lately").between(-100, 100);
    rare("--dry", &dry_, "M", "strength against repeated sequences").between(0, 100);
    rare("--xtc", &xtc_, "P", "chance to leave out the most likely choices").between(0, 1);
    rare("--mirostat", &mirostat_, "BITS", "steer the surprise of each token to this")
        .between(0, 100);
    syntax.option("--seed", &seed_, "N", "the same seed gives the same answer; default: random");
    syntax.option("--stop", &stop_, "TEXT", "end the answer before this text; may be repeated");
    syntax
        .option("--json-schema", &json_schema_, "FILE|TEXT",
                "the answer is JSON that fits this JSON Schema")
        .completes(Complete::File);
    syntax.option("--grammar", &grammar_, "FILE|TEXT", "the answer fits this grammar in GBNF")
        .completes(Complete::File);
    syntax.option("--regex", &regex_, "TEXT", "the whole answer matches this regular expression");
}

// The text itself, or that of the file which it names.
static Result<std::string> text_or_file(const std::string& given, std::string_view flag,
                                        std::string_view marks) {
    if (given.find_first_of(marks) != given.npos) return given;
    auto text = read_file(given, 4 << 20);
    if (text) return text;
    return std::move(text).error().within(flag);
}

Result<AnswerForm> GenerationOptions::form() const {
    size_t given = !json_schema_.empty() + !grammar_.empty() + !regex_.empty();
    if (given > 1)
        return Error{Code::Usage, "--json-schema, --grammar and --regex are one too many",
                     "an answer has one form; give one of them"};
    if (!json_schema_.empty())
        return AnswerForm(JsonSchema{TRY(text_or_file(json_schema_, "--json-schema", "{"))});
    if (!grammar_.empty()) return AnswerForm(Gbnf{TRY(text_or_file(grammar_, "--grammar", "=\n"))});
    if (!regex_.empty()) return AnswerForm(RegexText{regex_});
    return AnswerForm();
}

Result<std::unique_ptr<LocalGenerator>> GenerationOptions::open(Context& context,
                                                                std::string_view model) const {
    Checkpoint checkpoint = TRY(open_model(context, model));
    const Kernels& kernels = *TRY(chosen_kernels(context));
    EngineOptions options;
    options.threads = chosen_threads(context);
    options.context =
        static_cast<uint32_t>(std::min<uint64_t>(context.settings.integer("run.context"), 1 << 24));
    options.kv = kv_ == "f32" ? KvType::F32 : KvType::F16;
    options.memory_max = available_memory();
    auto generator = LocalGenerator::open(checkpoint, math_ == "f32" ? Math::F32 : Math::Fast,
                                          kernels, context.clock, options);
    if (!generator) return std::move(generator).error().within(printable(model));
    for (const std::string& warning : (*generator)->tokenizer().warnings())
        context.output.warn(warning);
    return generator;
}

Result<GenerationRequest> GenerationOptions::request(const Checkpoint& checkpoint) const {
    GenerationRequest request;
    Sampling& s = request.sampling;
    // The makers' own advice, where the file carries it (generation_config.json, or GGUF's
    // general.sampling.*).
    auto advised = [&](std::string_view gguf, std::string_view document, double other) {
        if (auto value = checkpoint.metadata().double_of(cat("general.sampling.", gguf)))
            return *value;
        if (!checkpoint.has_document("generation_config.json")) return other;
        auto config = checkpoint.document("generation_config.json");
        return config ? config->double_or(document, other) : other;
    };
    s.temperature = static_cast<float>(temperature_.value_or(advised("temp", "temperature", 0.7)));
    s.top_k =
        static_cast<uint32_t>(top_k_.value_or(static_cast<int64_t>(advised("top_k", "top_k", 0))));
    s.top_p = static_cast<float>(top_p_.value_or(advised("top_p", "top_p", 0.95)));
    s.min_p = static_cast<float>(min_p_.value_or(advised("min_p", "min_p", 0.05)));
    s.typical_p = static_cast<float>(typical_p_.value_or(1));
    s.top_n_sigma = static_cast<float>(top_n_sigma_.value_or(0));
    s.repetition_penalty = static_cast<float>(repetition_);
    s.frequency_penalty = static_cast<float>(frequency_);
    s.presence_penalty = static_cast<float>(presence_);
    s.dry_multiplier = static_cast<float>(dry_);
    s.xtc_probability = static_cast<float>(xtc_);
    s.mirostat_tau = static_cast<float>(mirostat_);
    s.seed = seed_ ? *seed_ : std::random_device()();
    TRY(s.validate());
    request.tokens_max = static_cast<uint32_t>(tokens_max_);
    request.stop = stop_;
    request.form = TRY(form());
    return request;
}

static double per_second(size_t count, double seconds) {
    return seconds > 0 ? static_cast<double>(count) / seconds : 0;
}

static uint64_t peak_memory() {
    struct rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    return static_cast<uint64_t>(usage.ru_maxrss) * 1024;
}

Json stats_document(const RunStats& s) {
    size_t computed = s.prompt_tokens - s.cached_tokens,
           decoded = s.answer_tokens > 0 ? s.answer_tokens - 1 : 0;
    return Json::object({{"prompt_tokens", s.prompt_tokens},
                         {"cached_tokens", s.cached_tokens},
                         {"completion_tokens", s.answer_tokens},
                         {"prefill_tps", per_second(computed, s.prompt_s)},
                         {"decode_tps", per_second(decoded, s.answer_s)},
                         {"first_token_s", s.first_token_s},
                         {"total_s", s.queued_s + s.prompt_s + s.answer_s},
                         {"peak_memory_bytes", peak_memory()}});
}

std::string stats_line(const RunStats& s) {
    size_t computed = s.prompt_tokens - s.cached_tokens,
           decoded = s.answer_tokens > 0 ? s.answer_tokens - 1 : 0;
    return cat("prompt ", s.prompt_tokens, " tokens",
               s.cached_tokens > 0 ? cat(" (", s.cached_tokens, " cached)") : "", ", ",
               fixed(per_second(computed, s.prompt_s), 0), " t/s; answer ", s.answer_tokens,
               " tokens, ", fixed(per_second(decoded, s.answer_s), 1), " t/s; first token after ",
               fixed(s.first_token_s * 1000, 0), " ms; memory ", bytes_text(peak_memory()));
}

}  // namespace linnet
