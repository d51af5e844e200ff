#include "store/task_lock.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/error.h"
#include "store/store.h"

namespace sluice::store {
namespace {

// Names of tasks may hold anything: what is no plain letter becomes %xx.
std::string LockFile(const std::string& directory, const std::string& task) {
  std::string file = directory + "/";
  for (const char c : task) {
    const bool plain =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    file += plain ? std::string(1, c) : fmt::format("%{:02x}", static_cast<unsigned char>(c));
  }
  return file + ".lock";
}

class LockedFile {
 public:
  explicit LockedFile(const std::string& file) : file_(file) {
    descriptor_ = open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (descriptor_ < 0) Fail("Opening it failed.");
  }
  LockedFile(const LockedFile&) = delete;
  LockedFile& operator=(const LockedFile&) = delete;
  // The file stays: removing it would let two processes lock two files of one name.
  ~LockedFile() { close(descriptor_); }

  // False when another holds it. An open file description lock: it belongs to this descriptor
  // alone, also within a process, and the kernel drops it when the process ends in whatever way
  // (fcntl(2), "Open file description locks").
  bool TryLock() {
    struct flock whole = Whole();
    if (fcntl(descriptor_, F_OFD_SETLK, &whole) == 0) return true;
    if (errno != EAGAIN && errno != EACCES) Fail("Locking it failed.");
    return false;
  }
  // Asks without taking: a lock that is only tried for a look would turn away a process that starts
  // right then.
  bool IsLockedElsewhere() {
    struct flock whole = Whole();
    if (fcntl(descriptor_, F_OFD_GETLK, &whole) != 0) Fail("Asking for its lock failed.");
    return whole.l_type != F_UNLCK;
  }

  void WriteOwner() {
    const std::string text = std::to_string(getpid()) + "\n";
    // Only a help for people: the lock holds without it.
    if (ftruncate(descriptor_, 0) != 0 || pwrite(descriptor_, text.data(), text.size(), 0) < 0) return;
  }
  std::string Owner() {
    char text[32] = {};
    const ssize_t bytes = pread(descriptor_, text, sizeof text - 1, 0);
    std::string owner(text, bytes > 0 ? static_cast<size_t>(bytes) : 0);
    while (!owner.empty() && owner.back() == '\n') owner.pop_back();
    return owner.empty() ? "unknown" : owner;
  }

 private:
  static struct flock Whole() {
    struct flock whole = {};
    whole.l_type = F_WRLCK;
    whole.l_whence = SEEK_SET;
    return whole;
  }
  [[noreturn]] void Fail(const std::string& cause) {
    const int code = errno;
    throw Error(kStoreFailed)
        .Object("file " + file_)
        .Cause(cause)
        .Remedy("The state directory must be writable for this user and on a local file system.")
        .Native(code, std::strerror(code));
  }

  std::string file_;
  int descriptor_ = -1;
};

}  // namespace

std::shared_ptr<void> LockTask(const std::string& directory, const std::string& task) {
  auto file = std::make_shared<LockedFile>(LockFile(directory, task));
  if (!file->TryLock()) {
    throw Error(kTaskRuns)
        .Object("task " + task)
        .Cause(fmt::format("Process {} works on it.", file->Owner()))
        .Remedy("Wait for it, or end it with `sluice stop`; `sluice status` shows what it does.");
  }
  file->WriteOwner();
  return file;
}

bool TaskIsLocked(const std::string& directory, const std::string& task) {
  if (access(LockFile(directory, task).c_str(), F_OK) != 0) return false;
  return LockedFile(LockFile(directory, task)).IsLockedElsewhere();
}

}  // namespace sluice::store
