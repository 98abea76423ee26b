// Conversations on disk: what a chat keeps by /save and brings back by /load. The form is
// docs/schema/conversation.schema.json.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "linnet/environment.h"
#include "text/message.h"

namespace linnet {

struct SavedConversation {
    std::string model;  // as it was named; for people
    std::vector<Message> messages;

    static constexpr uint64_t bytes_max = 64 << 20;
    static constexpr size_t messages_max = 100'000;
};

// A path (with a / or ending in .json), or a name in the folder of kept conversations.
Result<Path> conversation_path(const Paths& paths, std::string_view text);
std::vector<std::string> conversation_names(const Paths& paths);

// Its text, and back; `where` names it in errors.
std::string conversation_text(const SavedConversation& conversation);
Result<SavedConversation> parse_conversation(std::string_view text, std::string_view where);

Result<> save_conversation(const Path& path, const SavedConversation& conversation);
Result<SavedConversation> load_conversation(const Path& path);

}  // namespace linnet
