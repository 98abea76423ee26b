// What commands that run a model share: their options, and the generator that these ask for.
#pragma once

#include <memory>
#include <string>

#include "engine/local_generator.h"
#include "linnet/command.h"

namespace linnet {

class GenerationOptions {
  public:
    void declare_model(Syntax& syntax);     // MODEL's arithmetic, threads and memory
    void declare_sampling(Syntax& syntax);  // and how it answers

    // Loads the model, with a note of how it goes on a slow one.
    Result<std::unique_ptr<LocalGenerator>> open(Context& context, std::string_view model) const;

    // The request without its prompt. What the user left out is what the model's makers recommend,
    // else our defaults.
    Result<GenerationRequest> request(const Checkpoint& checkpoint) const;

    bool stats = false;

  private:
    Result<AnswerForm> form() const;
    std::string math_ = "fast", kv_ = "f16", isa_;
    std::optional<double> temperature_, top_p_, min_p_, typical_p_, top_n_sigma_;
    std::optional<int64_t> top_k_;
    double repetition_ = 1, frequency_ = 0, presence_ = 0, dry_ = 0, xtc_ = 0, mirostat_ = 0;
    std::optional<uint64_t> seed_;
    uint64_t tokens_max_ = 0;
    std::vector<std::string> stop_;
    std::string json_schema_, grammar_, regex_;
};

// Speed and counts of one answer, for --json and for people.
Json stats_document(const RunStats& stats);
std::string stats_line(const RunStats& stats);

}  // namespace linnet
