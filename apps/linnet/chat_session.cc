#include "linnet/chat_session.h"

#include "base/text.h"
#include "linnet/answer_meter.h"
#include "linnet/answer_printer.h"
#include "linnet/input.h"
#include "linnet/signals.h"

namespace linnet {

Result<> ChatSession::ask(std::string question) {
    messages_.push_back({.role = "user", .content = std::move(question)});
    tries_ = 0;
    return answer();
}

Result<> ChatSession::regenerate() {
    std::vector<Message> before = messages_;
    while (!messages_.empty() && messages_.back().role == "assistant") messages_.pop_back();
    if (messages_.size() < opening_.size() || messages_.empty() ||
        messages_.back().role != "user") {
        messages_ = std::move(before);
        return Error{Code::Usage, "nothing was asked yet"};
    }
    tries_++;
    auto answered = answer();
    bool taken_back = messages_.size() < before.size();
    if (!answered || taken_back) messages_ = std::move(before);
    return answered;
}

bool ChatSession::undo() {
    size_t last = messages_.size();
    while (last > 0 && messages_[last - 1].role != "user") last--;
    if (last == 0) return false;
    messages_.resize(last - 1);
    return true;
}

void ChatSession::reset() {
    std::string kept = system();
    messages_ = opening_;
    set_system(std::move(kept));
}

void ChatSession::set_system(std::string text) {
    if (!messages_.empty() && messages_[0].role == "system") messages_.erase(messages_.begin());
    if (!text.empty())
        messages_.insert(messages_.begin(), Message{.role = "system", .content = std::move(text)});
}

std::string ChatSession::system() const {
    return !messages_.empty() && messages_[0].role == "system" ? messages_[0].content : "";
}

GenerationRequest ChatSession::next_request() const {
    GenerationRequest request = settings.request;
    request.sampling.seed += tries_;
    Conversation conversation{messages_, Json(), {}};
    if (settings.thinking == Thinking::Off) conversation.enable_thinking = false;
    request.prompt = std::move(conversation);
    return request;
}

// Of the question that stands last.
Result<> ChatSession::answer() {
    AnswerMeter meter(context_.clock, settings.show_stats ? AnswerMeter::Energy::Measured
                                                          : AnswerMeter::Energy::Ignored);
    auto generation = generator_.start(next_request());
    if (!generation) {
        messages_.pop_back();
        if (generation.error().code != Code::NoFit) return std::move(generation).error();
        return std::move(generation)
            .error()
            .advise("/undo or /reset makes room, and so does starting with a larger --context");
    }
    AnswerPrinter printer(context_.output, settings.thinking);
    std::optional<RunStats> stats;
    for (;;) {
        auto event = (*generation)->next(context_.cancel);
        bool stopped = !event && event.error().code == Code::Interrupted && stdin_is_terminal() &&
                       Signals::forgive_interrupt(context_.cancel);
        if (stopped) break;
        if (!event) {
            messages_.pop_back();
            return std::move(event).error();
        }
        if (!*event) break;
        meter.sample(**event);
        printer.show(**event);
        if ((*event)->finish) stats = (*event)->stats;
    }
    printer.end_line();
    if (stats) count(*stats);
    if (stats && settings.show_stats) context_.output.note(meter.line(*stats));
    if (printer.text().empty() && printer.reasoning().empty())
        messages_.pop_back();
    else
        messages_.push_back(
            {.role = "assistant", .content = printer.text(), .reasoning = printer.reasoning()});
    return Done{};
}

void ChatSession::count(const RunStats& stats) {
    RunStats& total = totals_.stats;
    total.prompt_tokens += stats.prompt_tokens;
    total.cached_tokens += stats.cached_tokens;
    total.answer_tokens += stats.answer_tokens;
    total.prompt_s += stats.prompt_s;
    total.answer_s += stats.answer_s;
    total.first_token_s = stats.first_token_s;
    totals_.answers++;
}

}  // namespace linnet
