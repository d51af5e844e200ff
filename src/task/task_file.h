// The task file: YAML of the shape in docs/task-file.md, checked key by key. An unknown or misspelt
// key, a wrong type or a value out of range is an error with file, line, column and, where there is
// one, a suggestion. All errors of a file are reported at once.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "connector/connector.h"
#include "pipeline/limits.h"
#include "selection/selection.h"

namespace sluice::task {

inline constexpr ErrorCode kTaskFileUnreadable{"TF-0101", "The task file cannot be read"};
inline constexpr ErrorCode kTaskFileInvalid{"TF-0102", "The task file has a mistake"};
inline constexpr ErrorCode kSecretUnavailable{"TF-0103", "A value that the task file refers to is not there"};
inline constexpr ErrorCode kPairNotOffered{"TF-0104", "This pair of engines or migration type is not offered"};

inline constexpr size_t kTaskNameBytesMax = 64;

struct TaskSpec {
  int version = 1;
  std::string name;
  connector::Endpoint source;
  connector::Endpoint destination;
  connector::MigrationTypes types;
  selection::Rules rules;
  pipeline::Limits limits;
  milliseconds not_delayed_within{1000};
  milliseconds give_up{12LL * 3600 * 1000};
  // Fingerprint of what must not change once the task has started: the servers' engine, host and
  // port, types, objects, mapping. Accounts, TLS, limits and options may change.
  std::string frozen_hash;
};

// One mistake. `message` is without the place ("unknown key `tabels`, did you mean `tables`?") and
// never holds what a password, or a value taken from the environment or a file, is.
struct Mistake {
  int line = 0;    // from 1
  int column = 0;  // from 1
  std::string message;
  std::string code = kTaskFileInvalid.id;

  // "shop.yaml:12:7: unknown key `tabels`, did you mean `tables`?"
  std::string Text(const std::string& path) const;
};

struct ParsedTaskFile {
  TaskSpec spec;
  std::vector<Mistake> mistakes;  // empty: the spec is usable
};

// Reads and checks a file. ${env:NAME} and ${file:PATH} (relative to the task file's folder) are
// resolved in any value; a missing one is a mistake. A password may be written plainly; it is never
// repeated. An error only when the file cannot be read or is no YAML at all.
Result<ParsedTaskFile> ParseTaskFile(const std::string& path);
Result<ParsedTaskFile> ParseTaskText(const std::string& text, const std::string& path_for_messages);

// As ParseTaskFile, all mistakes joined into one error: kTaskFileInvalid, or the code that all
// mistakes share.
Result<TaskSpec> LoadTaskFile(const std::string& path);

// The JSON Schema for editors, as text.
std::string TaskFileJsonSchema();

}  // namespace sluice::task
