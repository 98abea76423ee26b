#include "grammar/number_range.h"

#include <charconv>
#include <cmath>
#include <map>

#include "base/text.h"
#include "grammar/json_text.h"

namespace linnet {
namespace {

constexpr size_t states_max = 100'000;

Magnitude magnitude(double value) {
    char text[1200];  // the smallest double has 1074 digits behind the point
    auto end =
        std::to_chars(text, text + sizeof text, std::abs(value), std::chars_format::fixed).ptr;
    std::string_view digits(text, static_cast<size_t>(end - text));
    size_t point = digits.find('.');
    Magnitude out{.whole = std::string(digits.substr(0, point))};
    if (point != digits.npos) out.fraction = digits.substr(point + 1);
    while (out.fraction.ends_with('0')) out.fraction.pop_back();
    return out;
}

// How what was read so far compares to a bound's digits at the same places.
enum class Order : int8_t { Less = -1, Same = 0, More = 1 };

Order compare_digit(Order so_far, char digit, char of_bound) {
    if (so_far != Order::Same || digit == of_bound) return so_far;
    return digit < of_bound ? Order::Less : Order::More;
}

// The place of one digit after the other.
struct Place {
    int whole = 0;                                // digits of the whole part
    int fraction = -1;                            // digits behind the point; -1 in front of it
    Order low = Order::Same, high = Order::Same;  // against the bounds
    bool is_zero = false;                         // the whole part is "0"
    uint64_t rest = 0;                            // of the division by the multiple
    auto operator<=>(const Place&) const = default;
};

// Numbers without a sign between two magnitudes.
class Digits {
  public:
    struct Side {
        Magnitude value;
        bool exclusive;
    };
    Digits(Side low, Side high, bool integer, uint64_t multiple)
        : low_(std::move(low)), high_(std::move(high)), multiple_(multiple) {
        auto wanted =
            static_cast<int>(std::max(low_.value.fraction.size(), high_.value.fraction.size()));
        fraction_max_ = integer ? 0 : wanted + 3;
    }

    Result<ExprId> build(Draft& draft) {
        std::map<Place, uint32_t> number_of{{Place{}, 0}};
        std::vector<Place> places{Place{}};
        std::vector<Draft::GraphEdge> edges;
        std::vector<uint32_t> accepting;
        for (uint32_t from = 0; from < places.size(); from++) {
            if (places.size() > states_max)
                return Error{Code::Usage, "a range of numbers needs too many states",
                             "use a smaller multipleOf"};
            Place place = places[from];
            if (accepts(place)) accepting.push_back(from);
            std::map<uint32_t, ByteSet> labels;
            for (char c : std::string_view("0123456789.")) {
                auto next = step(place, c);
                if (!next) continue;
                auto [found, is_new] =
                    number_of.try_emplace(*next, static_cast<uint32_t>(places.size()));
                if (is_new) places.push_back(*next);
                labels[found->second].set(static_cast<uint8_t>(c));
            }
            for (auto& [to, label] : labels) edges.push_back({from, to, draft.bytes(label)});
        }
        if (accepting.empty()) return draft.nothing();
        return draft.graph(static_cast<uint32_t>(places.size()), std::move(edges),
                           std::move(accepting));
    }

