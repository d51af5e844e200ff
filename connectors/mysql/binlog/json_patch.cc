// Partial updates of JSON: a tree of the document before, the differences on it, and its text.
#include <charconv>
#include <memory>
#include <utility>
#include <vector>

#include "connectors/mysql/binlog/bytes.h"
#include "connectors/mysql/binlog/json.h"
#include "connectors/mysql/binlog/json_tree.h"

namespace sluice::mysql::binlog {
namespace {

struct Member;

struct Node {
  enum class Kind : uint8_t { kText, kObject, kArray };
  Kind kind = Kind::kText;
  std::string text;  // of a scalar, ready to print
  std::vector<Member> members;
};

struct Member {
  std::string key;  // empty in an array
  Node value;
};

// How many nodes a document may have: shared bytes must not make the tree grow without end.
struct NodeBudget {
  size_t left;
  void Take() {
    if (left-- == 0) ThrowBadEvent("A JSON document in it refers to the same bytes again and again.");
  }
};

Node Build(const JsonValue& value, int depth, NodeBudget& budget) {
  budget.Take();
  Node node;
  if (!value.IsObject() && !value.IsArray()) {
    AppendJsonScalar(node.text, value);
    if (node.text.size() > budget.left * 16) ThrowBadEvent("A JSON document in it is longer than its bytes.");
    budget.left -= node.text.size() / 16;
    return node;
  }
  if (depth > kJsonDepthMax) ThrowBadEvent("A JSON document in it is nested too deep.");
  node.kind = value.IsObject() ? Node::Kind::kObject : Node::Kind::kArray;
  const JsonMembers members(value);
  node.members.reserve(members.count() < 1024 ? members.count() : 1024);
  for (uint32_t i = 0; i < members.count(); ++i) {
    std::string key(value.IsObject() ? members.Key(i) : std::string_view());
    node.members.push_back({std::move(key), Build(members.Value(i), depth + 1, budget)});
  }
  return node;
}

Node BuildDocument(std::string_view binary) {
  NodeBudget budget{binary.size() + 64};
  return Build(ParseJson(binary), 0, budget);
}

void Print(std::string& out, const Node& node) {
  if (node.kind == Node::Kind::kText) {
    out += node.text;
    return;
  }
  const bool object = node.kind == Node::Kind::kObject;
  out += object ? '{' : '[';
  bool first = true;
  for (const auto& [key, value] : node.members) {
    if (!first) out += ", ";
    first = false;
    if (object) {
      AppendJsonString(out, key);
      out += ": ";
    }
    Print(out, value);
  }
  out += object ? '}' : ']';
}

struct Leg {
  bool is_index = false;
  size_t index = 0;
  std::string key;
};

void AppendUtf8(std::string& out, uint32_t code) {
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xc0 | code >> 6);
    out += static_cast<char>(0x80 | (code & 63));
  } else if (code < 0x10000) {
    out += static_cast<char>(0xe0 | code >> 12);
    out += static_cast<char>(0x80 | (code >> 6 & 63));
    out += static_cast<char>(0x80 | (code & 63));
  } else {
    out += static_cast<char>(0xf0 | code >> 18);
    out += static_cast<char>(0x80 | (code >> 12 & 63));
    out += static_cast<char>(0x80 | (code >> 6 & 63));
    out += static_cast<char>(0x80 | (code & 63));
  }
}

// Reads "$.key.\"quoted key\"[3]".
class PathReader {
 public:
  explicit PathReader(std::string_view text) : text_(text) {
    if (Next() != '$') Bad();
  }
  bool More() const { return at_ < text_.size(); }

  Leg Read() {
    Leg leg;
    const char c = Next();
    if (c == '[') {
      leg.is_index = true;
      const auto [end, error] = std::from_chars(text_.data() + at_, text_.data() + text_.size(), leg.index);
      if (error != std::errc()) Bad();
      at_ = static_cast<size_t>(end - text_.data());
      if (Next() != ']') Bad();
    } else if (c == '.') {
      leg.key = More() && text_[at_] == '"' ? Quoted() : Bare();
    } else {
      Bad();
    }
    return leg;
  }

