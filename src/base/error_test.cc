#include "base/error.h"

#include <gtest/gtest.h>

#include "base/arena.h"
#include "base/secret.h"
#include "base/stop.h"

namespace sluice {
namespace {

inline constexpr ErrorCode kExample{"XX-0001", "Something happened"};

TEST(Error, SaysWhatToWhichObjectWhyAndWhatMendsIt) {
  const Error error = Error(kExample).Object("table a.b").Cause("it is full").Remedy("Make room.").Native(1114, "full");
  EXPECT_STREQ(error.what(), "[XX-0001] Something happened: table a.b: it is full (1114: full)");
  const std::string block = error.info().Block();
  for (const char* part :
       {"XX-0001", "object: table a.b", "cause:  it is full", "server: 1114 full", "remedy: Make room."}) {
    EXPECT_NE(block.find(part), std::string::npos) << part << " in\n" << block;
  }
}

TEST(Secret, IsRedactedWhereverItStands) {
  EXPECT_EQ(Redact("user x password hunter2 again hunter2", Secret("hunter2")), "user x password *** again ***");
  EXPECT_EQ(Redact("a***b", Secret("***")), "a***b");
}

TEST(Arena, BytesStayWhereTheyAreWhileItGrows) {
  Arena arena;
  std::vector<std::string_view> views;
  for (int i = 0; i < 5000; ++i) views.push_back(arena.Copy(std::string(static_cast<size_t>(i % 300), 'a' + i % 26)));
  for (int i = 0; i < 5000; ++i) {
    ASSERT_EQ(views[static_cast<size_t>(i)], std::string(static_cast<size_t>(i % 300), 'a' + i % 26));
  }
  const Arena moved = std::move(arena);
  EXPECT_EQ(views[4999].size(), 4999u % 300);
}

TEST(Stop, SleepEndsAtOnceWhenStopped) {
  std::stop_source stop;
  stop.request_stop();
  EXPECT_FALSE(SleepFor(stop.get_token(), milliseconds(3'600'000)));
  EXPECT_THROW(ThrowIfStopped(stop.get_token()), Error);
}

}  // namespace
}  // namespace sluice
