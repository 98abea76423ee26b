#include "model/source.h"

#include <algorithm>
#include <cmath>

#include "formats/compressed_folder.h"

namespace linnet {
namespace {

// A metadata value as Json, so that both kinds of file are asked alike.
std::optional<Json> as_json(const Value& value) {
    if (auto array = value.as_array()) {
        if (array->type() == ValueType::String || array->type() == ValueType::Array)
            return std::nullopt;
        Json out = Json::array();
        for (Value item : *array) out.push(as_json(item).value_or(Json()));
        return out;
    }
    if (auto flag = value.as_bool()) return Json(*flag);
    if (auto whole = value.as_int()) return Json(*whole);
    if (auto number = value.as_double()) return Json(*number);
    if (auto text = value.as_string()) return Json(*text);
    return std::nullopt;
}

// A setting of config.json; names of objects and of what they hold are joined by dots.
const Json* find_path(const Json* object, std::string_view path) {
    while (object && !path.empty()) {
        size_t dot = std::min(path.find('.'), path.size());
        object = object->find(path.substr(0, dot));
        path.remove_prefix(std::min(dot + 1, path.size()));
    }
    return object && !object->is_null() ? object : nullptr;
}

const Tensor* find_variant(const Checkpoint& checkpoint, std::string_view name) {
    for (const std::string& variant : name_variants(name))
        if (const Tensor* tensor = checkpoint.find(variant)) return tensor;
    return nullptr;
}

}  // namespace

Result<Source> Source::open(Checkpoint checkpoint, Math math, ThreadPool& pool,
                            uint64_t weights_max) {
    if (checkpoint.format() == Format::Gguf) {
        const Value* value = checkpoint.metadata().find("general.architecture");
        auto name = value ? value->as_string() : std::nullopt;
        if (!name)
            return Error{
                Code::BadInput,
                "the file does not say which architecture it holds (general.architecture)"};
        return Source(std::move(checkpoint), std::string(*name), math, pool, weights_max);
    }
    Json config = TRY(checkpoint.document("config.json"));
    std::string type = config.string_or("model_type", "");
    if (type.empty())
        return Error{Code::BadInput, "config.json does not say which model_type it is"};
    if (auto compressed = TRY(CompressedConfig::read(config)))
        checkpoint = TRY(decompress(checkpoint, *compressed, pool));
    Source source(std::move(checkpoint), std::string(architecture_of(type)), math, pool,
                  weights_max);
    source.config_ = std::move(config);
    return source;
}

std::optional<Json> Source::whole_setting(std::string_view name) const {
    if (!from_hugging_face()) {
        const Value* value = checkpoint_.metadata().find(cat(architecture_, ".", name));
        return value ? as_json(*value) : std::nullopt;
    }
    for (const std::string& other : folder_names(names_, name))
        if (auto found = document_setting(other)) return found;
    auto usual = std::ranges::find(usual_, name, &Usual::gguf);
    return usual == usual_.end() ? std::nullopt : std::optional(Json(usual->value));
}

std::optional<Json> Source::document_setting(std::string_view name) const {
    const Json* text = config_.find("text_config");  // of a model of text and images
    for (const Json* root : {text, &config_})
        if (const Json* found = find_path(root, name)) return *found;
    return std::nullopt;
}

std::optional<Json> Source::setting(std::string_view name, uint32_t layer) const {
    auto whole = whole_setting(name);
    if (!whole || !whole->is_array()) return whole;
    const Json::Array& items = *whole->as_array();
    return layer < items.size() ? std::optional(Json(items[layer])) : std::nullopt;
}

std::string Source::shown_setting(std::string_view name) const {
    auto others = folder_names(names_, name);
    if (from_hugging_face() && !others.empty()) return others.front();
    return cat(architecture_, ".", name);
}

std::string Source::shown(std::string_view name) const {
    auto others = folder_names(names_, name);
    return from_hugging_face() && !others.empty() ? others.front() : std::string(name);
}

Result<uint32_t> Source::need_uint(std::string_view name, uint32_t least, uint32_t most,
                                   uint32_t layer) const {
    auto value = setting(name, layer);
    if (!value)
        return Error{Code::BadInput, cat("the model lacks the setting ", shown_setting(name))};
    auto number = value->as_uint();
    if (!number || *number < least || *number > most)
        return Error{Code::BadInput,
                     cat("the setting ", shown_setting(name), " is ", printable(value->dump(), 80),
                         ", not a whole number from ", least, " to ", most)};
    return static_cast<uint32_t>(*number);
}

Result<uint32_t> Source::uint_or(std::string_view name, uint32_t least, uint32_t most,
                                 uint32_t other, uint32_t layer) const {
    if (!setting(name, layer)) return other;
    return need_uint(name, least, most, layer);
}

Result<float> Source::float_or(std::string_view name, float other) const {
    auto value = setting(name, 0);
    if (!value) return other;
    auto number = value->as_double();
    if (!number || !std::isfinite(static_cast<float>(*number)))
        return Error{Code::BadInput, cat("the setting ", shown_setting(name), " is ",
                                         printable(value->dump(), 80), ", not a number")};
    return static_cast<float>(*number);
}

Result<bool> Source::bool_or(std::string_view name, bool other) const {
    auto value = setting(name, 0);
    if (!value) return other;
    auto flag = value->as_bool();
    if (!flag)
        return Error{Code::BadInput,
                     cat("the setting ", shown_setting(name), " is not true or false")};
    return *flag;
}

std::vector<float> Source::floats(std::string_view name) const {
    auto whole = whole_setting(name);
    const Json::Array* items = whole ? whole->as_array() : nullptr;
    std::vector<float> out;
    for (size_t i = 0; items && i < items->size(); i++) {
        auto number = (*items)[i].as_double();
        if (!number) return {};
        out.push_back(static_cast<float>(*number));
    }
    return out;
}

std::string Source::string_or(std::string_view name, std::string_view other) const {
    auto value = setting(name, 0);
    const std::string* text = value ? value->as_string() : nullptr;
    return text ? *text : std::string(other);
}

const Tensor* Source::find(std::string_view name) const {
    if (!from_hugging_face()) return checkpoint_.find(name);
    for (const std::string& other : folder_names(names_, name))
        if (const Tensor* tensor = find_variant(checkpoint_, other)) return tensor;
    return nullptr;
}

Result<const Tensor*> Source::need(std::string_view name) const {
    const Tensor* tensor = find(name);
    if (!tensor)
        return Error{Code::BadInput, cat("the model lacks the tensor '", shown(name), "'")};
    return tensor;
}

Result<const Tensor*> Source::find_shaped(std::string_view name, uint64_t rows,
                                          uint64_t columns) const {
    const Tensor* tensor = find(name);
    if (!tensor) return tensor;
    if (tensor->shape.row() != columns || tensor->values != rows * columns)
        return Error{Code::BadInput,
                     cat("the tensor '", shown(name), "' is ", shape_text(tensor->shape),
                         " where the model's settings ask for ", rows, " x ", columns)};
    if (!tensor->dtype->decode)
        return Error{Code::BadInput, cat("the tensor '", shown(name), "' is of type ",
                                         tensor->dtype->name, ", which holds no weights")};
    return tensor;
}

Result<const Tensor*> Source::need(std::string_view name, uint64_t rows, uint64_t columns) const {
    TRY(need(name));
    return find_shaped(name, rows, columns);
}

Result<Matrix> Source::matrix(std::string_view name, uint64_t rows, uint64_t columns,
                              Within within) const {
    uint64_t all = within.rows ? within.rows : rows;
    check(within.first + rows <= all, "the matrix lies within the tensor");
    if (!within.transposed) {
        const Tensor& tensor = *TRY(need(name, all, columns));
        return ready(Matrix(tensor, columns).slice(within.first, rows), tensor);
    }
    const Tensor& tensor = *TRY(need(name, columns, all));
    if (tensor.dtype->block_values != 1)
        return Error{Code::Unsupported, cat("the tensor '", shown(name), "' is quantized to ",
                                            tensor.dtype->name, " the wrong way round")};
    return ready(Matrix::transposed(tensor, columns, within.first, rows), tensor);
}

Result<Matrix> Source::ready(Matrix matrix, const Tensor& tensor) const {
    Bytes used = matrix.bytes();
    if (math_ == Math::Fast)
        TRY(matrix.pack(pool_, *pack_memory_));
    else
        pack_memory_->hold(used.size());
    bool mapped = tensor.file != Tensor::in_memory && used.data() >= tensor.data.data() &&
                  used.data() < tensor.data.data() + tensor.data.size();
    if (matrix.packed() && mapped) pack_memory_->copied(checkpoint_.files()[tensor.file], used);
    return matrix;
}

uint32_t Source::add_site(AdapterSite site) const {
    sites_->push_back(std::move(site));
    return static_cast<uint32_t>(sites_->size() - 1);
}

Result<std::vector<float>> Source::vector(std::string_view name, uint64_t size, bool needed) const {
    const Tensor* tensor = needed ? TRY(need(name, 1, size)) : TRY(find_shaped(name, 1, size));
    std::vector<float> out;
    if (!tensor) return out;
    out.resize(size);
    tensor->dtype->decode(tensor->data.data(), out.data(), size);
    return out;
}

Result<std::vector<float>> Source::values(std::string_view name, uint64_t count) const {
    const Tensor& tensor = *TRY(need(name));
    if (tensor.values != count || !tensor.dtype->decode)
        return Error{
            Code::BadInput,
            cat("the tensor '", shown(name), "' is ", shape_text(tensor.shape), " of type ",
                tensor.dtype->name, " where the model's settings ask for ", count, " numbers")};
    std::vector<float> out(count);
    tensor.dtype->decode(tensor.data.data(), out.data(), count);
    return out;
}

}  // namespace linnet
