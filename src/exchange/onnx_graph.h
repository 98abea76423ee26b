// An ONNX model in the making: nodes, small constants and inputs in memory, large weights in a file
// beside the model. Written in protobuf's wire format by hand: of a schema that does not change, a
// model needs some twenty fields. Numbers of fields are those of onnx.proto, version 10, opset 21.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace linnet {

// A message, field after field.
class Protobuf {
  public:
    Protobuf& number(uint32_t field, uint64_t value);
    Protobuf& text(uint32_t field, std::string_view value);
    Protobuf& message(uint32_t field, const Protobuf& value) { return text(field, value.bytes_); }
    const std::string& bytes() const { return bytes_; }

  private:
    void varint(uint64_t value);
    std::string bytes_;
};

enum class OnnxType : uint32_t {
    Float = 1,
    Int8 = 3,
    Int64 = 7,
    Bool = 9,
    Float16 = 10,
    Int4 = 22,
};

struct OnnxAttribute {
    std::string_view name;
    int64_t number = 0;
    std::vector<int64_t> numbers{};
    bool is_list = false;

    OnnxAttribute(std::string_view named, int64_t value) : name(named), number(value) {}
    OnnxAttribute(std::string_view named, std::vector<int64_t> values)
        : name(named), numbers(std::move(values)), is_list(true) {}
};

// Names of values are those of what makes them, counted, so that each comes once.
class OnnxGraph {
  public:
    // The output of a node of that kind.
    std::string node(std::string_view kind, std::vector<std::string> inputs,
                     std::vector<OnnxAttribute> attributes = {});
    // The same with several, or with a name that is given.
    void node_into(std::string_view kind, std::vector<std::string> inputs,
                   std::vector<std::string> outputs, std::vector<OnnxAttribute> attributes = {});
    std::string new_name(std::string_view kind);

    std::string int64s(std::span<const int64_t> values);  // a vector
    std::string int64(int64_t value);                     // a scalar
    std::string floats(std::span<const float> values, std::vector<int64_t> shape);

    // `bytes` at `offset` of the file.
    void weight(std::string_view name, OnnxType type, std::span<const uint64_t> shape,
                std::string_view file, uint64_t offset, uint64_t bytes);

    // A dimension with a name may have any size.
    using Dimension = std::string;
    void input(std::string_view name, OnnxType type, const std::vector<Dimension>& shape);
    void output(std::string_view name, OnnxType type, const std::vector<Dimension>& shape);

    std::string model(std::string_view producer_version) const;

  private:
    Protobuf graph_;
    uint64_t names_ = 0;
};

}  // namespace linnet
