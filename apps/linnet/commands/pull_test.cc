// pull through faults, as a user's process: killed, cut off, lied to, on a full disk, twice at
// once. Whatever happens, `linnet list` shows a right model or none.
#include <gtest/gtest.h>

#include <thread>

#include "base/json.h"
#include "linnet/testing/process.h"
#include "net/testing/faulty_server.h"
#include "store/testing/puller.h"

namespace linnet::testing {
namespace {

class PullThroughFaults : public ::testing::Test {
  protected:
    void SetUp() override {
        content = small_gguf(400'000, 1);
        server.serve("/m.gguf", content);
        Json file = Json::object({{"path", "m.gguf"},
                                  {"bytes", content.size()},
                                  {"sha256", sha256(as_bytes(content)).hex()}});
        Json model = Json::object({{"name", "m"},
                                   {"files", Json(Json::Array{file})},
                                   {"sources", Json(Json::Array{server.url("/m.gguf")})}});
        Json catalog = Json::object({{"linnet_catalog", 1}, {"models", Json(Json::Array{model})}});
        folder.write("home/.config/linnet/catalog.json", catalog.dump());
    }

    Ran pull(double timeout_s = 120) { return folder.run({"pull", "m"}, {.timeout_s = timeout_s}); }

    // How many models there are; each of them is whole and right.
    size_t shown(std::string_view listing) {
        auto parsed = Json::parse(listing);
        EXPECT_TRUE(parsed) << listing;
        if (!parsed) return 0;
        for (const Json& model : *parsed->find("models")->as_array())
            EXPECT_FALSE(model.bool_or("damaged", true)) << listing;
        return parsed->find("models")->as_array()->size();
    }
    size_t shown() {
        Ran run = folder.run({"list", "--json"});
        EXPECT_EQ(run.exit_code, 0) << run.err;
        EXPECT_EQ(run.err, "");  // it warns about manifests that it cannot read
        size_t models = shown(run.out);
        EXPECT_EQ(models == 0 ? content : folder.read(blob()), content);
        return models;
    }
    Path blob() const {
        std::string hex = sha256(as_bytes(content)).hex();
        return Path("home/.local/share/linnet/blobs/sha256") / hex.substr(0, 2) / hex;
    }
    void expect_it_comes_in_the_end() {
        Ran run = pull();
        EXPECT_EQ(run.exit_code, 0) << run.err;
        EXPECT_EQ(shown(), 1u);
        Json left = Json::parse(folder.run({"gc", "--days", "0", "--json"}).out).value_or(Json());
        for (const Json& item : *left.find("items")->as_array())  // what a killed process wrote
            EXPECT_EQ(item.string_or("what", ""), "leftover") << left.dump();
    }

    RunFolder folder;
    FaultyServer server;
    std::string content;
};

TEST_F(PullThroughFaults, KilledAtAnyMoment) {
    server.always("/m.gguf", {.pause_ms = 1, .piece_bytes = 16'384});
    Rng dice(7);
    size_t kills = 0;
    for (int round = 0; round < 30; round++) {
        Ran run = pull(0.005 + 0.3 * dice.uniform());
        kills += run.exit_code == 124;
        EXPECT_TRUE(run.exit_code == 124 || run.exit_code == 0) << run.exit_code << run.err;
        size_t models = shown();
        EXPECT_LE(models, 1u);
        EXPECT_TRUE(run.exit_code != 0 || models == 1);
        EXPECT_EQ(folder.run({"rm", "m"}).exit_code, models == 1 ? 0 : 3);
    }
    EXPECT_GT(kills, 0u);
    expect_it_comes_in_the_end();
}

TEST_F(PullThroughFaults, ACutStreamGoesOnWhereItStopped) {
    server.next("/m.gguf", {.cut_after = 500'000});
    server.next("/m.gguf", {.cut_after = 300'000});
    expect_it_comes_in_the_end();
    auto asked = server.asked("/m.gguf");
    ASSERT_EQ(asked.size(), 3u);
    EXPECT_EQ(asked[1].header("range"), cat("bytes=500000-"));
    EXPECT_EQ(asked[2].header("range"), cat("bytes=800000-"));
}

TEST_F(PullThroughFaults, WithoutANetworkItSaysSoAndKeepsWhatCame) {
    server.next("/m.gguf", {.cut_after = 500'000});
    server.always("/m.gguf", {.status = 503});
    Ran run = pull();
    EXPECT_EQ(run.exit_code, 4) << run.err;
    EXPECT_EQ(shown(), 0u);
    server.always("/m.gguf", {});
    expect_it_comes_in_the_end();
    EXPECT_EQ(server.asked("/m.gguf").back().header("range"), "bytes=500000-");
}

TEST_F(PullThroughFaults, WrongBytesAreNeverShown) {
    for (uint64_t at : {uint64_t{0}, uint64_t{700'000}, uint64_t{content.size() - 1}}) {
        server.always("/m.gguf", {.corrupt_at = at});
        Ran run = folder.run({"pull", "m", "--json"});
        EXPECT_EQ(run.exit_code, 5) << run.err;
        expect_document("pull", run);
        EXPECT_EQ(shown(), 0u);
    }
    server.always("/m.gguf", {.status = 404});
    EXPECT_EQ(pull().exit_code, 3);
    server.always("/m.gguf", {.claim_length = 10});
    EXPECT_EQ(pull().exit_code, 5);
    EXPECT_EQ(shown(), 0u);
    server.always("/m.gguf", {});
    expect_it_comes_in_the_end();
}

TEST_F(PullThroughFaults, TwoAtOnceShareOneDownload) {
    server.always("/m.gguf", {.pause_ms = 1, .piece_bytes = 8192});
    Ran one, two;
    std::thread first([&] { one = pull(); }), second([&] { two = pull(); });
    first.join();
    second.join();
    EXPECT_EQ(one.exit_code, 0) << one.err;
    EXPECT_EQ(two.exit_code, 0) << two.err;
    EXPECT_EQ(server.asked("/m.gguf").size(), 1u);
    EXPECT_EQ(shown(), 1u);
}

TEST_F(PullThroughFaults, AFileThatMayNotGrowIsNoCrash) {
    std::string limited = cat("ulimit -f 1000 && exec ", linnet_binary().string(), " pull m");
    Ran run = folder.run_program({"bash", "-c", limited});
    EXPECT_EQ(run.exit_code, 6) << run.err;
    EXPECT_EQ(shown(), 0u);
    expect_it_comes_in_the_end();
}

// A disk on which any of the files and folders of a pull is the first that does not fit.
TEST_F(PullThroughFaults, AFullDiskShowsNothing) {
    std::string store = (folder.home() / "disk").string(), linnet = linnet_binary().string();
    std::filesystem::create_directory(store);
    auto on_disk = [&](std::string_view size) {
        return folder.run_program(
            {"unshare", "--mount", "sh", "-c",
             cat("mount -t tmpfs -o ", size, " none ", store, " || exit 77\n", linnet,
                 " pull m >/dev/null; echo $?; ", linnet, " list --json; ", linnet,
                 " gc >/dev/null 2>&1; mount -o remount,size=200m,nr_inodes=1000 ", store, "; ",
                 linnet, " pull m >/dev/null; echo $?; ", linnet, " list --json")},
            {.environment = {{"LINNET_STORE_PATH", store}}});
    };
    Ran small = on_disk("size=1m");
    if (small.exit_code == 77 || small.err.find("unshare") != std::string::npos)
        GTEST_SKIP() << "no file system may be mounted here: " << small.err;
    EXPECT_TRUE(small.out.starts_with("6\n")) << small.out << small.err;
    size_t failed = 0;
    for (int files = 2; files < 24; files++) {
        Ran run = on_disk(cat("size=200m,nr_inodes=", files));
        std::vector<std::string_view> lines = split(run.out, '\n');
        ASSERT_EQ(lines.size(), 5u) << run.out << run.err;
        EXPECT_TRUE(lines[0] == "0" || lines[0] == "6") << files << ": " << run.out << run.err;
        EXPECT_EQ(shown(lines[1]), lines[0] == "0" ? 1u : 0u) << files << run.out;
        EXPECT_EQ(lines[2], "0") << files << ": " << run.out << run.err;
        EXPECT_EQ(shown(lines[3]), 1u) << files << run.out;
        failed += lines[0] != "0";
        if (lines[0] == "0") break;
    }
    EXPECT_GT(failed, 5u);
}

}  // namespace
}  // namespace linnet::testing
