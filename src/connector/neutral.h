// Values as text that every engine can read and write: how rows travel between engines that do not know each other, and
// how ColumnDefault::text and ChangeRequest::neutral's cells are meant. UTF-8 throughout.
//
//   kBoolean            1, 0
//   kInteger, kYear     decimal digits
//   kDecimal            decimal digits with a point; "NaN", "Infinity", "-Infinity"
//   kFloat32, kFloat64  a text that reads back the same value of that width; "NaN", "Infinity", "-Infinity"
//   kBit                `length` digits of 0 and 1, the highest first
//   kDate, kDateTime, kTimestamp
//                       "YYYY-MM-DD[ HH:MM:SS[.ffffff]]", a timestamp in UTC without a zone; "infinity", "-infinity";
//                       "0044-03-15 BC". MySQL's zero date is before every other and is "-infinity"; dates that are
//                       zero in part ("2020-00-00") stay as they are, and are refused where there are no such dates
//   kTime               "[-]HHH:MM:SS[.ffffff]"
//   kChar, kVarchar, kText, kEnum, kSet
//                       the text; kChar without the spaces at its end; a set's elements with commas between
//                       A cell whose characters have no Unicode begins with the byte FF, which every destination
//                       refuses
//   kBinary, kVarbinary, kBlob, kGeometry, kVector
//                       "\\x" and two hexadecimal digits a byte; a geometry in the engine's storage format
//   kJson, kUuid, kInet, kInterval, kOther
//                       the engine's own text
//
// The encoding "neutral.tsv": one line a row, ended by a newline; fields with a tab between; NULL is \N; in a field
// backslash, tab, newline and carriage return stand as \\, \t, \n, \r, and nothing else is escaped. So it is read
// alike by LOAD DATA (MySQL 8.4 Reference Manual 15.2.9, "Field and Line Handling") and by COPY's text format
// (PostgreSQL documentation, COPY, "Text Format").
#pragma once

namespace sluice::connector {

inline constexpr const char* kNeutralTsv = "neutral.tsv";

}  // namespace sluice::connector
