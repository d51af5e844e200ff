#include "cli/invocation.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace sluice::cli {
namespace {

Parsed Parse(std::vector<std::string> words) {
  words.insert(words.begin(), "sluice");
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  return ParseCommandLine(static_cast<int>(words.size()), argv.data());
}

TEST(Invocation, OptionsStandAnywhere) {
  for (const auto& words :
       std::vector<std::vector<std::string>>{{"run", "shop.yaml", "--state", "/s", "--until", "caught-up", "--json"},
                                             {"run", "--json", "--until=caught-up", "--state=/s", "shop.yaml"},
                                             {"--state", "/s", "--json", "run", "--until", "caught-up", "shop.yaml"}}) {
    const Parsed parsed = Parse(words);
    ASSERT_TRUE(parsed.invocation) << (parsed.error ? parsed.error->cause : parsed.text);
    EXPECT_EQ(parsed.invocation->command, Command::kRun);
    EXPECT_EQ(parsed.invocation->operands, std::vector<std::string>{"shop.yaml"});
    EXPECT_EQ(parsed.invocation->state_directory, "/s");
    EXPECT_TRUE(parsed.invocation->until_caught_up);
    EXPECT_TRUE(parsed.invocation->json);
    EXPECT_FALSE(parsed.invocation->restart);
  }
}

TEST(Invocation, MistakesAreUsageErrors) {
  for (const auto& words : std::vector<std::vector<std::string>>{{"run"},
                                                                 {"run", "a.yaml", "b.yaml"},
                                                                 {"run", "a.yaml", "--untill", "caught-up"},
                                                                 {"run", "a.yaml", "--until", "never"},
                                                                 {"cutover", "a.yaml", "--timeout", "soon"},
                                                                 {"migrate", "a.yaml"},
                                                                 {"schema"},
                                                                 {"schema", "undo", "a.yaml"},
                                                                 {"status", "a.yaml", "--log-level", "loud"},
                                                                 {"--nonsense"}}) {
    const Parsed parsed = Parse(words);
    EXPECT_FALSE(parsed.invocation);
    ASSERT_TRUE(parsed.error) << words.front();
    EXPECT_EQ(parsed.status, 2);
    EXPECT_EQ(parsed.error->code, "CL-0101");
    EXPECT_FALSE(parsed.error->remedy.empty());
  }
  EXPECT_NE(Parse({"verfy", "a.yaml"}).error->cause.find("did you mean `verify`"), std::string::npos);
  EXPECT_TRUE(Parse({"verfy", "--json"}).json);
}

TEST(Invocation, HelpAndVersionAreNoErrors) {
  EXPECT_EQ(Parse({"--version"}).status, 0);
  EXPECT_EQ(Parse({"--version"}).text.substr(0, 7), "sluice ");
  EXPECT_NE(Parse({"--help"}).text.find("Exit status:"), std::string::npos);
  EXPECT_NE(Parse({"cutover", "--help"}).text.find("--timeout"), std::string::npos);
  EXPECT_NE(Parse({"schema", "retry", "--help"}).text.find("--statement"), std::string::npos);
  EXPECT_EQ(Parse({}).status, 0);
}

TEST(Invocation, SchemaCommands) {
  const Parsed retry = Parse({"schema", "retry", "shop.yaml", "--state", "/s", "view a.v", "--statement", "v.sql"});
  ASSERT_TRUE(retry.invocation);
  EXPECT_EQ(retry.invocation->command, Command::kSchemaRetry);
  EXPECT_EQ(retry.invocation->operands, (std::vector<std::string>{"shop.yaml", "view a.v"}));
  EXPECT_EQ(retry.invocation->statement_file, "v.sql");
  const Parsed skip = Parse({"schema", "skip", "a.v", "--task", "shop.yaml"});
  ASSERT_TRUE(skip.invocation);
  EXPECT_EQ(skip.invocation->command, Command::kSchemaSkip);
  EXPECT_EQ(skip.invocation->operands, std::vector<std::string>{"a.v"});
  EXPECT_EQ(skip.invocation->task, "shop.yaml");
}

TEST(Invocation, Limits) {
  const Parsed parsed = Parse({"limits", "shop-move", "--megabytes-per-second", "0.5", "--rows-per-second=0",
                               "--writers", "2", "--timeout", "3s"});
  ASSERT_TRUE(parsed.invocation) << parsed.error->cause;
  const task::LimitsChange& limits = parsed.invocation->limits;
  EXPECT_EQ(limits.bytes_per_second, 500'000u);
  EXPECT_EQ(limits.rows_per_second, 0u);
  EXPECT_EQ(limits.writers, 2u);
  EXPECT_FALSE(limits.readers);
  EXPECT_FALSE(limits.reset);
  EXPECT_FALSE(limits.Empty());
  EXPECT_EQ(parsed.invocation->timeout, milliseconds(3000));
  EXPECT_TRUE(Parse({"limits", "shop-move"}).invocation->limits.Empty());
  EXPECT_FALSE(Parse({"limits", "shop-move", "--reset"}).invocation->limits.Empty());
  for (const char* wrong : {"--writers=0", "--readers=65", "--writers=-1", "--rows-per-second=-1",
                            "--rows-per-second=x", "--megabytes-per-second=nan", "--megabytes-per-second=-0.1"}) {
    EXPECT_FALSE(Parse({"limits", "shop-move", wrong}).invocation) << wrong;
  }
}

TEST(Invocation, TheStateDirectoryComesFromTheEnvironmentUnlessGiven) {
  setenv("SLUICE_STATE", "/own", 1);
  EXPECT_EQ(Parse({"tasks"}).invocation->state_directory, "/own");
  EXPECT_EQ(Parse({"tasks", "--state", "/given"}).invocation->state_directory, "/given");
  unsetenv("SLUICE_STATE");
  setenv("XDG_STATE_HOME", "/xdg", 1);
  EXPECT_EQ(DefaultStateDirectory(), "/xdg/sluice");
  unsetenv("XDG_STATE_HOME");
  setenv("HOME", "/home/dba", 1);
  EXPECT_EQ(DefaultStateDirectory(), "/home/dba/.local/state/sluice");
}

}  // namespace
}  // namespace sluice::cli
