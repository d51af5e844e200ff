// Functions, procedures, aggregates and operators as statements.
#include <fmt/format.h>

#include "connectors/postgresql/catalog.h"
#include "connectors/postgresql/object_reader.h"

namespace sluice::postgresql {

using model::ObjectKind;

namespace {

// Of servers before 11 the kind stands in two flags.
std::string KindOf(uint32_t version) {
  return version >= 110000 ? "p.prokind" : "CASE WHEN p.proisagg THEN 'a' WHEN p.proiswindow THEN 'w' ELSE 'f' END";
}

}  // namespace

void ObjectReader::ReadFunctions() {
  const std::string kind = KindOf(connection_.version());
  const Rows rows = Ask(fmt::format(
      "SELECT p.oid, p.proname, {0}, pg_get_function_identity_arguments(p.oid), "
      "CASE WHEN {0} IN ('f', 'p', 'w') THEN pg_get_functiondef(p.oid) END, obj_description(p.oid, 'pg_proc') "
      "FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace JOIN pg_language l ON l.oid = p.prolang "
      "WHERE n.nspname = $1 AND {0} <> 'a' AND l.lanname NOT IN ('c', 'internal') AND {1} ORDER BY p.proname, 4",
      kind, NotOfExtension("pg_proc", "p.oid")));
  for (size_t r = 0; r < rows.size(); ++r) {
    const bool procedure = rows.Letter(r, 2) == 'p';
    const char* word = procedure ? "PROCEDURE" : "FUNCTION";
    std::string sql = rows.Text(r, 4);
    // What is there already is a conflict, not something to be replaced.
    const std::string head = fmt::format("CREATE OR REPLACE {}", word);
    if (sql.starts_with(head)) sql = fmt::format("CREATE {}", word) + sql.substr(head.size());
    while (!sql.empty() && sql.back() == '\n') sql.pop_back();
    const std::string name = rows.Text(r, 1);
    const std::string signature = rows.Text(r, 3);
    sql += Comment(fmt::format("{} {}({})", word, Full(name), signature), rows.Text(r, 5));
    Add(procedure ? ObjectKind::kProcedure : ObjectKind::kFunction, "pg_proc", rows.Id(r, 0), name, std::move(sql))
        .signature = signature;
  }
}

void ObjectReader::ReadAggregates() {
  const auto function = [](const char* column) { return fmt::format("NULLIF(a.{0}::oid, 0)::regproc", column); };
  const bool parallel = AtLeast(90600);
  const bool modify = AtLeast(110000);
  const Rows rows = Ask(fmt::format(
      "SELECT p.oid, p.proname, pg_get_function_identity_arguments(p.oid), pg_get_function_arguments(p.oid), "
      "a.aggkind, "
      "obj_description(p.oid, 'pg_proc'), {}, format_type(a.aggtranstype, -1), NULLIF(a.aggtransspace, 0), {}, "
      "a.aggfinalextra, {}, {}, {}, {}, a.agginitval, {}, {}, "
      "CASE WHEN a.aggmtranstype <> 0 THEN format_type(a.aggmtranstype, -1) END, NULLIF(a.aggmtransspace, 0), {}, "
      "a.aggmfinalextra, {}, a.aggminitval, "
      "CASE WHEN a.aggsortop <> 0 THEN (SELECT quote_ident(son.nspname) || '.' || so.oprname FROM pg_operator so "
      "JOIN pg_namespace son ON son.oid = so.oprnamespace WHERE so.oid = a.aggsortop) END, {} "
      "FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace JOIN pg_aggregate a ON a.aggfnoid = p.oid "
      "WHERE n.nspname = $1 AND {} ORDER BY p.proname, 3",
      function("aggtransfn"), function("aggfinalfn"), modify ? "a.aggfinalmodify" : "NULL",
      parallel ? function("aggcombinefn") : "NULL", parallel ? function("aggserialfn") : "NULL",
      parallel ? function("aggdeserialfn") : "NULL", function("aggmtransfn"), function("aggminvtransfn"),
      function("aggmfinalfn"), modify ? "a.aggmfinalmodify" : "NULL", parallel ? "p.proparallel" : "NULL",
      NotOfExtension("pg_proc", "p.oid")));
  for (size_t r = 0; r < rows.size(); ++r) {
    const bool ordered = rows.Letter(r, 4) != 'n';
    std::string options = "SFUNC = " + rows.Text(r, 6) + ", STYPE = " + rows.Text(r, 7);
    const auto add = [&](const char* key, int column) {
      if (!rows.IsNull(r, column)) options += fmt::format(", {} = {}", key, rows.Text(r, column));
    };
    const auto literal = [&](const char* key, int column) {
      if (!rows.IsNull(r, column)) options += fmt::format(", {} = {}", key, Literal(rows.Text(r, column)));
    };
    // What the server takes when nothing is said: read only, for ordered sets read and write.
    const auto modifies = [&](const char* key, int column) {
      const char usual = ordered ? 'w' : 'r';
      const char letter = rows.Letter(r, column);
      if (letter == ' ' || letter == usual) return;
      options += fmt::format(", {} = {}", key,
                             letter == 'r'   ? "READ_ONLY"
                             : letter == 's' ? "SHAREABLE"
                                             : "READ_WRITE");
    };
    add("SSPACE", 8);
    add("FINALFUNC", 9);
    if (rows.Flag(r, 10)) options += ", FINALFUNC_EXTRA";
    if (!rows.IsNull(r, 9)) modifies("FINALFUNC_MODIFY", 11);
    add("COMBINEFUNC", 12);
    add("SERIALFUNC", 13);
    add("DESERIALFUNC", 14);
    literal("INITCOND", 15);
    add("MSFUNC", 16);
    add("MINVFUNC", 17);
    add("MSTYPE", 18);
    add("MSSPACE", 19);
    add("MFINALFUNC", 20);
    if (rows.Flag(r, 21)) options += ", MFINALFUNC_EXTRA";
    if (!rows.IsNull(r, 20)) modifies("MFINALFUNC_MODIFY", 22);
    literal("MINITCOND", 23);
    if (!rows.IsNull(r, 24)) options += ", SORTOP = OPERATOR(" + rows.Text(r, 24) + ")";
    const char parallel_letter = rows.Letter(r, 25);
    if (parallel_letter == 's') options += ", PARALLEL = SAFE";
    if (parallel_letter == 'r') options += ", PARALLEL = RESTRICTED";
    if (rows.Letter(r, 4) == 'h') options += ", HYPOTHETICAL";
    const std::string name = rows.Text(r, 1);
    const auto star = [](std::string arguments) { return arguments.empty() ? std::string("*") : arguments; };
    std::string sql = fmt::format("CREATE AGGREGATE {}({}) (\n  {}\n)", Full(name), star(rows.Text(r, 3)), options);
    sql += Comment(fmt::format("AGGREGATE {}({})", Full(name), star(rows.Text(r, 3))), rows.Text(r, 5));
    Add(ObjectKind::kAggregate, "pg_proc", rows.Id(r, 0), name, std::move(sql)).signature = star(rows.Text(r, 3));
  }
}

void ObjectReader::ReadOperators() {
  const auto other = [](const char* column) {
    return fmt::format(
        "(SELECT 'OPERATOR(' || quote_ident(xn.nspname) || '.' || x.oprname || ')' FROM pg_operator x "
        "JOIN pg_namespace xn ON xn.oid = x.oprnamespace WHERE x.oid = o.{})",
        column);
  };
  // One without a function is a shell that another operator named as its commutator.
  const Rows rows = Ask(fmt::format(
      "SELECT o.oid, o.oprname, o.oprcode::regproc, CASE WHEN o.oprleft <> 0 THEN format_type(o.oprleft, -1) END, "
      "CASE WHEN o.oprright <> 0 THEN format_type(o.oprright, -1) END, {}, {}, NULLIF(o.oprrest::oid, 0)::regproc, "
      "NULLIF(o.oprjoin::oid, 0)::regproc, o.oprcanhash, o.oprcanmerge, obj_description(o.oid, 'pg_operator') "
      "FROM pg_operator o JOIN pg_namespace n ON n.oid = o.oprnamespace "
      "WHERE n.nspname = $1 AND o.oprcode::oid <> 0 AND {} ORDER BY o.oprname, 4, 5",
      other("oprcom"), other("oprnegate"), NotOfExtension("pg_operator", "o.oid")));
  for (size_t r = 0; r < rows.size(); ++r) {
    std::string options = "PROCEDURE = " + rows.Text(r, 2);
    const auto add = [&](const char* key, int column) {
      if (!rows.IsNull(r, column)) options += fmt::format(", {} = {}", key, rows.Text(r, column));
    };
    add("LEFTARG", 3);
    add("RIGHTARG", 4);
    add("COMMUTATOR", 5);
    add("NEGATOR", 6);
    add("RESTRICT", 7);
    add("JOIN", 8);
    if (rows.Flag(r, 9)) options += ", HASHES";
    if (rows.Flag(r, 10)) options += ", MERGES";
    const std::string name = rows.Text(r, 1);
    const std::string signature =
        (rows.IsNull(r, 3) ? "NONE" : rows.Text(r, 3)) + ", " + (rows.IsNull(r, 4) ? "NONE" : rows.Text(r, 4));
    const std::string full = Quote(schema_) + "." + name;
    Add(ObjectKind::kOperator, "pg_operator", rows.Id(r, 0), name,
        fmt::format("CREATE OPERATOR {} ({}){}", full, options,
                    Comment(fmt::format("OPERATOR {} ({})", full, signature), rows.Text(r, 11))))
        .signature = signature;
  }
}

}  // namespace sluice::postgresql
