#include "text/named_templates.h"

#include <gtest/gtest.h>

#include <set>

#include "base/text.h"

namespace linnet {
namespace {

std::string rendered(std::string_view name) {
    const NamedTemplate* row = find_named_template(name);
    if (!row) return cat("no template ", name);
    auto chat = ChatTemplate::parse(row->source, "<s>", "</s>");
    if (!chat) return chat.error().what;
    std::vector<Message> messages{{.role = "system", .content = "S"},
                                  {.role = "user", .content = "U"},
                                  {.role = "assistant", .content = "A"},
                                  {.role = "user", .content = "V"}};
    auto made = chat->render(messages, {}, {});
    return made ? *made : made.error().what;
}

TEST(NamedTemplates, WriteWhatTheirModelsSaw) {
    EXPECT_EQ(rendered("chatml"),
              "<|im_start|>system\nS<|im_end|>\n<|im_start|>user\nU<|im_end|>\n<|im_start|>"
              "assistant\nA<|im_end|>\n"
              "<|im_start|>user\nV<|im_end|>\n<|im_start|>assistant\n");
    EXPECT_EQ(rendered("llama3"),
              "<s><|start_header_id|>system<|end_header_id|>\n\nS<|eot_id|><|start_header_id|>user<"
              "|end_header_id|>\n\nU<|eot_id|>"
              "<|start_header_id|>assistant<|end_header_id|>\n\nA<|eot_id|><|start_header_id|>user<"
              "|end_header_id|>\n\nV<|eot_id|>"
              "<|start_header_id|>assistant<|end_header_id|>\n\n");
    EXPECT_EQ(rendered("llama2"),
              "<s>[INST] <<SYS>>\nS\n<</SYS>>\n\nU [/INST] A </s><s>[INST] V [/INST]");
    EXPECT_EQ(rendered("mistral"), "<s>[INST] S\n\nU[/INST] A</s>[INST] V[/INST]");
    EXPECT_EQ(rendered("gemma"),
              "<s><start_of_turn>user\nS\n\nU<end_of_turn>\n<start_of_turn>model\nA<end_of_turn>\n"
              "<start_of_turn>user\nV<end_of_turn>\n<start_of_turn>model\n");
    EXPECT_EQ(rendered("phi3"),
              "<|system|>\nS<|end|>\n<|user|>\nU<|end|>\n<|assistant|>\nA<|end|>\n<|user|>\nV<|end|"
              ">\n<|assistant|>\n");
    EXPECT_EQ(rendered("phi4"),
              "<|im_start|>system<|im_sep|>S<|im_end|><|im_start|>user<|im_sep|>U<|im_end|><|im_"
              "start|>assistant<|im_sep|>A<|im_end|>"
              "<|im_start|>user<|im_sep|>V<|im_end|><|im_start|>assistant<|im_sep|>");
    EXPECT_EQ(rendered("zephyr"),
              "<|system|>\nS</s>\n<|user|>\nU</s>\n<|assistant|>\nA</s>\n<|user|>\nV</"
              "s>\n<|assistant|>\n");
    EXPECT_EQ(rendered("tulu"),
              "<s><|system|>\nS\n<|user|>\nU\n<|assistant|>\nA</s>\n<|user|>\nV\n<|assistant|>\n");
    EXPECT_EQ(rendered("granite"),
              "<|start_of_role|>system<|end_of_role|>S<|end_of_text|>\n<|start_of_role|>user<|end_"
              "of_role|>U<|end_of_text|>\n"
              "<|start_of_role|>assistant<|end_of_role|>A<|end_of_text|>\n<|start_of_role|>user<|"
              "end_of_role|>V<|end_of_text|>\n"
              "<|start_of_role|>assistant<|end_of_role|>");
    EXPECT_EQ(rendered("deepseek"),
              "<s>S<｜User｜>U<｜Assistant｜>A<｜end▁of▁sentence｜><｜User｜>V<｜Assistant｜>");
    EXPECT_EQ(rendered("alpaca"),
              "S\n\n### Instruction:\nU\n\n### Response:\nA</s>\n\n### Instruction:\nV\n\n### "
              "Response:\n");
    EXPECT_EQ(rendered("vicuna"), "S\n\nUSER: U\nASSISTANT: A</s>\nUSER: V\nASSISTANT:");
    EXPECT_EQ(rendered("plain"), "S\n\nUser: U\n\nAssistant: A\n\nUser: V\n\nAssistant:");
    EXPECT_EQ(rendered("command-r"),
              "<s><|START_OF_TURN_TOKEN|><|SYSTEM_TOKEN|>S<|END_OF_TURN_TOKEN|><|START_OF_TURN_"
              "TOKEN|><|USER_TOKEN|>U<|END_OF_TURN_TOKEN|>"
              "<|START_OF_TURN_TOKEN|><|CHATBOT_TOKEN|>A<|END_OF_TURN_TOKEN|><|START_OF_TURN_TOKEN|"
              "><|USER_TOKEN|>V<|END_OF_TURN_TOKEN|>"
              "<|START_OF_TURN_TOKEN|><|CHATBOT_TOKEN|>");
}

TEST(NamedTemplates, AreChosenByTokensBeforeNames) {
    auto likely = [](ModelHints hints) { return likely_template(hints).name; };
    auto holds = [](std::set<std::string, std::less<>> tokens) {
        return [tokens](std::string_view token) { return tokens.contains(token); };
    };
    EXPECT_EQ(likely({.architecture = "llama", .name = "x", .has_token = holds({"<|im_start|>"})}),
              "chatml");
    EXPECT_EQ(likely({.architecture = "phi3",
                      .has_token = holds({"<|im_start|>", "<|im_sep|>", "<|end|>"})}),
              "phi4");
    EXPECT_EQ(likely({.architecture = "gemma3", .has_token = holds({"<start_of_turn>"})}), "gemma");
    EXPECT_EQ(likely({.architecture = "llama", .name = "TinyLlama 1.1B Chat"}), "zephyr");
    EXPECT_EQ(likely({.architecture = "llama", .name = "Mistral 7B Instruct v0.2"}), "mistral");
    EXPECT_EQ(likely({.architecture = "llama", .name = "Llama-2-7b-chat"}), "llama2");
    EXPECT_EQ(likely({.architecture = "rwkv7", .name = "World"}), "plain");
    EXPECT_EQ(likely({.architecture = "llama", .name = "something"}), "plain");
}

TEST(NamedTemplates, AreOpenedByNameOrForWantOfAnother) {
    std::vector<Message> messages{{.role = "user", .content = "U"}};
    auto made = [&](std::string_view source) {
        auto chat = open_chat_template(source, {.architecture = "gemma2"}, "<s>", "</s>");
        return chat ? *chat->render(messages, {}, {}) : chat.error().what;
    };
    EXPECT_EQ(made("chatml"), "<|im_start|>user\nU<|im_end|>\n<|im_start|>assistant\n");
    EXPECT_EQ(made("\n"), "<s><start_of_turn>user\nU<end_of_turn>\n<start_of_turn>model\n");
    EXPECT_EQ(made("{{ messages[0].content }}!"), "U!");
}

}  // namespace
}  // namespace linnet
