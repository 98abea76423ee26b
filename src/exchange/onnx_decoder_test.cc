// The ONNX model of a tiny decoder, taken apart: what runtimes ask of a graph holds. Logits are
// compared by tests/acceptance/onnx_decoder.py, which needs a runtime.
#include "exchange/onnx_decoder.h"

#include <gtest/gtest.h>

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

struct OnnxOf : ::testing::TestWithParam<const char*> {};

TEST_P(OnnxOf, IsAGraphInOrderWithAllItsWeights) {
    TemporaryFolder folder;
    Checkpoint file = must(Checkpoint::open(family_folder(GetParam()) / "model.gguf"));
    ExportPlan plan = must(plan_onnx(file, *dtype_named("f16"), WithTokenizer::No));
    NoProgress progress;
    must(write_onnx(plan, folder.path() / "out", progress, Cancel{}));
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
    EXPECT_EQ(external, plan.tensors.size());
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
    for (const ExportedTensor& tensor : plan.tensors)
        EXPECT_TRUE(used.contains(tensor.plan.name)) << tensor.plan.name;
    // ids, mask, positions, and keys and values of each layer.
    EXPECT_EQ(graph.all(11).size(), graph.all(12).size() + 2);
}

INSTANTIATE_TEST_SUITE_P(Tiny, OnnxOf,
                         ::testing::Values("llama", "llama3", "qwen2", "qwen2-yarn", "qwen3",
                                           "smollm3"),
                         [](const auto& named) { return replace_all(named.param, "-", "_"); });

TEST(OnnxDecoder, OtherModelsAreRefused) {
    auto refused = [](std::string_view family, std::string_view dtype, std::string_view part) {
        expect_refused(plan_onnx(must(Checkpoint::open(family_folder(family) / "model.gguf")),
                                 *dtype_named(dtype), WithTokenizer::No),
                       Code::Unsupported, part, family);
    };
    refused("gemma2", "f32", "'gemma2' are not written as ONNX");
    refused("mistral", "f32", "window");
    refused("mixtral", "f32", "experts");
    refused("llama", "bf16", "bf16");
    expect_refused(plan_onnx(must(Checkpoint::open(family_folder("llama"))), *dtype_named("f32")),
                   Code::Unsupported, "made of GGUF");
}

}  // namespace
}  // namespace linnet
