// quantize, on models made for the test.
#include <gtest/gtest.h>

#include <csignal>

#include "base/json.h"
#include "formats/checkpoint.h"
#include "linnet/testing/process.h"
#include "model/testing/tiny_model.h"

namespace linnet::testing {
namespace {

TEST(QuantizeCommand, WritesAModelThatRuns) {
    RunFolder folder;
    write_tiny_model(folder.path() / "work/tiny.gguf", {.dtype = "f16"});
    Ran run = folder.run({"quantize", "tiny.gguf", "small.gguf", "--type", "q4_0", "--json"});
    ASSERT_EQ(run.exit_code, 0) << run.err;
    expect_document("quantize", run);
    Json document = Json::parse(run.out).value_or(Json());
    EXPECT_EQ(document.find("bytes")->as_uint(),
              std::filesystem::file_size(folder.path() / "work/small.gguf"));
    EXPECT_EQ(*document.find("type")->as_string(), "Q4_0");
    run = folder.run({"complete", "small.gguf", "abc", "-n", "4", "--math", "f32"});
    EXPECT_EQ(run.exit_code, 0) << run.err;
}

TEST(QuantizeCommand, ADryRunTellsTheSameAndWritesNothing) {
    RunFolder folder;
    write_tiny_model(folder.path() / "work/tiny.gguf", {.dtype = "f16"});
    Ran dry = folder.run({"quantize", "tiny.gguf", "--type", "Q4_K_M", "--dry-run", "--json"});
    ASSERT_EQ(dry.exit_code, 0) << dry.err;
    expect_document("quantize", dry);
    Ran run = folder.run({"quantize", "tiny.gguf", "small.gguf", "--type", "Q4_K_M"});
    EXPECT_EQ(Json::parse(dry.out).value_or(Json()).find("bytes")->as_uint(),
              std::filesystem::file_size(folder.path() / "work/small.gguf"));
    dry = folder.run({"quantize", "tiny.gguf", "--type", "Q4_K_M", "--dry-run"});
    EXPECT_NE(dry.out.find("q5_0 (for q4_k)"), std::string::npos) << dry.out;
}

TEST(QuantizeCommand, ARecipeGivesTheSameFileAgain) {
    RunFolder folder;
    write_tiny_model(folder.path() / "work/tiny.gguf", {.dtype = "f16"});
    EXPECT_EQ(folder
                  .run({"quantize", "tiny.gguf", "one.gguf", "--type", "Q4_K_M", "--tensor-type",
                        "ffn_up=iq4_nl", "--write-recipe", "r.txt"})
                  .exit_code,
              0);
    EXPECT_NE(folder.read("work/r.txt").find("^blk\\.0\\.ffn_up\\.weight$=iq4_nl\n"),
              std::string::npos);
    EXPECT_EQ(folder.run({"quantize", "tiny.gguf", "two.gguf", "--recipe", "r.txt"}).exit_code, 0);
    EXPECT_EQ(folder.read("work/one.gguf"), folder.read("work/two.gguf"));
}

TEST(QuantizeCommand, ChoosesTypesForASize) {
    RunFolder folder;
    write_tiny_model(folder.path() / "work/tiny.gguf", {.dtype = "f16"});
    std::string text;
    for (int i = 0; i < 100; i++) text += cat("Line ", i, " of a text.\n");
    folder.write("work/text.txt", text);
    auto size_at = [&](const std::string& bits) {
        Ran run = folder.run({"quantize", "tiny.gguf", "small.gguf", "--target-bpw", bits,
                              "--calibration", "text.txt", "--calibration-chunks", "1", "--costs",
                              "costs.json", "--json"});
        EXPECT_EQ(run.exit_code, 0) << run.err;
        expect_document("quantize", run);
        Json document = Json::parse(run.out).value_or(Json());
        EXPECT_GT(*document.find("divergence")->as_double(), 0);
        EXPECT_LE(*document.find("bits_per_weight")->as_double(), std::stod(bits));
        return std::filesystem::file_size(folder.path() / "work/small.gguf");
    };
    EXPECT_LT(size_at("5"), size_at("7"));  // the second by the costs that were kept
    auto refused = [&](std::vector<std::string> more) {
        more.insert(more.begin(), {"quantize", "tiny.gguf", "x.gguf"});
        return folder.run(more).exit_code;
    };
    EXPECT_EQ(refused({"--type", "Q4_0", "--calibration", "text.txt"}), 2);
    EXPECT_EQ(refused({"--type", "Q4_0", "--plain"}), 2);
    EXPECT_EQ(refused({"--target-bpw", "5", "--plain", "--gptq"}), 2);
    EXPECT_EQ(
        refused({"--target-size", "1kB", "--calibration", "text.txt", "--costs", "costs.json"}), 6);
}

TEST(QuantizeCommand, CalibratesWithWhatTheModelWritesWhereNoTextIsNamed) {
    RunFolder folder;
    write_tiny_model(folder.path() / "work/tiny.gguf", {.dtype = "f16"});
    auto made = [&](const char* out, std::vector<std::string> more) {
        more.insert(more.begin(),
                    {"quantize", "tiny.gguf", out, "--calibration-chunks", "8", "--json"});
        Ran run = folder.run(more);
        EXPECT_EQ(run.exit_code, 0) << run.err;
        expect_document("quantize", run);
        return Json::parse(run.out).value_or(Json());
    };
    Json once = made("one.gguf", {});
    EXPECT_NEAR(*once.find("bits_per_weight")->as_double(), 5, 0.1);
    EXPECT_GT(*once.find("divergence")->as_double(), 0);
    made("two.gguf", {});
    EXPECT_EQ(folder.read("work/one.gguf"), folder.read("work/two.gguf"));
    made("plain.gguf", {"--plain"});
    EXPECT_NE(folder.read("work/one.gguf"), folder.read("work/plain.gguf"));
    EXPECT_EQ(made("judged.gguf", {"--report", "r.html"}).find("judged")->as_array()->size(), 1u);
}

TEST(QuantizeCommand, FindsASizeForASpeed) {
    RunFolder folder;
    write_tiny_model(folder.path() / "work/tiny.gguf", {.dtype = "f16"});
    std::string text;
    for (int i = 0; i < 100; i++) text += cat("Line ", i, " of a text.\n");
    folder.write("work/text.txt", text);
    auto run = [&](const std::string& least, const std::string& more) {
        return folder.run({"quantize", "tiny.gguf", "small.gguf", "--min-tps", least,
                           "--calibration", "text.txt", "--calibration-chunks", "1", more});
    };
    Ran slow = run("0.01", "--quiet");  // the largest will do
    EXPECT_EQ(slow.exit_code, 0) << slow.err;
    EXPECT_GT(std::filesystem::file_size(folder.path() / "work/small.gguf"), 0u);
    Ran fast = run("1000000", "--quiet");
    EXPECT_EQ(fast.exit_code, 6);
    EXPECT_NE(fast.err.find("tokens a second on this machine"), std::string::npos) << fast.err;
    EXPECT_FALSE(std::filesystem::exists(folder.path() / "work/small.gguf.candidate"));
    EXPECT_EQ(run("1", "--dry-run").exit_code, 2);
}

TEST(QuantizeCommand, RoundsWithFeedback) {
    RunFolder folder;
    write_tiny_model(folder.path() / "work/tiny.gguf", {.dtype = "f16"});
    std::string text;
    for (int i = 0; i < 100; i++) text += cat("Line ", i, " of a text, and some more.\n");
    folder.write("work/text.txt", text);
    auto divergence = [&](std::vector<std::string> more) {
        more.insert(more.begin(),
                    {"quantize", "tiny.gguf", "small.gguf", "--type", "Q4_0", "--pure"});
        Ran run = folder.run(more);
        EXPECT_EQ(run.exit_code, 0) << run.err;
        run = folder.run({"eval", "small.gguf", "--task", "kl", "--reference", "tiny.gguf",
                          "--file", "text.txt", "--ctx", "256", "--math", "f32", "--json"});
        return *Json::parse(run.out).value_or(Json()).find("divergence")->as_double();
    };
    EXPECT_LT(divergence({"--gptq", "--calibration", "text.txt"}), divergence({}));
}

TEST(QuantizeCommand, FindsASizeForADivergenceAndJudgesIt) {
    RunFolder folder;
    write_tiny_model(folder.path() / "work/tiny.gguf", {.dtype = "f16"});
    std::string text, other;
    for (int i = 0; i < 2000; i++) text += cat("Line ", i, " of a text.\n");
    for (int i = 0; i < 200; i++) other += cat("{\"text\": \"A story, number ", i, ".\"}\n");
    folder.write("work/text.txt", text);
    folder.write("work/other.jsonl", other);
    auto written = [&](const std::string& most) {
        Ran run = folder.run({"quantize", "tiny.gguf", "small.gguf", "--max-kld", most,
                              "--calibration", "text.txt", "--calibration", "other.jsonl:0.5",
                              "--calibration-chunks", "2", "--judge", "other.jsonl", "--costs",
                              "costs.json", "--report", "r.html", "--json"});
        EXPECT_EQ(run.exit_code, 0) << run.err;
        expect_document("quantize", run);
        Json document = Json::parse(run.out).value_or(Json());
        const std::string page = folder.read("work/r.html");
        for (const char* part : {"held back of the calibration", "other.jsonl", "class=\"line\"",
                                 "token_embd.weight", "sha256:", "</html>"})
            EXPECT_NE(page.find(part), std::string::npos) << part;
        EXPECT_EQ(page.find("<script"), std::string::npos);
        const Json::Array& judged = *document.find("judged")->as_array();
        EXPECT_EQ(judged.size(), 2u);
        EXPECT_LE(*judged[0].find("divergence")->as_double(), std::stod(most));
        EXPECT_GT(*judged[0].find("divergence")->as_double(), 0);
        EXPECT_EQ(*judged[1].find("text")->as_string(), "other.jsonl");
        return *document.find("bytes")->as_uint();
    };
    EXPECT_LE(written("0.3"), written("0.05"));
    for (const char* left : {"small.gguf.candidate", "small.gguf.part", "small.gguf.journal"})
        EXPECT_FALSE(std::filesystem::exists(folder.path() / "work" / left)) << left;
    auto refused = [&](std::vector<std::string> more) {
        more.insert(more.begin(), {"quantize", "tiny.gguf", "x.gguf"});
        return folder.run(more).exit_code;
    };
    EXPECT_EQ(refused({"--max-kld", "0.1", "--target-bpw", "5", "--calibration", "text.txt"}), 2);
    EXPECT_EQ(refused({"--target-bpw", "5", "--calibration", "text.txt:0"}), 2);
    EXPECT_EQ(refused({"--target-bpw", "5", "--calibration", "none.txt"}), 3);
    EXPECT_EQ(refused({"--gptq", "--calibration", "text.txt", "--judge", "none.txt"}), 3);
    EXPECT_EQ(refused({"--target-bpw", "5", "--calibration", "text.txt", "--dry-run", "--report",
                       "r.html"}),
              2);
}

TEST(QuantizeCommand, GoesOnWhereItWasKilled) {
    RunFolder folder;
    write_tiny_model(folder.path() / "work/tiny.gguf", {.dtype = "f16"});
    std::string text;
    for (int i = 0; i < 100; i++) text += cat("Line ", i, " of a text, and some more.\n");
    folder.write("work/text.txt", text);
    auto run = [&](const char* out, std::vector<std::string> more, const RunOptions& options = {}) {
        more.insert(more.begin(), {"quantize", "tiny.gguf", out, "--target-bpw", "5", "--gptq",
                                   "--calibration", "text.txt", "--calibration-chunks", "2"});
        return folder.run(more, options);
    };
    ASSERT_EQ(run("whole.gguf", {}).exit_code, 0);
    auto exists = [&](const char* name) {
        return std::filesystem::exists(folder.path() / "work" / name);
    };
    for (int signal : {SIGKILL, SIGINT}) {
        RunOptions killed{.signal = signal, .signal_when = "measuring"};
        Ran ran = run("out.gguf", {}, killed);
        if (ran.exit_code == 0) continue;  // it was faster
        EXPECT_FALSE(exists("out.gguf"));
        EXPECT_TRUE(exists("out.gguf.journal"));
        ran = run("out.gguf", {"--resume", "--pure"});
        EXPECT_EQ(ran.exit_code, 2);
        EXPECT_NE(ran.err.find("other settings"), std::string::npos) << ran.err;
        ran = run("out.gguf", {"--resume"});
        EXPECT_EQ(ran.exit_code, 0) << ran.err;
        EXPECT_EQ(folder.read("work/out.gguf"), folder.read("work/whole.gguf"));
        EXPECT_FALSE(exists("out.gguf.journal"));
        EXPECT_FALSE(exists("out.gguf.part"));
        std::filesystem::remove(folder.path() / "work/out.gguf");
    }
    EXPECT_EQ(
        folder.run({"quantize", "tiny.gguf", "x.gguf", "--type", "Q4_0", "--resume"}).exit_code, 2);
}

TEST(QuantizeCommand, KeepsTheTextThatTheModelWrote) {
    RunFolder folder;
    write_tiny_model(folder.path() / "work/tiny.gguf", {.dtype = "f16"});
    auto run = [&](std::vector<std::string> more, const RunOptions& options = {}) {
        more.insert(more.begin(),
                    {"quantize", "tiny.gguf", "out.gguf", "--calibration-chunks", "2"});
        return folder.run(more, options);
    };
    ASSERT_EQ(run({}).exit_code, 0);
    const std::string whole = folder.read("work/out.gguf");
    std::filesystem::remove(folder.path() / "work/out.gguf");
    Ran ran = run({}, {.signal = SIGKILL, .signal_when = "measuring"});
    if (ran.exit_code == 0) return;  // it was faster
    EXPECT_NE(folder.read("work/out.gguf.journal").find("\"text\""), std::string::npos);
    ran = run({"--resume"});
    EXPECT_EQ(ran.exit_code, 0) << ran.err;
    EXPECT_EQ(ran.err.find("the model writes"), std::string::npos) << ran.err;
    EXPECT_EQ(folder.read("work/out.gguf"), whole);
}

TEST(QuantizeCommand, SaysWhatIsWrong) {
    RunFolder folder;
    write_tiny_model(folder.path() / "work/tiny.gguf");
    auto ran = [&](std::vector<std::string> more) {
        more.insert(more.begin(), {"quantize", "tiny.gguf"});
        return folder.run(more);
    };
    Ran run = ran({"out.gguf", "--type", "Q77"});
    EXPECT_EQ(run.exit_code, 2);
    EXPECT_NE(run.err.find("Q4_K_M"), std::string::npos) << run.err;
    EXPECT_EQ(ran({}).exit_code, 2);
    EXPECT_EQ(ran({"tiny.gguf"}).exit_code, 2);
    EXPECT_EQ(ran({"out.gguf", "--tensor-type", "x=q77"}).exit_code, 2);
    EXPECT_EQ(ran({"out.gguf", "--imatrix", "none.gguf"}).exit_code, 3);
    folder.write("work/no.txt", "this is none");
    EXPECT_NE(ran({"out.gguf", "--imatrix", "no.txt"}).exit_code, 0);
    EXPECT_FALSE(std::filesystem::exists(folder.path() / "work/out.gguf"));
    run = ran({"out.gguf", "--type", "Q4_0"});
    EXPECT_EQ(run.exit_code, 0);
    EXPECT_NE(run.err.find("quantized already"), std::string::npos) << run.err;
}

TEST(QuantizeCommand, WritesAFolderThatRuns) {
    RunFolder folder;
    write_tiny_model(folder.path() / "work/tiny.gguf", {.dtype = "f16"});
    std::string text;
    for (int i = 0; i < 100; i++) text += cat("Line ", i, " of a text.\n");
    folder.write("work/text.txt", text);
    auto quantize = [&](std::vector<std::string> more) {
        more.insert(more.begin(), {"quantize", "tiny.gguf", "--format", "compressed-tensors"});
        return folder.run(more);
    };
    Ran run = quantize({"one", "--scheme", "W4A16", "--gptq", "--awq", "--calibration", "text.txt",
                        "--calibration-chunks", "2", "--json"});
    ASSERT_EQ(run.exit_code, 0) << run.err;
    expect_document("quantize", run);
    const Json document = Json::parse(run.out).value_or(Json());
    EXPECT_EQ(*document.find("type")->as_string(), "W4A16");
    EXPECT_NEAR(*document.find("bits_per_weight")->as_double(), 4.53, 0.01)
        << "4 bits, a scale for 32, and 16 bytes for the shape of each matrix";
    run = folder.run({"complete", "one", "abc", "-n", "4"});
    EXPECT_EQ(run.exit_code, 0) << run.err;
    EXPECT_EQ(quantize({"--dry-run", "--scheme", "MXFP4"}).exit_code, 0);
    EXPECT_EQ(folder.run({"export", "one", "one.gguf", "--format", "gguf"}).exit_code, 0);

    EXPECT_EQ(quantize({"one"}).exit_code, 2) << "it is there already";
    EXPECT_EQ(quantize({"two", "--scheme", "W9"}).exit_code, 2);
    EXPECT_EQ(quantize({"two", "--group-size", "24"}).exit_code, 10);
    EXPECT_EQ(quantize({"two", "--head"}).exit_code, 2);
    EXPECT_EQ(quantize({"two", "--type", "Q4_0"}).exit_code, 2);
    EXPECT_EQ(quantize({"two", "--symmetric", "--asymmetric"}).exit_code, 2);
    EXPECT_EQ(folder.run({"quantize", "tiny.gguf", "x.gguf", "--scheme", "W8A8"}).exit_code, 2);
    EXPECT_FALSE(std::filesystem::exists(folder.path() / "work/two"));
}

}  // namespace
}  // namespace linnet::testing
