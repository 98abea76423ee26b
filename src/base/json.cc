#include "base/json.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <unordered_set>

#include "base/text.h"

namespace linnet {
namespace {

// Builds a Json from nlohmann's events; its parser is iterative, so depth costs heap, and is
// bounded here.
class Builder final : public nlohmann::json_sax<nlohmann::json> {
  public:
    explicit Builder(Json::Limits limits) : limits_(limits) {}

    bool null() override { return add(nullptr); }
    bool boolean(bool value) override { return add(value); }
    bool number_integer(number_integer_t value) override { return add(value); }
    bool number_unsigned(number_unsigned_t value) override {
        if (value <= static_cast<uint64_t>(std::numeric_limits<int64_t>::max()))
            return add(static_cast<int64_t>(value));
        return add(value);
    }
    bool number_float(number_float_t value, const string_t&) override {
        return std::isfinite(value) ? add(value) : reject("a number is out of range");
    }
    bool string(string_t& value) override { return add(std::move(value)); }
    bool binary(binary_t&) override { return reject("binary values are not JSON"); }
    bool start_object(std::size_t) override { return open(Json::object()); }
    bool key(string_t& name) override {
        if (!names_.back().insert(name).second)
            return reject(cat("the name \"", printable(name, 80), "\" occurs twice in one object"));
        open_.back().as_object()->emplace_back(std::move(name), Json());
        return true;
    }
    bool end_object() override { return close(); }
    bool start_array(std::size_t) override { return open(Json::array()); }
    bool end_array() override { return close(); }
    bool parse_error(std::size_t position, const std::string&,
                     const nlohmann::detail::exception& exception) override {
        // Its texts read "[json.exception…] parse error at line 1, column 2: syntax error …".
        std::string_view text = exception.what();
        size_t colon = text.find(": ");
        return reject(cat("not valid JSON at byte ", position, " (",
                          printable(colon == text.npos ? text : text.substr(colon + 2), 200), ")"));
    }

    Json take() { return std::move(root_); }
    std::string why = "not valid JSON";

  private:
    bool reject(std::string reason) {
        why = std::move(reason);
        return false;
    }
    bool count() {
        if (++values_ > limits_.values_max)
            return reject(cat("more than ", limits_.values_max, " values"));
        return true;
    }
    bool add(Json value) {
        if (!count()) return false;
        place(std::move(value));
        return true;
    }
    void place(Json value) {
        if (open_.empty()) {
            root_ = std::move(value);
        } else if (auto* array = open_.back().as_array()) {
            array->push_back(std::move(value));
        } else {
            open_.back().as_object()->back().second = std::move(value);
        }
    }
    bool open(Json value) {
        if (!count()) return false;
        if (open_.size() >= limits_.depth_max)
            return reject(cat("nested deeper than ", limits_.depth_max));
        open_.push_back(std::move(value));
        names_.emplace_back();
        return true;
    }
    bool close() {
        Json value = std::move(open_.back());
        open_.pop_back();
        names_.pop_back();
        place(std::move(value));
        return true;
    }

