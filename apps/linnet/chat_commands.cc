#include "linnet/chat_commands.h"

#include <algorithm>

#include "base/text.h"
#include "linnet/answer_meter.h"
#include "linnet/conversation_file.h"
#include "linnet/external_editor.h"

namespace linnet {
namespace {

// What /set takes besides the parameters of the table.
constexpr std::string_view more_settings[] = {"tokens", "seed", "think", "think_budget"};
constexpr uint64_t tokens_max = 1 << 24;

std::pair<std::string_view, std::string_view> cut_word(std::string_view text) {
    size_t space = std::min(text.find(' '), text.size());
    return {text.substr(0, space), trim(text.substr(space))};
}

std::string count_text(uint64_t count, std::string_view at_zero) {
    return count == 0 ? std::string(at_zero) : cat(count);
}

}  // namespace

std::span<const ChatCommands::Row> ChatCommands::table() {
    static constexpr Row rows[] = {
        {"/system", "TEXT", "what the model shall be; alone: nothing", &ChatCommands::system},
        {"/set", "NAME VALUE", "change how it answers; alone: tell all", &ChatCommands::set},
        {"/lora", "N SCALE", "how strongly adapter N counts, 0: not at all; alone: tell all",
         &ChatCommands::lora},
        {"/show", "", "the model, the system prompt and how it answers", &ChatCommands::show},
        {"/save", "NAME", "keep the conversation, under a name or in FILE.json",
         &ChatCommands::save},
        {"/load", "NAME", "bring it back; alone: tell which there are", &ChatCommands::load},
        {"/reset", "", "forget the conversation", &ChatCommands::reset},
        {"/regenerate", "", "have the last answer once more, another one",
         &ChatCommands::regenerate},
        {"/undo", "", "take the last question and its answer back", &ChatCommands::undo},
        {"/edit", "", "change the last question in your editor, and ask it again",
         &ChatCommands::edit},
        {"/stats", "", "what was computed so far, and how fast", &ChatCommands::stats},
        {"/help", "", "this", &ChatCommands::help},
        {"/bye", "", "end; so does Ctrl-D", &ChatCommands::bye},
    };
    return rows;
}

Result<bool> ChatCommands::run(std::string_view line) {
    auto [word, rest] = cut_word(trim(line));
    if (word == "/exit" || word == "/quit") word = "/bye";
    if (word == "/?") word = "/help";
    auto row = std::ranges::find(table(), word, &Row::name);
    if (row != table().end()) {
        TRY((this->*row->run)(rest));
        return !over_;
    }
    std::vector<std::string> known;
    for (const Row& each : table()) known.emplace_back(each.name);
    auto meant = closest(word, known);
    return Error{Code::Usage, cat("there is no command ", printable(word, 100)),
                 meant ? *meant : "/help tells which there are"};
}

std::vector<std::string> ChatCommands::complete(std::string_view before) const {
    std::vector<std::string> out;
    if (!before.starts_with('/')) return out;
    size_t space = before.find(' ');
    if (space != before.npos) return values_for(before.substr(0, space), before);
    for (const Row& row : table())
        if (row.name.starts_with(before))
            out.push_back(cat(row.name, row.value_name.empty() ? "" : " "));
    return out;
}

std::vector<std::string> ChatCommands::values_for(std::string_view name,
                                                  std::string_view before) const {
    std::vector<std::string> values;
    if (name == "/load" || name == "/save") values = conversation_names(context_.paths);
    if (name == "/set") {
        for (const ParameterRow& row : parameter_table()) values.push_back(cat(row.name, " "));
        for (std::string_view more : more_settings) values.push_back(cat(more, " "));
        for (std::string_view how : {"show", "hide", "off"}) values.push_back(cat("think ", how));
    }
    std::vector<std::string> out;
    for (const std::string& value : values) {
        std::string whole = cat(name, " ", value);
        // "/set think" first completes to "/set think ", and only then to its values.
        bool deeper = std::ranges::count(whole, ' ') > std::ranges::count(before, ' ') + 1;
        bool is_value = name == "/set" && !value.ends_with(' ');
        if (whole.starts_with(before) && !(is_value && deeper)) out.push_back(whole);
    }
    return out;
}

Result<> ChatCommands::system(std::string_view text) {
    session_.set_system(std::string(text));
    context_.output.note(text.empty() ? "The system prompt is gone." : "The system prompt is set.");
    return Done{};
}

Result<> ChatCommands::set(std::string_view rest) {
    if (rest.empty()) return show("");
    auto [key, value] = cut_word(rest);
    ChatSession::Settings& settings = session_.settings;
    Error wrong{Code::Usage, cat("'", printable(value, 100), "' is no value for ", printable(key)),
                "/set tells all"};
    if (key == "think") {
        auto thinking = parse_thinking(value);
        if (!thinking) return std::move(wrong).advise("show, hide or off");
        settings.thinking = *thinking;
        return Done{};
    }
    if (std::ranges::find(more_settings, key) != std::end(more_settings)) {
        auto count = parse_integer<uint64_t>(value);
        bool none = key == "think_budget" && value == "none";
        if (!none && (!count || (key != "seed" && *count > tokens_max))) return wrong;
        if (key == "seed") settings.request.sampling.seed = *count;
        if (key == "tokens") settings.request.tokens_max = static_cast<uint32_t>(*count);
        if (key == "think_budget") settings.request.reasoning_max.reset();
        if (key == "think_budget" && !none)
            settings.request.reasoning_max = static_cast<uint32_t>(*count);
        return Done{};
    }
    const ParameterRow* row = find_parameter(key);
    if (!row) {
        std::vector<std::string> known(std::begin(more_settings), std::end(more_settings));
        for (const ParameterRow& each : parameter_table()) known.emplace_back(each.name);
        auto meant = closest(key, known);
        return Error{Code::Usage, cat("there is no setting ", printable(key, 100)),
                     meant ? cat("/set ", *meant, " VALUE") : "/set tells all"};
    }
    auto number = parse_number(value);
    if (!number) return wrong;
    TRY(check_parameter(*row, *number));
    settings.parameters.set(*row, *number, ParameterOrigin::Command);
    settings.parameters.apply(settings.request.sampling);
    return Done{};
}

Result<> ChatCommands::lora(std::string_view rest) {
    ChatSession::Settings& settings = session_.settings;
    Adapters& adapters = settings.request.adapters;
    if (adapters.empty())
        return Error{Code::Usage, "there are no adapters", "start with --lora PATH"};
    if (rest.empty()) {
        Table table;
        for (size_t i = 0; i < adapters.size(); i++)
            table.rows.push_back(
                {cat(i + 1), printable(settings.adapters[i]), cat(adapters[i].scale)});
        context_.output.table(table);
        return Done{};
    }
    auto [number, value] = cut_word(rest);
    auto place = parse_integer<size_t>(number);
    if (!place || *place == 0 || *place > adapters.size())
        return Error{
            Code::Usage,
            cat("'", printable(number, 100), "' is none of the ", adapters.size(), " adapters"),
            "/lora tells all"};
    adapters[*place - 1].scale = TRY(parse_adapter_scale(value));
    return Done{};
}

Result<> ChatCommands::show(std::string_view) {
    const ChatSession::Settings& settings = session_.settings;
    std::string system = session_.system();
    Table table;
    table.rows.push_back({"model", printable(settings.model), ""});
    table.rows.push_back({"system", system.empty() ? "none" : printable(system, 400), ""});
    for (const ParameterRow& row : parameter_table()) {
        auto [value, origin] = settings.parameters.of(row);
        table.rows.push_back(
            {std::string(row.name), parameter_text(row, value), std::string(origin_name(origin))});
    }
    const GenerationRequest& request = settings.request;
    table.rows.push_back({"seed", cat(request.sampling.seed), ""});
    table.rows.push_back({"tokens", count_text(request.tokens_max, "what the context holds"), ""});
    table.rows.push_back({"think", std::string(thinking_name(settings.thinking)), ""});
    table.rows.push_back(
        {"think_budget", request.reasoning_max ? cat(*request.reasoning_max) : "none", ""});
    for (size_t i = 0; i < request.adapters.size(); i++)
        table.rows.push_back(
            {cat("lora ", i + 1), printable(settings.adapters[i]), cat(request.adapters[i].scale)});
    context_.output.table(table);
    return Done{};
}

Result<> ChatCommands::save(std::string_view name) {
    if (name.empty()) return Error{Code::Usage, "/save needs a name", "/save NAME"};
    Path path = TRY(conversation_path(context_.paths, name));
    TRY(save_conversation(path, {session_.settings.model, session_.messages()}));
    context_.output.note(cat("Saved ", session_.messages().size(), " messages to ", path, "."));
    return Done{};
}

Result<> ChatCommands::load(std::string_view name) {
    if (name.empty()) {
        auto names = conversation_names(context_.paths);
        context_.output.line(names.empty() ? "There are none yet: /save NAME keeps one."
                                           : join(names, "\n"));
        return Done{};
    }
    Path path = TRY(conversation_path(context_.paths, name));
    SavedConversation saved = TRY(load_conversation(path));
    session_.set_messages(std::move(saved.messages));
    context_.output.note(cat("Loaded ", session_.messages().size(), " messages."));
    return Done{};
}

Result<> ChatCommands::reset(std::string_view) {
    session_.reset();
    context_.output.note("The conversation is forgotten.");
    return Done{};
}

Result<> ChatCommands::regenerate(std::string_view) {
    return session_.regenerate();
}

Result<> ChatCommands::undo(std::string_view) {
    if (!session_.undo()) return Error{Code::Usage, "nothing was asked yet"};
    context_.output.note(cat(session_.messages().size(), " messages are left."));
    return Done{};
}

Result<> ChatCommands::edit(std::string_view) {
    const std::vector<Message>& messages = session_.messages();
    auto last = std::ranges::find(messages.rbegin(), messages.rend(), "user", &Message::role);
    std::string text = TRY(edit_text(context_, last == messages.rend() ? "" : last->content));
    if (trim(text).empty()) return Error{Code::Usage, "the message is empty: nothing is asked"};
    session_.undo();
    return session_.ask(std::move(text));
}

Result<> ChatCommands::stats(std::string_view) {
    const ChatSession::Totals& totals = session_.totals();
    context_.output.line(cat(totals.answers, " answers, ", session_.messages().size(),
                             " messages, context of ", session_.context_tokens(), " tokens"));
    if (totals.answers > 0) context_.output.line(stats_line(totals.stats));
    return Done{};
}

Result<> ChatCommands::help(std::string_view) {
    Table help;
    for (const Row& row : table())
        help.rows.push_back({cat(row.name, row.value_name.empty() ? "" : " ", row.value_name),
                             std::string(row.help)});
    help.rows.push_back({"\"\"\"", "begins and ends a message of several lines"});
    help.rows.push_back({"\\", "at the end of a line: the message goes on"});
    help.rows.push_back({"Tab, Up, Ctrl-R", "complete a command; earlier lines; search in them"});
    help.rows.push_back({"Ctrl-C", "stops an answer; drops the line"});
    context_.output.table(help);
    return Done{};
}

Result<> ChatCommands::bye(std::string_view) {
    over_ = true;
    return Done{};
}

}  // namespace linnet
