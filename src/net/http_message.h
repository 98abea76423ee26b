// What HTTP/1.1 says, in linnet's own types: requests as values, answers parsed piece by piece.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/threads.h"
#include "net/url.h"

namespace linnet {

struct HttpHeader {
    std::string name;
    std::string value;
};

// The start of an answer.
struct HttpHead {
    int status = 0;
    std::vector<HttpHeader> headers{};  // names in lower case
    Url url{};                          // of the answer, after redirects

    // The first of that name (in lower case), or nothing.
    std::optional<std::string_view> header(std::string_view name) const;
    bool ok() const { return status >= 200 && status < 300; }
};

enum class Flow { Continue, Stop };
using DataHandler = FunctionRef<Result<Flow>(Bytes)>;

// Parses one answer. Chunked bodies are put together; a body that is shorter than announced is an
// error, as are headers beyond the bound.
class AnswerParser {
  public:
    // `no_body`: the answer to HEAD or CONNECT.
    AnswerParser(bool no_body, size_t header_bytes_max);
    AnswerParser(AnswerParser&&) noexcept;
    AnswerParser& operator=(AnswerParser&&) noexcept;
    ~AnswerParser();

    // Takes bytes as they came; what belongs to the body goes to `on_data`, in order. Returns how
    // many were used: the rest must come again with more behind it. Stops behind the head, so that
    // the caller can look at it, and at the end of the answer.
    Result<size_t> feed(Bytes bytes, DataHandler on_data);
    // The connection ended. An error where the answer is not whole.
    Result<> end();

    bool has_head() const;
    bool done() const;                       // the answer is whole
    bool stopped() const;                    // `on_data` wanted no more
    bool keep_alive() const;                 // another request may follow. REQUIRES: done()
    const HttpHead& head() const;            // without url. REQUIRES: has_head()
    std::optional<uint64_t> length() const;  // announced bytes of the body

  private:
    struct State;
    std::unique_ptr<State> state_;
};

// The value of a header may hold no control character, or it could begin another header.
bool valid_header_value(std::string_view value);
std::string base64(std::string_view text);

}  // namespace linnet
