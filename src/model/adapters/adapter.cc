#include "model/adapters/adapter.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "base/text.h"
#include "model/adapters/binding.h"
#include "model/families/family.h"

namespace linnet {
namespace {

LowRankUpdate low_rank(const AdapterPart& part, const AdapterSite& site) {
    const AdapterFile::Pair& pair = *part.pair;
    const Matrix all_down(*pair.down, pair.columns), all_up(*pair.up, pair.rank);
    std::vector<float> down(pair.rank * pair.columns), up(site.rows * pair.rank);
    for (size_t row = 0; row < pair.rank; row++)
        all_down.decode_row(part.matrix * pair.rank + row, &down[row * pair.columns]);
    for (size_t row = 0; row < site.rows; row++) {
        size_t from = part.order.empty() ? row : part.order[row];
        all_up.decode_row(part.matrix * pair.rows + part.first + from, &up[row * pair.rank]);
    }
    return LowRankUpdate(down, up, pair.rank);
}

Result<> check_architecture(const AdapterFile& file, const Model& model) {
    const std::string& wanted = model.config().architecture;
    if (!file.architecture.empty() && file.architecture != wanted)
        return Error{Code::Unsupported,
                     cat("the adapter is for models of the architecture '",
                         printable(file.architecture, 60), "', and this one is of '", wanted, "'"),
                     "use it with the model that it was trained for"};
    bool alike =
        (file.form == AdapterFile::Form::Gguf) == (model.checkpoint().format() == Format::Gguf);
    if (!alike && find_family(wanted)->own_gguf_weights)
        return Error{Code::Unsupported,
                     cat("GGUF files of the architecture '", wanted,
                         "' hold other weights than folders, so an adapter fits only one of them"),
                     "use an adapter and a model of the same kind of file"};
    return Done{};
}

// PEFT saves the head with every adapter of it. Where it is that of the model, maybe quantized
// since, nothing is lost without it; a longer or trained one would be.
Result<> check_head(const AdapterFile& file, const Model& model) {
    if (!file.own_head) return Done{};
    const Error other{Code::Unsupported,
                      "the adapter brings a head of its own, which is not that of the model",
                      "merge it into its model with PEFT's merge_and_unload()"};
    const Tensor& tensor = *file.own_head;
    const Matrix& head = model.head();
    if (!(tensor.shape == Shape({head.rows(), head.columns()})) || !tensor.dtype->decode)
        return Error(other);
    const Matrix own(tensor, head.columns());
    constexpr size_t looked_at = 256;
    std::vector<float> row(head.columns()), own_row(head.columns());
    double difference = 0, length = 0;
    for (size_t i = 0; i < std::min(looked_at, head.rows()); i++) {
        size_t at = i * head.rows() / std::min(looked_at, head.rows());
        head.decode_row(at, row.data());
        own.decode_row(at, own_row.data());
        for (size_t d = 0; d < row.size(); d++) {
            difference += std::pow(static_cast<double>(row[d]) - own_row[d], 2);
            length += std::pow(static_cast<double>(row[d]), 2);
        }
    }
    constexpr double by_quantizing = 0.2;  // of the length, and more than 3 bits make of it
    if (!(difference <= by_quantizing * by_quantizing * length)) return Error(other);
    return Done{};
}

Error misfit(const AdapterFile::Pair& pair, const AdapterSite& site) {
    return {Code::BadInput,
            cat("the adapter changes '", printable(pair.name, 100), "' as if it were ",
                pair.count > 1 ? cat(pair.count, " x ") : std::string(), pair.rows, " x ",
                pair.columns, ", and the model's is ", site.tensor_rows, " x ", site.columns),
            "use it with the model that it was made for"};
}

// A part of the adapter that belongs to no place of the model.
Error left_over(const AdapterFile& file, const Model& model, const AdapterFile::Pair& pair) {
    if (const AdapterSite* site = site_named_as(file, model, pair)) return misfit(pair, *site);
    std::string_view name = pair.name;
    bool embedding = name.find("embd") != name.npos || name.find("embed_tokens") != name.npos ||
                     name.ends_with("wte.weight");
    std::string whose =
        file.base.empty() ? std::string() : cat(" (", printable(file.base, 100), ")");
    if (embedding)
        return {Code::Unsupported,
                cat("the adapter changes the embedding '", printable(name, 100),
                    "', which linnet does not adapt"),
                "merge it into its model with the program that made it"};
    return {Code::BadInput,
            cat("the adapter changes '", printable(name, 100),
                "', which is no matrix of this model that linnet adapts"),
            cat("use it with the model that it was trained for", whose)};
}

}  // namespace

Result<std::shared_ptr<const Adapter>> Adapter::load(const AdapterFile& file,
                                                     std::shared_ptr<const Model> model) {
    TRY(check_architecture(file, *model));
    TRY(check_head(file, *model));
    std::shared_ptr<Adapter> adapter(new Adapter(model));
    std::set<const AdapterFile::Pair*> used;
    for (const AdapterSite& site : model->sites()) {
        auto part = part_for(file, *model, site);
        adapter->places_.push_back(part ? static_cast<uint32_t>(adapter->changes_.size())
                                        : AdapterSite::none);
        if (!part) continue;
        used.insert(part->pair);
        adapter->changes_.push_back({low_rank(*part, site), part->pair->scale});
    }
    for (const AdapterFile::Pair& pair : file.pairs)
        if (!used.contains(&pair)) return left_over(file, *model, pair);
    return std::shared_ptr<const Adapter>(std::move(adapter));
}

uint64_t Adapter::bytes() const {
    uint64_t bytes = places_.size() * sizeof(uint32_t);
    for (const Change& change : changes_) bytes += change.update.bytes() + sizeof(Change);
    return bytes;
}

}  // namespace linnet
