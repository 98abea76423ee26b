// Asks a model a question and shows the answer as it comes: ask MODEL QUESTION [TOKENS]
#include <cstdlib>
#include <iostream>
#include <linnet/linnet.hpp>

static int fail(const linnet::Error& error) {
    std::cerr << "ask: " << error.message << "\n     " << error.next << "\n";
    return error.code;
}

int main(int argc, char** argv) {
    if (argc < 3) return LINNET_USAGE;
    auto model = linnet::Model::open(argv[1]);
    if (!model) return fail(model.error());
    linnet::Request request;
    request.messages = {{"user", argv[2]}};
    request.temperature = 0.7f;
    if (argc > 3) request.tokens_max = static_cast<uint32_t>(std::strtoul(argv[3], nullptr, 10));
    auto answer = model->generate(request, [](std::string_view text, bool is_reasoning) {
        if (!is_reasoning) std::cout << text << std::flush;
        return true;
    });
    if (!answer) return fail(answer.error());
    std::cout << "\n"
              << answer->prompt_tokens << " tokens asked, " << answer->answer_tokens
              << " answered\n";
    return LINNET_OK;
}
