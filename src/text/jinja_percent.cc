// "…" % values
#include <algorithm>
#include <cmath>

#include "text/jinja_format.h"
#include "text/jinja_layout.h"

namespace linnet::jinja {
namespace {

class Percent {
  public:
    Percent(Runtime& runtime, std::string_view format, const Value& values)
        : format_(format), values_(values), out_(runtime), runtime_(runtime) {
        const Sequence* sequence = values.sequence();
        if (sequence && sequence->flavor == Sequence::Flavor::Tuple)
            items_ = sequence->items;
        else
            items_ = std::span(&values, 1);
    }

    Result<Value> run() {
        while (at_ < format_.size()) {
            size_t next = std::min(format_.find('%', at_), format_.size());
            TRY(out_.add(format_.substr(at_, next - at_)));
            at_ = next + 1;
            if (next < format_.size()) TRY(one());
        }
        bool single = items_.size() == 1 && items_.data() == &values_;
        bool may_stay = single && (values_.dict() || values_.sequence() || values_.is_undefined());
        if (used_ < items_.size() && !by_name_ && !may_stay)
            return type_error("not all arguments converted during string formatting");
        return out_.value();
    }

  private:
    Result<Value> take() {
        if (used_ >= items_.size()) return type_error("not enough arguments for format string");
        return items_[used_++];
    }

    Result<int64_t> count(int64_t most) {
        if (at_ < format_.size() && format_[at_] == '*') {
            at_++;
            auto value = TRY(take()).integer();
            if (!value) return type_error("* wants int");
            if (*value > most || *value < -most)
                return type_error(cat("a format asks for more than ", most, " places"));
            return *value;
        }
        return read_count(format_, at_, most);
    }

    Result<Layout> layout() {
        Layout layout;
        layout.align = '>';
        bool left = false, zero = false;
        for (; at_ < format_.size(); at_++) {
            char flag = format_[at_];
            if (flag == '-')
                left = true;
            else if (flag == '0')
                zero = true;
            else if (flag == '+' || (flag == ' ' && layout.sign != '+'))
                layout.sign = flag;
            else if (flag == '#')
                layout.alternate = true;
            else if (flag != ' ')
                break;
        }
        layout.width = TRY(count(width_max));
        if (layout.width < 0) {
            left = true;
            layout.width = -layout.width;
        }
        if (at_ < format_.size() && format_[at_] == '.') {
            at_++;
            layout.precision = std::max<int64_t>(TRY(count(precision_max)), 0);
        }
        while (at_ < format_.size() &&
               std::string_view("hlL").find(format_[at_]) != std::string_view::npos)
            at_++;
        if (at_ >= format_.size()) return type_error("incomplete format");
        layout.type = format_[at_++];
        if (left)
            layout.align = '<';
        else if (zero && std::string_view("srac%").find(layout.type) == std::string_view::npos) {
            layout.align = '=';
            layout.fill = "0";
        }
        return layout;
    }

    Result<Done> one() {
        std::optional<Value> named;
        if (at_ < format_.size() && format_[at_] == '(') named = TRY(by_name());
        Layout layout = TRY(this->layout());
        if (layout.type == '%') return out_.add("%");
        Value value = named ? std::move(*named) : TRY(take());
        return convert(value, layout);
    }

    Result<Value> by_name() {
        size_t end = format_.find(')', at_);
        if (end == format_.npos) return type_error("incomplete format key");
        const Dict* dict = values_.dict();
        if (!dict) return type_error("format requires a mapping");
        std::string_view key = format_.substr(at_ + 1, end - at_ - 1);
        at_ = end + 1;
        by_name_ = true;
        if (const Value* value = dict->find(key)) return *value;
        return type_error(
            cat("the format names ", quote(printable(key, 80)), ", which is not given"));
    }

    Result<Done> convert(const Value& value, Layout& layout) {
        switch (layout.type) {
            case 's':
                return lay_out_text(out_, TRY(printed(runtime_, value))->bytes, layout);
            case 'r':
            case 'a': {
                TextBuilder text(runtime_);
                TRY(print_quoted(text, value));
                return lay_out_text(out_, text.text(), layout);
            }
            case 'c':
                return character(value, layout);
            case 'd':
            case 'i':
            case 'u':
            case 'x':
            case 'X':
            case 'o':
                return integer(value, layout);
            default:
                break;
        }
        if (!is_float_type(layout.type))
            return type_error(cat("unsupported format character '",
                                  printable(std::string_view(&layout.type, 1)), "'"));
        if (value.is_undefined()) return type_error(value.why());
        auto number = value.number();
        if (!number) return type_error(cat("must be real number, not ", value.type()));
        return lay_out_float(out_, *number, layout);
    }

    Result<Done> character(const Value& value, const Layout& layout) {
        std::string text;
        if (auto point = value.integer();
            point && *point >= 0 && *point < 0x110000 && !(*point >= 0xD800 && *point < 0xE000))
            append_point(text, static_cast<char32_t>(*point));
        else if (value.is_string() && value.text()->length == 1)
            text = value.text()->bytes;
        else
            return type_error("%c requires int or char");
        return lay_out_text(out_, text, layout);
    }

    Result<Done> integer(const Value& value, Layout& layout) {
        if (value.is_undefined()) return type_error(value.why());
        auto number = value.integer();
        bool decimal = layout.type == 'd' || layout.type == 'i' || layout.type == 'u';
        if (!number && decimal && value.number()) {
            double whole = std::trunc(*value.number());
            if (!std::isfinite(whole)) return type_error("cannot convert float to integer");
            layout.type = 'f';
            layout.precision = 0;
            return lay_out_float(out_, whole == 0 ? 0 : whole, layout);
        }
        if (!number)
            return type_error(
                cat("%", layout.type, " format: a number is required, not ", value.type()));
        return lay_out_integer(out_, *number, layout);
    }

    std::string_view format_;
    const Value& values_;
    std::span<const Value> items_;
    size_t at_ = 0, used_ = 0;
    bool by_name_ = false;
    TextBuilder out_;
    Runtime& runtime_;
};

}  // namespace

Result<Value> format_percent(Runtime& runtime, std::string_view format, const Value& values) {
    return Percent(runtime, format, values).run();
}

}  // namespace linnet::jinja
