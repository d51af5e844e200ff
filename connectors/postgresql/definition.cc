#include "connectors/postgresql/definition.h"

#include <charconv>
#include <nlohmann/json.hpp>
#include <string_view>

#include "connectors/postgresql/codes.h"

namespace sluice::model {

static void to_json(nlohmann::json& out, const ObjectName& name) {
  out = {name.database, name.name};
}
static void from_json(const nlohmann::json& in, ObjectName& name) {
  name = {in.at(0).get<std::string>(), in.at(1).get<std::string>()};
}

}  // namespace sluice::model

namespace sluice::postgresql {
namespace {

using nlohmann::json;

// One list of members for both directions; what has its default value is not written.
class Writing {
 public:
  template <typename T>
  void Member(const char* key, T& value, const T& usual = {}) {
    if (!(value == usual)) out[key] = value;
  }
  void Letter(const char* key, char& value, char usual) {
    if (value != usual) out[key] = std::string(1, value);
  }
  void Number(const char* key, std::optional<int>& value) {
    if (value) out[key] = *value;
  }
  void Optional(const char* key, std::optional<std::string>& value) {
    if (value) out[key] = *value;
  }
  template <typename T, typename Describe>
  void List(const char* key, std::vector<T>& values, const Describe& describe) {
    if (values.empty()) return;
    json list = json::array();
    for (T& value : values) {
      Writing one;
      describe(one, value);
      list.push_back(std::move(one.out));
    }
    out[key] = std::move(list);
  }
  json out = json::object();
};

class Reading {
 public:
  explicit Reading(const json& value) : in(value) {}
  template <typename T>
  void Member(const char* key, T& value, const T& usual = {}) {
    value = in.contains(key) ? in.at(key).get<T>() : usual;
  }
  void Letter(const char* key, char& value, char usual) {
    const std::string text = in.value(key, std::string(1, usual));
    value = text.empty() ? usual : text[0];
  }
  void Number(const char* key, std::optional<int>& value) {
    if (in.contains(key)) value = in.at(key).get<int>();
  }
  void Optional(const char* key, std::optional<std::string>& value) {
    if (in.contains(key)) value = in.at(key).get<std::string>();
  }
  template <typename T, typename Describe>
  void List(const char* key, std::vector<T>& values, const Describe& describe) {
    values.clear();
    if (!in.contains(key)) return;
    for (const json& item : in.at(key)) {
      Reading one(item);
      describe(one, values.emplace_back());
    }
  }

