// The global functions of a template.
#include "text/jinja_objects.h"
#include "text/jinja_time.h"

namespace linnet::jinja {
namespace {

constexpr int64_t range_max = 100'000;  // as Jinja's sandbox has it

Result<Value> range(Runtime& runtime, const Value&, const Bound& bound) {
    const Call& call = bound.call;
    if (call.positional.empty() || call.positional.size() > 3 || !call.named.empty())
        return type_error("range expects one to three numbers");
    int64_t numbers[3] = {0, 0, 1};
    for (size_t i = 0; i < call.positional.size(); i++) {
        if (call.positional[i].is_undefined()) return type_error(call.positional[i].why());
        auto number = call.positional[i].integer();
        if (!number)
            return type_error(cat("'", call.positional[i].type(),
                                  "' object cannot be interpreted as an integer"));
        numbers[call.positional.size() == 1 ? 1 : i] = *number;
    }
    auto [start, stop, step] = numbers;
    if (step == 0) return type_error("range() arg 3 must not be zero");
    auto too_big = [] { return type_error(cat("a range has at most ", range_max, " items")); };
    auto span = static_cast<__int128>(stop) - start;
    auto count =
        step > 0 ? (span + step - 1) / step : (-span - step - 1) / -static_cast<__int128>(step);
    if (count > range_max) return too_big();
    std::vector<Value> items;
    for (int64_t i = 0; i < static_cast<int64_t>(count); i++) items.emplace_back(start + i * step);
    TRY(runtime.budget.step(items.size()));
    auto made =
        std::make_shared<Sequence>(&runtime.budget, Sequence::Flavor::Range, std::move(items));
    made->label = cat(start, ", ", stop, step == 1 ? "" : cat(", ", step));
    return Value(std::shared_ptr<const Sequence>(std::move(made)));
}

// What dict(…) and namespace(…) take: a mapping or pairs, then keywords.
template <class Set>
Result<Done> each_member(Runtime& runtime, const Call& call, Set set) {
    if (call.positional.size() > 1) return type_error("expected at most 1 argument");
    if (!call.positional.empty()) {
        const Value& first = call.positional[0];
        if (const Dict* dict = first.dict()) {
            for (const Dict::Entry& entry : dict->entries) TRY(set(entry.key, entry.value));
        } else {
            for (const Value& pair : TRY(to_vector(runtime, first))) {
                std::vector<Value> parts = TRY(to_vector(runtime, pair));
                if (parts.size() != 2) return type_error("a dict is made of pairs");
                TRY(set(parts[0], parts[1]));
            }
        }
    }
    for (const auto& [name, value] : call.named) TRY(set(runtime.text(name), value));
    return Done{};
}

Result<Value> make_dict(Runtime& runtime, const Value&, const Bound& bound) {
    DictBuilder out(runtime);
    TRY(each_member(runtime, bound.call,
                    [&](const Value& key, const Value& value) { return out.set(key, value); }));
    return out.value();
}

Result<Value> make_namespace(Runtime& runtime, const Value&, const Bound& bound) {
    auto space = runtime.object<Namespace>();
    // A namespace can come to hold itself.
    runtime.forget_at_end([space] { space->attributes.clear(); });
    auto set = [&](const Value& key, const Value& value) -> Result<Done> {
        if (!key.is_string()) return type_error("a namespace has names only");
        TRY(runtime.budget.step(1 + space->attributes.size()));
        if (key.text()->bytes.starts_with('_'))
            return type_error("a namespace stores no names that begin with an underscore");
        space->set(key.text()->bytes, value);
        return Done{};
    };
    TRY(each_member(runtime, bound.call, set));
    return Value(std::shared_ptr<Object>(std::move(space)));
}

Result<Value> make_cycler(Runtime& runtime, const Value&, const Bound& bound) {
    if (bound.call.positional.empty()) return type_error("at least one item has to be provided");
    int depth = 0;
    for (const Value& item : bound.call.positional) depth = std::max(depth, item.depth() + 1);
    return Value(std::shared_ptr<Object>(runtime.object<Cycler>(bound.call.positional, depth)));
}

Result<Value> make_joiner(Runtime& runtime, const Value&, const Bound& bound) {
    Value separator = bound.has(0) ? *bound[0] : runtime.text(", ");
    return Value(std::shared_ptr<Object>(runtime.object<Joiner>(std::move(separator))));
}

Result<Value> raise_exception(Runtime& runtime, const Value&, const Bound& bound) {
    auto message = TRY(printed(runtime, *bound[0]));
    return Error{Code::Usage, cat("refuses the conversation: ", printable(message->bytes, 1000))};
}

Result<Value> strftime_now(Runtime& runtime, const Value&, const Bound& bound) {
    std::string_view format = TRY(bound.string(0, ""));
    return runtime.text(TRY(format_time(format, runtime.now)));
}

constexpr Builtin table[] = {
    {"range", "*", range},
    {"dict", "*", make_dict},
    {"namespace", "*", make_namespace},
    {"cycler", "*", make_cycler},
    {"joiner", "| sep", make_joiner},
    {"raise_exception", "message", raise_exception},
    {"strftime_now", "format", strftime_now},
};

}  // namespace

std::span<const Builtin> functions() {
    return table;
}

}  // namespace linnet::jinja
