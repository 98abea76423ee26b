#include "linnet/linnet.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

namespace {

// What a call reports, freed with it.
struct Told {
    linnet_error* error = nullptr;
    ~Told() { linnet_error_free(error); }
    operator linnet_error**() { return &error; }
    std::string message() const { return linnet_error_message(error); }
    std::string name() const { return linnet_error_name(error); }
};

const char* tiny_path() {
    return std::getenv("LINNET_TINY_MODEL");
}

struct Heard {
    std::string text;
    size_t pieces = 0, most = SIZE_MAX;
    static int hear(void* user, const char* text, size_t bytes, int) {
        auto& self = *static_cast<Heard*>(user);
        self.text.append(text, bytes);
        return ++self.pieces >= self.most;
    }
};

linnet_request text_request(const char* text, uint32_t tokens_max) {
    linnet_request request{};
    request.size = sizeof request;
    request.text = text;
    request.tokens_max = tokens_max;
    return request;
}

class Library : public ::testing::Test {
  protected:
    void SetUp() override {
        ASSERT_NE(tiny_path(), nullptr) << "LINNET_TINY_MODEL names the model; ctest sets it";
        Told told;
        linnet_model_options options{};
        options.size = sizeof options;
        options.threads = 2;
        options.sequences = 2;
        ASSERT_EQ(linnet_model_open(tiny_path(), &options, &model, told), LINNET_OK)
            << told.message();
    }
    void TearDown() override { linnet_model_free(model); }

    struct Answer {
        std::string text;
        linnet_result result;
    };
    Answer ask(const linnet_request& request, const linnet_cancel* cancel = nullptr) {
        Told told;
        Heard heard;
        linnet_result result{};
        result.size = sizeof result;
        EXPECT_EQ(linnet_generate(model, &request, Heard::hear, &heard, cancel, &result, told),
                  LINNET_OK)
            << told.message();
        EXPECT_EQ(told.error, nullptr);
        return {heard.text, result};
    }
    void expect_refused(const linnet_request& request, int code, std::string_view why) {
        Told told;
        EXPECT_EQ(linnet_generate(model, &request, nullptr, nullptr, nullptr, nullptr, told), code);
        EXPECT_NE(told.message().find(why), std::string::npos) << told.message();
    }

