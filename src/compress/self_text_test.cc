#include "compress/self_text.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/testing/result.h"
#include "base/testing/temporary.h"
#include "engine/model_files.h"
#include "kernels/select.h"
#include "model/testing/tiny_model.h"

namespace linnet {
namespace {

using testing::must;

struct SelfText : ::testing::Test {
    SelfText() { testing::write_tiny_model(folder.path() / "tiny.gguf"); }
    std::vector<int32_t> written(std::span<const int32_t> opening, const SelfTextOptions& options) {
        NoProgress progress;
        Cancel nobody;
        return must(write_self_text(must(load_model(checkpoint(), Math::Fast, 1)),
                                    kernels_of(kernel_isas().back()), tokenizer(), opening, options,
                                    progress, nobody));
    }
    Checkpoint checkpoint() { return must(Checkpoint::open(folder.path() / "tiny.gguf")); }
    Tokenizer tokenizer() { return must(Tokenizer::from(checkpoint())); }
    testing::TemporaryFolder folder;
};

TEST_F(SelfText, HasTheLengthThatIsAskedForAndIsTheSameAgain) {
    const auto text = written({}, {.tokens = 1500, .length = 64});
    EXPECT_EQ(text.size(), 1500u);
    EXPECT_TRUE(std::ranges::all_of(text, [](int32_t token) { return token >= 0 && token < 259; }));
    EXPECT_EQ(written({}, {.tokens = 1500, .length = 64, .threads = 3}), text);
    EXPECT_NE(written({}, {.tokens = 1500, .length = 64, .seed = 2}), text);
}

TEST_F(SelfText, HasConversationsInIt) {
    const auto opening = opening_of_a_turn(checkpoint(), tokenizer());
    EXPECT_EQ(tokenizer().decode(opening, {.show_special = true}), "<|im_start|>user\n");
    auto text = written(opening, {.tokens = 1500, .length = 64});
    size_t found = 0;
    for (auto at = text.begin();;) {
        at = std::search(at, text.end(), opening.begin(), opening.end());
        if (at == text.end()) break;
        at += static_cast<ptrdiff_t>(opening.size());
        found++;
    }
    EXPECT_GE(found, 8u);  // every other of at least 1500 / 64 texts
}

}  // namespace
}  // namespace linnet
