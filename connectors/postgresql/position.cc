#include "connectors/postgresql/position.h"

#include <fmt/format.h>

#include <charconv>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "connectors/postgresql/codes.h"
#include "connectors/postgresql/sessions.h"

namespace sluice::postgresql {

std::string FormatLsn(uint64_t lsn) {
  return fmt::format("{:X}/{:X}", lsn >> 32, lsn & 0xffffffffu);
}

std::optional<uint64_t> ParseLsn(std::string_view text) {
  const size_t slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const auto half = [](std::string_view digits) -> std::optional<uint64_t> {
    uint32_t value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
    if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
    return value;
  };
  const auto high = half(text.substr(0, slash));
  const auto low = half(text.substr(slash + 1));
  if (!high || !low) return std::nullopt;
  return (*high << 32) | *low;
}

model::Position FormatPosition(const LogPosition& position) {
  return {
      "postgresql",
      nlohmann::json({{"lsn", FormatLsn(position.lsn)}, {"system", position.system}, {"timeline", position.timeline}})
          .dump()};
}

LogPosition ParsePosition(const model::Position& position) {
  const nlohmann::json value = nlohmann::json::parse(position.json, nullptr, false);
  const auto text = [&](const char* key) {
    return value.is_object() && value.contains(key) && value[key].is_string() ? value[key].get<std::string>() : "";
  };
  const std::optional<uint64_t> lsn = ParseLsn(text("lsn"));
  if (position.engine != "postgresql" || !lsn) {
    throw Error(kBadPosition)
        .Object("position " + position.json)
        .Cause("it is no place in a PostgreSQL log")
        .Remedy("Begin anew with `sluice run --restart`.");
  }
  return {*lsn, text("system"), value.value("timeline", uint32_t{0})};
}

bool PositionReached(const model::Position& applied, const model::Position& wanted) {
  if (wanted.empty()) return true;
  if (applied.empty()) return false;
  return ParsePosition(applied).lsn >= ParsePosition(wanted).lsn;
}

}  // namespace sluice::postgresql
