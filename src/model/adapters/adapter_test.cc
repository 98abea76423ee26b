#include "model/adapters/adapter.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <filesystem>

#include "base/testing/temporary.h"
#include "kernels/select.h"
#include "model/families/family.h"
#include "model/testing/random_adapter.h"
#include "model/testing/tiny.h"

namespace linnet {
namespace {

using namespace linnet::testing;

std::vector<std::string> tiny_decoders() {
    std::vector<std::string> names;
    ThreadPool pool(1);
    for (const auto& folder : std::filesystem::directory_iterator(family_folder(""))) {
        auto file = must(Checkpoint::open(folder.path() / "model.gguf"));
        if (must(Model::load(file, Math::F32, pool))->predicts())
            names.push_back(folder.path().filename().string());
    }
    std::ranges::sort(names);
    return names;
}

double distance_of(const std::vector<Row>& a, const std::vector<Row>& b) {
    double most = 0;
    for (size_t i = 0; i < a.size(); i++) most = std::max(most, distance(a[i], b[i]));
    return most;
}

// An adapter does what the model does that has it in its weights, for every family, and for a
// folder of the same model as well.
RC_GTEST_PROP(Adapters, AreWhatMergedWeightsAre, ()) {
    static const std::vector<std::string> names = tiny_decoders();
    const std::string name = *rc::gen::elementOf(names);
    const uint64_t rank = *rc::gen::element<uint64_t>(1, 2, 5, 16, 131);
    const double part = *rc::gen::element(1.0, 0.3);
    const uint64_t seed = *rc::gen::arbitrary<uint64_t>();
    RC_TAG(name);
    ThreadPool pool(2);
    TemporaryFolder folder;
    const Path path = folder.path() / "adapter.gguf", merged_path = folder.path() / "merged.gguf";
    auto file = must(Checkpoint::open(family_folder(name) / "model.gguf"));
    auto model = must(Model::load(file, Math::F32, pool));
    RandomAdapter random = RandomAdapter::make(*model, rank, part, seed);
    RC_PRE(!random.updates.empty());
    random.alpha = static_cast<float>(rank) / 2;
    random.write(path, model->config().architecture);
    random.write_merged(file, merged_path);
    auto merged = must(Model::load(must(Checkpoint::open(merged_path)), Math::F32, pool));

    const std::vector<Tokens> prompts = {{5, 9, 3, 33, 60, 7, 8, 12, 40, 41, 42}};
    const std::vector<size_t> chunks = {4};
    const Kernels& kernels = kernels_of(kernel_isas().back());
    auto expected = Runner(merged, kernels, pool, 64).run(prompts, chunks)[0];
    auto run = [&](const std::shared_ptr<const Model>& with) {
        const std::vector<Runner::Adapters> adapters = {{{load_adapter(path, with), 1}}};
        return Runner(with, kernels, pool, 64).run(prompts, chunks, adapters)[0];
    };
    constexpr double bound = 1e-4;  // up to 131 ranks of random numbers, added in another order
    double far = distance_of(run(model), expected);
    if (far > bound) RC_FAIL(cat(name, " rank ", rank, " is off by ", far));

    auto same = must(Model::load(must(Checkpoint::open(family_folder(name) / "model.safetensors")),
                                 Math::F32, pool));
    if (find_family(model->config().architecture)->own_gguf_weights) {
        RC_ASSERT(!Adapter::load(must(AdapterFile::open(path)), same));
        return;
    }
    far = distance_of(run(same), expected);
    if (far > bound) RC_FAIL(cat(name, " as a folder, rank ", rank, ", is off by ", far));
}

}  // namespace
}  // namespace linnet
