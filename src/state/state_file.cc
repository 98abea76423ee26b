#include "state/state_file.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "base/json.h"
#include "trust/hash.h"

namespace linnet {
namespace {

constexpr std::string_view magic = "LINNETST";
constexpr uint32_t version = 2;
constexpr size_t digest_bytes = 32;
constexpr uint64_t header_bytes_max = 64 << 20;

template <class T>
void append(std::string& out, std::span<const T> values) {
    out += as_text(std::as_bytes(values));
}

template <class T>
Result<std::vector<T>> take(Reader& in, Result<uint64_t> count) {
    uint64_t told = TRY(std::move(count));
    size_t values = TRY(in.plausible(told, sizeof(T)));
    Bytes bytes = TRY(in.take(values * sizeof(T)));
    std::vector<T> out(values);
    std::ranges::copy(bytes, std::as_writable_bytes(std::span(out)).begin());
    return out;
}

Result<uint64_t> count_of(const Json& header, std::string_view name) {
    const Json* member = header.find(name);
    auto count = member ? member->as_uint() : std::nullopt;
    if (!count) return Error{Code::BadInput, cat("the saved state tells no '", name, "'")};
    return *count;
}

// Numbers as text, because not every reader of JSON keeps 64 bits.
Json sampler_json(const SamplerState& sampler) {
    Json words = Json::array();
    for (uint64_t word : sampler.rng) words.push(cat(word));
    words.push(cat(std::bit_cast<uint32_t>(sampler.mirostat_mu)));
    return words;
}

std::optional<SamplerState> parse_sampler(const Json& words) {
    const Json::Array* items = words.as_array();
    if (!items || items->size() != 5) return std::nullopt;
    std::array<uint64_t, 5> numbers{};
    for (size_t i = 0; i < 5; i++) {
        const std::string* text = (*items)[i].as_string();
        auto number = text ? parse_integer<uint64_t>(*text) : std::nullopt;
        if (!number) return std::nullopt;
        numbers[i] = *number;
    }
    SamplerState out;
    std::copy_n(numbers.begin(), out.rng.size(), out.rng.begin());
    out.mirostat_mu = std::bit_cast<float>(static_cast<uint32_t>(numbers[4]));
    bool stuck = std::ranges::all_of(out.rng, [](uint64_t word) { return word == 0; });
    if (stuck || numbers[4] > UINT32_MAX || !std::isfinite(out.mirostat_mu)) return std::nullopt;
    return out;
}

Json header_of(const StateFile& state) {
    Json settings = Json::object(), recurrent = Json::array();
    for (const StateSetting& setting : state.settings) settings.set(setting.name, setting.value);
    for (const CacheState::Recurrent& known : state.cache.recurrent) recurrent.push(known.tokens);
    size_t floats = state.cache.recurrent.empty() ? 0 : state.cache.recurrent[0].values.size();
    Json header = Json::object({{"settings", std::move(settings)},
                                {"tokens", state.tokens.size()},
                                {"computed", state.cache.tokens.size()},
                                {"page_bytes", state.cache.pages.size()},
                                {"state_floats", floats},
                                {"states", std::move(recurrent)},
                                {"note", state.note}});
    if (state.sampler) header.set("sampler", sampler_json(*state.sampler));
    return header;
}

// The file behind its magic and version, without its hash.
Result<Bytes> verified(Bytes file) {
    Reader in(file);
    if (file.size() < magic.size() || as_text(TRY(in.take(magic.size()))) != magic)
        return Error{Code::BadInput, "the file is no saved state",
                     "give a file that --save-state wrote"};
    auto written = TRY(in.read<uint32_t>());
    if (written != version)
        return Error{Code::Unsupported,
                     cat("the state is of version ", written, ", and this program reads ", version),
                     "save it anew"};
    Error damaged{Code::Integrity, "the saved state is damaged: its bytes are not those written",
                  "save it anew"};
    if (in.remaining() < digest_bytes) return damaged;
    Bytes body = file.first(file.size() - digest_bytes);
    if (!std::ranges::equal(sha256(body).bytes, file.last(digest_bytes))) return damaged;
    return body.subspan(in.offset());
}

Result<> read_header(const Json& header, StateFile& state) {
    const Json* settings = header.find("settings");
    if (!settings || !settings->is_object())
        return Error{Code::BadInput, "the saved state does not tell what it belongs to"};
    for (const auto& [name, value] : *settings->as_object()) {
        const std::string* text = value.as_string();
        state.settings.push_back({name, text ? *text : ""});
    }
    state.note = header.string_or("note", "");
    const Json* sampler = header.find("sampler");
    if (!sampler) return Done{};
    state.sampler = parse_sampler(*sampler);
    if (!state.sampler)
        return Error{Code::BadInput,
                     "the saved state's random numbers are not what they should be"};
    return Done{};
}

Result<> read_recurrent(Reader& in, const Json& header, CacheState& cache) {
    const Json* places = header.find("states");
    const Json::Array* items = places ? places->as_array() : nullptr;
    if (!items || items->size() > CacheState::recurrent_max)
        return Error{Code::BadInput, "the saved state's parts do not fit together"};
    for (const Json& place : *items)
        cache.recurrent.push_back(
            {place.as_uint().value_or(0), TRY(take<float>(in, count_of(header, "state_floats")))});
    return Done{};
}

}  // namespace

std::string write_state_file(const StateFile& state) {
    std::string header = header_of(state).dump(), out(magic);
    out.reserve(header.size() + state.cache.pages.size() + 4 * state.tokens.size() + 256);
    append(out, std::span(&version, 1));
    const uint64_t header_bytes = header.size();
    append(out, std::span(&header_bytes, 1));
    out += header;
    append(out, std::span(state.tokens));
    append(out, std::span(state.cache.pages));
    for (const CacheState::Recurrent& known : state.cache.recurrent)
        append(out, std::span(known.values));
    Digest digest = sha256(as_bytes(out));
    out += as_text(digest.bytes);
    return out;
}

Result<StateFile> read_state_file(Bytes file) {
    Reader in(TRY(verified(file)));
    auto header_bytes = TRY(in.read<uint64_t>());
    if (header_bytes > header_bytes_max)
        return Error{Code::BadInput, "the saved state's header is too long"};
    Bytes text = TRY(in.take(header_bytes));
    Json header = TRY(Json::parse(as_text(text)));
    StateFile state;
    TRY(read_header(header, state));
    state.tokens = TRY(take<int32_t>(in, count_of(header, "tokens")));
    state.cache.pages = TRY(take<std::byte>(in, count_of(header, "page_bytes")));
    TRY(read_recurrent(in, header, state.cache));
    const uint64_t computed = TRY(count_of(header, "computed"));
    if (computed > state.tokens.size() || in.remaining() > 0)
        return Error{Code::BadInput, "the saved state's parts do not fit together"};
    state.cache.tokens.assign(state.tokens.begin(),
                              state.tokens.begin() + static_cast<ptrdiff_t>(computed));
    return state;
}

}  // namespace linnet
