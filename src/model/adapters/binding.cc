#include "model/adapters/binding.h"

#include <algorithm>

#include "base/text.h"
#include "model/names.h"

namespace linnet {
namespace {

// Where a file may keep the matrix of a site: rows of a tensor, by GGUF's name, which may be a
// stack.
struct Place {
    std::string tensor;
    uint64_t first = 0, tensor_rows = 0;  // as many as there are, where that is 0
};

// "blk.3.ffn_gate.7" and 7 as "blk.3.ffn_gate" and 7.
std::optional<std::pair<std::string_view, uint64_t>> numbered(std::string_view stem) {
    size_t dot = stem.rfind('.');
    if (dot == stem.npos) return std::nullopt;
    auto number = parse_integer<uint64_t>(stem.substr(dot + 1));
    if (!number) return std::nullopt;
    return std::pair(stem.substr(0, dot), *number);
}

// Matrices of a kind are stacked in one tensor, "x" or "x_exps", or are "x.0", "x.1", ….
void add_stacks(const AdapterSite& site, std::string_view stem, std::vector<Place>& places) {
    constexpr std::string_view experts = "_exps";
    if (auto one = numbered(stem)) {
        for (std::string_view end : {experts, std::string_view()})
            places.push_back({cat(one->first, end, ".weight"), one->second * site.rows, 0});
        return;
    }
    bool stacked = stem.ends_with(experts);
    if (stacked) stem.remove_suffix(experts.size());
    if (stacked || stem.starts_with("altup_"))
        places.push_back({cat(stem, ".", site.first / site.rows, ".weight"), 0, site.rows});
}

// The gate and what it is multiplied with are one tensor or two, of all experts as well; what all
// tokens share of a mixture has an ending of its own in GGUF files only.
void add_feed_forwards(const AdapterSite& site, std::string_view stem, std::vector<Place>& places) {
    constexpr std::string_view shared = "_shexp", both = "ffn_gate_up_exps";
    size_t dot = stem.rfind(".ffn_");
    if (dot == stem.npos) return;
    std::string_view layer = stem.substr(0, dot + 1), part = stem.substr(dot + 1);
    const uint64_t rows = site.rows, half = site.first / rows % 2;
    auto offer = [&](std::string_view kind, std::string_view end, uint64_t first, uint64_t all) {
        places.push_back({cat(layer, kind, end, ".weight"), first, all});
    };
    if (part == both) {
        uint64_t expert = site.first / (2 * rows);
        std::string_view kind = half == 0 ? "ffn_gate" : "ffn_up";
        offer(kind, "_exps", expert * rows, site.tensor_rows / 2);
        offer(kind, cat(".", expert), 0, rows);
        return;
    }
    if (part.ends_with(shared)) part.remove_suffix(shared.size());
    if (part == "ffn_up" && site.tensor_rows == 2 * rows)
        for (std::string_view end : {shared, std::string_view()})
            offer(half == 0 ? "ffn_gate" : "ffn_up", end, 0, rows);
    else if (part == "ffn_gate" || part == "ffn_up")
        offer("ffn_up", "", part == "ffn_up" ? rows : 0, 2 * rows);
    else if (part == "ffn_down")
        for (std::string_view end : {shared, std::string_view()}) offer(part, end, 0, rows);
}

std::vector<Place> places_of(const AdapterSite& site) {
    std::vector<Place> places = {{site.tensor, site.first, site.tensor_rows}};
    std::string_view stem = site.tensor;
    stem.remove_suffix(std::min(stem.size(), std::string_view(".weight").size()));
    add_stacks(site, stem, places);
    add_feed_forwards(site, stem, places);
    return places;
}

const AdapterFile::Pair* find_pair(const AdapterFile& file, const Model& model,
                                   const std::string& tensor) {
    if (file.form == AdapterFile::Form::Gguf) return file.find(tensor);
    for (const std::string& name : folder_names(model.names(), tensor))
        for (const std::string& variant : name_variants(name))
            if (const AdapterFile::Pair* pair = file.find(variant)) return pair;
    return nullptr;
}

bool fits(const AdapterFile::Pair& pair, const Place& place, const AdapterSite& site) {
    const uint64_t all = pair.count * pair.rows;
    bool right = place.tensor_rows > 0 ? all == place.tensor_rows : pair.rows == site.rows;
    return right && pair.columns == site.columns && place.first < all &&
           place.first % pair.rows + site.rows <= pair.rows;
}

// The rows of a GGUF file's heads lie in pairs, those of a folder's in halves: row 2 i + h of the
// first is row i + h * half of the second.
std::vector<size_t> order_of(const AdapterSite& site, bool adapter_is_gguf) {
    const size_t head = site.rows / site.turned_heads, half = head / 2;
    std::vector<size_t> order(site.rows);
    for (size_t row = 0; row < site.rows; row++) {
        size_t begin = row / head * head, at = row % head;
        order[row] = begin + (adapter_is_gguf ? at % half * 2 + at / half : at / 2 + at % 2 * half);
    }
    return order;
}

}  // namespace

std::optional<AdapterPart> part_for(const AdapterFile& file, const Model& model,
                                    const AdapterSite& site) {
    const bool adapter_is_gguf = file.form == AdapterFile::Form::Gguf;
    const bool model_is_gguf = model.checkpoint().format() == Format::Gguf;
    for (const Place& place : places_of(site)) {
        const AdapterFile::Pair* pair = find_pair(file, model, place.tensor);
        if (!pair || !fits(*pair, place, site)) continue;
        AdapterPart part{
            .pair = pair, .matrix = place.first / pair->rows, .first = place.first % pair->rows};
        if (site.turned_heads > 0 && adapter_is_gguf != model_is_gguf)
            part.order = order_of(site, adapter_is_gguf);
        return part;
    }
    return std::nullopt;
}

const AdapterSite* site_named_as(const AdapterFile& file, const Model& model,
                                 const AdapterFile::Pair& pair) {
    for (const AdapterSite& site : model.sites())
        if (find_pair(file, model, site.tensor) == &pair) return &site;
    return nullptr;
}

}  // namespace linnet
