#include "task/task_file_reading.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <tuple>

#include "selection/suggest.h"

namespace sluice::task {

namespace {

// Fit for one line of a message.
std::string Clean(std::string key) {
  constexpr size_t kShownBytesMax = 60;
  if (key.size() > kShownBytesMax) {
    size_t end = kShownBytesMax;
    while (end > 0 && (key[end] & 0xC0) == 0x80) --end;
    key = key.substr(0, end) + "...";
  }
  for (char& c : key) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = ' ';
  }
  return key;
}

}  // namespace

std::vector<std::string> Texts(std::span<const std::string_view> words) {
  return std::vector<std::string>(words.begin(), words.end());
}

std::string OneOf(std::span<const std::string_view> words) {
  std::string text;
  for (size_t i = 0; i < words.size(); ++i) {
    if (i > 0) text += i + 1 == words.size() ? " or " : ", ";
    text += fmt::format("`{}`", words[i]);
  }
  return text;
}

void Reading::Add(const YamlValue& at, std::string message, const ErrorCode& code) {
  Add(at.line, at.column, std::move(message), code);
}

void Reading::Add(int line, int column, std::string message, const ErrorCode& code) {
  mistakes_.push_back({line, column, std::move(message), code.id});
}

std::vector<Mistake> Reading::TakeMistakes() {
  std::stable_sort(mistakes_.begin(), mistakes_.end(), [](const Mistake& a, const Mistake& b) {
    return std::tie(a.line, a.column) < std::tie(b.line, b.column);
  });
  return std::move(mistakes_);
}

MapReading::MapReading(Reading* reading, const YamlValue& value, std::string what,
                       std::span<const std::string_view> keys)
    : reading_(reading), value_(value), what_(std::move(what)), is_map_(value.kind == YamlValue::Kind::kMap) {
  if (!is_map_) {
    reading->Add(value, fmt::format("{} must be a map of keys: {}", what_, OneOf(keys)));
    return;
  }
  std::set<std::string_view> seen;
  for (const YamlEntry& entry : value.entries) {
    const bool known = std::find(keys.begin(), keys.end(), entry.key) != keys.end();
    if (!known) {
      AddUnknown(entry, keys);
    } else if (!seen.insert(entry.key).second) {
      reading->Add(entry.line, entry.column, fmt::format("the key `{}` stands here twice", entry.key));
    } else if (entry.value.kind == YamlValue::Kind::kNull) {
      reading->Add(entry.line, entry.column, fmt::format("the key `{}` has no value", entry.key));
    }
  }
}

void MapReading::AddUnknown(const YamlEntry& entry, std::span<const std::string_view> keys) {
  const std::string suggestion = selection::Suggestion(entry.key, Texts(keys));
  // `{user: dts, password: a,b}` makes a key of what was meant as the end of a password: not to be
  // repeated.
  if (suggestion.empty() && entry.value.kind == YamlValue::Kind::kNull) {
    reading_->Add(entry.line, entry.column,
                  fmt::format("{} has no such key, nor has it a value; a text with a comma in it "
                              "must stand in quotes",
                              what_));
    return;
  }
  reading_->Add(entry.line, entry.column, fmt::format("unknown key `{}`{}", Clean(entry.key), suggestion));
}

const YamlValue* MapReading::Get(std::string_view key) {
  const YamlValue* value = value_.Find(key);
  return value == nullptr || value->kind == YamlValue::Kind::kNull ? nullptr : value;
}

const YamlValue* MapReading::Require(std::string_view key) {
  if (is_map_ && value_.Find(key) == nullptr) {
    reading_->Add(value_, fmt::format("{} needs the key `{}`", what_, key));
  }
  return Get(key);
}

}  // namespace sluice::task
