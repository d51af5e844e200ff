#include "connectors/postgresql/ddl.h"

#include <fmt/format.h>

#include <algorithm>

#include "connectors/postgresql/codes.h"
#include "connectors/postgresql/connection.h"

namespace sluice::postgresql {
namespace {

constexpr std::string_view kTruncate = "TRUNCATE TABLE ";
constexpr std::string_view kOnly = "ONLY ";
constexpr std::string_view kRestart = " RESTART IDENTITY";

bool Take(std::string_view& text, std::string_view word) {
  if (!text.starts_with(word)) return false;
  text.remove_prefix(word.size());
  return true;
}

std::optional<std::string> TakeQuoted(std::string_view& text) {
  if (!Take(text, "\"")) return std::nullopt;
  std::string name;
  while (!text.empty()) {
    const char c = text.front();
    text.remove_prefix(1);
    if (c == '"' && !Take(text, "\"")) return name;
    name += c;
  }
  return std::nullopt;
}

}  // namespace

std::string TruncateStatement::Text() const {
  std::string text(kTruncate);
  for (const Target& target : tables) {
    if (&target != &tables.front()) text += ", ";
    if (target.only) text += kOnly;
    text += Quote(target.name.database, target.name.name);
  }
  if (restart_identity) text += kRestart;
  return text;
}

std::optional<TruncateStatement> TruncateStatement::Parse(std::string_view text) {
  TruncateStatement statement;
  if (!Take(text, kTruncate)) return std::nullopt;
  do {
    Target target;
    target.only = Take(text, kOnly);
    const std::optional<std::string> schema = TakeQuoted(text);
    if (!schema || !Take(text, ".")) return std::nullopt;
    const std::optional<std::string> name = TakeQuoted(text);
    if (!name) return std::nullopt;
    target.name = {*schema, *name};
    statement.tables.push_back(std::move(target));
  } while (Take(text, ", "));
  statement.restart_identity = Take(text, kRestart);
  if (!text.empty()) return std::nullopt;
  return statement;
}

Error NotCarried(const model::DdlChange& ddl, const std::string& why) {
  return Error(kUnsupported)
      .Object(ddl.objects.empty() ? "" : "table " + ddl.objects.front().Text())
      .Cause("A statement that changes tables is not carried" + (why.empty() ? "" : " (" + why + ")") + ": " +
             ddl.statement.substr(0, 400))
      .Remedy("Make the same change at the destination by hand, then begin anew with `sluice run --restart`.");
}

std::vector<connector::TableChange> DescribeAfterDdl(const model::DdlChange& ddl,
                                                     const std::vector<model::TablePtr>& before) {
  std::vector<connector::TableChange> out;
  if (ddl.kind == model::DdlKind::kTruncateTable) {
    for (const model::TablePtr& table : before) {
      if (table != nullptr) out.push_back({table->name, table, table});
    }
    return out;
  }
  if (ddl.after.size() != ddl.objects.size()) throw NotCarried(ddl);
  for (size_t i = 0; i < ddl.objects.size(); ++i) {
    const auto found = std::find_if(before.begin(), before.end(), [&](const model::TablePtr& table) {
      return table != nullptr && table->name == ddl.objects[i];
    });
    const model::TablePtr was = found == before.end() ? nullptr : *found;
    const model::TablePtr& is = ddl.after[i];
    if (is != nullptr && is->name != ddl.objects[i]) {
      out.push_back({.name = ddl.objects[i], .before = was, .after = nullptr, .renamed_to = is->name});
      out.push_back({.name = is->name, .before = nullptr, .after = is});
    } else {
      out.push_back({.name = ddl.objects[i], .before = was, .after = is});
    }
  }
  return out;
}

std::vector<connector::SchemaStatement> TranslateTruncate(const model::DdlChange& ddl, const model::NameMap& names) {
  if (ddl.kind != model::DdlKind::kTruncateTable) throw NotCarried(ddl);
  const std::optional<TruncateStatement> source = TruncateStatement::Parse(ddl.statement);
  if (!source) return {};
  TruncateStatement carried;
  carried.restart_identity = source->restart_identity;
  const bool any_root = std::any_of(ddl.objects.begin(), ddl.objects.end(),
                                    [&](const model::ObjectName& name) { return names.Selected(name); });
  for (const TruncateStatement::Target& target : source->tables) {
    const bool is_table = std::find(ddl.objects.begin(), ddl.objects.end(), target.name) != ddl.objects.end();
    if (is_table ? !names.Selected(target.name) : !any_root) continue;
    carried.tables.push_back({names.Map(target.name), target.only});
  }
  if (carried.tables.empty()) return {};
  connector::SchemaStatement statement;
  statement.stage = connector::SchemaStage::kBeforeLoad;
  statement.source = source->tables.front().name;
  statement.object = carried.tables.front().name;
  statement.label = "truncate table " + statement.object.Text();
  statement.sql = carried.Text();
  return {statement};
}

std::string MoveStatements(const model::ObjectName& from, const model::ObjectName& to) {
  std::string sql;
  if (from.name != to.name) {
    sql = "ALTER TABLE " + Quote(from.database, from.name) + " RENAME TO " + Quote(to.name);
  }
  if (from.database != to.database) {
    sql += (sql.empty() ? "" : ";\n") + ("ALTER TABLE " + Quote(from.database, to.name) + " SET SCHEMA ") +
           Quote(to.database);
  }
  return sql;
}

std::vector<std::string> RenamesOfColumns(std::vector<std::pair<std::string, std::string>> moves) {
  std::vector<std::string> statements;
  const auto rename = [&](const std::string& from, const std::string& to) {
    statements.push_back(fmt::format("RENAME COLUMN {} TO {}", Quote(from), Quote(to)));
  };
  const bool cross = std::any_of(moves.begin(), moves.end(), [&](const auto& move) {
    return std::any_of(moves.begin(), moves.end(), [&](const auto& other) { return other.first == move.second; });
  });
  if (cross) {
    for (size_t i = 0; i < moves.size(); ++i) {
      std::string between = fmt::format("sluice moves {}", i);
      rename(moves[i].first, between);
      moves[i].first = std::move(between);
    }
  }
  for (const auto& [from, to] : moves) rename(from, to);
  return statements;
}

}  // namespace sluice::postgresql
