// Language models of this machine, for programs in C++17 and later: owners and results around
// linnet.h, whose promises hold here too. Nothing throws but the standard library's own strings and
// vectors, and what the caller's callback throws passes through.
#pragma once

#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "linnet/linnet.h"

namespace linnet {
// Apart from types of the same names within the library, should one program hold both.
inline namespace api {

struct Error {
    int code = 0;  // linnet_code
    std::string message, next, name;
};

// A value or an Error.
template <class T>
class Result {
  public:
    Result(T value) : held_(std::move(value)) {}
    Result(Error error) : held_(std::move(error)) {}
    explicit operator bool() const { return held_.index() == 0; }
    T& operator*() & { return std::get<0>(held_); }
    T&& operator*() && { return std::get<0>(std::move(held_)); }
    T* operator->() { return &std::get<0>(held_); }
    const Error& error() const { return std::get<1>(held_); }

  private:
    std::variant<T, Error> held_;
};

struct Message {
    std::string role, content;
};

// As in linnet_request; zero and empty mean the usual.
struct Request {
    std::vector<Message> messages{};  // a conversation; or none, and
    std::string text{};               // a text to continue as it is
    std::vector<std::string> stop{};
    std::string json_schema{}, grammar{}, regex{};  // at most one
    uint64_t seed = 0;
    uint32_t tokens_max = 0, reasoning_max = 0;
    int32_t thinking = 0;
    uint32_t top_k = 0;
    float temperature = 0, top_p = 0, min_p = 0;
    float repetition_penalty = 0, frequency_penalty = 0, presence_penalty = 0;
};

struct Answer {
    std::string text, reasoning;
    linnet_finish finish = LINNET_FINISH_END;
    uint64_t prompt_tokens = 0, cached_tokens = 0, answer_tokens = 0;
};

struct ModelOptions {
    uint64_t memory_max = 0;
    uint32_t threads = 0, context = 0, sequences = 0, waiting = 0;
    bool exact = false;
    linnet_kv kv = LINNET_KV_USUAL;
};

namespace detail {

inline Error take(int code, linnet_error* error) {
    Error out{code, linnet_error_message(error), linnet_error_next(error),
              linnet_error_name(error)};
    linnet_error_free(error);
    return out;
}

// What the C interface gave, freed by FREE.
template <auto FREE>
struct Freed {
    template <class T>
    void operator()(T* owned) const {
        FREE(owned);
    }
};

inline linnet_model_options options_of(const ModelOptions& o) {
    linnet_model_options out{};
    out.size = sizeof out;
    out.memory_max = o.memory_max;
    out.threads = o.threads;
    out.context = o.context;
    out.sequences = o.sequences;
    out.waiting = o.waiting;
    out.exact = o.exact;
    out.kv = o.kv;
    return out;
}

// One of the functions that open a model's files.
template <class Raw, class Open>
Result<Raw*> opened(Open open, const std::string& path, const ModelOptions& options) {
    Raw* raw = nullptr;
    linnet_error* error = nullptr;
    linnet_model_options how = options_of(options);
    int code = open(path.c_str(), &how, &raw, &error);
    if (code != LINNET_OK) return take(code, error);
    return raw;
}

// Asks for values until all that there are have room: ask(place, room, &count, &error).
template <class Values, class Ask>
Result<Values> whole(Values place, Ask ask) {
    for (;;) {
        size_t count = 0;
        linnet_error* error = nullptr;
        int code = ask(place.data(), place.size(), &count, &error);
        if (code != LINNET_OK) return take(code, error);
        bool fitted = count <= place.size();
        place.resize(count);
        if (fitted) return place;
    }
}

inline const char* or_null(const std::string& text) {
    return text.empty() ? nullptr : text.c_str();
}

}  // namespace detail

// Ends answers early, from any thread. Must outlive the calls that it is given to.
class Cancel {
  public:
    void request() { linnet_cancel_request(flag_.get()); }
    void reset() { linnet_cancel_reset(flag_.get()); }
    const linnet_cancel* get() const { return flag_.get(); }

  private:
    std::unique_ptr<linnet_cancel, detail::Freed<linnet_cancel_free>> flag_{linnet_cancel_new()};
};

// Several threads may use one at once.
class Model {
  public:
    // A piece of the answer; false ends it.
    using OnText = std::function<bool(std::string_view text, bool is_reasoning)>;

    static Result<Model> open(const std::string& path, const ModelOptions& options = {}) {
        auto opened = detail::opened<linnet_model>(linnet_model_open, path, options);
        if (!opened) return opened.error();
        return Model(*opened);
    }

    uint32_t context() const { return linnet_model_context(model_.get()); }

    // Waits until the answer has ended.
    Result<Answer> generate(const Request& request, const OnText& on_text = {},
                            const Cancel* cancel = nullptr) {
        std::vector<linnet_message> messages;
        std::vector<const char*> stop;
        for (const Message& m : request.messages)
            messages.push_back({m.role.c_str(), m.content.c_str()});
        for (const std::string& text : request.stop) stop.push_back(text.c_str());
        linnet_request asked = plain(request);
        asked.messages = messages.empty() ? nullptr : messages.data();
        asked.message_count = messages.size();
        asked.text = messages.empty() ? request.text.c_str() : nullptr;
        asked.stop = stop.data();
        asked.stop_count = stop.size();
        Heard heard{{}, on_text, {}};
        linnet_result result{};
        result.size = sizeof result;
        linnet_error* error = nullptr;
        int code = linnet_generate(model_.get(), &asked, &Heard::hear, &heard,
                                   cancel ? cancel->get() : nullptr, &result, &error);
        if (heard.thrown) std::rethrow_exception(heard.thrown);
        if (code != LINNET_OK) return detail::take(code, error);
        heard.answer.finish = static_cast<linnet_finish>(result.finish);
        heard.answer.prompt_tokens = result.prompt_tokens;
        heard.answer.cached_tokens = result.cached_tokens;
        heard.answer.answer_tokens = result.answer_tokens;
        return std::move(heard.answer);
    }

    Result<std::vector<int32_t>> tokenize(const std::string& text) const {
        return detail::whole(std::vector<int32_t>(text.size() + 1), [&](auto... place) {
            return linnet_tokenize(model_.get(), text.c_str(), place...);
        });
    }

    Result<std::string> detokenize(const std::vector<int32_t>& tokens) const {
        return detail::whole(std::string(8 * tokens.size(), '\0'), [&](auto... place) {
            return linnet_detokenize(model_.get(), tokens.data(), tokens.size(), place...);
        });
    }

  private:
    struct Heard {
        Answer answer;
        const OnText& on_text;
        std::exception_ptr thrown;
        static int hear(void* user, const char* text, size_t bytes, int is_reasoning) {
            Heard& self = *static_cast<Heard*>(user);
            try {
                std::string_view piece(text, bytes);
                (is_reasoning ? self.answer.reasoning : self.answer.text) += piece;
                return self.on_text && !self.on_text(piece, is_reasoning != 0);
            } catch (...) {
                self.thrown = std::current_exception();
                return 1;
            }
        }
    };

    static linnet_request plain(const Request& request) {
        linnet_request out{};
        out.size = sizeof out;
        out.json_schema = detail::or_null(request.json_schema);
        out.grammar = detail::or_null(request.grammar);
        out.regex = detail::or_null(request.regex);
        out.seed = request.seed;
        out.tokens_max = request.tokens_max;
        out.reasoning_max = request.reasoning_max;
        out.thinking = request.thinking;
        out.top_k = request.top_k;
        out.temperature = request.temperature;
        out.top_p = request.top_p;
        out.min_p = request.min_p;
        out.repetition_penalty = request.repetition_penalty;
        out.frequency_penalty = request.frequency_penalty;
        out.presence_penalty = request.presence_penalty;
        return out;
    }

    explicit Model(linnet_model* model) : model_(model) {}
    std::unique_ptr<linnet_model, detail::Freed<linnet_model_free>> model_;
};

// For one thread at a time.
class Embedder {
  public:
    static Result<Embedder> open(const std::string& path, const ModelOptions& options = {}) {
        auto opened = detail::opened<linnet_embedder>(linnet_embedder_open, path, options);
        if (!opened) return opened.error();
        return Embedder(*opened);
    }

    size_t dimensions() const { return linnet_embedder_dimensions(embedder_.get()); }

    // A vector of length one for each text.
    Result<std::vector<std::vector<float>>> embed(const std::vector<std::string>& texts,
                                                  linnet_role role = LINNET_PLAIN,
                                                  const Cancel* cancel = nullptr) {
        std::vector<const char*> given;
        for (const std::string& text : texts) given.push_back(text.c_str());
        std::vector<float> values(texts.size() * dimensions());
        linnet_error* error = nullptr;
        int code = linnet_embed(embedder_.get(), given.data(), given.size(), role, values.data(),
                                cancel ? cancel->get() : nullptr, &error);
        if (code != LINNET_OK) return detail::take(code, error);
        std::vector<std::vector<float>> out;
        for (size_t i = 0; i < texts.size(); i++) {
            const float* begin = values.data() + i * dimensions();
            out.emplace_back(begin, begin + dimensions());
        }
        return out;
    }

  private:
    explicit Embedder(linnet_embedder* embedder) : embedder_(embedder) {}
    std::unique_ptr<linnet_embedder, detail::Freed<linnet_embedder_free>> embedder_;
};

}  // namespace api
}  // namespace linnet
