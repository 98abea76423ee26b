// Folders written by every scheme, read back by what reads those of others.
#include "compress/compress_folder.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/testing/result.h"
#include "base/testing/temporary.h"
#include "base/text.h"
#include "compress/awq.h"
#include "compress/rounded_matrix.h"
#include "compress/smoothquant.h"
#include "formats/compressed_folder.h"
#include "kernels/select.h"
#include "model/testing/tiny.h"
#include "model/testing/tiny_model.h"

namespace linnet {
namespace {

using testing::must;

std::vector<float> decoded(const Tensor& tensor) {
    std::vector<float> out(tensor.values);
    tensor.dtype->decode(tensor.data.data(), out.data(), out.size());
    return out;
}

struct CompressFolderTest : ::testing::Test {
    CompressFolderTest() {
        testing::write_tiny_model(folder.path() / "in.gguf", {.dtype = "f16"});
        file.emplace(must(Checkpoint::open(folder.path() / "in.gguf")));
        NoProgress progress;
        must(write_export(must(plan_export(*file, *dtype_named("f32"), WithTokenizer::No)),
                          folder.path() / "plain", progress, Cancel{}));
        Rng dice(5);
        for (const Tensor& tensor : file->tensors()) {
            if (tensor.shape.rank() != 2) continue;
            ActivationRange range;
            for (uint64_t c = 0; c < tensor.shape.row(); c++) {
                const float size = 0.1f + static_cast<float>(dice.below(1000)) / 100;
                range.farthest.push_back(size);
                range.mean_squares.push_back(size * size / 9);
            }
            ranges[std::string(tensor.name)] = std::move(range);
        }
        // What is multiplied with the same has one range.
        for (const FedMatrices& fed : fed_matrices(*file, false))
            for (const Tensor* matrix : fed.matrices)
                ranges[std::string(matrix->name)] = ranges[std::string(fed.matrices[0]->name)];
    }

    CompressFolderOptions options(std::string_view scheme) const {
        CompressFolderOptions out{.scheme = *folder_scheme(scheme), .stored = dtype_named("f16")};
        if (out.scheme.shared == FolderScheme::Shared::ByGroup && !out.scheme.has_fixed_group())
            out.scheme.group = usual_group(*file);
        out.ranges = &ranges;
        return out;
    }

    Checkpoint written(CompressFolderOptions with) {
        const Path path = folder.path() / cat("out-", ++count);
        NoProgress progress;
        auto plan = must(plan_compressed_folder(*file, std::move(with), WithTokenizer::No));
        must(write_compressed_folder(plan, path, pool, progress, Cancel{}));
        Checkpoint out = must(Checkpoint::open(path));
        uint64_t bytes = 0;
        for (const Tensor& tensor : out.tensors()) {
            bytes += tensor.data.size();
            const auto place =
                static_cast<size_t>(tensor.data.data() - out.files()[0].bytes().data());
            EXPECT_EQ(place % tensor.dtype->block_bytes, 0u) << tensor.name;
        }
        EXPECT_EQ(bytes, plan.bytes());
        return out;
    }

    Checkpoint read(const Checkpoint& from) {
        auto config = must(CompressedConfig::read(must(from.document("config.json"))));
        return must(decompress(from, *config, pool));
    }

    // The mean square of what is lost of the matrices, as a share of theirs.
    double loss(const Checkpoint& made) {
        const Checkpoint plain = must(Checkpoint::open(folder.path() / "plain"));
        double lost = 0, all = 0;
        for (const Tensor& tensor : plain.tensors()) {
            const Tensor* other = made.find(tensor.name);
            if (!other || other->shape != tensor.shape) {
                ADD_FAILURE() << tensor.name;
                continue;
            }
            if (tensor.name.find("_proj") == tensor.name.npos) continue;
            const auto before = decoded(tensor), after = decoded(*other);
            for (size_t i = 0; i < before.size(); i++) {
                lost += std::pow(double{after[i]} - before[i], 2);
                all += std::pow(double{before[i]}, 2);
            }
        }
        return lost / all;
    }

