#include "text/dialect.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/text.h"

namespace linnet {
namespace {

using Kind = OutputEvent::Kind;

struct Example {
    std::string_view dialect, output, expected;
    bool inside = false;
};

// T"text" R"reasoning" C name {arguments} id
std::string shown(const std::vector<OutputEvent>& events) {
    std::string out;
    for (const OutputEvent& event : events) {
        if (!out.empty()) out += ' ';
        if (event.kind == Kind::ToolCall) {
            out += cat("C ", event.call.name, ' ', event.call.arguments.dump());
            if (!event.call.id.empty()) out += cat(' ', event.call.id);
        } else {
            out += cat(event.kind == Kind::Text ? "T" : "R", json_quote(event.text));
        }
    }
    return out;
}

// The events of an answer that comes in pieces, those of the same kind joined.
std::vector<OutputEvent> parsed(const Dialect& dialect, DialectUse use,
                                const std::vector<std::string_view>& pieces) {
    auto parser = dialect.parser(use);
    std::vector<OutputEvent> all, some;
    auto take = [&] {
        for (OutputEvent& event : some) {
            if (event.kind != Kind::ToolCall) {
                EXPECT_FALSE(event.text.empty());
            }
            if (!all.empty() && all.back().kind == event.kind && event.kind != Kind::ToolCall)
                all.back().text += event.text;
            else
                all.push_back(std::move(event));
        }
        some.clear();
    };
    for (std::string_view piece : pieces) {
        parser->feed(piece, some);
        take();
    }
    parser->finish(some);
    take();
    return all;
}

const Example examples[] = {
    {"plain", "Hello\n", R"(T"Hello\n")"},
    {"plain", "", ""},
    {"plain", "<think>\nhm\n</think>\n\nYes.", R"(R"hm" T"Yes.")"},
    {"plain", "hm, so\n</think>\nYes.", R"(R"hm, so" T"Yes.")", true},
    {"plain", "never closed ", R"(R"never closed ")", true},
    {"plain", "a <think> b", R"(T"a <think> b")"},
    {"plain", "<thin", R"(T"<thin")"},
    {"plain", "<think></think>", ""},
    {"plain", "  <think>x</think> y ", R"(R"x" T"y ")"},
    {"hermes", "<tool_call>\n{\"name\": \"f\", \"arguments\": {\"a\": 1}}\n</tool_call>",
     R"(C f {"a": 1})"},
    {"hermes",
     "Let me "
     "see.\n<tool_call>{\"name\":\"f\",\"arguments\":{}}</"
     "tool_call>\n<tool_call>{\"name\":\"g\",\"arguments\":\"{\\\"x\\\":2}\"}</tool_call>\n",
     R"(T"Let me see." C f {} C g {"x": 2})"},
    {"hermes", "<think>\nhm</think>\n<tool_call>{\"name\":\"f\"}</tool_call> done",
     R"(R"hm" C f {} T"done")"},
    {"hermes", "<tool_call>{\"name\":\"f\",\"arguments\":{\"a\":\"</tool_call>\"}}</tool_call>",
     R"(C f {"a": "</tool_call>"})"},
    {"hermes", "<tool_call>no json</tool_call> and on",
     R"(T"<tool_call>no json</tool_call> and on")"},
    {"hermes", "<tool_call>{\"name\":\"f\",\"arguments\":{}}", R"(C f {})"},
    {"hermes", "<tool_call>{\"name\":\"f\", <tool_call>{\"name\":\"g\"}</tool_call>",
     R"(T"<tool_call>{\"name\":\"f\", <tool_call>{\"name\":\"g\"}</tool_call>")"},
    {"hermes", "<tool_call>{\"a <tool_call>{\"name\":\"g\"}</tool_call>",
     R"(T"<tool_call>{\"a" C g {})"},
    {"hermes", "a < b and <tool_cal", R"(T"a < b and <tool_cal")"},
    {"hermes",
     "<tool_call>\n<function=f>\n<parameter=s>\nx\ny\n</parameter>\n<parameter=n>\n3\n</"
     "parameter>\n</function>\n</tool_call>",
     R"(C f {"s": "x\ny", "n": 3})"},
    {"hermes", "<tool_call>f\n<arg_key>k</arg_key>\n<arg_value>[1]</arg_value>\n</tool_call>",
     R"(C f {"k": [1]})"},
    {"hermes", "<tool_call>[{\"name\":\"f\"},{\"name\":\"g\"}]</tool_call>", R"(C f {} C g {})"},
    {"llama3", "{\"name\": \"f\", \"parameters\": {\"q\": \"x\"}}", R"(C f {"q": "x"})"},
    {"llama3", "{\"name\": \"f\", \"parameters\": {}}; {\"name\": \"g\", \"parameters\": {}}",
     R"(C f {} C g {})"},
    {"llama3", "{\"city\": \"Bern\"} is JSON", R"(T"{\"city\": \"Bern\"} is JSON")"},
    {"llama3", "{\"name\": \"f\", \"par", R"(T"{\"name\": \"f\", \"par")"},
    {"llama3", "{\"name\": 5}", R"(T"{\"name\": 5}")"},
    {"llama3", "<|python_tag|>brave_search.call(query=\"a \\\"b\\\"\")",
     R"(C brave_search {"query": "a \"b\""})"},
    {"llama3", "<|python_tag|>{\"name\": \"f\", \"parameters\": {}}", R"(C f {})"},
    {"llama3", "<|python_tag|>print(1", R"(T"<|python_tag|>print(1")"},
    {"llama3", "So: <function=f>{\"a\": 1}</function>", R"(T"So:" C f {"a": 1})"},
    {"mistral",
     "[TOOL_CALLS][{\"name\": \"f\", \"arguments\": {\"a\": [1]}, \"id\": \"123456789\"}]",
     R"(C f {"a": [1]} 123456789)"},
    {"mistral", "[TOOL_CALLS]f[ARGS]{\"a\": 1}[TOOL_CALLS]g[CALL_ID]77[ARGS]{}",
     R"(C f {"a": 1} C g {} 77)"},
    {"mistral", "[THINK]hm[/THINK]Hi [TOOL", R"(R"hm" T"Hi [TOOL")"},
    {"granite", "<|tool_call|>[{\"name\": \"f\", \"arguments\": {}}]", R"(C f {})"},
    {"granite", "<think>hm</think>\n<response>Yes.</response>", R"(R"hm" T"Yes.")"},
    {"phi4", "<|tool_call|>[{\"name\": \"f\", \"arguments\": {}}]<|/tool_call|>", R"(C f {})"},
    {"phi4", "functools[{\"name\": \"f\", \"arguments\": {}}]", R"(C f {})"},
    {"lfm2",
     "<|tool_call_start|>[f(a='x', b=[1, None, {'k': True}], c=-2.5), g()]<|tool_call_end|>ok",
     R"(C f {"a": "x", "b": [1, null, {"k": true}], "c": -2.5} C g {} T"ok")"},
    {"lfm2", "<|tool_call_start|>[f(a=]<|tool_call_end|>",
     R"(T"<|tool_call_start|>[f(a=]<|tool_call_end|>")"},
    {"deepseek",
     "Hm.<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>f\n```json\n{\"a\": "
     "1}\n```<｜tool▁call▁end｜>\n<｜tool▁call▁begin｜>g<｜tool▁sep｜>{}<｜tool▁call▁end｜><"
     "｜tool▁calls▁end｜>",
     R"(T"Hm." C f {"a": 1} C g {})"},
    {"cohere",
     "<|START_THINKING|>hm<|END_THINKING|><|START_ACTION|>[{\"tool_call_id\": \"0\", "
     "\"tool_name\": \"f\", \"parameters\": {}}]<|END_ACTION|>",
     R"(R"hm" C f {} 0)"},
    {"cohere", "<|START_RESPONSE|>Hi <b><|END_RESPONSE|>", R"(T"Hi <b>")"},
    {"nemotron", "<TOOLCALL>[{\"name\": \"f\", \"arguments\": {}}]</TOOLCALL>", R"(C f {})"},
    {"functionary", "all\nHello\n>>>f\n{\"a\": 1}", R"(T"Hello" C f {"a": 1})"},
    {"functionary", "f\n{\"a\": 1}\n>>>g\n{}", R"(C f {"a": 1} C g {})"},
    {"functionary", "f\nno json", R"(T"f\nno json")"},
    {"functionary", "Hello, world\n> >> x", R"(T"Hello, world\n> >> x")"},
};

TEST(Dialect, TakesAnswersApart) {
    for (const Example& example : examples) {
        const Dialect* dialect = find_dialect(example.dialect);
        ASSERT_NE(dialect, nullptr) << example.dialect;
        DialectUse use{.starts_inside = example.inside};
        EXPECT_EQ(shown(parsed(*dialect, use, {example.output})), example.expected)
            << example.dialect << ": " << example.output;
    }
}

std::vector<std::string_view> cut(std::string_view text, const std::vector<size_t>& lengths) {
    std::vector<std::string_view> pieces;
    for (size_t i = 0; !text.empty(); i++) {
        size_t length = lengths.empty() ? 1 : lengths[i % lengths.size()] % 7 + 1;
        pieces.push_back(text.substr(0, length));
        text.remove_prefix(std::min(length, text.size()));
    }
    return pieces;
}

RC_GTEST_PROP(Dialect, HowAnAnswerIsCutChangesNothing, (std::vector<size_t> lengths)) {
    for (const Example& example : examples) {
        const Dialect& dialect = *find_dialect(example.dialect);
        DialectUse use{.starts_inside = example.inside};
        RC_ASSERT(shown(parsed(dialect, use, cut(example.output, lengths))) ==
                  std::string(example.expected));
    }
}

// Answers made of markers and other bits in any order.
RC_GTEST_PROP(Dialect, AnyAnswerComesOutTheSameInAnyPieces, ()) {
    static const std::vector<std::string> bits{"<think>",
                                               "</think>",
                                               "<tool_call>",
                                               "</tool_call>",
                                               "{\"name\": \"f\", \"arguments\": {}}",
                                               "{\"name\": \"",
                                               "\"",
                                               "{",
                                               "}",
                                               "[",
                                               "]",
                                               ";",
                                               "\n",
                                               " ",
                                               "text",
                                               "<",
                                               "<tool_",
                                               "é",
                                               "\\",
                                               "<|tool_call|>",
                                               "<|/tool_call|>",
                                               "functools",
                                               "[TOOL_CALLS]",
                                               "[THINK]",
                                               "[/THINK]",
                                               "[ARGS]",
                                               "<|python_tag|>",
                                               "<function=f>",
                                               "</function>",
                                               "<parameter=a>",
                                               "</parameter>",
                                               ">>>",
                                               "all\n",
                                               "f\n",
                                               "<|tool_call_start|>",
                                               "<|tool_call_end|>",
                                               "f(a=1)",
                                               "<response>",
                                               "<TOOLCALL>",
                                               "</TOOLCALL>"};
    auto chosen = *rc::gen::container<std::vector<std::string>>(rc::gen::elementOf(bits));
    auto lengths = *rc::gen::arbitrary<std::vector<size_t>>();
    bool inside = *rc::gen::arbitrary<bool>();
    std::string answer = join(chosen, "");
    for (const Dialect& dialect : dialects()) {
        DialectUse use{.starts_inside = inside};
        RC_ASSERT(shown(parsed(dialect, use, {answer})) ==
                  shown(parsed(dialect, use, cut(answer, lengths))));
    }
}

TEST(Dialect, IsOffWhereNothingIsLookedFor) {
    std::string_view answer = "<think>a</think> <tool_call>{\"name\":\"f\"}</tool_call>";
    DialectUse off{.tools = false, .reasoning = false};
    for (const Dialect& dialect : dialects()) {
        auto events = parsed(dialect, off, {answer});
        ASSERT_EQ(events.size(), 1u) << dialect.name;
        EXPECT_EQ(events[0].text, answer);
    }
}

// What a model of no sense writes costs no more than what it writes.
TEST(Dialect, StaysLinearInManyBrokenCalls) {
    std::string answer;
    for (int i = 0; i < 40'000; i++)
        answer += "<tool_call>{\"name\": \"f <|tool_call|>[TOOL_CALLS]<think>";
    for (const Dialect& dialect : dialects()) {
        std::string text;
        for (const OutputEvent& event : parsed(dialect, {}, {answer})) text += event.text;
        EXPECT_TRUE(text == answer) << dialect.name;
    }
}

TEST(Dialect, IsFoundByTheMarksOfATemplate) {
    EXPECT_EQ(dialect_of_template("… '<tool_call>' …").name, "hermes");
    EXPECT_EQ(dialect_of_template("… <|start_header_id|> …").name, "llama3");
    EXPECT_EQ(dialect_of_template("[INST]").name, "plain");
}

TEST(Dialect, KnowsAPromptThatOpensTheReasoning) {
    EXPECT_TRUE(ends_in_reasoning("<|im_start|>assistant\n<think>\n"));
    EXPECT_FALSE(ends_in_reasoning("<|im_start|>assistant\n<think>\n\n</think>\n\n"));
    EXPECT_FALSE(ends_in_reasoning(""));
}

}  // namespace
}  // namespace linnet