    linnet_model* model = nullptr;
};

TEST_F(Library, TellsItsVersion) {
    EXPECT_EQ(linnet_abi_version(), static_cast<uint32_t>(LINNET_ABI_VERSION));
    EXPECT_STRNE(linnet_version(), "");
    EXPECT_EQ(linnet_model_context(model), 512u);
}

TEST_F(Library, ContinuesAText) {
    Answer answer = ask(text_request("hello", 12));
    EXPECT_EQ(answer.result.prompt_tokens, 5u);
    EXPECT_LE(answer.result.answer_tokens, 12u);
    EXPECT_FALSE(answer.text.empty());
    EXPECT_EQ(ask(text_request("hello", 12)).text, answer.text);
    EXPECT_EQ(ask(text_request(std::string(70, 'x').c_str(), 1)).result.cached_tokens, 0u);
    EXPECT_EQ(ask(text_request(std::string(70, 'x').c_str(), 1)).result.cached_tokens, 64u);
}

TEST_F(Library, AnswersAConversation) {
    const linnet_message messages[] = {{"system", "be short"}, {"user", "hello"}};
    linnet_request request = text_request(nullptr, 8);
    request.messages = messages;
    request.message_count = 2;
    EXPECT_GT(ask(request).result.prompt_tokens, 20u);
}

TEST_F(Library, SamplesAsItIsAsked) {
    linnet_request request = text_request("hello", 24);
    request.temperature = 1.2f;
    request.seed = 1;
    std::string one = ask(request).text;
    EXPECT_EQ(ask(request).text, one);
    request.seed = 2;
    EXPECT_NE(ask(request).text, one);
    request.top_k = 1;
    std::string likely = ask(request).text;
    EXPECT_EQ(ask(text_request("hello", 24)).text, likely);
    request.temperature = NAN;
    expect_refused(request, LINNET_USAGE, "temp");
}

TEST_F(Library, StopsAtATextAndAtALength) {
    std::string whole = ask(text_request("hello", 40)).text;
    ASSERT_GT(whole.size(), 8u);
    std::string at = whole.substr(4, 2);
    const char* stop[] = {at.c_str()};
    linnet_request request = text_request("hello", 40);
    request.stop = stop;
    request.stop_count = 1;
    Answer answer = ask(request);
    EXPECT_EQ(answer.text, whole.substr(0, whole.find(at)));
    EXPECT_EQ(answer.result.finish, LINNET_FINISH_END);
    EXPECT_EQ(ask(text_request("hello", 2)).result.finish, LINNET_FINISH_LENGTH);
}

TEST_F(Library, HoldsAnAnswerToItsForm) {
    linnet_request request = text_request("hello", 40);
    request.json_schema = R"({"enum": ["red", "blue"]})";
    std::string answer = ask(request).text;
    EXPECT_TRUE(answer == "\"red\"" || answer == "\"blue\"") << answer;
    request.json_schema = nullptr;
    request.grammar = "root ::= \"a\" [0-9]";
    EXPECT_EQ(ask(request).text.size(), 2u);
    request.regex = "b+";
    expect_refused(request, LINNET_USAGE, "one form");
    request.grammar = nullptr;
    request.regex = "(";
    expect_refused(request, LINNET_USAGE, "");
    request.regex = nullptr;
    request.json_schema = "{";
    expect_refused(request, LINNET_USAGE, "");
}

TEST_F(Library, EndsWhereTheCallerWants) {
    Told told;
    Heard heard;
    heard.most = 2;
    linnet_request request = text_request("hello", 200);
    linnet_result result{};
    result.size = sizeof result;
    EXPECT_EQ(linnet_generate(model, &request, Heard::hear, &heard, nullptr, &result, told),
              LINNET_OK);
    EXPECT_EQ(heard.pieces, 2u);
    EXPECT_EQ(result.finish, LINNET_FINISH_CANCELLED);

    linnet_cancel* cancel = linnet_cancel_new();
    linnet_cancel_request(cancel);
    EXPECT_EQ(ask(request, cancel).result.finish, LINNET_FINISH_CANCELLED);
    linnet_cancel_reset(cancel);
    request.tokens_max = 3;
    EXPECT_EQ(ask(request, cancel).result.finish, LINNET_FINISH_LENGTH);
    linnet_cancel_free(cancel);
}

TEST_F(Library, AnotherThreadCancels) {
    linnet_cancel* cancel = linnet_cancel_new();
    linnet_request request = text_request("hello", 0);
    linnet_result result{};
    result.size = sizeof result;
    auto on_text = [](void* flag, const char*, size_t, int) {
        std::thread(linnet_cancel_request, static_cast<linnet_cancel*>(flag)).join();
        return 0;
    };
    EXPECT_EQ(linnet_generate(model, &request, on_text, cancel, cancel, &result, nullptr),
              LINNET_OK);
    EXPECT_EQ(result.finish, LINNET_FINISH_CANCELLED);
    EXPECT_GE(result.answer_tokens, 1u);
    linnet_cancel_free(cancel);
}

TEST_F(Library, SeveralThreadsAskAtOnce) {
    const std::string expected = ask(text_request("hello", 20)).text;
    std::vector<std::string> heard(4);
    std::vector<std::thread> threads;
    for (std::string& own : heard)
        threads.emplace_back([&] { own = ask(text_request("hello", 20)).text; });
    for (std::thread& thread : threads) thread.join();
    for (const std::string& own : heard) EXPECT_EQ(own, expected);
}

TEST_F(Library, CountsAndSpellsTokens) {
    Told told;
    size_t count = 0, bytes = 0;
    ASSERT_EQ(linnet_tokenize(model, "the cat", nullptr, 0, &count, told), LINNET_OK);
    EXPECT_EQ(count, 6u);
    std::vector<int32_t> tokens(count, -7);
    ASSERT_EQ(linnet_tokenize(model, "the cat", tokens.data(), 2, &count, told), LINNET_OK);
    EXPECT_EQ(tokens[2], -7);
    ASSERT_EQ(linnet_tokenize(model, "the cat", tokens.data(), count, &count, told), LINNET_OK);
    char text[16] = {};
    ASSERT_EQ(linnet_detokenize(model, tokens.data(), count, text, sizeof text, &bytes, told),
              LINNET_OK);
    EXPECT_EQ(std::string(text, bytes), "the cat");
    tokens[0] = 1 << 20;
    EXPECT_EQ(linnet_detokenize(model, tokens.data(), count, text, sizeof text, &bytes, told),
              LINNET_USAGE);
}

TEST_F(Library, MakesVectors) {
    Told told;
    linnet_embedder* embedder = nullptr;
    ASSERT_EQ(linnet_embedder_open(tiny_path(), nullptr, &embedder, told), LINNET_OK)
        << told.message();
    size_t dimensions = linnet_embedder_dimensions(embedder);
    ASSERT_EQ(dimensions, 64u);
    const char* texts[] = {"one", "two"};
    std::vector<float> vectors(2 * dimensions);
    ASSERT_EQ(linnet_embed(embedder, texts, 2, LINNET_PLAIN, vectors.data(), nullptr, told),
              LINNET_OK)
        << told.message();
    for (size_t i = 0; i < 2; i++) {
        double length = 0;
        for (size_t d = 0; d < dimensions; d++)
            length +=
                static_cast<double>(vectors[i * dimensions + d]) * vectors[i * dimensions + d];
        EXPECT_NEAR(length, 1, 1e-5);
    }
    EXPECT_EQ(linnet_embed(embedder, texts, 1, 9, vectors.data(), nullptr, told), LINNET_USAGE);
    linnet_embedder_free(embedder);
}

TEST_F(Library, RefusesWhatIsWrong) {
    expect_refused(text_request(nullptr, 1), LINNET_USAGE, "either messages or a text");
    expect_refused(text_request("", 1), LINNET_USAGE, "empty");
    expect_refused(text_request(std::string(600, 'x').c_str(), 1), LINNET_NO_FIT, "600 tokens");
    linnet_request request = text_request(nullptr, 1);
    linnet_message message = {"king", "hello"};
    request.messages = &message;
    expect_refused(request, LINNET_USAGE, "at least one");
    request.message_count = 1;
    expect_refused(request, LINNET_USAGE, "'king'");
    message = {"user", nullptr};
    expect_refused(request, LINNET_USAGE, "null");
    request = text_request("x", 1);
    request.stop_count = 1;
    expect_refused(request, LINNET_USAGE, "stop");
    request = text_request("x", 1);
    request.size = 0;
    expect_refused(request, LINNET_USAGE, "size is 0");
}

// A caller who was compiled with fewer members, and one with more.
TEST_F(Library, StructsMayGrow) {
    linnet_request older = text_request("hello", 3);
    older.size = offsetof(linnet_request, temperature);
    older.temperature = NAN;  // lies behind what it knows
    EXPECT_EQ(ask(older).result.prompt_tokens, 5u);

    struct Newer {
        linnet_request known;
        uint64_t added;
    } newer{text_request("hello", 3), 0};
    newer.known.size = sizeof newer;
    EXPECT_EQ(ask(newer.known).result.prompt_tokens, 5u);
    newer.added = 1;
    expect_refused(newer.known, LINNET_BAD_INPUT, "does not know");

    linnet_result small{};
    small.size = offsetof(linnet_result, answer_tokens);
    small.answer_tokens = 77;
    linnet_request request = text_request("hello", 3);
    EXPECT_EQ(linnet_generate(model, &request, nullptr, nullptr, nullptr, &small, nullptr), 0);
    EXPECT_EQ(small.prompt_tokens, 5u);
    EXPECT_EQ(small.answer_tokens, 77u);
    small.size = 3;
    EXPECT_EQ(linnet_generate(model, &request, nullptr, nullptr, nullptr, &small, nullptr),
              LINNET_USAGE);
}

TEST_F(Library, SaysWhyAModelCannotBeOpened) {
    linnet_model* other = model;
    Told told;
    EXPECT_EQ(linnet_model_open("/absent.gguf", nullptr, &other, told), LINNET_NOT_FOUND);
    EXPECT_EQ(other, nullptr);
    EXPECT_EQ(told.name(), "not_found");
    EXPECT_NE(told.message().find("/absent.gguf"), std::string::npos);
    EXPECT_EQ(linnet_model_open("/absent.gguf", nullptr, &other, nullptr), LINNET_NOT_FOUND);
    linnet_model_options options{};
    options.size = sizeof options;
    options.context = 1 << 20;
    Told context;
    EXPECT_EQ(linnet_model_open(tiny_path(), &options, &other, context), LINNET_USAGE);
    EXPECT_STRNE(linnet_error_next(context.error), "");
    options.context = 0;
    options.memory_max = 1000;
    Told memory;
    EXPECT_EQ(linnet_model_open(tiny_path(), &options, &other, memory), LINNET_NO_FIT);
    options.memory_max = 0;
    options.kv = 9;
    Told kv;
    EXPECT_EQ(linnet_model_open(tiny_path(), &options, &other, kv), LINNET_USAGE);
}

TEST(LibraryWithout, NullIsAnError) {
    Told none, model, path;
    EXPECT_EQ(linnet_model_open(nullptr, nullptr, nullptr, none), LINNET_USAGE);
    linnet_model* opened = nullptr;
    EXPECT_EQ(linnet_model_open(nullptr, nullptr, &opened, path), LINNET_USAGE);
    linnet_request request = text_request("x", 1);
    EXPECT_EQ(linnet_generate(nullptr, &request, nullptr, nullptr, nullptr, nullptr, model),
              LINNET_USAGE);
    EXPECT_EQ(linnet_generate(nullptr, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr),
              LINNET_USAGE);
    EXPECT_EQ(linnet_tokenize(nullptr, nullptr, nullptr, 0, nullptr, nullptr), LINNET_USAGE);
    EXPECT_EQ(linnet_detokenize(nullptr, nullptr, 0, nullptr, 0, nullptr, nullptr), LINNET_USAGE);
    EXPECT_EQ(linnet_embedder_open(nullptr, nullptr, nullptr, nullptr), LINNET_USAGE);
    EXPECT_EQ(linnet_embed(nullptr, nullptr, 1, 0, nullptr, nullptr, nullptr), LINNET_USAGE);
    EXPECT_EQ(linnet_model_context(nullptr), 0u);
    EXPECT_EQ(linnet_embedder_dimensions(nullptr), 0u);
    EXPECT_STREQ(linnet_error_message(nullptr), "");
    EXPECT_STREQ(linnet_error_next(nullptr), "");
    EXPECT_STREQ(linnet_error_name(nullptr), "");
    linnet_error_free(nullptr);
    linnet_cancel_free(nullptr);
    linnet_cancel_request(nullptr);
    linnet_cancel_reset(nullptr);
    linnet_model_free(nullptr);
    linnet_embedder_free(nullptr);
}

}  // namespace