    Json::Limits limits_;
    size_t values_ = 0;
    std::vector<Json> open_;
    std::vector<std::unordered_set<std::string>> names_;
    Json root_;
};

void append_utf8_safe(std::string& out, std::string_view text) {
    static constexpr char hex[] = "0123456789abcdef";
    bool valid = valid_utf8(text);
    for (size_t i = 0; i < text.size(); i++) {
        auto c = static_cast<unsigned char>(text[i]);
        switch (c) {
            case '"':
                out += "\\\"";
                break;
            case '\\':
                out += "\\\\";
                break;
            case '\n':
                out += "\\n";
                break;
            case '\r':
                out += "\\r";
                break;
            case '\t':
                out += "\\t";
                break;
            default:
                if (c < 0x20 || c == 0x7F) {
                    out += "\\u00";
                    out += hex[c >> 4];
                    out += hex[c & 15];
                } else if (c < 0x80 || valid) {
                    out += static_cast<char>(c);
                } else {
                    size_t length = 2;
                    while (length <= 4 && i + length <= text.size() &&
                           !valid_utf8(text.substr(i, length)))
                        length++;
                    if (length <= 4 && i + length <= text.size()) {
                        out += text.substr(i, length);
                        i += length - 1;
                    } else {
                        out += "\xEF\xBF\xBD";
                    }
                }
        }
    }
}

}  // namespace

Result<Json> Json::parse(std::string_view text, Limits limits) {
    // The parser below takes a NUL for the end, and would not see what follows.
    if (size_t nul = text.find('\0'); nul != text.npos)
        return Error{Code::BadInput, cat("not valid JSON at byte ", nul, " (a NUL byte)")};
    Builder builder(limits);
    if (!nlohmann::json::sax_parse(text.begin(), text.end(), &builder))
        return Error{Code::BadInput, builder.why};
    return builder.take();
}

Json::Kind Json::kind() const {
    return static_cast<Kind>(value_.index());
}

bool Json::is_number() const {
    return kind() == Kind::Int || kind() == Kind::Uint || kind() == Kind::Double;
}

std::optional<bool> Json::as_bool() const {
    if (auto* value = std::get_if<bool>(&value_)) return *value;
    return std::nullopt;
}

std::optional<int64_t> Json::as_int() const {
    if (auto* value = std::get_if<int64_t>(&value_)) return *value;
    if (auto* value = std::get_if<double>(&value_))
        if (std::trunc(*value) == *value && std::abs(*value) <= 9007199254740992.0)
            return static_cast<int64_t>(*value);
    if (auto* value = std::get_if<uint64_t>(&value_))
        if (*value <= static_cast<uint64_t>(std::numeric_limits<int64_t>::max()))
            return static_cast<int64_t>(*value);
    return std::nullopt;
}

std::optional<uint64_t> Json::as_uint() const {
    if (auto* value = std::get_if<uint64_t>(&value_)) return *value;
    if (auto value = as_int(); value && *value >= 0) return static_cast<uint64_t>(*value);
    return std::nullopt;
}

std::optional<double> Json::as_double() const {
    if (auto* value = std::get_if<double>(&value_)) return *value;
    if (auto* value = std::get_if<int64_t>(&value_)) return static_cast<double>(*value);
    if (auto* value = std::get_if<uint64_t>(&value_)) return static_cast<double>(*value);
    return std::nullopt;
}

const std::string* Json::as_string() const {
    return std::get_if<std::string>(&value_);
}
const Json::Array* Json::as_array() const {
    return std::get_if<Array>(&value_);
}
const Json::Object* Json::as_object() const {
    return std::get_if<Object>(&value_);
}
Json::Array* Json::as_array() {
    return std::get_if<Array>(&value_);
}
Json::Object* Json::as_object() {
    return std::get_if<Object>(&value_);
}

const Json* Json::find(std::string_view name) const {
    const Object* members = as_object();
    if (!members) return nullptr;
    for (const Member& member : *members)
        if (member.first == name) return &member.second;
    return nullptr;
}

std::string Json::string_or(std::string_view name, std::string_view other) const {
    const Json* member = find(name);
    const std::string* text = member ? member->as_string() : nullptr;
    return text ? *text : std::string(other);
}

int64_t Json::int_or(std::string_view name, int64_t other) const {
    const Json* member = find(name);
    return member ? member->as_int().value_or(other) : other;
}

double Json::double_or(std::string_view name, double other) const {
    const Json* member = find(name);
    return member ? member->as_double().value_or(other) : other;
}

bool Json::bool_or(std::string_view name, bool other) const {
    const Json* member = find(name);
    return member ? member->as_bool().value_or(other) : other;
}

Json& Json::set(std::string_view name, Json value) {
    if (is_null()) value_ = Object{};
    Object* members = as_object();
    check(members != nullptr, "Json::set is for objects");
    for (Member& member : *members) {
        if (member.first != name) continue;
        member.second = std::move(value);
        return *this;
    }
    members->emplace_back(std::string(name), std::move(value));
    return *this;
}

Json& Json::push(Json value) {
    if (is_null()) value_ = Array{};
    Array* elements = as_array();
    check(elements != nullptr, "Json::push is for arrays");
    elements->push_back(std::move(value));
    return *this;
}

std::string json_quote(std::string_view text) {
    std::string out = "\"";
    append_utf8_safe(out, text);
    return out += '"';
}

void Json::write(std::string& out, int indent, int level) const {
    auto new_line = [&](int depth) {
        if (indent == 0) return;
        out += '\n';
        out.append(static_cast<size_t>(depth * indent), ' ');
    };
    auto list = [&](char open, char close, const auto& items, auto&& item) {
        out += open;
        for (size_t i = 0; i < items.size(); i++) {
            if (i > 0) out += indent ? "," : ", ";
            new_line(level + 1);
            item(items[i]);
        }
        if (!items.empty()) new_line(level);
        out += close;
    };
    switch (kind()) {
        case Kind::Null:
            out += "null";
            break;
        case Kind::Bool:
            out += *as_bool() ? "true" : "false";
            break;
        case Kind::Int:
            append_piece(out, std::get<int64_t>(value_));
            break;
        case Kind::Uint:
            append_piece(out, std::get<uint64_t>(value_));
            break;
        case Kind::Double:
            if (double value = std::get<double>(value_); std::isfinite(value)) {
                append_piece(out, value);
            } else {
                out += "null";
            }
            break;
        case Kind::String:
            out += json_quote(*as_string());
            break;
        case Kind::Array:
            list('[', ']', *as_array(), [&](const Json& v) { v.write(out, indent, level + 1); });
            break;
        case Kind::Object:
            list('{', '}', *as_object(), [&](const Member& m) {
                out += json_quote(m.first);
                out += ": ";
                m.second.write(out, indent, level + 1);
            });
            break;
    }
}

std::string Json::dump() const {
    std::string out;
    write(out, 0, 0);
    return out;
}

std::string Json::pretty() const {
    std::string out;
    write(out, 2, 0);
    return out;
}

bool Json::operator==(const Json& other) const {
    if (is_number() && other.is_number() && kind() != other.kind()) {
        if (as_int() && other.as_int()) return *as_int() == *other.as_int();
        return *as_double() == *other.as_double();
    }
    return value_ == other.value_;
}

}  // namespace linnet
