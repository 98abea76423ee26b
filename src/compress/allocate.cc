#include "compress/allocate.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/result.h"

namespace linnet {
namespace {

constexpr size_t grid_steps = 20000;

using Items = std::span<const std::vector<SizeChoice>>;

uint64_t smallest_of(const std::vector<SizeChoice>& item) {
    return std::ranges::min(item, {}, &SizeChoice::bytes).bytes;
}

uint64_t bytes_of(Items items, std::span<const size_t> chosen) {
    uint64_t sum = 0;
    for (size_t i = 0; i < items.size(); i++) sum += items[i][chosen[i]].bytes;
    return sum;
}

// Dynamic programming: the least cost of the first items in each number of steps above the smallest
// sizes. Sizes are rounded to the nearest step, so that the errors of many items cancel.
class Grid {
  public:
    Grid(Items items, uint64_t step)
        : items_(items), step_(step), best_(items.size() * (grid_steps + 1)) {
        std::vector<double> cost(grid_steps + 1, 0.0), next(grid_steps + 1);
        for (size_t i = 0; i < items.size(); i++) {
            std::ranges::fill(next, std::numeric_limits<double>::infinity());
            for (size_t c = 0; c < items[i].size(); c++) {
                const size_t size = steps(i, c);
                for (size_t at = size; at <= grid_steps; at++) {
                    const double sum = cost[at - size] + items[i][c].cost;
                    if (sum >= next[at]) continue;
                    next[at] = sum;
                    best_[i * (grid_steps + 1) + at] = static_cast<uint8_t>(c);
                }
            }
            std::swap(cost, next);
        }
    }

    // The best within so many steps.
    std::vector<size_t> choose(size_t room) const {
        std::vector<size_t> out(items_.size());
        for (size_t i = items_.size(); i-- > 0;) {
            out[i] = best_[i * (grid_steps + 1) + room];
            room -= steps(i, out[i]);
        }
        return out;
    }

  private:
    size_t steps(size_t item, size_t choice) const {
        const uint64_t above = items_[item][choice].bytes - smallest_of(items_[item]);
        return std::min<uint64_t>((above + step_ / 2) / step_, grid_steps);
    }

    Items items_;
    uint64_t step_;
    std::vector<uint8_t> best_;
};

// Takes the change of one item that saves most, as long as one fits.
void fill(Items items, uint64_t room, std::vector<size_t>& chosen) {
    for (;;) {
        double saved_most = 0;
        size_t item = 0, choice = 0;
        for (size_t i = 0; i < items.size(); i++) {
            const SizeChoice& now = items[i][chosen[i]];
            for (size_t c = 0; c < items[i].size(); c++) {
                const SizeChoice& other = items[i][c];
                if (other.bytes > now.bytes + room || now.cost - other.cost <= saved_most) continue;
                saved_most = now.cost - other.cost, item = i, choice = c;
            }
        }
        if (saved_most == 0) return;
        room = room + items[item][chosen[item]].bytes - items[item][choice].bytes;
        chosen[item] = choice;
    }
}

}  // namespace

std::optional<std::vector<size_t>> allocate(Items items, uint64_t budget) {
    uint64_t least = 0, most = 0;
    for (const auto& item : items) {
        check(!item.empty() && item.size() <= 255, "an item has some choices");
        least += smallest_of(item);
        most += std::ranges::max(item, {}, &SizeChoice::bytes).bytes;
    }
    if (least > budget) return std::nullopt;
    const uint64_t step = std::max<uint64_t>(1, (most - least) / grid_steps);
    const Grid grid(items, step);
    auto room = static_cast<int64_t>(std::min<uint64_t>((budget - least) / step, grid_steps));
    std::vector<size_t> chosen = grid.choose(static_cast<size_t>(room));
    for (uint64_t bytes; (bytes = bytes_of(items, chosen)) > budget && room > 0;) {
        room = std::max<int64_t>(0, room - static_cast<int64_t>((bytes - budget) / step) - 1);
        chosen = grid.choose(static_cast<size_t>(room));
    }
    if (bytes_of(items, chosen) > budget) {  // of the smallest, whose cost may be that of others
        for (size_t i = 0; i < items.size(); i++)
            chosen[i] = static_cast<size_t>(
                std::ranges::min_element(items[i], {}, &SizeChoice::bytes) - items[i].begin());
    }
    fill(items, budget - bytes_of(items, chosen), chosen);
    return chosen;
}

}  // namespace linnet
