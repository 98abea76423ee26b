// Any bytes as a folder of quantized weights, config.json up to the first zero byte and then
// model.safetensors: it becomes plain weights or says why not.
#include <cstddef>
#include <cstdint>

#include "base/testing/temporary.h"
#include "formats/compressed_folder.h"
#include "formats/testing/touch.h"

using namespace linnet;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    static const testing::TemporaryFolder folder("/dev/shm");
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const size_t end = text.find('\0');
    if (end == text.npos) return 0;
    auto document = Json::parse(text.substr(0, end));
    if (!document) return 0;
    auto config = CompressedConfig::read(*document);
    check(config || valid_utf8(config.error().what), "a sentence");
    if (!config || !*config) return 0;
    const Path path = folder.path() / "model.safetensors";
    check(bool(write_file_atomic(path, text.substr(end + 1))), "a file in memory");
    auto model = Checkpoint::open(path);
    if (!model) return 0;
    static ThreadPool alone(1);
    auto plain = decompress(*model, **config, alone);
    if (!plain) {
        check(!plain.error().what.empty() && valid_utf8(plain.error().what), "a sentence");
        return 0;
    }
    testing::touch(plain->tensors());
    return 0;
}
