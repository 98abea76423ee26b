// From the tree to the table: Thompson's automaton with priorities, then the subset construction
// over classes of code points that no set of the pattern tells apart.
#include <algorithm>
#include <map>
#include <utility>

#include "base/text.h"
#include "text/pattern.h"
#include "text/pattern_syntax.h"

namespace linnet {
namespace {

struct Instruction {
    enum class Op { Set, Ahead, Behind, Split, Match } op;
    uint32_t set = 0;     // index of the set
    bool edge = false;    // Ahead, Behind: what holds at the text's edge
    uint32_t next = 0;    // Split: the way to try first
    uint32_t second = 0;  // Split: the other way
};
using Op = Instruction::Op;

// Instructions are made back to front: each part is told what follows it.
class Automaton {
  public:
    static constexpr size_t instructions_max = 20'000;

    Result<Done> add(const PatternNode& root) {
        program.push_back({.op = Op::Match});
        start = TRY(emit(root, 0));
        return Done{};
    }

    std::vector<Instruction> program;
    std::vector<CodeSet> sets;
    uint32_t start = 0;

  private:
    Result<uint32_t> push(Instruction instruction) {
        if (program.size() >= instructions_max)
            return Error{Code::Unsupported, cat("a pattern that unrolls to more than ",
                                                instructions_max, " instructions")};
        program.push_back(instruction);
        return static_cast<uint32_t>(program.size() - 1);
    }
    uint32_t set_index(const CodeSet& set) {
        auto found = std::find(sets.begin(), sets.end(), set);
        if (found == sets.end()) {
            sets.push_back(set);
            found = std::prev(sets.end());
        }
        return static_cast<uint32_t>(found - sets.begin());
    }

    Result<uint32_t> emit(const PatternNode& node, uint32_t next) {
        using Kind = PatternNode::Kind;
        switch (node.kind) {
            case Kind::Concat:
                for (size_t i = node.children.size(); i-- > 0;)
                    next = TRY(emit(node.children[i], next));
                return next;
            case Kind::Alternate: {
                uint32_t rest = TRY(emit(node.children.back(), next));
                for (size_t i = node.children.size() - 1; i-- > 0;) {
                    uint32_t choice = TRY(emit(node.children[i], next));
                    rest = TRY(push({.op = Op::Split, .next = choice, .second = rest}));
                }
                return rest;
            }
            case Kind::Repeat:
                return repeat(node, next);
            case Kind::Set:
                return push({.op = Op::Set, .set = set_index(node.set), .next = next});
            case Kind::Ahead:
            case Kind::Behind:
                return push({.op = node.kind == Kind::Ahead ? Op::Ahead : Op::Behind,
                             .set = set_index(node.set),
                             .edge = node.edge,
                             .next = next});
        }
        fail("every kind of node is listed");
    }

    Instruction fork(bool lazy, uint32_t enter, uint32_t leave) {
        if (lazy) std::swap(enter, leave);
        return {.op = Op::Split, .next = enter, .second = leave};
    }

    Result<uint32_t> repeat(const PatternNode& node, uint32_t next) {
        const PatternNode& body = node.children[0];
        uint32_t out = next;
        if (node.most == PatternNode::unbounded) {
            out = TRY(push({.op = Op::Split}));  // the loop's head, patched once its body is there
            uint32_t enter = TRY(emit(body, out));
            program[out] = fork(node.lazy, enter, next);
        } else {
            for (int i = node.least; i < node.most; i++) {
                uint32_t enter = TRY(emit(body, out));
                out = TRY(push(fork(node.lazy, enter, next)));
            }
        }
        for (int i = 0; i < node.least; i++) out = TRY(emit(body, out));
        return out;
    }
};

}  // namespace

class PatternBuilder {
  public:
    PatternBuilder(const Automaton& automaton, Pattern& out) : automaton_(automaton), out_(out) {}

    Result<Done> build() {
        TRY(make_classes());
        for (const Instruction& instruction : automaton_.program)
            out_.looks_behind_ |= instruction.op == Op::Behind;
        row_of({}, 0);  // the dead state is row 0
        size_t befores = out_.looks_behind_ ? out_.classes_ : 1;
        out_.starts_.assign(out_.classes_ + 1, 0);
        for (size_t before = 0; before < befores; before++)
            out_.starts_[before] =
                row_of({automaton_.start}, out_.looks_behind_ ? static_cast<uint32_t>(before) : 0);
        // At the start of the text what is behind is its edge, which is the end's class as well.
        out_.starts_[out_.classes_] =
            out_.looks_behind_ ? row_of({automaton_.start}, end_class()) : out_.starts_[0];
        for (size_t row = 1; row < rows_.size(); row++) {
            if (rows_.size() * out_.classes_ > Pattern::entries_max)
                return Error{Code::Unsupported, "a pattern that needs too large a table"};
            fill(row);
        }
        note_starts();
        return Done{};
    }

  private:
    using Threads = std::vector<uint32_t>;  // instructions, those to prefer first

    uint32_t end_class() const { return out_.classes_ - 1; }

