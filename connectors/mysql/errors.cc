#include "connectors/mysql/errors.h"

#include "connectors/mysql/codes.h"

namespace sluice::mysql {
namespace {

struct Mapping {
  const ErrorCode* code;
  RetryClass retry;
  const char* remedy;
};

Mapping Classify(int native) {
  switch (native) {
    case 2002: case 2003: case 2004:
      return {&kCannotConnect, RetryClass::kReconnect,
              "Check that the server runs, that host and port are right, and that no firewall is between."};
    case 2005:
      return {&kUnknownHost, RetryClass::kBackoff, "Check the spelling of `host` and the name server."};
    case 1045: case 1698: case 1862: case 3118: case 4151:
      return {&kAccessDenied, RetryClass::kNever,
              "Check `user` and `password`; ask the server who may log in: SELECT user, host, plugin FROM mysql.user;"};
    case 1129: case 1130:
      return {&kHostNotAllowed, RetryClass::kNever,
              "Let the account log in from this host (CREATE USER 'user'@'host' ...), or after too many failures run "
              "FLUSH HOSTS; on that server."};
    case 2026: case 3159:
      return {&kTlsFailed, RetryClass::kNever, "Check `tls` of the task file and the server's certificates."};
    case 2006: case 2013: case 2055: case 1053: case 1077: case 1078: case 1079: case 1152: case 1158: case 1159:
    case 1160: case 1161: case 1184: case 1927: case 3169: case 4031: case 1317: case 1094:
      return {&kConnectionLost, RetryClass::kReconnect, "Sluice connects again by itself."};
    case 1205: case 1213: case 3572: case 1637:
      return {&kLockConflict, RetryClass::kBackoff, "Sluice tries again; look for long transactions on the server."};
    case 1021: case 1114: case 3: case 28: case 1026: case 1030: case 1041: case 1037: case 1038: case 3675:
      return {&kDiskFull, RetryClass::kBackoff, "Free space on the server's data and temporary volumes."};
    case 1153: case 2020: case 1301:
      return {&kPacketTooLarge, RetryClass::kNever, "SET GLOBAL max_allowed_packet = 1073741824; on that server."};
    case 1044: case 1142: case 1143: case 1227: case 1370: case 1410: case 1419:
      return {&kMissingPrivilege, RetryClass::kNever,
              "Run `sluice precheck` on the task: it prints the GRANT that is missing."};
    case 1049: case 1051: case 1054: case 1091: case 1109: case 1146: case 1305:
      return {&kMissingObject, RetryClass::kNever, "Create it, or take it out of the task's objects."};
    case 1062: case 1586: case 1022: case 1169:
      return {&kDuplicateKey, RetryClass::kNever,
              "Something else wrote to the destination. Remove those rows, or begin anew with --restart."};
    case 1216: case 1217: case 1451: case 1452:
      return {&kForeignKeyViolated, RetryClass::kNever,
              "Check that the referenced table is part of the task and that nothing else writes to the destination."};
    case 1048: case 1264: case 1265: case 1292: case 1366: case 1406: case 1411: case 1364: case 1690: case 3140:
    case 3141: case 3144: case 3819: case 4025: case 1416: case 1367: case 1300:
      return {&kValueRefused, RetryClass::kNever,
              "Widen the column at the destination, mend the value at the source, or leave the column out."};
    case 1290: case 1836: case 1792: case 3100:
      return {&kReadOnly, RetryClass::kBackoff, "SET GLOBAL read_only = OFF; on that server, if it is meant to be written."};
    case 1040: case 1203: case 1226:
      return {&kTooManyConnections, RetryClass::kBackoff,
              "Raise max_connections (or the account's limit), or lower `limits.readers` and `limits.writers`."};
    case 1007: case 1050: case 1061: case 1304: case 1359: case 1826:
      return {&kAlreadyExists, RetryClass::kNever, "Remove or rename the object at the destination."};
    case 1412:
      return {&kTableChanged, RetryClass::kBackoff, "Do not alter tables during the full load; Sluice reads it again."};
    default:
      return {&kStatementFailed, RetryClass::kNever, ""};
  }
}

// The library gives the system's error number alone, e.g. "Can't connect to server on 'db1' (111)".
std::string_view ConnectFailure(int native, std::string_view message) {
  if (native != 2002 && native != 2003) return "";
  if (message.ends_with("(111)")) return ": the connection was refused, nothing listens on this port";
  if (message.ends_with("(110)") || message.ends_with("(115)")) return ": no answer, a firewall may drop the packets";
  if (message.ends_with("(113)") || message.ends_with("(101)")) return ": there is no way to this address";
  return "";
}

}  // namespace

Error ToError(int native_code, const std::string& native_message, const std::string& side, const std::string& object,
              const std::string& statement) {
  const Mapping mapping = Classify(native_code);
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

}  // namespace sluice::mysql
