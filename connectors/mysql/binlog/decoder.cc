#include "connectors/mysql/binlog/decoder.h"

#include <fmt/format.h>

#include "base/error.h"
#include "connectors/mysql/binlog/bytes.h"
#include "connectors/mysql/binlog/compression.h"
#include "connectors/mysql/binlog/decoder_tables.h"
#include "connectors/mysql/codes.h"

namespace sluice::mysql::binlog {

Decoder::Decoder(DecoderOptions options, const connector::Definitions& definitions)
    : options_(std::move(options)), definitions_(definitions), format_(FormatDescription::Default(options_.checksums)) {
  const LogPosition& start = options_.start;
  const LogPosition& first = start.rewind != nullptr ? *start.rewind : start;
  skipping_ = start.rewind != nullptr;
  if (skipping_ && options_.by_gtid) {
    before_mysql_ = MysqlGtidSet::Parse(start.gtid);
    before_mariadb_ = MariadbGtidPosition::Parse(start.gtid);
  }
  if (!options_.by_gtid) {  // otherwise the server says where it begins
    file_ = first.file;
    offset_ = first.offset;
  }
  ordinal_ = options_.ordinal;
  steps_to_skip_ = start.step;
  if ((start.gtid.empty() && !options_.gtids_from_none) || options_.learn_gtids) return;
  track_gtids_ = true;
  if (options_.traits.is_mariadb) {
    mariadb_gtids_ = MariadbGtidPosition::Parse(first.gtid).value_or(MariadbGtidPosition());
  } else {
    mysql_gtids_ = MysqlGtidSet::Parse(first.gtid).value_or(MysqlGtidSet());
  }
}

Decoder::~Decoder() = default;

void Decoder::Feed(std::string_view event) {
  EventHeader header;
  event_begin_ = offset_;
  try {
    header = ParseHeader(event);
    if (header.length != event.size()) ThrowBadEvent("Its length is not that of what arrived.");
    bool checksum = format_.checksums;
    if (header.type == EventType::kFormatDescription) {
      OnFormat(event);
      return;
    }
    if (checksum && !ChecksumFits(event)) {
      // A rotate event that the server makes up may come without, when the files differ in it.
      if (header.type != EventType::kRotate || header.next_position != 0) {
        throw Error(kChecksumWrong)
            .Cause("Its last four bytes are not the CRC32 of the rest.")
            .Remedy(
                "Check the log with mysqlbinlog --verify-binlog-checksum on the source. If it is broken there, "
                "begin anew with --restart.")
            .Retry(RetryClass::kOnce);
      }
      checksum = false;
    }
    std::string_view body = event.substr(kHeaderBytes);
    if (checksum) body.remove_suffix(kChecksumBytes);
    Advance(header);
    group_.bytes += event.size();
    Dispatch(header, body);
  } catch (Error& error) {
    const std::string place = fmt::format("{} event at {}:{}", EventName(header.type), file_, event_begin_);
    ErrorInfo& info = error.info();
    if (info.object.empty()) {
      info.object = place;
    } else if (info.object.find(" event at ") == std::string::npos) {
      info.object += ", " + place;
    }
    throw Error(std::move(info));
  }
}

// Offsets are 32 bits in the log; files may be larger when one transaction is.
void Decoder::Advance(const EventHeader& header) {
  event_begin_ = offset_;
  if (header.next_position == 0 || (header.flags & kFlagArtificial) != 0) return;
  constexpr uint64_t kWrap = uint64_t{1} << 32;
  uint64_t next = (offset_ & ~(kWrap - 1)) | header.next_position;
  if (next < offset_ && offset_ - next > kWrap / 2) next += kWrap;
  event_begin_ = next >= header.length ? next - header.length : 0;
  offset_ = next;
}

void Decoder::Dispatch(const EventHeader& header, std::string_view body) {
  group_.timestamp = header.timestamp;
  switch (header.type) {
    case EventType::kTableMap:
      OnTableMap(body);
      return;
    case EventType::kXid:
      if (group_.open) CloseGroup();
      return;
    case EventType::kQuery:
    case EventType::kMariadbQueryCompressed:
      OnQuery(header, body);
      return;
    case EventType::kGtid:
    case EventType::kAnonymousGtid:
      OpenGroup(header, ParseMysqlGtid(header.type, body));
      return;
    case EventType::kTaggedGtid:
      OpenGroup(header, ParseTaggedGtid(body));
      return;
    case EventType::kMariadbGtid:
      OpenGroup(header, ParseMariadbGtid(header, body));
      return;
    case EventType::kTransactionPayload:
      OnPayload(body);
      return;
    case EventType::kXaPrepare:
      OnXaPrepare(body);
      return;
    default:
      break;
  }
  if (IsRowsEvent(header.type)) {
    OnRows(header.type, body);
  } else {
    DispatchControl(header, body);
  }
}

void Decoder::DispatchControl(const EventHeader& header, std::string_view body) {
  switch (header.type) {
    case EventType::kRotate:
      OnRotate(body);
      return;
    case EventType::kPreviousGtids:
    case EventType::kMariadbGtidList:
      OnFileBegin(header, body);
      return;
    case EventType::kIncident:
      throw Error(kLogIncident)
          .Cause("The server could not write some changes to its log, so they cannot be followed.")
          .Remedy("Begin anew with --restart: the rows have to be copied again.");
    case EventType::kMariadbStartEncryption:
      throw Error(kEncryptedLog)
          .Cause("The server sends events that only it can read.")
          .Remedy(
              "Servers send their log decrypted; if something between relays files as they are, connect to the "
              "server itself.");
    case EventType::kLoad:
    case EventType::kNewLoad:
    case EventType::kExecLoad:
    case EventType::kExecuteLoadQuery:
      throw Error(kStatementInLog)
          .Cause("A LOAD DATA statement was logged instead of the rows that it wrote.")
          .Remedy(
              "SET GLOBAL binlog_format = 'ROW'; on the source, let its sessions log in again, and begin anew with "
              "--restart.");
    case EventType::kStop:
    case EventType::kHeartbeat:
    case EventType::kHeartbeatV2:
    case EventType::kIgnorable:
    case EventType::kRowsQuery:
    case EventType::kTransactionContext:
    case EventType::kViewChange:
    case EventType::kMariadbAnnotateRows:
    case EventType::kMariadbCheckpoint:
    case EventType::kIntvar:
    case EventType::kRand:
    case EventType::kUserVar:  // the statement after them is judged
    case EventType::kBeginLoadQuery:
    case EventType::kAppendBlock:
    case EventType::kCreateFile:
    case EventType::kDeleteFile:
    case EventType::kSlave:
      return;
    default:
      OnOther(header);
  }
}

void Decoder::OnOther(const EventHeader& header) {
  if ((header.flags & kFlagIgnorable) != 0) return;
  throw Error(kUnknownEvent)
      .Cause(fmt::format("Events of kind {} are not known, and this one does not say that it may be left out.",
                         static_cast<unsigned>(header.type)))
      .Remedy(
          "Use a version of Sluice that knows this server's log, or switch the feature of the server off that "
          "writes such events, and begin anew with --restart.")
      .Retry(RetryClass::kOnce);
}

void Decoder::OnFormat(std::string_view event) {
  const EventHeader header = ParseHeader(event);
  FormatDescription format = ParseFormatDescription(event);
  if (format.checksums && !ChecksumFits(event)) ThrowBadEvent("Its checksum is wrong.");
  format_ = std::move(format);
  Advance(header);
  // A new file within a transaction: the source went down while it wrote.
  if (group_.open && header.next_position != 0) AbandonGroup("The source stopped while it wrote a transaction.");
  if (header.next_position != 0) tables_.clear();  // a server that starts again numbers its tables anew
}

void Decoder::OnRotate(std::string_view body) {
  Bytes bytes(body);
  const uint64_t offset = bytes.U64();
  const std::string name(bytes.Rest());
  if (group_.open && name != file_ && !file_.empty()) {
    AbandonGroup("The log goes on in another file within a transaction.");
  }
  if (name.empty()) ThrowBadEvent("It names no file.");
  if (skipping_ && !options_.by_gtid && file_ == options_.start.file && name != file_ &&
      offset_ < options_.start.offset) {
    ThrowNoSuchPlace();
  }
  // The one at the start of a connection repeats where reading begins.
  if (name != file_ || offset_ < offset) offset_ = offset;
  file_ = name;
}

// GTIDs of all files before this one.
void Decoder::OnFileBegin(const EventHeader& header, std::string_view body) {
  if (header.next_position == 0 || (header.flags & kFlagArtificial) != 0) return;
  if (options_.learn_gtids && !track_gtids_ && header.type == EventType::kPreviousGtids) {
    std::optional<MysqlGtidSet> set = MysqlGtidSet::Decode(body);
    if (!set) ThrowBadEvent("Its GTID set cannot be read.");
    mysql_gtids_ = std::move(*set);
    track_gtids_ = true;
  }
  CountFile(header);
}

void Decoder::OnPayload(std::string_view body) {
  if (in_payload_) ThrowBadEvent("A payload inside of a payload.");
  PayloadReader reader(body);
  in_payload_ = true;
  for (std::string_view event = reader.Next(); !event.empty(); event = reader.Next()) {
    const EventHeader header = ParseHeader(event);
    Dispatch(header, event.substr(kHeaderBytes));
  }
  in_payload_ = false;
}

}  // namespace sluice::mysql::binlog
