// Any bytes as a safetensors file: it reads or says why not, all that it promises is there, and
// what is written of it reads as the same.
#include <cstddef>
#include <cstdint>

#include "formats/encode.h"
#include "formats/part.h"
#include "formats/testing/touch.h"

namespace {

using namespace linnet;

void write_and_read(const Part& part) {
    MetadataBuilder metadata(part.metadata);
    std::vector<TensorPlan> plans;
    uint64_t data = 0;
    for (const Tensor& tensor : part.tensors) {
        plans.push_back({std::string(tensor.name), tensor.dtype, tensor.shape});
        data += tensor.data.size();
    }
    check(bool(check_safetensors_plan(metadata, plans)), "what was read can be written");
    std::string bytes = safetensors_header(metadata, plans);
    bytes.resize(bytes.size() + data, '\0');
    auto again = read_safetensors(as_bytes(bytes));
    check(bool(again), "what is written can be read");
    check(testing::touch(again->metadata) == testing::touch(part.metadata), "the same metadata");
    for (size_t i = 0; i < plans.size(); i++)
        check(again->tensors[i].name == plans[i].name && again->tensors[i].shape == plans[i].shape,
              "the same tensors");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    auto part = read_safetensors(std::as_bytes(std::span(data, size)));
    if (!part) {
        check(!part.error().what.empty() && valid_utf8(part.error().what), "a sentence of text");
        return 0;
    }
    testing::touch(part->metadata);
    testing::touch(part->tensors);
    if (part->metadata.entries().size() < 1000) write_and_read(*part);
    return 0;
}
