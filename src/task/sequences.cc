#include "task/sequences.h"

#include "selection/selection.h"
#include "task/context.h"

namespace sluice::task {
namespace {

void Carry(Session& session) {
  Task::Context& context = session.context();
  auto catalog = context.source->OpenCatalog({session.stop(), "sequences"});
  std::unique_ptr<connector::SchemaWriter> writer;
  for (const std::string& database : catalog->Databases()) {
    if (!context.selection->DatabaseSelected(database)) continue;
    for (const connector::SequenceValue& value : catalog->Sequences(database)) {
      const bool owned = !value.table.name.empty();
      if (owned ? !context.selection->Selected(value.table) : !context.selection->ObjectsSelected(database)) continue;
      if (writer == nullptr) writer = context.destination->OpenSchemaWriter({session.stop(), "sequences"});
      try {
        writer->SetSequence(value, *context.selection);
      } catch (const Error& error) {
        if (!connector::IsRefusal(error.info())) throw;
        session.Say("sequence " + value.name.Text() + " is not set: " + error.info().OneLine());
      }
    }
  }
}

}  // namespace

void CarrySequences(Session& session) {
  session.Persist([&] { Carry(session); });
}

}  // namespace sluice::task
