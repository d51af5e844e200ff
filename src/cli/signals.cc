#include "cli/signals.h"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <csignal>

#include "base/check.h"

namespace sluice::cli {

SignalWatcher::SignalWatcher() {
  // A reader that goes away (`sluice run | head`) must not end a migration.
  std::signal(SIGPIPE, SIG_IGN);
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGTSTP}) {
    // A signal that is ignored from outside (nohup, a shell's background job) stays ignored.
    struct sigaction action {};
    sigaction(signal, nullptr, &action);
    if (action.sa_handler != SIG_IGN) sigaddset(&set, signal);
  }
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  signal_fd_ = signalfd(-1, &set, SFD_CLOEXEC);
  end_fd_ = eventfd(0, EFD_CLOEXEC);
  Check(signal_fd_ >= 0 && end_fd_ >= 0, "signalfd and eventfd");
  thread_ = std::thread([this] { Watch(); });
}

SignalWatcher::~SignalWatcher() {
  eventfd_write(end_fd_, 1);
  thread_.join();
  close(signal_fd_);
  close(end_fd_);
}

void SignalWatcher::SetHooks(SignalHooks hooks) {
  std::lock_guard lock(mutex_);
  hooks_ = std::move(hooks);
}

void SignalWatcher::Watch() {
  pthread_setname_np(pthread_self(), "signals");
  while (true) {
    pollfd wait[] = {{signal_fd_, POLLIN, 0}, {end_fd_, POLLIN, 0}};
    if (poll(wait, 2, -1) < 0) continue;
    if (wait[1].revents != 0) return;
    signalfd_siginfo info{};
    if (read(signal_fd_, &info, sizeof info) == sizeof info) Handle(static_cast<int>(info.ssi_signo));
  }
}

void SignalWatcher::Handle(int signal) {
  std::lock_guard lock(mutex_);
  if (signal == SIGTSTP) {
    if (hooks_.before_suspend) hooks_.before_suspend();
    kill(getpid(), SIGSTOP);  // goes on here after SIGCONT
    if (hooks_.after_resume) hooks_.after_resume();
    return;
  }
  if (received_ != 0) {
    if (hooks_.before_end) hooks_.before_end();
    _exit(kInterruptedStatus);
  }
  received_ = signal;
  stop_.request_stop();
  if (hooks_.on_stop) hooks_.on_stop();
}

}  // namespace sluice::cli
