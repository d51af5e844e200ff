// Every name as it will be at the destination.
#include "task/context.h"

namespace sluice::task {
namespace {

void AddTable(const model::Table& table, const model::TableMapping& mapping, std::vector<PreviewLine>* lines) {
  lines->push_back({"table", table.name.Text(), mapping.destination.Text(),
                    mapping.filter.empty() ? "" : "rows where " + mapping.filter});
  for (const model::Column& column : table.columns) {
    PreviewLine line{"column", table.name.Text() + "." + column.name, "", ""};
    for (const model::ColumnMapping& carried : mapping.columns) {
      if (carried.source == column.name) line.destination = mapping.destination.Text() + "." + carried.destination;
    }
    if (line.destination.empty()) {
      line.note = mapping.excluded.contains(column.name) ? "excluded" : "generated: computed by the destination";
    }
    lines->push_back(std::move(line));
  }
}

}  // namespace

std::vector<PreviewLine> Task::Preview(std::stop_token stop) {
  const Plan plan = MakePlan(*context_, stop);
  RefuseCollisions(*context_, plan);
  std::vector<PreviewLine> lines;
  for (const auto& [source, destination] : plan.databases) lines.push_back({"database", source, destination, ""});
  for (size_t i = 0; i < plan.tables.size(); ++i) AddTable(*plan.tables[i], *plan.mappings[i], &lines);
  for (const model::SchemaObject& object : plan.objects) {
    const std::string note = object.kind == model::ObjectKind::kTrigger && context_->spec.types.incremental
                                 ? "created at the switch-over"
                                 : "";
    const model::ObjectName destination =
        object.kind == model::ObjectKind::kTrigger
            ? model::ObjectName{context_->selection->MapDatabase(object.name.database), object.name.name}
            : context_->selection->Map(object.name);
    lines.push_back({std::string(model::Name(object.kind)), object.name.Text(), destination.Text(), note});
  }
  for (const model::ObjectName& name : plan.missing) {
    lines.push_back({"missing", MissingText(*context_, name), "", "the source does not have it"});
  }
  return lines;
}

}  // namespace sluice::task
