#include "pipeline/ddl_barrier.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "model/table_json.h"
#include "pipeline/apply_failure.h"
#include "pipeline/codes.h"
#include "pipeline/ordinals.h"
#include "selection/selection.h"

namespace sluice::pipeline {

using connector::Bookkeeping;
using connector::SchemaStage;
using connector::SchemaStatement;
using connector::SchemaWriter;
using model::DdlChange;
using model::DdlKind;
using model::ObjectName;
using model::Table;
using model::TablePtr;

namespace {

constexpr const char* kNotCarriedKind = "statements of this kind are not carried";

bool ChangesTables(DdlKind kind) {
  switch (kind) {
    case DdlKind::kCreateTable:
    case DdlKind::kAlterTable:
    case DdlKind::kDropTable:
    case DdlKind::kRenameTable:
    case DdlKind::kCreateIndex:
    case DdlKind::kDropIndex:
      return true;
    default:
      return false;  // TRUNCATE leaves the description as it is
  }
}

std::vector<ObjectName> AllNames(const DdlChange& ddl) {
  std::vector<ObjectName> names = ddl.objects;
  for (const ObjectName& name : ddl.new_names) {
    if (!name.name.empty()) names.push_back(name);
  }
  return names;
}

// The note: "<ordinal> <statement number>\n<fingerprint>".
struct DdlNote {
  uint64_t ordinal = 0;
  size_t statement = 0;
  std::string fingerprint;
};

std::string NoteText(const DdlNote& note) {
  return fmt::format("{} {}\n{}", note.ordinal, note.statement, note.fingerprint);
}

std::optional<DdlNote> ParseNote(const std::optional<std::string>& text) {
  if (!text) return std::nullopt;
  DdlNote note;
  const char* end = text->data() + text->size();
  const auto ordinal = std::from_chars(text->data(), end, note.ordinal);
  if (ordinal.ec != std::errc() || ordinal.ptr == end) return std::nullopt;
  const auto statement = std::from_chars(ordinal.ptr + 1, end, note.statement);
  if (statement.ec != std::errc() || statement.ptr == end) return std::nullopt;
  note.fingerprint.assign(statement.ptr + 1, end);
  return note;
}

Error Refused(const DdlChange& ddl, const std::string& why_not) {
  return Error(kDdlRefused)
      .Object("table " + ddl.objects.front().Text())
      .Cause(fmt::format("{}, and what is written into the table from now on does not fit the destination's: {}",
                         why_not, ddl.statement.substr(0, 500)))
      .Remedy(fmt::format("List {} in operations.ddl of the task file and begin anew with `sluice run --restart`.",
                          model::Name(ddl.kind)))
      .Side("source");
}

Error Collides(const DdlChange& ddl, const ObjectName& known, const ObjectName& added, const std::string& cause) {
  return Error(selection::kNameCollision)
      .Object(fmt::format("tables {} and {}", known.Text(), added.Text()))
      .Cause(fmt::format("{} since this statement of the source: {}", cause, ddl.statement.substr(0, 500)))
      .Remedy(
          "Give one of them another name with `rename`, or leave it out with `exclude`, and begin anew with "
          "`sluice run --restart`.")
      .Side("source");
}

Error DatabaseGone(const DdlChange& ddl) {
  return Error(kDdlRefused)
      .Object("database " + ddl.objects.front().database)
      .Cause(fmt::format("it was dropped with tables that the task carries, which is not done at the destination: {}",
                         ddl.statement.substr(0, 500)))
      .Remedy(
          "Begin anew with `sluice run --restart` when the database is there again, or take it out of the task's "
          "objects. The tables at the destination are left as they were.")
      .Side("source");
}

Error DescribeDdl(const Error& error, const model::Transaction& transaction, const std::string& statement) {
  ErrorInfo info = error.info();
  const std::string where = transaction.gtid.empty() ? transaction.end.json : transaction.gtid;
  info.cause = fmt::format("{}: {}; at the source: {}", info.OneLine(), statement.substr(0, 500),
                           transaction.ddl->statement.substr(0, 500));
  info.code = kDdlFailed.id;
  info.title = kDdlFailed.title;
  info.object = "schema statement of transaction " + where;
  if (info.remedy.empty()) {
    info.remedy = "Mend what the statement needs at the destination, then run the task again.";
  }
  return Error(std::move(info));
}

std::string RefusedText(const std::string& label, const Error& error, const std::string& statement, bool is_kept) {
  const std::string& cause = error.info().cause;
  return fmt::format("{} is refused by the destination ({}); {}: {}", label,
                     cause.substr(0, cause.find("; statement: ")),
                     is_kept ? "it is tried again when the destination has caught up, and at the switch-over"
                             : "the task goes on without it, and this would make it",
                     statement);
}

}  // namespace

void DdlBarrier::Pass(const model::Transaction& transaction, connector::ChangeStream& stream) {
  const DdlChange& ddl = *transaction.ddl;
  const std::vector<ObjectName> names = AllNames(ddl);
  if (names.empty()) {  // users, events ...
    if (context_.request.on_ddl_skipped) context_.request.on_ddl_skipped(ddl, kNotCarriedKind);
    return;
  }
  const bool concerns_us = std::any_of(names.begin(), names.end(), [&](const ObjectName& name) {
    return name.name.empty() ? HasTablesOf(name.database) : tables_.Selected(name);
  });
  if (!concerns_us) return;
  if (ddl.kind == DdlKind::kOther && ddl.rows_need_it) throw DatabaseGone(ddl);
  const std::string why_not = WhyNotCarried(ddl);
  if (!why_not.empty() && ddl.rows_need_it) throw Refused(ddl, why_not);
  RetryPauses pauses(context_);
  while (true) {
    try {
      const Outcome outcome = PassOnce(transaction, why_not);
      for (const ObjectName& name : outcome.ignored) tables_.Ignore(name);
      tables_.Redefine(outcome.redefined);
      for (const ApplyTables::Redefinition& change : outcome.redefined) stream.Define(change.name, change.table);
      return;
    } catch (const Error& error) {
      pauses.Wait(error);
    }
  }
}

bool DdlBarrier::HasTablesOf(const std::string& database) const {
  const std::vector<TablePtr> all = tables_.All();
  return std::any_of(all.begin(), all.end(), [&](const TablePtr& table) {
    return table->name.database == database && tables_.Selected(table->name);
  });
}

std::string DdlBarrier::WhyNotCarried(const DdlChange& ddl) const {
  if (ddl.kind == DdlKind::kOther) return kNotCarriedKind;
  for (const ObjectName& name : AllNames(ddl)) {
    if (!tables_.Selected(name)) continue;
    TablePtr table = tables_.Find(name);
    if (table == nullptr) {
      auto unknown = std::make_shared<Table>();  // not there yet, or no table: its rules go by the name
      unknown->name = name;
      table = std::move(unknown);
    }
    const model::TableMappingPtr mapping = context_.request.names->MapTable(*table);
    if (mapping != nullptr && mapping->operations.ddl.contains(ddl.kind)) return "";
  }
  return fmt::format("operations.ddl does not list {}", model::Name(ddl.kind));
}

std::vector<TablePtr> DdlBarrier::Before(const DdlChange& ddl) const {
  std::vector<TablePtr> before;
  const std::vector<ObjectName> names = AllNames(ddl);
  for (const ObjectName& name : names) {
    if (TablePtr table = tables_.Find(name)) before.push_back(std::move(table));
  }
  if (!context_.request.neutral) return before;
  for (TablePtr& table : tables_.All()) {
    const bool refers = std::any_of(table->foreign_keys.begin(), table->foreign_keys.end(), [&](const auto& key) {
      return std::find(names.begin(), names.end(), key.referenced) != names.end();
    });
    if (refers && std::find(before.begin(), before.end(), table) == before.end()) before.push_back(std::move(table));
  }
  return before;
}

// As at the start of a task, for tables that this statement makes or gives another name. Statements that change names
// in turn are judged by what they end with.
void DdlBarrier::RefuseCollisions(const DdlChange& ddl, const std::vector<ApplyTables::Redefinition>& redefined) const {
  const model::NameMap& names = *context_.request.names;
  std::set<ObjectName> there;
  std::vector<ObjectName> added;
  for (const TablePtr& table : tables_.All()) there.insert(table->name);
  for (const ApplyTables::Redefinition& change : redefined) {
    if (change.table == nullptr || !tables_.Selected(change.name)) {
      there.erase(change.name);
    } else if (there.insert(change.name).second) {
      added.push_back(change.name);
    }
  }
  if (added.empty()) return;
  // As texts, as which the notes and the task's records keep them.
  std::map<std::string, std::vector<ObjectName>> by_text;
  std::map<std::string, std::vector<ObjectName>> by_destination;
  for (const ObjectName& name : there) {
    by_text[name.Text()].push_back(name);
    by_destination[names.Map(name).Text()].push_back(name);
  }
  for (const ObjectName& name : added) {
    const std::string destination = names.Map(name).Text();
    for (const ObjectName& other : by_destination[destination]) {
      if (other != name) throw Collides(ddl, other, name, fmt::format("Both are {} at the destination", destination));
    }
    for (const ObjectName& other : by_text[name.Text()]) {
      if (other != name) throw Collides(ddl, other, name, "Only the places of their dots tell them apart");
    }
  }
}

DdlBarrier::Outcome DdlBarrier::PassOnce(const model::Transaction& transaction, const std::string& why_not) {
  const DdlChange& ddl = *transaction.ddl;
  const ApplyRequest& request = context_.request;
  const connector::SessionContext session{context_.work, "schema statement"};
  auto writer = request.destination->OpenSchemaWriter(session);
  auto bookkeeping = request.destination->OpenBookkeeping(session);

  Outcome outcome;
  std::vector<connector::TableChange> changes;
  if (ChangesTables(ddl.kind)) {
    changes = request.neutral ? request.source->DescribeAfter(ddl, Before(ddl), session)
                              : writer->DescribeAfter(ddl, Before(ddl), request.source_server);
    for (const connector::TableChange& change : changes) {
      const bool is_new = change.after != nullptr && tables_.Find(change.name) == nullptr;
      if (!why_not.empty() && is_new && ddl.kind == DdlKind::kCreateTable && tables_.Selected(change.name)) {
        outcome.ignored.push_back(change.name);
        continue;
      }
      outcome.redefined.push_back({change.name, change.after, why_not.empty() ? "" : ddl.statement.substr(0, 300)});
    }
  }
  RefuseCollisions(ddl, outcome.redefined);
  const bool by_description = request.neutral || !ddl.after.empty();
  if (why_not.empty()) {
    RunStatements(transaction,
                  by_description ? writer->Translate(changes, tables_.All(), ddl, *request.names, request.source_server)
                                 : writer->Translate(ddl, *request.names, request.source_server),
                  *writer, *bookkeeping, outcome);
  }
  Save(transaction, outcome, *bookkeeping);
  if (!outcome.ran.empty()) {
    if (request.progress != nullptr) ++request.progress->ddl;
    if (request.on_ddl_applied) request.on_ddl_applied(ddl, outcome.ran);
  } else if (request.on_ddl_skipped) {
    request.on_ddl_skipped(ddl, why_not.empty() ? "nothing of it concerns what is carried" : why_not);
  }
  return outcome;
}

void DdlBarrier::RunStatements(const model::Transaction& transaction, const std::vector<SchemaStatement>& statements,
                               SchemaWriter& writer, Bookkeeping& bookkeeping, Outcome& outcome) {
  using IfRefused = SchemaStatement::IfRefused;
  const std::string& task = context_.request.task;
  std::vector<ObjectName> named;
  for (const ObjectName& name : AllNames(*transaction.ddl)) named.push_back(context_.request.names->Map(name));

  const std::optional<DdlNote> noted = ParseNote(bookkeeping.LoadNote(task, kDdlNote));
  const bool was_interrupted = noted && noted->ordinal == transaction.ordinal;
  for (size_t i = 0; i < statements.size(); ++i) {
    const SchemaStatement& statement = statements[i];
    const bool stops = statement.if_refused == IfRefused::kStop;
    const bool may_repeat = !stops || (context_.request.neutral && statement.stage == SchemaStage::kForeignKeys);
    if (stops) outcome.ran.push_back(statement.sql);
    for (const std::string& note : statement.notes) Tell(statement.label + ": " + note);
    if (!may_repeat && was_interrupted && i < noted->statement) continue;
    // A statement may be about a table that refers to those that are named.
    std::vector<ObjectName> objects = named;
    const bool is_named = std::find(named.begin(), named.end(), statement.object) != named.end();
    if (!is_named && context_.request.neutral) objects.push_back(statement.object);
    const std::string fingerprint = writer.Fingerprint(objects);
    const bool is_next = was_interrupted && i == noted->statement;
    if (!may_repeat && is_next && fingerprint != noted->fingerprint) continue;
    bookkeeping.SaveNotes(task, {{kDdlNote, NoteText({transaction.ordinal, i, fingerprint})}}, nullptr);
    const bool is_kept = statement.if_refused == IfRefused::kTryLater;
    try {
      writer.Execute(statement);
      if (!stops) outcome.ran.push_back(statement.sql);
      if (is_kept) outcome.later.push_back({kLaterNotes + statement.label, std::nullopt});
    } catch (const Error& error) {
      if (!connector::IsRefusal(error.info())) throw;
      if (stops) throw DescribeDdl(error, transaction, statement.sql);
      Tell(RefusedText(statement.label, error, statement.sql, is_kept));
      if (is_kept) outcome.later.push_back({kLaterNotes + statement.label, statement.sql});
    }
  }
}

void DdlBarrier::Save(const model::Transaction& transaction, const Outcome& outcome, Bookkeeping& bookkeeping) {
  std::vector<Bookkeeping::Note> notes;
  for (const ApplyTables::Redefinition& change : outcome.redefined) {
    notes.push_back({kDefinitionNotes + change.name.Text(), change.table ? model::ToJson(*change.table) : ""});
  }
  for (const ObjectName& name : outcome.ignored) notes.push_back({kIgnoredNotes + name.Text(), ""});
  notes.insert(notes.end(), outcome.later.begin(), outcome.later.end());
  notes.push_back({kDdlNote, std::nullopt});

  connector::ApplyProgress progress = context_.queues.Collapsed();
  OrdinalSet done = OrdinalSet::Parse(progress.done).ValueOrThrow();
  done.RemoveUpTo(transaction.ordinal);
  progress.done = done.Text();
  progress.low_ordinal = transaction.ordinal;
  progress.low = transaction.end;
  progress.committed_micros = transaction.committed_micros;
  bookkeeping.SaveNotes(context_.request.task, notes, &progress);
}

namespace {

ObjectName ParseName(const std::string& text, const ApplyRequest& request) {
  for (const TablePtr& table : request.tables) {
    if (table->name.Text() == text) return table->name;
  }
  // Either name may have dots: where a database of the task ends, the table's name begins.
  const size_t first = text.find('.');
  for (size_t point = first; point != std::string::npos; point = text.find('.', point + 1)) {
    const std::string database = text.substr(0, point);
    const bool is_known = std::any_of(request.tables.begin(), request.tables.end(),
                                      [&](const TablePtr& table) { return table->name.database == database; });
    if (is_known) return {database, text.substr(point + 1)};
  }
  if (first == std::string::npos) return {"", text};
  return {text.substr(0, first), text.substr(first + 1)};
}

TablePtr ParseDefinition(const std::string& note, const std::string& json) {
  try {
    return model::TableFromJson(json);
  } catch (const std::exception& error) {
    throw Error(kBadProgress)
        .Object("note " + note)
        .Cause(std::string("it is no description of a table: ") + error.what())
        .Remedy("Begin anew with --restart; the destination's bookkeeping was changed from outside.")
        .Side("destination");
  }
}

}  // namespace

std::vector<TablePtr> CurrentDefinitions(const ApplyRequest& request, Bookkeeping& bookkeeping,
                                         std::set<ObjectName>& ignored) {
  const size_t ignored_prefix = std::string_view(kIgnoredNotes).size();
  for (const auto& [name, text] : bookkeeping.LoadNotes(request.task, kIgnoredNotes)) {
    ignored.insert(ParseName(name.substr(ignored_prefix), request));
  }
  std::map<ObjectName, TablePtr> tables;
  for (const TablePtr& table : request.tables) tables[table->name] = table;
  const size_t prefix = std::string_view(kDefinitionNotes).size();
  for (const auto& [note, text] : bookkeeping.LoadNotes(request.task, kDefinitionNotes)) {
    if (text.empty()) {
      tables.erase(ParseName(note.substr(prefix), request));
      continue;
    }
    TablePtr table = ParseDefinition(note, text);
    const ObjectName name = table->name;
    tables[name] = std::move(table);
  }
  std::vector<TablePtr> result;
  for (auto& [name, table] : tables) result.push_back(std::move(table));
  return result;
}

bool RunLater(connector::Destination& destination, const std::string& task, const connector::SessionContext& session,
              const std::function<void(const std::string&)>& tell) {
  auto bookkeeping = destination.OpenBookkeeping(session);
  const auto notes = bookkeeping->LoadNotes(task, kLaterNotes);
  if (notes.empty()) return false;
  auto writer = destination.OpenSchemaWriter(session);
  for (const auto& [name, sql] : notes) {
    SchemaStatement statement;
    statement.label = name.substr(std::string_view(kLaterNotes).size());
    statement.sql = sql;
    try {
      writer->Execute(statement);
    } catch (const Error& error) {
      if (!connector::IsRefusal(error.info())) throw;
      tell(RefusedText(statement.label, error, sql, true));
      continue;
    }
    bookkeeping->SaveNotes(task, {{name, std::nullopt}}, nullptr);
    tell("applied: " + sql);
  }
  return true;
}

}  // namespace sluice::pipeline
