#include "connectors/mysql/loader_columns.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.h"
#include "connectors/mysql/codes.h"

namespace sluice::mysql {
namespace {

using model::TypeKind;

// The character set of the bytes that the source sends; empty for bytes that are not text.
std::string SentCharset(const model::Column& source) {
  switch (source.type.kind) {
    case TypeKind::kChar:
    case TypeKind::kVarchar:
    case TypeKind::kText:
    case TypeKind::kEnum:
    case TypeKind::kSet:
      return CanonicalCharset(source.type.charset);
    case TypeKind::kJson:
      return source.type.charset.empty() ? "utf8mb4" : CanonicalCharset(source.type.charset);
    case TypeKind::kBinary:
    case TypeKind::kVarbinary:
    case TypeKind::kBlob:
    case TypeKind::kBit:
    case TypeKind::kGeometry:
    case TypeKind::kVector:
    case TypeKind::kOther:
      return "";
    default:
      return "ascii";
  }
}

// Engines of MySQL and MariaDB without transactions.
bool CanUndo(const std::string& engine) {
  return engine != "myisam" && engine != "aria" && engine != "memory" && engine != "csv" && engine != "archive" &&
         engine != "mrg_myisam" && engine != "connect" && engine != "spider" && engine != "s3";
}

}  // namespace

std::string LoadPlan::InsertColumns() const {
  std::string out;
  for (const LoadColumn& column : columns) out += (out.empty() ? "" : ",") + Quote(column.name);
  return out;
}

bool LoadPlan::MayHoldErrorValues() const {
  return std::any_of(columns.begin(), columns.end(),
                     [](const LoadColumn& column) { return column.may_be_error_value; });
}

std::string LoadPlan::LoadDataColumns() const {
  std::string fields;
  std::string sets;
  for (size_t i = 0; i < columns.size(); ++i) {
    if (i != 0) fields += ',';
    if (columns[i].IsDirect()) {
      fields += Quote(columns[i].name);
      continue;
    }
    const std::string variable = fmt::format("@v{}", i);
    fields += variable;
    sets += (sets.empty() ? " SET " : ", ") + Quote(columns[i].name) + " = " + columns[i].before + variable +
            columns[i].after;
  }
  return "(" + fields + ")" + sets;
}

LoadColumn MakeLoadColumn(const model::Column& source, const std::string& destination_name,
                          const DestinationColumn& destination) {
  LoadColumn column;
  column.name = destination_name;
  const auto& elements = source.type.elements;
  column.may_be_error_value = source.type.kind == TypeKind::kEnum && destination.type == "enum" &&
                              std::find(elements.begin(), elements.end(), "") == elements.end();
  const std::string sent = SentCharset(source);
  const std::string stored = CanonicalCharset(destination.charset);
  const auto convert = [&](const std::string& charset) {
    column.before = "CONVERT(";
    column.after = " USING " + charset + ")";
  };
  if (destination.type == "json") {
    // Binary strings cannot become JSON (MySQL error 3144).
    convert(sent.empty() || sent == "ascii" ? "utf8mb4" : sent);
  } else if (destination.type == "uuid" || destination.type == "inet6" || destination.type == "inet4") {
    // MariaDB takes a binary string for the stored form.
    if (!sent.empty()) convert(sent);
  } else if (source.type.kind == TypeKind::kBit && !destination.type.empty() && destination.type != "bit") {
    column.before = "CAST(CONV(HEX(";
    column.after = "), 16, 10) AS UNSIGNED)";
  } else if (!stored.empty() && !sent.empty() && sent != stored && (sent != "ascii" || HasWideUnits(stored))) {
    convert(sent);
  } else if (stored.empty() && HasWideUnits(sent) && destination.type.find("binary") == std::string::npos &&
             destination.type.find("blob") == std::string::npos) {
    convert(sent);  // text in a wide character set to a number or date
  }
  return column;
}

LoadColumn MakeNeutralLoadColumn(const model::Column& source, const std::string& destination_name,
                                 const DestinationColumn& destination) {
  LoadColumn column;
  column.name = destination_name;
  if (destination.type == "enum") column.enum_definition = destination.definition;
  const auto wrap = [&](const char* before, const char* after) {
    column.before = before;
    column.after = after;
  };
  switch (source.type.kind) {
    case TypeKind::kBinary:
    case TypeKind::kVarbinary:
    case TypeKind::kBlob:
    case TypeKind::kGeometry:
    case TypeKind::kVector:
      wrap("UNHEX(SUBSTRING(", ", 3))");
      return column;
    case TypeKind::kBit:
      wrap("CAST(CONV(", ", 2, 10) AS UNSIGNED)");
      return column;
    case TypeKind::kDate:
    case TypeKind::kDateTime:
    case TypeKind::kTimestamp:
      wrap("REPLACE(", ", '-infinity', '0000-00-00')");
      return column;
    case TypeKind::kBoolean:
    case TypeKind::kInteger:
      // Text would be taken for the bits of its letters.
      if (destination.type == "bit") wrap("CAST(", " AS UNSIGNED)");
      return column;
    default:
      break;
  }
  const bool is_own = destination.type == "json" || destination.type == "uuid" || destination.type == "inet6" ||
                      destination.type == "inet4";
  const std::string stored = CanonicalCharset(destination.charset);
  if (is_own || (!stored.empty() && stored != "utf8mb4")) wrap("CONVERT(", " USING utf8mb4)");
  return column;
}

LoadPlan MakeLoadPlan(Connection& connection, const model::Table& table, const model::TableMapping& mapping,
                      bool neutral) {
  const model::ObjectName& name = mapping.destination;
  LoadPlan plan;
  plan.table = Quote(name.database, name.name);
  plan.object = "table " + name.Text();
  plan.has_key = table.IdentityKey() != nullptr;
  const DestinationTable there = ReadDestinationTable(connection, name, plan.object);
  plan.transactional = CanUndo(there.engine);
  if (there.columns.empty()) {
    throw Error(kMissingObject)
        .Object(plan.object)
        .Cause("The table does not exist at the destination, or the account may not see it.")
        .Remedy("Migrate the schema too (types: [schema, full]), or create the table.")
        .Side(connection.endpoint().side);
  }
  for (const model::ColumnMapping& column : mapping.columns) {
    const auto source = table.FindColumn(column.source);
    Check(source.has_value(), "mapping names a column that the table does not have");
    const DestinationColumn* found = there.Find(column.destination);
    if (found == nullptr) {
      throw Error(kMissingObject)
          .Object(plan.object + ", column " + column.destination)
          .Cause("The column does not exist at the destination.")
          .Remedy("Add it there, or leave it out with columns: {exclude: [...]}.")
          .Side(connection.endpoint().side);
    }
    plan.columns.push_back(neutral ? MakeNeutralLoadColumn(table.columns[*source], column.destination, *found)
                                   : MakeLoadColumn(table.columns[*source], column.destination, *found));
  }
  return plan;
}

}  // namespace sluice::mysql
