// Files of every family with one setting changed or one tensor gone: refused with a sentence, or
// run, and never more than that.
#include <gtest/gtest.h>

#include <numeric>

#include "base/testing/temporary.h"
#include "kernels/select.h"
#include "model/testing/tiny.h"

namespace linnet {
namespace {

using namespace linnet::testing;

class Damage : public ::testing::Test {
  protected:
    // Loads what was written and runs some tokens through it, if it can be loaded.
    bool try_model() {
        auto file = Checkpoint::open(path);
        if (!file) return false;
        auto model = Model::load(*file, Math::Fast, pool);
        if (!model) {
            EXPECT_GT(model.error().what.size(), 10u);
            return false;
        }
        const Model& m = **model;
        auto context = std::min<uint32_t>(m.config().context, 64);
        Workspace::Size size{.tokens_max = 8, .outputs_max = 1, .context_max = context};
        constexpr uint64_t sane = 512 << 20;  // an engine would refuse more
        if (Workspace::bytes(m, pool.size(), size) > sane || m.state_floats() > 1 << 24)
            return true;
        Workspace workspace(m, kernels_of(kernel_isas().back()), pool, size);
        auto cache = must(KvCache::make(m.kv_shapes(), 2, KvType::F32));
        const std::vector<uint32_t> pages = {0, 1};
        std::vector<int32_t> tokens(std::min<uint32_t>(5, context));
        std::iota(tokens.begin(), tokens.end(), 0);
        for (int32_t& id : tokens) id %= static_cast<int32_t>(m.config().vocabulary);
        std::vector<float> state(m.state_floats());
        linnet::Run run{.tokens = tokens, .pages = pages, .state = state.data()};
        m.encode({std::span(&run, 1)}, cache, workspace);
        if (m.predicts()) m.forward({std::span(&run, 1)}, cache, workspace);
        return true;
    }

    void write(const Checkpoint& from, const MetadataBuilder& metadata, size_t without) {
        std::vector<TensorPlan> plan;
        for (size_t i = 0; i < from.tensors().size(); i++) {
            const Tensor& tensor = from.tensors()[i];
            if (i != without)
                plan.push_back({std::string(tensor.name), tensor.dtype, tensor.shape});
        }
        auto writer = must(CheckpointWriter::create(path, metadata, plan));
        for (size_t i = 0; i < from.tensors().size(); i++)
            if (i != without) must(writer.append(from.tensors()[i].data));
        must(writer.finish());
    }

    TemporaryFolder folder;
    Path path = folder.path() / "model.gguf";
    ThreadPool pool{1};
};

TEST_F(Damage, IsRefusedOrHarmless) {
    size_t refused = 0, ran = 0;
    for (const auto& family : std::filesystem::directory_iterator(family_folder(""))) {
        auto file = must(Checkpoint::open(family.path() / "model.gguf"));
        const size_t none = file.tensors().size();
        const MetadataBuilder start(file.metadata());
        for (const auto& entry : start.entries()) {
            if (!entry.value.as_uint()) continue;
            for (uint32_t value : {0u, 3u, 64u, 0xFFFFFFFFu}) {
                SCOPED_TRACE(cat(family.path().filename().string(), " ", entry.key, "=", value));
                MetadataBuilder metadata(file.metadata());
                metadata.set(entry.key, value);
                write(file, metadata, none);
                (try_model() ? ran : refused)++;
            }
        }
        // A tensor of each kind is enough; layers are alike.
        for (size_t i = 0; i < none; i += 1 + i / 8) {
            SCOPED_TRACE(
                cat(family.path().filename().string(), " without ", file.tensors()[i].name));
            write(file, MetadataBuilder(file.metadata()), i);
            (try_model() ? ran : refused)++;
        }
    }
    EXPECT_GT(refused, 500u);
    EXPECT_GT(ran, 100u);
}

}  // namespace
}  // namespace linnet
