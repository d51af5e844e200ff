#include "connectors/postgresql/test_decoding/translator.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <set>

#include "base/error_for_test.h"
#include "connectors/postgresql/codes.h"
#include "connectors/postgresql/pgoutput/decoder.h"
#include "connectors/postgresql/pgoutput/messages_for_test.h"
#include "connectors/postgresql/pgoutput/text_for_test.h"

namespace sluice::postgresql::test_decoding {
namespace {

using pgoutput::ChangeText;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr uint64_t kStart = 0x1000;

class FakeNames : public NameCatalog {
 public:
  std::map<model::ObjectName, TableFacts> facts;
  std::optional<TableFacts> FactsOf(const model::ObjectName& name) override {
    const auto found = facts.find(name);
    return found == facts.end() ? std::nullopt : std::optional(found->second);
  }
  std::string PlainType(const std::string& type) override { return type.substr(0, type.find('(')); }
};

class TranslatorTest : public ::testing::Test {
 protected:
  TranslatorTest() {
    Define("t", {"id integer", "v character varying(9)", "n integer"}, 'd', {"id"});
    Define("w", {"id integer", "v character varying(9)"}, 'f', {});
  }

  void Define(const std::string& name, const std::vector<std::string>& columns, char identity,
              std::vector<std::string> key) {
    auto table = std::make_shared<model::Table>();
    table->name = {"shop", name};
    for (const std::string& text : columns) {
      model::Column column;
      column.name = text.substr(0, text.find(' '));
      column.type.native = text.substr(text.find(' ') + 1);
      column.type.kind = column.type.native == "integer" ? model::TypeKind::kInteger : model::TypeKind::kText;
      table->columns.push_back(column);
    }
    definitions_.Set(table->name, table);
    const auto oid = static_cast<uint32_t>(100 + names_.facts.size());
    names_.facts[table->name] = {.oid = oid, .root = table->name, .identity = identity, .key = std::move(key)};
    catalog_.places[oid] = {table->name, false};
  }
  // A line at the next place of the log.
  void Feed(const std::string& text) {
    if (translator_ == nullptr) Open(kStart, 0);
    translator_->Feed(text, at_ += 0x100);
  }
  void Open(uint64_t start, uint64_t ordinal) {
    pgoutput::DecoderOptions options;
    options.start = {.lsn = start, .system = "7", .timeline = 1};
    options.ordinal = ordinal;
    options.selected = [](const model::ObjectName&) { return false; };
    options.emit = [this](model::TransactionPtr transaction) {
      std::string line = fmt::format("{:x}", transaction->ordinal);
      if (transaction->ddl) line += " " + transaction->ddl->statement;
      for (const model::RowChange& row : transaction->rows) line += " " + ChangeText(row);
      lines_.push_back(line);
      end_ = transaction->end;
    };
    decoder_ = std::make_unique<pgoutput::Decoder>(std::move(options), definitions_, catalog_);
    TranslatorOptions from;
    from.start = start;
    from.version = version_;
    from.encoding = encoding_;
    from.feed = [this](std::string_view message) { decoder_->Feed(message); };
    translator_ = std::make_unique<Translator>(std::move(from), definitions_, names_);
  }
  std::string CodeOf(const std::function<void()>& call) { return sluice::CodeOf(call, &text_); }
  void Transaction(const std::vector<std::string>& lines) {
    Feed("BEGIN 7");
    for (const std::string& line : lines) Feed(line);
    Feed("COMMIT 7 (at 2026-11-26 12:00:00+00)");
  }

