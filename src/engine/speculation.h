// Guesses of what comes next, so that one step of the model can compute several tokens. The engine
// keeps as much of a guess as the model then chooses by itself, so guesses change how fast an
// answer comes and nothing else.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace linnet {

class Model;

struct Speculation {
    // Looking up what followed the last tokens when they came before, in prompt and answer (Saxena
    // 2023). Auto guesses more where guesses come true, and less where not.
    enum class Lookup { Off, Auto, Always };
    Lookup lookup = Lookup::Auto;
    size_t drafted_max = 8;  // tokens of one guess
    // A smaller model that guesses where nothing is found (Leviathan et al. 2023). Its tokens mean
    // what the model's mean.
    std::shared_ptr<const Model> draft{};

    bool guesses() const { return drafted_max > 0 && (lookup != Lookup::Off || draft); }
};

// What followed the longest earlier run of tokens that ends like all of them, at least
// `matched_min` long; of equally long ones the latest. Repeats itself where it reaches the end.
std::vector<int32_t> look_up(std::span<const int32_t> tokens, size_t matched_min, size_t most);

// How long guesses of one kind are for one sequence, by how many came true. A step with 8 guessed
// tokens costs about twice one without, so a single hit nearly pays for it, and guesses that never
// come true become rare.
class DraftLength {
  public:
    DraftLength(size_t most, bool adapts) : most_(most), adapts_(adapts), length_(most) {}

    size_t next();  // tokens to guess in this step; 0 while guessing rests
    void observe(size_t drafted, size_t accepted);

  private:
    size_t most_;
    bool adapts_;
    size_t length_;
    size_t misses_ = 0;  // in a row
    size_t rest_ = 0;    // steps
};

}  // namespace linnet
