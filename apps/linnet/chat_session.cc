#include "linnet/chat_session.h"

#include "base/text.h"
#include "linnet/generation.h"
#include "linnet/signals.h"

namespace linnet {
namespace {

constexpr uint64_t conversation_bytes_max = 64 << 20;

constexpr std::string_view help_text =
    "/system TEXT   what the model shall be; alone: forget it\n"
    "/set KEY VALUE temp, top_k, top_p, min_p, seed, tokens, think (show, hide, off); alone: tell "
    "all\n"
    "/save FILE     keep the conversation; /load FILE brings it back\n"
    "/reset         forget the conversation\n"
    "/stats         what was computed so far, and how fast\n"
    "/help          this; /bye or Ctrl-D ends\n"
    "\"\"\"            begins and ends a message of several lines\n"
    "Ctrl-C         stops an answer\n";

struct Number {
    std::string_view name;
    float Sampling::* value;
};
constexpr Number numbers[] = {
    {"temp", &Sampling::temperature},
    {"top_p", &Sampling::top_p},
    {"min_p", &Sampling::min_p},
};

}  // namespace

void ChatSession::set_system(std::string text) {
    if (!messages_.empty() && messages_[0].role == "system") messages_.erase(messages_.begin());
    if (!text.empty())
        messages_.insert(messages_.begin(), Message{.role = "system", .content = std::move(text)});
}

Result<> ChatSession::ask(std::string question) {
    messages_.push_back({.role = "user", .content = std::move(question)});
    GenerationRequest request = defaults_;
    Conversation conversation{messages_, Json(), {}};
    if (thinking == Thinking::Off) conversation.enable_thinking = false;
    request.prompt = std::move(conversation);
    auto generation = generator_.start(std::move(request));
    if (!generation) {
        messages_.pop_back();
        return std::move(generation).error();
    }
    Message answer{.role = "assistant", .content = ""};
    for (;;) {
        auto event = (*generation)->next(context_.cancel);
        if (!event && event.error().code == Code::Interrupted &&
            Signals::forgive_interrupt(context_.cancel))
            break;
        if (!event || !*event) {
            messages_.pop_back();
            if (!event) return std::move(event).error();
            break;
        }
        for (const OutputEvent& part : (*event)->parts) {
            bool reasons = part.kind == OutputEvent::Kind::Reasoning;
            (reasons ? answer.reasoning : answer.content) += part.text;
            if (!reasons)
                context_.output.print(part.text);
            else if (thinking == Thinking::Show)
                context_.output.print(context_.output.paint(Style::Dim, part.text));
        }
        context_.output.flush();
        if (!(*event)->finish) continue;
        const RunStats& stats = (*event)->stats;
        total_.prompt_tokens += stats.prompt_tokens;
        total_.cached_tokens += stats.cached_tokens;
        total_.answer_tokens += stats.answer_tokens;
        total_.prompt_s += stats.prompt_s;
        total_.answer_s += stats.answer_s;
        answers_++;
        if (show_stats) context_.output.note(cat("\n", stats_line(stats)));
        break;
    }
    context_.output.line();
    if (answer.content.empty() && answer.reasoning.empty())
        messages_.pop_back();
    else
        messages_.push_back(std::move(answer));
    return Done{};
}

Result<bool> ChatSession::command(std::string_view line) {
    size_t space = std::min(line.find(' '), line.size());
    std::string_view word = line.substr(0, space), rest = trim(line.substr(space));
    auto path = [&] { return expand_home(rest, context_.paths.home); };
    if (word == "/bye" || word == "/exit" || word == "/quit") return false;
    if (word == "/help" || word == "/?") {
        context_.output.print(help_text);
    } else if (word == "/system") {
        set_system(std::string(rest));
        context_.output.note(rest.empty() ? "The system prompt is gone."
                                          : "The system prompt is set.");
    } else if (word == "/reset") {
        std::erase_if(messages_, [](const Message& message) { return message.role != "system"; });
        context_.output.note("The conversation is forgotten.");
    } else if (word == "/set") {
        TRY(set(rest));
    } else if (word == "/stats") {
        tell_stats();
    } else if ((word == "/save" || word == "/load") && rest.empty()) {
        return Error{Code::Usage, cat(word, " needs a file"), cat(word, " FILE")};
    } else if (word == "/save") {
        TRY(save(path()));
    } else if (word == "/load") {
        TRY(load(path()));
    } else {
        std::vector<std::string> known = {"/system", "/set",   "/save", "/load",
                                          "/reset",  "/stats", "/help", "/bye"};
        auto meant = closest(word, known);
        return Error{Code::Usage, cat("there is no command ", printable(word)),
                     meant ? *meant : "/help"};
    }
    return true;
}

Result<> ChatSession::set(std::string_view rest) {
    if (rest.empty()) {
        tell_settings();
        return Done{};
    }
    size_t space = std::min(rest.find(' '), rest.size());
    std::string_view key = rest.substr(0, space), value = trim(rest.substr(space));
    GenerationRequest changed = defaults_;
    auto number = parse_number(value);
    auto whole = parse_integer<uint64_t>(value);
    Error wrong{Code::Usage, cat("'", printable(value), "' is no value for ", printable(key)),
                "/set tells all"};
    if (key == "think") {
        if (value != "show" && value != "hide" && value != "off") return wrong;
        thinking = value == "show"   ? Thinking::Show
                   : value == "hide" ? Thinking::Hide
                                     : Thinking::Off;
        return Done{};
    }
    if (key == "top_k" || key == "seed" || key == "tokens") {
        if (!whole || (key != "seed" && *whole > 1 << 24)) return wrong;
        if (key == "top_k") changed.sampling.top_k = static_cast<uint32_t>(*whole);
        if (key == "seed") changed.sampling.seed = *whole;
        if (key == "tokens") changed.tokens_max = static_cast<uint32_t>(*whole);
    } else {
        auto row = std::ranges::find(numbers, key, &Number::name);
        if (row == std::end(numbers))
            return Error{Code::Usage, cat("there is no setting ", printable(key)),
                         "/set tells all"};
        if (!number) return wrong;
        changed.sampling.*row->value = static_cast<float>(*number);
    }
    TRY(changed.sampling.validate());
    defaults_ = std::move(changed);
    return Done{};
}

void ChatSession::tell_settings() const {
    const Sampling& s = defaults_.sampling;
    Table table;
    for (const Number& row : numbers)
        table.rows.push_back({std::string(row.name), fixed(s.*row.value, 2)});
    table.rows.push_back({"top_k", cat(s.top_k)});
    table.rows.push_back({"seed", cat(s.seed)});
    table.rows.push_back({"tokens", defaults_.tokens_max == 0 ? "what the context holds"
                                                              : cat(defaults_.tokens_max)});
    table.rows.push_back({"think", thinking == Thinking::Show   ? "show"
                                   : thinking == Thinking::Hide ? "hide"
                                                                : "off"});
    context_.output.table(table);
}

void ChatSession::tell_stats() const {
    context_.output.line(cat(answers_, " answers, ", messages_.size(), " messages, context of ",
                             generator_.context(), " tokens"));
    if (answers_ > 0) context_.output.line(stats_line(total_));
}

Result<> ChatSession::save(const Path& path) const {
    Json list = Json::array();
    for (const Message& message : messages_) {
        Json item = Json::object({{"role", message.role}, {"content", message.content}});
        if (!message.reasoning.empty()) item.set("reasoning", message.reasoning);
        list.push(std::move(item));
    }
    TRY(write_file_atomic(path, Json::object({{"messages", std::move(list)}}).pretty() + "\n"));
    context_.output.note(cat("Saved ", messages_.size(), " messages to ", path, "."));
    return Done{};
}

Result<> ChatSession::load(const Path& path) {
    std::string text = TRY(read_file(path, conversation_bytes_max));
    auto document = Json::parse(text);
    if (!document) return std::move(document).error().within(cat(path));
    const Json* list = document->find("messages");
    if (!list || !list->is_array())
        return Error{Code::BadInput,
                     cat(path, " is no saved conversation: it has no list of messages")};
    std::vector<Message> messages;
    for (const Json& item : *list->as_array()) {
        Message message{.role = item.string_or("role", ""),
                        .content = item.string_or("content", ""),
                        .reasoning = item.string_or("reasoning", "")};
        if (message.role.empty())
            return Error{Code::BadInput,
                         cat(path, ": message ", messages.size() + 1, " has no role")};
        messages.push_back(std::move(message));
    }
    messages_ = std::move(messages);
    context_.output.note(cat("Loaded ", messages_.size(), " messages."));
    return Done{};
}

}  // namespace linnet
