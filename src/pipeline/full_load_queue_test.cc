#include "pipeline/full_load_queue.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice::pipeline {
namespace {

std::vector<connector::Chunk> Chunks(size_t count) {
  std::vector<connector::Chunk> chunks(count);
  for (size_t i = 0; i < count; ++i) chunks[i].number = i;
  return chunks;
}

// "plan 0", "1.2" (table and chunk).
std::string Take(LoadQueue& queue, std::optional<size_t> mine) {
  const auto job = queue.Next(mine, {});
  if (!job) return "end";
  if (job->kind == LoadJob::Kind::kPlan) return "plan " + std::to_string(job->table);
  return std::to_string(job->table) + "." + std::to_string(job->chunk.number);
}

TEST(LoadQueue, EachReaderHasATableOfItsOwnWhileThereAreEnough) {
  LoadQueue queue({0, 1, 2});
  EXPECT_EQ(Take(queue, std::nullopt), "plan 0");
  queue.AddChunks(0, Chunks(5));
  EXPECT_EQ(Take(queue, std::nullopt), "plan 1");
  queue.AddChunks(1, Chunks(2));
  EXPECT_EQ(Take(queue, 0), "0.0");
  EXPECT_EQ(Take(queue, 1), "1.0");
  EXPECT_EQ(Take(queue, 1), "1.1");
  EXPECT_EQ(Take(queue, 1), "plan 2");
  queue.AddChunks(2, Chunks(1));
  EXPECT_EQ(Take(queue, 2), "2.0");
  EXPECT_EQ(Take(queue, 2), "0.1");  // helps with the fullest
  EXPECT_EQ(Take(queue, 0), "0.2");
}

TEST(LoadQueue, WhatFailedComesAgainWithItsCount) {
  LoadQueue queue({0});
  auto plan = queue.Next({}, {});
  plan->failures = 3;
  queue.Again(*plan);
  plan = queue.Next({}, {});
  EXPECT_EQ(plan->failures, 3u);
  queue.AddChunks(0, Chunks(1));
  auto chunk = queue.Next(0, {});
  chunk->failures = 2;
  queue.Again(*chunk);
  EXPECT_EQ(queue.Next(0, {})->failures, 2u);
  EXPECT_TRUE(queue.ChunkDone(0));
  queue.Settle(0);
  EXPECT_EQ(Take(queue, 0), "end");
}

TEST(LoadQueue, AGivenUpTableIsNotTakenFrom) {
  LoadQueue queue({0, 1});
  EXPECT_EQ(Take(queue, {}), "plan 0");
  queue.AddChunks(0, Chunks(3));
  EXPECT_TRUE(queue.GiveUp(0));
  EXPECT_EQ(Take(queue, 0), "plan 1");
  EXPECT_TRUE(queue.AddChunks(1, {}));
  queue.Settle(1);
  EXPECT_EQ(Take(queue, 1), "end");
}

}  // namespace
}  // namespace sluice::pipeline
