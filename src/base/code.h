// The one table from error codes to their names, the program's exit codes and HTTP statuses.
#pragma once

#include <span>
#include <string_view>

#include "base/result.h"

namespace linnet {

struct CodeRow {
    Code code;
    std::string_view name;  // stable: scripts and clients see it
    int exit_code;
    int http_status;
    std::string_view meaning;
};

std::span<const CodeRow> code_table();
const CodeRow& code_row(Code code);

}  // namespace linnet
