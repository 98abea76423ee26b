#include <algorithm>
#include <regex>

#include "base/text.h"
#include "tidy.h"

namespace linnet::tidy {
namespace {

// What an opening brace opens, told by the text in front of it.
enum class Block { Scope, Function, Other };

bool has_word(std::string_view text, std::string_view word) {
    auto is_word = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_'; };
    for (size_t at = text.find(word); at != text.npos; at = text.find(word, at + 1)) {
        size_t end = at + word.size();
        if ((at == 0 || !is_word(text[at - 1])) && (end == text.size() || !is_word(text[end]))) {
            return true;
        }
    }
    return false;
}

Block kind_of(std::string_view head, bool inside_scope) {
    if (!inside_scope) return Block::Other;
    if (has_word(head, "namespace") || has_word(head, "extern")) return Block::Scope;
    bool call = head.find('(') != head.npos;
    for (std::string_view word : {"class", "struct", "union", "enum"}) {
        if (has_word(head, word) && !call) return Block::Scope;
    }
    return call && !head.ends_with('=') ? Block::Function : Block::Other;
}

// The name in front of the first parenthesis.
std::string name_in(std::string_view head) {
    size_t end = head.find('(');
    if (head.starts_with("TEST")) return std::string(head.substr(0, head.find(')') + 1));
    size_t begin = head.find_last_of(" \n*&", end);
    return std::string(trim(head.substr(begin + 1, end - begin - 1)));
}

struct Open {
    Block block;
    std::string name;
    size_t line;
};

class Scanner {
  public:
    explicit Scanner(std::string_view cpp) : text_(without_literals(cpp)) {}

    std::vector<Function> run() {
        bool line_start = true;
        for (at_ = 0; at_ < text_.size(); at_++) {
            char c = text_[at_];
            if (line_start && c == '#') {
                directive();
                continue;
            }
            if (c == '\n') line_++;
            line_start = c == '\n' || (line_start && c == ' ');
            if (c == '{') open();
            if (c == '}') close();
            if (c == '{' || c == '}' || c == ';') {
                head_.clear();
            } else if (!head_.empty() || !std::isspace(static_cast<unsigned char>(c))) {
                if (head_.empty()) head_line_ = line_;
                head_ += c;
            }
        }
        return std::move(found_);
    }

  private:
    void open() {
        std::string head(trim(head_));
        bool inside =
            std::ranges::all_of(open_, [](const Open& o) { return o.block == Block::Scope; });
        Block block = kind_of(head, inside);
        open_.push_back({block, block == Block::Function ? name_in(head) : "", head_line_});
    }
    void close() {
        if (open_.empty()) return;
        Open closed = std::move(open_.back());
        open_.pop_back();
        if (closed.block == Block::Function) {
            found_.push_back({closed.name, closed.line, line_ - closed.line + 1});
        }
    }
    // Both branches of an #if start from the same open blocks.
    void directive() {
        size_t end = text_.find('\n', at_);
        while (end != std::string::npos && text_[end - 1] == '\\') {
            line_++;
            end = text_.find('\n', end + 1);
        }
        std::string_view line = std::string_view(text_).substr(at_, end - at_);
        if (line.starts_with("#if")) saved_.push_back({open_, head_, head_line_});
        if (line.starts_with("#el") && !saved_.empty()) {
            open_ = saved_.back().open;
            head_ = saved_.back().head;
            head_line_ = saved_.back().head_line;
        }
        if (line.starts_with("#endif") && !saved_.empty()) saved_.pop_back();
        at_ = end == std::string::npos ? text_.size() : end - 1;
    }

    std::string text_, head_;
    std::vector<Open> open_;
    struct Branch {
        std::vector<Open> open;
        std::string head;
        size_t head_line;
    };
    std::vector<Branch> saved_;
    std::vector<Function> found_;
    size_t at_ = 0, line_ = 1, head_line_ = 1;
};

void check_size(Tidy& tidy, const File& file, size_t line, std::string key, size_t size,
                size_t size_max) {
    auto allowed = tidy.allowed_sizes.find(key);
    if (allowed != tidy.allowed_sizes.end()) size_max = std::max(size_max, allowed->second);
    if (size <= size_max) return;
    tidy.found(file, line,
               cat(key, " has ", size, " lines, more than ", size_max,
                   ": what is the second idea in it?"));
}

}  // namespace

std::vector<Function> functions(std::string_view cpp) {
    return Scanner(cpp).run();
}

void check_sizes(Tidy& tidy, const File& file) {
    if (!file.is_code()) return;
    auto lines = static_cast<size_t>(std::ranges::count(file.text, '\n'));
    check_size(tidy, file, 1, file.path, lines, file_lines_max);
    if (!file.is_cpp()) return;
    for (const Function& function : functions(file.text)) {
        check_size(tidy, file, function.line, file.path + ":" + function.name, function.lines,
                   function_lines_max);
    }
}

void check_allowed_sizes(Tidy& tidy) {
    const File list{"tests/tidy/sizes.txt", ""};
    std::map<std::string, size_t> now;
    for (const File& file : tidy.files) {
        now[file.path] = static_cast<size_t>(std::ranges::count(file.text, '\n'));
        if (!file.is_cpp()) continue;
        for (const Function& function : functions(file.text)) {
            size_t& most = now[file.path + ":" + function.name];
            most = std::max(most, function.lines);
        }
    }
    for (const auto& [key, lines] : tidy.allowed_sizes) {
        size_t limit = key.find(':') == key.npos ? file_lines_max : function_lines_max;
        if (!now.contains(key) || now[key] <= limit) {
            tidy.found(list, 1, cat(key, " is small by now, or gone: take it off this list"));
        }
    }
}

}  // namespace linnet::tidy
