// The ONNX model of a tiny decoder, taken apart: what runtimes ask of a graph holds. Logits are
// compared by tests/acceptance/onnx_decoder.py, which needs a runtime.
#include "exchange/onnx_decoder.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <map>
#include <set>

#include "base/testing/temporary.h"
#include "base/text.h"
#include "exchange/onnx_graph.h"
#include "model/testing/tiny.h"

namespace linnet {
namespace {

using namespace linnet::testing;

// The fields of a message: numbers, and texts or messages within it.
struct Fields {
    std::multimap<uint32_t, uint64_t> numbers;
    std::multimap<uint32_t, std::string_view> texts;

    explicit Fields(std::string_view bytes) {
        size_t at = 0;
        auto varint = [&] {
            uint64_t value = 0;
            for (int shift = 0;; shift += 7) {
                const auto byte = static_cast<uint8_t>(bytes.at(at++));
                value |= uint64_t{byte & 0x7Fu} << shift;
                if (byte < 0x80) return value;
            }
        };
        while (at < bytes.size()) {
            const uint64_t tag = varint();
            const auto field = static_cast<uint32_t>(tag >> 3);
            if ((tag & 7) == 0) {
                numbers.emplace(field, varint());
            } else {
                EXPECT_EQ(tag & 7, 2u);
                const uint64_t size = varint();
                texts.emplace(field, bytes.substr(at, size));
                at += size;
            }
        }
    }
    std::vector<std::string_view> all(uint32_t field) const {
        std::vector<std::string_view> out;
        for (auto [from, to] = texts.equal_range(field); from != to; ++from)
            out.push_back(from->second);
        return out;
    }
    std::string_view text(uint32_t field) const { return all(field).at(0); }
};

struct OnnxOf : ::testing::TestWithParam<std::tuple<const char*, OnnxNumbers>> {};

TEST_P(OnnxOf, IsAGraphInOrderWithAllItsWeights) {
    TemporaryFolder folder;
    auto [family, numbers] = GetParam();
    Checkpoint file = must(Checkpoint::open(family_folder(family) / "model.gguf"));
    ExportPlan plan = must(plan_onnx(file, numbers, WithTokenizer::No));
    NoProgress progress;
    must(write_onnx(plan, numbers, folder.path() / "out", progress, Cancel{}));
    const std::string bytes = must(read_file(folder.path() / "out/model.onnx", 1 << 24));
    const std::string data = must(read_file(folder.path() / "out/model.onnx.data", 1 << 24));
    const Fields model(bytes);
    EXPECT_EQ(model.numbers.find(1)->second, 10u);
    EXPECT_EQ(Fields(model.text(8)).numbers.find(2)->second, 21u);
    const Fields graph(model.text(7));

    std::set<std::string_view> known;
    uint64_t end = 0, external = 0;
    for (std::string_view initializer : graph.all(5)) {
        const Fields tensor(initializer);
        EXPECT_TRUE(known.insert(tensor.text(8)).second) << tensor.text(8);
        if (tensor.all(13).empty()) continue;
        std::map<std::string_view, std::string_view> entries;
        for (std::string_view entry : tensor.all(13))
            entries[Fields(entry).text(1)] = Fields(entry).text(2);
        EXPECT_EQ(entries["location"], "model.onnx.data");
        const uint64_t offset = *parse_integer<uint64_t>(entries["offset"]);
        EXPECT_EQ(offset % 4096, 0u);
        EXPECT_GE(offset, end);
        end = offset + *parse_integer<uint64_t>(entries["length"]);
        external++;
    }
    EXPECT_EQ(end, data.size());
    EXPECT_EQ(external, OnnxWeights(plan, numbers).list().size());
    EXPECT_GE(external, plan.tensors.size());
    for (std::string_view input : graph.all(11)) known.insert(Fields(input).text(1));
    std::set<std::string_view> used;
    for (std::string_view each : graph.all(1)) {
        const Fields node(each);
        for (std::string_view input : node.all(1)) {
            EXPECT_TRUE(known.contains(input)) << node.text(4) << " of " << input;
            used.insert(input);
        }
        for (std::string_view output : node.all(2))
            EXPECT_TRUE(known.insert(output).second) << output;
    }
    for (std::string_view output : graph.all(12))
        EXPECT_TRUE(known.contains(Fields(output).text(1)));
    const OnnxWeights weights(plan, numbers);
    for (const OnnxWeight& weight : weights.list())
        EXPECT_TRUE(used.contains(weight.name)) << weight.name;
    // ids, mask, positions, and keys and values of each layer.
    EXPECT_EQ(graph.all(11).size(), graph.all(12).size() + 2);
}

INSTANTIATE_TEST_SUITE_P(Tiny, OnnxOf,
                         ::testing::Combine(::testing::Values("llama", "llama3", "qwen2",
                                                              "qwen2-yarn", "qwen3", "smollm3"),
                                            ::testing::Values(OnnxNumbers::F32, OnnxNumbers::F16,
                                                              OnnxNumbers::Int8,
                                                              OnnxNumbers::Int4)));

// Levels and scales in the file are near the weights.
TEST(OnnxWeights, RoundsToTheNearestLevel) {
    Checkpoint file = must(Checkpoint::open(family_folder("llama") / "model.gguf"));
    for (OnnxNumbers numbers : {OnnxNumbers::Int8, OnnxNumbers::Int4}) {
        TemporaryFolder folder;
        ExportPlan plan = must(plan_onnx(file, numbers, WithTokenizer::No));
        NoProgress progress;
        must(write_onnx(plan, numbers, folder.path() / "out", progress, Cancel{}));
        const std::string data = must(read_file(folder.path() / "out/model.onnx.data", 1 << 24));
        const OnnxWeights weights(plan, numbers);
        const auto named = [&](std::string_view name) {
            return *std::ranges::find(weights.list(), name, &OnnxWeight::name);
        };
        const std::string name = "model.layers.1.mlp.down_proj.weight";
        const OnnxWeight levels = named(name + ".levels"), scales = named(name + ".scales");
        const ExportedTensor& tensor = *std::ranges::find_if(
            plan.tensors, [&](const ExportedTensor& each) { return each.plan.name == name; });
        const uint64_t inputs = levels.shape[0], outputs = levels.shape[1];
        Row row(inputs);
        for (uint64_t n = 0; n < outputs; n++) {
            convert_row(tensor, n, row.data());
            for (uint64_t k = 0; k < inputs; k++) {
                const uint64_t at = k * outputs + n;
                int level = static_cast<int8_t>(data[levels.offset + at % levels.bytes]);
                if (numbers == OnnxNumbers::Int4) {
                    level = data[levels.offset + at / 2] >> (at % 2 * 4) & 15;
                    if (level > 7) level -= 16;
                }
                float scale = 0;
                std::memcpy(&scale, &data[scales.offset + (k / onnx_block * outputs + n) * 4], 4);
                // The largest of the other sign may lie a level beyond the last of 4 bits.
                const float most = std::abs(scale) * (numbers == OnnxNumbers::Int4 ? 1.01f : 0.51f);
                EXPECT_NEAR(static_cast<float>(level) * scale, row[k], most);
            }
        }
    }
}

TEST(OnnxDecoder, OtherModelsAreRefused) {
    auto refused = [](std::string_view family, std::string_view part) {
        expect_refused(plan_onnx(must(Checkpoint::open(family_folder(family) / "model.gguf")),
                                 OnnxNumbers::F32, WithTokenizer::No),
                       Code::Unsupported, part, family);
    };
    refused("gemma2", "'gemma2' are not written as ONNX");
    refused("mistral", "window");
    refused("mixtral", "experts");
    expect_refused(plan_onnx(must(Checkpoint::open(family_folder("llama"))), OnnxNumbers::F32),
                   Code::Unsupported, "made of GGUF");
}

}  // namespace
}  // namespace linnet
