#include "linnet/answer_meter.h"

#include "base/memory.h"
#include "base/text.h"

namespace linnet {
namespace {

constexpr double sample_every_s = 0.2;

double per_second(size_t count, double seconds) {
    return seconds > 0 ? static_cast<double>(count) / seconds : 0;
}

// Tokens that had to be computed before the first one of the answer, and those behind that one.
struct Computed {
    explicit Computed(const RunStats& s)
        : prompt(s.prompt_tokens - s.cached_tokens),
          answer(s.answer_tokens > 0 ? s.answer_tokens - 1 : 0) {}
    size_t prompt, answer;
};

}  // namespace

AnswerMeter::AnswerMeter(Clock& clock, Energy energy, Tree tree)
    : clock_(clock), tree_(std::move(tree)) {
    if (energy == Energy::Measured) energy_.emplace(EnergyMeter::of(tree_, clock));
    if (energy_ && !energy_->works()) energy_.reset();
}

void AnswerMeter::sample(const GenerationEvent& event) {
    double now_s = clock_.now_s();
    if (!energy_ || (!event.finish && now_s - sampled_s_ < sample_every_s)) return;
    sampled_s_ = now_s;
    energy_->sample();
}

Json AnswerMeter::document(const RunStats& s) const {
    Computed computed(s);
    return Json::object({{"prompt_tokens", s.prompt_tokens},
                         {"cached_tokens", s.cached_tokens},
                         {"completion_tokens", s.answer_tokens},
                         {"drafted_tokens", s.drafted_tokens},
                         {"accepted_tokens", s.accepted_tokens},
                         {"dropped_tokens", s.dropped_tokens},
                         {"prefill_tps", per_second(computed.prompt, s.prompt_s)},
                         {"decode_tps", per_second(computed.answer, s.answer_s)},
                         {"first_token_s", s.first_token_s},
                         {"total_s", s.queued_s + s.prompt_s + s.answer_s},
                         {"peak_memory_bytes", peak_memory()},
                         {"energy_j", energy_ ? Json(energy_->joules()) : Json()},
                         {"energy_source", energy_ ? energy_->source() : ""}});
}

std::string AnswerMeter::line(const RunStats& stats) const {
    if (!energy_) return stats_line(stats);
    return cat(stats_line(stats), "; energy ", fixed(energy_->joules(), 1), " J by ",
               energy_->source());
}

std::string stats_line(const RunStats& s) {
    Computed computed(s);
    return cat("prompt ", s.prompt_tokens, " tokens",
               s.cached_tokens > 0 ? cat(" (", s.cached_tokens, " cached)") : "", ", ",
               fixed(per_second(computed.prompt, s.prompt_s), 0), " t/s; answer ", s.answer_tokens,
               " tokens, ", fixed(per_second(computed.answer, s.answer_s), 1), " t/s",
               s.drafted_tokens > 0
                   ? cat(" (", s.accepted_tokens, " of ", s.drafted_tokens, " guesses right)")
                   : "",
               s.dropped_tokens > 0 ? cat("; ", s.dropped_tokens, " old tokens forgotten") : "",
               "; first token after ", fixed(s.first_token_s * 1000, 0), " ms; memory ",
               bytes_text(peak_memory()));
}

}  // namespace linnet
