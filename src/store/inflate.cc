#include "store/inflate.h"

#include <zlib.h>

#include <algorithm>
#include <vector>

namespace linnet {

struct Inflater::State {
    z_stream stream{};
    Place place;  // in and out are counts so far; bits holds at boundaries
    bool done = false;
    std::vector<std::byte> buffer = std::vector<std::byte>(65'536);

    State() { check(inflateInit2(&stream, -MAX_WBITS) == Z_OK, "zlib starts to unpack"); }
    ~State() { inflateEnd(&stream); }
};

Inflater::Inflater() : state_(std::make_unique<State>()) {}
Inflater::Inflater(Inflater&&) noexcept = default;
Inflater& Inflater::operator=(Inflater&&) noexcept = default;
Inflater::~Inflater() = default;

Result<Inflater> Inflater::resume(const Place& place, std::byte last_byte, Bytes window) {
    Inflater inflater;
    State& state = *inflater.state_;
    uint64_t needed = std::min(place.out, window_bytes);
    if (place.bits > 7 || (place.bits > 0 && place.in == 0) || window.size() < needed)
        return Error{Code::BadInput, "the noted place in a packed file cannot be right"};
    window = window.last(needed);
    if (place.bits > 0) {
        int value = std::to_integer<int>(last_byte) >> (8 - place.bits);
        check(inflatePrime(&state.stream, static_cast<int>(place.bits), value) == Z_OK,
              "zlib takes single bits");
    }
    if (!window.empty())
        check(inflateSetDictionary(&state.stream, reinterpret_cast<const Bytef*>(window.data()),
                                   static_cast<uInt>(window.size())) == Z_OK,
              "zlib takes a window");
    state.place = place;
    return inflater;
}

Result<> Inflater::feed(Bytes in, FunctionRef<Result<>(Bytes)> out,
                        FunctionRef<Result<>(const Place&)> at_boundary, uint64_t bytes_max) {
    State& state = *state_;
    z_stream& stream = state.stream;
    for (bool more_output = false; !in.empty() || more_output;) {
        if (state.done) return Error{Code::BadInput, "bytes follow the end of the packed data"};
        size_t given = std::min<size_t>(in.size(), 1u << 30);
        // zlib declares its input as not const, but does not write to it.
        stream.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(in.data()));
        stream.avail_in = static_cast<uInt>(given);
        stream.next_out = reinterpret_cast<Bytef*>(state.buffer.data());
        stream.avail_out = static_cast<uInt>(state.buffer.size());
        int status = inflate(&stream, Z_BLOCK);
        size_t used = given - stream.avail_in;
        size_t made = state.buffer.size() - stream.avail_out;
        in = in.subspan(used);
        state.place.in += used;
        if (made > bytes_max - std::min(bytes_max, state.place.out))
            return Error{Code::BadInput, "the packed data unpacks to more than it should"};
        state.place.out += made;
        if (made > 0) TRY(out(Bytes(state.buffer).first(made)));
        if (status == Z_STREAM_END) state.done = true;
        if (status != Z_OK && status != Z_STREAM_END && status != Z_BUF_ERROR)
            return Error{Code::BadInput, "the packed data is damaged"};
        // Bit 7: at the end of a block; bit 6: it was the last, which zlib says one call later.
        bool boundary = status == Z_OK && (stream.data_type & 128);
        bool last = stream.data_type & 64;
        more_output = stream.avail_out == 0 || (boundary && last);
        if (boundary && !last) {
            state.place.bits = static_cast<uint32_t>(stream.data_type & 7);
            TRY(at_boundary(state.place));
        }
        if (used == 0 && made == 0 && !state.done && status == Z_BUF_ERROR) break;
    }
    return Done{};
}

bool Inflater::done() const {
    return state_->done;
}

uint32_t crc32_of(uint32_t so_far, Bytes bytes) {
    return static_cast<uint32_t>(
        crc32_z(so_far, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

}  // namespace linnet
