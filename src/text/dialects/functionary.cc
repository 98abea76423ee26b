// Functionary 3.2: every part of an answer goes to a recipient, named on a line of its own. The
// prompt ends with ">>>", so an answer begins with a name; "all" is the user.
#include <algorithm>

#include "text/dialects/calls.h"
#include "text/dialects/rows.h"

namespace linnet {
namespace {

using Kind = OutputEvent::Kind;
constexpr std::string_view mark = ">>>";
constexpr size_t name_max = 200;

class FunctionaryParser final : public OutputParser {
  public:
    explicit FunctionaryParser(DialectUse use) : in_name_(use.tools) {}

    void feed(std::string_view text, std::vector<OutputEvent>& events) override {
        held_ += text;
        while (step(events, false)) {
        }
    }
    void finish(std::vector<OutputEvent>& events) override {
        while (step(events, true)) {
        }
        if (!recipient_.empty()) close(events);
        write(events, held_.size());
    }

  private:
    void write(std::vector<OutputEvent>& events, size_t length) {
        if (length == 0) return;
        if (events.empty() || events.back().kind != Kind::Text)
            events.push_back({Kind::Text, {}, {}});
        events.back().text.append(held_, 0, length);
        held_.erase(0, length);
    }

    bool step(std::vector<OutputEvent>& events, bool last) {
        if (in_name_) return name(last);
        size_t next = held_.find(mark);
        if (!recipient_.empty()) {
            if (next == held_.npos) return false;
            std::string rest = held_.substr(next + mark.size());
            held_.resize(next);
            close(events);
            write(events, held_.size());
            held_ = std::move(rest);
            in_name_ = true;
            return true;
        }
        size_t sure = next;
        if (next == held_.npos) {
            sure = held_.size();
            if (last) return false;
            // What may begin a mark waits, and the line end before it, which is the mark's.
            while (sure > 0 && held_.size() - sure < mark.size() - 1 && held_[sure - 1] == '>')
                sure--;
        }
        size_t solid = sure > 0 && held_[sure - 1] == '\n' ? sure - 1 : sure;
        write(events, solid);
        if (next == std::string::npos) return false;
        held_.erase(0, sure - solid + mark.size());
        in_name_ = true;
        return true;
    }

    // "all\n" or "name\n"; what is no such line is the text itself.
    bool name(bool last) {
        size_t end = held_.find('\n');
        if (end == held_.npos && held_.size() <= name_max && !last) return false;
        in_name_ = false;
        recipient_.clear();
        std::string_view line = trimmed(std::string_view(held_).substr(0, end));
        bool named = end != held_.npos && end <= name_max && !line.empty() &&
                     line.find_first_of(" \t{}<>\"") == line.npos;
        if (!named) return true;
        if (line != "all") recipient_ = line;
        header_ = held_.substr(0, end + 1);
        held_.erase(0, end + 1);
        return true;
    }

    // held_ are the arguments of the recipient: a call, or, where they are broken, text.
    void close(std::vector<OutputEvent>& events) {
        Calls calls = call_of(recipient_, held_);
        recipient_.clear();
        if (!calls) {
            held_.insert(0, header_);
            return;
        }
        for (ToolCall& call : *calls) events.push_back({Kind::ToolCall, {}, std::move(call)});
        held_.clear();
    }

    std::string held_, recipient_, header_;
    bool in_name_;
};

}  // namespace

constinit const Dialect functionary_dialect{"functionary", "Functionary 3.2", ">>>all",
                                            [](DialectUse use) -> std::unique_ptr<OutputParser> {
                                                return std::make_unique<FunctionaryParser>(use);
                                            }};

}  // namespace linnet
