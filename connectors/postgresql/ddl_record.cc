#include "connectors/postgresql/ddl_record.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <stdexcept>

#include "connectors/postgresql/codes.h"
#include "connectors/postgresql/definition.h"
#include "connectors/postgresql/definition_read.h"

namespace sluice::postgresql {
namespace {

using model::DdlKind;
using model::ObjectName;
using model::TablePtr;
using nlohmann::json;

[[noreturn]] void ThrowBadRecord(const std::string& why) {
  throw Error(kBadMessage)
      .Object("record of a schema statement")
      .Cause("The source's log has one that Sluice's event trigger did not write: " + why)
      .Remedy("Begin anew with `sluice run --restart`.")
      .Side("source");
}

std::string TextOf(const json& value, const char* key) {
  return value.contains(key) && value[key].is_string() ? value[key].get<std::string>() : "";
}

uint32_t Number(const std::string& text) {
  uint32_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

// Answers that the source gave to itself.
class RecordedAnswers : public DefinitionAnswers {
 public:
  explicit RecordedAnswers(json answers) : answers_(std::move(answers)) {}

  Rows Answer(DefinitionQuestion question, std::span<const OptionalText> /*parameters*/) override {
    TextRows rows;
    const std::string name(Name(question));
    if (answers_.is_object() && answers_.contains(name) && answers_[name].is_array()) {
      for (const json& row : answers_[name]) rows.push_back(ParseRowText(row.get<std::string>()));
    }
    return Rows(std::move(rows));
  }
  void Complete(SequenceDefinition& /*sequence*/) override {}

 private:
  const json answers_;
};

struct Facts {
  std::map<uint32_t, std::pair<bool, bool>> relations;  // number: has rows, is published
  std::map<std::pair<uint32_t, int>, std::string> missing;
  std::set<std::pair<uint32_t, int>> domain_defaults;
  std::map<uint32_t, int> rewritten;
  std::string why;  // a table could not be put into the publication
};

Facts FactsOf(const json& record) {
  Facts facts;
  if (record.contains("sizes") && record["sizes"].is_array()) {
    for (const json& one : record["sizes"]) {
      facts.relations[Number(one.at(0).get<std::string>())] = {one.at(1).get<int64_t>() > 0, one.at(2).get<bool>()};
    }
  }
  if (record.contains("missing") && record["missing"].is_array()) {
    for (const json& one : record["missing"]) {
      if (!one.at(2).is_string()) continue;
      facts.missing[{Number(one.at(0).get<std::string>()), one.at(1).get<int>()}] = one.at(2).get<std::string>();
    }
  }
  if (record.contains("domains") && record["domains"].is_array()) {
    for (const json& one : record["domains"]) {
      facts.domain_defaults.insert({Number(one.at(0).get<std::string>()), one.at(1).get<int>()});
    }
  }
  std::istringstream rewritten(TextOf(record, "rewritten"));  // "16385:4 16390:2"
  for (std::string one; rewritten >> one;) {
    const size_t colon = one.find(':');
    if (colon != std::string::npos) facts.rewritten[Number(one)] |= static_cast<int>(Number(one.substr(colon + 1)));
  }
  facts.why = TextOf(record, "why");
  return facts;
}

// The rows of a partitioned table are those of its partitions, and so is what older ones have.
void AddFacts(Definition& part, const Facts& facts, bool above_published, Definition& root) {
  const auto found = facts.relations.find(part.id);
  const bool published = above_published || (found != facts.relations.end() && found->second.second);
  part.empty = found == facts.relations.end() || !found->second.first;
  if (!published && part.kind == 'r' && part.persistence == 'p') {
    part.unpublished = facts.why.empty() ? "it is not in the publication" : facts.why;
  }
  if (const auto rewritten = facts.rewritten.find(part.id); rewritten != facts.rewritten.end()) {
    root.rewritten |= rewritten->second;
  }
  for (ColumnDefinition& column : part.columns) {
    column.domain_default = facts.domain_defaults.contains({part.id, column.number});
  }
  for (const ColumnDefinition& column : part.columns) {
    const auto value = facts.missing.find({part.id, column.number});
    if (value == facts.missing.end()) continue;
    for (ColumnDefinition& own : root.columns) {
      if (own.name == column.name && !own.missing) own.missing = value->second;
    }
  }
  for (Definition& one : part.partitions) {
    AddFacts(one, facts, published, root);
    part.empty = part.empty && one.empty;
  }
}

// What only the moment of the statement has does not make two definitions different.
std::string Compared(Definition definition) {
  definition.empty = false;
  definition.unpublished.clear();
  definition.rewritten = 0;
  for (ColumnDefinition& column : definition.columns) {
    column.missing.reset();
    column.domain_default = false;
  }
  for (Definition& one : definition.partitions) one = DefinitionFromJson(Compared(one), one.name);
  return ToJson(definition);
}

// One statement: what it did to the tables that are described.
class Change {
 public:
  Change(const std::vector<TablePtr>& before, std::string tag, std::string query) : tag_(std::move(tag)) {
    ddl_.statement = std::move(query);
    for (const TablePtr& table : before) {
      const uint32_t id = IdOf(*table);
      if (id != 0) by_id_[id] = table;
      by_name_[table->name] = table;
    }
  }

  void Gone(const std::string& type, uint32_t id, const ObjectName& name) {
    if (const TablePtr table = Find(id, name); type == "table" && table != nullptr) {
      was_dropped_ = true;
      return Add(table, nullptr);
    }
    for (const auto& [unused, table] : by_name_) {
      if (table->name.database != name.database && type == "index") continue;
      Definition definition = DefinitionFromJson(table->create_statement, table->name);
      const bool index = type == "index";
      if (!(index ? DropIndex(definition, name) : DropPartition(definition, id))) continue;
      if (!index) ddl_.rows_need_it = was_dropped_ = true;  // a partition's rows go without a word
      return Replace(table, definition);
    }
  }

  void Is(const TableRead& read) {
    const Definition& definition = read.definition;
    TablePtr before = Find(definition.id, definition.name);
    TablePtr after = MakeTable(read);
    if (before != nullptr) {
      const Definition was = DefinitionFromJson(before->create_statement, before->name);
      const bool other_values = (definition.rewritten & kRewrittenByType) != 0 && !definition.empty;
      if (Compared(was) == Compared(definition) && !other_values) return;
      ddl_.rows_need_it = ddl_.rows_need_it || other_values || OtherRows(was, definition);
      Join(definition);
    }
    Add(before, std::move(after));
  }

  std::optional<model::DdlChange> Take() {
    if (ddl_.objects.empty()) return std::nullopt;
    ddl_.kind = Kind();
    ddl_.database = ddl_.objects.front().database;
    return std::move(ddl_);
  }

 private:
  TablePtr Find(uint32_t id, const ObjectName& name) const {
    if (const auto found = by_id_.find(id); found != by_id_.end()) return found->second;
    const auto found = by_name_.find(name);
    // One with another number is another table, which was dropped before this one got its name.
    return found == by_name_.end() || IdOf(*found->second) != 0 ? nullptr : found->second;
  }

  // A table that was described and is a partition of `table` now is none of its own any more.
  void Join(const Definition& table) {
    for (const Definition& one : table.partitions) {
      if (const auto found = by_id_.find(one.id); one.id != 0 && found != by_id_.end()) Add(found->second, nullptr);
      Join(one);
    }
  }

  static bool DropIndex(Definition& definition, const ObjectName& name) {
    size_t dropped = std::erase_if(definition.indexes, [&](const IndexDefinition& one) { return one.name == name; });
    for (Definition& one : definition.partitions) dropped += DropIndex(one, name) ? 1 : 0;
    return dropped != 0;
  }
  static bool DropPartition(Definition& definition, uint32_t id) {
    size_t dropped = std::erase_if(definition.partitions, [&](const Definition& one) { return one.id == id; });
    for (Definition& one : definition.partitions) dropped += DropPartition(one, id) ? 1 : 0;
    return dropped != 0;
  }

  // The description with what is left of the definition.
  void Replace(const TablePtr& table, const Definition& definition) {
    auto after = std::make_shared<model::Table>(*table);
    after->create_statement = ToJson(definition);
    std::erase_if(after->keys, [&](const model::Key& key) {
      return std::none_of(definition.indexes.begin(), definition.indexes.end(),
                          [&](const IndexDefinition& one) { return one.name.name == key.name; });
    });
    Add(table, std::move(after));
  }

  void Add(const TablePtr& before, TablePtr after) {
    const ObjectName name = before != nullptr ? before->name : after->name;
    const bool renamed = before != nullptr && after != nullptr && before->name != after->name;
    is_rename_ = is_rename_ || renamed;
    is_new_ = is_new_ || before == nullptr;
    const auto known = std::find(ddl_.objects.begin(), ddl_.objects.end(), name);
    if (known != ddl_.objects.end()) {  // two of its indexes, say
      Now(name, after);
      ddl_.after[static_cast<size_t>(known - ddl_.objects.begin())] = std::move(after);
      return;
    }
    ddl_.objects.push_back(name);
    ddl_.new_names.push_back(renamed ? after->name : ObjectName{});
    Now(name, after);
    ddl_.after.push_back(std::move(after));
  }
  void Now(const ObjectName& name, const TablePtr& after) {
    if (after == nullptr) {
      by_name_.erase(name);
    } else if (after->name == name) {
      by_name_[name] = after;
    }
  }

  static bool OtherRows(const Definition& was, const Definition& is) {
    const auto shape = [](const Definition& table) {
      std::string text = table.name.Text();
      for (const ColumnDefinition& column : table.columns) {
        text += fmt::format("\n{} {} {}", column.number, column.name, column.type);
      }
      for (const Definition& one : table.partitions) text += "\n" + one.name.Text() + " " + one.partition_bound;
      return text;
    };
    return shape(was) != shape(is);
  }

  DdlKind Kind() const {
    if (is_rename_) return DdlKind::kRenameTable;
    if (tag_ == "CREATE INDEX") return DdlKind::kCreateIndex;
    if (tag_ == "DROP INDEX") return DdlKind::kDropIndex;
    if (was_dropped_) return DdlKind::kDropTable;
    return is_new_ ? DdlKind::kCreateTable : DdlKind::kAlterTable;
  }

  const std::string tag_;
  model::DdlChange ddl_;
  std::map<uint32_t, TablePtr> by_id_;
  std::map<ObjectName, TablePtr> by_name_;
  bool was_dropped_ = false;
  bool is_rename_ = false;
  bool is_new_ = false;
};

}  // namespace

std::vector<std::optional<std::string>> ParseRowText(std::string_view text) {
  if (text.size() < 2 || text.front() != '(' || text.back() != ')') ThrowBadRecord("a row has no brackets");
  text = text.substr(1, text.size() - 2);
  std::vector<std::optional<std::string>> row;
  std::optional<std::string> value;
  for (size_t i = 0;; ++i) {
    if (i == text.size() || text[i] == ',') {
      row.push_back(std::exchange(value, std::nullopt));
      if (i == text.size()) return row;
      continue;
    }
    if (!value) value.emplace();
    if (text[i] != '"') {
      *value += text[i];
      continue;
    }
    for (++i;; ++i) {
      if (i >= text.size()) ThrowBadRecord("a row's value does not end");
      if (text[i] == '\\' || text[i] == '"') {
        const bool doubled = i + 1 < text.size() && (text[i] == '\\' || text[i + 1] == '"');
        if (!doubled) break;
        ++i;
      }
      *value += text[i];
    }
  }
}

std::optional<model::DdlChange> ReadDdlRecord(std::string_view record, const std::vector<TablePtr>& before,
                                              KnownNames known) {
  const json value = json::parse(record, nullptr, false);
  if (!value.is_object()) ThrowBadRecord("it is no JSON");
  const std::string query = TextOf(value, "query");
  const std::string tag = TextOf(value, "tag");
  if (value.contains("error")) {
    throw Error(kSchemaDrift)
        .Object("schema statement " + tag)
        .Cause(fmt::format("The source could not tell what it changed ({}): {}", TextOf(value, "error"),
                           query.substr(0, 400)))
        .Remedy("Begin anew with `sluice run --restart`.")
        .Side("source");
  }
  try {
    Change change(before, tag, query);
    if (value.contains("gone") && value["gone"].is_array()) {
      for (const json& one : value["gone"]) {
        change.Gone(TextOf(one, "type"), Number(TextOf(one, "id")), {TextOf(one, "schema"), TextOf(one, "name")});
      }
    }
    RecordedAnswers answers(value.contains("answers") ? value["answers"] : json());
    const Facts facts = FactsOf(value);
    for (TableRead& read : ReadTables(answers, {}, known)) {
      AddFacts(read.definition, facts, false, read.definition);
      change.Is(read);
    }
    return change.Take();
  } catch (const json::exception& error) {
    ThrowBadRecord(error.what());
  } catch (const std::out_of_range&) {
    ThrowBadRecord("an answer has too few columns");
  }
}

}  // namespace sluice::postgresql
