#include "base/code.h"

namespace linnet {
namespace {

constexpr CodeRow rows[] = {
    {Code::Bug, "bug", 1, 500, "a bug in linnet"},
    {Code::Usage, "usage", 2, 400, "the command or its arguments are wrong"},
    {Code::NotFound, "not_found", 3, 404, "no such model, file or name"},
    {Code::Network, "network", 4, 502, "the network or the other side failed"},
    {Code::Integrity, "integrity", 5, 502, "the bytes are not what was promised"},
    {Code::NoFit, "no_fit", 6, 507, "does not fit in memory, on the disk or in the context"},
    {Code::Timeout, "timeout", 7, 408, "took longer than allowed"},
    {Code::Policy, "policy", 8, 403, "forbidden by permissions or policy"},
    {Code::Busy, "busy", 9, 429, "somebody else holds it, or the queue is full"},
    {Code::BadInput, "bad_input", 10, 422, "an input file is broken"},
    {Code::Unsupported, "unsupported", 10, 422, "this build does not support it"},
    {Code::Io, "io", 10, 500, "reading or writing failed on this machine"},
    {Code::Gate, "gate", 11, 412, "a gate that was asked for failed"},
    {Code::Interrupted, "interrupted", 130, 499, "interrupted"},
};

}  // namespace

std::span<const CodeRow> code_table() {
    return rows;
}

const CodeRow& code_row(Code code) {
    const CodeRow& row = rows[static_cast<size_t>(code)];
    check(row.code == code, "the table of codes is in the order of the enum");
    return row;
}

}  // namespace linnet
