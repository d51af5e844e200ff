// A schema statement of the source's log, run at the destination between everything before and everything after it.
//
//   1. The lanes are drained (by the caller).
//   2. The source's descriptions after the statement are made on empty copies.
//   3. For each statement that the translation gives: a note with the transaction, the statement's number and the
//      fingerprint of the objects as they stand; then the statement. Schema statements commit by themselves, so after a
//      crash the note tells: another fingerprint than the noted one means that the statement had taken effect. Those
//      that may be refused (connector::SchemaStatement::IfRefused), and those of foreign keys between engines, do
//      nothing where they were done: they are run again in any case, also when what they need was mended by hand.
//   4. The new definitions and the progress are written, the note is removed, in one transaction.
//   5. The stream and the plans are told the new descriptions.
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "pipeline/apply_context.h"
#include "pipeline/apply_tables.h"

namespace sluice::pipeline {

inline constexpr const char* kDdlNote = "ddl";
inline constexpr const char* kDefinitionNotes =
    "definition:";                                        // + "db.table"; text: the description as JSON, empty: dropped
inline constexpr const char* kIgnoredNotes = "ignored:";  // + "db.table": appeared, not followed
inline constexpr const char* kLaterNotes = "later:";      // + label; text: a statement to be tried again (RunLater)

// Used by the reader alone.
class DdlBarrier {
 public:
  DdlBarrier(ApplyContext& context, ApplyTables& tables) : context_(context), tables_(tables) {}
  void Pass(const model::Transaction& transaction, connector::ChangeStream& stream);

 private:
  struct Outcome {
    std::vector<ApplyTables::Redefinition> redefined;
    std::vector<model::ObjectName> ignored;
    std::vector<std::string> ran;  // statements
    std::vector<connector::Bookkeeping::Note> later;
  };
  bool HasTablesOf(const std::string& database) const;
  std::string WhyNotCarried(const model::DdlChange& ddl) const;
  Outcome PassOnce(const model::Transaction& transaction, const std::string& why_not);
  std::vector<model::TablePtr> Before(const model::DdlChange& ddl) const;
  void RefuseCollisions(const model::DdlChange& ddl, const std::vector<ApplyTables::Redefinition>& redefined) const;
  void RunStatements(const model::Transaction& transaction, const std::vector<connector::SchemaStatement>& statements,
                     connector::SchemaWriter& writer, connector::Bookkeeping& bookkeeping, Outcome& outcome);
  void Tell(const std::string& note) const {
    if (context_.request.on_notice) context_.request.on_notice(note);
  }
  void Save(const model::Transaction& transaction, const Outcome& outcome, connector::Bookkeeping& bookkeeping);

  ApplyContext& context_;
  ApplyTables& tables_;
};

// The tables of the request with what the notes say of them since; `ignored` gets those that are not followed.
std::vector<model::TablePtr> CurrentDefinitions(const ApplyRequest& request, connector::Bookkeeping& bookkeeping,
                                                std::set<model::ObjectName>& ignored);

// Statements that the destination has refused, tried again now that it has the rows that came after them. Those that it
// takes are done with; of the others `tell` gets what is wrong. False: there are none.
bool RunLater(connector::Destination& destination, const std::string& task, const connector::SessionContext& session,
              const std::function<void(const std::string&)>& tell);

}  // namespace sluice::pipeline
