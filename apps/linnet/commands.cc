// The program's commands. command.h says how to add one.
#include "linnet/command.h"

namespace linnet {

std::unique_ptr<Command> alias_command();
std::unique_ptr<Command> bench_command();
std::unique_ptr<Command> chat_command();
std::unique_ptr<Command> complete_command();
std::unique_ptr<Command> complete_text_command();
std::unique_ptr<Command> completion_command();
std::unique_ptr<Command> config_get_command();
std::unique_ptr<Command> config_path_command();
std::unique_ptr<Command> config_set_command();
std::unique_ptr<Command> config_show_command();
std::unique_ptr<Command> config_validate_command();
std::unique_ptr<Command> df_command();
std::unique_ptr<Command> doctor_command();
std::unique_ptr<Command> embed_command();
std::unique_ptr<Command> eval_command();
std::unique_ptr<Command> export_command();
std::unique_ptr<Command> gc_command();
std::unique_ptr<Command> help_command();
std::unique_ptr<Command> imatrix_command();
std::unique_ptr<Command> import_command();
std::unique_ptr<Command> list_command();
std::unique_ptr<Command> man_command();
std::unique_ptr<Command> preset_import_command();
std::unique_ptr<Command> preset_list_command();
std::unique_ptr<Command> preset_rm_command();
std::unique_ptr<Command> preset_save_command();
std::unique_ptr<Command> preset_show_command();
std::unique_ptr<Command> prune_command();
std::unique_ptr<Command> pull_command();
std::unique_ptr<Command> quantize_command();
std::unique_ptr<Command> rerank_command();
std::unique_ptr<Command> rm_command();
std::unique_ptr<Command> run_command();
std::unique_ptr<Command> show_command();
std::unique_ptr<Command> tokenize_command();

namespace {

// Groups are shown in this order, and within one the rows as they stand.
constexpr CommandRow rows[] = {
    {"run", Group::Use, "Ask a model and print its answer", run_command},
    {"chat", Group::Use, "Talk with a model", chat_command},
    {"complete", Group::Use, "Continue a text, for scripts", complete_text_command},
    {"embed", Group::Use, "Turn texts into vectors", embed_command},
    {"rerank", Group::Use, "Order texts by how they answer a question", rerank_command},
    {"tokenize", Group::Use, "Show how a model cuts text into tokens", tokenize_command},
    {"preset import", Group::Use, "Make a preset of a Modelfile", preset_import_command},
    {"preset list", Group::Use, "List the presets", preset_list_command},
    {"preset rm", Group::Use, "Take a preset away", preset_rm_command},
    {"preset save", Group::Use, "Keep how a model is used under a name", preset_save_command},
    {"preset show", Group::Use, "Tell what a preset says", preset_show_command},
    {"pull", Group::Models, "Bring a model into the store", pull_command},
    {"import", Group::Models, "Bring a model of this machine into the store", import_command},
    {"export", Group::Models, "Write a model as others load it", export_command},
    {"list", Group::Models, "List the models on this machine", list_command},
    {"show", Group::Models, "Tell what a model is and what running it takes", show_command},
    {"rm", Group::Models, "Take a model out of the store", rm_command},
    {"alias", Group::Models, "Give models short names", alias_command},
    {"df", Group::Models, "Tell what the store takes on the disk", df_command},
    {"gc", Group::Models, "Remove what no model needs", gc_command},
    {"quantize", Group::Shape, "Store a model's weights in fewer bits", quantize_command},
    {"prune", Group::Shape, "Leave out what a model needs least", prune_command},
    {"imatrix", Group::Shape, "Measure which columns of a model matter", imatrix_command},
    {"bench", Group::Know, "Measure how fast a model is on this machine", bench_command},
    {"eval", Group::Know, "Measure how good a model is", eval_command},
    {"doctor", Group::Know, "Look at this machine and tell what to mend", doctor_command},
    {"completion", Group::More, "Print the completion script of a shell", completion_command},
    {"config get", Group::More, "Print one setting", config_get_command},
    {"config path", Group::More, "Tell where the configuration is", config_path_command},
    {"config set", Group::More, "Change a setting in your own configuration", config_set_command},
    {"config show", Group::More, "Show all settings and where they come from", config_show_command},
    {"config validate", Group::More, "Check the configuration files", config_validate_command},
    {"help", Group::More, "Tell about a command", help_command},
    {"man", Group::More, "Print a manual page", man_command},
    {"__complete", Group::Hidden, "Tell the shell what may come next", complete_command},
};

constexpr GroupRow groups[] = {
    {"config", Group::More, "Read and change settings"},
    {"preset", Group::Use, "Name a way to use a model"},
};

}  // namespace

std::span<const CommandRow> command_table() {
    return rows;
}

std::span<const GroupRow> command_groups() {
    return groups;
}

}  // namespace linnet
