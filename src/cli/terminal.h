// What the output is connected to.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace sluice::cli {

struct Terminal {
  int fd = 1;
  bool interactive = false;  // a terminal that can move its cursor
  bool colour = false;       // not when NO_COLOR is set (no-color.org)
  bool utf8 = false;         // from LC_ALL, LC_CTYPE, LANG
};

Terminal DetectTerminal(int fd);

struct TerminalSize {
  size_t columns = 80;
  size_t rows = 24;
};
// As it is now; the default when it cannot be told.
TerminalSize SizeOf(const Terminal& terminal);

// All of it, whatever the interruptions; a broken pipe is no error (who read it has seen enough).
void WriteAll(int fd, std::string_view text);

enum class Colour { kGreen, kYellow, kRed, kBold, kDim };
std::string Coloured(const Terminal& terminal, Colour colour, std::string_view text);

}  // namespace sluice::cli
