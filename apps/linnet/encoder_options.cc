#include "linnet/encoder_options.h"

#include <algorithm>

#include "base/memory.h"
#include "linnet/input.h"
#include "linnet/models.h"

namespace linnet {

void EncoderModelOptions::declare(Syntax& syntax) {
    arithmetic_.declare_math(syntax);
    syntax.setting("-t,--threads", "run.threads", "N");
    syntax.setting("-c,--context", "run.context", "TOKENS");
}

TextEncoderOptions EncoderModelOptions::options(Context& context) const {
    return {.threads = chosen_threads(context),
            .context = static_cast<uint32_t>(
                std::min<uint64_t>(context.settings.integer("run.context"), 1 << 24)),
            .memory_max = available_memory()};
}

Result<std::vector<std::string>> texts_or_lines(Context& context,
                                                std::vector<std::string> arguments) {
    if (!arguments.empty()) return arguments;
    if (stdin_is_terminal())
        return Error{Code::Usage, "there is no text",
                     "give texts as arguments, or one a line on standard input"};
    std::string input = TRY(read_input(context));
    std::vector<std::string> lines;
    for (size_t begin = 0; begin < input.size();) {
        size_t end = std::min(input.find('\n', begin), input.size());
        lines.push_back(input.substr(begin, end - begin));
        if (lines.back().ends_with('\r')) lines.back().pop_back();
        begin = end + 1;
    }
    if (lines.empty()) return Error{Code::Usage, "standard input is empty"};
    return lines;
}

}  // namespace linnet
