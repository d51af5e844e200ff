// Names around the empty copy of a table on which a statement of the log is tried out (shadow.cc).
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "model/mapping.h"
#include "model/table.h"

namespace sluice::mysql {

// The shadow under its own name, every other table under one that does not exist; and the way back.
class ShadowNames : public model::NameMap {
 public:
  static constexpr const char* kDatabase = "sluice";  // where the shadow is

  ShadowNames(model::ObjectName source, model::ObjectName shadow)
      : source_(std::move(source)), shadow_(std::move(shadow)) {}

  model::ObjectName Map(const model::ObjectName& name) const override {
    if (name == source_) return shadow_;
    auto at = std::find(others_.begin(), others_.end(), name);
    if (at == others_.end()) at = others_.insert(others_.end(), name);
    return {kDatabase, fmt::format("{}_ref_{}", shadow_.name, at - others_.begin())};
  }
  model::ObjectName Back(const model::ObjectName& name) const {
    if (name == shadow_) return source_;
    for (size_t i = 0; i < others_.size(); ++i) {
      if (name.name == fmt::format("{}_ref_{}", shadow_.name, i)) return others_[i];
    }
    return name;
  }
  std::string MapDatabase(const std::string& database) const override { return database; }
  std::string MapColumn(const model::ObjectName&, const std::string& column) const override { return column; }
  bool Selected(const model::ObjectName&) const override { return true; }
  model::TableMappingPtr MapTable(const model::Table&) const override { return nullptr; }

 private:
  const model::ObjectName source_;
  const model::ObjectName shadow_;
  mutable std::vector<model::ObjectName> others_;  // one thread, as the writer that it belongs to
};

// From names at the shadow to those of the source.
class BackNames : public model::NameMap {
 public:
  explicit BackNames(const ShadowNames& names) : names_(names) {}
  model::ObjectName Map(const model::ObjectName& name) const override { return names_.Back(name); }
  std::string MapDatabase(const std::string& database) const override { return database; }
  std::string MapColumn(const model::ObjectName&, const std::string& column) const override { return column; }
  bool Selected(const model::ObjectName&) const override { return true; }
  model::TableMappingPtr MapTable(const model::Table&) const override { return nullptr; }

 private:
  const ShadowNames& names_;
};

}  // namespace sluice::mysql
