// Makes messages as a server would, for tests and fuzzers.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/postgresql/pgoutput/relations.h"

namespace sluice::postgresql::pgoutput {

class MessageMaker {
 public:
  explicit MessageMaker(char type) { text_ += type; }
  MessageMaker& U8(uint8_t value) { return Number(value, 1); }
  MessageMaker& U16(uint16_t value) { return Number(value, 2); }
  MessageMaker& U32(uint32_t value) { return Number(value, 4); }
  MessageMaker& U64(uint64_t value) { return Number(value, 8); }
  MessageMaker& Raw(std::string_view bytes) {
    text_ += bytes;
    return *this;
  }
  MessageMaker& Text(std::string_view text) { return Raw(text).U8(0); }
  // A row of text values.
  MessageMaker& Row(const std::vector<std::string>& values) {
    U16(static_cast<uint16_t>(values.size()));
    for (const std::string& value : values) Raw("t").U32(static_cast<uint32_t>(value.size())).Raw(value);
    return *this;
  }
  operator std::string() const { return text_; }

 private:
  MessageMaker& Number(uint64_t value, int bytes) {
    while (bytes-- > 0) text_ += static_cast<char>(value >> (8 * bytes) & 0xff);
    return *this;
  }
  std::string text_;
};

// A catalog that knows nothing but what it was told.
class FakeCatalog : public SourceCatalog {
 public:
  std::map<uint32_t, Place> places;
  std::map<uint32_t, model::ObjectName> followed;
  std::map<uint32_t, std::string> types;
  std::vector<model::ObjectName> missing;

  std::optional<Place> PlaceOf(uint32_t oid) override {
    const auto found = places.find(oid);
    return found == places.end() ? std::nullopt : std::optional(found->second);
  }
  std::optional<model::ObjectName> FollowedAs(uint32_t oid) override {
    const auto found = followed.find(oid);
    return found == followed.end() ? std::nullopt : std::optional(found->second);
  }
  std::string TypeText(uint32_t type, int32_t) override {
    const auto found = types.find(type);
    return found == types.end() ? "" : found->second;
  }
  std::string PlainType(const std::string& type) override { return type.substr(0, type.find('(')); }
  std::vector<uint32_t> PartitionsOf(const model::ObjectName& root) override {
    std::vector<uint32_t> partitions;
    for (const auto& [oid, place] : places) {
      if (place.root == root && !place.partitioned) partitions.push_back(oid);
    }
    return partitions;
  }
  std::vector<model::ObjectName> Missing() override { return missing; }
  bool IsUnlisted(uint32_t, const model::Table&, const std::string& column) override {
    return unlisted.contains(column);
  }
  // A record's text is the name of a table that gets a column; "" changes nothing.
  std::optional<model::DdlChange> ChangeOf(std::string_view record) override {
    if (record.empty()) return std::nullopt;
    model::DdlChange ddl;
    ddl.kind = model::DdlKind::kAlterTable;
    ddl.statement = "changes " + std::string(record);
    ddl.objects = {{"shop", std::string(record)}};
    return ddl;
  }
  void Changed() override { ++changed; }

  std::set<std::string> unlisted;
  int changed = 0;
};

}  // namespace sluice::postgresql::pgoutput
