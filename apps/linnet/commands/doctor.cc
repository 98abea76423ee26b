#include "base/text.h"
#include "kernels/select.h"
#include "linnet/command.h"
#include "linnet/doctor_document.h"
#include "linnet/store_access.h"
#include "measure/bandwidth.h"

namespace linnet {
namespace {

class Doctor final : public Command {
  public:
    void declare(Syntax& syntax) override {
        syntax
            .option("--sysfs-root", &root_, "FOLDER",
                    "read another machine's /proc and /sys, kept below a folder")
            .completes(Complete::Folder);
        syntax.flag("--quick", quick_,
                    "leave out what takes seconds: the speed of memory and disk");
        syntax.about(
            "Tells what this machine offers to linnet and what slows it down: processor and "
            "kernels, threads and limits of a container, memory and how fast it is read, disk and "
            "store, "
            "temperature, power and energy sensors; and for each complaint what to do about it.");
        syntax.example("linnet doctor", "look at this machine");
        syntax.example("linnet doctor --json --quick", "the facts for a script");
    }

    Result<> run(Context& context) override {
        Tree tree(root_.empty() ? "/" : root_);
        if (!root_.empty() && !tree.exists(""))
            return Error{Code::NotFound, cat("there is no folder ", Path(root_))};
        Diagnosis diagnosis;
        diagnosis.machine = read_machine(tree);
        diagnosis.findings = examine(diagnosis.machine);
        diagnosis.findings.push_back(kernels(context, diagnosis.kernels));
        look_at_store(context, diagnosis);
        if (!quick_ && tree.is_this_machine()) TRY(measure(context, diagnosis));
        print(context.output, diagnosis);
        context.output.document(diagnosis_document(diagnosis));
        return Done{};
    }

  private:
    // Of this processor, also where the rest is another machine's.
    static Finding kernels(Context& context, KernelChoice& choice) {
        choice.features = cpu_features();
        choice.best = kernel_isas().back();
        choice.used = choice.best;
        auto forced = context.environment.get("LINNET_ISA");
        if (!forced)
            return {Health::Ok, "kernels", cat(isa_name(choice.used), " kernels are used")};
        auto isa = parse_isa(*forced);
        if (!isa || !runs_on(*isa, choice.features)) {
            std::vector<std::string> names;
            for (Isa each : kernel_isas()) names.emplace_back(isa_name(each));
            return {Health::Problem, "kernels",
                    cat("LINNET_ISA is '", printable(*forced),
                        "', which names no kernels that run here"),
                    cat("use one of ", join(names, ", "), ", or unset it")};
        }
        choice.used = *isa;
        choice.forced = true;
        return {Health::Ok, "kernels",
                cat("LINNET_ISA selects ", isa_name(choice.used), "; the best here is ",
                    isa_name(choice.best))};
    }

    // A store that cannot be read is a finding, not a failure: this is who must tell.
    void look_at_store(Context& context, Diagnosis& diagnosis) {
        auto store = open_store(context);
        auto listing = store ? store->list() : Result<Listing>(store.error());
        auto usage = listing ? store->usage() : Result<Usage>(listing.error());
        if (!usage) {
            diagnosis.findings.push_back(
                {Health::Problem, "store", usage.error().what, "see 'linnet config show'"});
            return;
        }
        StoreState state{.models = listing->models.size(),
                         .unreadable = listing->problems.size(),
                         .foreign = listing->foreign.size(),
                         .bytes = usage->models_bytes,
                         .reclaimable = usage->unreferenced_bytes + usage->partial_bytes};
        uint64_t largest = 0;
        for (const StoredModel& model : listing->models) {
            state.damaged += model.damaged;
            for (const ModelFile& file : model.manifest.files)
                if (!model.damaged && file.bytes > largest) {
                    largest = file.bytes;
                    largest_file_ = store->layout().blob(file.sha256);
                }
        }
        diagnosis.findings.push_back(store_finding(state));
        diagnosis.disk_free = usage->disk_free_bytes;
        diagnosis.findings.push_back(examine_disk(store->layout().data(), usage->disk_free_bytes));
        diagnosis.store = state;
    }

    static Finding store_finding(const StoreState& state) {
        std::string what = cat("models ", state.models, ", ", bytes_text(state.bytes));
        if (state.foreign > 0) what += cat("; of other programs: ", state.foreign);
        if (state.reclaimable > 0)
            what += cat("; ", bytes_text(state.reclaimable), " that no model has");
        if (state.damaged + state.unreadable > 0)
            return {Health::Problem, "store",
                    cat(what, "; damaged: ", state.damaged + state.unreadable),
                    "'linnet list' names them; 'linnet pull NAME' mends one, 'linnet rm NAME' "
                    "removes it"};
        return {Health::Ok, "store", what, state.reclaimable > 0 ? "linnet gc" : ""};
    }

    Result<> measure(Context& context, Diagnosis& diagnosis) {
        if (!largest_file_.empty())
            diagnosis.disk_read =
                TRY(measure_read_speed(largest_file_, 1, context.clock, context.cancel));
        const Machine& machine = diagnosis.machine;
        auto measured = measure_bandwidth({.threads_max = machine.budget.threads,
                                           .cache_bytes = machine.processor.cache_bytes(),
                                           .memory_usable = machine.memory.usable()},
                                          context.clock, context.cancel);
        if (measured) {
            diagnosis.bandwidth = *std::move(measured);
        } else {
            if (measured.error().code != Code::NoFit) return std::move(measured).error();
            diagnosis.findings.push_back(
                {Health::Warning, "bandwidth", measured.error().what, "close other programs"});
        }
        return Done{};
    }

    static void print(Output& output, const Diagnosis& diagnosis) {
        if (!diagnosis.machine.processor.machine.empty())
            output.line(output.paint(Style::Bold, diagnosis.machine.processor.machine));
        for (const Finding& finding : diagnosis.findings) {
            constexpr Style styles[] = {Style::Green, Style::Yellow, Style::Red};
            auto health = static_cast<size_t>(finding.health);
            std::string mark(health_name(finding.health));
            mark.resize(9, ' ');
            std::string area = finding.area;
            area.resize(13, ' ');
            output.line(cat(output.paint(styles[health], mark), area, finding.what));
            if (!finding.fix.empty()) output.line(cat(std::string(22, ' '), "fix: ", finding.fix));
        }
        if (diagnosis.disk_read) {
            output.line();
            output.line(cat("Models are read from their disk at ",
                            fixed(diagnosis.disk_read->bytes_per_second / 1e9, 1), " GB/s",
                            diagnosis.disk_read->cached ? " (from memory: it holds them)" : ""));
        }
        if (!diagnosis.bandwidth) return;
        output.line();
        output.line(cat("Memory is read at", diagnosis.bandwidth->beyond_caches
                                                 ? ""
                                                 : " (partly from caches, so rather less)"));
        Table table;
        table.right = {true, false, true};
        for (const BandwidthPoint& point : diagnosis.bandwidth->points)
            table.rows.push_back({cat(point.threads), point.threads == 1 ? "thread" : "threads",
                                  cat(fixed(point.bytes_per_second / 1e9, 1), " GB/s")});
        output.table(table);
    }

    std::string root_;
    bool quick_ = false;
    Path largest_file_;  // of the store's models: it shows how fast they come from this disk
};

}  // namespace

std::unique_ptr<Command> doctor_command() {
    return std::make_unique<Doctor>();
}

}  // namespace linnet
