// The keys and words of task files, for the reader, for suggestions and for the JSON Schema.
#pragma once

#include <array>
#include <string_view>

namespace sluice::task::keys {

using std::string_view;

inline constexpr std::array<string_view, 9> kTask = {"version", "name",    "source", "destination", "types",
                                                     "objects", "mapping", "limits", "options"};
inline constexpr std::array<string_view, 8> kEndpoint = {"engine",   "host",     "port", "user",
                                                         "password", "database", "tls",  "plugin"};
inline constexpr std::array<string_view, 4> kTls = {"mode", "ca", "certificate", "key"};
inline constexpr std::array<string_view, 6> kDatabase = {"database", "rename",  "operations",
                                                         "tables",   "exclude", "views_and_routines"};
inline constexpr std::array<string_view, 6> kSchema = {"schema", "rename",  "operations",
                                                       "tables", "exclude", "views_and_routines"};
inline constexpr std::array<string_view, 2> kTables = {"exclude", "rules"};
inline constexpr std::array<string_view, 5> kTable = {"table", "rename", "filter", "columns", "operations"};
inline constexpr std::array<string_view, 3> kColumns = {"exclude", "include", "rename"};
inline constexpr std::array<string_view, 2> kOperations = {"dml", "ddl"};
inline constexpr std::array<string_view, 8> kMapping = {"kind",    "in",     "keyword", "match",
                                                        "replace", "prefix", "suffix",  "letters"};
inline constexpr std::array<string_view, 5> kLimits = {"rows_per_second", "megabytes_per_second", "readers", "writers",
                                                       "memory"};
inline constexpr std::array<string_view, 2> kOptions = {"not_delayed_within", "give_up_after"};

inline constexpr std::array<string_view, 3> kTypeWords = {"schema", "full", "incremental"};
inline constexpr std::array<string_view, 5> kTlsModeWords = {"off", "preferred", "required", "verify-ca",
                                                             "verify-full"};
// The last is another word for the first.
inline constexpr std::array<string_view, 4> kMappingKindWords = {"database", "table", "column", "schema"};
inline constexpr std::array<string_view, 2> kLettersWords = {"upper", "lower"};
inline constexpr std::array<string_view, 3> kDmlWords = {"insert", "update", "delete"};

}  // namespace sluice::task::keys
