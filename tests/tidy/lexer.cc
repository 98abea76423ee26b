#include "tidy.h"

namespace linnet::tidy {
namespace {

// Walks over C++ just well enough to tell code from comments and literals.
class Blanker {
  public:
    explicit Blanker(std::string_view text) : text_(text), out_(text) {}

    std::string run() {
        while (at_ < text_.size()) {
            if (starts("//")) {
                blank_until(text_.find('\n', at_));
            } else if (starts("/*")) {
                blank_until(after(text_.find("*/", at_ + 2), 2));
            } else if (starts("R\"") && !in_word()) {
                size_t open = text_.find('(', at_);
                std::string close = ")" + std::string(text_.substr(at_ + 2, open - at_ - 2)) + "\"";
                blank_until(after(text_.find(close, at_), close.size()));
            } else if (text_[at_] == '"' || (text_[at_] == '\'' && !in_word())) {
                quoted(text_[at_]);
            } else {
                at_++;
            }
        }
        return std::move(out_);
    }

  private:
    bool starts(std::string_view what) const { return text_.substr(at_).starts_with(what); }
    // Inside a name or a number: 1'000 has no character literal.
    bool in_word() const {
        return at_ > 0 && (std::isalnum(static_cast<unsigned char>(text_[at_ - 1])) != 0);
    }
    static size_t after(size_t found, size_t length) {
        return found == std::string_view::npos ? found : found + length;
    }
    void blank_until(size_t end) {
        for (end = std::min(end, text_.size()); at_ < end; at_++) {
            if (text_[at_] != '\n') out_[at_] = ' ';
        }
    }
    void quoted(char quote) {
        size_t end = at_ + 1;
        while (end < text_.size() && text_[end] != quote && text_[end] != '\n') {
            end += text_[end] == '\\' ? 2 : 1;
        }
        blank_until(end + 1);
    }

    std::string_view text_;
    std::string out_;
    size_t at_ = 0;
};

}  // namespace

std::string without_literals(std::string_view cpp) {
    return Blanker(cpp).run();
}

}  // namespace linnet::tidy
