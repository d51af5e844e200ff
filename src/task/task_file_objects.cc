// The `objects` and `mapping` parts of a task file.
#include <fmt/format.h>

#include <algorithm>

#include "selection/rules.h"
#include "task/task_file_keys.h"
#include "task/task_file_reading.h"

namespace sluice::task {
namespace {

using model::DdlKind;
using model::OperationFilter;

std::vector<std::string_view> DdlWords() {
  std::vector<std::string_view> words;
  for (size_t i = 0; i < static_cast<size_t>(DdlKind::kOther); ++i)
    words.push_back(model::Name(static_cast<DdlKind>(i)));
  return words;
}

// What is not written stays as `base` has it.
OperationFilter ReadOperations(Reading* reading, const YamlValue& value, const OperationFilter& base) {
  OperationFilter operations = base;
  MapReading map(reading, value, "`operations`", keys::kOperations);
  const auto words = [&](const char* key, std::span<const std::string_view> known, auto take) {
    const YamlValue* list = map.Get(key);
    if (list == nullptr) return;
    if (list->kind != YamlValue::Kind::kList) {
      reading->Add(*list, fmt::format("`{}` must be a list of {}; [] carries none", key, OneOf(known)));
      return;
    }
    take(nullptr);
    for (const YamlValue& item : list->items) {
      if (const auto word = reading->Word(item, fmt::format("a word in `{}`", key), known)) take(&*word);
    }
  };
  words("dml", keys::kDmlWords, [&](const size_t* word) {
    if (word == nullptr) {
      operations.insert = operations.update = operations.remove = false;
    } else {
      (*word == 0 ? operations.insert : *word == 1 ? operations.update : operations.remove) = true;
    }
  });
  words("ddl", DdlWords(), [&](const size_t* word) {
    if (word == nullptr) {
      operations.ddl.clear();
    } else {
      operations.ddl.insert(static_cast<DdlKind>(*word));
    }
  });
  return operations;
}

void ReadColumns(Reading* reading, const YamlValue& value, selection::TableRule* rule) {
  if (value.kind == YamlValue::Kind::kList) {
    rule->include_columns = reading->Names(value, "`columns`");
    if (value.items.empty()) reading->Add(value, "an empty list of columns selects nothing");
    return;
  }
  MapReading map(reading, value, "`columns`", keys::kColumns);
  if (const YamlValue* list = map.Get("exclude")) rule->exclude_columns = reading->Names(*list, "`exclude`");
  if (const YamlValue* list = map.Get("include")) {
    rule->include_columns = reading->Names(*list, "`include`");
    if (list->kind == YamlValue::Kind::kList && list->items.empty()) {
      reading->Add(*list, "an empty list of columns selects nothing");
    }
  }
  const YamlValue* rename = map.Get("rename");
  if (rename == nullptr) return;
  if (rename->kind != YamlValue::Kind::kMap) {
    reading->Add(*rename, "`rename` must be a map of old and new names: {old: new}");
    return;
  }
  for (const YamlEntry& entry : rename->entries) {
    const auto name = reading->Name(entry.value, "the new name of a column");
    if (!name) continue;
    if (!rule->rename_columns.emplace(entry.key, *name).second) {
      reading->Add(entry.line, entry.column, fmt::format("the column `{}` stands here twice", entry.key));
    }
  }
}

selection::TableRule ReadTable(Reading* reading, const YamlValue& value, const OperationFilter& base) {
  selection::TableRule rule;
  if (value.kind == YamlValue::Kind::kScalar) {
    rule.table = reading->Name(value, "a table").value_or("");
    return rule;
  }
  MapReading map(reading, value, "a table", keys::kTable);
  if (const YamlValue* table = map.Require("table")) rule.table = reading->Name(*table, "`table`").value_or("");
  if (const YamlValue* rename = map.Get("rename")) rule.rename = reading->Name(*rename, "`rename`").value_or("");
  if (const YamlValue* filter = map.Get("filter")) {
    rule.filter = reading->Text(*filter, "`filter`").value_or("");
    if (filter->kind == YamlValue::Kind::kScalar && rule.filter.find_first_not_of(" \t\r\n") == std::string::npos) {
      reading->Add(*filter, "`filter` is empty");
    }
  }
  if (const YamlValue* columns = map.Get("columns")) ReadColumns(reading, *columns, &rule);
  if (const YamlValue* operations = map.Get("operations")) {
    rule.operations = ReadOperations(reading, *operations, base);
  }
  return rule;
}

// The entries of a rule, for the places of problems that only the whole of the rules shows.
struct RulePlaces {
  const YamlValue* rule = nullptr;
  std::vector<const YamlValue*> tables;
  bool has_mistakes = false;  // then what else is found may only follow from them
};

void ReadTables(Reading* reading, const YamlValue& value, const OperationFilter& base, selection::DatabaseRule* rule,
                RulePlaces* places) {
  const YamlValue* list = &value;
  rule->only_listed = value.kind == YamlValue::Kind::kList;
  if (!rule->only_listed) {
    MapReading map(reading, value, "`tables` (or a list of tables)", keys::kTables);
    if (const YamlValue* exclude = map.Get("exclude")) rule->exclude_tables = reading->Names(*exclude, "`exclude`");
    list = map.Get("rules");
    if (list == nullptr) return;
    if (list->kind != YamlValue::Kind::kList) {
      reading->Add(*list, "`rules` must be a list of tables");
      return;
    }
  }
  for (const YamlValue& item : list->items) {
    rule->tables.push_back(ReadTable(reading, item, base));
    places->tables.push_back(&item);
  }
}

selection::DatabaseRule ReadDatabase(Reading* reading, const YamlValue& value, const std::string& group,
                                     RulePlaces* places) {
  selection::DatabaseRule rule;
  if (value.kind == YamlValue::Kind::kScalar) {
    rule.database = reading->Name(value, "a " + group).value_or("");
    return rule;
  }
  MapReading map(reading, value, "a " + group, group == "schema" ? keys::kSchema : keys::kDatabase);
  if (const YamlValue* name = map.Require(group.c_str())) {
    rule.database = reading->Name(*name, fmt::format("`{}`", group)).value_or("");
  }
  if (const YamlValue* rename = map.Get("rename")) rule.rename = reading->Name(*rename, "`rename`").value_or("");
  OperationFilter base = selection::DefaultOperations();
  if (const YamlValue* operations = map.Get("operations")) {
    base = ReadOperations(reading, *operations, base);
    rule.operations = base;
  }
  if (const YamlValue* tables = map.Get("tables")) ReadTables(reading, *tables, base, &rule, places);
  if (const YamlValue* exclude = map.Get("exclude")) {
    for (std::string& name : reading->Names(*exclude, "`exclude`")) rule.exclude_tables.push_back(std::move(name));
  }
  if (const YamlValue* objects = map.Get("views_and_routines")) {
    rule.objects = reading->Bool(*objects, "`views_and_routines`").value_or(true);
    if (rule.only_listed && rule.objects) {
      reading->Add(*objects, "with a list of tables, views and routines are never carried; leave this key out");
    }
  }
  if (rule.only_listed) rule.objects = false;
  return rule;
}

// The value of a key such as "columns.rename", or the nearest that is there.
const YamlValue& PlaceOf(const YamlValue& entry, std::string_view key) {
  const YamlValue* at = &entry;
  while (!key.empty()) {
    const size_t dot = std::min(key.find('.'), key.size());
    const YamlValue* next = at->Find(key.substr(0, dot));
    if (next == nullptr) break;
    at = next;
    key.remove_prefix(std::min(dot + 1, key.size()));
  }
  return *at;
}

void AddProblems(Reading* reading, const selection::Rules& rules, const std::vector<RulePlaces>& places) {
  for (const selection::RuleProblem& problem : selection::FindRuleProblems(rules)) {
    const RulePlaces& rule = places[problem.rule];
    if (rule.has_mistakes) continue;
    const YamlValue& entry = problem.table < 0 ? *rule.rule : *rule.tables[static_cast<size_t>(problem.table)];
    reading->Add(PlaceOf(entry, problem.key), problem.message);
  }
}

selection::MappingRule ReadMappingRule(Reading* reading, const YamlValue& value) {
  selection::MappingRule rule;
  MapReading map(reading, value, "a rule", keys::kMapping);
  if (const YamlValue* kind = map.Require("kind")) {
    const auto word = reading->Word(*kind, "`kind`", keys::kMappingKindWords);
    constexpr size_t kSchemaWord = 3;
    rule.kind = static_cast<selection::MappingRule::Kind>(word == kSchemaWord ? 0 : word.value_or(1));
  }
  const std::pair<const char*, std::string*> texts[] = {{"in", &rule.in},         {"keyword", &rule.keyword},
                                                        {"match", &rule.match},   {"replace", &rule.replace},
                                                        {"prefix", &rule.prefix}, {"suffix", &rule.suffix}};
  for (const auto& [key, text] : texts) {
    if (const YamlValue* given = map.Get(key)) *text = reading->Name(*given, fmt::format("`{}`", key)).value_or("");
  }
  if (const YamlValue* letters = map.Get("letters")) {
    const auto word = reading->Word(*letters, "`letters`", keys::kLettersWords);
    if (word) rule.letters = keys::kLettersWords[*word];
  }
  return rule;
}

}  // namespace

void ReadObjects(Reading* reading, const YamlValue& value, selection::Rules* rules) {
  const std::string& group = rules->names.group;
  if (value.kind != YamlValue::Kind::kList) {
    reading->Add(value, fmt::format("`objects` must be a list of {0}s: - {0}: shop", group));
    return;
  }
  if (value.items.empty()) reading->Add(value, fmt::format("`objects` is empty: name at least one {}", group));
  std::vector<RulePlaces> places;
  for (const YamlValue& item : value.items) {
    RulePlaces place{&item, {}, false};
    const size_t before = reading->mistakes().size();
    rules->databases.push_back(ReadDatabase(reading, item, group, &place));
    place.has_mistakes = reading->mistakes().size() != before;
    places.push_back(std::move(place));
  }
  selection::Rules only_objects;
  only_objects.names = rules->names;
  only_objects.databases = rules->databases;
  AddProblems(reading, only_objects, places);
}

void ReadMapping(Reading* reading, const YamlValue& value, selection::Rules* rules) {
  if (value.kind != YamlValue::Kind::kList) {
    reading->Add(value, "`mapping` must be a list of rules: - {kind: table, in: \"shop.*\", prefix: old_}");
    return;
  }
  std::vector<RulePlaces> places;
  for (const YamlValue& item : value.items) {
    const size_t before = reading->mistakes().size();
    rules->mapping.push_back(ReadMappingRule(reading, item));
    places.push_back({&item, {}, reading->mistakes().size() != before});
  }
  selection::Rules only_mapping;
  only_mapping.names = rules->names;
  only_mapping.mapping = rules->mapping;
  AddProblems(reading, only_mapping, places);
}

}  // namespace sluice::task
