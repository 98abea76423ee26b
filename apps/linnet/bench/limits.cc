#include "linnet/bench/limits.h"

#include <algorithm>
#include <map>

#include "base/json.h"
#include "kernels/packed.h"
#include "measure/bandwidth.h"

namespace linnet {
namespace {

// The best of some runs: others can only make one slower.
class ProductsMeter {
  public:
    ProductsMeter(const Kernels& kernels, Clock& clock) : kernels_(kernels), clock_(clock) {
        lines_.resize(128);
        x_.resize(kernels.tokens_of_round() * 32);
        for (size_t i = 0; i < lines_.size(); i++) lines_[i] = static_cast<uint8_t>(i * 7 % 64);
        // Of each 32 the second half undoes the first, so that no sum grows.
        for (size_t i = 0; i < x_.size(); i++) {
            auto value = static_cast<int8_t>(i * 11 % 16 % 13 + 1);
            x_[i] = i % 32 < 16 ? value : static_cast<int8_t>(-x_[i - 16]);
        }
    }

    double per_second(size_t threads, const Cancel& cancel) {
        constexpr double run_s = 0.01;
        constexpr size_t rounds_max = 1 << 26;
        ThreadPool pool(threads);
        sums_.assign(threads, 0);
        size_t rounds = 64;
        while (seconds(pool, rounds) < run_s && rounds < rounds_max) rounds *= 2;
        double best = 0;
        for (int run = 0; run < 12 && !cancel.requested(); run++) {
            double spent = seconds(pool, rounds);
            auto products = static_cast<double>(rounds * kernels_.products_per_round * threads);
            if (spent > 0) best = std::max(best, products / spent);
        }
        return best;
    }

  private:
    double seconds(ThreadPool& pool, size_t rounds) {
        double began = 0, ended = 0;
        pool.run([&](size_t worker) {
            pool.barrier();
            if (worker == 0) began = clock_.now_s();
            sums_[worker] += kernels_.byte_products(lines_.data(), x_.data(), rounds);
            pool.barrier();
            if (worker == 0) ended = clock_.now_s();
        });
        return ended - began;
    }

    const Kernels& kernels_;
    Clock& clock_;
    std::vector<uint8_t> lines_;
    std::vector<int8_t> x_;
    std::vector<float> sums_;  // kept, so that nothing is optimized away
};

bool is_one_of(std::string_view name, std::initializer_list<std::string_view> names) {
    return std::ranges::find(names, name) != names.end();
}

bool is_embedding(std::string_view name) {
    return is_one_of(name, {"token_embd.weight", "model.embed_tokens.weight", "wte.weight",
                            "transformer.wte.weight"});
}

bool is_head(std::string_view name) {
    return is_one_of(name, {"output.weight", "lm_head.weight"});
}

bool is_looked_up(std::string_view name) {
    return is_embedding(name) || is_one_of(name, {"position_embd.weight", "token_types.weight",
                                                  "wpe.weight", "transformer.wpe.weight"});
}

// Of the experts of a layer, the share that a token meets.
double expert_share(const Checkpoint& checkpoint) {
    std::optional<double> all, used;
    if (checkpoint.format() == Format::Gguf) {
        auto architecture = checkpoint.metadata().string_of("general.architecture").value_or("");
        all = checkpoint.metadata().double_of(cat(architecture, ".expert_count"));
        used = checkpoint.metadata().double_of(cat(architecture, ".expert_used_count"));
    } else if (auto config = checkpoint.document("config.json")) {
        for (const char* key : {"num_local_experts", "num_experts"})
            if (const Json* value = config->find(key)) all = value->as_double();
        if (const Json* value = config->find("num_experts_per_tok")) used = value->as_double();
    }
    return all && used && *all > 0 ? std::min(*used / *all, 1.0) : 1;
}

}  // namespace

Result<std::vector<MachineLimit>> measure_limits(std::span<const size_t> threads,
                                                 const Kernels& kernels, const Machine& machine,
                                                 Clock& clock, const Cancel& cancel) {
    auto bandwidth = measure_bandwidth({.threads_max = std::ranges::max(threads),
                                        .cache_bytes = machine.processor.cache_bytes(),
                                        .memory_usable = machine.memory.usable()},
                                       clock, cancel);
    if (!bandwidth && bandwidth.error().code != Code::NoFit) return std::move(bandwidth).error();
    ProductsMeter products(kernels, clock);
    std::vector<MachineLimit> out;
    for (size_t count : threads) {
        MachineLimit limit{.threads = count,
                           .bytes_per_second = {},
                           .products_per_second = products.per_second(count, cancel)};
        TRY(cancel.check());
        if (!out.empty())  // more threads could always leave some idle
            limit.products_per_second =
                std::max(limit.products_per_second, out.back().products_per_second);
        if (bandwidth)
            for (const BandwidthPoint& point : bandwidth->points)
                if (point.threads <= count)
                    limit.bytes_per_second =
                        std::max(limit.bytes_per_second.value_or(0), point.bytes_per_second);
        out.push_back(limit);
    }
    return out;
}

TokenWork work_per_token(const Checkpoint& checkpoint, Math math) {
    TokenWork work;
    std::map<std::string_view, double> by_type;
    bool tied = std::ranges::none_of(checkpoint.tensors(),
                                     [](const Tensor& tensor) { return is_head(tensor.name); });
    const double experts = expert_share(checkpoint);
    for (const Tensor& tensor : checkpoint.tensors()) {
        bool head = is_head(tensor.name) || (tied && is_embedding(tensor.name));
        if (tensor.shape.rank() < 2 || (is_looked_up(tensor.name) && !head)) continue;
        bool of_expert = tensor.name.find("_exps.") != tensor.name.npos ||
                         tensor.name.find(".experts.") != tensor.name.npos;
        double share = of_expert ? experts : 1;
        double products = share * static_cast<double>(tensor.shape.values().value_or(0));
        work.bytes += share * static_cast<double>(tensor.data.size());
        if (head) continue;
        work.products += products;
        by_type[tensor.dtype->name] += products;
    }
    double in_integers = 0;
    for (auto [type, products] : by_type)
        if (math == Math::Fast && packing_of(type)) in_integers += products;
    work.in_integers = in_integers > work.products / 2;
    return work;
}

}  // namespace linnet
