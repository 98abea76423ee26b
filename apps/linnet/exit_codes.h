// What the program's exit codes mean: the table of base/code.h, and the signals.
#pragma once

#include <string>
#include <vector>

namespace linnet {

struct ExitCodeRow {
    int code;
    std::string names;    // of the errors in --json that lead here: "bad_input, unsupported, io"
    std::string meaning;  // for people
};

// In order, each code once.
std::vector<ExitCodeRow> exit_code_table();

}  // namespace linnet
