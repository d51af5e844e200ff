// What an engine declares, and how it says that it cannot be reached.
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/contract/rig.h"

namespace sluice::contract {
namespace {

TEST(Descriptors, AgreeWithTheTableOfPairs) {
  for (const connector::Connector* one : connector::Connectors()) {
    SCOPED_TRACE(one->name);
    EXPECT_FALSE(one->name.empty());
    EXPECT_FALSE(one->title.empty());
    EXPECT_NE(one->default_port, 0);
    EXPECT_EQ(connector::FindConnector(one->name), one);
    EXPECT_TRUE(one->make_source || one->make_destination) << "it is good for nothing";
    bool as_source = false;
    bool as_destination = false;
    for (const connector::Pair& pair : connector::Pairs()) {
      as_source = as_source || pair.source == one->name;
      as_destination = as_destination || pair.destination == one->name;
    }
    EXPECT_EQ(as_source, static_cast<bool>(one->make_source));
    EXPECT_EQ(as_destination, static_cast<bool>(one->make_destination));
  }
  for (const connector::Pair& pair : connector::Pairs()) {
    EXPECT_NE(connector::FindConnector(pair.source), nullptr) << pair.source;
    EXPECT_NE(connector::FindConnector(pair.destination), nullptr) << pair.destination;
    EXPECT_TRUE(pair.types.schema || pair.types.full || pair.types.incremental);
    EXPECT_FALSE(pair.versions.empty());
  }
}

TEST(Descriptors, EachConnectorHasAFixture) {
  for (const connector::Connector* one : connector::Connectors()) {
    bool has_one = false;
    for (const FixturePtr& fixture : Fixtures()) has_one = has_one || fixture->engine() == one->name;
    EXPECT_TRUE(has_one) << "tests/contract/" << one->name << "_fixture.cc is missing";
  }
}

class ConnectionTest : public SourceTest {
 protected:
  // The error of each half, which must be the same and name the side, and never the password.
  void ExpectBoth(const connector::Endpoint& endpoint, const Expected& expected) {
    const auto check = [&](const char* side, const std::function<void(const connector::Endpoint&)>& call) {
      connector::Endpoint its_own = endpoint;
      its_own.side = side;
      const auto error = Thrown([&] { call(its_own); });
      ASSERT_EQ(Text(error), Text(expected));
      EXPECT_EQ(error->side, side);
      EXPECT_FALSE(error->cause.empty());
      EXPECT_FALSE(error->remedy.empty());
      EXPECT_EQ((error->OneLine() + error->Block() + error->native_message).find(endpoint.password.Reveal()),
                std::string::npos);
    };
    const connector::Connector& connector = *side_.connector;
    if (connector.make_source) {
      check("source", [&](const connector::Endpoint& at) { connector.make_source(at)->Server(); });
      check("source", [&](const connector::Endpoint& at) { connector.make_source(at)->OpenCatalog({}); });
    }
    if (connector.make_destination) {
      check("destination", [&](const connector::Endpoint& at) { connector.make_destination(at)->Server(); });
      check("destination", [&](const connector::Endpoint& at) { connector.make_destination(at)->OpenLoader({}); });
    }
  }
};

TEST_P(ConnectionTest, ServerSaysWhatItIs) {
  const connector::ServerInfo info = source_->Server();
  EXPECT_EQ(info.engine, side_.server->engine());
  EXPECT_GT(info.version, 0u);
  EXPECT_FALSE(info.version_text.empty());
  EXPECT_FALSE(info.identity.empty());
  for (const auto& [name, value] : info.settings) {
    EXPECT_EQ(value.find(side_.endpoint.password.Reveal()), std::string::npos) << name;
  }
}

TEST_P(ConnectionTest, DeclaredEncodingsAreGiven) {
  EXPECT_FALSE(source_->SnapshotEncodings().empty());
  if (side_.connector->make_destination) {
    EXPECT_NE(side_.connector->make_destination(side_.endpoint), nullptr);
  }
}

TEST_P(ConnectionTest, WrongPassword) {
  connector::Endpoint endpoint = side_.endpoint;
  endpoint.password = Secret("not-the-Password-1");
  ExpectBoth(endpoint, side_.server->errors().wrong_password);
}

TEST_P(ConnectionTest, UnknownHost) {
  connector::Endpoint endpoint = side_.endpoint;
  endpoint.host = "no-such-host.invalid";  // RFC 6761: resolves nowhere
  ExpectBoth(endpoint, side_.server->errors().unknown_host);
}

TEST_P(ConnectionTest, RefusedPort) {
  // Bound and not listening: nobody else gets the port meanwhile.
  const int taken = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ASSERT_EQ(::bind(taken, reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(::getsockname(taken, reinterpret_cast<sockaddr*>(&address), &size), 0);
  connector::Endpoint endpoint = side_.endpoint;
  endpoint.port = ntohs(address.sin_port);
  ExpectBoth(endpoint, side_.server->errors().refused_port);
  ::close(taken);
}

TEST_P(ConnectionTest, StopBeforeAnythingOpensNothing) {
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(Thrown([&] { source_->OpenCatalog({stop.get_token(), "contract"}); })->code, kStopped.id);
}

INSTANTIATE_TEST_SUITE_P(Servers, ConnectionTest, testing::ValuesIn(Sources()),
                         [](const auto& info) { return info.param->kind(); });

}  // namespace
}  // namespace sluice::contract
