#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "selection/letters.h"
#include "selection/suggest.h"
#include "task/task_file_reading.h"

namespace sluice::task {
namespace {

constexpr size_t kSecretBytesMax = 64 * 1024;
constexpr size_t kShownBytesMax = 40;

bool HasReference(const std::string& text) {
  return text.find("${") != std::string::npos;
}

bool IsVariableName(std::string_view name) {
  if (name.empty() || (name[0] >= '0' && name[0] <= '9')) return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  });
}

// Number and unit of "256MiB" or "0.5 s"; nothing when it does not begin with a number.
struct Quantity {
  double number = 0;
  std::string unit;
};
std::optional<Quantity> ParseQuantity(const std::string& text) {
  Quantity quantity;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), quantity.number);
  if (code != std::errc() || !std::isfinite(quantity.number)) return std::nullopt;
  quantity.unit = std::string(end, text.data() + text.size());
  while (!quantity.unit.empty() && quantity.unit.front() == ' ') quantity.unit.erase(0, 1);
  return quantity;
}

}  // namespace

std::optional<std::string> Reading::Resolve(const YamlValue& value) {
  const std::string& text = value.text;
  std::string resolved;
  for (size_t at = 0; at < text.size();) {
    if (text.compare(at, 3, "$${") == 0) {
      resolved += "${";
      at += 3;
    } else if (text.compare(at, 2, "${") == 0) {
      const size_t end = text.find('}', at);
      if (end == std::string::npos) {
        Add(value, "`${` without its `}`; write `$${` where these characters themselves are meant");
        return std::nullopt;
      }
      const std::optional<std::string> found = ResolveReference(value, text.substr(at + 2, end - at - 2));
      if (!found) return std::nullopt;
      resolved += *found;
      at = end + 1;
    } else {
      resolved += text[at++];
    }
  }
  return resolved;
}

std::optional<std::string> Reading::ResolveReference(const YamlValue& value, const std::string& reference) {
  if (reference.rfind("env:", 0) == 0) {
    const std::string name = reference.substr(4);
    if (!IsVariableName(name)) {
      Add(value, "`${env:...}` needs the name of an environment variable");
      return std::nullopt;
    }
    const char* found = std::getenv(name.c_str());
    if (found == nullptr) {
      Add(value, fmt::format("the environment variable {} is not set", name), kSecretUnavailable);
      return std::nullopt;
    }
    return std::string(found);
  }
  if (reference.rfind("file:", 0) == 0) return ReadSecretFile(value, reference.substr(5));
  Add(value,
      "`${...}` must be `${env:NAME}` or `${file:PATH}`; write `$${` where these characters "
      "themselves are meant");
  return std::nullopt;
}

std::optional<std::string> Reading::ReadSecretFile(const YamlValue& value, const std::string& path) {
  const std::string file = (std::filesystem::path(folder_) / path).string();
  const auto fail = [&](const std::string& why) {
    Add(value, fmt::format("the file {} cannot be read: {}", file, why), kSecretUnavailable);
    return std::nullopt;
  };
  std::error_code code;
  if (path.empty()) return fail("its name is missing");
  if (std::filesystem::is_directory(file, code)) return fail("it is a directory");
  std::ifstream stream(file, std::ios::binary);
  if (!stream) return fail(std::strerror(errno));
  std::string text(kSecretBytesMax + 1, '\0');
  stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<size_t>(stream.gcount()));
  if (text.size() > kSecretBytesMax) return fail("it is larger than 64 KiB");
  if (!text.empty() && text.back() == '\n') text.pop_back();
  if (!text.empty() && text.back() == '\r') text.pop_back();
  return text;
}

// A value as messages show it: shortened, and never what a reference stands for.
std::string Reading::Shown(const YamlValue& value) const {
  if (HasReference(value.text)) return "what it refers to";
  std::string shown = value.text.substr(0, kShownBytesMax);
  // Not in the middle of a character.
  while (shown.size() < value.text.size() && !shown.empty() && (value.text[shown.size()] & 0xC0) == 0x80) {
    shown.pop_back();
  }
  for (char& c : shown) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = ' ';
  }
  return fmt::format("`{}{}`", shown, shown.size() < value.text.size() ? "..." : "");
}

std::optional<std::string> Reading::Text(const YamlValue& value, const std::string& what) {
  if (value.kind == YamlValue::Kind::kNull) {
    Add(value, fmt::format("{} has no value", what));
    return std::nullopt;
  }
  if (value.kind != YamlValue::Kind::kScalar) {
    Add(value, fmt::format("{} must be a text, not a {}", what,
                           value.kind == YamlValue::Kind::kList ? "list" : "map of keys"));
    return std::nullopt;
  }
  return Resolve(value);
}

