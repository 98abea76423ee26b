// A piece of a test in a process of its own: to be killed, or to run under limits.
#pragma once

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "base/result.h"

namespace linnet::testing {

class Child {
  public:
    // body() → exit code. Nothing of the parent's ending (destructors, leak checks) runs in it.
    // REQUIRES: no other thread of the parent holds a lock that the body needs.
    template <class Body>
    explicit Child(Body&& body) {
        pid_ = ::fork();
        check(pid_ >= 0, "a process can be started");
        if (pid_ == 0) ::_exit(body());
    }
    ~Child() {
        if (pid_ <= 0) return;
        kill(SIGKILL);
        wait();
    }
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;

    void kill(int signal) const { ::kill(pid_, signal); }

    // The exit code, or 128 + the signal that ended it.
    int wait() {
        int status = 0;
        while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
        }
        pid_ = 0;
        return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    }

  private:
    pid_t pid_ = 0;
};

// Inside a child: no file may grow beyond that; a write fails instead of ending the process.
inline void limit_file_bytes(rlim_t bytes) {
    ::signal(SIGXFSZ, SIG_IGN);
    rlimit limit{bytes, bytes};
    check(::setrlimit(RLIMIT_FSIZE, &limit) == 0, "a limit can be lowered");
}

// One process tells another that it has come to a point.
class Signpost {
  public:
    Signpost() { check(::pipe(ends_) == 0, "a pipe can be made"); }
    ~Signpost() {
        ::close(ends_[0]);
        ::close(ends_[1]);
    }
    Signpost(const Signpost&) = delete;
    Signpost& operator=(const Signpost&) = delete;

    void reached() const {
        char byte = 1;
        check(::write(ends_[1], &byte, 1) == 1, "the other process can be told");
    }
    void wait() const {
        char byte = 0;
        while (::read(ends_[0], &byte, 1) < 0 && errno == EINTR) {
        }
    }

  private:
    int ends_[2];
};

}  // namespace linnet::testing