    testing::TemporaryFolder folder;
    std::optional<Checkpoint> file;
    ActivationRanges ranges;
    ThreadPool pool{2};
    int count = 0;
};

TEST_F(CompressFolderTest, EverySchemeIsReadBack) {
    // Of normal weights: 4 bits leave some hundredths less than a signal-to-noise of 20 dB.
    const std::pair<std::string_view, double> bounds[] = {
        {"W8A16", 5e-5},       {"W4A16", 1e-2},     {"W4A16_ASYM", 1e-2},  {"W3A16", 5e-2},
        {"W4A8", 1e-2},        {"W8A8", 1e-4},      {"W8A8_STATIC", 1e-4}, {"FP8", 1e-3},
        {"FP8_DYNAMIC", 1e-3}, {"FP8_BLOCK", 1e-3}, {"MXFP4", 2e-2},       {"MXFP4A16", 2e-2},
        {"NVFP4", 1.2e-2},     {"NVFP4A16", 1.2e-2}};
    ASSERT_EQ(std::size(bounds), folder_schemes().size());
    for (auto [name, bound] : bounds) {
        const double lost = loss(read(written(options(name))));
        EXPECT_LT(lost, bound) << name;
        EXPECT_GT(lost, bound / 20) << name << ": it is quantized";
    }
}

TEST_F(CompressFolderTest, WhatIsReadHasTheTypeThatTheDocumentsSay) {
    for (auto [scheme, type] : {std::pair("W4A16", "q4_0"),
                                {"W4A16_ASYM", "q4_1"},
                                {"W8A16", "q8_0"},
                                {"W8A8", "q8_0"},
                                {"FP8_DYNAMIC", "f16"},
                                {"MXFP4", "mxfp4"},
                                {"NVFP4", "f16"}}) {
        const Checkpoint made = read(written(options(scheme)));
        EXPECT_EQ(made.find("model.layers.1.mlp.down_proj.weight")->dtype->name, type) << scheme;
        EXPECT_EQ(made.find("model.embed_tokens.weight")->dtype->name, "f16");
    }
}

TEST_F(CompressFolderTest, StaticRangesAreTheFolders) {
    const Checkpoint made = written(options("W8A8_STATIC"));
    const Tensor* scale = made.find("model.layers.0.self_attn.o_proj.input_scale");
    ASSERT_TRUE(scale);
    const float range = ranges["blk.0.attn_output.weight"].whole();
    EXPECT_NEAR(decoded(*scale)[0], range / 127.5f, range * 1e-5);
    const Checkpoint fp4 = written(options("NVFP4"));
    EXPECT_EQ(decoded(*fp4.find("model.layers.0.self_attn.o_proj.input_global_scale"))[0],
              448 * 6 / range);
    // Queries, keys and values are multiplied with at once, by one scale.
    auto whole = [&](std::string_view part) {
        return decoded(
            *fp4.find(cat("model.layers.0.self_attn.", part, ".weight_global_scale")))[0];
    };
    EXPECT_EQ(whole("q_proj"), whole("v_proj"));
}

TEST_F(CompressFolderTest, FeedbackComesCloserToTheProducts) {
    Rng dice(9);
    constexpr size_t columns = 64, rows = 40, tokens = 300;
    std::vector<float> squares(columns * columns), weights(rows * columns), x(columns);
    auto normal = [&] {
        float sum = 0;
        for (int i = 0; i < 12; i++) sum += static_cast<float>(dice.below(1000)) / 1000;
        return sum - 6;
    };
    for (size_t t = 0; t < tokens; t++) {
        const float shared = normal();  // columns move together
        for (float& value : x) value = shared + normal();
        for (size_t i = 0; i < columns; i++)
            for (size_t j = 0; j < columns; j++) squares[i * columns + j] += x[i] * x[j];
    }
    for (float& weight : weights) weight = normal();
    const Feedback feedback = Feedback::of(squares, columns, kernels_of(kernel_isas().back()));
    auto error_of = [&](const RoundedMatrix& matrix, const FolderScheme& scheme) {
        const Grid grid(scheme, *dtype_named("f16"), matrix.whole);
        double sum = 0;
        for (size_t r = 0; r < rows; r++) {
            std::vector<double> off(columns);
            for (size_t c = 0; c < columns; c++) {
                const size_t place = r * matrix.across + c / (columns / matrix.across);
                const GridScale scale{matrix.scales[place],
                                      matrix.zeros.empty() ? 0 : matrix.zeros[place]};
                const auto level =
                    static_cast<float>(static_cast<int8_t>(matrix.codes[r * columns + c]));
                off[c] = grid.value(level, scale) - weights[r * columns + c];
            }
            for (size_t i = 0; i < columns; i++)
                for (size_t j = 0; j < columns; j++)
                    sum += off[i] * squares[i * columns + j] * off[j];
        }
        return sum;
    };
    for (bool symmetric : {true, false})
        for (unsigned group : {16u, 64u}) {
            FolderScheme scheme = *folder_scheme("W4A16");
            scheme.group = group;
            scheme.symmetric = symmetric;
            RoundingInput input{scheme, *dtype_named("f16"), weights, rows, columns};
            const double plain = error_of(round_matrix(input, pool), scheme);
            input.feedback = &feedback;
            EXPECT_LT(error_of(round_matrix(input, pool), scheme), 0.75 * plain)
                << symmetric << group;
        }
    // With columns made larger, feedback is that of a text with smaller ones.
    std::vector<float> factors(columns);
    for (size_t c = 0; c < columns; c++) factors[c] = 1 + static_cast<float>(c % 4);
    const Feedback divided = feedback.divided(factors);
    EXPECT_NEAR(divided.cost(3), feedback.cost(3) / 16, 1e-6 * feedback.cost(3));
    EXPECT_NEAR(divided.carry(1)[2], feedback.carry(1)[2] * 3 / 2, 1e-5);
    EXPECT_NEAR(divided.squares(2)[3], feedback.squares(2)[3] / 12,
                1e-6 * std::abs(feedback.squares(2)[3]));
}

TEST_F(CompressFolderTest, WhatIsFoldedIntoColumnsIsTakenFromWhatFeedsThem) {
    Folding folding = smooth(*file, ranges, 0.5);
    for (const char* part : {"attn_q", "attn_k", "attn_v"}) {
        const auto* columns = folding.columns(cat("blk.1.", part, ".weight"));
        ASSERT_TRUE(columns) << part;
        EXPECT_EQ(*columns, *folding.rows("blk.1.attn_norm.weight"));
    }
    EXPECT_FALSE(folding.columns("blk.1.attn_output.weight"));
    // Equation 4: ranges of both sides become the geometric mean.
    const auto& range = ranges["blk.0.ffn_up.weight"];
    const ActivationRange after = folding.folded("blk.0.ffn_up.weight", range);
    float farthest = 0;
    for (const char* name : {"blk.0.ffn_up.weight", "blk.0.ffn_gate.weight"}) {
        const auto weights = folded_weights(*file->find(name), folding);
        for (size_t r = 0; r < 96; r++)
            farthest = std::max(farthest, std::abs(weights[r * 64 + 7]));
    }
    EXPECT_NEAR(after.farthest[7], farthest, 1e-3 * farthest);

    NoProgress progress;
    must(fold_salient_columns(*file, ranges, *folder_scheme("MXFP4A16"), *dtype_named("f16"),
                              folding, pool, progress, Cancel{}));
    EXPECT_TRUE(folding.columns("blk.0.ffn_down.weight"));
    EXPECT_EQ(*folding.columns("blk.0.ffn_down.weight"), *folding.rows("blk.0.ffn_up.weight"));
    EXPECT_FALSE(folding.columns("blk.0.attn_output.weight")) << "its heads share values";

    // A matrix of 8 bits, with the norm in front, computes what it did.
    CompressFolderOptions with = options("W8A16");
    with.folding = &folding;
    const Checkpoint made = read(written(with)), plain = read(written(options("W8A16")));
    auto product = [&](const Checkpoint& of) {
        const auto norm = decoded(*of.find("model.layers.0.input_layernorm.weight"));
        const auto query = decoded(*of.find("model.layers.0.self_attn.q_proj.weight"));
        double sum = 0;
        for (size_t c = 0; c < norm.size(); c++)
            sum += double{norm[c]} * query[5 * norm.size() + c];
        return sum;
    };
    EXPECT_NEAR(product(made), product(plain), 0.05);
}

TEST_F(CompressFolderTest, TheHeadIsQuantizedWhereItIsAskedFor) {
    file.emplace(must(Checkpoint::open(testing::family_folder("llama3") / "model.gguf")));
    CompressFolderOptions with = options("W8A8");
    EXPECT_EQ(written(with).find("lm_head.weight")->dtype->name, "f16");
    with.head = true;
    const Checkpoint made = written(with);
    EXPECT_EQ(made.find("lm_head.weight")->dtype->name, "i8");
    const Json config = must(made.document("config.json"));
    EXPECT_TRUE(config.find("quantization_config", "ignore")->as_array()->empty());
    must(Model::load(made, Math::Fast, pool));
}

TEST_F(CompressFolderTest, WhatDoesNotFitIsRefused) {
    CompressFolderOptions head = options("W4A16");
    head.head = true;
    testing::expect_refused(plan_compressed_folder(*file, head, WithTokenizer::No), Code::Usage,
                            "embedding");

    CompressFolderOptions odd = options("W4A16");
    odd.scheme.group = 48;
    testing::expect_refused(plan_compressed_folder(*file, odd, WithTokenizer::No),
                            Code::Unsupported, "groups of 48");
    EXPECT_EQ(usual_group(*file), 32u);
    auto changed = [](std::string_view name, SchemeChanges changes) {
        return change_scheme(*folder_scheme(name), changes);
    };
    EXPECT_EQ(must(changed("W4A16", {.shared = "channel"})).text(), "int4 by row");
    EXPECT_EQ(must(changed("w8a16", {.shared = {}, .group = 64})).text(), "int8 by groups of 64");
    testing::expect_refused(changed("MXFP4", {.shared = "channel"}), Code::Usage, "MXFP4");
    testing::expect_refused(changed("W8A8", {.shared = {}, .group = 64}), Code::Usage, "groups");
    testing::expect_refused(changed("FP8", {.shared = {}, .group = 0, .symmetric = false}),
                            Code::Usage, "floats");
}

TEST(Grid, CodesStandForTheirLevels) {
    FolderScheme scheme = *folder_scheme("FP8");
    const Grid e4m3(scheme, *dtype_named("f32"));
    for (int code = 0; code < 256; code++) {
        if ((code & 127) == 127) continue;
        const auto byte = static_cast<std::byte>(code);
        float level = 0;
        dtype_named("f8_e4m3")->decode(&byte, &level, 1);
        EXPECT_EQ(e4m3.code(level), code) << level;
        EXPECT_EQ(e4m3.level(level, {1, 0}), level);
        EXPECT_EQ(e4m3.level(level * 1.01f, {1, 0}), level);
    }
    const Grid e2m1(*folder_scheme("MXFP4"), *dtype_named("f32"));
    const float levels[] = {0, 0.5f, 1, 1.5f, 2, 3, 4, 6};
    for (uint8_t code = 0; code < 8; code++) {
        EXPECT_EQ(e2m1.code(levels[code]), code);
        EXPECT_EQ(e2m1.code(-levels[code]), code + 8);
        EXPECT_EQ(e2m1.level(levels[code] * 1.05f, {1, 0}), levels[code]);
    }
    EXPECT_EQ(e2m1.level(2.5f, {1, 0}), 2);  // halves to even codes
    EXPECT_EQ(e2m1.level(5, {1, 0}), 4);
    EXPECT_EQ(e2m1.level(100, {1, 0}), 6);
}

}  // namespace
}  // namespace linnet
