#include "compress/calibration.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <numeric>
#include <optional>

#include "base/text.h"
#include "engine/chat_parts.h"

namespace linnet {
namespace {

// Lines of documents to tokens.
class DocumentReader {
  public:
    DocumentReader(const Checkpoint& checkpoint, const Tokenizer& tokenizer)
        : checkpoint_(checkpoint), tokenizer_(tokenizer) {}

    Result<> read(std::string_view line) {
        const Json document = TRY(Json::parse(line));
        if (const Json* text = document.find("text"); text && text->as_string()) {
            append(tokenizer_.encode(*text->as_string()));
            return Done{};
        }
        const Json* messages = document.find("messages");
        if (!messages || !messages->as_array())
            return Error{Code::BadInput, "it has neither a \"text\" nor \"messages\"",
                         "make each line a document of one of the two"};
        return read_messages(*messages->as_array());
    }

    std::vector<int32_t> take() { return std::move(tokens_); }

  private:
    Result<> read_messages(const Json::Array& list) {
        std::vector<Message> messages;
        for (const Json& each : list) {
            const Json *role = each.find("role"), *content = each.find("content");
            if (!role || !role->as_string() || !content || !content->as_string())
                return Error{Code::BadInput, "a message lacks its \"role\" or \"content\"",
                             "give both as texts"};
            messages.push_back({.role = *role->as_string(), .content = *content->as_string()});
        }
        if (!template_) {
            template_ = TRY(template_of(checkpoint_, tokenizer_, ""));
            control_ = control_tokens_of(tokenizer_);
        }
        const auto prompt = TRY(template_->render_prompt(
            messages, Json(), {.add_generation_prompt = false}, *control_));
        append(encode_prompt(tokenizer_, *template_, prompt));
        return Done{};
    }

    void append(const std::vector<int32_t>& tokens) {
        tokens_.insert(tokens_.end(), tokens.begin(), tokens.end());
    }

    const Checkpoint& checkpoint_;
    const Tokenizer& tokenizer_;
    std::optional<ChatTemplate> template_;
    std::optional<ControlTokens> control_;
    std::vector<int32_t> tokens_;
};

}  // namespace

Result<CalibrationSource> CalibrationSource::parse(std::string_view text) {
    const size_t colon = text.rfind(':');
    if (colon == text.npos || colon == 0) return CalibrationSource{std::string(text)};
    const std::string_view number = text.substr(colon + 1);
    double weight = 0;
    auto [end, failed] = std::from_chars(number.data(), number.data() + number.size(), weight);
    if (failed != std::errc() || end != number.data() + number.size() || number.empty())
        return CalibrationSource{std::string(text)};  // a name with a colon in it
    if (!(weight > 0) || !std::isfinite(weight))
        return Error{Code::Usage, cat("'", printable(text, 200), "' has no positive weight"),
                     "write FILE:2 for twice as much of it as of others"};
    return CalibrationSource{std::string(text.substr(0, colon)), weight};
}

Result<std::vector<int32_t>> calibration_tokens(std::string_view file, std::string_view text,
                                                const Checkpoint& checkpoint,
                                                const Tokenizer& tokenizer) {
    if (!file.ends_with(".jsonl")) return tokenizer.encode(text);
    DocumentReader reader(checkpoint, tokenizer);
    for (size_t number = 1; !text.empty(); number++) {
        const size_t end = std::min(text.find('\n'), text.size());
        const std::string_view line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        if (line.find_first_not_of(" \t\r") == line.npos) continue;
        auto read = reader.read(line);
        if (!read) return std::move(read).error().within(cat(printable(file), ", line ", number));
    }
    return reader.take();
}

CalibrationParts CalibrationParts::divide(std::span<const std::vector<int32_t>> texts,
                                          std::span<const double> weights, const Wanted& wanted) {
    CalibrationParts out;
    const double all = std::accumulate(weights.begin(), weights.end(), 0.0);
    const size_t length = wanted.chunk_tokens;
    for (size_t i = 0; i < texts.size(); i++) {
        auto share = [&](size_t of) {
            const double part = static_cast<double>(of) * weights[i] / all;
            return std::max<size_t>(1, static_cast<size_t>(std::llround(part)));
        };
        const size_t there = texts[i].size() / length;
        const size_t held = std::min(share(wanted.held_chunks), there / 8);
        const size_t judge = there >= 3 ? 1 : 0;
        const size_t read = std::min(share(wanted.chunks), there - held - judge);
        auto take = [&](std::vector<int32_t>& to, size_t first, size_t count) {
            auto begin = texts[i].begin() + static_cast<ptrdiff_t>(first * length);
            to.insert(to.end(), begin, begin + static_cast<ptrdiff_t>(count * length));
        };
        take(out.read, 0, read);
        take(out.judged_by, read, judge);
        take(out.held_back, read + judge, held);
    }
    if (out.judged_by.empty()) out.judged_by = out.read;
    return out;
}

}  // namespace linnet
