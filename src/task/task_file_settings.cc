// The `types`, `limits` and `options` parts of a task file.
#include <fmt/format.h>

#include <cmath>

#include "task/task_file_keys.h"
#include "task/task_file_reading.h"
#include "task/task_limits.h"

namespace sluice::task {
namespace {

constexpr uint64_t kMemoryMin = 32ull << 20;
constexpr uint64_t kMemoryMax = 1ull << 40;
constexpr milliseconds kNotDelayedMin{10};
constexpr milliseconds kNotDelayedMax{3600 * 1000};
constexpr milliseconds kGiveUpMax{30LL * 24 * 3600 * 1000};

}  // namespace

void ReadTypes(Reading* reading, const YamlValue& value, connector::MigrationTypes* types) {
  if (value.kind != YamlValue::Kind::kList) {
    reading->Add(value, "`types` must be a list: [schema, full, incremental]");
    return;
  }
  bool* const flags[] = {&types->schema, &types->full, &types->incremental};
  const size_t before = reading->mistakes().size();
  for (const YamlValue& item : value.items) {
    const auto word = reading->Word(item, "a migration type", keys::kTypeWords);
    if (!word) continue;
    if (*flags[*word]) reading->Add(item, fmt::format("`{}` stands in `types` twice", keys::kTypeWords[*word]));
    *flags[*word] = true;
  }
  if (reading->mistakes().size() != before) return;
  if (value.items.empty()) reading->Add(value, "`types` is empty: choose from schema, full and incremental");
  if (types->schema && types->incremental && !types->full) {
    reading->Add(value,
                 "`schema` and `incremental` without `full` would follow changes of rows that are not there: add "
                 "`full`, or leave `schema` out where the destination has the rows already",
                 kPairNotOffered);
  }
}

void ReadLimits(Reading* reading, const YamlValue& value, pipeline::Limits* limits) {
  MapReading map(reading, value, "`limits`", keys::kLimits);
  if (const YamlValue* rows = map.Get("rows_per_second")) {
    limits->rows_per_second = reading->Whole(*rows, "`rows_per_second`", 0, kRowsPerSecondMax).value_or(0);
  }
  if (const YamlValue* megabytes = map.Get("megabytes_per_second")) {
    const auto number = reading->Number(*megabytes, "`megabytes_per_second`", 0, kMegabytesPerSecondMax);
    // Less than a byte would round to "none".
    const double bytes = std::ceil(number.value_or(0) * 1e6);
    limits->bytes_per_second = static_cast<uint64_t>(bytes);
  }
  if (const YamlValue* readers = map.Get("readers")) {
    limits->readers =
        static_cast<uint32_t>(reading->Whole(*readers, "`readers`", 1, kSessionsMax).value_or(limits->readers));
  }
  if (const YamlValue* writers = map.Get("writers")) {
    limits->writers =
        static_cast<uint32_t>(reading->Whole(*writers, "`writers`", 1, kSessionsMax).value_or(limits->writers));
  }
  if (const YamlValue* memory = map.Get("memory")) {
    limits->memory_bytes = reading->Size(*memory, "`memory`", kMemoryMin, kMemoryMax).value_or(limits->memory_bytes);
  }
}

void ReadOptions(Reading* reading, const YamlValue& value, TaskSpec* spec) {
  MapReading map(reading, value, "`options`", keys::kOptions);
  if (const YamlValue* within = map.Get("not_delayed_within")) {
    spec->not_delayed_within = reading->Duration(*within, "`not_delayed_within`", kNotDelayedMin, kNotDelayedMax)
                                   .value_or(spec->not_delayed_within);
  }
  if (const YamlValue* give_up = map.Get("give_up_after")) {
    spec->give_up = reading->Duration(*give_up, "`give_up_after`", milliseconds(0), kGiveUpMax).value_or(spec->give_up);
  }
}

}  // namespace sluice::task
