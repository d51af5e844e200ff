#include "task/yaml_tree.h"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <map>
#include <sstream>

#include "base/check.h"

namespace sluice::task {
namespace {

struct Stop {
  YamlProblem problem;
};

[[noreturn]] void Fail(const YAML::Mark& mark, std::string message) {
  // The library counts from 0, and gives -1 where it knows no place.
  throw Stop{{mark.line + 1 > 0 ? mark.line + 1 : 1, mark.column + 1 > 0 ? mark.column + 1 : 1, std::move(message)}};
}

size_t CountValues(const YamlValue& value) {
  size_t count = 1;
  for (const YamlValue& item : value.items) count += CountValues(item);
  for (const YamlEntry& entry : value.entries) count += CountValues(entry.value);
  return count;
}

size_t Depth(const YamlValue& value) {
  size_t depth = 0;
  for (const YamlValue& item : value.items) depth = std::max(depth, Depth(item));
  for (const YamlEntry& entry : value.entries) depth = std::max(depth, Depth(entry.value));
  return depth + 1;
}

// Builds the tree from the parser's events. `open_` holds the lists and maps that are not closed
// yet, outermost first.
class TreeBuilder : public YAML::EventHandler {
 public:
  bool finished() const { return finished_; }
  YamlValue TakeRoot() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Put(At(mark, YamlValue::Kind::kNull), mark, anchor);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& text) override {
    CheckTag(mark, tag);
    YamlValue value = At(mark, YamlValue::Kind::kScalar);
    // "?" is the tag of a plain scalar: only there do these words mean null.
    if (tag == "?" && (text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL")) {
      value.kind = YamlValue::Kind::kNull;
    }
    value.text = text;
    Put(std::move(value), mark, anchor);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) Fail(mark, "an alias must not stand inside what it names");
    YamlValue copy = found->second;
    values_ += CountValues(copy) - 1;
    if (open_.size() + Depth(copy) > kYamlDepthMax) Fail(mark, "nested too deeply");
    copy.line = mark.line + 1;
    copy.column = mark.column + 1;
    Put(std::move(copy), mark, 0);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    CheckTag(mark, tag);
    Open(At(mark, YamlValue::Kind::kList), mark, anchor);
  }
  void OnSequenceEnd() override { Close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    CheckTag(mark, tag);
    Open(At(mark, YamlValue::Kind::kMap), mark, anchor);
  }
  void OnMapEnd() override { Close(); }

 private:
  struct Level {
    YamlValue value;
    YAML::Mark mark;
    YAML::anchor_t anchor = 0;
    bool has_key = false;  // a map: the key is read, its value is due
  };

  static YamlValue At(const YAML::Mark& mark, YamlValue::Kind kind) {
    YamlValue value;
    value.kind = kind;
    value.line = mark.line + 1;
    value.column = mark.column + 1;
    return value;
  }

  // `password: !hunter2` without quotes is an empty text with a tag: never what was meant.
  static void CheckTag(const YAML::Mark& mark, const std::string& tag) {
    if (tag.empty() || tag == "?" || tag == "!" || tag.rfind("tag:yaml.org,2002:", 0) == 0) return;
    Fail(mark, "a text that begins with `!` must stand in quotes");
  }

  void Open(YamlValue value, const YAML::Mark& mark, YAML::anchor_t anchor) {
    if (open_.size() >= kYamlDepthMax) Fail(mark, "nested too deeply");
    if (ExpectsKey()) Fail(mark, "a key must be a plain word");
    open_.push_back({std::move(value), mark, anchor, false});
  }

  void Close() {
    Level level = std::move(open_.back());
    open_.pop_back();
    Put(std::move(level.value), level.mark, level.anchor);
  }

  bool ExpectsKey() const {
    return !open_.empty() && open_.back().value.kind == YamlValue::Kind::kMap && !open_.back().has_key;
  }

