#include "cli/terminal.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>

namespace sluice::cli {
namespace {

std::string Environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

bool LocaleIsUtf8() {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    std::string value = Environment(name);
    if (value.empty()) continue;
    std::transform(value.begin(), value.end(), value.begin(),
                   [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    return value.find("UTF-8") != std::string::npos || value.find("UTF8") != std::string::npos;
  }
  return false;
}

}  // namespace

Terminal DetectTerminal(int fd) {
  Terminal terminal;
  terminal.fd = fd;
  const std::string kind = Environment("TERM");
  terminal.interactive = isatty(fd) == 1 && !kind.empty() && kind != "dumb";
  terminal.colour = terminal.interactive && Environment("NO_COLOR").empty();
  terminal.utf8 = LocaleIsUtf8();
  return terminal;
}

TerminalSize SizeOf(const Terminal& terminal) {
  TerminalSize size;
  winsize native{};
  if (ioctl(terminal.fd, TIOCGWINSZ, &native) == 0 && native.ws_col > 0 && native.ws_row > 0) {
    size.columns = native.ws_col;
    size.rows = native.ws_row;
  }
  return size;
}

void WriteAll(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = write(fd, text.data(), text.size());
    if (written >= 0) {
      text.remove_prefix(static_cast<size_t>(written));
    } else if (errno == EAGAIN) {
      // A pipe that somebody else has set to not block: wait for room.
      pollfd wait{fd, POLLOUT, 0};
      poll(&wait, 1, 1000);
    } else if (errno != EINTR) {
      return;
    }
  }
}

std::string Coloured(const Terminal& terminal, Colour colour, std::string_view text) {
  if (!terminal.colour) return std::string(text);
  int code = 0;
  switch (colour) {
    case Colour::kGreen:
      code = 32;
      break;
    case Colour::kYellow:
      code = 33;
      break;
    case Colour::kRed:
      code = 31;
      break;
    case Colour::kBold:
      code = 1;
      break;
    case Colour::kDim:
      code = 2;
      break;
  }
  return fmt::format("\x1b[{}m{}\x1b[0m", code, text);
}

}  // namespace sluice::cli