 private:
  const json& in;
};

constexpr auto kSequence = [](auto& io, SequenceDefinition& sequence) {
  io.Member("name", sequence.name);
  io.Member("column", sequence.column);
  io.Member("type", sequence.type);
  io.Member("start", sequence.start);
  io.Member("increment", sequence.increment);
  io.Member("minimum", sequence.minimum);
  io.Member("maximum", sequence.maximum);
  io.Member("cache", sequence.cache);
  io.Member("cycle", sequence.cycle);
  io.Member("unlogged", sequence.unlogged);
  io.Member("comment", sequence.comment);
};

constexpr auto kColumn = [](auto& io, ColumnDefinition& column) {
  io.Member("name", column.name);
  io.Member("number", column.number);
  io.Member("type", column.type);
  io.Member("collation", column.collation);
  io.Member("not_null", column.not_null);
  io.Member("not_null_name", column.not_null_name);
  io.Member("not_null_no_inherit", column.not_null_no_inherit);
  io.Member("not_null_not_valid", column.not_null_not_valid);
  io.Member("not_null_local", column.not_null_local, true);
  io.Member("default", column.default_value);
  io.Letter("generated", column.generated, ' ');
  io.Letter("identity", column.identity, ' ');
  io.Letter("storage", column.storage, ' ');
  io.Member("compression", column.compression);
  io.Number("statistics", column.statistics);
  io.Member("options", column.options);
  io.Member("local", column.local, true);
  io.Member("comment", column.comment);
  io.Optional("missing", column.missing);
  io.Member("domain_default", column.domain_default);
};

constexpr auto kConstraint = [](auto& io, ConstraintDefinition& constraint) {
  io.Member("name", constraint.name);
  io.Member("definition", constraint.definition);
  io.Member("local", constraint.local, true);
  io.Member("comment", constraint.comment);
};

constexpr auto kForeignKey = [](auto& io, ForeignKeyDefinition& key) {
  io.Member("name", key.name);
  io.Member("definition", key.definition);
  io.Member("referenced", key.referenced);
  io.Member("columns", key.columns);
  io.Member("referenced_columns", key.referenced_columns);
  io.Letter("on_delete", key.on_delete, 'a');
  io.Letter("on_update", key.on_update, 'a');
  io.Member("valid", key.valid, true);
  io.Member("enforced", key.enforced, true);
  io.Member("to_partitioned", key.to_partitioned);
  io.Member("comment", key.comment);
};

constexpr auto kIndex = [](auto& io, IndexDefinition& index) {
  io.Member("name", index.name);
  io.Member("definition", index.definition);
  io.Member("method", index.method);
  io.Member("unique", index.unique);
  io.Member("primary", index.primary);
  io.Member("partial", index.partial);
  io.Member("expressions", index.expressions);
  io.Member("immediate", index.immediate, true);
  io.Member("nulls_not_distinct", index.nulls_not_distinct);
  io.Member("valid", index.valid, true);
  io.Member("clustered", index.clustered);
  io.Member("replica_identity", index.replica_identity);
  io.Member("columns", index.columns);
  io.Member("constraint", index.constraint);
  io.Letter("constraint_kind", index.constraint_kind, ' ');
  io.Member("constraint_definition", index.constraint_definition);
  io.Member("constraint_comment", index.constraint_comment);
  io.Member("comment", index.comment);
  io.Member("statistics", index.statistics);
  io.Member("parent", index.parent);
};

constexpr auto kStatistics = [](auto& io, StatisticsDefinition& statistics) {
  io.Member("name", statistics.name);
  io.Member("definition", statistics.definition);
  io.Number("target", statistics.target);
  io.Member("comment", statistics.comment);
};

struct TableMembers {
  template <typename Io>
  void operator()(Io& io, Definition& table) const {
    io.Member("name", table.name);
    io.Member("id", table.id);
    io.Letter("kind", table.kind, 'r');
    io.Letter("persistence", table.persistence, 'p');
    io.Member("of_type", table.of_type);
    io.Member("access_method", table.access_method);
    io.Member("options", table.options);
    io.List("columns", table.columns, kColumn);
    io.List("checks", table.checks, kConstraint);
    io.List("indexes", table.indexes, kIndex);
    io.List("foreign_keys", table.foreign_keys, kForeignKey);
    io.List("sequences", table.sequences, kSequence);
    io.List("statistics", table.statistics, kStatistics);
    io.Member("parents", table.parents);
    io.Member("has_children", table.has_children);
    io.Member("partition_key", table.partition_key);
    io.Member("partition_bound", table.partition_bound);
    io.List("partitions", table.partitions, *this);
    io.Letter("replica_identity", table.replica_identity, 'd');
    io.Member("comment", table.comment);
    io.Member("empty", table.empty);
    io.Member("unpublished", table.unpublished);
    io.Member("rewritten", table.rewritten);
    io.Member("relations", table.references.relations);
    io.Member("others", table.references.others);
  }
};

}  // namespace

std::string ToJson(const Definition& definition) {
  Writing out;
  Definition copy = definition;  // the list of members serves both directions
  TableMembers()(out, copy);
  // Every session speaks UTF-8, but a database of encoding SQL_ASCII gives any bytes.
  return out.out.dump(-1, ' ', false, json::error_handler_t::replace);
}

Definition DefinitionFromJson(const std::string& text, const model::ObjectName& table) {
  try {
    const json value = json::parse(text);
    Definition definition;
    Reading in(value);
    TableMembers()(in, definition);
    return definition;
  } catch (const json::exception&) {
    throw Error(kNotTranslatable)
        .Object("table " + table.Text())
        .Cause("Its definition is not one that this program has read from a PostgreSQL server.")
        .Remedy("Create the table by hand and go on with `sluice schema skip`, and report this.");
  }
}

// Asked of each table at each statement, so without reading all of it. Members are in the order of their names: what
// has a number of its own comes behind the table's, and a text has its quotes escaped.
uint32_t IdOf(const model::Table& table) {
  constexpr std::string_view kKey = "\"id\":";
  const std::string& text = table.create_statement;
  const size_t at = text.find(kKey);
  uint32_t id = 0;
  if (at != std::string::npos) std::from_chars(text.data() + at + kKey.size(), text.data() + text.size(), id);
  return id;
}

}  // namespace sluice::postgresql
