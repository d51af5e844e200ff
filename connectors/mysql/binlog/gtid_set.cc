#include "connectors/mysql/binlog/gtid_set.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace sluice::mysql {
namespace {

constexpr size_t kUuidTextBytes = 36;

// `text` up to the next `separator`, white space around it taken off; `text` moves behind it.
std::string_view Cut(std::string_view& text, char separator) {
  const size_t at = text.find(separator);
  std::string_view part = text.substr(0, at);
  text = at == std::string_view::npos ? std::string_view() : text.substr(at + 1);
  const auto space = [](char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; };
  while (!part.empty() && space(part.front())) part.remove_prefix(1);
  while (!part.empty() && space(part.back())) part.remove_suffix(1);
  return part;
}

template <typename Number>
bool ParseNumber(std::string_view text, Number& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && end == text.data() + text.size();
}

std::string Lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  }
  return out;
}

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

bool IsUuid(std::string_view text) {
  if (text.size() != kUuidTextBytes) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash ? text[i] != '-' : HexValue(text[i]) < 0) return false;
  }
  return true;
}

// At most 32 letters, digits and underscores, the first no digit (MySQL manual, "GTID Format").
bool IsTag(std::string_view text) {
  if (text.empty() || text.size() > 32 || (text[0] >= '0' && text[0] <= '9')) return false;
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; });
}

void AppendUuidBytes(std::string& out, std::string_view uuid) {
  int high = -1;
  for (const char c : uuid.substr(0, kUuidTextBytes)) {
    const int value = HexValue(c);
    if (value < 0) continue;
    if (high < 0) {
      high = value;
    } else {
      out += static_cast<char>(high * 16 + value);
      high = -1;
    }
  }
}

void AppendU64(std::string& out, uint64_t value) {
  for (int i = 0; i < 8; ++i) out += static_cast<char>(value >> (8 * i));
}

bool TakeU64(std::string_view& bytes, uint64_t& value) {
  if (bytes.size() < 8) return false;
  value = 0;
  for (size_t i = 8; i-- > 0;) value = value << 8 | static_cast<uint8_t>(bytes[i]);
  bytes.remove_prefix(8);
  return true;
}

std::string UuidText(std::string_view bytes) {
  std::string out;
  for (size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) out += '-';
    out += fmt::format("{:02x}", static_cast<unsigned>(static_cast<uint8_t>(bytes[i])));
  }
  return out;
}

}  // namespace

std::optional<MysqlGtidSet> MysqlGtidSet::Parse(std::string_view text) {
  MysqlGtidSet set;
  while (!text.empty()) {
    std::string_view item = Cut(text, ',');
    if (item.empty()) continue;
    const std::string uuid = Lower(Cut(item, ':'));
    if (!IsUuid(uuid)) return std::nullopt;
    std::string source = uuid;
    while (!item.empty()) {
      std::string_view range = Cut(item, ':');
      const std::string tag = Lower(range);
      if (IsTag(tag)) {  // what follows, up to the next tag, belongs to it
        source = uuid + ":" + tag;
        continue;
      }
      Interval interval;
      if (!ParseNumber(Cut(range, '-'), interval.first) || interval.first == 0) return std::nullopt;
      interval.last = interval.first;
      if (!range.empty() && !ParseNumber(Cut(range, '-'), interval.last)) return std::nullopt;
      if (interval.last < interval.first || !range.empty()) return std::nullopt;
      set.Add(source, interval.first, interval.last);
    }
  }
  return set;
}

void MysqlGtidSet::Add(const std::string& source, uint64_t first, uint64_t last) {
  std::vector<Interval>& intervals = sources_[source];
  if (!intervals.empty() && intervals.back().last + 1 == first) {  // the common case: the next number
    intervals.back().last = last;
    return;
  }
  // The first interval that touches or follows the new one.
  auto at = std::lower_bound(intervals.begin(), intervals.end(), first,
                             [](const Interval& one, uint64_t number) { return one.last + 1 < number; });
  auto end = at;
  while (end != intervals.end() && end->first <= last + 1) {
    first = std::min(first, end->first);
    last = std::max(last, end->last);
    ++end;
  }
  at = intervals.erase(at, end);
  intervals.insert(at, Interval{first, last});
}

bool MysqlGtidSet::Contains(const std::string& source, uint64_t number) const {
  const auto found = sources_.find(source);
  if (found == sources_.end()) return false;
  const auto at = std::lower_bound(found->second.begin(), found->second.end(), number,
                                   [](const Interval& one, uint64_t wanted) { return one.last < wanted; });
  return at != found->second.end() && at->first <= number;
}