  connector::Definitions definitions_{{}};
  pgoutput::FakeCatalog catalog_;
  FakeNames names_;
  uint32_t version_ = 90624;
  std::string encoding_ = "UTF8";
  std::unique_ptr<pgoutput::Decoder> decoder_;
  std::unique_ptr<Translator> translator_;
  uint64_t at_ = kStart;
  std::vector<std::string> lines_;
  model::Position end_;
  std::string text_;
};

TEST_F(TranslatorTest, RowsWithAndWithoutOldKeys) {
  Transaction({"table shop.t: INSERT: id[integer]:1 v[character varying]:'a' n[integer]:null",
               "table shop.t: UPDATE: id[integer]:1 v[character varying]:unchanged-toast-datum n[integer]:5",
               "table shop.t: UPDATE: old-key: id[integer]:1 new-tuple: id[integer]:2 v[character varying]:'b' "
               "n[integer]:5",
               "table shop.t: DELETE: id[integer]:2"});
  EXPECT_THAT(lines_, ElementsAre("1600 I t (int:1|a|NULL) U t (int:1|-|-)(int:1|-|int:5) "
                                  "U t (int:1|-|-)(int:2|b|int:5) D t (int:2|-|-)"));
}

// The old row comes first and without its nulls: what columns there are is known from the description.
TEST_F(TranslatorTest, AWholeOldRowHasNullsThatAreNotSaid) {
  Transaction({"table shop.w: DELETE: v[character varying]:'x'", "table shop.w: DELETE: id[integer]:1",
               "table shop.w: UPDATE: old-key: id[integer]:1 new-tuple: id[integer]:1 v[character varying]:'y'"});
  EXPECT_THAT(lines_, ElementsAre("1500 D w (NULL|x) D w (int:1|NULL) U w (int:1|NULL)(int:1|y)"));
}

TEST_F(TranslatorTest, TablesThatAreNotFollowedAreLeftOut) {
  Transaction({"table shop.other: INSERT: a[integer]:1", "table shop.other: DELETE: (no-tuple-data)",
               "table shop.other: UPDATE: a[integer]:2", "table shop.t: DELETE: id[integer]:2"});
  EXPECT_THAT(lines_, ElementsAre("1600 D t (int:2|-|-)"));
}

TEST_F(TranslatorTest, ATableThatIsNotAsDescribedIsAnError) {
  const std::pair<std::string, std::string> cases[] = {
      {"INSERT: id[integer]:1 v[character varying]:'a' n[integer]:null more[text]:null", "column more is new"},
      {"INSERT: id[integer]:1 v[character varying]:'a'", "column n is gone"},
      {"INSERT: id[integer]:1 v[text]:'a' n[integer]:null", "column v is text in the log, and was character varying"},
      {"DELETE: code[integer]:1", "column code is new"},
      {"DELETE: id[bigint]:1", "column id is bigint in the log, and was integer"},
      {"DELETE: v[character varying]:'a'", "replica identity or its primary key was changed"},
      {"UPDATE: old-key: id[integer]:1 n[integer]:1 new-tuple: id[integer]:1 v[character varying]:'a' n[integer]:2",
       "replica identity or its primary key was changed"},
  };
  for (const auto& [row, cause] : cases) {
    translator_ = nullptr;
    EXPECT_EQ(CodeOf([&] { Transaction({"table shop.t: " + row}); }), kSchemaDrift.id) << row;
    EXPECT_THAT(text_, HasSubstr(cause));
  }
  translator_ = nullptr;
  EXPECT_EQ(CodeOf([&] { Transaction({"table shop.w: UPDATE: id[integer]:1 v[character varying]:'a'"}); }),
            kSchemaDrift.id);
  translator_ = nullptr;
  EXPECT_EQ(CodeOf([&] { Transaction({"table shop.t: DELETE: (no-tuple-data)"}); }), kNoReplicaIdentity.id);
  EXPECT_THAT(lines_, IsEmpty());
}

// Where the commit record begins is not said. Read again from behind the TRUNCATE it is the same transaction.
TEST_F(TranslatorTest, APartOfATransactionHasTheSameNumberWhenItIsReadAgain) {
  const std::vector<std::string> rows = {"table shop.t: TRUNCATE: (no-flags)",
                                         "table shop.t: INSERT: id[integer]:1 v[character varying]:'a' n[integer]:1"};
  Transaction({"table shop.t: DELETE: id[integer]:2"});
  translator_->Reached(0x1380);
  decoder_->Reached(0x1380);
  decoder_->Flush();
  const uint64_t before = at_;
  Transaction(rows);
  const std::vector<std::string> all = {"1300 D t (int:2|-|-)", "1380", "1381 TRUNCATE TABLE ONLY \"shop\".\"t\"",
                                        "1700 I t (int:1|a|int:1)"};
  EXPECT_EQ(lines_, all);
  lines_.clear();
  at_ = before;
  Open(0x1380, 0x1381);
  Transaction(rows);
  EXPECT_THAT(lines_, ElementsAre(all.back()));
}

TEST_F(TranslatorTest, TextIsInTheDatabasesEncoding) {
  encoding_ = "LATIN1";
  Transaction({"table shop.t: INSERT: id[integer]:1 v[character varying]:'M\xfcller' n[integer]:null"});
  EXPECT_THAT(lines_, ElementsAre("1300 I t (int:1|Müller|NULL)"));
  encoding_ = "MULE_INTERNAL";
  EXPECT_EQ(CodeOf([&] { Open(kStart, 0); }), kUnsupported.id);
}

// Of tables WITH OIDS; from 12 on `oid` is a column as others.
TEST_F(TranslatorTest, NumbersOfRowsAreNoColumns) {
  Transaction({"table shop.t: INSERT: oid[oid]:16400 id[integer]:1 v[character varying]:'a' n[integer]:null"});
  EXPECT_THAT(lines_, ElementsAre("1300 I t (int:1|a|NULL)"));
  version_ = 120000;
  Open(kStart, 0);
  EXPECT_EQ(CodeOf([&] {
              Transaction({"table shop.t: INSERT: oid[oid]:1 id[integer]:1 v[character varying]:'a' n[integer]:null"});
            }),
            kSchemaDrift.id);
}

}  // namespace
}  // namespace sluice::postgresql::test_decoding
