// A template and, behind a line "---", the JSON of its variables. Whatever they are, a rendering
// ends within its limits, and the same twice.
#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "text/jinja.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace linnet;
    constexpr jinja::Limits limits{.source_max = 1 << 16,
                                   .steps_max = 20'000,
                                   .calls_max = 60,
                                   .memory_max = 4 << 20,
                                   .output_max = 1 << 20};
    std::string_view input = as_text(std::as_bytes(std::span(data, size)));
    constexpr std::string_view separator = "\n---\n";
    size_t at = input.find(separator);
    std::string_view source = input.substr(0, at);
    Json variables = Json::object();
    if (at != input.npos) {
        auto json = Json::parse(input.substr(at + separator.size()));
        if (json && json->is_object()) variables = *std::move(json);
    }
    auto program = jinja::Template::parse(source, limits);
    if (!program) return 0;
    auto first = program->render(variables, {.unix_s = 1722002709}, limits);
    auto second = program->render(variables, {.unix_s = 1722002709}, limits);
    check(bool(first) == bool(second), "a rendering fails alike");
    if (first) {
        check(*first == *second, "a rendering is the same twice");
        check(first->size() <= limits.output_max, "the output keeps its limit");
    } else {
        check(first.error().what == second.error().what, "an error is the same twice");
        check(first.error().code != Code::Bug, "no input is a bug");
    }
    return 0;
}
