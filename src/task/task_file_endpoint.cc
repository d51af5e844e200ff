// The servers of a task file, and whether their pair is offered.
#include <fmt/format.h>

#include <algorithm>

#include "connector/registry.h"
#include "selection/suggest.h"
#include "task/task_file_keys.h"
#include "task/task_file_reading.h"

namespace sluice::task {
namespace {

std::string KnownEngines() {
  std::string text;
  for (const connector::Connector* known : connector::Connectors()) {
    text += fmt::format("{}`{}` ({})", text.empty() ? "" : ", ", known->name, known->title);
  }
  return text;
}

void ReadEngine(Reading* reading, const YamlValue& value, connector::Endpoint* endpoint) {
  const std::optional<std::string> engine = reading->Name(value, "`engine`");
  if (!engine) return;
  const connector::Connector* found = connector::FindConnector(*engine);
  if (found == nullptr) {
    std::vector<std::string> names;
    for (const connector::Connector* known : connector::Connectors()) names.push_back(known->name);
    reading->Add(value,
                 fmt::format("unknown engine{}; known are {}", selection::Suggestion(*engine, names), KnownEngines()));
    return;
  }
  const bool is_source = endpoint->side == "source";
  if (is_source ? !found->make_source : !found->make_destination) {
    reading->Add(value, fmt::format("{} cannot be a {}", found->title, endpoint->side), kPairNotOffered);
    return;
  }
  endpoint->engine = *engine;
  endpoint->port = found->default_port;
}

void ReadHost(Reading* reading, const YamlValue& value, connector::Endpoint* endpoint) {
  const std::optional<std::string> host = reading->Name(value, "`host`");
  if (!host) return;
  if (host->find_first_of("/ @") != std::string::npos) {
    reading->Add(value, "`host` must be a name or an address; port, user and password have keys of their own");
    return;
  }
  endpoint->host = *host;
}

// Some engines need a database to log in to, the others have none.
void ReadDatabase(Reading* reading, MapReading& map, connector::Endpoint* endpoint) {
  const connector::Connector* engine = connector::FindConnector(endpoint->engine);
  if (engine == nullptr) return;  // a mistake that is told already
  if (engine->needs_database) {
    const YamlValue* database = map.Require("database");
    if (database != nullptr) endpoint->database = reading->Name(*database, "`database`").value_or("");
  } else if (const YamlValue* database = map.Get("database")) {
    reading->Add(*database, fmt::format("{} needs no `database` to log in to; what is migrated stands under `objects`",
                                        engine->title));
  }
}

void ReadPlugin(Reading* reading, const YamlValue& value, connector::Endpoint* endpoint) {
  const connector::Connector* engine = connector::FindConnector(endpoint->engine);
  const std::optional<std::string> plugin = reading->Name(value, "`plugin`");
  if (engine == nullptr || !plugin) return;
  if (engine->plugins.empty()) {
    reading->Add(value, fmt::format("{} tells its changes in one way only and has no `plugin`", engine->title));
    return;
  }
  if (std::find(engine->plugins.begin(), engine->plugins.end(), *plugin) == engine->plugins.end()) {
    std::string known;
    for (const std::string& one : engine->plugins) known += (known.empty() ? "`" : ", `") + one + "`";
    reading->Add(value, fmt::format("unknown plugin{}; {} has {}", selection::Suggestion(*plugin, engine->plugins),
                                    engine->title, known));
    return;
  }
  endpoint->plugin = *plugin;
}

void ReadTls(Reading* reading, const YamlValue& value, connector::Tls* tls) {
  if (value.kind == YamlValue::Kind::kScalar) {
    if (const auto mode = reading->Word(value, "`tls`", keys::kTlsModeWords)) {
      tls->mode = static_cast<connector::TlsMode>(*mode);
    }
    return;
  }
  MapReading map(reading, value, "`tls`", keys::kTls);
  if (const YamlValue* mode = map.Get("mode")) {
    if (const auto word = reading->Word(*mode, "`mode`", keys::kTlsModeWords)) {
      tls->mode = static_cast<connector::TlsMode>(*word);
    }
  }
  const auto file = [&](const char* key, std::string* path) {
    const YamlValue* given = map.Get(key);
    if (given != nullptr) *path = reading->File(*given, fmt::format("`{}`", key)).value_or("");
    return given;
  };
  file("ca", &tls->ca);
  const YamlValue* certificate = file("certificate", &tls->certificate);
  const YamlValue* key = file("key", &tls->key);
  if (certificate != nullptr && key == nullptr) reading->Add(*certificate, "`certificate` needs `key` beside it");
  if (key != nullptr && certificate == nullptr) reading->Add(*key, "`key` needs `certificate` beside it");
}

}  // namespace

static_assert(static_cast<size_t>(connector::TlsMode::kVerifyFull) + 1 == keys::kTlsModeWords.size());

void ReadEndpoint(Reading* reading, const YamlValue& value, const std::string& side, connector::Endpoint* endpoint) {
  endpoint->side = side;
  MapReading map(reading, value, fmt::format("`{}`", side), keys::kEndpoint);
  if (const YamlValue* engine = map.Require("engine")) ReadEngine(reading, *engine, endpoint);
  if (const YamlValue* host = map.Require("host")) ReadHost(reading, *host, endpoint);
  if (const YamlValue* port = map.Get("port")) {
    endpoint->port = static_cast<uint16_t>(reading->Whole(*port, "`port`", 1, 65535).value_or(0));
  }
  if (const YamlValue* user = map.Require("user")) endpoint->user = reading->Name(*user, "`user`").value_or("");
  if (const YamlValue* password = map.Get("password")) {
    endpoint->password = Secret(reading->Text(*password, "`password`").value_or(""));
  }
  ReadDatabase(reading, map, endpoint);
  if (const YamlValue* tls = map.Get("tls")) ReadTls(reading, *tls, &endpoint->tls);
  if (const YamlValue* plugin = map.Get("plugin")) ReadPlugin(reading, *plugin, endpoint);
}

void CheckPair(Reading* reading, const YamlValue& root, const TaskSpec& spec) {
  const std::string& source = spec.source.engine;
  const std::string& destination = spec.destination.engine;
  if (source.empty() || destination.empty()) return;
  const YamlValue& at = *root.Find("destination");
  const connector::Pair* pair = connector::FindPair(source, destination);
  if (pair == nullptr) {
    std::string offered;
    for (const connector::Pair& known : connector::Pairs()) {
      offered += fmt::format("{}{} to {}", offered.empty() ? "" : "; ", known.source, known.destination);
    }
    reading->Add(at,
                 fmt::format("a migration from {} to {} is not offered; offered are: {}", source, destination, offered),
                 kPairNotOffered);
    return;
  }
  const std::pair<bool, std::string_view> wanted[] = {
      {spec.types.schema && !pair->types.schema, "schema"},
      {spec.types.full && !pair->types.full, "full"},
      {spec.types.incremental && !pair->types.incremental, "incremental"},
  };
  for (const auto& [is_missing, word] : wanted) {
    if (!is_missing) continue;
    const YamlValue* types = root.Find("types");
    reading->Add(types != nullptr ? *types : at,
                 fmt::format("`{}` is not offered from {} to {}", word, source, destination), kPairNotOffered);
  }
}

}  // namespace sluice::task
