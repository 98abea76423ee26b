#include "formats/encode.h"

#include <bit>

#include "base/json.h"
#include "formats/part.h"

namespace linnet {
namespace {

constexpr uint32_t gguf_version = 3;
constexpr size_t ggml_name_bytes_max = 63;  // llama.cpp refuses a file with a longer one
constexpr uint64_t ggml_rank_max = 4;
constexpr uint32_t alignment_default = 32;
constexpr size_t header_alignment = 8;  // of safetensors data in the file

template <class T>
void append_raw(std::string& out, T value) {
    out += as_text(std::as_bytes(std::span(&value, 1)));
}
void append_string(std::string& out, std::string_view text) {
    append_raw(out, uint64_t{text.size()});
    out += text;
}

// Keys that depend on how the file is laid out: the writer sets them itself.
bool layout_key(std::string_view key) {
    return key == "general.alignment" || key == "split.no" || key == "split.count" ||
           key == "split.tensors.count";
}

Error refuse(std::string what) {
    return Error{Code::Usage, std::move(what)};
}

Result<> check_key(const Metadata::Entry& entry) {
    std::string what = cat("the key '", printable(entry.key, 80), "'");
    if (entry.key.empty() || entry.key.size() > key_bytes_max || !valid_utf8(entry.key))
        return refuse(cat(what, " is empty, too long or not UTF-8"));
    auto array = entry.value.as_array();
    if (array && array->type() == ValueType::Array)
        return Error{Code::Unsupported,
                     cat(what, " holds arrays within an array, which llama.cpp does not read")};
    return Done{};
}

}  // namespace

uint64_t plan_bytes(const TensorPlan& tensor) {
    auto values = tensor.shape.values();
    auto bytes = values ? tensor.dtype->bytes_of(*values) : std::nullopt;
    check(bytes.has_value(), "the plan was checked");
    return *bytes;
}

Result<> check_gguf_plan(const MetadataBuilder& metadata, std::span<const TensorPlan> tensors,
                         const WriteOptions& options) {
    if (!std::has_single_bit(options.alignment) || options.alignment > 65536)
        return refuse(
            cat("an alignment of ", options.alignment, " is no power of two up to 65536"));
    for (const Metadata::Entry& entry : metadata.entries()) TRY(check_key(entry));
    for (const TensorPlan& tensor : tensors) {
        std::string what = tensor_text(tensor.name);
        if (tensor.name.size() > ggml_name_bytes_max || !valid_utf8(tensor.name))
            return refuse(
                cat(what, ": GGUF names are UTF-8 of at most ", ggml_name_bytes_max, " bytes"));
        if (tensor.dtype->ggml_id == no_ggml_id)
            return refuse(cat(what, ": GGUF has no number format ", tensor.dtype->name));
        if (tensor.shape.rank() > ggml_rank_max)
            return refuse(cat(what, ": GGUF allows ", ggml_rank_max, " dimensions"));
        if (tensor.shape.values() == 0) return refuse(cat(what, ": GGUF allows no empty tensor"));
        if (tensor.shape.row() % tensor.dtype->block_values != 0)
            return refuse(cat(what, ": rows of ", tensor.shape.row(),
                              " values are no multiple of the ", tensor.dtype->block_values,
                              " in a block of ", tensor.dtype->name));
    }
    return Done{};
}

Result<> check_safetensors_plan(const MetadataBuilder& metadata,
                                std::span<const TensorPlan> tensors) {
    for (const Metadata::Entry& entry : metadata.entries())
        if (auto text = entry.value.as_string();
            !text || !valid_utf8(*text) || !valid_utf8(entry.key))
            return refuse(cat("safetensors metadata is text, but '", printable(entry.key, 80),
                              "' is ", text ? "not UTF-8" : value_type_name(entry.value.type())));
    for (const TensorPlan& tensor : tensors) {
        std::string what = tensor_text(tensor.name);
        if (tensor.name == "__metadata__" || tensor.name.size() > name_bytes_max ||
            !valid_utf8(tensor.name))
            return refuse(cat(what, ": not a name for safetensors"));
        if (tensor.dtype->safetensors.empty())
            return refuse(cat(what, ": safetensors has no number format ", tensor.dtype->name));
    }
    return Done{};
}

std::string gguf_header(const MetadataBuilder& metadata, std::span<const TensorPlan> tensors,
                        uint32_t alignment, FilePlace place) {
    MetadataBuilder own;
    if (place.number == 0) {
        for (const Metadata::Entry& entry : metadata.entries())
            if (!layout_key(entry.key)) own.set(entry.key, entry.value);
    }
    if (alignment != alignment_default) own.set("general.alignment", alignment);
    if (place.count > 1) {  // the types are those of llama.cpp's gguf-split
        own.set("split.no", static_cast<uint16_t>(place.number));
        own.set("split.count", static_cast<uint16_t>(place.count));
        own.set("split.tensors.count", static_cast<int32_t>(place.tensors_total));
    }
    std::string out = "GGUF";
    append_raw(out, gguf_version);
    append_raw(out, uint64_t{tensors.size()});
    append_raw(out, uint64_t{own.entries().size()});
    for (const Metadata::Entry& entry : own.entries()) {
        append_string(out, entry.key);
        append_raw(out, static_cast<uint32_t>(entry.value.type()));
        MetadataBuilder::encode(entry.value, out);
    }
    uint64_t offset = 0;
    for (const TensorPlan& tensor : tensors) {
        append_string(out, tensor.name);
        append_raw(out, static_cast<uint32_t>(tensor.shape.rank()));
        for (size_t i = tensor.shape.rank(); i-- > 0;) append_raw(out, tensor.shape[i]);
        append_raw(out, tensor.dtype->ggml_id);
        append_raw(out, offset);
        offset = *checked_align(offset + plan_bytes(tensor), alignment);
    }
    out.resize(*checked_align(out.size(), alignment), '\0');
    return out;
}

std::string safetensors_header(const MetadataBuilder& metadata,
                               std::span<const TensorPlan> tensors) {
    std::string text = "{", texts;
    for (const Metadata::Entry& entry : metadata.entries())
        texts += cat(texts.empty() ? "" : ",", json_quote(entry.key), ":",
                     json_quote(*entry.value.as_string()));
    if (!texts.empty()) text += cat("\"__metadata__\":{", texts, "}");
    uint64_t offset = 0;
    for (const TensorPlan& tensor : tensors) {
        std::string shape;
        for (uint64_t dim : tensor.shape.dims()) shape += cat(shape.empty() ? "" : ",", dim);
        uint64_t end = offset + plan_bytes(tensor);
        text += cat(text.size() > 1 ? "," : "", json_quote(tensor.name), ":{\"dtype\":\"",
                    tensor.dtype->safetensors, "\",\"shape\":[", shape, "],\"data_offsets\":[",
                    offset, ",", end, "]}");
        offset = end;
    }
    text += "}";
    text.resize(*checked_align(text.size(), header_alignment), ' ');
    std::string out;
    append_raw(out, uint64_t{text.size()});
    return out + text;
}

}  // namespace linnet
