// The display on a pseudo terminal: what a user sees after frames, messages and changes of size.
#include "cli/live_region.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli/format.h"
#include "cli/utf8.h"

namespace sluice::cli {
namespace {

// As much of a terminal as the display uses. Lines are kept as logical lines and wrap to any width,
// as terminals that reflow do; nothing ever scrolls out of it.
class Screen {
 public:
  explicit Screen(size_t columns) : columns_(columns) {}

  void Resize(size_t columns) { columns_ = columns; }

  void Feed(std::string_view bytes) {
    for (size_t at = 0; at < bytes.size();) {
      if (const size_t escape = EscapeLength(bytes, at); escape > 0) {
        Escape(bytes.substr(at + 2, escape - 3), bytes[at + escape - 1]);
        at += escape;
        continue;
      }
      const CodePoint point = DecodeUtf8(bytes, at);
      ASSERT_TRUE(point.valid);
      if (point.value == '\n') {
        ++line_;
        if (line_ == lines_.size()) lines_.emplace_back();
      } else if (point.value == '\r') {
        column_ = 0;
      } else {
        Put(std::string(bytes.substr(at, point.bytes)));
      }
      at += point.bytes;
    }
  }

  std::vector<std::string> Lines() const {
    std::vector<std::string> lines;
    for (const auto& cells : lines_) {
      std::string text;
      for (const std::string& cell : cells) text += cell;
      while (!text.empty() && text.back() == ' ') text.pop_back();
      lines.push_back(text);
    }
    while (!lines.empty() && lines.back().empty()) lines.pop_back();
    return lines;
  }
  bool cursor_hidden() const { return cursor_hidden_; }

 private:
  size_t RowsOf(size_t line) const { return std::max<size_t>(1, (lines_[line].size() + columns_ - 1) / columns_); }

  void Put(std::string cell) {
    auto& cells = lines_[line_];
    if (cells.size() <= column_) cells.resize(column_ + 1, " ");
    cells[column_++] = std::move(cell);
  }

  void Escape(std::string_view arguments, char kind) {
    if (kind == 'A') {
      size_t up = static_cast<size_t>(std::stoul(std::string(arguments)));
      // The cursor stands in the last row of its wrapped line.
      ASSERT_EQ(column_, 0u) << "the display goes up from the first column";
      size_t above = RowsOf(line_) - 1;
      while (up > above) {
        ASSERT_GT(line_, 0u) << "above the screen";
        --line_;
        above += RowsOf(line_);
      }
      ASSERT_EQ(up, above) << "into the middle of a wrapped line";
    } else if (kind == 'K') {
      lines_[line_].resize(std::min(lines_[line_].size(), column_));
    } else if (kind == 'J') {
      lines_[line_].resize(std::min(lines_[line_].size(), column_));
      lines_.resize(line_ + 1);
    } else if (arguments == "?25") {
      cursor_hidden_ = kind == 'l';
    }
  }

  size_t columns_;
  std::vector<std::vector<std::string>> lines_ = {{}};
  size_t line_ = 0;
  size_t column_ = 0;
  bool cursor_hidden_ = false;
};

class LiveRegionTest : public ::testing::Test {
 protected:
  void SetUp() override {
    winsize size{24, 40, 0, 0};
    ASSERT_EQ(openpty(&master_, &slave_, nullptr, nullptr, &size), 0);
    terminal_.fd = slave_;
    terminal_.interactive = true;
    terminal_.utf8 = true;
    region_ = std::make_unique<LiveRegion>(terminal_);
  }
  void TearDown() override {
    region_.reset();
    close(master_);
    close(slave_);
  }

  void Resize(uint16_t columns, uint16_t rows) {
    winsize size{rows, columns, 0, 0};
    ASSERT_EQ(ioctl(master_, TIOCSWINSZ, &size), 0);
    screen_.Resize(columns);
  }
  std::string ReadAll() {
    std::string bytes;
    pollfd ready{master_, POLLIN, 0};
    while (poll(&ready, 1, 0) == 1) {
      char buffer[4096];
      const ssize_t got = read(master_, buffer, sizeof buffer);
      if (got <= 0) break;
      bytes.append(buffer, static_cast<size_t>(got));
    }
    return bytes;
  }
  std::vector<std::string> Seen() {
    screen_.Feed(ReadAll());
    return screen_.Lines();
  }

