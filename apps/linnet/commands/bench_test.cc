// bench, on a model made for the test. Whether its figures are there and fit together, never how
// large they are.
#include <gtest/gtest.h>

#include "base/json.h"
#include "base/text.h"
#include "formats/checkpoint.h"
#include "linnet/testing/process.h"
#include "measure/testing/recorded.h"
#include "model/testing/tiny_model.h"

namespace linnet::testing {
namespace {

class BenchCommand : public ::testing::Test {
  protected:
    void SetUp() override { write_tiny_model(folder.path() / "work/tiny.gguf"); }

    Json document(std::vector<std::string> more, RunOptions options = {}) {
        std::vector<std::string> words = {"bench", "tiny.gguf", "--json"};
        words.insert(words.end(), more.begin(), more.end());
        Ran run = folder.run(words, options);
        EXPECT_EQ(run.exit_code, 0) << run.err;
        expect_document("bench", run);
        return Json::parse(run.out).value_or(Json());
    }
    static const Json::Array& rows(const Json& document) {
        return *document.find("rows")->as_array();
    }
    RunFolder folder;
};

TEST_F(BenchCommand, WritesARowForEachCombination) {
    Json result = document(
        {"-t", "1,2", "-p", "40,8", "-n", "4", "-d", "0,64", "-c", "1,3", "-r", "2", "--quick"});
    ASSERT_EQ(rows(result).size(), 16u);
    for (const Json& row : rows(result)) {
        EXPECT_EQ(row.find("samples")->as_array()->size(), 2u);
        for (const char* speed : {"prefill_tps", "decode_tps"}) {
            double mean = *row.find(speed, "mean")->as_double();
            EXPECT_GT(mean, 0);
            EXPECT_GE(*row.find(speed, "best")->as_double(), mean);
        }
        EXPECT_GT(*row.find("first_token_s", "mean")->as_double(), 0);
        EXPECT_TRUE(row.find("bandwidth_share")->is_null());
    }
    EXPECT_EQ(rows(result)[0].find("threads")->as_uint(), 1u);
    EXPECT_EQ(rows(result)[15].find("threads")->as_uint(), 2u);
    EXPECT_EQ(rows(result)[15].find("depth")->as_uint(), 64u);
    EXPECT_EQ(result.find("model", "name")->as_string()->substr(0), "tiny");
    EXPECT_FALSE(*result.find("interrupted")->as_bool());
}

TEST_F(BenchCommand, ComparesWithWhatTheMachineCanDo) {
    Json result = document({"-t", "1", "-p", "8", "-n", "4", "-r", "1"});
    const Json& limit = result.find("limits")->as_array()->at(0);
    EXPECT_GT(*limit.find("products_per_second")->as_double(), 1e6);
    const Json& row = rows(result).at(0);
    EXPECT_GT(*row.find("integer_share")->as_double(), 0);
    if (limit.find("read_bytes_per_second")->is_null()) return;
    double share = *row.find("bandwidth_share")->as_double();
    EXPECT_NEAR(share * *limit.find("read_bytes_per_second")->as_double(),
                *result.find("model", "bytes_per_token")->as_double() *
                    *row.find("decode_tps", "mean")->as_double(),
                1);
}

TEST_F(BenchCommand, CountsTheWeightsOfOneToken) {
    // The embedding is the head, so it counts; norms do not: q8_0 takes 34 bytes for 32 weights.
    constexpr uint64_t layer = 64 * 64 * 2 + 64 * 32 * 2 + 3 * 64 * 96;
    Json result = document({"-p", "1", "-n", "1", "-r", "1", "--quick"});
    EXPECT_EQ(result.find("model", "bytes_per_token")->as_uint(), (2 * layer + 259 * 64) * 34 / 32);
}

TEST_F(BenchCommand, PrefillAndDecodeByThemselves) {
    Json prefill = document({"-p", "16", "-n", "0", "-r", "1", "--quick"});
    EXPECT_TRUE(rows(prefill).at(0).find("decode_tps")->is_null());
    EXPECT_FALSE(rows(prefill).at(0).find("prefill_tps")->is_null());
    Json decode = document({"-p", "0", "-n", "3", "-r", "1", "--quick"});
    EXPECT_FALSE(rows(decode).at(0).find("decode_tps")->is_null());
    EXPECT_TRUE(rows(decode).at(0).find("prefill_tps")->is_null());
}

TEST_F(BenchCommand, TablesPagesAndValues) {
    std::vector<std::string> words = {"bench", "tiny.gguf", "-p", "8",      "-n",
                                      "2",     "-r",        "2",  "--quick"};
    auto with = [&](std::vector<std::string> more) {
        more.insert(more.begin(), words.begin(), words.end());
        Ran run = folder.run(more);
        EXPECT_EQ(run.exit_code, 0) << run.err;
        return run.out;
    };
    std::string table = with({"--html", "page.html"});
    EXPECT_NE(table.find("PREFILL"), std::string::npos) << table;
    EXPECT_NE(table.find("q8_0"), std::string::npos) << table;
    std::string page = folder.read("work/page.html");
    EXPECT_TRUE(page.starts_with("<!doctype html>")) << page;
    EXPECT_NE(page.find("<svg"), std::string::npos);
    for (const char* outside : {"<script", "http:", "https:", "url(", "src="})
        EXPECT_EQ(page.find(outside), std::string::npos) << outside;
    std::string values = with({"--csv"});
    auto lines = split(trim(values), '\n');
    ASSERT_EQ(lines.size(), 2u) << values;
    EXPECT_EQ(split(lines[0], ',').size(), split(lines[1], ',').size()) << values;
}

TEST_F(BenchCommand, TheNamesOfStrangersAreTextInThePage) {
    MetadataBuilder metadata = tiny_metadata({});
    auto checkpoint = Checkpoint::open(folder.path() / "work/tiny.gguf");
    metadata.set("general.name", "<script>alert(1)</script>&\x1b[2J");
    ASSERT_TRUE(
        write_checkpoint(folder.path() / "work/evil.gguf", metadata, checkpoint->tensors()));
    Ran run = folder.run(
        {"bench", "evil.gguf", "-p", "2", "-n", "1", "-r", "1", "--quick", "--html", "page.html"});
    EXPECT_EQ(run.exit_code, 0) << run.err;
    std::string page = folder.read("work/page.html");
    EXPECT_EQ(page.find("<script"), std::string::npos);
    EXPECT_NE(page.find("&lt;script&gt;"), std::string::npos);
    EXPECT_EQ(page.find('\x1b'), std::string::npos);
    EXPECT_EQ(run.out.find('\x1b'), std::string::npos);
}

TEST_F(BenchCommand, EnergyComesFromTheSensors) {
    RecordedTree laptop("laptop"), empty;
    std::vector<std::string> some = {"-p", "8", "-n", "4", "-r", "1", "--quick", "--sysfs-root"};
    auto with = [&](const Path& root) {
        auto words = some;
        words.push_back(root.string());
        return document(words);
    };
    Json none = with(empty.root());
    EXPECT_TRUE(none.find("energy_source")->is_null());
    EXPECT_TRUE(rows(none).at(0).find("decode_joules_per_token")->is_null());
    RecordedTree board("pi5");
    Json power = with(board.root());
    EXPECT_EQ(power.find("machine", "name")->as_string()->substr(0, 9), "Raspberry");
    EXPECT_EQ(power.find("energy_source")->is_null(),
              rows(power).at(0).find("decode_joules_per_token")->is_null());
}

TEST_F(BenchCommand, RunsForAWhile) {
    Json result = document({"-p", "8", "-n", "2", "--quick", "--sustained", "0.6"});
    EXPECT_GE(*result.find("sustained", "seconds")->as_double(), 0.5);
    const Json::Array& points = *result.find("sustained", "points")->as_array();
    ASSERT_GT(points.size(), 1u);
    uint64_t samples = 0;
    for (const Json& point : points) samples += *point.find("samples")->as_uint();
    EXPECT_EQ(samples, rows(result).at(0).find("repeats")->as_uint());
    Ran several = folder.run({"bench", "tiny.gguf", "-p", "8,9", "--sustained", "1"});
    EXPECT_EQ(several.exit_code, 2);
}

TEST_F(BenchCommand, AnInterruptionKeepsWhatWasMeasured) {
    Ran run = folder.run({"bench", "tiny.gguf", "-p", "8", "-n", "2", "--quick", "--sustained",
                          "600", "--json", "--timeout", "2"});
    EXPECT_NE(run.exit_code, 0);
    expect_document("bench", run);
    Json result = Json::parse(run.out).value_or(Json());
    EXPECT_TRUE(*result.find("interrupted")->as_bool());
    EXPECT_EQ(rows(result).size(), 1u);
    EXPECT_FALSE(result.find("error", "message")->as_string()->empty());
}

TEST_F(BenchCommand, SyntheticModelsAreMadeAndKept) {
    Ran run = folder.run({"bench", "--synthetic", "llama-135m:q4_0", "--out", "made.gguf", "-p",
                          "4", "-n", "2", "-r", "1", "--quick", "--json"});
    ASSERT_EQ(run.exit_code, 0) << run.err;
    expect_document("bench", run);
    Json result = Json::parse(run.out).value_or(Json());
    // As many as the model has whose shape this is.
    EXPECT_EQ(result.find("model", "parameters")->as_uint(), 134'515'008u);
    Ran only = folder.run(
        {"bench", "--synthetic", "llama-135m:q4_0", "--out", "again.gguf", "-r", "0", "--json"});
    ASSERT_EQ(only.exit_code, 0) << only.err;
    expect_document("bench", only);
    EXPECT_EQ(folder.read("work/again.gguf"), folder.read("work/made.gguf"));
    Ran again = folder.run({"show", "made.gguf"});
    EXPECT_EQ(again.exit_code, 0) << again.err;
    Ran passing = folder.run(
        {"bench", "--synthetic", "llama-135m:q4_0", "-p", "1", "-n", "1", "-r", "1", "--quick"},
        {.environment = {{"TMPDIR", (folder.path() / "work").string()}}});
    EXPECT_EQ(passing.exit_code, 0) << passing.err;
    for (const auto& file : std::filesystem::directory_iterator(folder.path() / "work"))
        EXPECT_FALSE(file.path().filename().string().starts_with("linnet-bench"));
}

TEST_F(BenchCommand, ErrorsHaveTheirCodes) {
    auto code = [&](std::vector<std::string> words) {
        words.insert(words.begin(), "bench");
        Ran run = folder.run(words);
        EXPECT_FALSE(run.err.empty());
        return run.exit_code;
    };
    EXPECT_EQ(code({}), 2);
    EXPECT_EQ(code({"absent.gguf"}), 3);
    EXPECT_EQ(code({"tiny.gguf", "--synthetic", "llama-1b:q4_k"}), 2);
    EXPECT_EQ(code({"--synthetic", "llama-1b"}), 2);
    EXPECT_EQ(code({"--synthetic", "llama-1b:q9"}), 2);
    EXPECT_EQ(code({"tiny.gguf", "--out", "x.gguf"}), 2);
    EXPECT_EQ(code({"tiny.gguf", "-r", "0"}), 2);
    EXPECT_EQ(code({"tiny.gguf", "-p", "0", "-n", "0"}), 2);
    EXPECT_EQ(code({"tiny.gguf", "-p", "500", "-n", "12"}), 6);
    EXPECT_EQ(code({"tiny.gguf", "-p", "1", "--sysfs-root", "/no/such/folder"}), 3);
    for (const char* list : {"", "a", "1,", ",1", "-1", "2-1", "0", "1-99999", "1 2", "4294967297"})
        EXPECT_EQ(code({"tiny.gguf", cat("-t=", list)}), 2) << list;
    EXPECT_EQ(code({"tiny.gguf", "-p=1-64", "-n=1-64"}), 2);
    Ran isa = folder.run({"bench", "tiny.gguf"}, {.environment = {{"LINNET_ISA", "z80"}}});
    EXPECT_EQ(isa.exit_code, 2);
}

TEST_F(BenchCommand, UsesTheInstructionSetThatIsNamed) {
    Json result =
        document({"-p", "4", "-n", "1", "-r", "1"}, {.environment = {{"LINNET_ISA", "scalar"}}});
    EXPECT_EQ(result.string_or("isa", ""), "scalar");
    Ran many =
        folder.run({"bench", "tiny.gguf", "-p", "4", "-n", "1", "-r", "1", "--quick", "-t", "300"});
    EXPECT_EQ(many.exit_code, 0) << many.err;
    EXPECT_NE(many.err.find("are more than"), std::string::npos) << many.err;
}

}  // namespace
}  // namespace linnet::testing
