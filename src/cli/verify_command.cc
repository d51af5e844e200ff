// `sluice verify`.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/format.h"
#include "cli/json_text.h"
#include "cli/reporter.h"

namespace sluice::cli {
namespace {

using Json = nlohmann::ordered_json;

ReporterOptions MakeOptions(const CommandContext& context, const task::TaskSpec& spec) {
  ReporterOptions options;
  const bool live = context.out.interactive && context.invocation.log_file != "-";
  options.mode = context.invocation.json ? ReportMode::kSilent : live ? ReportMode::kLive : ReportMode::kPlain;
  options.view.name = spec.name;
  options.view.types = spec.types;
  options.view.terminal = context.out;
  return options;
}

void PrintVerifyJson(const CommandContext& context, const std::string& name, const task::VerifyReport& report) {
  Json tables = Json::array();
  uint64_t rows = 0;
  uint64_t counts[3] = {};
  size_t errors = 0;
  for (const pipeline::VerifyTableResult& result : report.tables) {
    tables.push_back(ToJson(result));
    rows += result.rows_source;
    counts[0] += result.missing;
    counts[1] += result.extra;
    counts[2] += result.different;
    errors += result.error ? 1 : 0;
  }
  Json json = {{"name", name},
               {"equal", counts[0] + counts[1] + counts[2] == 0 && errors == 0},
               {"rows", rows},
               {"missing", counts[0]},
               {"extra", counts[1]},
               {"different", counts[2]},
               {"tables_not_compared", errors},
               {"changes_wait", report.changes_wait}};
  const std::string& repair = context.invocation.repair_sql;
  json["repair_sql"] = repair.empty() ? Json(nullptr) : Json(repair);
  json["tables"] = std::move(tables);
  context.Print(JsonDocument(json));
}

}  // namespace

int RunVerify(const CommandContext& context) {
  const std::string& file = context.invocation.operands.front();
  task::TaskSpec spec = task::LoadTaskFile(file).ValueOrThrow();
  StartCommandLog(context.invocation, spec.name);
  const std::string name = spec.name;
  const TextStyle style = context.Style(file);
  ReporterOptions reporting = MakeOptions(context, spec);
  reporting.view.verify = true;
  task::LiveState live;
  Reporter reporter(std::move(reporting), &live, context.signals);
  task::VerifyOptions options;
  options.state_directory = context.invocation.state_directory;
  options.repair_sql = context.invocation.repair_sql;
  options.live = &live;
  options.on_table = [&](const pipeline::VerifyTableResult& result) { reporter.Say(VerifyLine(result, style)); };
  reporter.Start();
  const task::VerifyReport report = task::Task(std::move(spec)).Verify(options, context.signals.token());
  const std::vector<pipeline::VerifyTableResult>& results = report.tables;
  reporter.Finish();
  if (context.invocation.json) {
    PrintVerifyJson(context, name, report);
  } else {
    context.Print(VerifySummary(report, context.invocation.repair_sql, style));
  }
  const auto differs = [](const auto& result) { return result.missing + result.extra + result.different > 0; };
  if (std::any_of(results.begin(), results.end(), differs)) return kDifferencesFound;
  const auto failed = [](const auto& result) { return result.error.has_value(); };
  return std::any_of(results.begin(), results.end(), failed) ? kMigrationFailed : kDone;
}

}  // namespace sluice::cli