  void Put(YamlValue value, const YAML::Mark& mark, YAML::anchor_t anchor) {
    if (++values_ > kYamlValuesMax) Fail(mark, "too many values");
    if (anchor != 0) anchors_[anchor] = value;
    if (open_.empty()) {
      root_ = std::move(value);
      finished_ = true;
    } else if (ExpectsKey()) {
      if (value.kind != YamlValue::Kind::kScalar) Fail(mark, "a key must be a plain word");
      open_.back().value.entries.push_back({std::move(value.text), value.line, value.column, {}});
      open_.back().has_key = true;
    } else if (open_.back().value.kind == YamlValue::Kind::kMap) {
      open_.back().value.entries.back().value = std::move(value);
      open_.back().has_key = false;
    } else {
      open_.back().value.items.push_back(std::move(value));
    }
  }

  std::vector<Level> open_;
  std::map<YAML::anchor_t, YamlValue> anchors_;
  YamlValue root_;
  bool finished_ = false;
  size_t values_ = 0;
};

// The library's message without what it quotes from the file: that may be a password that lacks its
// quotes.
std::string Describe(const YAML::Exception& error) {
  if (error.msg.rfind("the referenced anchor is not defined", 0) == 0) {
    return "an alias that names nothing; a text that begins with `*` must stand in quotes";
  }
  return "not YAML: " + error.msg.substr(0, error.msg.find(':'));
}

// The library replaces bytes that are no UTF-8 in silence; a password would be another one.
bool FindBadCharacter(const std::string& text, YamlProblem* problem) {
  int line = 1;
  int column = 1;
  for (size_t at = 0; at < text.size();) {
    const auto lead = static_cast<unsigned char>(text[at]);
    size_t bytes = 1;
    if (lead >= 0xC2 && lead <= 0xDF) bytes = 2;
    if (lead >= 0xE0 && lead <= 0xEF) bytes = 3;
    if (lead >= 0xF0 && lead <= 0xF4) bytes = 4;
    bool good = bytes > 1 || lead < 0x80;
    for (size_t i = 1; i < bytes; ++i) {
      good = good && at + i < text.size() && (static_cast<unsigned char>(text[at + i]) & 0xC0) == 0x80;
    }
    if (!good || lead == 0) {
      *problem = {line, column, lead == 0 ? "a zero byte" : "not valid UTF-8; save the file in that encoding"};
      return true;
    }
    column = text[at] == '\n' ? 1 : column + 1;
    line += text[at] == '\n' ? 1 : 0;
    at += bytes;
  }
  return false;
}

// The library recurses once a bracket: what is deeper than any task file is refused before it.
bool FindDeepBrackets(const std::string& text, YamlProblem* problem) {
  size_t depth = 0;
  int line = 1;
  for (const char c : text) {
    if (c == '\n') ++line;
    if (c == '[' || c == '{') ++depth;
    if ((c == ']' || c == '}') && depth > 0) --depth;
    if (depth > 4 * kYamlDepthMax) {
      *problem = {line, 1, "too many brackets are open"};
      return true;
    }
  }
  return false;
}

}  // namespace

const YamlValue* YamlValue::Find(std::string_view key) const {
  for (const YamlEntry& entry : entries) {
    if (entry.key == key) return &entry.value;
  }
  return nullptr;
}

bool ParseYaml(const std::string& text, YamlValue* root, YamlProblem* problem) {
  if (text.size() > kYamlBytesMax) {
    *problem = {1, 1, fmt::format("the file is larger than {} bytes", kYamlBytesMax)};
    return false;
  }
  if (FindBadCharacter(text, problem) || FindDeepBrackets(text, problem)) return false;
  try {
    std::istringstream stream(text);
    YAML::Parser parser(stream);
    TreeBuilder builder;
    parser.HandleNextDocument(builder);
    if (!builder.finished()) {
      *problem = {1, 1, "the file is empty"};
      return false;
    }
    TreeBuilder second;
    if (parser.HandleNextDocument(second)) {
      *problem = {1, 1, "the file holds several documents (`---`); one task is one file"};
      return false;
    }
    *root = builder.TakeRoot();
    return true;
  } catch (const Stop& stop) {
    *problem = stop.problem;
  } catch (const YAML::Exception& error) {
    const bool known = error.mark.line >= 0;
    *problem = {known ? error.mark.line + 1 : 1, known ? error.mark.column + 1 : 1, Describe(error)};
  }
  return false;
}

}  // namespace sluice::task
