#include "engine/stop_texts.h"

#include <algorithm>
#include <utility>

namespace linnet {

StopTexts::StopTexts(std::vector<std::string> texts) : texts_(std::move(texts)) {
    std::erase(texts_, "");
}

std::string StopTexts::feed(std::string_view piece) {
    if (found_) return {};
    held_ += piece;
    size_t first = std::string::npos;
    for (const std::string& text : texts_) first = std::min(first, held_.find(text));
    found_ = first != std::string::npos;
    size_t certain = found_ ? first : held_.size();
    if (!found_) {
        // The longest end of what is held that begins a stop text stays.
        for (const std::string& text : texts_)
            for (size_t length = std::min(text.size() - 1, held_.size()); length > 0; length--)
                if (held_.ends_with(std::string_view(text).substr(0, length))) {
                    certain = std::min(certain, held_.size() - length);
                    break;
                }
    }
    std::string out = held_.substr(0, certain);
    held_.erase(0, found_ ? held_.size() : certain);
    return out;
}

std::string StopTexts::finish() {
    return std::exchange(held_, {});
}

}  // namespace linnet
