#include "connectors/mysql/routines.h"

#include <fmt/format.h>

#include "connectors/mysql/codes.h"
#include "connectors/mysql/connection.h"
#include "connectors/mysql/create_table_column.h"
#include "connectors/mysql/ddl.h"
#include "connectors/mysql/schema.h"
#include "sql/cursor.h"

namespace sluice::mysql {
namespace {

using connector::SchemaStage;
using connector::SchemaStatement;
using model::ObjectKind;
using sql::Cursor;
using sql::Tokens;

// What stands before the name: the parts that are kept are collected, DEFINER and SQL SECURITY are not.
struct Head {
  bool alter = false;
  bool or_replace = false;
  bool aggregate = false;
  bool if_not_exists = false;
  std::string algorithm;
  model::ObjectName name;
};

bool TakeHead(Cursor& cursor, std::string_view kind_word, Head& head) {
  while (!cursor.AtEnd() && !cursor.SeesWord("CREATE") && !cursor.SeesWord("ALTER")) cursor.Skip();
  head.alter = cursor.SeesWord("ALTER");
  cursor.Skip();
  while (!cursor.AtEnd() && !cursor.TakeWord(kind_word)) {
    if (cursor.TakeWords({"OR", "REPLACE"})) {
      head.or_replace = true;
    } else if (cursor.TakeWords({"SQL", "SECURITY"})) {
      cursor.Skip();
    } else if (cursor.TakeWord("AGGREGATE")) {
      head.aggregate = true;
    } else if (cursor.TakeWord("ALGORITHM")) {
      cursor.TakeSymbol("=");
      head.algorithm = cursor.Peek().text;
      cursor.Skip();
    } else if (cursor.TakeWord("DEFINER")) {
      cursor.TakeSymbol("=");
      cursor.SkipAccount();
    } else {
      cursor.Skip();
    }
  }
  head.if_not_exists = cursor.TakeWords({"IF", "NOT", "EXISTS"});
  return cursor.TakeName(head.name, "");
}

// RETURNS type [CHARSET x] [COLLATE y]: the index behind it.
size_t ReturnsEnd(const Tokens& tokens, size_t at) {
  Cursor cursor(tokens, at);
  if (!cursor.TakeWord("RETURNS")) return at;
  cursor.Skip();
  cursor.TakeWord("PRECISION");
  cursor.TakeWord("VARYING");
  cursor.SkipParentheses();
  while (cursor.TakeWord("UNSIGNED") || cursor.TakeWord("SIGNED") || cursor.TakeWord("ZEROFILL") ||
         cursor.TakeWord("BINARY") || cursor.TakeWord("ASCII") || cursor.TakeWord("UNICODE")) {
  }
  if (cursor.TakeWord("CHARSET") || cursor.TakeWords({"CHARACTER", "SET"}) || cursor.TakeWords({"CHAR", "SET"})) {
    cursor.Skip();
  }
  if (cursor.TakeWord("COLLATE")) cursor.Skip();
  return cursor.at();
}

// The characteristics of a routine from `at` on, without SQL SECURITY; `at` moves to the body.
std::string TakeCharacteristics(const Tokens& tokens, size_t& at) {
  std::string kept;
  Cursor cursor(tokens, at);
  while (!cursor.AtEnd()) {
    const size_t begin = cursor.at();
    if (cursor.TakeWords({"SQL", "SECURITY"})) {
      cursor.Skip();
      continue;
    }
    const bool known = cursor.TakeWords({"LANGUAGE", "SQL"}) || cursor.TakeWords({"NOT", "DETERMINISTIC"}) ||
                       cursor.TakeWord("DETERMINISTIC") || cursor.TakeWords({"CONTAINS", "SQL"}) ||
                       cursor.TakeWords({"NO", "SQL"}) || cursor.TakeWords({"READS", "SQL", "DATA"}) ||
                       cursor.TakeWords({"MODIFIES", "SQL", "DATA"});
    if (!known && cursor.SeesWord("COMMENT") && cursor.Peek(1).IsString()) {
      cursor.Skip(2);
    } else if (!known) {
      break;
    }
    kept += "\n    " + sql::Render(tokens, begin, cursor.at());
  }
  at = cursor.at();
  return kept;
}

std::string_view WordOf(ObjectKind kind) {
  switch (kind) {
    case ObjectKind::kView:
      return "VIEW";
    case ObjectKind::kProcedure:
      return "PROCEDURE";
    case ObjectKind::kFunction:
      return "FUNCTION";
    default:
      return "TRIGGER";
  }
}

std::string ViewText(const Head& head, const model::ObjectName& name, const Tokens& tokens, size_t at) {
  std::string text = head.alter ? "ALTER " : head.or_replace ? "CREATE OR REPLACE " : "CREATE ";
  if (!head.algorithm.empty()) text += "ALGORITHM=" + head.algorithm + " ";
  text += "SQL SECURITY INVOKER VIEW ";
  if (head.if_not_exists) text += "IF NOT EXISTS ";
  return text + Quote(name.database, name.name) + " " + sql::Render(tokens, at, tokens.size());
}

std::string RoutineText(ObjectKind kind, const Head& head, const model::ObjectName& name, const Tokens& tokens,
                        size_t at) {
  std::string text = "CREATE ";
  if (head.or_replace) text += "OR REPLACE ";
  if (head.aggregate) text += "AGGREGATE ";
  text += std::string(WordOf(kind)) + " ";
  if (head.if_not_exists) text += "IF NOT EXISTS ";
  text += Quote(name.database, name.name);
  const size_t parameters_end = sql::ClosingEnd(tokens, at);
  size_t end = ReturnsEnd(tokens, parameters_end);
  text += sql::Render(tokens, at, parameters_end);
  if (end > parameters_end) text += " " + sql::Render(tokens, parameters_end, end);
  text += TakeCharacteristics(tokens, end) + "\n    SQL SECURITY INVOKER\n";
  return text + sql::Render(tokens, end, tokens.size());
}

// At BEFORE or AFTER.
std::string TriggerText(const model::ObjectName& name, const BodyContext& context, const model::NameMap& names,
                        const Tokens& tokens, size_t at) {
  size_t on = at;
  while (on < tokens.size() && !tokens[on].Is("ON")) ++on;
  Cursor cursor(tokens, on + 1);
  model::ObjectName table;
  cursor.TakeName(table, context.default_database);
  const model::ObjectName mapped = names.Map(context.trigger_table);
  return "CREATE TRIGGER " + Quote(name.database, name.name) + " " + sql::Render(tokens, at, on + 1) + " " +
         Quote(mapped.database, mapped.name) + " " + sql::Render(tokens, cursor.at(), tokens.size());
}

// Behind "ON table" of a trigger; names in its head are no names of a body.
size_t BodyBegin(ObjectKind kind, const Tokens& tokens, size_t at) {
  if (kind != ObjectKind::kTrigger) return at;
  Cursor cursor(tokens, at);
  while (!cursor.AtEnd() && !cursor.TakeWords({"FOR", "EACH", "ROW"})) cursor.Skip();
  return cursor.at();
}

}  // namespace

std::string TranslateObjectStatement(ObjectKind kind, std::string_view statement, const sql::Dialect& dialect,
                                     const BodyContext& context, const model::ObjectName& name,
                                     const model::NameMap& names, const Flavour& flavour, Notes& notes) {
  Tokens tokens = sql::Tokenize(statement, dialect);
  Cursor cursor(tokens);
  Head head;
  if (!TakeHead(cursor, WordOf(kind), head)) {
    throw Error(kUnreadableDefinition)
        .Object(std::string(model::Name(kind)) + " " + name.Text())
        .Cause("Its statement is: " + std::string(statement.substr(0, 400)))
        .Remedy("Edit the statement with `sluice schema retry`, or skip the object.");
  }
  const size_t at = cursor.at();
  MapNames(tokens, BodyBegin(kind, tokens, at), context, names);
  flavour.TranslateExpression(tokens, at, notes);
  if (at < tokens.size()) tokens[at].gap.clear();
  switch (kind) {
    case ObjectKind::kView:
      return ViewText(head, name, tokens, at);
    case ObjectKind::kTrigger:
      return TriggerText(name, context, names, tokens, at);
    default:
      return RoutineText(kind, head, name, tokens, at);
  }
}

std::vector<SchemaStatement> MySqlSchemaWriter::Translate(const model::SchemaObject& object,
                                                          const model::NameMap& names,
                                                          const connector::ServerInfo& source) {
  const std::string title = std::string(model::Name(object.kind)) + " ";
  if (object.create_statement.empty()) {
    throw Error(kNoDefinition)
        .Object(title + object.name.Text())
        .Cause("The source does not show its statement: it may use something that is not there any more.")
        .Remedy("Mend or drop it at the source, or skip it with `sluice schema skip`.");
  }
  const Flavour flavour(source, capabilities_);
  SchemaStatement statement;
  statement.stage = object.kind == ObjectKind::kTrigger ? SchemaStage::kTriggers : SchemaStage::kObjects;
  statement.kind = object.kind;
  statement.source = object.name;
  BodyContext context;
  context.default_database = object.name.database;
  if (object.kind == ObjectKind::kView) {
    context.view = true;
    statement.object = names.Map(object.name);
  } else if (object.kind == ObjectKind::kTrigger) {
    context.trigger_table = object.table;
    statement.object = {names.Map(object.table).database, object.name.name};
  } else {
    statement.object = {names.MapDatabase(object.name.database), object.name.name};
  }
  statement.label = title + statement.object.Text();
  statement.default_database = statement.object.database;
  statement.charset = object.charset.empty() ? "" : flavour.Charset(object.charset);
  statement.collation = flavour.Collation(object.collation, statement.notes);
  if (object.kind != ObjectKind::kView) {
    statement.sql_mode = flavour.SqlMode(object.sql_mode);
    // An empty mode would mean the session's strict one; this one changes nothing else.
    if (statement.sql_mode.empty()) statement.sql_mode = "NO_ENGINE_SUBSTITUTION";
  }
  const std::string_view mode = object.kind == ObjectKind::kView ? "" : std::string_view(object.sql_mode);
  statement.sql =
      TranslateObjectStatement(object.kind, object.create_statement, DialectFor(mode, source.flavour, source.version),
                               context, statement.object, names, flavour, statement.notes);
  return {statement};
}

}  // namespace sluice::mysql
