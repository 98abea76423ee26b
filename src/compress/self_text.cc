#include "compress/self_text.h"

#include <algorithm>

#include "base/rng.h"
#include "engine/chat_parts.h"

namespace linnet {
namespace {

constexpr size_t together = 32;  // texts that are written at a time

// What is sampled has the model's own probabilities, but for what is hardly ever right.
constexpr Sampling plainly = {.min_p = 0.01f, .temperature = 1};

class Writer {
  public:
    Writer(Engine& engine, const Tokenizer& tokenizer, std::span<const int32_t> opening,
           uint64_t seed, const Cancel& cancel)
        : engine_(engine), tokenizer_(tokenizer), opening_(opening), cancel_(cancel), dice_(seed) {
        for (TokenId id = 0; id < tokenizer.size(); id++)
            if (tokenizer.type(id) == TokenType::Normal) ordinary_.push_back(id);
        if (ordinary_.empty()) ordinary_.push_back(0);
    }

    // The next `together` texts, a token of each at a time.
    Result<> write(std::vector<int32_t>& out) {
        std::vector<std::vector<int32_t>> texts;
        std::vector<std::unique_ptr<TokenStream>> streams;
        for (size_t i = 0; i < together; i++) {
            TokenRequest request = begin();
            texts.push_back(request.prompt);
            streams.push_back(TRY(engine_.submit(std::move(request))));
        }
        for (size_t open = streams.size(); open > 0;)
            for (size_t i = 0; i < streams.size(); i++) {
                if (!streams[i]) continue;
                const auto event = TRY(streams[i]->next(cancel_));
                if (event && event->token) {
                    texts[i].push_back(event->token->id);
                    continue;
                }
                streams[i] = nullptr;
                open--;
            }
        for (const auto& text : texts) out.insert(out.end(), text.begin(), text.end());
        return Done{};
    }

  private:
    TokenRequest begin() {
        TokenRequest out;
        out.sampling = plainly;
        out.sampling.seed = dice_.next();
        const bool conversation = !opening_.empty() && begun_++ % 2 == 1;
        if (conversation) {
            out.prompt.assign(opening_.begin(), opening_.end());
        } else {
            if (tokenizer_.adds_bos()) out.prompt.push_back(tokenizer_.special().bos);
            out.prompt.push_back(ordinary_[dice_.below(ordinary_.size())]);
            out.end_tokens.assign(tokenizer_.ends().begin(), tokenizer_.ends().end());
        }
        return out;
    }

    Engine& engine_;
    const Tokenizer& tokenizer_;
    std::span<const int32_t> opening_;
    const Cancel& cancel_;
    Rng dice_;
    std::vector<TokenId> ordinary_;
    size_t begun_ = 0;
};

}  // namespace

std::vector<int32_t> opening_of_a_turn(const Checkpoint& checkpoint, const Tokenizer& tokenizer) {
    constexpr std::string_view mark = "What?";
    auto made_by = template_of(checkpoint, tokenizer, "");
    if (!made_by) return {};
    const Message turn{.role = "user", .content = std::string(mark)};
    auto prompt = made_by->render_prompt({&turn, 1}, Json(), {.add_generation_prompt = false},
                                         control_tokens_of(tokenizer));
    const size_t at = prompt ? prompt->text.rfind(mark) : std::string::npos;
    if (at == std::string::npos) return {};
    prompt->text.resize(at);
    std::erase_if(prompt->breaks, [&](size_t place) { return place >= at; });
    return encode_prompt(tokenizer, *made_by, *prompt);
}

Result<std::vector<int32_t>> write_self_text(std::shared_ptr<const Model> model,
                                             const Kernels& kernels, const Tokenizer& tokenizer,
                                             std::span<const int32_t> opening,
                                             const SelfTextOptions& options, Progress& progress,
                                             const Cancel& cancel) {
    SystemClock clock;
    auto engine = TRY(Engine::make(std::move(model), kernels, clock,
                                   {.threads = options.threads,
                                    .context = options.length,
                                    .sequences_max = together,
                                    .queue_max = together,
                                    .memory_max = options.memory_max}));
    Writer writer(*engine, tokenizer, opening, options.seed, cancel);
    std::vector<int32_t> out;
    progress.count_in("tokens");
    progress.begin("the model writes a text", options.tokens, 0);
    while (out.size() < options.tokens) {
        TRY(writer.write(out));
        progress.at(std::min(out.size(), options.tokens));
    }
    progress.end();
    out.resize(options.tokens);
    return out;
}

}  // namespace linnet
