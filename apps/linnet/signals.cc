#include "linnet/signals.h"

#include <sys/time.h>
#include <unistd.h>

#include <atomic>
#include <cmath>
#include <csignal>
#include <iterator>
#include <string_view>

#include "base/result.h"

namespace linnet {
namespace {

// All that handlers touch is lock-free or async-signal-safe.
std::atomic<Cancel*> cancel_to_set = nullptr;
std::atomic<int> first_signal = 0;
std::atomic<bool> deadline_passed = false;
std::atomic<int> raw_terminal = -1;
termios terminal_before;

void restore_terminal() {
    int fd = raw_terminal.load();
    if (fd >= 0) ::tcsetattr(fd, TCSAFLUSH, &terminal_before);
}

void on_signal(int number) {
    if (number == SIGALRM) {
        deadline_passed = true;
    } else {
        int none = 0;
        if (!first_signal.compare_exchange_strong(none, number)) {
            restore_terminal();
            ::_exit(128 + number);
        }
    }
    if (Cancel* cancel = cancel_to_set.load()) cancel->request();
}

// check() and uncaught trouble end here: exit code 1 means a bug, as the table of codes says.
void on_abort(int) {
    restore_terminal();
    constexpr std::string_view message =
        "linnet: this is a bug in linnet\n  try: report it with the line above\n";
    [[maybe_unused]] ssize_t ignored = ::write(STDERR_FILENO, message.data(), message.size());
    ::_exit(1);
}

// Of these a failed write tells too, and better.
bool is_a_failed_write(int signal) {
    return signal == SIGPIPE || signal == SIGXFSZ;
}

constexpr int handled[] = {SIGINT, SIGTERM, SIGHUP, SIGALRM, SIGPIPE, SIGXFSZ, SIGABRT};

}  // namespace

Signals::Signals(Cancel& cancel) {
    static_assert(std::size(handled) == std::size(decltype(before_){}));
    first_signal = 0;
    deadline_passed = false;
    cancel_to_set = &cancel;
    for (size_t i = 0; i < std::size(handled); i++) {
        struct sigaction action{};
        // No SA_RESTART: a blocked read returns, and its caller looks at the Cancel.
        action.sa_handler = is_a_failed_write(handled[i]) ? SIG_IGN
                            : handled[i] == SIGABRT       ? on_abort
                                                          : on_signal;
        ::sigaction(handled[i], nullptr, &before_[i]);
        // What nohup or a parent shell chose to ignore stays ignored.
        bool ignored = before_[i].sa_handler == SIG_IGN && !is_a_failed_write(handled[i]);
        if (!ignored) ::sigaction(handled[i], &action, nullptr);
    }
}

Signals::~Signals() {
    itimerval off{};
    ::setitimer(ITIMER_REAL, &off, nullptr);
    for (size_t i = 0; i < std::size(handled); i++) ::sigaction(handled[i], &before_[i], nullptr);
    cancel_to_set = nullptr;
}

bool Signals::forgive_interrupt(Cancel& cancel) {
    int interrupt = SIGINT;
    if (deadline_passed || !first_signal.compare_exchange_strong(interrupt, 0)) return false;
    cancel.reset();
    return true;
}

void Signals::time_out_after(double seconds) {
    constexpr double seconds_max = 1e9;
    double whole = 0;
    double part = std::modf(std::fmin(std::fmax(seconds, 1e-6), seconds_max), &whole);
    itimerval timer{};
    timer.it_value.tv_sec = static_cast<time_t>(whole);
    timer.it_value.tv_usec = static_cast<suseconds_t>(part * 1e6);
    ::setitimer(ITIMER_REAL, &timer, nullptr);
}

bool Signals::timed_out() const {
    return deadline_passed;
}

int Signals::received() const {
    return first_signal;
}

void Signals::restore_on_exit(int fd, const termios* before) {
    raw_terminal = -1;
    if (!before) return;
    terminal_before = *before;
    raw_terminal = fd;
}

}  // namespace linnet
