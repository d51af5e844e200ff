// The columns of a table that a statement changed. Only what keeps every row as it is at the source is followed.
#include <fmt/format.h>

#include <algorithm>

#include "connectors/postgresql/connection.h"
#include "connectors/postgresql/ddl.h"
#include "connectors/postgresql/foreign/conversion.h"
#include "connectors/postgresql/foreign/difference.h"

namespace sluice::postgresql {
namespace {

using model::TypeKind;

bool SameDefault(const model::Column& a, const model::Column& b) {
  return a.default_value.kind == b.default_value.kind && a.default_value.text == b.default_value.text;
}

size_t IndexOf(const model::Table& table, const model::Column& column) {
  return static_cast<size_t>(&column - table.columns.data());
}

bool IsNumber(TypeKind kind) {
  return kind == TypeKind::kInteger || kind == TypeKind::kDecimal;
}
bool IsCharacters(TypeKind kind) {
  return kind == TypeKind::kChar || kind == TypeKind::kVarchar || kind == TypeKind::kText;
}

// Types whose values the server turns into each other exactly, or refuses to. What rounds or cuts at the source is not
// done over: only what takes every value as it is.
bool Converts(const model::ColumnType& was, const model::ColumnType& is) {
  if (IsNumber(was.kind)) return IsNumber(is.kind) && (is.kind != TypeKind::kDecimal || is.scale >= was.scale);
  // A set's text has its elements in their order; the other way the source would bring them into it.
  return (IsCharacters(was.kind) || was.kind == TypeKind::kSet) && IsCharacters(is.kind);
}

std::vector<std::string> OnlyThose(const std::vector<std::string>& list, const std::vector<std::string>& of) {
  std::vector<std::string> out;
  for (const std::string& one : list) {
    if (std::find(of.begin(), of.end(), one) != of.end()) out.push_back(one);
  }
  return out;
}

}  // namespace

std::string Difference::NameBefore(const std::string& name) const {
  const auto found = renamed_.find(name);
  return found == renamed_.end() ? name : found->second;
}

const model::Column* Difference::Before(const model::Column& column) const {
  const std::string name = NameBefore(column.name);
  const auto found = std::find_if(before_.columns.begin(), before_.columns.end(),
                                  [&](const model::Column& one) { return one.name == name; });
  return found == before_.columns.end() ? nullptr : &*found;
}

void Difference::Columns() {
  DropColumns();
  RenameColumns();
  RenameTypes();
  for (const model::Column& column : after_.columns) {
    const std::string name = new_.NameOf(column);
    if (name.empty()) continue;
    if (const model::Column* was = Before(column)) {
      Redefine(*was, column, name);
    } else {
      AddColumn(column, name);
    }
  }
}

void Difference::DropColumns() {
  for (const model::Column& column : before_.columns) {
    const bool stays = std::any_of(after_.columns.begin(), after_.columns.end(),
                                   [&](const model::Column& one) { return NameBefore(one.name) == column.name; });
    const std::string name = old_.NameOf(column);
    if (stays || name.empty()) continue;
    Alter("DROP COLUMN IF EXISTS " + Quote(name));
    if (ToPostgresqlType(before_, IndexOf(before_, column)).labels.empty()) continue;
    const model::ObjectName type = old_.EnumName(name);
    Add("DROP TYPE IF EXISTS " + Quote(type.database, type.name));
  }
}

void Difference::RenameColumns() {
  std::vector<std::pair<std::string, std::string>> moves;
  for (const model::Column& column : after_.columns) {
    const model::Column* was = Before(column);
    if (was == nullptr) continue;
    const std::string from = old_.NameOf(*was);
    const std::string to = new_.NameOf(column);
    if (from.empty() != to.empty()) throw NotCarried(ddl_);
    if (from != to) moves.emplace_back(from, to);
  }
  for (const std::string& rename : RenamesOfColumns(std::move(moves))) Alter(rename);
}

// Enum types are called after their column. In a table of the user's own there may be none.
void Difference::RenameTypes() {
  struct Move {
    model::ObjectName from;
    model::ObjectName to;
  };
  std::vector<Move> moves;
  for (const model::Column& column : after_.columns) {
    const model::Column* was = Before(column);
    if (was == nullptr || ToPostgresqlType(before_, IndexOf(before_, *was)).labels.empty()) continue;
    const Move move{old_.EnumName(old_.NameOf(*was)), new_.EnumName(new_.NameOf(column))};
    if (!new_.NameOf(column).empty() && move.from != move.to) moves.push_back(move);
  }
  const auto alter = [&](const model::ObjectName& type, const std::string& action) {
    const std::string full = Quote(type.database, type.name);
    Add("DO " + Literal(fmt::format("BEGIN IF to_regtype({}) IS NOT NULL THEN ALTER TYPE {} {}; END IF; END",
                                    Literal(full), full, action)));
  };
  const auto between = [](size_t i) { return fmt::format("sluice moves type {}", i); };
  for (size_t i = 0; i < moves.size(); ++i) {
    alter(moves[i].from, "RENAME TO " + Quote(between(i)));
    if (moves[i].from.database != moves[i].to.database) {
      alter({moves[i].from.database, between(i)}, "SET SCHEMA " + Quote(moves[i].to.database));
    }
  }
  for (size_t i = 0; i < moves.size(); ++i) {
    alter({moves[i].to.database, between(i)}, "RENAME TO " + Quote(moves[i].to.name));
  }
}

// Rows that are there get the default, at the source as here: it has to be the same at any time, or said.
void Difference::AddColumn(const model::Column& column, const std::string& name) {
  using Kind = model::ColumnDefault::Kind;
  const Kind kind = column.default_value.kind;
  const auto filled = change_.filled.find(column.name);
  const bool generated = column.generated != model::Generated::kNo;
  const bool plain = !column.auto_increment && (kind == Kind::kLiteral || (kind == Kind::kNone && column.nullable));
  const bool is_filled = !generated && filled != change_.filled.end();
  const ForeignType type = ToPostgresqlType(after_, IndexOf(after_, column));
  if ((!generated && !plain && !is_filled) || !type.refusal.empty()) throw NotCarried(ddl_);
  const std::string text = new_.Column(column, name, is_filled ? &filled->second : nullptr);
  for (const connector::SchemaStatement& made : new_.statements()) Add(made.sql);
  new_.statements().clear();
  Alter("ADD COLUMN " + text);
  if (is_filled) {
    const std::string value = new_.Default(column, name);
    Alter("ALTER COLUMN " + Quote(name) + (value.empty() ? " DROP DEFAULT" : " SET" + value));
  }
  if (!column.comment.empty()) Comment(column, name);
}

void Difference::Comment(const model::Column& column, const std::string& name) {
  Add(fmt::format("COMMENT ON COLUMN {}.{} IS {}", new_.full(), Quote(name), Literal(column.comment)));
}

// Nothing of the statement is done where there is such a row.
void Difference::RequireNone(const std::string& condition, const std::string& why) {
  Add("DO " + Literal(fmt::format("BEGIN IF EXISTS (SELECT FROM {} WHERE {}) THEN RAISE EXCEPTION '%', {}; END IF; END",
                                  new_.full(), condition, Literal(why))));
}

void Difference::Redefine(const model::Column& was, const model::Column& column, const std::string& name) {
  if (was.generated != column.generated || was.generated_as != column.generated_as) throw NotCarried(ddl_);
  const std::string alter = "ALTER COLUMN " + Quote(name) + " ";
  if (was.auto_increment && !column.auto_increment) Alter(alter + "DROP IDENTITY IF EXISTS");
  Retype(was, column, name);
  if (was.nullable && !column.nullable) Alter(alter + "SET NOT NULL");
  if (!was.nullable && column.nullable) Alter(alter + "DROP NOT NULL");
  if (!was.auto_increment && column.auto_increment) {
    // The source counts on in rows that have 0 there.
    RequireNone(Quote(name) + " = 0", "AUTO_INCREMENT gave new numbers to rows with 0 in " + name);
    Alter(alter + "DROP DEFAULT");
    Alter(alter + "ADD GENERATED BY DEFAULT AS IDENTITY");
  } else if (!SameDefault(was, column) && !column.auto_increment) {
    const std::string value = new_.Default(column, name);
    Alter(alter + (value.empty() ? "DROP DEFAULT" : "SET" + value));
  }
  if (was.comment != column.comment) Comment(column, name);
}

// ---------------------------------------------------------------- types

void Difference::Retype(const model::Column& was, const model::Column& column, const std::string& name) {
  const ForeignType old_type = ToPostgresqlType(before_, IndexOf(before_, was));
  const ForeignType type = ToPostgresqlType(after_, IndexOf(after_, column));
  if (!type.refusal.empty()) throw NotCarried(ddl_);
  const std::optional<std::string> changed = RowsThatChange(was.type, column.type, Quote(name));
  if (!changed) throw NotCarried(ddl_, "it may change what rows have in column " + column.name);
  if (!changed->empty()) RequireNone(*changed, "rows have in " + name + " what its new type at the source cannot hold");
  if (old_type.labels != type.labels) return RetypeEnum(old_type, type, was, column, name);
  if (was.type.kind == TypeKind::kSet && column.type.kind == TypeKind::kSet) {
    // The text of a row has them in this order; what a row has and the set has no more, the check finds.
    const auto& old_elements = old_type.elements;
    if (OnlyThose(old_elements, type.elements) != OnlyThose(type.elements, old_elements)) throw NotCarried(ddl_);
    return;
  }
  const bool is_enum = column.type.kind == TypeKind::kEnum && type.labels.empty();  // as text
  if (is_enum &&
      (was.type.kind != TypeKind::kEnum || OnlyThose(was.type.elements, column.type.elements) != was.type.elements)) {
    throw NotCarried(ddl_);  // nothing here knows its elements: rows may have had others
  }
  if (old_type.text == type.text && old_type.elements.empty() == type.elements.empty()) return;
  if (!Converts(was.type, column.type)) throw NotCarried(ddl_);
  if (old_type.text != type.text) Alter("ALTER COLUMN " + Quote(name) + " TYPE " + type.text);
}

// Labels that come to be between those that are there; false: others go, or change places.
bool Difference::AddLabels(const std::vector<std::string>& old_labels, const std::vector<std::string>& labels,
                           const model::ObjectName& type) {
  if (old_labels.empty() || OnlyThose(labels, old_labels) != old_labels) return false;
  for (size_t i = 0; i < labels.size(); ++i) {
    if (std::find(old_labels.begin(), old_labels.end(), labels[i]) != old_labels.end()) continue;
    const std::string place = i == 0 ? "BEFORE " + Literal(old_labels.front()) : "AFTER " + Literal(labels[i - 1]);
    first_.push_back(fmt::format("ALTER TYPE {} ADD VALUE IF NOT EXISTS {} {}", Quote(type.database, type.name),
                                 Literal(labels[i]), place));
  }
  return true;
}

// Rows keep their texts. What a row has and the new type has not, the server refuses, and then nothing is done.
void Difference::RetypeEnum(const ForeignType& old_type, const ForeignType& type, const model::Column& was,
                            const model::Column& column, const std::string& name) {
  const auto is_text = [](const model::Column& one) {
    return IsCharacters(one.type.kind) || one.type.kind == TypeKind::kEnum;
  };
  // Numbers become elements by their place.
  if (!is_text(was) || !is_text(column)) throw NotCarried(ddl_);
  if (!type.labels.empty() && AddLabels(old_type.labels, type.labels, old_.EnumName(old_.NameOf(was)))) return;
  const model::ObjectName own = new_.EnumName(name);
  const std::string full = Quote(own.database, own.name);
  const std::string before = "sluice had " + std::to_string(IndexOf(before_, was));
  const std::string alter = "ALTER COLUMN " + Quote(name) + " ";
  if (!old_type.labels.empty()) Add(fmt::format("ALTER TYPE {} RENAME TO {}", full, Quote(before)));
  if (!type.labels.empty()) Add(new_.CreateEnum(own, type.labels));
  Alter(alter + "DROP DEFAULT");
  const std::string now = type.labels.empty() ? type.text : full;
  Alter(fmt::format("{}TYPE {} USING {}::text::{}", alter, now, Quote(name), type.labels.empty() ? "text" : full));
  const std::string value = new_.Default(column, name);
  if (!value.empty() && !column.auto_increment) Alter(alter + "SET" + value);
  if (!old_type.labels.empty()) Add("DROP TYPE " + Quote(own.database, before));
}

}  // namespace sluice::postgresql
