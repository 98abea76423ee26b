// Stands in for libFuzzer where the build has none: runs a fuzz target over the files of its
// corpus, as a plain test.
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

int main(int count, char** arguments) {
    size_t inputs = 0;
    for (int i = 1; i < count; i++) {
        std::error_code missing;
        for (const auto& entry : std::filesystem::directory_iterator(arguments[i], missing)) {
            if (!entry.is_regular_file()) continue;
            std::ifstream file(entry.path(), std::ios::binary);
            std::vector<char> bytes{std::istreambuf_iterator<char>(file), {}};
            LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
            inputs++;
        }
    }
    std::printf("%zu inputs\n", inputs);
    return inputs > 0 ? 0 : 1;  // an empty corpus would test nothing
}
