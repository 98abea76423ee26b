#include "linnet/conversation_file.h"

#include <algorithm>

#include "base/json.h"
#include "base/text.h"
#include "store/name.h"

namespace linnet {
namespace {

constexpr int64_t version = 1;
constexpr std::string_view ending = ".json";
constexpr std::string_view roles[] = {"system", "user", "assistant"};

Path folder_of(const Paths& paths) {
    return paths.data / "conversations";
}

}  // namespace

Result<Path> conversation_path(const Paths& paths, std::string_view text) {
    if (text.find('/') != text.npos || text.ends_with(ending)) return expand_home(text, paths.home);
    auto name = parse_model_name(text);
    if (!name)
        return Error{Code::Usage, cat("'", printable(text, 200), "' is no name to keep it under"),
                     "use letters, digits and . _ -, or a path that ends in .json"};
    return folder_of(paths) / cat(*name, ending);
}

std::vector<std::string> conversation_names(const Paths& paths) {
    std::vector<std::string> names;
    std::error_code error;
    for (std::filesystem::directory_iterator at(folder_of(paths), error), end; !error && at != end;
         at.increment(error)) {
        std::string name = at->path().stem().string();
        if (at->path().extension() == ending && is_model_name(name)) names.push_back(name);
    }
    std::ranges::sort(names);
    return names;
}

std::string conversation_text(const SavedConversation& conversation) {
    Json list = Json::array();
    for (const Message& message : conversation.messages) {
        Json item = Json::object({{"role", message.role}, {"content", message.content}});
        if (!message.reasoning.empty()) item.set("reasoning", message.reasoning);
        list.push(std::move(item));
    }
    return Json::object({{"linnet_conversation", version},
                         {"model", conversation.model},
                         {"messages", std::move(list)}})
               .pretty() +
           "\n";
}

Result<> save_conversation(const Path& path, const SavedConversation& conversation) {
    if (!path.parent_path().empty()) TRY(make_folders(path.parent_path()));
    return write_file_atomic(path, conversation_text(conversation));
}

Result<SavedConversation> load_conversation(const Path& path) {
    std::string text = TRY(read_file(path, SavedConversation::bytes_max));
    return parse_conversation(text, cat(path));
}

Result<SavedConversation> parse_conversation(std::string_view text, std::string_view where) {
    auto document = Json::parse(text);
    if (!document) return std::move(document).error().within(where);
    if (document->int_or("linnet_conversation", version) != version)
        return Error{Code::Unsupported, cat(where, " was written by a newer linnet"),
                     "update linnet"};
    const Json* list = document->find("messages");
    if (!list || !list->is_array())
        return Error{Code::BadInput,
                     cat(where, " is no saved conversation: it has no list of messages")};
    SavedConversation saved{document->string_or("model", ""), {}};
    for (const Json& item : *list->as_array()) {
        Message message{.role = item.string_or("role", ""),
                        .content = item.string_or("content", ""),
                        .reasoning = item.string_or("reasoning", "")};
        size_t place = saved.messages.size() + 1;
        if (std::ranges::find(roles, message.role) == std::end(roles))
            return Error{Code::BadInput, cat(where, ": message ", place,
                                             " has no role of system, user and assistant")};
        if (place > SavedConversation::messages_max)
            return Error{Code::NoFit, cat(where, " has more than ", SavedConversation::messages_max,
                                          " messages")};
        saved.messages.push_back(std::move(message));
    }
    return saved;
}

}  // namespace linnet
