// Opens damaged and hostile model files with the built program, each in a process of its own, and
// measures it: every file loads or is refused with an error, with little more memory than its own
// size. The times are printed; only a hang fails.
//
//     mutation_check LINNET CORPUS [--files N] [--seed N] [--any-memory] [--no-giants]
#include <fcntl.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <csignal>
#include <cstdio>

#include "base/clock.h"
#include "base/json.h"
#include "base/testing/temporary.h"
#include "base/text.h"
#include "formats/testing/mutate.h"
#include "giants.h"

extern char** environ;

using namespace linnet;

namespace {

constexpr uint64_t memory_over_file_max = 64 << 20;
constexpr double hang_s = 60;

struct Options {
    Path program, corpus;
    uint64_t files = 400, seed = 1;
    bool any_memory = false;  // sanitizers take more
    bool with_giants = true;
};

struct Totals {
    uint64_t loaded = 0, refused = 0, failures = 0;
    double slowest_s = 0, processor_s = 0;    // by the clock, and the processor time of the same
    int64_t most_over = -(int64_t{1} << 62);  // bytes above the size of the file
    std::string slowest, hungriest;
};

struct Measured {
    int status = -1;
    double seconds = 0, processor_s = 0;
    uint64_t memory_bytes = 0;
};

// Runs `program show path --json`, its output into a file.
Measured run(const Path& program, const Path& path, const Path& out) {
    SystemClock clock;
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 1, out.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
    std::string words[] = {program.string(), "show", path.string(), "--json"};
    char* arguments[] = {words[0].data(), words[1].data(), words[2].data(), words[3].data(),
                         nullptr};
    Measured measured{};
    pid_t child = 0;
    double start = clock.now_s();
    int error = posix_spawn(&child, words[0].c_str(), &actions, nullptr, arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    check(error == 0, "the program can be started");
    struct rusage usage{};
    while (wait4(child, &measured.status, WNOHANG, &usage) == 0) {
        if (clock.now_s() - start > hang_s) kill(child, SIGKILL);
        usleep(500);
    }
    measured.seconds = clock.now_s() - start;
    for (timeval part : {usage.ru_utime, usage.ru_stime})
        measured.processor_s +=
            static_cast<double>(part.tv_sec) + static_cast<double>(part.tv_usec) * 1e-6;
    measured.memory_bytes = static_cast<uint64_t>(usage.ru_maxrss) * 1024;
    return measured;
}

uint64_t bytes_at(const Path& path) {
    if (!std::filesystem::is_directory(path)) return std::filesystem::file_size(path);
    uint64_t bytes = 0;
    for (const auto& entry : std::filesystem::directory_iterator(path)) bytes += entry.file_size();
    return bytes;
}

// What the program's answer says, or empty where it is as it should be.
std::string judge(const Measured& ran, const Path& out, Totals& totals) {
    if (!WIFEXITED(ran.status))
        return cat("ended by signal ", WTERMSIG(ran.status),
                   ran.seconds > hang_s ? " after it hung" : "");
    int code = WEXITSTATUS(ran.status);
    Json json = Json::parse(read_file(out, 100'000'000).value_or("")).value_or(Json());
    bool has_error = json.find("error") != nullptr;
    if (code == 0 && json.is_object() && !has_error) {
        totals.loaded++;
        return "";
    }
    bool right_code = code == 10 || code == 3;  // bad input or unsupported; a missing part
    if (right_code && has_error && !json.find("error")->string_or("message", "").empty()) {
        totals.refused++;
        return "";
    }
    return cat("exit code ", code, has_error ? "" : ", and no error in the document");
}

void check_file(const Options& options, std::string_view name, const Path& path,
                const Path& scratch, Totals& totals) {
    Path out = scratch / "out.json";
    Measured ran = run(options.program, path, out);
    std::string wrong = judge(ran, out, totals);
    uint64_t size = bytes_at(path);
    auto over = static_cast<int64_t>(ran.memory_bytes) - static_cast<int64_t>(size);
    if (!options.any_memory && over > static_cast<int64_t>(memory_over_file_max))
        wrong += cat(wrong.empty() ? "" : "; ", bytes_text(ran.memory_bytes), " of memory for ",
                     bytes_text(size));
    if (ran.seconds > totals.slowest_s) {
        totals.slowest_s = ran.seconds;
        totals.processor_s = ran.processor_s;
        totals.slowest = name;
    }
    if (over > totals.most_over) {
        totals.most_over = over;
        totals.hungriest = name;
    }
    if (wrong.empty()) return;
    totals.failures++;
    std::printf("%s: %s\n", std::string(name).c_str(), wrong.c_str());
}

std::vector<Path> seeds(const Options& options, const char* folder) {
    std::vector<Path> out;
    for (const auto& entry : std::filesystem::directory_iterator(options.corpus / folder))
        if (entry.path().stem().string().starts_with("good-")) out.push_back(entry.path());
    std::ranges::sort(out);
    return out;
}

Result<> put(const Path& path, const std::string& bytes) {
    FileWriter file = TRY(FileWriter::open(path));
    return file.append(as_bytes(bytes));
}

// A third each: damaged GGUF, damaged safetensors, and GGUF with one part wrong.
Result<> check_mutations(const Options& options, const Path& scratch, Totals& totals) {
    Rng rng(options.seed);
    auto gguf = seeds(options, "gguf_fuzz"), safe = seeds(options, "safetensors_fuzz");
    for (uint64_t i = 0; i < options.files; i++) {
        const auto& from = i % 3 == 0 ? gguf : safe;
        Path path = scratch / (i % 3 == 1 ? "m.safetensors" : "m.gguf");
        std::string bytes;
        if (i % 3 == 2) {
            bytes = testing::random_gguf(rng);
        } else {
            std::string whole = TRY(read_file(from[rng.below(from.size())], 1'000'000));
            bytes = testing::mutated(whole, whole.size(), rng);
        }
        TRY(put(path, bytes));
        check_file(options, cat("mutation ", i, " of seed ", options.seed), path, scratch, totals);
    }
    return Done{};
}

Result<> check_giants(const Options& options, Totals& totals) {
    for (const mutation::Giant& giant : mutation::giants()) {
        testing::TemporaryFolder folder;
        Path path = TRY(giant.make(folder.path()));
        Totals one;
        check_file(options, giant.name, path, folder.path(), one);
        std::printf(
            "%-36s %s %9s file %9s memory over it %6.0f ms (%.0f)\n",
            std::string(giant.name).c_str(), one.loaded ? "loads  " : "refused",
            bytes_text(bytes_at(path)).c_str(),
            one.most_over > 0 ? bytes_text(static_cast<uint64_t>(one.most_over)).c_str() : "no",
            one.slowest_s * 1000, one.processor_s * 1000);
        totals.failures += one.failures;
    }
    return Done{};
}

Result<Options> parse(int count, char** words) {
    Options out;
    std::vector<std::string_view> rest;
    for (int i = 1; i < count; i++) {
        std::string_view word = words[i];
        auto number = [&]() {
            return i + 1 < count ? parse_integer<uint64_t>(words[++i]) : std::nullopt;
        };
        if (word == "--files")
            out.files = number().value_or(out.files);
        else if (word == "--seed")
            out.seed = number().value_or(out.seed);
        else if (word == "--any-memory")
            out.any_memory = true;
        else if (word == "--no-giants")
            out.with_giants = false;
        else
            rest.push_back(word);
    }
    if (rest.size() != 2) return Error{Code::Usage, "mutation_check LINNET CORPUS [options]"};
    out.program = rest[0];
    out.corpus = rest[1];
    return out;
}

Result<bool> check_all(int count, char** words) {
    Options options = TRY(parse(count, words));
    Totals totals;
    testing::TemporaryFolder scratch;
    TRY(check_mutations(options, scratch.path(), totals));
    std::printf(
        "%llu files: %llu load, %llu refused; slowest %.0f ms (%.0f ms of processor time); most "
        "memory %.1f MB above the file\n",
        static_cast<unsigned long long>(options.files),
        static_cast<unsigned long long>(totals.loaded),
        static_cast<unsigned long long>(totals.refused), totals.slowest_s * 1000,
        totals.processor_s * 1000, static_cast<double>(totals.most_over) / 1e6);
    if (options.with_giants) TRY(check_giants(options, totals));
    return totals.failures == 0;
}

}  // namespace

int main(int count, char** words) {
    auto passed = check_all(count, words);
    if (!passed) std::fprintf(stderr, "%s\n", passed.error().what.c_str());
    return passed && *passed ? 0 : 1;
}
