#include <fmt/format.h>

#include "connectors/mysql/flavour.h"

namespace sluice::mysql {

void Flavour::Translate(CreateTable& table, Notes& notes) const {
  (void)table;
  (void)notes;
}

}  // namespace sluice::mysql