  private:
    std::optional<Place> step(Place place, char c) const {
        if (c == '.') {
            if (place.fraction >= 0 || place.whole == 0 || fraction_max_ == 0) return std::nullopt;
            place.low = at_point(place, place.low, low_.value);
            place.high = at_point(place, place.high, high_.value);
            place.fraction = 0;
            return alive(place);
        }
        if (place.fraction >= 0) {
            // Digits that a double does not hold could make a number equal to a bound.
            bool precise = place.is_zero || place.whole + place.fraction < NumberRange::digits_max;
            if (place.fraction >= fraction_max_ || !precise) return std::nullopt;
            auto digit_of = [&](const Magnitude& m) {
                auto at = static_cast<size_t>(place.fraction);
                return at < m.fraction.size() ? m.fraction[at] : '0';
            };
            place.low = compare_digit(place.low, c, digit_of(low_.value));
            place.high = compare_digit(place.high, c, digit_of(high_.value));
            place.fraction++;
            return alive(place);
        }
        auto at = static_cast<size_t>(place.whole);
        if (place.is_zero || at >= high_.value.whole.size()) return std::nullopt;
        if (at < low_.value.whole.size())
            place.low = compare_digit(place.low, c, low_.value.whole[at]);
        place.high = compare_digit(place.high, c, high_.value.whole[at]);
        place.is_zero = place.whole == 0 && c == '0';
        place.whole++;
        place.rest = (place.rest * 10 + static_cast<uint64_t>(c - '0')) % multiple_;
        return place;
    }

    // The whole part is complete: more digits are more, whatever they are.
    static Order at_point(const Place& place, Order so_far, const Magnitude& bound) {
        auto length = static_cast<int>(bound.whole.size());
        return place.whole < length ? Order::Less : place.whole > length ? Order::More : so_far;
    }
    static std::optional<Place> alive(const Place& place) {
        if (place.low == Order::Less || place.high == Order::More) return std::nullopt;
        return place;
    }

    // The number against a bound, if it ends here.
    static Order order_at_end(const Place& place, Order so_far, const Magnitude& bound) {
        if (place.fraction < 0) so_far = at_point(place, so_far, bound);
        auto read = static_cast<size_t>(std::max(place.fraction, 0));
        if (so_far == Order::Same && bound.fraction.size() > read) return Order::Less;
        return so_far;
    }
    bool accepts(const Place& place) const {
        if (place.fraction == 0 || (place.fraction < 0 && place.whole == 0)) return false;
        Order low = order_at_end(place, place.low, low_.value),
              high = order_at_end(place, place.high, high_.value);
        bool above = low == Order::More || (low == Order::Same && !low_.exclusive);
        bool below = high == Order::Less || (high == Order::Same && !high_.exclusive);
        return above && below && place.rest == 0;
    }

    Side low_, high_;
    uint64_t multiple_;
    int fraction_max_ = 0;
};

}  // namespace

void NumberRange::at_least(Bound bound) {
    bool tighter =
        !least || bound.value > least->value || (bound.value == least->value && bound.exclusive);
    if (tighter) least = bound;
}

void NumberRange::at_most(Bound bound) {
    bool tighter =
        !most || bound.value < most->value || (bound.value == most->value && bound.exclusive);
    if (tighter) most = bound;
}

Result<ExprId> number_range(Draft& draft, const NumberRange& range) {
    constexpr auto end = static_cast<double>(NumberRange::value_max);
    NumberRange::Bound least = range.least.value_or(NumberRange::Bound{-end});
    NumberRange::Bound most = range.most.value_or(NumberRange::Bound{end});
    if (least.value > end || most.value < -end)
        return Error{Code::Usage, cat("a bound is beyond ", NumberRange::value_max),
                     "use smaller numbers"};
    if (least.value < -end) least = {-end};
    if (most.value > end) most = {end};
    if (!(least.value <= most.value)) return draft.nothing();
    std::vector<ExprId> parts;
    // From 0 up, and below 0 by its magnitude, the other way round.
    if (most.value >= 0) {
        Digits::Side low{magnitude(std::max(least.value, 0.0)),
                         least.exclusive && least.value >= 0};
        Digits digits(low, {magnitude(most.value), most.exclusive}, range.integer, range.multiple);
        parts.push_back(TRY(digits.build(draft)));
    }
    if (least.value < 0) {
        Digits::Side low{magnitude(std::min(most.value, 0.0)), most.exclusive || most.value >= 0};
        Digits digits(low, {magnitude(least.value), least.exclusive}, range.integer,
                      range.multiple);
        parts.push_back(draft.seq({draft.literal("-"), TRY(digits.build(draft))}));
    }
    return draft.alt(std::move(parts));
}

}  // namespace linnet
