#include "connectors/postgresql/applier_batch.h"

#include <fmt/format.h>

#include <charconv>
#include <utility>

namespace sluice::postgresql {
namespace {

// Statements differ in which columns a row has; more shapes than this are not worth the server's memory.
constexpr size_t kMostPrepared = 1000;

uint64_t RowsOf(const PGresult* result) {
  const std::string_view count = PQcmdTuples(const_cast<PGresult*>(result));  // libpq takes it without const
  uint64_t rows = 0;
  std::from_chars(count.data(), count.data() + count.size(), rows);
  return rows;
}

}  // namespace

void StatementBatch::Begin() {
  if (PQpipelineStatus(connection_.handle()) != PQ_PIPELINE_OFF) return;
  if (known_.size() > kMostPrepared) {
    connection_.Execute("DEALLOCATE ALL");
    known_.clear();
  }
  if (PQenterPipelineMode(connection_.handle()) != 1) connection_.ThrowLast();
}

const std::string* StatementBatch::Prepare(const std::string& sql, const std::string& object) {
  const auto [found, is_new] = known_.try_emplace(sql);
  if (is_new) {
    found->second.name = fmt::format("s{}", ++numbered_);
    if (PQsendPrepare(connection_.handle(), found->second.name.c_str(), sql.c_str(), 0, nullptr) != 1) {
      connection_.ThrowLast(object, sql);
    }
    sent_.push_back({.sql = &found->first, .prepares = true, .object = object});
  }
  return &found->first;
}

void StatementBatch::Add(const std::string& sql, const std::vector<Value>& values, const std::string& object) {
  Begin();
  const std::string* known = Prepare(sql, object);
  std::vector<const char*> pointers(values.size());
  std::vector<int> lengths(values.size());
  std::vector<int> formats(values.size());
  for (size_t i = 0; i < values.size(); ++i) {
    pointers[i] = values[i].bytes ? values[i].bytes->data() : nullptr;
    lengths[i] = values[i].bytes ? static_cast<int>(values[i].bytes->size()) : 0;
    formats[i] = values[i].is_text ? 0 : 1;
  }
  if (PQsendQueryPrepared(connection_.handle(), known_.at(*known).name.c_str(), static_cast<int>(values.size()),
                          pointers.data(), lengths.data(), formats.data(), 0) != 1) {
    connection_.ThrowLast(object, sql);
  }
  sent_.push_back({.sql = known, .prepares = false, .object = object});
}

std::vector<uint64_t> StatementBatch::Run() {
  std::vector<uint64_t> rows;
  if (sent_.empty()) return rows;
  PGconn* handle = connection_.handle();
  if (PQpipelineSync(handle) != 1) connection_.ThrowLast(sent_.back().object, *sent_.back().sql);
  const std::vector<Sent> sent = std::exchange(sent_, {});
  ResultPtr failed;
  const Sent* failing = nullptr;
  std::vector<std::string> unknown;
  for (const Sent& one : sent) {
    ResultPtr result(PQgetResult(handle));
    if (result == nullptr) connection_.ThrowLast(one.object, *one.sql);
    const ExecStatusType status = PQresultStatus(result.get());
    const bool is_good = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
    if (is_good && !one.prepares) rows.push_back(RowsOf(result.get()));
    if (!is_good && failing == nullptr) {
      failing = &one;
      failed = std::move(result);
    }
    if (!is_good && one.prepares) unknown.push_back(*one.sql);
    while (const ResultPtr end{PQgetResult(handle)}) {
    }
  }
  ResultPtr sync(PQgetResult(handle));
  const bool is_over = sync != nullptr && PQresultStatus(sync.get()) == PGRES_PIPELINE_SYNC;
  if (is_over && PQexitPipelineMode(handle) != 1) connection_.ThrowLast();
  if (failing != nullptr) {
    const std::string statement = *failing->sql;
    for (const std::string& sql : unknown) known_.erase(sql);
    connection_.Throw(failed.get(), failing->object, statement);
  }
  if (!is_over) connection_.ThrowLast(sent.back().object);
  return rows;
}

}  // namespace sluice::postgresql
