// Statements of everything beside tables.
#include <fmt/format.h>

#include "connectors/postgresql/codes.h"
#include "connectors/postgresql/connection.h"
#include "connectors/postgresql/schema.h"

namespace sluice::postgresql {
namespace {

using connector::SchemaStage;
using connector::SchemaStatement;
using model::ObjectKind;

SchemaStage StageOf(const model::SchemaObject& object) {
  if (object.before_tables) return SchemaStage::kTypes;
  switch (object.kind) {
    case ObjectKind::kTrigger:
    // A rule acts on what Sluice applies, as a trigger does.
    case ObjectKind::kRule:
      return SchemaStage::kTriggers;
    case ObjectKind::kPolicy:
      // Row security that is forced holds for the account that Sluice writes with.
      return object.name.name.empty() ? SchemaStage::kTriggers : SchemaStage::kObjects;
    default:
      return SchemaStage::kObjects;
  }
}

bool IsOfTable(ObjectKind kind) {
  return kind == ObjectKind::kTrigger || kind == ObjectKind::kRule || kind == ObjectKind::kPolicy;
}

// Which columns of tables that the statement names are called otherwise at the destination: what uses them is not
// rewritten, since only the server knows whose column a name is.
void NoteRenamedColumns(const model::SchemaObject& object, const model::NameMap& names, SchemaStatement& statement) {
  std::set<std::string> words;
  for (const sql::Token& token : sql::Tokenize(object.create_statement, kDialect)) {
    if (token.IsName()) words.insert(token.value);
  }
  for (const model::ObjectName& relation : object.named_relations) {
    if (!names.Selected(relation)) continue;
    std::string renamed;
    for (const std::string& word : words) {
      const std::string mapped = names.MapColumn(relation, word);
      if (mapped != word) renamed += (renamed.empty() ? "" : ", ") + word + " is " + mapped;
    }
    if (renamed.empty()) continue;
    statement.notes.push_back(fmt::format(
        "may fail: columns of {} have other names at the destination ({}). If it uses them, give it its new "
        "statement with `sluice schema retry`",
        relation.Text(), renamed));
  }
}

// EXECUTE FUNCTION of a trigger is EXECUTE PROCEDURE before 11.
std::string WithOldWords(const std::string& sql) {
  sql::Tokens tokens = sql::Tokenize(sql, kDialect);
  bool changed = false;
  for (size_t i = 1; i < tokens.size(); ++i) {
    if (!tokens[i].Is("FUNCTION") || !tokens[i - 1].Is("EXECUTE")) continue;
    tokens[i].text = tokens[i].value = "PROCEDURE";
    changed = true;
  }
  return changed ? sql::Render(tokens) : sql;
}

// Before 14 a range has no multirange beside it.
void DropMultirange(uint32_t version, SchemaStatement& statement) {
  constexpr std::string_view kOption = ", multirange_type_name = ";
  const size_t at = statement.sql.find(kOption);
  if (version >= 140000 || statement.kind != ObjectKind::kType || at == std::string::npos) return;
  const size_t end = statement.sql.find(')', at);
  statement.sql.erase(at, end == std::string::npos ? end : end - at);
  statement.notes.push_back("its multirange type needs PostgreSQL 14, the destination is older");
}

void NoteVersion(const model::SchemaObject& object, uint32_t version, SchemaStatement& statement) {
  const auto needs = [&](uint32_t wanted, const char* what) {
    if (version >= wanted) return;
    statement.notes.push_back(fmt::format("{} need PostgreSQL {}, the destination is older", what, wanted / 10000));
  };
  if (object.kind == ObjectKind::kProcedure) needs(110000, "procedures");
  if (object.kind == ObjectKind::kFunction && object.create_statement.find("BEGIN ATOMIC") != std::string::npos) {
    needs(140000, "functions with a body in standard SQL");
  }
  if (object.kind == ObjectKind::kCollation && object.create_statement.find("provider = ") != std::string::npos) {
    needs(100000, "collations of a provider");
  }
}

std::string ExtensionStatement(const model::SchemaObject& object, const std::string& schema) {
  return fmt::format("CREATE EXTENSION {} WITH SCHEMA {}", Quote(object.name.name), Quote(schema));
}

// The view is made empty and filled at the very end, when the tables have what they are to have.
std::vector<SchemaStatement> SplitStored(SchemaStatement statement) {
  constexpr std::string_view kWith = "\nWITH DATA";
  const size_t at = statement.sql.find(kWith);
  const bool is_end =
      at != std::string::npos && (at + kWith.size() == statement.sql.size() || statement.sql[at + kWith.size()] == ';');
  if (!is_end) return {std::move(statement)};
  statement.sql.replace(at, kWith.size(), "\nWITH NO DATA");
  SchemaStatement refresh = statement;
  refresh.stage = SchemaStage::kTriggers;
  refresh.label = "contents of " + statement.label;
  refresh.sql = "REFRESH MATERIALIZED VIEW " + Quote(statement.object.database, statement.object.name);
  refresh.notes.clear();
  return {std::move(statement), std::move(refresh)};
}

}  // namespace

std::vector<SchemaStatement> TranslateObject(const model::SchemaObject& object, const model::NameMap& names,
                                             uint32_t version) {
  const std::string kind(model::Name(object.kind));
  if (object.create_statement.empty()) {
    throw Error(kNotTranslatable)
        .Object(kind + " " + object.name.Text())
        .Cause("The source does not show its statement: it may have been dropped meanwhile.")
        .Remedy("Run the task again, or skip it with `sluice schema skip`.");
  }
  References references;
  references.relations.insert(object.named_relations.begin(), object.named_relations.end());
  references.others.insert(object.named_others.begin(), object.named_others.end());
  const NameRewriter rewriter(references, names);
  const bool view = object.kind == ObjectKind::kView || object.kind == ObjectKind::kMaterializedView;

  SchemaStatement statement;
  statement.stage = StageOf(object);
  statement.kind = object.kind;
  statement.source = object.name;
  statement.object =
      view ? names.Map(object.name) : model::ObjectName{names.MapDatabase(object.name.database), object.name.name};
  statement.sql = rewriter.Rewrite(object.create_statement);
  statement.signature = rewriter.Rewrite(object.signature);
  statement.label = kind + " " + statement.object.Text();
  if (!object.signature.empty() || object.kind == ObjectKind::kFunction || object.kind == ObjectKind::kProcedure) {
    statement.label += "(" + statement.signature + ")";
  }
  if (IsOfTable(object.kind)) {
    statement.table = names.Map(object.table);
    statement.object.database = statement.table.database;
    const std::string what = object.name.name.empty() ? "row security" : kind + " " + object.name.name;
    statement.label = what + " of " + statement.table.Text();
  }
  if (object.kind == ObjectKind::kExtension) {
    statement.sql = ExtensionStatement(object, statement.object.database);
    statement.label = "extension " + object.name.name;
  }
  if (version < 110000 && object.kind == ObjectKind::kTrigger) statement.sql = WithOldWords(statement.sql);
  DropMultirange(version, statement);
  NoteVersion(object, version, statement);
  NoteRenamedColumns(object, names, statement);
  if (object.kind == ObjectKind::kMaterializedView) return SplitStored(std::move(statement));
  return {std::move(statement)};
}

}  // namespace sluice::postgresql
