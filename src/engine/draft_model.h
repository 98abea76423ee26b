// A small model that guesses what a larger one will say. Keeps the keys and values of as many
// sequences as the engine runs, each in a place of its own. Not thread-safe; the engine owns it.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "model/model.h"

namespace linnet {

class DraftModel {
  public:
    struct Size {
        uint32_t context = 0;
        size_t sequences_max = 1;
        KvType kv = KvType::I16;
    };
    static Result<std::unique_ptr<DraftModel>> make(std::shared_ptr<const Model> model,
                                                    const Kernels& kernels, ThreadPool& pool,
                                                    Size size);
    static uint64_t bytes(const Model& model, size_t threads, Size size);

    // A place for a sequence: of those that are free, the one that knows most of its beginning.
    size_t take(std::span<const int32_t> tokens);
    void release(size_t place) { places_[place].taken = false; }

    // The most likely tokens behind these, at most `most`; fewer where the model is not sure, and
    // none while it still reads what came before: a step reads a part, so that nobody waits long.
    std::vector<int32_t> guess(size_t place, std::span<const int32_t> tokens, size_t most);

  private:
    struct Place {
        std::vector<int32_t> tokens;  // whose keys and values are in the cache
        std::vector<uint32_t> pages;
        bool taken = false;
    };
    DraftModel(std::shared_ptr<const Model> model, const Kernels& kernels, ThreadPool& pool,
               Size size, KvCache cache);
    static Workspace::Size workspace_size(Size size);
    std::span<const float> read(Place& place, std::span<const int32_t> tokens, bool logits);

    std::shared_ptr<const Model> model_;
    uint32_t context_;
    KvCache cache_;
    Workspace workspace_;
    std::vector<Place> places_;
};

// Usage where the two vocabularies differ, with the first token that does: what one model guesses
// would mean something else to the other.
Result<> check_same_vocabulary(const Checkpoint& model, const Checkpoint& draft);

}  // namespace linnet
