// What the pages that linnet writes share: one file each, that needs nothing else, no script, no
// other file, no network.
#pragma once

#include <string>
#include <string_view>

namespace linnet {

// Text from models and machines comes from strangers.
std::string escaped(std::string_view text);
// Up to the body; the title is escaped already. Its classes: bar, dot, whisker, axis, line, heat.
std::string page_begin(std::string_view title);
inline constexpr std::string_view page_end = "</body></html>\n";

}  // namespace linnet
