// A program with the frame of linnet and commands that only tests need: they wait, stream, fail and
// throw on request.
#include <unistd.h>

#include <new>
#include <stdexcept>

#include "base/text.h"
#include "linnet/line_editor.h"
#include "linnet/program.h"

namespace linnet {
namespace {

class Wait final : public Command {
  public:
    void declare(Syntax& syntax) override {
        syntax.flag("--deaf", deaf_, "do not look at the Cancel");
    }
    Result<> run(Context& context) override {
        context.output.note("waiting");
        bool told = false;
        for (;;) {
            if (!deaf_) TRY(context.cancel.check());
            if (context.cancel.requested() && !std::exchange(told, true))
                context.output.note("asked to end");
            context.clock.sleep_s(0.01);
        }
    }

  private:
    bool deaf_ = false;
};

class Stream final : public Command {
  public:
    Result<> run(Context& context) override {
        for (uint64_t i = 0;; i++) {
            context.output.line(cat("line ", i));
            context.output.flush();
            TRY(context.cancel.check());
        }
    }
};

class Fail final : public Command {
  public:
    void declare(Syntax& syntax) override {
        syntax.positional("HOW", &how_, "the way")
            .required()
            .one_of({"throw", "memory", "check", "gate"});
    }
    Result<> run(Context& context) override {
        context.output.line("before");
        context.output.document(Json::object({{"score", 0.5}}));
        if (how_ == "throw") throw std::runtime_error("thrown \x1b[2J");
        if (how_ == "memory") throw std::bad_alloc();
        check(how_ == "gate", "the probe fails as it was told");
        return Error{Code::Gate, "the score 0.5 is below 0.9", "train longer"};
    }

  private:
    std::string how_;
};

class Work final : public Command {
  public:
    void declare(Syntax& syntax) override {
        syntax.option("--step", &step_, "TEXT", "what it says it does");
        syntax.option("--seconds", &seconds_, "S", "how long");
        syntax.flag("--items", items_, "count items, not bytes");
        syntax.flag("--unknown", unknown_, "do not know the total");
    }
    Result<> run(Context& context) override {
        constexpr uint64_t total = 100'000'000;
        if (items_) context.progress.count_in("layers");
        context.progress.begin(step_, unknown_ ? 0 : total, 0);
        double began_s = context.clock.now_s();
        for (double spent_s = 0; spent_s < seconds_; spent_s = context.clock.now_s() - began_s) {
            TRY(context.cancel.check());
            context.progress.at(static_cast<uint64_t>(spent_s / seconds_ * double{total}));
            context.clock.sleep_s(0.02);
        }
        context.progress.at(total);
        context.progress.note("half-way through, a note");
        context.progress.end();
        context.output.line("worked");
        return Done{};
    }

  private:
    std::string step_ = "working";
    double seconds_ = 0.5;
    bool items_ = false, unknown_ = false;
};

class Paint final : public Command {
  public:
    Result<> run(Context& context) override {
        context.output.line(context.output.paint(Style::Green, "green"));
        context.output.note(context.output.paint_note(Style::Green, "note"));
        context.output.warn("careful");
        context.log.error("logged", {{"why", "test"}});
        return Done{};
    }
};

class Edit final : public Command {
  public:
    void declare(Syntax& syntax) override {
        syntax.option("--history", &history_, "FILE", "keep entries there");
    }
    Result<> run(Context& context) override {
        LineEditor editor(0, 1, context.environment.get("TERM").value_or("dumb") == "dumb",
                          context.cancel);
        History history;
        if (history_) history = TRY(History::open(*history_));
        auto words = [](std::string_view before) {
            std::vector<std::string> out;
            for (std::string_view word : {"/help", "/history", "/bye", "ünα", "ünβ"})
                if (word.starts_with(before)) out.emplace_back(word);
            return out;
        };
        for (;;) {
            auto line = TRY(editor.read_line(">>> ", history, words));
            if (!line) break;
            context.output.line(cat("got: ", json_quote(*line)));
            context.output.flush();
        }
        context.output.line("over");
        return Done{};
    }

  private:
    std::optional<std::string> history_;
};

class Endless final : public Command {
  public:
    void declare(Syntax& syntax) override { syntax.endless(); }
    Result<> run(Context&) override { return Done{}; }
};

template <class T>
std::unique_ptr<Command> make() {
    return std::make_unique<T>();
}

constexpr CommandRow commands[] = {
    {"wait", Group::Use, "Wait for a signal", make<Wait>},
    {"stream", Group::Use, "Write until nobody reads", make<Stream>},
    {"fail", Group::Use, "Fail as told", make<Fail>},
    {"work", Group::Use, "Show progress", make<Work>},
    {"paint", Group::Use, "Show colours", make<Paint>},
    {"edit", Group::Use, "Read lines", make<Edit>},
    {"endless", Group::Use, "Run until stopped", make<Endless>},
};

}  // namespace
}  // namespace linnet

int main(int count, char** arguments) {
    linnet::Environment environment(environ);
    std::vector<std::string> words(arguments + 1, arguments + count);
    return linnet::Program{linnet::commands, {}, environment}.run(words);
}
