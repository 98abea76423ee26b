#include "linnet/exit_codes.h"

#include <algorithm>
#include <csignal>

#include "base/code.h"
#include "base/text.h"

namespace linnet {

std::vector<ExitCodeRow> exit_code_table() {
    std::vector<ExitCodeRow> rows = {{0, "", "success"}};
    for (const CodeRow& row : code_table()) {
        auto same = std::ranges::find(rows, row.exit_code, &ExitCodeRow::code);
        if (same == rows.end()) {
            rows.push_back({row.exit_code, std::string(row.name), std::string(row.meaning)});
        } else {
            same->names += cat(", ", row.name);
            same->meaning += cat("; ", row.meaning);
        }
    }
    rows.push_back({128 + SIGHUP, "interrupted", "ended by SIGHUP: the terminal went away"});
    rows.push_back({128 + SIGPIPE, "", "the reader of the output went away, as head does"});
    rows.push_back({128 + SIGTERM, "interrupted", "ended by SIGTERM"});
    std::ranges::sort(rows, {}, &ExitCodeRow::code);
    return rows;
}

}  // namespace linnet
