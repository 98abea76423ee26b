// An answer of a model, in pieces as the first bytes say: how it is cut changes nothing.
#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "text/dialect.h"

namespace {

using namespace linnet;

std::vector<OutputEvent> parsed(const Dialect& dialect, DialectUse use, std::string_view answer,
                                size_t piece) {
    auto parser = dialect.parser(use);
    std::vector<OutputEvent> events, all;
    auto take = [&] {
        for (OutputEvent& event : events) {
            bool joins = !all.empty() && all.back().kind == event.kind &&
                         event.kind != OutputEvent::Kind::ToolCall;
            if (joins)
                all.back().text += event.text;
            else
                all.push_back(std::move(event));
        }
        events.clear();
    };
    for (; !answer.empty(); answer.remove_prefix(std::min(piece, answer.size()))) {
        parser->feed(answer.substr(0, piece), events);
        take();
    }
    parser->finish(events);
    take();
    return all;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    if (size < 2) return 0;
    const Dialect& dialect = dialects()[data[0] % dialects().size()];
    DialectUse use{.tools = (data[1] & 0x80) == 0,
                   .reasoning = (data[1] & 0x40) == 0,
                   .starts_inside = (data[1] & 0x20) != 0};
    size_t piece = (data[1] & 0x1F) + 1u;
    std::string_view answer = as_text(std::as_bytes(std::span(data + 2, size - 2)));
    auto whole = parsed(dialect, use, answer, SIZE_MAX);
    auto pieces = parsed(dialect, use, answer, piece);
    check(whole == pieces, "how an answer is cut changes nothing");
    return 0;
}
