// The fingerprint of what is frozen once a task has started.
#include <fmt/format.h>

#include "task/task_file_reading.h"

namespace sluice::task {
namespace {

// Every text with its length before it, so that no two different specs give the same bytes.
class Canonical {
 public:
  void Add(std::string_view text) { bytes_ += fmt::format("{}:{}", text.size(), text); }
  void Add(bool flag) { bytes_ += flag ? '1' : '0'; }
  void AddCount(size_t count) { bytes_ += fmt::format("#{}", count); }
  void Add(const std::vector<std::string>& texts) {
    AddCount(texts.size());
    for (const std::string& text : texts) Add(text);
  }
  void Add(const std::optional<model::OperationFilter>& operations) {
    Add(operations.has_value());
    if (!operations) return;
    Add(operations->insert);
    Add(operations->update);
    Add(operations->remove);
    AddCount(operations->ddl.size());
    for (const model::DdlKind kind : operations->ddl) Add(model::Name(kind));
  }
  void Add(const connector::Endpoint& endpoint) {
    Add(endpoint.engine);
    Add(endpoint.host);
    AddCount(endpoint.port);
    if (!endpoint.database.empty()) Add(endpoint.database);
    if (!endpoint.plugin.empty()) Add(endpoint.plugin);
  }
  void Add(const selection::TableRule& rule) {
    Add(rule.table);
    Add(rule.rename);
    Add(rule.filter);
    Add(rule.exclude_columns);
    Add(rule.include_columns);
    AddCount(rule.rename_columns.size());
    for (const auto& [column, rename] : rule.rename_columns) {
      Add(column);
      Add(rename);
    }
    Add(rule.operations);
  }
  void Add(const selection::DatabaseRule& rule) {
    Add(rule.database);
    Add(rule.rename);
    Add(rule.operations);
    Add(rule.only_listed);
    AddCount(rule.tables.size());
    for (const selection::TableRule& table : rule.tables) Add(table);
    Add(rule.exclude_tables);
    Add(rule.objects);
  }
  void Add(const selection::MappingRule& rule) {
    AddCount(static_cast<size_t>(rule.kind));
    for (const std::string* text :
         {&rule.in, &rule.keyword, &rule.match, &rule.replace, &rule.prefix, &rule.suffix, &rule.letters}) {
      Add(*text);
    }
  }

  // 128 bits of FNV-1a: it tells edits apart, and need not withstand an attacker.
  std::string Hash() const {
    unsigned __int128 hash = (static_cast<unsigned __int128>(0x6c62272e07bb0142u) << 64) | 0x62b821756295c58du;
    const unsigned __int128 prime = (static_cast<unsigned __int128>(0x0000000001000000u) << 64) | 0x13bu;
    for (const char c : bytes_) {
      hash ^= static_cast<unsigned char>(c);
      hash *= prime;
    }
    return fmt::format("{:016x}{:016x}", static_cast<uint64_t>(hash >> 64), static_cast<uint64_t>(hash));
  }

 private:
  // A literal would otherwise become a bool.
  void Add(const char*) = delete;
  std::string bytes_;
};

}  // namespace

std::string FrozenHash(const TaskSpec& spec) {
  Canonical canonical;
  canonical.Add(spec.source);
  canonical.Add(spec.destination);
  canonical.Add(spec.types.schema);
  canonical.Add(spec.types.full);
  canonical.Add(spec.types.incremental);
  canonical.AddCount(spec.rules.databases.size());
  for (const selection::DatabaseRule& rule : spec.rules.databases) canonical.Add(rule);
  canonical.AddCount(spec.rules.mapping.size());
  for (const selection::MappingRule& rule : spec.rules.mapping) canonical.Add(rule);
  return canonical.Hash();
}

}  // namespace sluice::task