 private:
  [[noreturn]] static void Bad() { ThrowBadEvent("A JSON path in it cannot be read."); }
  char Next() {
    if (!More()) Bad();
    return text_[at_++];
  }
  std::string Bare() {
    const size_t from = at_;
    while (More() && text_[at_] != '.' && text_[at_] != '[') ++at_;
    return std::string(text_.substr(from, at_ - from));
  }
  uint32_t Hex4() {
    uint32_t code = 0;
    if (text_.size() - at_ < 4) Bad();
    const auto [end, error] = std::from_chars(text_.data() + at_, text_.data() + at_ + 4, code, 16);
    if (error != std::errc() || end != text_.data() + at_ + 4) Bad();
    at_ += 4;
    return code;
  }
  std::string Quoted() {
    std::string key;
    Next();
    for (char c = Next(); c != '"'; c = Next()) {
      if (c != '\\') {
        key += c;
        continue;
      }
      switch (const char escaped = Next()) {
        case 'b':
          key += '\b';
          break;
        case 'f':
          key += '\f';
          break;
        case 'n':
          key += '\n';
          break;
        case 'r':
          key += '\r';
          break;
        case 't':
          key += '\t';
          break;
        case 'u': {
          uint32_t code = Hex4();
          if (code >= 0xd800 && code < 0xdc00) {  // first half of a pair
            if (Next() != '\\' || Next() != 'u') Bad();
            code = 0x10000 + ((code - 0xd800) << 10) + ((Hex4() - 0xdc00) & 0x3ff);
          }
          AppendUtf8(key, code);
          break;
        }
        default:
          key += escaped;
      }
    }
    return key;
  }

  std::string_view text_;
  size_t at_ = 0;
};

// Objects are sorted by the length of the key, then by its bytes.
bool KeyBefore(const std::string& a, const std::string& b) {
  return a.size() != b.size() ? a.size() < b.size() : a < b;
}

Node* Find(Node& node, const Leg& leg) {
  if (leg.is_index) {
    if (node.kind != Node::Kind::kArray) return leg.index == 0 ? &node : nullptr;  // a scalar is an array of one
    return leg.index < node.members.size() ? &node.members[leg.index].value : nullptr;
  }
  if (node.kind != Node::Kind::kObject) return nullptr;
  for (auto& [key, value] : node.members) {
    if (key == leg.key) return &value;
  }
  return nullptr;
}

[[noreturn]] void NoSuchPath() {
  ThrowBadEvent("A JSON path in it is not in the document that it changes.");
}

void Insert(Node& parent, const Leg& leg, Node value) {
  auto& members = parent.members;
  if (leg.is_index) {
    if (parent.kind != Node::Kind::kArray) NoSuchPath();
    const size_t index = leg.index < members.size() ? leg.index : members.size();
    members.insert(members.begin() + static_cast<ptrdiff_t>(index), Member{std::string(), std::move(value)});
    return;
  }
  if (parent.kind != Node::Kind::kObject) NoSuchPath();
  auto at = members.begin();
  while (at != members.end() && KeyBefore(at->key, leg.key)) ++at;
  if (at != members.end() && at->key == leg.key) NoSuchPath();
  members.insert(at, Member{leg.key, std::move(value)});
}

void Remove(Node& parent, const Leg& leg) {
  for (auto at = parent.members.begin(); at != parent.members.end(); ++at) {
    const auto index = static_cast<size_t>(at - parent.members.begin());
    if (leg.is_index ? index == leg.index : at->key == leg.key) {
      parent.members.erase(at);
      return;
    }
  }
  NoSuchPath();
}

enum class Operation : uint8_t { kReplace = 0, kInsert = 1, kRemove = 2 };

void ApplyOne(Node& root, Bytes& bytes) {
  const auto operation = static_cast<Operation>(bytes.U8());
  PathReader path(bytes.LengthEncodedText());
  std::vector<Leg> legs;
  while (path.More()) {
    legs.push_back(path.Read());
    if (legs.size() > static_cast<size_t>(kJsonDepthMax)) NoSuchPath();
  }
  Node* parent = &root;
  for (size_t i = 0; i + 1 < legs.size(); ++i) {
    parent = Find(*parent, legs[i]);
    if (parent == nullptr) NoSuchPath();
  }
  switch (operation) {
    case Operation::kReplace: {
      Node value = BuildDocument(bytes.LengthEncodedText());
      Node* const at = legs.empty() ? &root : Find(*parent, legs.back());
      if (at == nullptr) NoSuchPath();
      *at = std::move(value);
      return;
    }
    case Operation::kInsert: {
      Node value = BuildDocument(bytes.LengthEncodedText());
      if (legs.empty()) NoSuchPath();
      Insert(*parent, legs.back(), std::move(value));
      return;
    }
    case Operation::kRemove:
      if (legs.empty()) NoSuchPath();
      Remove(*parent, legs.back());
      return;
  }
  ThrowBadEvent("A JSON difference in it is of an unknown kind.");
}

}  // namespace

void AppendPatchedJsonText(std::string& out, std::string_view binary_before, std::string_view differences) {
  Node root = BuildDocument(binary_before);
  Bytes bytes(differences);
  while (!bytes.empty()) ApplyOne(root, bytes);
  Print(out, root);
}

}  // namespace sluice::mysql::binlog
