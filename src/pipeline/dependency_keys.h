// Which resources a row change claims: its table, its primary and unique keys' values, the foreign keys it refers to.
// Two changes must keep their order when they claim one resource and at least one claim is exclusive.
//
//   keyless table, functional key, cell not in the image        the table, exclusively (see Collect)
//   any other change, an insert into such a table               the table, shared
//   value of a unique key, when it is taken or given up         that value, exclusively (before and after image)
//   value that a foreign key refers to                          the parent's value, shared
//   text that cannot be folded safely (dependency_hash.h)       the key's whole column group, exclusively
//   a delete or key change that the destination cascades through more than one foreign key
//                                                               the connected tables, exclusively
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "model/change.h"
#include "model/table.h"
#include "pipeline/dependency_hash.h"

namespace sluice::pipeline {

// A resource's hash whose lowest bit says that the claim is exclusive.
using Claim = uint64_t;
inline Claim SharedClaim(uint64_t hash) {
  return hash & ~uint64_t{1};
}
inline Claim ExclusiveClaim(uint64_t hash) {
  return hash | 1;
}
inline uint64_t ResourceOf(Claim claim) {
  return claim & ~uint64_t{1};
}
inline bool IsExclusive(Claim claim) {
  return (claim & 1) != 0;
}

// What the claims of one table's changes are made of; immutable, safe from any thread.
class TableKeys {
 public:
  // Appends the claims of one change; a claim may appear twice. True when the table is claimed exclusively for no other
  // reason than that the log does not tell which value of a unique key (not the identity) the row gave up. An old value
  // of a foreign key that the destination does not check is no reason.
  bool Collect(const model::RowChange& change, std::vector<Claim>& claims) const;
  Claim WholeTable() const { return ExclusiveClaim(table_hash_); }
  // The destination changes or removes rows of other tables when a row of this one goes.
  bool cascades() const { return delete_cascades_ || update_cascades_; }
  // An update that leaves all of these columns as they are touches no key.
  const std::vector<uint32_t>& key_columns() const { return key_columns_; }

 private:
  friend class KeyBuilder;
  struct Part {
    uint32_t column = 0;
    uint32_t prefix_length = 0;
    FoldMode mode = FoldMode::kValue;
  };
  struct Group {  // the columns of one key, at the table that has it or at one that refers to it
    uint64_t seed = 0;
    std::vector<Part> parts;
    bool identity = false;  // claimed by every change of the row
    bool refers = false;    // this table is the child: claims are shared
    bool always = false;    // of a child whose rows the destination itself may change
  };
  enum class Values { kUsable, kNull, kAbsent };

  // Whether a value is not in the image.
  bool CollectGroup(const Group& group, const model::RowChange& change, std::vector<Claim>& claims) const;
  static bool LacksCells(const Group& group, model::Row row);
  Values ClaimValues(const Group& group, model::Row row, std::vector<Claim>& claims) const;

  uint64_t table_hash_ = 0;
  uint64_t component_hash_ = 0;  // 0: no cascade reaches further than one foreign key
  bool ordered_ = false;         // whole table in order: keyless or with a functional key
  bool delete_cascades_ = false;
  bool update_cascades_ = false;
  std::vector<Group> groups_;
  std::vector<uint32_t> key_columns_;
  std::vector<uint32_t> referenced_columns_;
};

// Compiles all tables of a task together, since foreign keys join them.
class KeyCatalog {
 public:
  static std::map<model::ObjectName, TableKeys> Compile(const std::vector<model::TablePtr>& tables);
};

}  // namespace sluice::pipeline
