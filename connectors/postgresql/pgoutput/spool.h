// The messages of one transaction until it commits: in memory, and beyond a limit in a temporary file without a name,
// so that nothing is left behind whatever happens. One thread.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace sluice::postgresql::pgoutput {

class Spool {
 public:
  explicit Spool(size_t memory_max) : memory_max_(memory_max) {}
  ~Spool();
  Spool(Spool&& other) noexcept;
  Spool& operator=(Spool&& other) = delete;
  Spool(const Spool&) = delete;
  Spool& operator=(const Spool&) = delete;

  // `xid` is of the subtransaction, 0 where nobody asks. Throws kSpoolFailed.
  void Append(uint32_t xid, char type, std::string_view body);
  // Everything that was appended, in order. The view is valid during the call.
  void ReadAll(const std::function<void(uint32_t xid, std::string_view message)>& take);
  uint64_t bytes() const { return in_file_ + memory_.size(); }
  bool in_file() const { return file_ >= 0; }

 private:
  void WriteOut();

  size_t memory_max_;
  std::string memory_;
  int file_ = -1;
  uint64_t in_file_ = 0;
};

}  // namespace sluice::postgresql::pgoutput
