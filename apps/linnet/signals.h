// Ctrl-C and its kin become a Cancel; a second one ends the process at once.
#pragma once

#include <signal.h>
#include <termios.h>

#include "base/cancel.h"

namespace linnet {

// One at a time: signal handlers have no argument, so they reach it through a static pointer.
// Restores the former handlers when it goes.
class Signals {
  public:
    explicit Signals(Cancel& cancel);
    ~Signals();
    Signals(const Signals&) = delete;
    Signals& operator=(const Signals&) = delete;

    // Sets the Cancel after that time, as a signal would.
    void time_out_after(double seconds);
    bool timed_out() const;
    // The first of SIGINT, SIGTERM and SIGHUP that came, or 0.
    int received() const;

    // Takes back a Ctrl-C that was meant for a part of the work, such as one answer of a chat: the
    // Cancel is clear again, and the next signal counts as the first. False where something else
    // than one Ctrl-C came.
    static bool forgive_interrupt(Cancel& cancel);

    // While a terminal is in raw mode: what a second signal puts back before the process ends.
    static void restore_on_exit(int fd, const termios* before);

  private:
    struct sigaction before_[7];
};

}  // namespace linnet
