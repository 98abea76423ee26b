// The engine of this machine. engine.cc has how it serves, local_engine.cc how it is made within
// the memory there is.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "engine/adapter_roots.h"
#include "engine/drafter.h"
#include "engine/engine.h"
#include "engine/pages.h"
#include "engine/sequence.h"
#include "engine/snapshots.h"

namespace linnet {

class LocalEngine final : public Engine {
  public:
    LocalEngine(std::shared_ptr<const Model> model, const Kernels& kernels, Clock& clock,
                EngineOptions options, KvCache cache);
    ~LocalEngine() override;
    // With a drafter, whose model works with the engine's threads, it begins to serve.
    Result<> begin(const Kernels& kernels);

    static Workspace::Size workspace_size(const EngineOptions& options);
    static DraftModel::Size draft_size(const EngineOptions& options);
    // A sequence has its state, and a copy at the last full page.
    static uint64_t state_bytes(const Model& model, const EngineOptions& options);

    Result<std::unique_ptr<TokenStream>> submit(TokenRequest request) override;
    Result<CacheState> save(std::vector<int32_t> tokens, const Adapters& adapters) override;
    Result<> restore(CacheState state, const Adapters& adapters) override;
    const EngineOptions& options() const override { return options_; }
    const Model& model() const override { return *model_; }
    uint32_t context() const override { return options_.context; }
    uint64_t memory_bytes() const override;

  private:
    using SequencePtr = std::unique_ptr<Sequence>;
    // A request, or something else that only the engine's thread may do.
    struct Posted {
        SequencePtr sequence;
        std::function<void()> task;
    };
    template <class T>
    Result<T> on_thread(const Adapters& adapters, std::function<Result<T>(CacheParts)> work);
    void take(Posted posted);
    void serve();
    void serve_requests();
    void admit();
    bool start(Sequence& sequence);
    bool take_pages(Sequence& sequence);
    void release_pages(Sequence& sequence);
    void step();
    size_t chunk_of(const Sequence& sequence, size_t budget) const;
    size_t guesses_for(const Sequence& sequence, size_t room) const;
    void advance_guesses(Sequence& sequence, float* rows);
    void advance(Sequence& sequence, size_t tokens, std::span<float> logits);
    void shift(Sequence& sequence);
    void remember_pages(Sequence& sequence);
    void restore_state(Sequence& sequence);
    void remember_state(Sequence& sequence);
    void settle();
    void finish(Sequence& sequence, FinishReason reason);

    std::shared_ptr<const Model> model_;
    Clock& clock_;
    EngineOptions options_;
    ThreadPool pool_;
    KvCache cache_;
    PagePool pages_;
    Snapshots snapshots_;
    AdapterRoots adapter_roots_;
    Workspace workspace_;
    std::optional<Drafter> drafter_;
    BoundedQueue<Posted> waiting_;
    SequencePtr next_;  // taken from the queue, and still without pages
    std::vector<SequencePtr> running_;
    std::vector<Run> runs_;
    std::vector<Sequence*> in_batch_;
    size_t prompt_turn_ = 0;
    std::atomic<bool> stopping_ = false;
    std::jthread thread_;  // last: it uses all of the above
};

}  // namespace linnet
