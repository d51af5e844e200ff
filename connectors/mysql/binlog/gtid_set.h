// Sets of global transaction ids of both kinds. MySQL: "uuid[:tag]:1-5:7, uuid:..." (MySQL manual, "GTID Sets");
// MariaDB: the last "domain-server-sequence" of each domain (MariaDB manual, "Global Transaction ID").
// Plain values; not thread-safe while written to.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::mysql {

// Ids that MySQL gave out: per source (uuid and tag) sorted disjoint intervals with the end included.
class MysqlGtidSet {
 public:
  struct Interval {
    uint64_t first = 0;
    uint64_t last = 0;
  };

  // Nothing when the text is not a set. White space and line breaks are allowed, as the server writes them.
  static std::optional<MysqlGtidSet> Parse(std::string_view text);

  // `source` is "uuid" or "uuid:tag", in lower case.
  void Add(const std::string& source, uint64_t number) { Add(source, number, number); }
  void Add(const std::string& source, uint64_t first, uint64_t last);
  bool Contains(const std::string& source, uint64_t number) const;
  bool Contains(const MysqlGtidSet& other) const;
  bool empty() const { return sources_.empty(); }
  bool HasTags() const;

  std::string Text() const;
  // The bytes of COM_BINLOG_DUMP_GTID (MySQL source documentation, Gtid_set::encode), in the newer form when
  // there are tags.
  std::string Encode() const;
  static std::optional<MysqlGtidSet> Decode(std::string_view bytes);

  const std::map<std::string, std::vector<Interval>>& sources() const { return sources_; }

 private:
  std::map<std::string, std::vector<Interval>> sources_;
};

struct MariadbGtid {
  uint32_t domain = 0;
  uint32_t server = 0;
  uint64_t sequence = 0;

  std::string Text() const;
  static std::optional<MariadbGtid> Parse(std::string_view text);
};

// The last transaction of each domain.
class MariadbGtidPosition {
 public:
  static std::optional<MariadbGtidPosition> Parse(std::string_view text);

  void Set(const MariadbGtid& gtid) { domains_[gtid.domain] = gtid; }
  // Whether every domain of `other` is here, at the same place or later.
  bool Reached(const MariadbGtidPosition& other) const;
  // Whether the transaction is at or before this position.
  bool Contains(const MariadbGtid& gtid) const;
  bool empty() const { return domains_.empty(); }
  std::string Text() const;

  const std::map<uint32_t, MariadbGtid>& domains() const { return domains_; }

 private:
  std::map<uint32_t, MariadbGtid> domains_;
};

}  // namespace sluice::mysql
