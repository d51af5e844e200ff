#include "cli/progress_facts.h"

#include <nlohmann/json.hpp>

namespace sluice::cli {

ProgressFacts ReadProgressFacts(const std::string& progress_json) {
  ProgressFacts facts;
  const nlohmann::json json = nlohmann::json::parse(progress_json, nullptr, false);
  if (!json.is_object()) return facts;
  const auto caught_up = json.find("caught_up");
  facts.not_delayed = caught_up != json.end() && caught_up->is_boolean() && caught_up->get<bool>();
  const auto delay = json.find("delay_ms");
  if (delay != json.end() && delay->is_number_integer()) facts.delay_micros = delay->get<int64_t>() * 1000;
  return facts;
}

}  // namespace sluice::cli
