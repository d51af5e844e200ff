#include "connectors/postgresql/test_decoding/translator.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "connectors/postgresql/codes.h"
#include "connectors/postgresql/pgoutput/message.h"

namespace sluice::postgresql::test_decoding {
namespace {

using model::ObjectName;
using pgoutput::MessageType;
using pgoutput::ThrowBadMessage;

constexpr uint32_t kOidsAreColumns = 120000;    // before, those of tables WITH OIDS stand before the row's columns
constexpr uint32_t kFirstUnknown = 0xf0000000;  // numbers of tables that the catalog no longer has

void Put(std::string& to, uint64_t value, int bytes) {
  while (bytes-- > 0) to += static_cast<char>(value >> (8 * bytes) & 0xff);
}

void PutText(std::string& to, std::string_view text) {
  to += text;
  to += '\0';
}

void PutValue(std::string& to, const LineColumn& column) {
  to += column.kind;
  if (column.kind != 't') return;
  const size_t length_at = to.size();
  to.append(4, '\0');
  AppendValue(column, to);
  std::string length;
  Put(length, to.size() - length_at - 4, 4);
  to.replace(length_at, 4, length);
}

uint64_t ServerTime(int64_t unix_micros) {
  return static_cast<uint64_t>(unix_micros - pgoutput::UnixMicros(0));
}

[[noreturn]] void ThrowIdentityChanged(const ObjectName& name) {
  throw Error(kSchemaDrift)
      .Object("table " + name.Text())
      .Cause("Its replica identity or its primary key was changed since the task began.")
      .Remedy("Begin anew with `sluice run --restart`.")
      .Side("source");
}

[[noreturn]] void ThrowNoIdentity(const ObjectName& name) {
  throw Error(kNoReplicaIdentity)
      .Object("table " + name.Text())
      .Cause("The log has an update or delete without anything that tells which row it was.")
      .Remedy(fmt::format("ALTER TABLE \"{}\".\"{}\" REPLICA IDENTITY FULL; then begin anew with `sluice run "
                          "--restart`.",
                          name.database, name.name))
      .Side("source");
}

Encoding EncodingOf(const std::string& name) {
  std::optional<Encoding> encoding = Encoding::Make(name);
  if (encoding) return std::move(*encoding);
  throw Error(kUnsupported)
      .Object("database")
      .Cause("Its encoding is " + name + ", which is not known here.")
      .Remedy("Let pgoutput tell the changes (PostgreSQL 10 and later), or leave `incremental` out.")
      .Side("source");
}

}  // namespace

Translator::Translator(TranslatorOptions options, const connector::Definitions& definitions, NameCatalog& catalog)
    : options_(std::move(options)),
      definitions_(definitions),
      catalog_(catalog),
      encoding_(EncodingOf(options_.encoding)),
      next_unknown_(kFirstUnknown),
      behind_(options_.start) {}

void Translator::Reached(uint64_t lsn) {
  behind_ = std::max(behind_, lsn);
}

void Translator::Feed(std::string_view text, uint64_t lsn) {
  ReadLine(encoding_.Convert(text), line_);
  if (options_.version < kOidsAreColumns) {
    for (std::vector<LineColumn>* row : {&line_.before, &line_.after}) {
      if (!row->empty() && row->front().name == "oid" && row->front().type == "oid") row->erase(row->begin());
    }
  }
  switch (line_.kind) {
    case LineKind::kBegin:
      begins_ = behind_;
      message_ = static_cast<char>(MessageType::kBegin);
      Put(message_, begins_, 8);
      Put(message_, 0, 8);
      Put(message_, line_.xid, 4);
      return options_.feed(message_);
    case LineKind::kCommit:
      message_ = static_cast<char>(MessageType::kCommit);
      Put(message_, 0, 1);
      Put(message_, begins_, 8);
      Put(message_, lsn, 8);
      Put(message_, ServerTime(line_.committed_micros), 8);
      Reached(lsn);
      return options_.feed(message_);
    case LineKind::kInsert:
    case LineKind::kUpdate:
    case LineKind::kDelete:
      return Row(line_);
    case LineKind::kTruncate:
      return Truncate(line_);
    case LineKind::kMessage:
      return;
  }
}

void Translator::Row(const Line& line) {
  const Shape& shape = ShapeOf(line.tables.front(), line);
  if (!Check(shape, line)) return;
  message_ = static_cast<char>(line.kind == LineKind::kInsert   ? MessageType::kInsert
                               : line.kind == LineKind::kUpdate ? MessageType::kUpdate
                                                                : MessageType::kDelete);
  Put(message_, shape.number, 4);
  if (line.has_before || line.kind == LineKind::kDelete) AppendOld(shape, line.before);
  if (line.kind != LineKind::kDelete) {
    message_ += 'N';
    Put(message_, line.after.size(), 2);
    for (const LineColumn& column : line.after) PutValue(message_, column);
  }
  options_.feed(message_);
}

// False: nothing of it can be said, nor is it needed.
bool Translator::Check(const Shape& shape, const Line& line) const {
  if (line.kind == LineKind::kInsert) {
    if (!line.has_row) ThrowBadMessage("an insert has no row");
    return true;
  }
  if (!line.has_row && !shape.followed) return false;
  if (!line.has_row) ThrowNoIdentity(shape.name);
  if (!shape.followed) return true;
  const bool whole = shape.facts.identity == 'f';
  const auto is_key = [](const Column& column) { return column.key; };
  if (line.kind == LineKind::kUpdate && !line.has_before) {
    if (whole) ThrowIdentityChanged(shape.name);
    if (std::none_of(shape.columns.begin(), shape.columns.end(), is_key)) ThrowNoIdentity(shape.name);
    return true;
  }
  if (whole || !HasAll(shape.described, line.before)) return true;  // the decoder says what is not as described
  for (const LineColumn& column : line.before) {
    const auto found = std::find_if(shape.columns.begin(), shape.columns.end(),
                                    [&](const Column& one) { return IsIdentifier(column.name, one.name); });
    if (!found->key) ThrowIdentityChanged(shape.name);
  }
  const auto keys = std::count_if(shape.columns.begin(), shape.columns.end(), is_key);
  if (static_cast<size_t>(keys) != line.before.size()) ThrowIdentityChanged(shape.name);
  return true;
}

// Columns that it does not have are null, or nothing is known of them.
void Translator::AppendOld(const Shape& shape, const std::vector<LineColumn>& row) {
  message_ += shape.facts.identity == 'f' ? 'O' : 'K';
  Put(message_, shape.columns.size(), 2);
  auto next = row.begin();
  for (const Column& column : shape.columns) {
    if (next != row.end() && IsIdentifier(next->name, column.name)) {
      PutValue(message_, *next++);
    } else {
      message_ += 'n';
    }
  }
  if (next != row.end()) ThrowBadMessage("columns of an old row are in another order than those of the table");
}

void Translator::Truncate(const Line& line) {
  std::vector<uint32_t> numbers;
  for (const std::string_view table : line.tables) numbers.push_back(ShapeOf(table, line).number);
  message_ = static_cast<char>(MessageType::kTruncate);
  Put(message_, numbers.size(), 4);
  Put(message_, line.restart_identity ? 2 : 0, 1);
  for (const uint32_t number : numbers) Put(message_, number, 4);
  options_.feed(message_);
}

// As the table was when this was written.
Translator::Shape& Translator::ShapeOf(std::string_view table, const Line& line) {
  if (generation_ != definitions_.generation()) {
    shapes_.clear();
    generation_ = definitions_.generation();
  }
  auto found = shapes_.find(table);
  const bool known = found != shapes_.end();
  if (!known) {
    found = shapes_.emplace(std::string(table), Find(table)).first;
    Describe(found->second);
  }
  Shape& shape = found->second;
  bool same = true;
  if (!line.after.empty()) {
    same = line.after.size() == shape.columns.size() && HasAll(shape.columns, line.after);
    if (!same) shape.columns.clear();
  } else {
    same = HasAll(shape.columns, line.before);
  }
  if (!same) Reshape(shape, line.after.empty() ? line.before : line.after);
  if (!known || !same) Announce(shape);
  return shape;
}

Translator::Shape Translator::Find(std::string_view table) {
  Shape shape;
  shape.name = ReadName(table);
  if (const std::optional<TableFacts> facts = catalog_.FactsOf(shape.name)) {
    shape.facts = *facts;
    shape.number = facts->oid;
  } else {
    shape.facts.root = shape.name;
    shape.number = next_unknown_++;
  }
  return shape;
}

// From its description: an old row does not have all columns.
void Translator::Describe(Shape& shape) {
  const auto described = [&](const ObjectName& name) { return definitions_.Find(name).value_or(nullptr); };
  model::TablePtr table = described(shape.name);
  if (table == nullptr) table = described(shape.facts.root);
  shape.followed = table != nullptr;
  if (!shape.followed) return;
  const std::vector<std::string>& key = shape.facts.key;
  for (const model::Column& column : table->columns) {
    const bool is_key = std::find(key.begin(), key.end(), column.name) != key.end();
    shape.described.push_back({column.name, catalog_.PlainType(column.type.native), is_key});
    if (column.generated == model::Generated::kNo) shape.columns.push_back(shape.described.back());
  }
}

// In the order of `row`, with what it does not say at the end.
void Translator::Reshape(Shape& shape, const std::vector<LineColumn>& row) {
  const std::vector<std::string>& key = shape.facts.key;
  std::vector<Column> columns;
  for (const LineColumn& column : row) {
    Column& made = columns.emplace_back(Column{ReadIdentifier(column.name), std::string(column.type)});
    made.key = std::find(key.begin(), key.end(), made.name) != key.end();
  }
  for (Column& column : shape.columns) {
    const bool there =
        std::any_of(columns.begin(), columns.end(), [&](const Column& one) { return one.name == column.name; });
    if (!there) columns.push_back(std::move(column));
  }
  shape.columns = std::move(columns);
}

// In this order, maybe with others between them.
bool Translator::HasAll(const std::vector<Column>& columns, const std::vector<LineColumn>& row) {
  auto column = columns.begin();
  for (const LineColumn& wanted : row) {
    while (column != columns.end() && !IsIdentifier(wanted.name, column->name)) ++column;
    if (column == columns.end() || column->type != wanted.type) return false;
    ++column;
  }
  return true;
}

// The types by their names: message.h.
void Translator::Announce(const Shape& shape) {
  std::string relation(1, static_cast<char>(MessageType::kRelation));
  Put(relation, shape.number, 4);
  PutText(relation, shape.name.database);
  PutText(relation, shape.name.name);
  relation += shape.facts.identity;
  Put(relation, shape.columns.size(), 2);
  for (const Column& column : shape.columns) {
    Put(relation, column.key || shape.facts.identity == 'f' ? 1 : 0, 1);
    PutText(relation, column.name);
    Put(relation, 0, 4);
    Put(relation, 0xffffffff, 4);
    PutText(relation, column.type);
  }
  options_.feed(relation);
}

}  // namespace sluice::postgresql::test_decoding
