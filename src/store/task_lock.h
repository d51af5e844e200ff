// The lock that keeps a task in one process: a file that the kernel holds locked as long as its
// owner lives.
#pragma once

#include <memory>
#include <string>

namespace sluice::store {

// Throws kTaskRuns when another holder (of any process, this one included) has it.
std::shared_ptr<void> LockTask(const std::string& directory, const std::string& task);
// Never disturbs a holder or one who is about to become it.
bool TaskIsLocked(const std::string& directory, const std::string& task);

}  // namespace sluice::store
