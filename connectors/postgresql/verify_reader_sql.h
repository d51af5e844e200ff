// The SQL of verification: queries over chunks and keys, and the statements that mend a destination. Texts only, but
// for planning, which asks the server where to cut.
//
// A bound is a row of literals of the key's leading columns, separated by commas, as every engine reads it: numbers as
// digits, bytes as x'00FF', the rest quoted with backslashes before backslashes and quotes.
#pragma once

#include <initializer_list>
#include <span>
#include <string>
#include <vector>

#include "connector/connector.h"

namespace sluice::postgresql {

class Connection;

// "SELECT ... FROM "schema"."table""; `whole_tree`: the rows lie in partitions.
std::string VerifySelect(const connector::VerifyTable& table, bool whole_tree);
// " WHERE (a) AND (b)" of those that are not empty.
void AppendConditions(std::string& sql, std::initializer_list<std::string> conditions);

std::string FilterCondition(const connector::VerifyTable& table);
std::string ChunkCondition(const connector::VerifyTable& table, const connector::Chunk& chunk);
std::string KeysCondition(const connector::VerifyTable& table, std::span<const std::vector<std::string>> keys);

// How many leading key columns chunks are cut by; 0: the table is read in one piece.
size_t BoundColumns(const connector::VerifyTable& table);
std::vector<connector::Chunk> PlanVerifyChunks(Connection& connection, const connector::VerifyTable& table,
                                               bool whole_tree, uint64_t rows_per_chunk);

std::string MakeBound(const std::vector<std::string>& values, const connector::VerifyTable& table);
// The values of a bound, and back to what they stand for.
std::vector<std::string> ReadBound(std::string_view bound);

std::string VerifyRepair(const connector::VerifyTable& table, connector::VerifyReader::Repair repair,
                         const connector::VerifyReader::TextRow& old, const connector::VerifyReader::TextRow& row);
std::string VerifyRepairPreamble();

}  // namespace sluice::postgresql
