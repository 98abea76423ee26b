#include "text/tokenizer.h"
#include "text/tokenizer_state.h"
#include "text/unicode.h"

namespace linnet {
namespace {

// Whether `text` could be the start of a character whose rest has not come yet.
bool may_continue(std::string_view text) {
    size_t length = utf8_length(text[0]);
    if (text.size() >= length) return false;
    auto second_fits = [&] {
        auto lead = static_cast<uint8_t>(text[0]), second = static_cast<uint8_t>(text[1]);
        if (lead == 0xE0) return second >= 0xA0;
        if (lead == 0xED) return second <= 0x9F;
        if (lead == 0xF0) return second >= 0x90;
        if (lead == 0xF4) return second <= 0x8F;
        return true;
    };
    for (size_t i = 1; i < text.size(); i++)
        if ((text[i] & 0xC0) != 0x80) return false;
    return text.size() < 2 || second_fits();
}

}  // namespace

std::string Detokenizer::push(TokenId id) {
    bool control = tokenizer_->is_control(id);
    std::string_view text =
        control && options_.show_special ? tokenizer_->piece(id) : tokenizer_->bytes(id);
    if (first_ && !text.empty()) {
        first_ = false;
        bool drops = tokenizer_->state_->drop_first_space && !options_.continues && !control;
        if (drops && text.front() == ' ') text.remove_prefix(1);
    }
    held_ += text;
    return release(false);
}

std::string Detokenizer::finish() {
    first_ = true;
    return release(true);
}

std::string Detokenizer::release(bool all) {
    std::string out;
    size_t at = 0;
    while (at < held_.size()) {
        Decoded c = decode_utf8(held_, at);
        if (c.code != broken_byte) {
            out.append(held_, at, c.length);
            at += c.length;
            continue;
        }
        // The start of a character waits for its rest; at the end it becomes one U+FFFD.
        std::string_view rest = std::string_view(held_).substr(at);
        size_t length = 1;
        while (length < rest.size() && may_continue(rest.substr(0, length + 1))) length++;
        if (!all && length == rest.size() && may_continue(rest)) break;
        append_utf8(out, 0xFFFD);
        at += length;
    }
    held_.erase(0, at);
    return out;
}

}  // namespace linnet
