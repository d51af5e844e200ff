// The SQL of verification: queries over chunks and keys, and the statements that mend a destination. Texts only, but
// for planning, which asks the server where to cut.
#pragma once

#include <initializer_list>
#include <span>
#include <string>
#include <vector>

#include "connector/connector.h"

namespace sluice::mysql {

class Connection;

// "SELECT <canonical expressions> FROM `db`.`table`".
std::string VerifySelect(const connector::VerifyTable& table);
// " WHERE (a) AND (b)" of those that are not empty.
void AppendConditions(std::string& sql, std::initializer_list<std::string> conditions);

std::string FilterCondition(const connector::VerifyTable& table);
std::string ChunkCondition(const connector::VerifyTable& table, const connector::Chunk& chunk);
std::string KeysCondition(const connector::VerifyTable& table, std::span<const std::vector<std::string>> keys);

// How many leading key columns chunks are cut by; 0: the table is read in one piece.
size_t BoundColumns(const connector::VerifyTable& table);
std::vector<connector::Chunk> PlanVerifyChunks(Connection& connection, const connector::VerifyTable& table,
                                               uint64_t rows_per_chunk);

// A bound: the literals of a row of leading key columns, comma separated, and back. Commas inside quotes do not count.
std::string JoinBound(const std::vector<std::string>& literals);
std::vector<std::string> SplitBound(std::string_view bound);

std::string VerifyRepair(const connector::VerifyTable& table, connector::VerifyReader::Repair repair,
                         const connector::VerifyReader::TextRow& old, const connector::VerifyReader::TextRow& row,
                         bool mariadb);
std::string VerifyRepairPreamble();

}  // namespace sluice::mysql
