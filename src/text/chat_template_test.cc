#include "text/chat_template.h"

#include <gtest/gtest.h>

#include <map>

#include "base/testing/data.h"

namespace linnet {
namespace {

// As SmolLM2's reads, and many others.
constexpr std::string_view chatml =
    "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}"
    "{{ '<|im_start|>system\nYou are helpful<|im_end|>\n' }}{% endif %}"
    "{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}";

Message user(std::string_view text) {
    return {.role = "user", .content = std::string(text)};
}

ChatTemplate parsed(std::string_view source) {
    auto made = ChatTemplate::parse(source, "<s>", "</s>");
    if (!made) ADD_FAILURE() << made.error().what;
    return *std::move(made);
}

std::string rendered(const ChatTemplate& chat, const std::vector<Message>& messages,
                     const Json& tools = {}, const ChatTemplate::Options& options = {}) {
    auto made = chat.render(messages, tools, options);
    return made ? *made : "error: " + made.error().what;
}

TEST(ChatTemplate, WritesChatMl) {
    ChatTemplate chat = parsed(chatml);
    EXPECT_TRUE(chat.capabilities().system_role);
    EXPECT_FALSE(chat.capabilities().tools);
    EXPECT_FALSE(chat.capabilities().bos);
    EXPECT_EQ(rendered(chat, {user("Hi")}),
              "<|im_start|>system\nYou are helpful<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n"
              "<|im_start|>assistant\n");
    EXPECT_EQ(rendered(chat, {{.role = "system", .content = "Be terse"}, user("Hi")}, {},
                       {.add_generation_prompt = false}),
              "<|im_start|>system\nBe terse<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n");
}

TEST(ChatTemplate, GivesTheSystemsWordsToTheUserWhereThereIsNoSystem) {
    ChatTemplate chat = parsed(
        "{{ bos_token }}{% for m in messages %}{% if m.role == 'system' %}"
        "{{ raise_exception('System role not supported') }}{% endif %}"
        "[{{ m.role }}]{{ m.content }}{% endfor %}");
    EXPECT_FALSE(chat.capabilities().system_role);
    EXPECT_TRUE(chat.capabilities().bos);
    EXPECT_EQ(rendered(chat, {{.role = "system", .content = "Be terse"}, user("Hi"), user("Ho")}),
              "<s>[user]Be terse\n\nHi[user]Ho");
    EXPECT_EQ(rendered(chat, {{.role = "system", .content = "Be terse"}}), "<s>[user]Be terse");
}

const Json& weather_tools() {
    static const Json tools = *Json::parse(
        R"([{"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}])");
    return tools;
}

std::vector<Message> conversation_with_call() {
    Message call{
        .role = "assistant", .content = "", .tool_calls = {{.id = "1", .name = "weather"}}};
    call.tool_calls[0].arguments.set("city", "Bern");
    Message answer{.role = "tool", .content = "21", .tool_call_id = "1", .name = "weather"};
    return {user("Hi"), call, answer};
}

TEST(ChatTemplate, DescribesToolsWhereTheTemplateDoesNot) {
    ChatTemplate chat = parsed(chatml);
    std::string text = rendered(chat, conversation_with_call(), weather_tools());
    EXPECT_NE(text.find("<tools>\n{\"type\": \"function\", \"function\": {\"name\": \"weather\""),
              text.npos)
        << text;
    EXPECT_NE(text.find("<|im_start|>assistant\n<tool_call>\n{\"name\": \"weather\", "
                        "\"arguments\": {\"city\": \"Bern\"}}\n</tool_call><|im_end|>\n"),
              text.npos)
        << text;
    EXPECT_NE(text.find("<|im_start|>user\n<tool_response>\n21\n</tool_response><|im_end|>\n"),
              text.npos)
        << text;
    EXPECT_EQ(chat.dialect().name, "hermes");
}

