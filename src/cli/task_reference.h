// Which task a command line means: a task file, or the name of a task in the state directory.
#pragma once

#include <string>
#include <vector>

#include "cli/invocation.h"

namespace sluice::cli {

// The name of the task that `operand` (a file or a name) means. A file with mistakes will do as
// long as its name can be read: `status` and `stop` need no passwords.
std::string TaskNameOf(const std::string& operand);

struct ObjectReference {
  std::string task;    // as given: file or name
  std::string name;    // of the task
  std::string object;  // empty with --all
};

// For `schema` commands: operands in either order, --task, or the only task of the state directory.
// Throws kWhichTask.
ObjectReference ResolveObject(const Invocation& invocation, bool object_wanted);

}  // namespace sluice::cli
