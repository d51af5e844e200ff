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
  const auto updated = json.find("updated_micros");
  if (updated != json.end() && updated->is_number_integer()) facts.updated_micros = updated->get<int64_t>();
  const auto position = [&](const char* key) {
    const auto found = json.find(key);
    return found == json.end() || !found->is_object() ? std::string() : found->dump();
  };
  facts.position = position("position");
  facts.source_position = position("source_position");
  const auto count = [&](const char* key) {
    const auto found = json.find(key);
    return found == json.end() || !found->is_number_unsigned() ? 0 : found->get<uint64_t>();
  };
  facts.inserts = count("inserts");
  facts.updates = count("updates");
  facts.deletes = count("deletes");
  facts.ddl = count("ddl");
  facts.transactions = count("transactions");
  return facts;
}

}  // namespace sluice::cli
