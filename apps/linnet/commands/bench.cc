// linnet bench: how fast a model is here, and what share of the machine it uses.
#include <unistd.h>

#include <algorithm>

#include "base/memory.h"
#include "base/text.h"
#include "engine/model_files.h"
#include "linnet/arithmetic.h"
#include "linnet/bench/document.h"
#include "linnet/bench/page.h"
#include "linnet/bench/sustained.h"
#include "linnet/command.h"
#include "linnet/models.h"
#include "linnet/passing_file.h"
#include "model/synthetic.h"

namespace linnet {
namespace {

class Bench final : public Command {
  public:
    void declare(Syntax& syntax) override;
    Result<> run(Context& context) override;

  private:
    Result<> check_options() const;
    Result<Checkpoint> open(Context& context) const;
    Result<Checkpoint> open_synthetic(Context& context) const;
    Result<> write_model(Context& context, const Path& path) const;
    Result<BenchModel> load(Context& context, Checkpoint checkpoint, BenchReport& report) const;
    Result<> find_limits(Context& context, const BenchModel& model, BenchReport& report) const;
    Result<> measure(Context& context, const BenchModel& model, const Tree& tree,
                     BenchReport& report) const;
    Result<> take_turns(Context& context, BenchRunner& runner, EnergyMeter& meter,
                        BenchReport& report) const;
    Result<> show(Context& context, BenchReport& report) const;

