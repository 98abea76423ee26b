#include "text/special_tokens.h"

#include <algorithm>
#include <initializer_list>
#include <string_view>

#include "base/text.h"

namespace linnet {
namespace {

using Role = TokenId SpecialTokens::*;

struct RoleNames {
    Role role;
    std::string_view what;
    std::string_view names[10];  // the first that the vocabulary has
};

constexpr RoleNames role_names[] = {
    {&SpecialTokens::bos, "bos", {}},
    {&SpecialTokens::eos, "eos", {}},
    {&SpecialTokens::eot,
     "eot",
     {"<|eot_id|>", "<|im_end|>", "<|end|>", "<end_of_turn>", "<turn|>", "<|end_of_turn|>", "<EOT>",
      "_<EOT>", "[EOT]", "<end_of_utterance>"}},
    {&SpecialTokens::eom, "eom", {"<|eom_id|>"}},
    {&SpecialTokens::unk, "unk", {}},
    {&SpecialTokens::sep, "sep", {}},
    {&SpecialTokens::pad, "pad", {}},
    {&SpecialTokens::cls, "cls", {}},
    {&SpecialTokens::mask, "mask", {}},
    {&SpecialTokens::fim_prefix,
     "fim prefix",
     {"<|fim_prefix|>", "<fim_prefix>", "<fim-prefix>", "<｜fim▁begin｜>", "<PRE>", "▁<PRE>",
      "<|code_prefix|>", "<|prefix|>", "[PREFIX]"}},
    {&SpecialTokens::fim_suffix,
     "fim suffix",
     {"<|fim_suffix|>", "<fim_suffix>", "<fim-suffix>", "<｜fim▁hole｜>", "<SUF>", "▁<SUF>",
      "<|code_suffix|>", "<|suffix|>", "[SUFFIX]"}},
    {&SpecialTokens::fim_middle,
     "fim middle",
     {"<|fim_middle|>", "<fim_middle>", "<fim-middle>", "<｜fim▁end｜>", "<MID>", "▁<MID>",
      "<|code_middle|>", "<|middle|>", "[MIDDLE]"}},
    {&SpecialTokens::fim_pad, "fim pad", {"<|fim_pad|>", "<fim_pad>", "<fim-pad>"}},
    {&SpecialTokens::fim_repo,
     "fim repository",
     {"<|fim_repo|>", "<|repo_name|>", "<fim-repo>", "<REPO>", "<repo_name>", "<reponame>"}},
    {&SpecialTokens::fim_separator, "fim separator", {"<|file_sep|>", "<file_sep>"}},
};

// Spellings that end a turn or a text. Those that are certain count even where the file calls them
// normal text, as files made by old converters do.
constexpr std::string_view certain_ends[] = {
    "<|eot_id|>",         "<|im_end|>",
    "<end_of_turn>",      "<|endoftext|>",
    "<|eom_id|>",         "<|end_of_text|>",
    "<end_of_utterance>", "<｜end▁of▁sentence｜>",
    "<|end_of_turn|>",    "<|END_OF_TURN_TOKEN|>",
    "<|endofturn|>",      "[|endofturn|]",
};
constexpr std::string_view likely_ends[] = {
    "<|end|>", "<|return|>", "<|call|>", "<|calls|>", "<|flush|>",        "</s>", "<EOT>", "_<EOT>",
    "[EOT]",   "[EOS]",      "<eos>",    "<turn|>",   "<|tool_response>", "[e~[",
};

// Spellings of the message frame of one family whose reader needs to see them in the output.
constexpr std::string_view shown_frame[] = {"<|channel|>", "<|message|>", "<|start|>",
                                            "<|constrain|>"};

class Names {
  public:
    explicit Names(const TokenizerData& data) {
        // Only what is short and looks like markup can be a name here.
        for (size_t i = 0; i < data.tokens.size(); i++) {
            const std::string& text = data.tokens[i];
            if (text.size() > 40 || text.size() < 4) continue;
            if (text.find_first_of("<[") == text.npos) continue;
            known_.push_back({text, static_cast<TokenId>(i)});
        }
        std::stable_sort(known_.begin(), known_.end(),
                         [](const auto& a, const auto& b) { return a.first < b.first; });
    }
    TokenId find(std::string_view name) const {
        auto found =
            std::lower_bound(known_.begin(), known_.end(), name,
                             [](const auto& a, std::string_view b) { return a.first < b; });
        return found != known_.end() && found->first == name ? found->second : no_token;
    }

  private:
    std::vector<std::pair<std::string_view, TokenId>> known_;
};

TokenType type_of(const TokenizerData& data, TokenId id) {
    return data.types.empty() ? TokenType::Control : data.types[static_cast<size_t>(id)];
}

bool is_markup(const TokenizerData& data, TokenId id) {
    TokenType type = type_of(data, id);
    return type == TokenType::Control || type == TokenType::UserDefined;
}

void fill_roles(TokenizerData& data, const Names& names) {
    auto size = static_cast<TokenId>(data.tokens.size());
    for (const RoleNames& row : role_names) {
        TokenId& id = data.special.*row.role;
        if (id != no_token && (id < 0 || id >= size)) {
            data.warnings.push_back(cat("the ", row.what, " token is ", id,
                                        ", which does not exist; the model has none then"));
            id = no_token;
        }
        for (std::string_view name : row.names) {
            if (id != no_token || name.empty()) break;
            TokenId found = names.find(name);
            if (found != no_token && is_markup(data, found)) id = found;
        }
    }
}

}  // namespace

void settle_special_tokens(TokenizerData& data) {
    Names names(data);
    fill_roles(data, names);
    if (data.types.empty()) return;
    for (std::string_view name : certain_ends) {
        TokenId id = names.find(name);
        if (id == no_token || is_markup(data, id)) continue;
        data.warnings.push_back(cat("the file calls token ", id, ", '", name,
                                    "', plain text; it is taken as a control token"));
        data.types[static_cast<size_t>(id)] = TokenType::Control;
    }
    bool framed = names.find("<|channel|>") != no_token && names.find("<|return|>") != no_token;
    for (std::string_view name : shown_frame) {
        TokenId id = names.find(name);
        if (framed && id != no_token) data.types[static_cast<size_t>(id)] = TokenType::UserDefined;
    }
}

std::vector<TokenId> ends_of(const TokenizerData& data) {
    const SpecialTokens& s = data.special;
    std::vector<TokenId> ends(data.also_end);
    for (TokenId id : {s.eos, s.eot, s.eom, s.fim_pad, s.fim_repo, s.fim_separator})
        ends.push_back(id);
    Names names(data);
    for (std::string_view name : certain_ends) ends.push_back(names.find(name));
    for (std::string_view name : likely_ends) {
        TokenId id = names.find(name);
        if (id != no_token && is_markup(data, id)) ends.push_back(id);
    }
    // Where a message ends by itself and the answer by one of the others, it goes on after <|end|>.
    bool calls = names.find("<|call|>") != no_token || names.find("<|calls|>") != no_token;
    bool returns = names.find("<|return|>") != no_token || names.find("<|flush|>") != no_token;
    if (calls && returns && s.eos != names.find("<|end|>")) std::erase(ends, names.find("<|end|>"));
    auto size = static_cast<TokenId>(data.tokens.size());
    std::erase_if(ends, [&](TokenId id) { return id < 0 || id >= size; });
    std::sort(ends.begin(), ends.end());
    ends.erase(std::unique(ends.begin(), ends.end()), ends.end());
    return ends;
}

}  // namespace linnet
