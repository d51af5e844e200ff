#include "connector/owner.h"

#include <gtest/gtest.h>

namespace sluice::connector {
namespace {

TEST(Owner, ComesBackFromItsNote) {
  const Owner owner{.token = "0a1b", .host = "dätabase \"1\" 'x'", .process = 4711, .since = "2026-11-23T06:12:16Z"};
  const std::string note = ToNote(owner);
  for (const char c : note) EXPECT_TRUE(c >= ' ' && c < 0x7f) << "it goes through sessions of any character set";
  const Owner read = OwnerFrom(note);
  EXPECT_EQ(ToNote(read), note);
  EXPECT_EQ(read.token, owner.token);
  EXPECT_EQ(read.host, owner.host);
  EXPECT_EQ(read.process, owner.process);
  EXPECT_EQ(read.since, owner.since);
}

TEST(Owner, TextsThatAreNoNotes) {
  for (const char* text : {"", "x", "[]", "{}", R"({"token":7,"process":"x"})"}) {
    EXPECT_EQ(OwnerFrom(text).token, "") << text;
  }
}

TEST(Owner, TheErrorNamesTheOther) {
  const ErrorInfo info = TakenOver(ToNote({.token = "0a1b", .host = "db7", .process = 4711, .since = "today"})).info();
  EXPECT_TRUE(IsTakenOver(info));
  EXPECT_NE(info.cause.find("process 4711 on db7, since today"), std::string::npos) << info.cause;
  EXPECT_EQ(info.retry, RetryClass::kNever);
  EXPECT_NE(TakenOver("").info().cause.find("gone"), std::string::npos);
}

}  // namespace
}  // namespace sluice::connector
