#include "text/jinja_runtime.h"

namespace linnet::jinja {
namespace {

constexpr size_t indexed_from = 17;  // entries from which a dict is worth an index

void place(Dict& dict) {
    size_t last = dict.entries.size() - 1;
    if (dict.entries.size() < indexed_from) return;
    for (size_t i = dict.places.empty() ? 0 : last; i <= last; i++)
        dict.places.emplace(dict.entries[i].hash, static_cast<uint32_t>(i));
}

}  // namespace

Value Runtime::text(std::string utf8, bool safe) {
    return Value(std::make_shared<const Text>(&budget, std::move(utf8), safe));
}

Value Runtime::list(std::vector<Value> items, Sequence::Flavor flavor) {
    auto made = std::make_shared<const Sequence>(&budget, flavor, std::move(items));
    if (made->depth > value_depth_max) budget.too_deep();
    return Value(std::move(made));
}

Result<Done> TextBuilder::add(std::string_view piece, size_t times) {
    size_t total = 0;
    if (__builtin_mul_overflow(piece.size(), times, &total)) total = SIZE_MAX;
    TRY(runtime_.budget.room(total));
    for (; total > 0 && times > 0; times--) TRY(add(piece));
    return Done{};
}

DictBuilder::DictBuilder(Runtime& runtime)
    : runtime_(runtime), dict_(std::make_shared<Dict>(&runtime.budget)) {}

Result<Done> DictBuilder::set(Value key, Value value) {
    TRY(runtime_.budget.step());
    size_t hash = TRY(hash_of(runtime_, key));
    dict_->depth = std::max({dict_->depth, key.depth() + 1, value.depth() + 1});
    if (const Value* held = TRY(find_key(runtime_, *dict_, key))) {
        const_cast<Value&>(*held) = std::move(value);  // still ours alone
        return Done{};
    }
    dict_->entries.push_back({hash, std::move(key), std::move(value)});
    dict_->charge.grow(sizeof(Dict::Entry) + 32);
    place(*dict_);
    return Done{};
}

Value DictBuilder::value() {
    if (dict_->depth > value_depth_max) runtime_.budget.too_deep();
    return Value(std::shared_ptr<const Dict>(std::move(dict_)));
}

Result<Iteration> Iteration::over(const Value& value) {
    Iteration walk;
    walk.held_ = value;
    if (const Text* text = value.text()) {
        walk.left_ = text->length;
    } else if (const Sequence* sequence = value.sequence()) {
        walk.at_ = sequence->taken;
        walk.left_ = sequence->items.size() - sequence->taken;
    } else if (const Dict* dict = value.dict()) {
        walk.left_ = dict->entries.size();
    } else if (!value.is_undefined()) {
        return type_error(cat("'", value.type(), "' object is not iterable"));
    }
    return walk;
}

std::optional<Value> Iteration::next(Runtime& runtime) {
    if (left_ == 0) return std::nullopt;
    left_--;
    if (const Text* text = held_.text()) {
        size_t begin = at_;
        next_point(text->bytes, at_);
        return runtime.text(text->bytes.substr(begin, at_ - begin));
    }
    if (const Dict* dict = held_.dict()) return dict->entries[at_++].key;
    const Sequence* sequence = held_.sequence();
    if (sequence->flavor == Sequence::Flavor::Generator) sequence->taken = at_ + 1;
    return sequence->items[at_++];
}

Result<std::vector<Value>> to_vector(Runtime& runtime, const Value& value) {
    Iteration walk = TRY(Iteration::over(value));
    TRY(runtime.budget.room(walk.left() * sizeof(Value)));
    std::vector<Value> out;
    out.reserve(walk.left());
    while (auto item = walk.next(runtime)) {
        TRY(runtime.budget.step());
        out.push_back(std::move(*item));
    }
    return out;
}

Result<std::shared_ptr<const Text>> printed(Runtime& runtime, const Value& value) {
    if (value.is_string()) return value.shared_text();
    TextBuilder out(runtime);
    TRY(print(out, value));
    return out.value().shared_text();
}

Result<Value> call_value(Runtime& runtime, const Value& callee, const Call& call) {
    if (callee.is_undefined()) return type_error(callee.why());
    Object* object = callee.object();
    if (!object) return type_error(cat("'", callee.type(), "' object is not callable"));
    return object->call(runtime, call);
}

}  // namespace linnet::jinja
