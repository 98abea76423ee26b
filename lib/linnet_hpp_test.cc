#include "linnet/linnet.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <stdexcept>

namespace {

linnet::Model open_tiny() {
    const char* path = std::getenv("LINNET_TINY_MODEL");
    auto model = linnet::Model::open(path ? path : "", {});
    EXPECT_TRUE(model) << model.error().message;
    return std::move(*model);
}

linnet::Request hello(uint32_t tokens_max) {
    linnet::Request request;
    request.text = "hello";
    request.tokens_max = tokens_max;
    return request;
}

TEST(LibraryInCpp, AnswersInPiecesAndAsAWhole) {
    linnet::Model model = open_tiny();
    std::string pieces;
    auto answer = model.generate(hello(9), [&](std::string_view text, bool) {
        pieces += text;
        return true;
    });
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->text, pieces);
    EXPECT_EQ(answer->prompt_tokens, 5u);
    linnet::Request chat;
    chat.messages = {{"user", "hello"}};
    chat.stop = {"never"};
    chat.tokens_max = 4;
    EXPECT_GT(model.generate(chat)->prompt_tokens, 10u);
    chat.regex = "yes|no";
    EXPECT_EQ(model.generate(chat)->text.substr(0, 1).find_first_of("yn"), 0u);
}

TEST(LibraryInCpp, ACallbackMayEndAndMayThrow) {
    linnet::Model model = open_tiny();
    auto ended = model.generate(hello(99), [](std::string_view, bool) { return false; });
    EXPECT_EQ(ended->finish, LINNET_FINISH_CANCELLED);
    auto throwing = [](std::string_view, bool) -> bool { throw std::runtime_error("mine"); };
    EXPECT_THROW((void)model.generate(hello(99), throwing), std::runtime_error);
    linnet::Cancel cancel;
    cancel.request();
    EXPECT_EQ(model.generate(hello(99), {}, &cancel)->finish, LINNET_FINISH_CANCELLED);
}

TEST(LibraryInCpp, TokensAndVectors) {
    linnet::Model model = open_tiny();
    std::string text = "the cat \u00e9";
    auto tokens = model.tokenize(text);
    ASSERT_TRUE(tokens);
    EXPECT_EQ(*model.detokenize(*tokens), text);
    EXPECT_EQ(model.detokenize({-1}).error().code, LINNET_USAGE);
    auto embedder = linnet::Embedder::open(std::getenv("LINNET_TINY_MODEL"));
    ASSERT_TRUE(embedder);
    auto vectors = embedder->embed({"one", "two"});
    ASSERT_TRUE(vectors);
    EXPECT_EQ(vectors->at(1).size(), embedder->dimensions());
}

TEST(LibraryInCpp, ErrorsTellWhatAndWhatNext) {
    auto absent = linnet::Model::open("/absent.gguf");
    ASSERT_FALSE(absent);
    EXPECT_EQ(absent.error().code, LINNET_NOT_FOUND);
    EXPECT_EQ(absent.error().name, "not_found");
    linnet::Model model = open_tiny();
    linnet::Request wrong = hello(1);
    wrong.top_p = 7;
    EXPECT_EQ(model.generate(wrong).error().code, LINNET_USAGE);
}

}  // namespace
