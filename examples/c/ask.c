/* Asks a model a question and shows the answer as it comes: ask MODEL QUESTION [TOKENS] */
#include <linnet/linnet.h>
#include <stdio.h>
#include <stdlib.h>

static int show(void* user, const char* text, size_t bytes, int is_reasoning) {
    (void)user;
    if (!is_reasoning) fwrite(text, 1, bytes, stdout);
    return fflush(stdout);
}

static int fail(int code, linnet_error* error) {
    fprintf(stderr, "ask: %s\n     %s\n", linnet_error_message(error), linnet_error_next(error));
    linnet_error_free(error);
    return code;
}

int main(int argc, char** argv) {
    if (argc < 3 || linnet_abi_version() != LINNET_ABI_VERSION) return LINNET_USAGE;
    linnet_error* error = NULL;
    linnet_model* model = NULL;
    int code = linnet_model_open(argv[1], NULL, &model, &error);
    if (code != LINNET_OK) return fail(code, error);

    linnet_message message = {"user", argv[2]};
    linnet_request request = {
        .size = sizeof request, .messages = &message, .message_count = 1, .temperature = 0.7f};
    if (argc > 3) request.tokens_max = (uint32_t)strtoul(argv[3], NULL, 10);
    linnet_result result = {.size = sizeof result};
    code = linnet_generate(model, &request, show, NULL, NULL, &result, &error);
    if (code != LINNET_OK)
        fail(code, error);
    else
        printf("\n%llu tokens asked, %llu answered\n", (unsigned long long)result.prompt_tokens,
               (unsigned long long)result.answer_tokens);
    linnet_model_free(model);
    return code;
}
