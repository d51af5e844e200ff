#include "connectors/postgresql/pgoutput/spool.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "base/error.h"
#include "connectors/postgresql/codes.h"

namespace sluice::postgresql::pgoutput {
namespace {

// Each message: its length and its subtransaction as 32-bit numbers of this machine, then its bytes.
constexpr size_t kHeader = 8;
constexpr size_t kReadBytes = 1 << 20;

std::string Folder() {
  const char* folder = std::getenv("TMPDIR");
  return folder != nullptr && *folder != '\0' ? folder : "/tmp";
}

[[noreturn]] void Fail(const std::string& what, int error) {
  throw Error(kSpoolFailed)
      .Object("folder " + Folder())
      .Cause(fmt::format("{}: {}", what, std::strerror(error)))
      .Remedy("Make room there, or set the environment variable TMPDIR to a folder that can hold the transaction.")
      .Native(error, std::strerror(error))
      .Retry(error == ENOSPC ? RetryClass::kBackoff : RetryClass::kNever)
      .Side("source");
}

int OpenFile() {
  const std::string folder = Folder();
  const int file = ::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (file >= 0) return file;
  if (errno != EOPNOTSUPP && errno != EISDIR && errno != ENOENT) Fail("it cannot be made", errno);
  std::string name = folder + "/sluice-XXXXXX";  // a file system without nameless files
  const int named = ::mkostemp(name.data(), O_CLOEXEC);
  if (named < 0) Fail("it cannot be made", errno);
  ::unlink(name.c_str());
  return named;
}

uint32_t NumberAt(std::string_view bytes, size_t at) {
  uint32_t value;
  std::memcpy(&value, bytes.data() + at, sizeof(value));
  return value;
}

// Hands on the whole messages of `bytes`; gives how many bytes they were.
size_t TakeWhole(std::string_view bytes, const std::function<void(uint32_t, std::string_view)>& take) {
  size_t at = 0;
  while (bytes.size() - at >= kHeader) {
    const size_t length = NumberAt(bytes, at);
    if (bytes.size() - at - kHeader < length) break;
    take(NumberAt(bytes, at + 4), bytes.substr(at + kHeader, length));
    at += kHeader + length;
  }
  return at;
}

}  // namespace

Spool::~Spool() {
  if (file_ >= 0) ::close(file_);
}

Spool::Spool(Spool&& other) noexcept
    : memory_max_(other.memory_max_),
      memory_(std::move(other.memory_)),
      file_(std::exchange(other.file_, -1)),
      in_file_(std::exchange(other.in_file_, 0)) {}

void Spool::Append(uint32_t xid, char type, std::string_view body) {
  const auto put = [this](uint32_t value) { memory_.append(reinterpret_cast<const char*>(&value), sizeof(value)); };
  put(static_cast<uint32_t>(body.size() + 1));
  put(xid);
  memory_ += type;
  memory_ += body;
  if (memory_.size() > memory_max_) WriteOut();
}

void Spool::WriteOut() {
  if (file_ < 0) file_ = OpenFile();
  std::string_view rest = memory_;
  while (!rest.empty()) {
    const ssize_t written = ::pwrite(file_, rest.data(), rest.size(), static_cast<off_t>(in_file_));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) Fail("it cannot be written", errno);
    in_file_ += static_cast<uint64_t>(written);
    rest.remove_prefix(static_cast<size_t>(written));
  }
  memory_.clear();
}

void Spool::ReadAll(const std::function<void(uint32_t xid, std::string_view message)>& take) {
  std::string buffer;
  uint64_t at = 0;
  while (at < in_file_) {
    const size_t kept = buffer.size();
    // A message longer than the buffer makes it grow until it is whole.
    const auto wanted = static_cast<size_t>(std::min<uint64_t>(std::max(kReadBytes, kept), in_file_ - at));
    buffer.resize(kept + wanted);
    const ssize_t got = ::pread(file_, buffer.data() + kept, wanted, static_cast<off_t>(at));
    if (got < 0 && errno == EINTR) {
      buffer.resize(kept);
      continue;
    }
    if (got < 0) Fail("it cannot be read", errno);
    if (got == 0) Fail("it is shorter than what was written", EIO);
    buffer.resize(kept + static_cast<size_t>(got));
    at += static_cast<uint64_t>(got);
    buffer.erase(0, TakeWhole(buffer, take));
  }
  if (!buffer.empty()) Fail("it ends within a message", EIO);
  TakeWhole(memory_, take);
}

}  // namespace sluice::postgresql::pgoutput
