// Any text as adapter_config.json: it reads or says why not, and gives every module a scale or an
// error.
#include <cstdint>
#include <string_view>

#include "base/text.h"
#include "model/adapters/peft_config.h"

using namespace linnet;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    auto document = Json::parse({reinterpret_cast<const char*>(data), size});
    if (!document) return 0;
    auto config = PeftConfig::read(*document);
    if (!config) {
        check(!config.error().what.empty() && valid_utf8(config.error().what), "a sentence");
        return 0;
    }
    for (std::string_view module : {"", "q_proj", "model.layers.0.self_attn.q_proj"})
        for (uint64_t rank : {uint64_t{0}, uint64_t{8}, UINT64_MAX}) {
            auto scale = config->scale_of(module, rank);
            check(scale || valid_utf8(scale.error().what), "a scale or a sentence");
        }
    return 0;
}
