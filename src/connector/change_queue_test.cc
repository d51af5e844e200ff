#include "connector/change_queue.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "base/error.h"

namespace sluice::connector {
namespace {

constexpr ErrorCode kBroken{"TS-0020", "The log broke"};
constexpr milliseconds kOften{1};

model::TransactionPtr Transaction(uint64_t ordinal, bool ddl = false) {
  auto transaction = std::make_unique<model::Transaction>();
  transaction->ordinal = ordinal;
  if (ddl) transaction->ddl.emplace();
  return transaction;
}

Deadline Soon() {
  return Deadline::After(milliseconds(20'000));
}

TEST(ChangeQueue, NothingComesBehindAStatementBeforeTheCallerIsBack) {
  ChangeQueue queue(1 << 20);
  std::stop_source stop;
  std::atomic<int> put{0};
  std::atomic<int> waited{0};
  std::jthread reader([&] {
    for (const uint64_t ordinal : {1, 2}) {
      queue.Put(Transaction(ordinal, ordinal == 1), stop.get_token(), kOften, [&] {
        ++waited;
        waited.notify_all();
      });
      ++put;
    }
  });
  EXPECT_EQ(queue.Next({}, Soon())->ordinal, 1u);
  waited.wait(waited.load());  // it is called while the reader waits, again and again
  EXPECT_EQ(put, 0);
  EXPECT_EQ(queue.Next({}, Soon())->ordinal, 2u);
  reader.join();
  EXPECT_EQ(put, 2);
}

TEST(ChangeQueue, FailureComesBehindWhatWasRead) {
  ChangeQueue queue(1 << 20);
  queue.Put(Transaction(1), {}, kOften, [] {});
  queue.Close(std::make_exception_ptr(Error(kBroken)));
  EXPECT_EQ(queue.Next({}, Soon())->ordinal, 1u);
  EXPECT_THROW(queue.Next({}, Soon()), Error);
}

TEST(ChangeQueue, WaitForRoomIsUsedAndEndsByAStop) {
  ChangeQueue queue(1);
  std::stop_source stop;
  queue.Put(Transaction(1), stop.get_token(), kOften, [] {});
  int waited = 0;
  const auto put = [&] {
    queue.Put(Transaction(2), stop.get_token(), kOften, [&] {
      if (++waited == 3) stop.request_stop();
    });
  };
  EXPECT_THROW(put(), Error);
  EXPECT_EQ(waited, 3);
}

}  // namespace
}  // namespace sluice::connector