  int master_ = -1;
  int slave_ = -1;
  Terminal terminal_;
  Screen screen_{40};
  std::unique_ptr<LiveRegion> region_;
};

using Lines = std::vector<std::string>;

TEST_F(LiveRegionTest, FramesReplaceEachOther) {
  region_->Draw({"Full load 10 %", "  shop.orders with a long tail", "last"});
  EXPECT_EQ(Seen(), (Lines{"Full load 10 %", "  shop.orders with a long tail", "last"}));
  region_->Draw({"Full load 20 %", "  shop.items"});
  EXPECT_EQ(Seen(), (Lines{"Full load 20 %", "  shop.items"}));
  region_->Draw({"Full load 30 %", "  shop.items", "  shop.orders", "last"});
  EXPECT_EQ(Seen(), (Lines{"Full load 30 %", "  shop.items", "  shop.orders", "last"}));
  EXPECT_TRUE(screen_.cursor_hidden());
}

TEST_F(LiveRegionTest, MessagesScrollAbove) {
  region_->Print("before");
  region_->Draw({"one", "two"});
  region_->Print("first message");
  region_->Print("second message");
  EXPECT_EQ(Seen(), (Lines{"before", "first message", "second message", "one", "two"}));
  region_->Draw({"three"});
  EXPECT_EQ(Seen(), (Lines{"before", "first message", "second message", "three"}));
}

TEST_F(LiveRegionTest, LinesAreCutToTheTerminal) {
  region_->Draw({std::string(100, 'x'), "客户客户客户客户客户客户客户客户客户客户客户客户"});
  const Lines lines = Seen();
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[0], std::string(38, 'x') + "…");
  EXPECT_LT(DisplayWidth(lines[1]), 40u);
}

TEST_F(LiveRegionTest, ANarrowerTerminalLeavesNoRemains) {
  region_->Print("message");
  region_->Draw({std::string(39, 'a'), "short", std::string(30, 'b')});
  Seen();
  Resize(20, 24);
  region_->Draw({std::string(39, 'c'), "short", std::string(30, 'd')});
  EXPECT_EQ(Seen(), (Lines{"message", std::string(18, 'c') + "…", "short", std::string(18, 'd') + "…"}));
  Resize(60, 24);
  region_->Draw({std::string(39, 'e')});
  EXPECT_EQ(Seen(), (Lines{"message", std::string(39, 'e')}));
}

TEST_F(LiveRegionTest, NeverTallerThanTheTerminal) {
  Resize(40, 4);
  region_->Draw({"1", "2", "3", "4", "5", "6"});
  EXPECT_EQ(Seen(), (Lines{"1", "2", "3"}));
  region_->Draw({"a", "b", "c", "d", "e"});
  EXPECT_EQ(Seen(), (Lines{"a", "b", "c"}));
}

TEST_F(LiveRegionTest, ClosingShowsTheCursorAndTakesTheRegionAway) {
  region_->Print("message");
  region_->Draw({"one", "two"});
  region_->Close(false);
  EXPECT_EQ(Seen(), (Lines{"message"}));
  EXPECT_FALSE(screen_.cursor_hidden());
  region_->Draw({"again"});
  region_->Close(true);
  EXPECT_EQ(Seen(), (Lines{"message", "again"}));
  EXPECT_FALSE(screen_.cursor_hidden());
}

TEST_F(LiveRegionTest, EachFrameIsOneSynchronisedWriteThatClearsNothingFirst) {
  region_->Draw({"one", "two"});
  ReadAll();
  region_->Draw({"one", "two"});
  const std::string frame = ReadAll();
  EXPECT_TRUE(frame.starts_with("\x1b[?2026h")) << frame;
  EXPECT_TRUE(frame.ends_with("\x1b[?2026l")) << frame;
  EXPECT_LT(frame.find("one"),
            frame.find("\x1b[J"));  // text is overwritten before what is left is cleared
}

TEST_F(LiveRegionTest, EmergencyShowsTheCursor) {
  region_->Draw({"one"});
  Seen();
  LiveRegion::EmergencyRestore(slave_);
  screen_.Feed(ReadAll());
  EXPECT_FALSE(screen_.cursor_hidden());
}

}  // namespace
}  // namespace sluice::cli
