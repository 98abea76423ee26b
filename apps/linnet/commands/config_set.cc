#include "base/text.h"
#include "linnet/command.h"
#include "linnet/settings_json.h"
#include "linnet/settings_load.h"
#include "linnet/toml.h"

namespace linnet {
namespace {

constexpr uint64_t file_bytes_max = 1'000'000;

class ConfigSet final : public Command {
  public:
    // A file with a mistake elsewhere can still be changed.
    bool reads_settings() const override { return false; }

    void declare(Syntax& syntax) override {
        syntax.about(
            "Changes your own configuration file, or the one that --config names; comments and "
            "order stay. The file is replaced in one step.");
        syntax.positional("KEY", &key_, "the setting, for example run.threads")
            .required()
            .completes(Complete::Setting);
        syntax.positional("VALUE", &value_, "its new value; a list of paths with ':' between them")
            .required()
            .completes(Complete::SettingValue);
        syntax.example("linnet config set run.threads 4", "compute with four threads");
        syntax.example("linnet config set pull.limit_rate 2MB", "leave room on the line");
    }

    Result<> run(Context& context) override {
        const SettingRow* row = TRY(require_setting(key_));
        auto parsed = parse_setting(*row, value_);
        if (!parsed) return std::move(parsed).error().within(key_);
        Path file = user_settings_file({.environment = context.environment,
                                        .paths = context.paths,
                                        .file = context.config_file});
        if (file.has_parent_path()) TRY(make_folders(file.parent_path()));
        TRY(make_folders(context.paths.state));
        // Two at once would lose one change.
        FileLock lock = TRY(FileLock::acquire(context.paths.state / "config.lock",
                                              std::chrono::seconds(10), context.cancel));
        auto text = read_file(file, file_bytes_max);
        if (!text && text.error().code != Code::NotFound) return std::move(text).error();
        // What the user wrote stays readable: "2MB", not 2000000.
        Json written = row->kind == SettingKind::Size ? Json(value_) : *parsed;
        std::string edited = TRY(set_in_toml(text ? *text : std::string(), key_, written, file));
        TRY(write_file_atomic(file, edited));
        context.output.note(cat(key_, " = ", printable(toml_value(written)), " in ", file));
        context.output.document(
            Json::object({{"key", key_}, {"value", *parsed}, {"file", file.string()}}));
        return Done{};
    }

  private:
    std::string key_, value_;
};

}  // namespace

std::unique_ptr<Command> config_set_command() {
    return std::make_unique<ConfigSet>();
}

}  // namespace linnet
