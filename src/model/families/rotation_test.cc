// Rotary positions far beyond the original context, against the tables of another implementation
// (tests/golden/make_rope.py).
#include "model/families/rotation.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/testing/data.h"
#include "base/testing/result.h"
#include "base/testing/temporary.h"

namespace linnet {
namespace {

using namespace linnet::testing;

TEST(Rotation, FarPositionsAreTheReference) {
    Path golden = source_folder() / "tests/golden";
    Json cases = must(Json::parse(must(read_file(golden / "rope.json", 1 << 20))));
    ASSERT_GE(cases.as_array()->size(), 8u);
    TemporaryFolder folder;
    std::filesystem::copy_file(golden / "families/llama/model.safetensors",
                               folder.path() / "model.safetensors");
    ThreadPool pool(1);
    for (const Json& test_case : *cases.as_array()) {
        std::string name = test_case.string_or("name", "");
        must(write_file_atomic(folder.path() / "config.json", test_case.find("config")->dump()));
        Source source = must(Source::open(must(Checkpoint::open(folder.path())), Math::F32, pool));
        Rope rope = must(read_rope(source, {.head_dim = 16}));
        ASSERT_EQ(rope.dims(), 16u);
        auto context = static_cast<uint32_t>(*test_case.find("context")->as_uint());
        const Json::Array& positions = *test_case.find("positions")->as_array();
        for (size_t i = 0; i < positions.size(); i++) {
            auto position = static_cast<uint32_t>(*positions[i].as_uint());
            std::vector<float> angles(rope.dims());
            rope.angles(position, context, angles.data());
            const Json::Array& expected = *test_case.find("angles")->as_array()->at(i).as_array();
            // A frequency has 24 bits, so far positions are known less well.
            double bound = 1e-6 + 2e-7 * position;
            for (size_t j = 0; j < angles.size(); j++)
                EXPECT_NEAR(angles[j], *expected[j].as_double(), bound)
                    << name << " at " << position << ", value " << j;
        }
    }
}

}  // namespace
}  // namespace linnet
