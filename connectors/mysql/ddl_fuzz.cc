// Any text as a statement of the log: classified, taken apart and translated. Only Error may come out, and what a table
// is rendered as must be read again.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "base/error.h"
#include "connectors/mysql/ddl.h"
#include "connectors/mysql/ddl_alter.h"
#include "connectors/mysql/ddl_edit.h"
#include "connectors/mysql/routines.h"
#include "connectors/mysql/schema_test_names.h"
#include "connectors/mysql/types.h"

namespace sluice::mysql {
namespace {

Capabilities There(bool mariadb) {
  Capabilities there;
  there.mariadb = mariadb;
  there.version = mariadb ? 101100 : 90000;
  there.collations = {"utf8mb4_bin", "utf8mb4_general_ci"};
  there.default_collation = {{"utf8mb4", "utf8mb4_general_ci"}};
  there.engines = {"innodb"};
  return there;
}

void TryTable(std::string_view text, const sql::Dialect& dialect, const Flavour& flavour) {
  auto table = ParseCreateTable(text, "shop", dialect);
  if (!table) return;
  const TestNames names;
  const model::ObjectName source{"shop", "orders"};
  Notes notes;
  MapTable(*table, source, {"new", "orders2"}, names.Columns(source), names, notes);
  flavour.Translate(*table, notes);
  for (const TableElement& element : table->elements) {
    KeyParts(element);
    ParseForeignKey(element, "shop");
    if (element.kind == ElementKind::kColumn) ParseColumnType(sql::Render(ParseColumn(element.tokens).type));
  }
  Render(*table);
}

void TryAlter(std::string_view text, const sql::Dialect& dialect, const Flavour& flavour) {
  const TestNames names;
  const model::ObjectName source{"shop", "orders"};
  const ColumnNames columns = names.Columns(source);
  CreateTable target;
  target.elements.push_back(ParseElement(sql::Tokenize("a INT DEFAULT 1", {})));
  const AlterContext context{source, columns, names, flavour, target, nullptr};
  Notes notes;
  const sql::Tokens tokens = sql::Tokenize(text, dialect);
  TranslateAlter(tokens, "shop", context, notes);
  TranslateCreateIndex(tokens, context, notes);
  TranslateDropIndex(tokens, context, notes);
}

void TryEdit(std::string_view text, const sql::Dialect& dialect, const model::DdlChange& change) {
  const auto table = ParseCreateTable(
      "CREATE TABLE shop.orders (a INT, b INT, PRIMARY KEY (a), KEY k (b, a), CHECK (a > 1)) COMMENT 'x'", "shop", {});
  const EditedTable edited = EditTable(*table, sql::Tokenize(text, dialect), change, dialect.family);
  Check(ParseCreateTable(Render(edited.table), "shop", dialect).has_value(), "what was edited can be read");
}

void TryObjects(std::string_view text, const sql::Dialect& dialect, const Flavour& flavour) {
  for (const model::ObjectKind kind : {model::ObjectKind::kView, model::ObjectKind::kProcedure,
                                       model::ObjectKind::kFunction, model::ObjectKind::kTrigger}) {
    BodyContext context;
    context.default_database = "shop";
    context.view = kind == model::ObjectKind::kView;
    if (kind == model::ObjectKind::kTrigger) context.trigger_table = {"shop", "orders"};
    Notes notes;
    try {
      TranslateObjectStatement(kind, text, dialect, context, {"new", "x"}, TestNames(), flavour, notes);
    } catch (const Error&) {
    }
  }
}

void Try(std::string_view text, uint8_t choice) {
  connector::ServerInfo source;
  source.flavour = (choice & 1) != 0 ? "mariadb" : "mysql";
  source.version = (choice & 1) != 0 ? 101100 : 90000;
  const Capabilities there = There((choice & 2) != 0);
  const Flavour flavour(source, there);
  const std::string_view mode = (choice & 4) != 0 ? "ANSI_QUOTES,NO_BACKSLASH_ESCAPES" : "";
  const sql::Dialect dialect = DialectFor(mode, source.flavour, source.version);
  const model::DdlChange change = ClassifyDdl(text, "shop", mode);
  Check(change.new_names.empty() || change.new_names.size() == change.objects.size(), "names beside objects");
  Check(change.kind == model::DdlKind::kOther || !change.objects.empty(), "a known kind has an object");
  try {
    TryTable(text, dialect, flavour);
  } catch (const Error&) {
  }
  try {
    TryAlter(text, dialect, flavour);
  } catch (const Error&) {
  }
  try {
    TryEdit(text, dialect, change);
  } catch (const Error&) {
  }
  TryObjects(text, dialect, flavour);
}

}  // namespace
}  // namespace sluice::mysql

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0 || size > 4096) return 0;
  sluice::mysql::Try(std::string_view(reinterpret_cast<const char*>(data) + 1, size - 1), data[0]);
  return 0;
}
