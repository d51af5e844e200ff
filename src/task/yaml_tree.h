// YAML as a plain tree with the place of everything in it; the only place that knows the YAML
// library.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sluice::task {

struct YamlEntry;

struct YamlValue {
  enum class Kind { kNull, kScalar, kList, kMap };
  Kind kind = Kind::kNull;
  std::string text;  // kScalar, as written (quotes and escapes resolved)
  std::vector<YamlValue> items;
  std::vector<YamlEntry> entries;  // in the order of the file, repeated keys included
  int line = 1;                    // from 1, of its first character
  int column = 1;

  // The first entry with this key; null when there is none.
  const YamlValue* Find(std::string_view key) const;
};

struct YamlEntry {
  std::string key;
  int line = 1;
  int column = 1;
  YamlValue value;
};

// Where and why a text is no YAML that a task file could be.
struct YamlProblem {
  int line = 1;
  int column = 1;
  std::string message;
};

// Limits: a task file is written by hand.
inline constexpr size_t kYamlBytesMax = 1 << 20;
inline constexpr size_t kYamlDepthMax = 32;
inline constexpr size_t kYamlValuesMax = 200'000;  // with every alias written out

// One document; aliases are written out. True and `root`, or false and `problem`.
bool ParseYaml(const std::string& text, YamlValue* root, YamlProblem* problem);

}  // namespace sluice::task
