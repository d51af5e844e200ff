// What is asked of the catalogs in order to describe tables. A source that tells its schema statements asks itself the
// same at that moment (ddl_trigger.h), so that both kinds of description come from one text.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::postgresql {

// Parameters: of relations two arrays, the schemas and names of tables ($1, $2); of types and labels the numbers of
// types; of all others the numbers of the relations that the first one found.
enum class DefinitionQuestion {
  kRelations,
  kColumns,
  kNotNulls,
  kConstraints,
  kIndexes,
  kSequences,
  kStatistics,
  kParents,
  kTypes,
  kLabels,
};
inline constexpr DefinitionQuestion kDefinitionQuestions[] = {
    DefinitionQuestion::kRelations,   DefinitionQuestion::kColumns, DefinitionQuestion::kNotNulls,
    DefinitionQuestion::kConstraints, DefinitionQuestion::kIndexes, DefinitionQuestion::kSequences,
    DefinitionQuestion::kStatistics,  DefinitionQuestion::kParents, DefinitionQuestion::kTypes,
    DefinitionQuestion::kLabels};

std::string_view Name(DefinitionQuestion question);
// For a server of this version (as Connection::version()); empty: it has nothing of that.
std::string QuestionText(DefinitionQuestion question, uint32_t version);

}  // namespace sluice::postgresql
