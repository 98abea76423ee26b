// The two JSON readers must agree on what is JSON, and what is written must read as the same value.
#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "base/json.h"
#include "base/json_reader.h"

namespace {

using linnet::Json;
using linnet::JsonReader;

bool reads(std::string_view text) {
    JsonReader reader(text);
    for (;;) {
        auto token = reader.next();
        if (!token) return false;
        if (*token == JsonReader::Token::End) return true;
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    std::string_view text = linnet::as_text(std::as_bytes(std::span(data, size)));
    auto json = Json::parse(text);
    if (json) {
        linnet::check(reads(text), "JsonReader reads what Json::parse reads");
        auto again = Json::parse(json->dump());
        linnet::check(again && *again == *json, "what is written reads as the same value");
        linnet::check(Json::parse(json->pretty()).value_or(Json()) == *json, "indented too");
    } else if (reads(text)) {
        // What JsonReader leaves to its caller.
        auto says = [&](std::string_view part) {
            return json.error().what.find(part) != part.npos;
        };
        linnet::check(says("occurs twice") || says("number overflow"),
                      "Json::parse refuses no more than it says");
    }
    return 0;
}