TEST(ChatTemplate, PassesToolsWhereTheTemplateWritesThem) {
    ChatTemplate chat = parsed(
        "{% if tools %}{{ tools[0].function.name }}|{% endif %}{% for m in messages %}{{ m.role "
        "}}:{{ m.content }}"
        "{% for c in m.tool_calls %}<tool_call>{{ c.function.arguments | tojson }}{% endfor %};{% "
        "endfor %}");
    EXPECT_TRUE(chat.capabilities().tools);
    EXPECT_TRUE(chat.capabilities().tool_calls);
    EXPECT_FALSE(chat.capabilities().text_arguments);
    EXPECT_EQ(rendered(chat, conversation_with_call(), weather_tools()),
              "weather|user:Hi;assistant:<tool_call>{\"city\": \"Bern\"};tool:21;");
    EXPECT_EQ(rendered(chat, {user("Hi")}), "user:Hi;");
}

TEST(ChatTemplate, GivesArgumentsAsTheTemplateTakesThem) {
    ChatTemplate chat = parsed(
        "{{ tools }}{% for m in messages %}{{ m.content }}{% for c in m.tool_calls %}"
        "{{ '<' + c.function.arguments + '>' }}{% endfor %}{% endfor %}");
    EXPECT_TRUE(chat.capabilities().text_arguments);
    ChatTemplate printing = parsed(
        "{{ tools }}{% for m in messages %}{{ m.content }}{% for c in m.tool_calls %}"
        "<{{ c.function.arguments }}>{% endfor %}{% endfor %}");
    EXPECT_TRUE(printing.capabilities().text_arguments);
}

TEST(ChatTemplate, GivesTypedContentToATemplateThatReadsOnlyThat) {
    ChatTemplate chat = parsed("{% for m in messages %}{{ m.content[0].text }}{% endfor %}");
    EXPECT_TRUE(chat.capabilities().typed_content);
    EXPECT_EQ(rendered(chat, {user("Hi")}), "Hi");
}

TEST(ChatTemplate, FindsWhetherItThinks) {
    ChatTemplate chat = parsed(
        "{% for m in messages %}{% if m.reasoning_content %}<think>{{ m.reasoning_content "
        "}}</think>{% endif %}"
        "{{ m.content }}{% endfor %}{% if enable_thinking is defined and not enable_thinking "
        "%}<think></think>{% endif %}");
    EXPECT_TRUE(chat.capabilities().reasoning);
    EXPECT_TRUE(chat.capabilities().thinking_switch);
    EXPECT_EQ(rendered(chat, {user("Hi")}, {}, {.enable_thinking = false}), "Hi<think></think>");
    EXPECT_EQ(rendered(chat, {user("Hi")}), "Hi");
}

TEST(ChatTemplate, PassesVariablesOfTheRequest) {
    ChatTemplate chat = parsed("{{ messages[0].content }}{{ effort }}{{ strftime_now('%Y') }}");
    ChatTemplate::Options options{.variables = Json::object({{"effort", "high"}}),
                                  .now_s = 1722002709};
    EXPECT_EQ(rendered(chat, {user("Hi")}, {}, options), "Hihigh2024");
}

TEST(ChatTemplate, SaysWhatIsWrong) {
    auto broken = ChatTemplate::parse("{% if %}", "", "");
    ASSERT_FALSE(broken);
    EXPECT_EQ(
        broken.error().what,
        "the chat template: line 1, column 7: expected an expression, got the end of the tag");
    ChatTemplate chat = parsed("{{ raise_exception('roles must alternate') }}");
    auto refused = chat.render(std::vector{user("Hi")}, {}, {});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::Usage);
    EXPECT_EQ(refused.error().what,
              "the chat template refuses the conversation: roles must alternate");
    EXPECT_FALSE(parsed(chatml).render(std::vector{user("Hi")}, Json("no list"), {}));
}

TEST(ChatTemplate, BoundsWhatATemplateMayCost) {
    auto source =
        "{% for i in range(100000) %}{% for j in range(100000) %}x{% endfor %}{% endfor %}";
    auto chat = ChatTemplate::parse(source, "", "");  // the probes end soon, too
    ASSERT_TRUE(chat);
    auto made = ChatTemplate::parse(source, "", "", {.steps_max = 100'000});
    EXPECT_FALSE(made->render(std::vector{user("Hi")}, {}, {}));
    EXPECT_FALSE(ChatTemplate::parse(std::string(100, 'x'), "", "", {.source_max = 99}));
}

}  // namespace
}  // namespace linnet
