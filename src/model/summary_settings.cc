#include "model/summary_settings.h"

#include <algorithm>

namespace linnet {

constexpr size_t architecture_bytes_max = 200;

std::string short_text(std::string_view text) {
    return printable(text, 200);
}

Error Setting::wrong(std::string_view is, uint64_t most) const {
    return Error{Code::BadInput, cat(name_, " is ", is, ", not a whole number up to ", most),
                 "the file is damaged or was made wrongly: get it again, or elsewhere"};
}

bool Setting::is_list() const {
    if (json_) return json_->is_array();
    const Value* value = own_ ? &*own_ : value_;
    return value && value->type() == ValueType::Array;
}

uint64_t Setting::size() const {
    return json_ ? json_->as_array()->size() : value_->as_array()->size();
}

Result<Setting> Setting::item(uint64_t layer) const {
    if (!is_list()) return *this;
    if (layer >= size())
        return Error{Code::BadInput, cat(name_, " has only ", size(), " items for the layers")};
    if (json_) return Setting(name_, &(*json_->as_array())[layer]);
    Array array = *value_->as_array();
    if (value_type_bytes(array.type()) == 0)
        return Error{Code::BadInput, cat(name_, " is an array of ", value_type_name(array.type()))};
    Setting out(name_, value_);
    out.own_ = array[layer];
    return out;
}

Result<uint64_t> Setting::number(uint64_t most) const {
    const Value* value = own_ ? &*own_ : value_;
    auto number = json_ ? json_->as_uint() : value->as_uint();
    if (number && *number <= most) return *number;
    if (json_) return wrong(printable(json_->is_array() ? "a list" : json_->dump(), 80), most);
    return wrong(number ? cat(*number) : cat("of type ", value_type_name(value->type())), most);
}

Result<std::optional<uint64_t>> Setting::uint(uint64_t most, uint64_t layer) const {
    if (!*this) return std::optional<uint64_t>();
    Setting one = TRY(item(layer));
    return std::optional(TRY(one.number(most)));
}

Result<std::optional<uint64_t>> Setting::greatest(uint64_t most) const {
    if (!*this) return std::optional<uint64_t>();
    if (!is_list()) return std::optional(TRY(number(most)));
    if (size() > layers_max) return wrong(cat("a list of ", size(), " items"), most);
    uint64_t greatest = 0;
    for (uint64_t i = 0; i < size(); i++) {
        Setting one = TRY(item(i));
        greatest = std::max(greatest, TRY(one.number(most)));
    }
    return std::optional(greatest);
}

std::optional<bool> Setting::flag(uint64_t layer) const {
    if (!*this) return std::nullopt;
    auto one = item(layer);
    if (!one) return std::nullopt;
    if (one->json_) return one->json_->as_bool();
    const Value* value = one->own_ ? &*one->own_ : one->value_;
    if (auto flag = value->as_bool()) return flag;
    auto number = one->is_list() ? std::nullopt : value->as_uint();
    return number ? std::optional(*number != 0) : std::nullopt;
}

std::optional<std::string_view> Setting::text(uint64_t layer) const {
    auto one = json_ ? item(layer) : Result<Setting>(Setting());
    const std::string* text = one && one->json_ ? one->json_->as_string() : nullptr;
    return text ? std::optional<std::string_view>(*text) : std::nullopt;
}

Result<SummarySettings> SummarySettings::open(const Checkpoint& model) {
    SummarySettings out(model);
    std::string_view name;
    if (out.gguf()) {
        name = model.metadata().string_of("general.architecture").value_or("");
    } else if (model.has_document("config.json")) {
        out.config_ = TRY(model.document("config.json"));
        const Json* type = out.config_.find("model_type");
        if (type && type->as_string()) name = *type->as_string();
    }
    if (name.size() > architecture_bytes_max)
        return Error{Code::BadInput,
                     cat("the name of the architecture is ", name.size(), " bytes long; at most ",
                         architecture_bytes_max, " are read")};
    out.architecture_ = name;
    return out;
}

Setting SummarySettings::find(std::string_view gguf_name,
                              std::initializer_list<std::string_view> config_names) const {
    if (gguf()) {
        std::string key = cat(architecture_, ".", gguf_name);
        return Setting(printable(key, 100), checkpoint_.metadata().find(key));
    }
    for (std::string_view name : config_names) {
        // Models for more than text keep the settings of the text part apart.
        const Json* value = config_.find(name);
        if (!value || value->is_null()) value = config_.find("text_config", name);
        if (value && !value->is_null()) return Setting(std::string(name), value);
    }
    return Setting();
}

}  // namespace linnet
