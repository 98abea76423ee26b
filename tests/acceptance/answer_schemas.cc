// answer_schemas MODEL.gguf [--random]: answers many schemas in one process, for schemas.py. A line
// of standard input is {"schema": …, "tokens": N, "seed": N}; the line that answers it on standard
// output is {"text": …, "finish": …} or {"error": …}, in the same order. With --random every token
// that is allowed is as likely as any other, and no model computes.
#include <cstdio>
#include <deque>
#include <iostream>

#include "base/cpus.h"
#include "engine/local_generator.h"
#include "kernels/select.h"

namespace linnet {
namespace {

constexpr size_t at_once = 8;

struct Asked {
    Json line;
    std::unique_ptr<Generation> generation;
    std::string error;
};

void print(const Json& line) {
    std::printf("%s\n", line.dump().c_str());
    std::fflush(stdout);
}

class WithModel {
  public:
    explicit WithModel(LocalGenerator& generator) : generator_(generator) {}

    void ask(const Json& line) {
        GenerationRequest request{
            .prompt = PlainPrompt{"Here is an example, as JSON:\n"},
            .sampling = {.temperature = 2, .seed = line.find("seed")->as_uint().value_or(0)},
            .tokens_max = static_cast<uint32_t>(line.find("tokens")->as_uint().value_or(64)),
            .form = JsonSchema{line.find("schema")->dump()}};
        auto generation = generator_.start(std::move(request));
        std::string error = generation ? "" : generation.error().what;
        waiting_.push_back({line, generation ? std::move(*generation) : nullptr, error});
        if (waiting_.size() >= at_once) answer();
    }
    void finish() {
        while (!waiting_.empty()) answer();
    }

  private:
    void answer() {
        Asked asked = std::move(waiting_.front());
        waiting_.pop_front();
        if (!asked.generation) return print(Json::object({{"error", asked.error}}));
        std::string text;
        Cancel cancel;
        for (;;) {
            auto event = asked.generation->next(cancel);
            if (!event) return print(Json::object({{"error", event.error().what}}));
            if (!*event) return;
            for (const OutputEvent& part : (*event)->parts) text += part.text;
            if ((*event)->finish)
                print(Json::object({{"text", text}, {"finish", stop_name(*(*event)->finish)}}));
        }
    }
    LocalGenerator& generator_;
    std::deque<Asked> waiting_;
};

Json random_answer(const AnswerForms& forms, size_t vocabulary, const Json& line) {
    auto grammar = forms.grammar(JsonSchema{line.find("schema")->dump()});
    if (!grammar) return Json::object({{"error", grammar.error().what}});
    Rng rng(line.find("seed")->as_uint().value_or(0));
    size_t left = line.find("tokens")->as_uint().value_or(64);
    Matcher matcher(*grammar);
    std::string text;
    for (; left > 0 && !matcher.is_done(); left--) {
        const TokenMask& mask = matcher.allowed(left);
        uint64_t which = rng.below(mask.count());
        TokenId token = -1;
        for (uint64_t i = 0; i <= which; i++)
            while (!mask.has(++token)) check(static_cast<size_t>(token) < vocabulary, "a bit");
        check(matcher.accept(token), "what the mask allows is accepted");
        text += (*grammar)->trie().bytes_of(token);
    }
    return Json::object({{"text", text}, {"finish", matcher.may_end() ? "stop" : "length"}});
}

Result<> run(const Path& file, bool random) {
    Checkpoint checkpoint = TRY(Checkpoint::open(file));
    std::string line;
    auto each_line = [&](auto&& use) -> Result<> {
        while (std::getline(std::cin, line)) use(TRY(Json::parse(line)));
        return Done{};
    };
    if (random) {
        Tokenizer tokenizer = TRY(Tokenizer::from(checkpoint));
        AnswerForms forms(tokenizer);
        return each_line([&](const Json& asked) {
            print(random_answer(forms, static_cast<size_t>(tokenizer.size()), asked));
        });
    }
    SystemClock clock;
    EngineOptions options{
        .threads = cpu_budget().threads, .context = 512, .sequences_max = at_once};
    auto generator = TRY(LocalGenerator::open(checkpoint, Math::Fast,
                                              kernels_of(kernel_isas().back()), clock, options));
    WithModel asking(*generator);
    TRY(each_line([&](const Json& asked) { asking.ask(asked); }));
    asking.finish();
    return Done{};
}

}  // namespace
}  // namespace linnet

int main(int count, char** arguments) {
    if (count < 2) return 2;
    bool random = count > 2 && std::string_view(arguments[2]) == "--random";
    auto done = linnet::run(arguments[1], random);
    if (done) return 0;
    std::fprintf(stderr, "%s\n", done.error().what.c_str());
    return 1;
}
