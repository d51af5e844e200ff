// What the readers of the parts of a task file share: the list of mistakes, and values turned into
// what they mean. Used inside this folder only.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/stop.h"
#include "task/task_file.h"
#include "task/yaml_tree.h"

namespace sluice::task {

// Keys and words as lists of texts, for suggestions.
std::vector<std::string> Texts(std::span<const std::string_view> words);
// "`a`, `b` or `c`"
std::string OneOf(std::span<const std::string_view> words);

class Reading {
 public:
  explicit Reading(std::string folder) : folder_(std::move(folder)) {}

  void Add(const YamlValue& at, std::string message, const ErrorCode& code = kTaskFileInvalid);
  void Add(int line, int column, std::string message, const ErrorCode& code = kTaskFileInvalid);
  const std::vector<Mistake>& mistakes() const { return mistakes_; }
  // Sorted by place.
  std::vector<Mistake> TakeMistakes();

  // The readers of values: nothing when there is a mistake, which is then in the list. `what` names
  // the value in messages, e.g. "`port`". References are resolved in all of them.
  std::optional<std::string> Text(const YamlValue& value, const std::string& what);
  // Not empty, no control characters.
  std::optional<std::string> Name(const YamlValue& value, const std::string& what);
  std::vector<std::string> Names(const YamlValue& value, const std::string& what);
  std::optional<uint64_t> Whole(const YamlValue& value, const std::string& what, uint64_t least, uint64_t most);
  std::optional<double> Number(const YamlValue& value, const std::string& what, double least, double most);
  std::optional<bool> Bool(const YamlValue& value, const std::string& what);
  // "500ms", "1s", "5m", "12h", "2d"
  std::optional<milliseconds> Duration(const YamlValue& value, const std::string& what, milliseconds least,
                                       milliseconds most);
  // Bytes: "256MiB", "1GB", or a plain number
  std::optional<uint64_t> Size(const YamlValue& value, const std::string& what, uint64_t least, uint64_t most);
  // The index of one of `words`.
  std::optional<size_t> Word(const YamlValue& value, const std::string& what, std::span<const std::string_view> words);
  // A file that can be read; the path is made relative to the task file's folder.
  std::optional<std::string> File(const YamlValue& value, const std::string& what);

 private:
  std::optional<std::string> Resolve(const YamlValue& value);
  std::optional<std::string> ResolveReference(const YamlValue& value, const std::string& reference);
  std::optional<std::string> ReadSecretFile(const YamlValue& value, const std::string& path);
  std::string Shown(const YamlValue& value) const;

  std::string folder_;
  std::vector<Mistake> mistakes_;
};

// A map whose keys are known: unknown and repeated ones are mistakes.
class MapReading {
 public:
  // `what` names the map in messages, e.g. "`source`".
  MapReading(Reading* reading, const YamlValue& value, std::string what, std::span<const std::string_view> keys);

  // False when the value is no map at all (a mistake is in the list): it has no keys then.
  bool is_map() const { return is_map_; }
  // Null when absent. A key without a value is a mistake and counts as absent.
  const YamlValue* Get(std::string_view key);
  // As Get; absent is a mistake.
  const YamlValue* Require(std::string_view key);

 private:
  void AddUnknown(const YamlEntry& entry, std::span<const std::string_view> keys);

  Reading* reading_;
  const YamlValue& value_;
  std::string what_;
  bool is_map_;
};

// The parts of a task file.
void ReadEndpoint(Reading* reading, const YamlValue& value, const std::string& side, connector::Endpoint* endpoint);
void CheckPair(Reading* reading, const YamlValue& root, const TaskSpec& spec);
void ReadTypes(Reading* reading, const YamlValue& value, connector::MigrationTypes* types);
void ReadObjects(Reading* reading, const YamlValue& value, selection::Rules* rules);
void ReadMapping(Reading* reading, const YamlValue& value, selection::Rules* rules);
void ReadLimits(Reading* reading, const YamlValue& value, pipeline::Limits* limits);
void ReadOptions(Reading* reading, const YamlValue& value, TaskSpec* spec);

// TaskSpec::frozen_hash.
std::string FrozenHash(const TaskSpec& spec);

}  // namespace sluice::task
