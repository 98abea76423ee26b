/* What programs were compiled against: whoever changes a layout or a signature that stands here
 * breaks them, and this file no longer compiles. What is new is added; linnet.symbols lists the
 * functions. */
#include "linnet/linnet.h"

#define FIELD(type, member, at, bytes)                       \
    _Static_assert(offsetof(type, member) == (at), #member); \
    _Static_assert(sizeof(((type*)0)->member) == (bytes), #member)
/* No padding behind the last member: a member that is added later must not lie in it. */
#define SIZE(type, bytes) _Static_assert(sizeof(type) == (bytes), #type)
#define VALUE(name, value) _Static_assert((name) == (value), #name)

_Static_assert(sizeof(void*) == 8, "these are the layouts of 64-bit machines");

FIELD(linnet_model_options, size, 0, 8);
FIELD(linnet_model_options, memory_max, 8, 8);
FIELD(linnet_model_options, threads, 16, 4);
FIELD(linnet_model_options, context, 20, 4);
FIELD(linnet_model_options, sequences, 24, 4);
FIELD(linnet_model_options, waiting, 28, 4);
FIELD(linnet_model_options, exact, 32, 4);
FIELD(linnet_model_options, kv, 36, 4);
SIZE(linnet_model_options, 40);

FIELD(linnet_message, role, 0, 8);
FIELD(linnet_message, content, 8, 8);
SIZE(linnet_message, 16);

FIELD(linnet_request, size, 0, 8);
FIELD(linnet_request, messages, 8, 8);
FIELD(linnet_request, message_count, 16, 8);
FIELD(linnet_request, text, 24, 8);
FIELD(linnet_request, stop, 32, 8);
FIELD(linnet_request, stop_count, 40, 8);
FIELD(linnet_request, json_schema, 48, 8);
FIELD(linnet_request, grammar, 56, 8);
FIELD(linnet_request, regex, 64, 8);
FIELD(linnet_request, seed, 72, 8);
FIELD(linnet_request, tokens_max, 80, 4);
FIELD(linnet_request, reasoning_max, 84, 4);
FIELD(linnet_request, thinking, 88, 4);
FIELD(linnet_request, top_k, 92, 4);
FIELD(linnet_request, temperature, 96, 4);
FIELD(linnet_request, top_p, 100, 4);
FIELD(linnet_request, min_p, 104, 4);
FIELD(linnet_request, repetition_penalty, 108, 4);
FIELD(linnet_request, frequency_penalty, 112, 4);
FIELD(linnet_request, presence_penalty, 116, 4);
SIZE(linnet_request, 120);

FIELD(linnet_result, size, 0, 8);
FIELD(linnet_result, finish, 8, 8);
FIELD(linnet_result, prompt_tokens, 16, 8);
FIELD(linnet_result, cached_tokens, 24, 8);
FIELD(linnet_result, answer_tokens, 32, 8);
FIELD(linnet_result, first_token_s, 40, 8);
FIELD(linnet_result, answer_s, 48, 8);
SIZE(linnet_result, 56);

VALUE(LINNET_ABI_VERSION, 1);
VALUE(LINNET_OK, 0);
VALUE(LINNET_BUG, 1);
VALUE(LINNET_USAGE, 2);
VALUE(LINNET_NOT_FOUND, 3);
VALUE(LINNET_INTEGRITY, 5);
VALUE(LINNET_NO_FIT, 6);
VALUE(LINNET_BUSY, 9);
VALUE(LINNET_BAD_INPUT, 10);
VALUE(LINNET_INTERRUPTED, 130);
VALUE(LINNET_KV_USUAL, 0);
VALUE(LINNET_KV_F32, 1);
VALUE(LINNET_KV_F16, 2);
VALUE(LINNET_KV_INT8, 3);
VALUE(LINNET_FINISH_END, 0);
VALUE(LINNET_FINISH_LENGTH, 1);
VALUE(LINNET_FINISH_CANCELLED, 2);
VALUE(LINNET_PLAIN, 0);
VALUE(LINNET_QUERY, 1);
VALUE(LINNET_DOCUMENT, 2);

typedef int (*expected_on_text)(void*, const char*, size_t, int);
typedef struct signatures {
    uint32_t (*abi_version)(void);
    const char* (*version)(void);
    const char* (*error_message)(const linnet_error*);
    const char* (*error_next)(const linnet_error*);
    const char* (*error_name)(const linnet_error*);
    void (*error_free)(linnet_error*);
    linnet_cancel* (*cancel_new)(void);
    void (*cancel_request)(linnet_cancel*);
    void (*cancel_reset)(linnet_cancel*);
    void (*cancel_free)(linnet_cancel*);
    int (*model_open)(const char*, const linnet_model_options*, linnet_model**, linnet_error**);
    void (*model_free)(linnet_model*);
    uint32_t (*model_context)(const linnet_model*);
    int (*tokenize)(const linnet_model*, const char*, int32_t*, size_t, size_t*, linnet_error**);
    int (*detokenize)(const linnet_model*, const int32_t*, size_t, char*, size_t, size_t*,
                      linnet_error**);
    int (*generate)(linnet_model*, const linnet_request*, expected_on_text, void*,
                    const linnet_cancel*, linnet_result*, linnet_error**);
    int (*embedder_open)(const char*, const linnet_model_options*, linnet_embedder**,
                         linnet_error**);
    void (*embedder_free)(linnet_embedder*);
    size_t (*embedder_dimensions)(const linnet_embedder*);
    int (*embed)(linnet_embedder*, const char* const*, size_t, int, float*, const linnet_cancel*,
                 linnet_error**);
} signatures;

extern const signatures linnet_signatures;
const signatures linnet_signatures = {
    linnet_abi_version,   linnet_version,       linnet_error_message,       linnet_error_next,
    linnet_error_name,    linnet_error_free,    linnet_cancel_new,          linnet_cancel_request,
    linnet_cancel_reset,  linnet_cancel_free,   linnet_model_open,          linnet_model_free,
    linnet_model_context, linnet_tokenize,      linnet_detokenize,          linnet_generate,
    linnet_embedder_open, linnet_embedder_free, linnet_embedder_dimensions, linnet_embed};
