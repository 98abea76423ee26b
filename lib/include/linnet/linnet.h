/* Language models of this machine, for programs in C and whatever calls C.
 *
 * What is in here stays: functions keep their meaning, and structs grow only at their end, where
 * `size` tells which one the caller knows. linnet_abi_version() changes where that could not be
 * kept. In every struct zero means the usual, so that `{.size = sizeof(...)}` is complete.
 *
 * No exception leaves these functions. Texts that go in are UTF-8 and end with a zero byte. What is
 * given to a function is read before it returns and not kept.
 *
 * A model may be used by several threads at once, and cancelled from any thread or signal handler.
 * An embedder belongs to one thread at a time. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define LINNET_API __attribute__((visibility("default")))
#else
#define LINNET_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

#define LINNET_ABI_VERSION 1
LINNET_API uint32_t linnet_abi_version(void); /* of the library that is loaded */
LINNET_API const char* linnet_version(void);  /* "0.1.0" */

/* Functions that can fail return one of these. */
typedef enum linnet_code {
    LINNET_OK = 0,
    LINNET_BUG = 1,
    LINNET_USAGE = 2,
    LINNET_NOT_FOUND = 3,
    LINNET_INTEGRITY = 5,
    LINNET_NO_FIT = 6, /* memory, or the context */
    LINNET_BUSY = 9,
    LINNET_BAD_INPUT = 10, /* a file that is broken, unsupported or unreadable */
    LINNET_INTERRUPTED = 130
} linnet_code;

/* Set where a function fails and `error` is not null; else set to null. Free it. */
typedef struct linnet_error linnet_error;
LINNET_API const char* linnet_error_message(const linnet_error* error); /* what, and why */
LINNET_API const char* linnet_error_next(const linnet_error* error);    /* what to do; or "" */
LINNET_API const char* linnet_error_name(const linnet_error* error);    /* "not_found" */
LINNET_API void linnet_error_free(linnet_error* error);                 /* null is fine */

/* A flag that ends answers early. May be requested from any thread and from signal handlers, and
 * must outlive the calls that it is given to. */
typedef struct linnet_cancel linnet_cancel;
LINNET_API linnet_cancel* linnet_cancel_new(void); /* null where memory is short */
LINNET_API void linnet_cancel_request(linnet_cancel* cancel);
LINNET_API void linnet_cancel_reset(linnet_cancel* cancel);
LINNET_API void linnet_cancel_free(linnet_cancel* cancel);

typedef enum linnet_kv {
    LINNET_KV_USUAL,
    LINNET_KV_F32,
    LINNET_KV_F16,
    LINNET_KV_INT8,
    LINNET_KV_INT16
} linnet_kv;

typedef struct linnet_model linnet_model;
typedef struct linnet_model_options {
    size_t size;         /* sizeof(linnet_model_options) */
    uint64_t memory_max; /* bytes for model and cache; 0: any */
    uint32_t threads;    /* 0: one for each processor that the process may use */
    uint32_t context;    /* tokens; 0: the model's own, at most 4096 */
    uint32_t sequences;  /* answers at the same time; 0: one */
    uint32_t waiting;    /* requests that may wait; 0: 64 */
    int32_t exact;       /* not 0: float32 of the dequantized weights */
    int32_t kv;          /* linnet_kv: numbers of the cache */
} linnet_model_options;

/* `path`: a GGUF file, or a folder as Hugging Face has it. `options` may be null. */
LINNET_API int linnet_model_open(const char* path, const linnet_model_options* options,
                                 linnet_model** model, linnet_error** error);
/* REQUIRES: no other function is using it. Null is fine. */
LINNET_API void linnet_model_free(linnet_model* model);
LINNET_API uint32_t linnet_model_context(const linnet_model* model);

/* The tokens of a text by itself. `count` is how many there are; of these the first `tokens_max`
 * are written, which may be 0 to ask for the count. Control tokens in the text are text. */