    std::string model_, synthetic_, out_, html_, root_;
    Arithmetic arithmetic_;
    BenchLists lists_;
    uint64_t repeats_ = 3;
    std::optional<double> sustained_s_;
    bool csv_ = false, quick_ = false;
};

void Bench::declare(Syntax& syntax) {
    syntax.positional("MODEL", &model_, "a model file or a name of the store")
        .completes(Complete::Model);
    syntax.option("-p,--prompt", &lists_.prompts, "LIST", "tokens of the prompt (512)");
    syntax.option("-n,--generate", &lists_.generates, "LIST", "tokens to generate (128)");
    syntax.option("-t,--threads", &lists_.threads, "LIST", "threads (those that run would take)");
    syntax.option("-d,--depth", &lists_.depths, "LIST", "tokens that are computed before (0)");
    syntax.option("-c,--concurrency", &lists_.concurrencies, "LIST", "requests at once (1)");
    syntax.option("-r,--repeats", &repeats_, "N", "measurements of each, taken in turns (3)")
        .between(0, 1000);
    arithmetic_.declare_math(syntax);
    arithmetic_.declare_kv(syntax);
    syntax.option("--synthetic", &synthetic_, "SHAPE:TYPE",
                  "random weights in place of MODEL: llama-1b:q4_k");
    syntax.option("--out", &out_, "FILE", "keep the synthetic model; -r 0 only writes it")
        .completes(Complete::File);
    syntax.option("--sustained", &sustained_s_, "TIME", "repeat for so long: 10m shows throttling")
        .in(Unit::Seconds)
        .between(0.1, 7 * 86400);
    syntax.flag("--csv", csv_, "print comma-separated values");
    syntax.option("--html", &html_, "FILE", "write a page with plots").completes(Complete::File);
    syntax.flag("--quick", quick_, "do not measure what the machine could do at most");
    syntax.option("--sysfs-root", &root_, "FOLDER", "read sensors below a folder")
        .completes(Complete::Folder);
    syntax.about(
        "Measures every combination of the lists. They take turns, so that a disturbance meets all "
        "alike. docs/bench.md tells what each figure means.");
    syntax.example("linnet bench default -t 1,2 --html bench.html", "by threads, with plots");
    syntax.example("linnet bench --synthetic llama-1b:q4_k", "a model that is not here");
}

Result<> Bench::run(Context& context) {
    TRY(check_options());
    Tree tree(root_.empty() ? "/" : root_);
    if (!root_.empty() && !tree.exists(""))
        return Error{Code::NotFound, cat("there is no folder ", Path(root_))};
    BenchReport report;
    report.model = synthetic_.empty() ? model_ : synthetic_;
    report.math = arithmetic_.math_name();
    report.kv = kv_type_name(arithmetic_.kv());
    report.plan = TRY(plan_bench(lists_, chosen_threads(context)));
    if (sustained_s_ && report.plan.size() > 1)
        return Error{Code::Usage, "--sustained runs one combination, and the lists make more",
                     "give one number each to -t, -c, -d, -p and -n"};
    if (repeats_ == 0) {
        TRY(write_model(context, out_));
        context.output.line(cat("wrote ", Path(out_)));
        context.output.document(bench_document(report));
        return Done{};
    }
    report.machine = read_machine(tree);
    Checkpoint checkpoint = TRY(open(context));
    report.plan = TRY(plan_bench(lists_, chosen_threads(context, checkpoint)));
    BenchModel model = TRY(load(context, std::move(checkpoint), report));
    if (!quick_) TRY(find_limits(context, model, report));
    auto measured = measure(context, model, tree, report);
    if (!measured && (measured.error().code != Code::Interrupted || report.samples.empty()))
        return measured;
    report.interrupted = !measured;
    TRY(show(context, report));
    return measured;
}

Result<> Bench::check_options() const {
    if (model_.empty() == synthetic_.empty())
        return Error{Code::Usage,
                     model_.empty() ? "there is no model to measure"
                                    : "MODEL and --synthetic exclude each other",
                     "linnet bench default, or linnet bench --synthetic llama-1b:q4_k"};
    if (!out_.empty() && synthetic_.empty())
        return Error{Code::Usage, "--out keeps a synthetic model, and none is asked for",
                     "add --synthetic, as in --synthetic llama-1b:q4_k"};
    if (repeats_ == 0 && out_.empty())
        return Error{Code::Usage, "-r 0 measures nothing",
                     "give 1 or more; with --synthetic and --out it only writes the model"};
    return Done{};
}

Result<> Bench::write_model(Context& context, const Path& path) const {
    SyntheticModel synthetic = TRY(parse_synthetic(synthetic_));
    constexpr uint64_t seed = 1;  // the same file everywhere
    auto written = write_synthetic(path, synthetic, seed, context.progress, context.cancel);
    if (!written && out_.empty() && written.error().code == Code::NoFit)
        return std::move(written).error().advise("name a roomier place by --out FILE or TMPDIR");
    return written;
}

Result<Checkpoint> Bench::open_synthetic(Context& context) const {
    if (!out_.empty()) {
        TRY(write_model(context, out_));
        return Checkpoint::open(out_);
    }
    // Once it is mapped nobody needs its name, so nothing stays whatever ends this program.
    Path folder = context.environment.get("TMPDIR").value_or("/tmp");
    PassingFile passing(folder / cat("linnet-bench-", ::getpid(), ".gguf"));
    TRY(write_model(context, passing.path()));
    return Checkpoint::open(passing.path());
}

Result<Checkpoint> Bench::open(Context& context) const {
    return synthetic_.empty() ? open_model(context, model_) : open_synthetic(context);
}

Result<BenchModel> Bench::load(Context& context, Checkpoint checkpoint, BenchReport& report) const {
    const Kernels& kernels = *TRY(chosen_kernels(context));
    size_t threads = 1;
    for (const BenchConfig& config : report.plan) threads = std::max(threads, config.threads);
    if (size_t have = cpu_budget().threads; threads > have)
        context.output.warn(cat(threads, " threads are more than the ", have,
                                " processors that this program may use; expect it to be slower"));
    const Math math = arithmetic_.math();
    report.isa = kernels.name;
    report.summary = TRY(summarize(checkpoint));
    report.work = work_per_token(checkpoint, math);
    auto memory_max = available_memory();
    double began_s = context.clock.now_s();
    auto model = load_model(checkpoint, math, threads);
    if (!model) return std::move(model).error().within(printable(report.model));
    report.load_s = context.clock.now_s() - began_s;
    return BenchModel{.model = *std::move(model),
                      .kernels = kernels,
                      .clock = context.clock,
                      .kv = arithmetic_.kv(),
                      .memory_max = memory_max};
}

Result<> Bench::find_limits(Context& context, const BenchModel& model, BenchReport& report) const {
    std::vector<size_t> threads;
    for (const BenchConfig& config : report.plan) threads.push_back(config.threads);
    std::ranges::sort(threads);
    auto twins = std::ranges::unique(threads);
    threads.erase(twins.begin(), twins.end());
    context.progress.begin("measuring the machine", 0, 0);
    report.limits =
        TRY(measure_limits(threads, model.kernels, report.machine, context.clock, context.cancel));
    context.progress.end();
    return Done{};
}

Result<> Bench::measure(Context& context, const BenchModel& model, const Tree& tree,
                        BenchReport& report) const {
    auto runner = TRY(BenchRunner::make(model, report.plan, context.cancel));
    for (size_t place = 0; place < report.plan.size(); place++)
        report.memory_bytes.push_back(runner->memory_bytes(place));
    EnergyMeter meter = EnergyMeter::of(tree, context.clock);
    report.energy_source = meter.source();
    if (sustained_s_)
        return run_sustained(*runner, *sustained_s_, tree, context.clock, meter, context.progress,
                             context.cancel, report);
    return take_turns(context, *runner, meter, report);
}

Result<> Bench::take_turns(Context& context, BenchRunner& runner, EnergyMeter& meter,
                           BenchReport& report) const {
    Progress& progress = context.progress;
    progress.count_in("measurements");
    progress.begin("measuring", repeats_ * report.plan.size(), 0);
    for (uint64_t turn = 0; turn < repeats_; turn++)
        for (size_t place = 0; place < report.plan.size(); place++) {
            report.samples.push_back(TRY(runner.measure(place, turn, meter, context.cancel)));
            progress.at(report.samples.size());
        }
    progress.end();
    return Done{};
}

Result<> Bench::show(Context& context, BenchReport& report) const {
    report.peak_memory_bytes = peak_memory();
    if (csv_)
        context.output.print(bench_csv(report));
    else
        print_bench(context.output, report);
    context.output.document(bench_document(report));
    if (!html_.empty()) TRY(write_file_atomic(html_, bench_page(report)));
    return Done{};
}

}  // namespace

std::unique_ptr<Command> bench_command() {
    return std::make_unique<Bench>();
}

}  // namespace linnet
