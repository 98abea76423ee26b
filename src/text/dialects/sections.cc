#include "text/dialects/sections.h"

#include <algorithm>

namespace linnet {
namespace {

using Kind = OutputEvent::Kind;
using Events = std::vector<OutputEvent>;

constexpr std::string_view space = " \t\r\n";
constexpr size_t body_max = 4 << 20;  // what is longer is text
constexpr size_t reopened_max = 64;   // sections without an end that are looked into again

bool is_space(char c) {
    return space.find(c) != space.npos;
}

// How many bytes at the end of the text may be the beginning of the marker.
size_t begun(std::string_view text, std::string_view marker) {
    for (size_t length = std::min(text.size(), marker.size() - 1); length > 0; length--)
        if (text.ends_with(marker.substr(0, length))) return length;
    return 0;
}

class SectionParser final : public OutputParser {
  public:
    SectionParser(const SectionSyntax& syntax, DialectUse use) : syntax_(syntax), use_(use) {
        bool inside = use.starts_inside && use.reasoning && !syntax.reasoning_close.empty();
        state_ = inside ? State::Reasoning : State::Start;
    }

    // Slices keep what is searched again and again small; where they are cut changes nothing.
    void feed(std::string_view text, Events& events) override {
        while (!text.empty()) {
            size_t length = std::min<size_t>(text.size(), 4096);
            while (length < text.size() && (text[length] & 0xC0) == 0x80) length++;
            held_ += text.substr(0, length);
            text.remove_prefix(length);
            run(events, false);
        }
    }
    void finish(Events& events) override { run(events, true); }

  private:
    enum class State {
        Start,  // nothing of the answer yet; white space stays until it is known what follows
        Reasoning,
        Text,
        Section,    // held_ begins with white space and the open marker of section_
        Bare,       // held_ begins with what may be a call without marker
        AfterBare,  // such a call has been; another may follow
    };

    void run(Events& events, bool last) {
        while (step(events, last)) {
        }
    }
    // Does what can be done now; false where more text is needed.
    bool step(Events& events, bool last) {
        switch (state_) {
            case State::Start:
                return start(last);
            case State::Reasoning:
                return reasoning(events, last);
            case State::Text:
                return text(events, last);
            case State::Section:
                return section(events, last);
            case State::Bare:
                return bare(events, last);
            case State::AfterBare:
                return after_bare(last);
        }
        return false;
    }

    void emit(Events& events, Kind kind, size_t length) {
        if (length == 0) return;
        std::string piece = held_.substr(0, length);
        held_.erase(0, length);
        if (!events.empty() && events.back().kind == kind && kind != Kind::ToolCall)
            events.back().text += piece;
        else
            events.push_back({kind, std::move(piece), {}});
    }

    // What looked like a call and is none. White space after it is its own.
    void emit_text(Events& events, size_t length) {
        drop_space_ = false;
        emit(events, Kind::Text, length);
    }

    void emit(Events& events, std::vector<ToolCall> calls) {
        for (ToolCall& call : calls) events.push_back({Kind::ToolCall, {}, std::move(call)});
        drop_space_ = true;
    }

    bool start(bool last) {
        size_t first = std::min(held_.find_first_not_of(space), held_.size());
        std::string_view rest = std::string_view(held_).substr(first);
        if (rest.empty() && !last) return false;
        std::string_view open = use_.reasoning && !reasoned_ ? syntax_.reasoning_open : "";
        if (!open.empty() && rest.starts_with(open)) {
            held_.erase(0, first + open.size());
            state_ = State::Reasoning;
            return true;
        }
        if (!open.empty() && !rest.empty() && !last && open.starts_with(rest)) return false;
        bool bare = use_.tools && syntax_.bare_json && rest.starts_with('{');
        if (bare) held_.erase(0, first);
        state_ = bare ? State::Bare : State::Text;
        scan_ = {};
        return true;
    }

    // White space at both ends of the reasoning belongs to the markers.
    bool reasoning(Events& events, bool last) {
        if (!reasoning_begun_)
            held_.erase(0, std::min(held_.find_first_not_of(space), held_.size()));
        reasoning_begun_ = reasoning_begun_ || !held_.empty();
        size_t close = held_.find(syntax_.reasoning_close);
        bool closed = close != std::string::npos;
        size_t sure =
            closed ? close : held_.size() - (last ? 0 : begun(held_, syntax_.reasoning_close));
        if (closed || !last)
            while (sure > 0 && is_space(held_[sure - 1])) sure--;
        size_t erased = closed ? close - sure + syntax_.reasoning_close.size() : 0;
        emit(events, Kind::Reasoning, sure);
        if (!closed) return false;
        held_.erase(0, erased);
        reasoned_ = drop_space_ = true;
        state_ = State::Start;
        return true;
    }

    struct Found {
        size_t at = std::string::npos;
        std::string_view marker{};
        const CallSection* section = nullptr;  // null: a marker to be dropped
    };
    // The first marker that is whole, and from where on another may have begun.
    Found first_marker(size_t& sure) const {
        Found found;
        auto look = [&](std::string_view marker, const CallSection* section) {
            if (size_t at = held_.find(marker); at < found.at) found = {at, marker, section};
            sure = std::min(sure, held_.size() - begun(held_, marker));
        };
        if (use_.tools)
            for (const CallSection& section : syntax_.calls) look(section.open, &section);
        for (std::string_view marker : syntax_.dropped) look(marker, nullptr);
        return found;
    }

