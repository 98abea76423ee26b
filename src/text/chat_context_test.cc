#include "text/chat_context.h"

#include <gtest/gtest.h>

namespace linnet {
namespace {

TEST(ChatContext, LeavesOutWhatAMessageDoesNotHave) {
    Message user{.role = "user", .content = "hi"};
    EXPECT_EQ(template_message(user, {}).dump(), R"({"role": "user", "content": "hi"})");
}

TEST(ChatContext, WritesCallsAsTransformersDoes) {
    Message assistant{.role = "assistant", .content = "", .reasoning = "hm"};
    assistant.tool_calls.push_back(
        {.id = "c1", .name = "add", .arguments = *Json::parse("{\"a\":1}")});
    Json made = template_message(assistant, {.text_arguments = true});
    ASSERT_NE(made.find("tool_calls"), nullptr);
    EXPECT_EQ(
        made.find("tool_calls")->dump(),
        R"([{"type": "function", "function": {"name": "add", "arguments": "{\"a\": 1}"}, "id": "c1"}])");
    EXPECT_EQ(made.string_or("reasoning_content", ""), "hm");
    EXPECT_EQ(made.string_or("thinking", ""), "hm");
    EXPECT_EQ(made.find("tool_call_id"), nullptr);
}

TEST(ChatContext, WrapsContentInTypedParts) {
    Message tool{.role = "tool", .content = "4", .tool_call_id = "c1", .name = "add"};
    EXPECT_EQ(
        template_message(tool, {.typed_content = true}).dump(),
        R"({"role": "tool", "content": [{"type": "text", "text": "4"}], "tool_call_id": "c1", "name": "add"})");
}

}  // namespace
}  // namespace linnet
