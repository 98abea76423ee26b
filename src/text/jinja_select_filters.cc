// Filters that put a filter or a test, given by name, on every item.
#include "text/jinja_filters.h"

namespace linnet::jinja {
namespace {

using Flavor = Sequence::Flavor;

// The call that is left once the first `skip` arguments are taken off, in front of them nothing.
Call rest_of(const Call& call, size_t skip) {
    Call out;
    out.positional.assign(call.positional.begin() + static_cast<ptrdiff_t>(skip),
                          call.positional.end());
    out.named = call.named;
    return out;
}

Result<const Builtin*> by_name(const Value& name, bool filter) {
    if (name.is_undefined()) return type_error(name.why());
    const Text* text = name.text();
    const Builtin* found = !text    ? nullptr
                           : filter ? find_filter(text->bytes)
                                    : find_test(text->bytes);
    if (found) return found;
    return Error{Code::Unsupported,
                 cat("there is no ", filter ? "filter" : "test", " '",
                     text ? printable(text->bytes, 80) : std::string(name.type()), "'")};
}

Result<Value> map_attribute(Runtime& runtime, const Value& input, const Bound& bound) {
    const Value *attribute = nullptr, *other = nullptr;
    for (const auto& [name, value] : bound.call.named) {
        if (name == "attribute")
            attribute = &value;
        else if (name == "default")
            other = &value;
        else
            return type_error(cat("Unexpected keyword argument '", printable(name, 80), "'"));
    }
    if (!attribute) return type_error("map requires a filter argument");
    AttributePath path = TRY(AttributePath::of(runtime, attribute));
    std::vector<Value> out;
    for (Value& item : TRY(to_vector(runtime, input)))
        out.push_back(TRY(path.from(runtime, std::move(item), other)));
    return runtime.list(std::move(out), Flavor::Generator);
}

Result<Value> map(Runtime& runtime, const Value& input, const Bound& bound) {
    if (!input.truthy()) return runtime.list({}, Flavor::Generator);
    if (bound.call.positional.empty()) return map_attribute(runtime, input, bound);
    const Builtin* filter = TRY(by_name(bound.call.positional[0], true));
    Call call = rest_of(bound.call, 1);
    std::vector<Value> out;
    for (const Value& item : TRY(to_vector(runtime, input)))
        out.push_back(TRY(run_builtin(runtime, *filter, item, call)));
    return runtime.list(std::move(out), Flavor::Generator);
}

// Keeps the items for which the test gives `wanted`: of the item, or of an attribute of it.
template <bool wanted, bool of_attribute>
Result<Value> select(Runtime& runtime, const Value& input, const Bound& bound) {
    if (!input.truthy()) return runtime.list({}, Flavor::Generator);
    const std::vector<Value>& given = bound.call.positional;
    if (of_attribute && given.empty()) return type_error("Missing parameter for attribute name");
    AttributePath path = TRY(AttributePath::of(runtime, of_attribute ? &given[0] : nullptr));
    constexpr size_t skip = of_attribute ? 1 : 0;
    const Builtin* test = given.size() > skip ? TRY(by_name(given[skip], false)) : nullptr;
    Call call = test ? rest_of(bound.call, skip + 1) : Call{};
    std::vector<Value> out;
    for (Value& item : TRY(to_vector(runtime, input))) {
        Value subject = TRY(path.from(runtime, item));
        bool holds =
            test ? TRY(run_builtin(runtime, *test, subject, call)).truthy() : subject.truthy();
        if (holds == wanted) out.push_back(std::move(item));
    }
    return runtime.list(std::move(out), Flavor::Generator);
}

constexpr Builtin table[] = {
    {"map", "*", map},
    {"reject", "*", select<false, false>},
    {"rejectattr", "*", select<false, true>},
    {"select", "*", select<true, false>},
    {"selectattr", "*", select<true, true>},
};

}  // namespace

std::span<const Builtin> select_filters() {
    return table;
}

}  // namespace linnet::jinja
