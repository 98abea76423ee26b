// embed and rerank, on models of the tree and one made for the test.
#include <gtest/gtest.h>

#include "base/json.h"
#include "base/testing/data.h"
#include "linnet/testing/process.h"
#include "model/testing/tiny_model.h"

namespace linnet::testing {
namespace {

std::string bert() {
    return (source_folder() / "tests/golden/families/bert").string();
}

Json document(const Ran& run) {
    EXPECT_EQ(run.exit_code, 0) << run.err;
    return Json::parse(run.out).value_or(Json());
}

TEST(EmbedCommand, WritesItsDocument) {
    RunFolder folder;
    Ran run = folder.run({"embed", bert(), "a cab", "the bad cafe", "--json", "--math", "f32"});
    expect_document("embed", run);
    Json result = document(run);
    EXPECT_EQ(result.string_or("pooling", ""), "mean");
    EXPECT_EQ(result.find("dimensions")->as_uint(), 32u);
    const Json::Array& list = *result.find("embeddings")->as_array();
    ASSERT_EQ(list.size(), 2u);
    Json golden =
        Json::parse(*read_file(source_folder() / "tests/golden/embeddings/bert.json", 1 << 20))
            .value_or(Json());
    for (size_t i = 0; i < 2; i++)
        for (size_t d = 0; d < 32; d++)
            EXPECT_NEAR(*list[i].find("values")->as_array()->at(d).as_double(),
                        *golden.find("mean")->as_array()->at(i).as_array()->at(d).as_double(),
                        1e-6);
}

TEST(EmbedCommand, TakesArgumentsOrLines) {
    RunFolder folder;
    Ran arguments = folder.run({"embed", bert(), "a cab", "", "fed"});
    EXPECT_EQ(arguments.exit_code, 0) << arguments.err;
    EXPECT_EQ(std::ranges::count(arguments.out, '\n'), 3);
    EXPECT_EQ(folder.run({"embed", bert()}, {.input = "a cab\n\nfed\n"}).out, arguments.out);
    EXPECT_EQ(folder.run({"embed", bert()}, {.input = "a cab\r\n\r\nfed"}).out, arguments.out);
    EXPECT_EQ(folder.run({"embed", bert()}, {.input = ""}).exit_code, 2);
}

TEST(EmbedCommand, OptionsAndModelsOfAllKinds) {
    RunFolder folder;
    write_tiny_model(folder.path() / "work/tiny.gguf");
    Json result = document(folder.run({"embed", "tiny.gguf", "hello", "--json", "--dimensions",
                                       "16", "--pooling", "cls", "--no-normalize"}));
    EXPECT_EQ(result.find("dimensions")->as_uint(), 16u);
    EXPECT_EQ(result.string_or("pooling", ""), "cls");
    EXPECT_EQ(result.find("normalized")->as_bool(), false);
    Ran cut = folder.run({"embed", bert(), std::string(400, 'x') + std::string(400, '.')});
    EXPECT_EQ(cut.exit_code, 0);
    EXPECT_NE(cut.err.find("1 text was longer"), std::string::npos) << cut.err;
}

TEST(EmbedCommand, ErrorsHaveTheirCodes) {
    RunFolder folder;
    EXPECT_EQ(folder.run({"embed", "absent", "x"}).exit_code, 3);
    EXPECT_EQ(folder.run({"embed", bert(), "x", "--dimensions", "33"}).exit_code, 2);
    EXPECT_EQ(folder.run({"embed", bert(), "x", "--query"}).exit_code, 2);
    EXPECT_EQ(folder.run({"embed", bert(), "x", "--query", "--document"}).exit_code, 2);
    // A context that suits other models is no reason to refuse.
    EXPECT_EQ(folder.run({"embed", bert(), "x", "--context", "4096"}).exit_code, 0);
    Ran writes = folder.run({"run", bert(), "x"});
    EXPECT_NE(writes.exit_code, 0);
    EXPECT_NE(writes.err.find("linnet embed"), std::string::npos) << writes.err;
}

TEST(RerankCommand, WritesItsDocument) {
    RunFolder folder;
    std::vector<std::string> words = {"rerank", bert(), "a cab", "zzz", "bad cafe", "--json"};
    Ran run = folder.run(words);
    expect_document("rerank", run);
    const Json results = *document(run).find("results");
    ASSERT_EQ(results.as_array()->size(), 2u);
    EXPECT_GE(*results.as_array()->at(0).find("score")->as_double(),
              *results.as_array()->at(1).find("score")->as_double());
    EXPECT_NE(*results.as_array()->at(0).find("index")->as_uint(),
              *results.as_array()->at(1).find("index")->as_uint());
    words.insert(words.end(), {"--top", "1"});
    EXPECT_EQ(document(folder.run(words)).find("results")->as_array()->size(), 1u);
}

TEST(RerankCommand, TakesLinesAndRefusesOtherModels) {
    RunFolder folder;
    Ran arguments = folder.run({"rerank", bert(), "a cab", "zzz", "bad cafe"});
    EXPECT_EQ(arguments.exit_code, 0) << arguments.err;
    EXPECT_EQ(folder.run({"rerank", bert(), "a cab"}, {.input = "zzz\nbad cafe\n"}).out,
              arguments.out);
    write_tiny_model(folder.path() / "work/tiny.gguf");
    Ran refused = folder.run({"rerank", "tiny.gguf", "a", "b"});
    EXPECT_NE(refused.exit_code, 0);
    EXPECT_NE(refused.err.find("linnet embed"), std::string::npos) << refused.err;
}

}  // namespace
}  // namespace linnet::testing
