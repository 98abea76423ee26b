#include "net/http_message.h"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>

#include "base/text.h"

namespace linnet {
namespace {

namespace http = boost::beast::http;
using boost::beast::error_code;
using boost::beast::string_view;

std::string_view plain(string_view text) {
    return {text.data(), text.size()};
}

// Beast's parser calls these while it reads; nothing is buffered.
class Reading final : public http::basic_parser<false> {
  public:
    HttpHead head;
    const DataHandler* on_data = nullptr;
    std::optional<Error> failure;  // from on_data
    bool stopped = false;

  private:
    void on_request_impl(http::verb, string_view, string_view, int, error_code&) override {}
    void on_response_impl(int status, string_view, int, error_code&) override {
        head.status = status;
    }
    void on_field_impl(http::field, string_view name, string_view value, error_code&) override {
        if (!is_header_done())  // trailers are not wanted
            head.headers.push_back({lower(plain(name)), std::string(plain(value))});
    }
    void on_header_impl(error_code&) override {}
    void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
    std::size_t on_body_impl(string_view body, error_code& error) override {
        auto flow = (*on_data)(as_bytes(plain(body)));
        stopped = flow && *flow == Flow::Stop;
        if (!flow) failure = std::move(flow).error();
        if (stopped || failure) error = make_error_code(boost::system::errc::operation_canceled);
        return body.size();
    }
    void on_chunk_header_impl(std::uint64_t, string_view, error_code&) override {}
    std::size_t on_chunk_body_impl(std::uint64_t, string_view body, error_code& error) override {
        return on_body_impl(body, error);
    }
    void on_finish_impl(error_code&) override {}
};

Error bad_answer(const error_code& error) {
    if (error == http::error::header_limit)
        return {Code::Network, "the headers of the answer are larger than allowed"};
    if (error == http::error::partial_message || error == http::error::end_of_stream)
        return {Code::Network, "the answer broke off"};
    return {Code::Network,
            cat("the answer is not proper HTTP (", printable(error.message(), 100), ")")};
}

}  // namespace

struct AnswerParser::State {
    Reading reading;
    size_t header_bytes_max;
    size_t head_bytes = 0;
};

AnswerParser::AnswerParser(bool no_body, size_t header_bytes_max)
    : state_(std::make_unique<State>()) {
    state_->header_bytes_max = header_bytes_max;
    state_->reading.skip(no_body);
    state_->reading.header_limit(static_cast<std::uint32_t>(header_bytes_max));
    state_->reading.body_limit(boost::none);
}
AnswerParser::AnswerParser(AnswerParser&&) noexcept = default;
AnswerParser& AnswerParser::operator=(AnswerParser&&) noexcept = default;
AnswerParser::~AnswerParser() = default;

Result<size_t> AnswerParser::feed(Bytes bytes, DataHandler on_data) {
    Reading& reading = state_->reading;
    reading.on_data = &on_data;
    size_t used = 0;
    bool starved = false;
    while (used < bytes.size() && !reading.is_done() && !starved) {
        bool had_head = reading.is_header_done();
        error_code error;
        Bytes rest = bytes.subspan(used);
        size_t taken = reading.put(boost::asio::const_buffer(rest.data(), rest.size()), error);
        used += taken;
        if (reading.failure) return *std::exchange(reading.failure, std::nullopt);
        if (reading.stopped) return used;
        starved = error == http::error::need_more;
        if (error && !starved) return bad_answer(error);
        // Beast bounds one header, not their number.
        if (!had_head) state_->head_bytes += taken;
        if (state_->head_bytes > state_->header_bytes_max)
            return bad_answer(http::error::header_limit);
        if (!had_head && reading.is_header_done()) break;
    }
    // Only the lines of headers, chunk sizes and trailers wait for their ends.
    if (starved && bytes.size() - used > state_->header_bytes_max)
        return bad_answer(http::error::header_limit);
    return used;
}

Result<> AnswerParser::end() {
    Reading& reading = state_->reading;
    if (reading.is_done()) return Done{};
    if (!reading.got_some()) return Error{Code::Network, "the connection ended without an answer"};
    error_code error;
    reading.put_eof(error);
    if (error) return bad_answer(error);
    return Done{};
}

bool AnswerParser::has_head() const {
    return state_->reading.is_header_done();
}
bool AnswerParser::done() const {
    return state_->reading.is_done();
}
bool AnswerParser::stopped() const {
    return state_->reading.stopped;
}
bool AnswerParser::keep_alive() const {
    return state_->reading.keep_alive();
}
const HttpHead& AnswerParser::head() const {
    return state_->reading.head;
}
std::optional<uint64_t> AnswerParser::length() const {
    auto length = state_->reading.content_length();
    return length ? std::optional<uint64_t>(*length) : std::nullopt;
}

std::optional<std::string_view> HttpHead::header(std::string_view name) const {
    auto found = std::ranges::find(headers, name, &HttpHeader::name);
    if (found == headers.end()) return std::nullopt;
    return found->value;
}

bool valid_header_value(std::string_view value) {
    return std::ranges::all_of(
        value, [](char c) { return static_cast<unsigned char>(c) >= 0x20 && c != 0x7F; });
}

std::string base64(std::string_view text) {
    constexpr char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string out;
    for (size_t i = 0; i < text.size(); i += 3) {
        uint32_t group = 0;
        for (size_t j = 0; j < 3; j++)
            group =
                group << 8 | (i + j < text.size() ? static_cast<unsigned char>(text[i + j]) : 0u);
        for (size_t j = 0; j < 4; j++)
            out += i + j > text.size() ? '=' : digits[group >> (18 - 6 * j) & 63];
    }
    return out;
}

}  // namespace linnet