bool MysqlGtidSet::Contains(const MysqlGtidSet& other) const {
  for (const auto& [source, intervals] : other.sources_) {
    const auto found = sources_.find(source);
    if (found == sources_.end()) return false;
    for (const Interval& wanted : intervals) {
      const auto at = std::lower_bound(found->second.begin(), found->second.end(), wanted.first,
                                       [](const Interval& one, uint64_t first) { return one.last < first; });
      if (at == found->second.end() || at->first > wanted.first || at->last < wanted.last) return false;
    }
  }
  return true;
}

bool MysqlGtidSet::HasTags() const {
  return std::any_of(sources_.begin(), sources_.end(),
                     [](const auto& entry) { return entry.first.size() > kUuidTextBytes; });
}

std::string MysqlGtidSet::Text() const {
  std::string out;
  for (const auto& [source, intervals] : sources_) {
    if (!out.empty()) out += ',';
    out += source;
    for (const Interval& interval : intervals) {
      out += ':';
      out += std::to_string(interval.first);
      if (interval.last != interval.first) {
        out += '-';
        out += std::to_string(interval.last);
      }
    }
  }
  return out;
}

std::string MysqlGtidSet::Encode() const {
  const bool tags = HasTags();
  std::string out;
  // With tags the count moves up by a byte, and the format number 1 stands on both sides of it.
  AppendU64(out, tags ? (uint64_t{1} << 56) | (uint64_t{sources_.size()} << 8) | 1 : sources_.size());
  for (const auto& [source, intervals] : sources_) {
    AppendUuidBytes(out, source);
    if (tags) {
      const std::string_view tag =
          source.size() > kUuidTextBytes ? std::string_view(source).substr(kUuidTextBytes + 1) : std::string_view();
      out += static_cast<char>(tag.size() << 1);  // variable-length integer of one byte
      out += tag;
    }
    AppendU64(out, intervals.size());
    for (const Interval& interval : intervals) {
      AppendU64(out, interval.first);
      AppendU64(out, interval.last + 1);
    }
  }
  return out;
}

std::optional<MysqlGtidSet> MysqlGtidSet::Decode(std::string_view bytes) {
  MysqlGtidSet set;
  uint64_t count = 0;
  if (!TakeU64(bytes, count)) return std::nullopt;
  const bool tags = count >> 56 == 1;
  count = tags ? count >> 8 & 0xffffffffffff : count & 0xffffffffffffff;
  for (; count > 0; --count) {
    if (bytes.size() < 16) return std::nullopt;
    std::string source = UuidText(bytes.substr(0, 16));
    bytes.remove_prefix(16);
    if (tags) {
      const size_t size = bytes.empty() ? 0 : static_cast<uint8_t>(bytes[0]) >> 1;
      if (bytes.size() < size + 1) return std::nullopt;
      if (size != 0) source += ":" + std::string(bytes.substr(1, size));
      bytes.remove_prefix(size + 1);
    }
    uint64_t intervals = 0;
    if (!TakeU64(bytes, intervals)) return std::nullopt;
    for (; intervals > 0; --intervals) {
      uint64_t first = 0;
      uint64_t end = 0;
      if (!TakeU64(bytes, first) || !TakeU64(bytes, end) || first == 0 || end <= first) return std::nullopt;
      set.Add(source, first, end - 1);
    }
  }
  return set;
}

std::string MariadbGtid::Text() const {
  return fmt::format("{}-{}-{}", domain, server, sequence);
}

std::optional<MariadbGtid> MariadbGtid::Parse(std::string_view text) {
  MariadbGtid gtid;
  if (!ParseNumber(Cut(text, '-'), gtid.domain) || !ParseNumber(Cut(text, '-'), gtid.server) ||
      !ParseNumber(Cut(text, '-'), gtid.sequence) || !text.empty()) {
    return std::nullopt;
  }
  return gtid;
}

std::optional<MariadbGtidPosition> MariadbGtidPosition::Parse(std::string_view text) {
  MariadbGtidPosition position;
  while (!text.empty()) {
    const std::string_view item = Cut(text, ',');
    if (item.empty()) continue;
    const std::optional<MariadbGtid> gtid = MariadbGtid::Parse(item);
    if (!gtid) return std::nullopt;
    position.Set(*gtid);
  }
  return position;
}

bool MariadbGtidPosition::Reached(const MariadbGtidPosition& other) const {
  return std::all_of(other.domains_.begin(), other.domains_.end(),
                     [&](const auto& entry) { return Contains(entry.second); });
}

bool MariadbGtidPosition::Contains(const MariadbGtid& gtid) const {
  const auto found = domains_.find(gtid.domain);
  return found != domains_.end() && found->second.sequence >= gtid.sequence;
}

std::string MariadbGtidPosition::Text() const {
  std::string out;
  for (const auto& [domain, gtid] : domains_) {
    if (!out.empty()) out += ',';
    out += gtid.Text();
  }
  return out;
}

}  // namespace sluice::mysql
