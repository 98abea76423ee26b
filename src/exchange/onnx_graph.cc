#include "exchange/onnx_graph.h"

#include <bit>

#include "base/text.h"

namespace linnet {
namespace {

enum WireType : uint32_t { Varint = 0, Lengthed = 2 };

// Fields of the messages.
namespace tensor {
constexpr uint32_t dims = 1, data_type = 2, name = 8, raw_data = 9, external_data = 13,
                   data_location = 14;
}
namespace graph {
constexpr uint32_t node = 1, name = 2, initializer = 5, input = 11, output = 12;
}

Protobuf tensor_of(std::string_view name, OnnxType type, std::span<const int64_t> shape) {
    Protobuf out;
    for (int64_t dim : shape) out.number(tensor::dims, static_cast<uint64_t>(dim));
    out.number(tensor::data_type, static_cast<uint32_t>(type)).text(tensor::name, name);
    return out;
}

// Little-endian, as the format wants it, on every machine that this runs on.
template <class T>
std::string_view raw(std::span<const T> values) {
    static_assert(std::endian::native == std::endian::little);
    return {reinterpret_cast<const char*>(values.data()), values.size_bytes()};
}

Protobuf value_info(std::string_view name, OnnxType type, const std::vector<std::string>& shape) {
    Protobuf dims, kind, outer, out;
    for (const std::string& dim : shape) {
        Protobuf one;
        if (auto size = parse_integer<uint64_t>(dim))
            one.number(1, *size);
        else
            one.text(2, dim);
        dims.message(1, one);
    }
    kind.number(1, static_cast<uint32_t>(type)).message(2, dims);
    outer.message(1, kind);
    out.text(1, name).message(2, outer);
    return out;
}

Protobuf attribute_of(const OnnxAttribute& attribute) {
    constexpr uint32_t name = 1, i = 3, ints = 8, type = 20;
    constexpr uint64_t type_int = 2, type_ints = 7;
    Protobuf out;
    out.text(name, attribute.name);
    if (!attribute.is_list)
        return out.number(i, static_cast<uint64_t>(attribute.number)).number(type, type_int);
    for (int64_t value : attribute.numbers) out.number(ints, static_cast<uint64_t>(value));
    return out.number(type, type_ints);
}

}  // namespace

void Protobuf::varint(uint64_t value) {
    for (; value >= 0x80; value >>= 7) bytes_ += static_cast<char>(value | 0x80);
    bytes_ += static_cast<char>(value);
}

Protobuf& Protobuf::number(uint32_t field, uint64_t value) {
    varint(uint64_t{field} << 3 | Varint);
    varint(value);
    return *this;
}

Protobuf& Protobuf::text(uint32_t field, std::string_view value) {
    varint(uint64_t{field} << 3 | Lengthed);
    varint(value.size());
    bytes_ += value;
    return *this;
}

std::string OnnxGraph::new_name(std::string_view kind) {
    return cat(kind, "_", ++names_);
}

std::string OnnxGraph::node(std::string_view kind, std::vector<std::string> inputs,
                            std::vector<OnnxAttribute> attributes) {
    std::string out = new_name(kind);
    node_into(kind, std::move(inputs), {out}, std::move(attributes));
    return out;
}

void OnnxGraph::node_into(std::string_view kind, std::vector<std::string> inputs,
                          std::vector<std::string> outputs, std::vector<OnnxAttribute> attributes) {
    constexpr uint32_t input = 1, output = 2, name = 3, op_type = 4, attribute = 5;
    Protobuf out;
    for (const std::string& each : inputs) out.text(input, each);
    for (const std::string& each : outputs) out.text(output, each);
    out.text(name, new_name("node")).text(op_type, kind);
    for (const OnnxAttribute& each : attributes) out.message(attribute, attribute_of(each));
    graph_.message(graph::node, out);
}

std::string OnnxGraph::int64s(std::span<const int64_t> values) {
    std::string name = new_name("constant");
    const auto size = static_cast<int64_t>(values.size());
    Protobuf out = tensor_of(name, OnnxType::Int64, std::span(&size, 1));
    graph_.message(graph::initializer, out.text(tensor::raw_data, raw(values)));
    return name;
}

std::string OnnxGraph::int64(int64_t value) {
    std::string name = new_name("constant");
    Protobuf out = tensor_of(name, OnnxType::Int64, {});
    out.text(tensor::raw_data, raw(std::span<const int64_t>(&value, 1)));
    graph_.message(graph::initializer, out);
    return name;
}

std::string OnnxGraph::floats(std::span<const float> values, std::vector<int64_t> shape) {
    std::string name = new_name("constant");
    Protobuf out = tensor_of(name, OnnxType::Float, shape);
    graph_.message(graph::initializer, out.text(tensor::raw_data, raw(values)));
    return name;
}

void OnnxGraph::weight(std::string_view name, OnnxType type, std::span<const uint64_t> shape,
                       std::string_view file, uint64_t offset, uint64_t bytes) {
    std::vector<int64_t> dims(shape.begin(), shape.end());
    Protobuf out = tensor_of(name, type, dims);
    for (auto [key, value] : {std::pair("location", std::string(file)),
                              {"offset", cat(offset)},
                              {"length", cat(bytes)}}) {
        Protobuf entry;
        entry.text(1, key).text(2, value);
        out.message(tensor::external_data, entry);
    }
    constexpr uint64_t external = 1;
    graph_.message(graph::initializer, out.number(tensor::data_location, external));
}

void OnnxGraph::input(std::string_view name, OnnxType type, const std::vector<Dimension>& shape) {
    graph_.message(graph::input, value_info(name, type, shape));
}

void OnnxGraph::output(std::string_view name, OnnxType type, const std::vector<Dimension>& shape) {
    graph_.message(graph::output, value_info(name, type, shape));
}

std::string OnnxGraph::model(std::string_view producer_version) const {
    constexpr uint64_t ir_version = 10, opset_version = 21;
    Protobuf opset, named = graph_, out;
    opset.text(1, "").number(2, opset_version);
    named.text(graph::name, "decoder");
    out.number(1, ir_version).text(2, "linnet").text(3, producer_version);
    out.message(7, named).message(8, opset);
    return out.bytes();
}

}  // namespace linnet
