#include "connectors/mysql/loader_watch.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "connectors/mysql/codes.h"
#include "connectors/mysql/destination_table.h"
#include "connectors/mysql/tsv.h"

namespace sluice::mysql {

LoadWatch::LoadWatch(const LoadPlan& plan) : plan_(plan) {
  for (size_t i = 0; i < plan.columns.size(); ++i) {
    if (plan.columns[i].may_be_error_value || !plan.columns[i].enum_definition.empty()) enum_columns_end_ = i + 1;
  }
  if (enum_columns_end_ != 0) empty_.resize(plan.columns.size());
}

void LoadWatch::Clear() {
  rows_ = 0;
  heads_.clear();
  std::fill(empty_.begin(), empty_.end(), 0);
}

void LoadWatch::See(std::string_view rows) {
  TsvReader reader(rows);
  std::string_view row;
  while (reader.NextRow(row)) SeeRow(row);
}

void LoadWatch::SeeRow(std::string_view row) {
  if (rows_ < kHeadsMost) {
    heads_.append(row.substr(0, kHeadBytes));
    heads_.resize((rows_ + 1) * kHeadBytes);
  }
  ++rows_;
  for (size_t i = 0; i < enum_columns_end_; ++i) {
    const size_t tab = row.find('\t');
    const size_t length = tab == std::string_view::npos ? row.size() : tab;
    const LoadColumn& column = plan_.columns[i];
    if (length == 0 && column.may_be_error_value) ++empty_[i];
    if (!column.enum_definition.empty() && TakenForNumber(row.substr(0, length), column.enum_definition)) {
      throw Error(kValueRefused)
          .Object(fmt::format("{}, column {}", plan_.object, column.name))
          .Cause(fmt::format("It has no element '{}': the server would take it for the number of one.",
                             row.substr(0, length)))
          .Remedy("Add the element at the destination, mend the value at the source, or leave the column out.")
          .Side("destination");
    }
    if (tab == std::string_view::npos) break;
    row.remove_prefix(tab + 1);
  }
}

std::string LoadWatch::DescribeRow(uint64_t number) const {
  if (number < 1 || number * kHeadBytes > heads_.size()) return fmt::format("row {}", number);
  std::string_view head = std::string_view(heads_).substr((number - 1) * kHeadBytes, kHeadBytes);
  head = head.substr(0, head.find_last_not_of('\0') + 1);
  return fmt::format("row {} {}", number, ShowRow(head, kHeadBytes));
}

uint64_t LoadWatch::EmptyEnums(const std::string& column) const {
  for (size_t i = 0; i < enum_columns_end_; ++i) {
    if (plan_.columns[i].may_be_error_value && plan_.columns[i].name == column) return empty_[i];
  }
  return 0;
}

uint64_t LoadWatch::AllEmptyEnums() const {
  return std::accumulate(empty_.begin(), empty_.end(), uint64_t{0});
}

std::string ShowRow(std::string_view row, size_t bytes_most) {
  const bool whole = row.size() < bytes_most;
  std::vector<std::string_view> cells;
  TsvReader::SplitRaw(row.substr(0, bytes_most), cells);
  std::string out = "(";
  for (size_t i = 0; i < cells.size(); ++i) {
    if (i != 0) out += ", ";
    out += cells[i] == "\\N" ? "NULL" : cells[i];
  }
  for (char& c : out) {
    if (static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) >= 0x7f) c = '?';
  }
  return out + (whole ? ")" : "...)");
}

}  // namespace sluice::mysql
