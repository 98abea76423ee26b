// Damaged model files: each loads or gives a clear error, and what loads is what it says.
// tests/mutation shows that they also cost little time and memory.
#include <gtest/gtest.h>

#include "base/testing/data.h"
#include "base/testing/result.h"
#include "base/testing/temporary.h"
#include "formats/checkpoint.h"
#include "formats/testing/mutate.h"
#include "formats/testing/touch.h"

namespace linnet {
namespace {

using testing::must;

class Mutations : public ::testing::Test {
  protected:
    // Whether it loads.
    bool open(std::string_view name, const std::string& bytes) {
        Path path = folder_.path() / name;
        must(write_bytes(path, bytes));
        auto model = Checkpoint::open(path);
        if (model) {
            testing::touch(*model);
        } else {
            const Error& error = model.error();
            EXPECT_TRUE(error.code == Code::BadInput || error.code == Code::Unsupported ||
                        error.code == Code::NotFound)
                << error.what;
            EXPECT_NE(error.what.find(name), std::string::npos) << error.what;
            EXPECT_EQ(error.what, printable(error.what));
            EXPECT_LT(error.what.size(), 600u);
        }
        return bool(model);
    }

    static Result<> write_bytes(const Path& path, const std::string& bytes) {
        FileWriter file = TRY(FileWriter::open(path));
        return file.append(as_bytes(bytes));
    }

    static std::string seed_file(std::string_view relative) {
        return must(read_file(testing::source_folder() / "tests/fuzz" / relative, 1'000'000));
    }

    testing::TemporaryFolder folder_;
};

TEST_F(Mutations, OfGguf) {
    Rng rng(20);
    size_t loaded = 0;
    for (const char* seed : {"good-v1", "good-v2", "good-v3", "good-alignment-64"}) {
        std::string whole = seed_file(cat("gguf_fuzz/", seed, ".gguf"));
        EXPECT_TRUE(open("m.gguf", whole)) << seed;
        for (int i = 0; i < 150; i++)
            loaded += open("m.gguf", testing::mutated(whole, whole.size(), rng));
    }
    EXPECT_GT(loaded, 10u);   // some damage does not matter,
    EXPECT_LT(loaded, 500u);  // but most is noticed
}

TEST_F(Mutations, OfSafetensors) {
    Rng rng(21);
    size_t loaded = 0;
    for (const char* seed : {"good-two", "good-escapes", "good-out-of-order", "good-padded"}) {
        std::string whole = seed_file(cat("safetensors_fuzz/", seed, ".safetensors"));
        EXPECT_TRUE(open("m.safetensors", whole)) << seed;
        for (int i = 0; i < 150; i++)
            loaded += open("m.safetensors", testing::mutated(whole, whole.size(), rng));
    }
    EXPECT_GT(loaded, 2u);
    EXPECT_LT(loaded, 500u);
}

TEST_F(Mutations, WrongInOnePlaceOnly) {
    Rng rng(22);
    size_t loaded = 0;
    for (int i = 0; i < 500; i++) loaded += open("m.gguf", testing::random_gguf(rng));
    EXPECT_GT(loaded, 20u);
    EXPECT_LT(loaded, 480u);
}

TEST_F(Mutations, OfAnIndex) {
    std::string shard = seed_file("safetensors_fuzz/good-two.safetensors");
    must(write_bytes(folder_.path() / "one.safetensors", shard));
    std::string whole = R"({"weight_map": {"a": "one.safetensors", "b": "one.safetensors"}})";
    EXPECT_TRUE(open("model.safetensors.index.json", whole));
    Rng rng(23);
    for (int i = 0; i < 150; i++)
        open("model.safetensors.index.json", testing::mutated(whole, whole.size(), rng));
}

}  // namespace
}  // namespace linnet
