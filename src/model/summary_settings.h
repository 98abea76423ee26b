// The settings of a model, asked alike of GGUF metadata and of config.json. Internal to summary.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "model/summary.h"

namespace linnet {

// More than any model has; a list with one value per layer is not longer.
inline constexpr uint64_t layers_max = 10'000;

// One setting that may be there: a value, or a list with one for each layer. Found once and asked
// per layer, as a stranger's file can have very many settings and layers.
class Setting {
  public:
    Setting() = default;
    Setting(std::string name, const Value* value) : name_(std::move(name)), value_(value) {}
    Setting(std::string name, const Json* json) : name_(std::move(name)), json_(json) {}

    explicit operator bool() const { return value_ || json_; }

    // A whole number up to `most`, or an error that names the setting; of a list the layer's.
    // Nothing where the setting is missing.
    Result<std::optional<uint64_t>> uint(uint64_t most, uint64_t layer) const;
    // The same; of a list the greatest.
    Result<std::optional<uint64_t>> greatest(uint64_t most) const;

    // The layer's flag or text, or that of all layers; nothing where it is of another type.
    std::optional<bool> flag(uint64_t layer) const;
    std::optional<std::string_view> text(uint64_t layer) const;
    bool is_list() const;

  private:
    Result<Setting> item(uint64_t layer) const;  // of a list; itself where it is none
    Result<uint64_t> number(uint64_t most) const;
    uint64_t size() const;  // of a list
    Error wrong(std::string_view is, uint64_t most) const;

    std::string name_;
    const Value* value_ = nullptr;
    const Json* json_ = nullptr;
    std::optional<Value> own_;  // of an item that was taken out of an array
};

class SummarySettings {
  public:
    static Result<SummarySettings> open(const Checkpoint& model);

    const std::string& architecture() const { return architecture_; }
    bool gguf() const { return checkpoint_.format() == Format::Gguf; }

    // A setting by GGUF's name behind "architecture.", or by those that config.json may use.
    Setting find(std::string_view gguf, std::initializer_list<std::string_view> config) const;
    Result<std::optional<uint64_t>> greatest(std::string_view gguf,
                                             std::initializer_list<std::string_view> config,
                                             uint64_t most) const {
        return find(gguf, config).greatest(most);
    }

  private:
    explicit SummarySettings(const Checkpoint& model) : checkpoint_(model) {}
    Checkpoint checkpoint_;
    std::string architecture_;
    Json config_;
};

// What every layer keeps. Empty where the file does not say how attention is shaped.
Result<std::vector<KvLayer>> summarize_kv(const SummarySettings& settings, uint64_t layers,
                                          uint64_t embedding);

// Adds what recurrent layers keep. Those without heads are recurrent in families that have both.
Result<> summarize_state(const SummarySettings& settings, uint64_t embedding,
                         std::vector<KvLayer>& layers);

// Tokenizer, template and licence.
Result<> summarize_text(const Checkpoint& model, ModelSummary& out);

// A stranger's short text.
std::string short_text(std::string_view text);

}  // namespace linnet