LINNET_API int linnet_tokenize(const linnet_model* model, const char* text, int32_t* tokens,
                               size_t tokens_max, size_t* count, linnet_error** error);
/* The text of tokens, in the same way; it is not ended by a zero byte. */
LINNET_API int linnet_detokenize(const linnet_model* model, const int32_t* tokens, size_t count,
                                 char* text, size_t bytes_max, size_t* bytes, linnet_error** error);

/* Does not grow. */
typedef struct linnet_message {
    const char* role; /* "system", "user" or "assistant" */
    const char* content;
} linnet_message;

typedef struct linnet_request {
    size_t size;                    /* sizeof(linnet_request) */
    const linnet_message* messages; /* a conversation, in the model's own template; or none, and */
    size_t message_count;
    const char* text;        /* a text to continue as it is; control tokens in it count */
    const char* const* stop; /* texts that end the answer and are not part of it */
    size_t stop_count;
    const char* json_schema;  /* at most one of these: the answer is JSON that fits the schema, */
    const char* grammar;      /* fits this grammar in GBNF, */
    const char* regex;        /* or matches this expression as a whole */
    uint64_t seed;            /* the same seed gives the same answer */
    uint32_t tokens_max;      /* of the answer; 0: what the context holds */
    uint32_t reasoning_max;   /* tokens of reasoning; 0: any */
    int32_t thinking;         /* -1: off, 1: on, 0: the model's usual */
    uint32_t top_k;           /* keeps the k most likely; 0: all */
    float temperature;        /* 0: the most likely token */
    float top_p;              /* keeps the most likely up to this mass; 0 or 1: all */
    float min_p;              /* keeps what has this share of the highest; 0: all */
    float repetition_penalty; /* 0 or 1: none */
    float frequency_penalty;
    float presence_penalty;
} linnet_request;

/* A piece of the answer: whole characters, not ended by a zero byte. Anything but 0 ends the
 * answer. It must not throw, and not call linnet_model_free(). */
typedef int (*linnet_on_text)(void* user, const char* text, size_t bytes, int is_reasoning);

typedef enum linnet_finish {
    LINNET_FINISH_END = 0,      /* the model's own end, or a stop text */
    LINNET_FINISH_LENGTH = 1,   /* tokens_max, or the context is full */
    LINNET_FINISH_CANCELLED = 2 /* by the flag or by on_text */
} linnet_finish;

typedef struct linnet_result {
    size_t size;    /* sizeof(linnet_result); set it before the call */
    int64_t finish; /* linnet_finish */
    uint64_t prompt_tokens;
    uint64_t cached_tokens; /* of these, not computed again */
    uint64_t answer_tokens;
    double first_token_s; /* from the request to the first token; 0 where cancelled */
    double answer_s;      /* from there to the end; 0 where cancelled */
} linnet_result;

/* Waits until the answer has ended. `on_text`, `cancel` and `result` may be null. */
LINNET_API int linnet_generate(linnet_model* model, const linnet_request* request,
                               linnet_on_text on_text, void* user, const linnet_cancel* cancel,
                               linnet_result* result, linnet_error** error);

typedef enum linnet_role { LINNET_PLAIN, LINNET_QUERY, LINNET_DOCUMENT } linnet_role;

typedef struct linnet_embedder linnet_embedder;
/* Texts to vectors. Of the options, `sequences` and `waiting` do not count. */
LINNET_API int linnet_embedder_open(const char* path, const linnet_model_options* options,
                                    linnet_embedder** embedder, linnet_error** error);
LINNET_API void linnet_embedder_free(linnet_embedder* embedder);
LINNET_API size_t linnet_embedder_dimensions(const linnet_embedder* embedder);
/* Writes count * linnet_embedder_dimensions() values: a vector of length one for each text. `role`
 * is a linnet_role, for models that put something in front of queries or documents. */
LINNET_API int linnet_embed(linnet_embedder* embedder, const char* const* texts, size_t count,
                            int role, float* vectors, const linnet_cancel* cancel,
                            linnet_error** error);

#ifdef __cplusplus
}
#endif
