#include "connectors/mysql/errors.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "connectors/mysql/codes.h"

namespace sluice::mysql {
namespace {

struct Class {
  std::vector<int> natives;
  const ErrorCode* code;
  RetryClass retry;
  const char* remedy;
};

// Numbers of the server (1000 to 1999, and from 3000 on) and of the client library (2000 to 2999).
const std::vector<Class>& Classes() {
  static const std::vector<Class> classes = {
      {{2002, 2003, 2004},
       &kCannotConnect,
       RetryClass::kReconnect,
       "Check that the server runs, that host and port are right, and that no firewall is "
       "between."},
      {{2005}, &kUnknownHost, RetryClass::kBackoff, "Check the spelling of `host` and the name server."},
      {{1045, 1698, 1862, 3118, 4151},
       &kAccessDenied,
       RetryClass::kNever,
       "Check `user` and `password`; ask the server who may log in: SELECT user, host, plugin FROM "
       "mysql.user;"},
      {{1129, 1130},
       &kHostNotAllowed,
       RetryClass::kNever,
       "Let the account log in from this host (CREATE USER 'user'@'host' ...), or after too many "
       "failures run FLUSH HOSTS; on that server."},
      {{2026, 3159}, &kTlsFailed, RetryClass::kNever, "Check `tls` of the task file and the server's certificates."},
      {{2006, 2013, 2055, 1053, 1077, 1078, 1079, 1152, 1158, 1159, 1160, 1161, 1184, 1927, 3169, 4031, 1317, 1094},
       &kConnectionLost,
       RetryClass::kReconnect,
       "Sluice connects again by itself."},
      {{1205, 1213, 3572, 1637},
       &kLockConflict,
       RetryClass::kBackoff,
       "Sluice tries again; look for long transactions on the server."},
      {{1021, 1114, 3, 28, 1026, 1030, 1041, 1037, 1038, 3675},
       &kDiskFull,
       RetryClass::kBackoff,
       "Free space on the server's data and temporary volumes."},
      {{1153, 2020, 1301},
       &kPacketTooLarge,
       RetryClass::kNever,
       "SET GLOBAL max_allowed_packet = 1073741824; on that server."},
      {{1044, 1142, 1143, 1227, 1370, 1410, 1419},
       &kMissingPrivilege,
       RetryClass::kNever,
       "Grant the account what the server names; `sluice precheck` prints the GRANTs that the task needs."},
      {{1049, 1051, 1054, 1091, 1109, 1146, 1305},
       &kMissingObject,
       RetryClass::kNever,
       "Create it, or take it out of the task's objects."},
      {{1062, 1586, 1022, 1169},
       &kDuplicateKey,
       RetryClass::kNever,
       "Something else wrote to the destination. Remove those rows, or begin anew with --restart."},
      {{1216, 1217, 1451, 1452},
       &kForeignKeyViolated,
       RetryClass::kNever,
       "Check that the referenced table is part of the task and that nothing else writes to the "
       "destination."},
      {{1048, 1264, 1265, 1292, 1300, 1364, 1366, 1367, 1406, 1411, 1416, 1441, 1690,
        1977, 3140, 3141, 3144, 3156, 3751, 3752, 3819, 3854, 3903, 3904, 3907, 4025},
       &kValueRefused,
       RetryClass::kNever,
       "Widen the column at the destination, mend the value at the source, or leave the column "
       "out."},
      {{1290, 1836, 1792, 3100},
       &kReadOnly,
       RetryClass::kBackoff,
       "SET GLOBAL read_only = OFF; on that server, if it is meant to be written."},
      {{1040, 1203, 1226},
       &kTooManyConnections,
       RetryClass::kBackoff,
       "Raise max_connections (or the account's limit), or lower `limits.readers` and "
       "`limits.writers`."},
      {{1007, 1050, 1061, 1304, 1359, 1826},
       &kAlreadyExists,
       RetryClass::kNever,
       "Remove or rename the object at the destination."},
      {{1412},
       &kTableChanged,
       RetryClass::kBackoff,
       "Do not alter tables during the full load; Sluice reads it again."},
  };
  return classes;
}

const Class& Classify(int native) {
  static const Class other = {{}, &kStatementFailed, RetryClass::kNever, ""};
  for (const Class& one : Classes()) {
    if (std::find(one.natives.begin(), one.natives.end(), native) != one.natives.end()) return one;
  }
  return other;
}

// The library gives the system's error number alone, e.g. "Can't connect to server on 'db1' (111)".
std::string_view ConnectFailure(int native, std::string_view message) {
  if (native != 2002 && native != 2003) return "";
  if (message.ends_with("(111)")) return ": the connection was refused, nothing listens on this port";
  if (message.ends_with("(110)")) return ": no answer, a firewall may drop the packets";
  // EINPROGRESS: all that the library keeps of a connection that failed while it was being made.
  if (message.ends_with("(115)")) return ": refused or not answered: is the port right, does a firewall drop packets?";
  if (message.ends_with("(113)") || message.ends_with("(101)")) return ": there is no way to this address";
  return "";
}

}  // namespace

Error ToError(int native_code, const std::string& native_message, const std::string& side, const std::string& object,
              const std::string& statement) {
  const Class& mapping = Classify(native_code);
  std::string cause = native_message;
  cause += ConnectFailure(native_code, native_message);
  if (!statement.empty()) {
    constexpr size_t kShown = 400;
    cause += "; statement: " + (statement.size() > kShown ? statement.substr(0, kShown) + " ..." : statement);
  }
  Error error(*mapping.code);
  error.info().already_exists = mapping.code == &kAlreadyExists;
  return std::move(error)
      .Object(object)
      .Cause(std::move(cause))
      .Remedy(mapping.remedy)
      .Native(native_code, native_message)
      .Retry(mapping.retry)
      .Side(side);
}

Error ToSessionError(int native_code, const std::string& native_message, const std::string& side,
                     const std::string& object, const std::string& statement) {
  constexpr int kTlsError = 2026;
  constexpr int kServerLost = 2013;
  if (native_code != kTlsError) return ToError(native_code, native_message, side, object, statement);
  return ToError(kServerLost, native_message, side, object, statement).Native(native_code, native_message);
}

Error PacketTooLarge(Error lost, size_t sent, size_t limit) {
  const ErrorInfo& info = lost.info();
  return Error(kPacketTooLarge)
      .Object(info.object)
      .Cause(fmt::format("some {} bytes in one packet, and the server's max_allowed_packet is {}: {}", sent, limit,
                         info.cause))
      .Remedy("SET GLOBAL max_allowed_packet = 1073741824; on that server, then run the task again.")
      .Native(info.native_code, info.native_message)
      .Side(info.side);
}

}  // namespace sluice::mysql