    // Code points fall into one class when every set holds all of them or none.
    Result<Done> make_classes() {
        const auto& sets = automaton_.sets;
        std::vector<uint32_t> borders{0, broken_byte + 1};
        for (const CodeSet& set : sets)
            for (CodeRange range : set.ranges()) {
                borders.push_back(range.first);
                borders.push_back(range.last + 1);
            }
        std::sort(borders.begin(), borders.end());
        borders.erase(std::unique(borders.begin(), borders.end()), borders.end());
        std::map<std::vector<bool>, uint8_t> classes;
        std::vector<size_t> range_of(sets.size(), 0);  // by set: the range to look at next
        std::vector<uint8_t> class_of_part;
        for (size_t part = 0; part + 1 < borders.size(); part++) {
            std::vector<bool> member(sets.size());
            for (size_t s = 0; s < sets.size(); s++) {
                auto ranges = sets[s].ranges();
                while (range_of[s] < ranges.size() && ranges[range_of[s]].last < borders[part])
                    range_of[s]++;
                member[s] =
                    range_of[s] < ranges.size() && ranges[range_of[s]].first <= borders[part];
            }
            if (classes.size() == 254 && !classes.contains(member))
                return Error{Code::Unsupported, "a pattern that tells too many characters apart"};
            auto [place, added] = classes.try_emplace(member, static_cast<uint8_t>(classes.size()));
            if (added) members_.push_back(member);
            class_of_part.push_back(place->second);
        }
        out_.classes_ = static_cast<uint32_t>(classes.size()) + 1;
        lay_out(borders, class_of_part);
        return Done{};
    }

    void lay_out(const std::vector<uint32_t>& borders, const std::vector<uint8_t>& class_of_part) {
        std::map<std::string, uint16_t> known;
        std::string block(256, '\0');
        size_t part = 0;
        out_.block_of_.resize((broken_byte >> 8) + 1);
        for (uint32_t code = 0; code <= broken_byte; code++) {
            while (borders[part + 1] <= code) part++;
            // A block that lies within one part, as most of them do.
            if ((code & 0xFF) == 0 && borders[part + 1] - code >= 256) {
                block.assign(256, static_cast<char>(class_of_part[part]));
                code += 255;
            } else {
                block[code & 0xFF] = static_cast<char>(class_of_part[part]);
            }
            if ((code & 0xFF) != 0xFF && code != broken_byte) continue;
            auto [place, added] = known.try_emplace(block, static_cast<uint16_t>(known.size()));
            if (added) out_.blocks_.insert(out_.blocks_.end(), block.begin(), block.end());
            out_.block_of_[code >> 8] = place->second;
        }
        for (uint32_t code = 0; code < 128; code++)
            out_.ascii_[code] = out_.blocks_[out_.block_of_[0] * size_t{256} + code];
    }

    // The offset of the row for these threads, standing behind a code point of class `before`
    // (where the pattern looks behind; 0 otherwise).
    uint32_t row_of(const Threads& threads, uint32_t before) {
        auto [place, added] = row_numbers_.try_emplace({threads, before}, rows_.size());
        if (added) {
            rows_.push_back({threads, before});
            out_.table_.resize(rows_.size() * out_.classes_, Pattern::dead);
        }
        return static_cast<uint32_t>(place->second * out_.classes_);
    }

    void fill(size_t row) {
        auto [threads, before] = rows_[row];
        for (uint32_t next = 0; next < out_.classes_; next++) {
            Threads after;
            bool matched = step(threads, before, next, after);
            uint32_t target = after.empty() || next == end_class()
                                  ? Pattern::dead
                                  : row_of(after, out_.looks_behind_ ? next : 0);
            out_.table_[row * out_.classes_ + next] = target | (matched ? Pattern::match_flag : 0);
        }
    }

    bool holds(const Instruction& look, uint32_t class_of) const {
        return class_of == end_class() ? look.edge : members_[class_of][look.set];
    }

    // Follows every thread to where it takes a code point of class `next`. True where one comes to
    // the end of the pattern before it: the threads behind that one lose.
    bool step(const Threads& threads, uint32_t before, uint32_t next, Threads& after) {
        seen_.assign(automaton_.program.size(), false);
        std::vector<bool> added(automaton_.program.size());
        for (uint32_t thread : threads) {
            std::vector<uint32_t> open{thread};
            while (!open.empty()) {
                uint32_t at = open.back();
                open.pop_back();
                if (seen_[at]) continue;
                seen_[at] = true;
                const Instruction& i = automaton_.program[at];
                switch (i.op) {
                    case Op::Match:
                        return true;
                    case Op::Split:
                        open.push_back(i.second);
                        open.push_back(i.next);
                        break;
                    case Op::Ahead:
                        if (holds(i, next)) open.push_back(i.next);
                        break;
                    case Op::Behind:
                        if (holds(i, before)) open.push_back(i.next);
                        break;
                    case Op::Set:
                        if (next == end_class() || !members_[next][i.set] || added[i.next]) break;
                        added[i.next] = true;
                        after.push_back(i.next);
                        break;
                }
            }
        }
        return false;
    }

    void note_starts() {
        out_.can_start_.assign(out_.classes_, 0);
        for (uint32_t start : out_.starts_)
            for (uint32_t c = 0; c < out_.classes_; c++)
                out_.can_start_[c] |= out_.table_[start + c] != Pattern::dead;
    }

    struct Row {
        Threads threads;
        uint32_t before;
        auto operator<=>(const Row&) const = default;
    };
    const Automaton& automaton_;
    Pattern& out_;
    std::vector<std::vector<bool>> members_;  // by class, by set
    std::map<Row, size_t> row_numbers_;
    std::vector<Row> rows_;
    std::vector<bool> seen_;
};

Result<Pattern> Pattern::compile(std::string_view text, const Unicode& unicode) {
    PatternNode root = TRY(parse_pattern(text, unicode));
    Automaton automaton;
    TRY(automaton.add(root));
    Pattern pattern;
    TRY(PatternBuilder(automaton, pattern).build());
    return pattern;
}

}  // namespace linnet
