// What may come next on a command line, for the shells.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "linnet/command.h"

namespace linnet {

struct Candidate {
    std::string value;
    std::string what;  // a word on it, where the shell shows one
};

struct Completion {
    std::vector<Candidate> candidates;
    Complete files = Complete::Nothing;  // File or Folder: the shell offers those too
};

// `words` is the line without the program's name; the last one, perhaps empty, is being written.
Completion complete(std::span<const std::string> words, Context& context,
                    std::span<const CommandRow> commands, std::span<const GroupRow> groups);

// The values of one kind. `before` holds the positional words in front of the one that is
// completed.
using ListValues = std::vector<Candidate> (*)(Context& context,
                                              std::span<const std::string> before);
struct ValuesRow {
    Complete kind;
    ListValues list;
};
std::span<const ValuesRow> values_table();

// The script that makes a shell ask linnet: "bash", "zsh" or "fish".
Result<std::string> completion_script(std::string_view shell);

}  // namespace linnet
