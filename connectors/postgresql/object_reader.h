// Reads everything of a schema that is carried beside tables: each object with the statement that makes it, in an order
// in which each comes after what it needs.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "connectors/postgresql/connection.h"
#include "connectors/postgresql/definition_parts.h"
#include "connectors/postgresql/names_in_text.h"
#include "model/table.h"

namespace sluice::postgresql {

std::vector<model::SchemaObject> ReadObjects(Connection& connection, const std::string& schema);

// What is there beside tables but not carried, e.g. {"function shop.f(integer)", "it is written in C"}; the precheck
// tells it.
struct NotCarried {
  std::string object;
  std::string why;
};
std::vector<NotCarried> ListNotCarried(Connection& connection, const std::string& schema);

// An object of the catalogs: its catalog and its oid.
using ObjectId = std::pair<std::string, uint32_t>;

struct FoundObject {
  ObjectId id;
  model::SchemaObject object;
};

// What the server knows of who needs whom. Parts (a view's rule, a column's default, an array's type ...) are taken for
// the objects that they belong to.
class Dependencies {
 public:
  static Dependencies Read(Connection& connection);

  // All that any of these needs, directly or not; themselves included.
  std::set<ObjectId> Needed(const std::set<ObjectId>& by) const;
  // Each after what it needs, otherwise as they were.
  void Sort(std::vector<FoundObject>& objects) const;

 private:
  ObjectId OwnerOf(ObjectId id) const;

  std::map<ObjectId, ObjectId> owners_;
  std::map<ObjectId, std::set<ObjectId>> needs_;
};

// Collects the objects of one schema, kind by kind.
class ObjectReader {
 public:
  ObjectReader(Connection& connection, std::string schema) : connection_(connection), schema_(std::move(schema)) {}

  std::vector<model::SchemaObject> Run();

 private:
  bool AtLeast(uint32_t version) const { return connection_.version() >= version; }
  Rows Ask(const std::string& sql);
  model::SchemaObject& Add(model::ObjectKind kind, const char* catalog, uint32_t id, const std::string& name,
                           std::string statement);
  // ";\nCOMMENT ON ... IS ...", or nothing.
  static std::string Comment(const std::string& what, const std::string& comment);
  std::string Full(const std::string& name) const { return Quote(schema_, name); }

  // object_reader_types.cc
  void ReadExtensions();
  void ReadCollations();
  void ReadEnums();
  void ReadComposites();
  void ReadRanges();
  void ReadDomains();
  void ReadSequences();
  // object_reader_routines.cc
  void ReadFunctions();
  void ReadAggregates();
  void ReadOperators();
  // object_reader_relations.cc
  void ReadViews();
  void ReadRules();
  void ReadPolicies();
  void ReadRowSecurity();
  void ReadTriggers();
  std::map<uint32_t, std::string> ReadColumnExtras(const std::string& kind);
  std::map<uint32_t, std::string> ReadViewIndexes();

  Connection& connection_;
  const std::string schema_;
  std::vector<FoundObject> found_;
  std::map<uint32_t, size_t> extensions_;  // oid -> index in found_ of those that may not be needed
};

}  // namespace sluice::postgresql
