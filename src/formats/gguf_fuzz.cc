// Any bytes as a GGUF file: it reads or says why not, all that it promises is there, and what is
// written of it reads as the same.
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
    for (const Tensor& tensor : part.tensors)
        plans.push_back({std::string(tensor.name), tensor.dtype, tensor.shape});
    if (!check_gguf_plan(metadata, plans, {})) return;
    std::string bytes = gguf_header(metadata, plans, 32, {});
    uint64_t data = 0;
    for (const TensorPlan& plan : plans) data = *checked_align(data + plan_bytes(plan), 32);
    if (data > 1'000'000) return;
    bytes.resize(bytes.size() + data, '\0');
    auto again = read_gguf(as_bytes(bytes));
    check(bool(again), "what is written can be read");
    check(again->tensors.size() == part.tensors.size(), "as many tensors");
    for (const auto& [key, value] : again->metadata.entries()) {
        const Value* before = part.metadata.find(key);
        check(before && testing::touch(*before) == testing::touch(value), "the same values");
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    auto part = read_gguf(std::as_bytes(std::span(data, size)));
    if (!part) {
        check(!part.error().what.empty() && valid_utf8(part.error().what), "a sentence of text");
        return 0;
    }
    testing::touch(part->metadata);
    testing::touch(part->tensors);
    if (part->metadata.entries().size() < 1000) write_and_read(*part);
    return 0;
}