std::optional<std::string> Reading::Name(const YamlValue& value, const std::string& what) {
  std::optional<std::string> text = Text(value, what);
  if (!text) return std::nullopt;
  if (text->empty()) {
    Add(value, fmt::format("{} is empty", what));
    return std::nullopt;
  }
  const bool control =
      std::any_of(text->begin(), text->end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
  if (control) {
    Add(value, fmt::format("{} holds a control character or a line break", what));
    return std::nullopt;
  }
  return text;
}

std::vector<std::string> Reading::Names(const YamlValue& value, const std::string& what) {
  std::vector<std::string> names;
  if (value.kind != YamlValue::Kind::kList) {
    Add(value, fmt::format("{} must be a list: [a, b]", what));
    return names;
  }
  for (const YamlValue& item : value.items) {
    std::optional<std::string> name = Name(item, "a name in " + what);
    if (name && std::find(names.begin(), names.end(), *name) != names.end()) {
      Add(item, fmt::format("{} stands in {} twice", Shown(item), what));
    } else if (name) {
      names.push_back(std::move(*name));
    }
  }
  return names;
}

std::optional<uint64_t> Reading::Whole(const YamlValue& value, const std::string& what, uint64_t least, uint64_t most) {
  const std::optional<std::string> text = Text(value, what);
  if (!text) return std::nullopt;
  uint64_t number = 0;
  const auto [end, code] = std::from_chars(text->data(), text->data() + text->size(), number);
  const bool good = code == std::errc() && end == text->data() + text->size() && number >= least && number <= most;
  if (good) return number;
  Add(value, fmt::format("{} must be a whole number from {} to {}, not {}", what, least, most, Shown(value)));
  return std::nullopt;
}

std::optional<double> Reading::Number(const YamlValue& value, const std::string& what, double least, double most) {
  const std::optional<std::string> text = Text(value, what);
  if (!text) return std::nullopt;
  const std::optional<Quantity> quantity = ParseQuantity(*text);
  if (quantity && quantity->unit.empty() && quantity->number >= least && quantity->number <= most) {
    return quantity->number;
  }
  Add(value, fmt::format("{} must be a number from {} to {}, not {}", what, least, most, Shown(value)));
  return std::nullopt;
}

std::optional<bool> Reading::Bool(const YamlValue& value, const std::string& what) {
  const std::optional<std::string> text = Text(value, what);
  if (!text) return std::nullopt;
  if (*text == "true") return true;
  if (*text == "false") return false;
  Add(value, fmt::format("{} must be `true` or `false`, not {}", what, Shown(value)));
  return std::nullopt;
}

std::optional<milliseconds> Reading::Duration(const YamlValue& value, const std::string& what, milliseconds least,
                                              milliseconds most) {
  static constexpr std::pair<std::string_view, double> kUnits[] = {{"ms", 1},     {"s", 1000},   {"m", 60e3},
                                                                   {"min", 60e3}, {"h", 3600e3}, {"d", 86400e3}};
  const std::optional<std::string> text = Text(value, what);
  if (!text) return std::nullopt;
  const std::optional<Quantity> quantity = ParseQuantity(*text);
  const auto* unit = std::find_if(std::begin(kUnits), std::end(kUnits),
                                  [&](const auto& known) { return quantity && known.first == quantity->unit; });
  if (unit == std::end(kUnits)) {
    Add(value,
        fmt::format("{} must be a time with its unit, such as 500ms, 1s, 5m, 12h or 2d, not {}", what, Shown(value)));
    return std::nullopt;
  }
  const double wanted = quantity->number * unit->second;
  if (wanted < static_cast<double>(least.count()) || wanted > static_cast<double>(most.count())) {
    Add(value, fmt::format("{} must be from {} ms to {} ms, not {}", what, least.count(), most.count(), Shown(value)));
    return std::nullopt;
  }
  return milliseconds(std::llround(wanted));
}

std::optional<uint64_t> Reading::Size(const YamlValue& value, const std::string& what, uint64_t least, uint64_t most) {
  static constexpr std::pair<std::string_view, double> kUnits[] = {
      {"", 1},     {"b", 1},    {"kib", 1024}, {"mib", 1048576}, {"gib", 1073741824}, {"tib", 1099511627776.0},
      {"kb", 1e3}, {"mb", 1e6}, {"gb", 1e9},   {"tb", 1e12}};
  const std::optional<std::string> text = Text(value, what);
  if (!text) return std::nullopt;
  const std::optional<Quantity> quantity = ParseQuantity(*text);
  const auto* unit = std::find_if(std::begin(kUnits), std::end(kUnits), [&](const auto& known) {
    return quantity && known.first == selection::LowerAscii(quantity->unit);
  });
  if (unit == std::end(kUnits)) {
    Add(value, fmt::format("{} must be a size such as 256MiB, 1GiB or a number of bytes, not {}", what, Shown(value)));
    return std::nullopt;
  }
  const double bytes = quantity->number * unit->second;
  if (bytes < static_cast<double>(least) || bytes > static_cast<double>(most)) {
    Add(value, fmt::format("{} must be from {} MiB to {} MiB, not {}", what, least >> 20, most >> 20, Shown(value)));
    return std::nullopt;
  }
  return static_cast<uint64_t>(bytes);
}

std::optional<size_t> Reading::Word(const YamlValue& value, const std::string& what,
                                    std::span<const std::string_view> words) {
  const std::optional<std::string> text = Text(value, what);
  if (!text) return std::nullopt;
  const auto found = std::find(words.begin(), words.end(), *text);
  if (found != words.end()) return static_cast<size_t>(found - words.begin());
  const bool secret = HasReference(value.text);
  Add(value, fmt::format("{} must be {}, not {}{}", what, OneOf(words), Shown(value),
                         secret ? std::string() : selection::Suggestion(*text, Texts(words))));
  return std::nullopt;
}

std::optional<std::string> Reading::File(const YamlValue& value, const std::string& what) {
  const std::optional<std::string> text = Name(value, what);
  if (!text) return std::nullopt;
  const std::string file = (std::filesystem::path(folder_) / *text).string();
  std::error_code code;
  std::string why;
  if (std::filesystem::is_directory(file, code)) {
    why = "it is a directory";
  } else if (std::ifstream stream(file, std::ios::binary); !stream) {
    why = std::strerror(errno);
  }
  if (why.empty()) return file;
  Add(value, fmt::format("{}: {} cannot be read: {}", what, HasReference(value.text) ? "the file" : file, why));
  return std::nullopt;
}

}  // namespace sluice::task