    bool text(Events& events, bool last) {
        if (drop_space_) {
            held_.erase(0, std::min(held_.find_first_not_of(space), held_.size()));
            if (held_.empty()) return false;
        }
        size_t sure = held_.size();
        Found found = first_marker(sure);
        bool marked = found.at != std::string::npos;
        if (marked || last) sure = marked ? found.at : held_.size();
        size_t solid = sure;  // white space at its end waits for what follows
        while (solid > 0 && is_space(held_[solid - 1])) solid--;
        bool keeps_space = last && !marked;
        if (solid > 0 || (keeps_space && sure > 0)) drop_space_ = false;
        size_t spaces = sure - solid;
        emit(events, Kind::Text, keeps_space ? sure : solid);
        if (!marked) return false;
        if (!found.section) {
            held_.erase(0, spaces + found.marker.size());
            drop_space_ = true;
            return true;
        }
        section_ = found.section;
        body_ = spaces + section_->open.size();
        searched_ = body_;
        scan_ = {};
        state_ = State::Section;
        return true;
    }

    std::string_view body(size_t end) const {
        return std::string_view(held_).substr(body_, end - body_);
    }

    bool section(Events& events, bool last) {
        size_t close = std::string::npos;
        while (!section_->close.empty()) {
            close = held_.find(section_->close, searched_);
            if (close == std::string::npos) break;
            scan_.advance(body(held_.size()), close - body_);
            if (!section_->json || !scan_.in_string()) break;
            searched_ = close + 1;
        }
        if (close > body_max) close = std::string::npos;
        if (close != std::string::npos) {
            size_t end = close + section_->close.size();
            Calls calls = section_->read(body(close));
            state_ = State::Text;
            if (!calls) {
                emit_text(events, end);
                return true;
            }
            held_.erase(0, end);
            emit(events, std::move(*calls));
            return true;
        }
        searched_ = std::max(searched_, held_.size() - begun_close());
        if (!last && held_.size() <= body_max) return false;
        return unclosed(events, last);
    }

    size_t begun_close() const {
        return section_->close.empty() ? 0 : std::min(held_.size(), section_->close.size() - 1);
    }

    // The answer ended inside of a section, or the section is too long: a call all the same, or
    // text, in which others may be.
    bool unclosed(Events& events, bool last) {
        Calls calls;
        if (last && held_.size() <= body_max) calls = section_->read(body(held_.size()));
        state_ = State::Text;
        if (calls) {
            held_.clear();
            emit(events, std::move(*calls));
            return false;
        }
        bool look_again = ++reopened_ <= reopened_max;
        emit_text(events, look_again ? body_ : held_.size());
        return true;
    }

    // A JSON object without marker, released as text once it shows that it is no call.
    bool bare(Events& events, bool last) {
        scan_.advance(held_, held_.size());
        Calls calls;
        if (scan_.complete())
            calls = calls_from_json(std::string_view(held_).substr(0, scan_.position()));
        if (calls) {
            held_.erase(0, scan_.position());
            emit(events, std::move(*calls));
            state_ = State::AfterBare;
            return true;
        }
        if (!scan_.complete() && !last && may_be_call() && held_.size() <= body_max) return false;
        state_ = State::Text;
        return true;
    }

    // Calls in a row may have semicolons between.
    bool after_bare(bool last) {
        size_t first = held_.find_first_not_of(" \t\r\n;");
        if (first == std::string::npos) {
            if (last) held_.clear();
            return false;
        }
        bool another = held_[first] == '{';
        if (another) held_.erase(0, first);
        scan_ = {};
        state_ = another ? State::Bare : State::Text;
        return true;
    }

    // By the first key, as far as it is there.
    bool may_be_call() const {
        std::string_view rest = std::string_view(held_).substr(1);
        rest.remove_prefix(std::min(rest.find_first_not_of(space), rest.size()));
        if (rest.empty()) return true;
        for (std::string_view key :
             {"\"name\"", "\"type\"", "\"function\"", "\"id\"", "\"arguments\"", "\"parameters\""})
            if (rest.starts_with(key) || key.starts_with(rest)) return true;
        return false;
    }

    const SectionSyntax& syntax_;
    const DialectUse use_;
    State state_;
    std::string held_;  // not yet told
    const CallSection* section_ = nullptr;
    size_t body_ = 0;      // of held_ in a section: where its body begins
    size_t searched_ = 0;  // and before which no close marker begins
    JsonScan scan_;
    size_t reopened_ = 0;
    bool reasoned_ = false, reasoning_begun_ = false;
    bool drop_space_ = false;  // white space that follows belongs to a marker
};

}  // namespace

std::unique_ptr<OutputParser> section_parser(const SectionSyntax& syntax, DialectUse use) {
    return std::make_unique<SectionParser>(syntax, use);
}

}  // namespace linnet
