#include "store/pull.h"

#include <gtest/gtest.h>

#include <thread>

#include "store/testing/archive.h"
#include "store/testing/puller.h"

namespace linnet {
namespace {

using testing::Fault;
using testing::FaultyServer;
using testing::Puller;

const std::string content = testing::random_bytes(300'000, 7);

struct PullTest : ::testing::Test, Puller {
    PullTest() { server.serve("/m.gguf", content); }

    // Pulls what must work, and checks that the store shows exactly that.
    PullReport good(const std::string& what = "m") {
        auto report = pull(what);
        EXPECT_TRUE(report) << report.error().what;
        if (!report) return {};
        EXPECT_FALSE(report->model.damaged);
        EXPECT_TRUE(keeps_nothing());
        EXPECT_TRUE(testing::blobs_are_true(store().layout()));
        return std::move(*report);
    }
    // Pulls what must fail, and checks that nothing of it shows. Returns the advice.
    std::string bad(Code code, const std::string& what = "m") {
        auto report = pull(what);
        EXPECT_FALSE(report);
        if (report) return {};
        EXPECT_EQ(report.error().code, code) << report.error().what;
        EXPECT_TRUE(shows_nothing()) << report.error().what;
        return report.error().next;
    }
    void list_one() { list("m", content, {server.url("/m.gguf")}); }

    FaultyServer server;
};

TEST_F(PullTest, BringsAModel) {
    list_one();
    PullReport report = good();
    EXPECT_FALSE(report.already_there);
    EXPECT_EQ(report.downloaded_bytes, content.size());
    EXPECT_EQ(held("m"), content);
    EXPECT_EQ(report.model.path.filename(), "m.gguf");
    EXPECT_TRUE(report.model.manifest.pinned);
    EXPECT_EQ(watcher.totals.at(0), content.size());
    report = good();
    EXPECT_TRUE(report.already_there);
    EXPECT_EQ(server.asked("/m.gguf").size(), 1u);
    settings.offline = true;
    EXPECT_TRUE(good().already_there);
}

TEST_F(PullTest, GoesOnAfterACut) {
    list_one();
    server.next("/m.gguf", {.cut_after = 200'000});
    server.next("/m.gguf", {.cut_after = 50'000});
    good();
    EXPECT_EQ(held("m"), content);
    auto asked = server.asked("/m.gguf");
    ASSERT_EQ(asked.size(), 3u);
    EXPECT_EQ(asked[0].header("range"), "");
    EXPECT_EQ(asked[1].header("range"), "bytes=200000-");
    EXPECT_EQ(asked[2].header("range"), "bytes=250000-");
    EXPECT_EQ(server.body_bytes_sent(), content.size());
    EXPECT_TRUE(watcher.noted("trying again"));
}

TEST_F(PullTest, GoesOnInAnotherRun) {
    list_one();
    settings.attempts_max = 1;
    server.next("/m.gguf", {.cut_after = 200'000});
    bad(Code::Network);
    EXPECT_FALSE(keeps_nothing());
    good();
    EXPECT_EQ(server.asked("/m.gguf").at(1).header("range"), "bytes=200000-");
    EXPECT_EQ(watcher.starts.back(), 200'000u);
}

TEST_F(PullTest, ABrokenPartialIsNotTrusted) {
    list_one();
    settings.attempts_max = 1;
    server.next("/m.gguf", {.cut_after = 200'000});
    bad(Code::Network);
    Path partial = store().layout().partials() / download_key(sha256(as_bytes(content)));
    std::string bytes = *read_file(partial, 1'000'000);
    bytes[5] ^= 1;
    ASSERT_TRUE(write_file_atomic(partial, bytes));
    good();
    EXPECT_EQ(server.asked("/m.gguf").at(1).header("range"), "");
    // A mark that claims more than is there, or makes no sense.
    for (std::string mark : {"", "{}", "null", "{\"linnet_partial\": 1, \"bytes\": 99999999}"}) {
        ASSERT_TRUE(store().remove("m", cancel));
        server.next("/m.gguf", {.cut_after = 200'000});
        bad(Code::Network);
        ASSERT_TRUE(write_file_atomic(partial.string() + ".json", mark));
        good();
        EXPECT_EQ(server.asked("/m.gguf").back().header("range"), "") << mark;
    }
}

TEST_F(PullTest, ACorruptedByteKeepsNothing) {
    list_one();
    server.next("/m.gguf", {.corrupt_at = 123'456});
    bad(Code::Integrity);
    EXPECT_TRUE(keeps_nothing());
    good();
}

TEST_F(PullTest, ADamagedBeginningIsGivenOneMoreChance) {
    list_one();
    server.next("/m.gguf", {.cut_after = 200'000, .corrupt_at = 5});
    good();
    auto asked = server.asked("/m.gguf");
    ASSERT_EQ(asked.size(), 3u);
    EXPECT_EQ(asked[1].header("range"), "bytes=200000-");
    EXPECT_EQ(asked[2].header("range"), "");
}

TEST_F(PullTest, TheNextSourceIsTried) {
    FaultyServer other;
    other.serve("/m.gguf", content);
    list("m", content, {server.url("/m.gguf"), server.url("/none"), other.url("/m.gguf")});
    server.always("/m.gguf", {.corrupt_at = 1});
    good();
    EXPECT_EQ(held("m"), content);
    EXPECT_EQ(server.asked("/none").size(), 1u);

    ASSERT_TRUE(store().remove("m", cancel));
    server.always("/m.gguf", {.status = 503});
    server.next("/m.gguf", {.cut_after = 100'000});
    good();  // and goes on with what the first gave
    EXPECT_EQ(other.asked("/m.gguf").back().header("range"), "bytes=100000-");
}

TEST_F(PullTest, WrongSizesAreRefusedBeforeTheDownload) {
    list_one();
    server.serve("/m.gguf", content + "x");
    bad(Code::Integrity);
    EXPECT_TRUE(keeps_nothing());
    server.serve("/m.gguf", content);
    server.always("/m.gguf", {.chunked = true});
    good();
    ASSERT_TRUE(store().remove("m", cancel));
    server.serve("/m.gguf", content + "x");  // not announced, so found on the way
    bad(Code::Integrity);
    server.serve("/m.gguf", content.substr(1));
    bad(Code::Integrity);
}

TEST_F(PullTest, ServersThatKnowNoRanges) {
    list_one();
    server.next("/m.gguf", {.cut_after = 200'000});
    server.always("/m.gguf", {.ignore_range = true});
    good();
    EXPECT_EQ(held("m"), content);
    ASSERT_TRUE(store().remove("m", cancel));
    server.always("/m.gguf", {});
    server.next("/m.gguf", {.cut_after = 200'000});
    server.next("/m.gguf", {.wrong_range = true});
    good();
    EXPECT_EQ(server.asked("/m.gguf").back().header("range"), "");
}

TEST_F(PullTest, SilenceAndServerErrorsPass) {
    list_one();
    settings.http.idle_timeout_ms = 150;
    server.next("/m.gguf", {.stall_after = 100'000});
    server.next("/m.gguf", {.status = 503, .headers = "Retry-After: 60\r\n"});
    server.next("/m.gguf", {.status = 429});
    server.next("/m.gguf", {.raw = "nonsense\r\n\r\n"});
    double before = clock.now_s();
    good();
    EXPECT_GE(clock.now_s() - before, 60);
    EXPECT_EQ(server.asked("/m.gguf").size(), 5u);
}

TEST_F(PullTest, GivesUpInTheEnd) {
    list_one();
    server.always("/m.gguf", {.status = 500});
    bad(Code::Network);
    EXPECT_EQ(server.asked("/m.gguf").size(), 5u);
    server.always("/m.gguf", {.status = 404});
    bad(Code::NotFound);
    server.always("/m.gguf", {.status = 403});
    bad(Code::Policy);
    server.always("/m.gguf", {.headers = "Content-Encoding: gzip\r\n"});
    bad(Code::Unsupported);
    server.always("/m.gguf", {.redirect_to = "/m.gguf"});
    bad(Code::Network);
    EXPECT_TRUE(keeps_nothing());
}

TEST_F(PullTest, RedirectsToAnotherHost) {
    FaultyServer files;
    files.serve("/f", content);
    server.always("/m.gguf", {.redirect_to = files.url("/f?signature=secret")});
    files.serve("/f?signature=secret", content);
    list_one();
    files.next("/f?signature=secret", {.cut_after = 100'000});
    good();
    EXPECT_EQ(files.asked("/f?signature=secret").back().header("range"), "bytes=100000-");
    for (const std::string& note : watcher.notes) EXPECT_EQ(note.find("secret"), note.npos) << note;
}

TEST_F(PullTest, OfflineAndSpace) {
    list_one();
    settings.offline = true;
    bad(Code::Policy);
    EXPECT_TRUE(server.asked().empty());
    settings.offline = false;
    settings.disk_reserve_bytes = uint64_t{1} << 60;
    bad(Code::NoFit);
    EXPECT_TRUE(server.asked().empty());
}

TEST_F(PullTest, ACancelStopsAndTheNextRunGoesOn) {
    list_one();
    auto arrived = [&] {  // sent is not yet received
        Path part = store().layout().partials() / download_key(sha256(as_bytes(content)));
        return size_of_file(part).value_or(0);
    };
    server.next("/m.gguf", {.stall_after = 150'000});
    std::thread other([&] {
        while (arrived() == 0) std::this_thread::yield();
        cancel.request();
    });
    bad(Code::Interrupted);
    other.join();
    cancel.reset();
    good();
    std::string range = server.asked("/m.gguf").back().header("range");
    EXPECT_TRUE(range.starts_with("bytes=")) << range;
}

TEST_F(PullTest, TheRateIsLimited) {
    list_one();
    settings.bytes_per_s_max = 10'000;
    double before = clock.now_s();
    good();
    double seconds = clock.now_s() - before;
    EXPECT_NEAR(seconds, 30, 1.5);
}

// ---- references

TEST_F(PullTest, AReferenceWithoutAHashIsRecorded) {
    std::string gguf = testing::small_gguf(10'000, 3);
    server.serve("/My-Model.gguf", gguf);
    PullReport report = good(server.url("/My-Model.gguf"));
    EXPECT_EQ(report.model.manifest.name, "my-model");
    EXPECT_FALSE(report.model.manifest.pinned);
    EXPECT_EQ(report.model.manifest.architecture, "llama");
    EXPECT_EQ(report.model.manifest.licence, "mit");
    EXPECT_EQ(report.model.manifest.parameters, "10K");
    EXPECT_EQ(report.model.manifest.files.at(0).sha256, sha256(as_bytes(gguf)));
    EXPECT_EQ(held("my-model"), gguf);
    EXPECT_EQ(held(server.url("/My-Model.gguf")), gguf);
    EXPECT_TRUE(good(server.url("/My-Model.gguf")).already_there);
    EXPECT_TRUE(good("my-model").already_there);
}

TEST_F(PullTest, WithoutAHashTheServerMustVouchForTheRest) {
    std::string first = testing::small_gguf(50'000, 1), second = testing::small_gguf(50'000, 2);
    server.serve("/x.gguf", first);
    server.set_etag("/x.gguf", "\"one\"");
    server.next("/x.gguf", {.cut_after = 100'000});
    good(server.url("/x.gguf"));
    EXPECT_EQ(server.asked("/x.gguf").at(1).header("if-range"), "\"one\"");
    EXPECT_EQ(server.asked("/x.gguf").at(1).header("range"), "bytes=100000-");
    ASSERT_TRUE(store().remove("x", cancel));

    settings.attempts_max = 1;  // the file changes between two runs
    server.next("/x.gguf", {.cut_after = 100'000});
    bad(Code::Network, server.url("/x.gguf"));
    server.serve("/x.gguf", second);
    server.set_etag("/x.gguf", "\"two\"");
    good(server.url("/x.gguf"));
    EXPECT_EQ(held("x"), second);
    ASSERT_TRUE(store().remove("x", cancel));

    server.set_etag("/x.gguf", "");  // nothing to tell one from the other
    server.next("/x.gguf", {.cut_after = 100'000});
    bad(Code::Network, server.url("/x.gguf"));
    good(server.url("/x.gguf"));
    EXPECT_EQ(server.asked("/x.gguf").back().header("range"), "");
}

TEST_F(PullTest, WhatIsNoModelIsRefused) {
    for (std::string text : {std::string("<!DOCTYPE html><html>Please log in</html>"),
                             std::string(), testing::small_gguf(1000, 1).substr(0, 3000)}) {
        server.serve("/page.gguf", text);
        bad(Code::BadInput, server.url("/page.gguf"));
        EXPECT_TRUE(keeps_nothing()) << text;
    }
}

TEST_F(PullTest, HashesInTheRequest) {
    std::string gguf = testing::small_gguf(100, 3);
    std::string hex = sha256(as_bytes(gguf)).hex(), wrong(64, 'a');
    server.serve("/h.gguf", gguf);
    bad(Code::Integrity, server.url("/h.gguf#sha256=" + wrong));
    auto report =
        pull(PullRequest{.what = server.url("/h.gguf"), .sha256 = *parse_sha256_hex(wrong)});
    EXPECT_EQ(report.error().code, Code::Integrity);
    report = pull(PullRequest{.what = server.url("/h.gguf"), .sha256 = *parse_sha256_hex(hex)});
    ASSERT_TRUE(report) << report.error().what;
    EXPECT_TRUE(report->model.manifest.pinned);
    EXPECT_TRUE(good(server.url("/h.gguf#sha256=" + hex)).already_there);
}

TEST_F(PullTest, HttpWithoutAHashStaysOnThisMachine) {
    settings.http.proxy.http_proxy = cat("127.0.0.1:", server.port());
    server.serve("http://models.example/m.gguf", content);
    bad(Code::Policy, "http://models.example/m.gguf");
    EXPECT_TRUE(server.asked().empty());
    list("m", content, {"http://models.example/m.gguf"});
    good();
}

TEST_F(PullTest, FilesAndFolders) {
    Path place = folder.path() / "models";
    std::string gguf = testing::small_gguf(1000, 4);
    ASSERT_TRUE(make_folders(place));
    ASSERT_TRUE(write_file_atomic(place / "Local Model.gguf", gguf));
    settings.offline = true;
    EXPECT_EQ(good((place / "Local Model.gguf").string()).model.manifest.name, "local-model");
    EXPECT_EQ(held("local-model"), gguf);
    EXPECT_TRUE(good("file:" + (place / "Local Model.gguf").string()).already_there);
    EXPECT_EQ(pull("/none.gguf").error().code, Code::NotFound);

    ASSERT_TRUE(write_file_atomic(place / "other.gguf", gguf));
    auto several = pull(place.string());
    EXPECT_EQ(several.error().code, Code::Usage);
    EXPECT_NE(several.error().what.find("other.gguf"), std::string::npos);
}

TEST_F(PullTest, SplitFilesAreOneModel) {
    testing::TemporaryFolder parts;
    std::string data = testing::random_bytes(4000, 1);
    for (size_t i = 3; i < data.size(); i += 4) data[i] = 0x3F;
    std::vector<Tensor> tensors;
    for (std::string_view name : {"a", "b"}) {
        Tensor tensor;
        tensor.name = name;
        tensor.dtype = dtype_named("f32");
        tensor.shape = Shape{500};
        tensor.values = 500;
        tensor.data = as_bytes(data).subspan(name == "a" ? 0 : 2000, 2000);
        tensors.push_back(tensor);
    }
    auto files = write_checkpoint(parts.path() / "s.gguf", {}, tensors, {.file_bytes_max = 2500});
    ASSERT_TRUE(files) << files.error().what;
    ASSERT_EQ(files->size(), 2u);
    for (const Path& file : *files)
        server.serve("/" + file.filename().string(), *read_file(file, 1'000'000));
    PullReport report = good(server.url("/s-00002-of-00002.gguf"));
    EXPECT_EQ(report.model.manifest.name, "s");
    EXPECT_EQ(report.model.manifest.files.size(), 2u);
    auto checkpoint = Checkpoint::open(report.model.path);
    ASSERT_TRUE(checkpoint) << checkpoint.error().what;
    EXPECT_EQ(checkpoint->tensors().size(), 2u);
}

TEST_F(PullTest, NamesThatAreTaken) {
    std::string one = testing::small_gguf(100, 1), two = testing::small_gguf(100, 2);
    server.serve("/a/x.gguf", one);
    server.serve("/b/x.gguf", two);
    good(server.url("/a/x.gguf"));
    auto taken = pull(server.url("/b/x.gguf"));
    EXPECT_EQ(taken.error().code, Code::Usage);
    ASSERT_TRUE(pull(PullRequest{.what = server.url("/b/x.gguf"), .name = "Y"}));
    EXPECT_EQ(held("x"), one);
    EXPECT_EQ(held("y"), two);
    EXPECT_EQ(pull(PullRequest{.what = server.url("/b/x.gguf"), .name = "../y"}).error().code,
              Code::Usage);
    ASSERT_TRUE(store().set_alias("z", "x", cancel));
    EXPECT_EQ(pull(PullRequest{.what = server.url("/b/x.gguf"), .name = "z"}).error().code,
              Code::Usage);
    EXPECT_TRUE(pull("z")->already_there);
}

TEST_F(PullTest, UnknownNames) {
    EXPECT_NE(bad(Code::NotFound, "smollm2-135n").find("smollm2-135m"), std::string::npos);
    EXPECT_NE(bad(Code::NotFound, "owner/repository").find("hf:owner"), std::string::npos);
    bad(Code::Usage, "ollama:llama3.2");
    bad(Code::Usage, "hf:x");
    bad(Code::Usage, "");
}

TEST_F(PullTest, VerifyRepairsWhatIsDamaged) {
    list_one();
    PullReport report = good();
    Path blob = store().layout().blob(report.model.manifest.files[0].sha256);
    std::string bytes = content;
    bytes[100] ^= 1;
    ASSERT_TRUE(write_file_atomic(blob, bytes));
    EXPECT_TRUE(pull(PullRequest{.what = "m"})->already_there);  // sizes alone are looked at
    auto repaired = pull(PullRequest{.what = "m", .verify = true});
    ASSERT_TRUE(repaired) << repaired.error().what;
    EXPECT_FALSE(repaired->already_there);
    EXPECT_EQ(held("m"), content);
    EXPECT_TRUE(pull(PullRequest{.what = "m", .verify = true})->already_there);
    // A file that is gone is seen without being asked.
    std::filesystem::remove(blob);
    EXPECT_EQ(store().resolve("m").error().code, Code::Integrity);
    EXPECT_FALSE(good().already_there);
}

// ---- many mishaps, by seed

TEST_F(PullTest, WhateverHappensTheModelIsRightOrAbsent) {
    settings.http.idle_timeout_ms = 60;
    for (uint64_t seed = 1; seed <= 40; seed++) {
        Rng dice(seed);
        std::string name = cat("s", seed), path = cat("/", name);
        std::string bytes = testing::random_bytes(1 + dice.below(200'000), seed);
        server.serve(path, bytes);
        list(name, bytes, {server.url(path)});
        for (uint64_t faults = dice.below(5); faults > 0; faults--) {
            Fault fault;
            switch (dice.below(9)) {
                case 0:
                    fault.cut_after = dice.below(bytes.size() + 1);
                    break;
                case 1:
                    fault.corrupt_at = dice.below(bytes.size());
                    break;
                case 2:
                    fault.status = 500;
                    break;
                case 3:
                    fault.ignore_range = true;
                    break;
                case 4:
                    fault.wrong_range = true;
                    break;
                case 5:
                    fault.stall_after = dice.below(bytes.size() + 1);
                    break;
                case 6:
                    fault.claim_length = dice.below(2 * bytes.size());
                    break;
                case 7:
                    fault.chunked = true;
                    break;
                default:
                    fault.no_length = true;
                    fault.cut_after = dice.below(bytes.size() + 1);
            }
            server.next(path, fault);
        }
        for (int runs = 0; runs < 10; runs++) {
            auto report = pull(name);
            if (report) {
                EXPECT_EQ(held(name), bytes) << seed;
                break;
            }
            Code code = report.error().code;
            EXPECT_TRUE(code == Code::Network || code == Code::Integrity) << report.error().what;
            EXPECT_EQ(held(name), "") << seed;
            EXPECT_LT(runs, 9) << seed;
        }
        EXPECT_TRUE(testing::blobs_are_true(store().layout()));
        EXPECT_TRUE(keeps_nothing()) << seed;
    }
}

}  // namespace
}  // namespace linnet
