#include "selection/rename_rule.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include <optional>

#include "base/check.h"
#include "selection/letters.h"

namespace sluice::selection {
namespace {

constexpr int kGroups = 10;  // $0 .. $9

RE2::Options MatchOptions(MappingRule::Kind kind) {
  RE2::Options options;
  options.set_log_errors(false);
  // Column names ignore case: a statement in the log may write them otherwise than the table's
  // description does.
  options.set_case_sensitive(kind != MappingRule::Kind::kColumn);
  return options;
}

// "$1" to RE2's "\1"; nothing when a dollar is followed by neither a digit nor a dollar.
std::optional<std::string> ToRewrite(std::string_view replace) {
  std::string out;
  for (size_t at = 0; at < replace.size(); ++at) {
    if (replace[at] == '\\') {
      out += "\\\\";
    } else if (replace[at] != '$') {
      out += replace[at];
    } else if (at + 1 < replace.size() && replace[at + 1] == '$') {
      out += '$';
      ++at;
    } else if (at + 1 < replace.size() && replace[at + 1] >= '0' && replace[at + 1] <= '9') {
      out += '\\';
      out += replace[++at];
    } else {
      return std::nullopt;
    }
  }
  return out;
}

RenameProblem FindMatchProblem(const MappingRule& rule) {
  if (rule.match.empty()) {
    if (!rule.replace.empty()) return {"replace", "`replace` needs `match`"};
    return {};
  }
  const RE2 match(rule.match, MatchOptions(rule.kind));
  if (!match.ok()) return {"match", fmt::format("not a regular expression: {}", match.error())};
  const std::optional<std::string> rewrite = ToRewrite(rule.replace);
  if (!rewrite) return {"replace", "`$` must be followed by a digit or another `$`"};
  std::string error;
  if (!match.CheckRewriteString(*rewrite, &error)) {
    return {"replace", fmt::format("`match` has only {} group(s) in parentheses", match.NumberOfCapturingGroups())};
  }
  return {};
}

}  // namespace

RenameRule::RenameRule(const MappingRule& rule)
    : kind_(rule.kind),
      keyword_(rule.kind == MappingRule::Kind::kColumn ? ToLower(rule.keyword) : rule.keyword),
      prefix_(rule.prefix),
      suffix_(rule.suffix),
      letters_(rule.letters) {
  if (!rule.in.empty()) {
    const std::vector<std::string> parts = SplitAtDots(rule.in);
    database_ = Pattern(parts[0]);
    if (parts.size() > 1) table_ = Pattern(parts[1]);
  }
  if (!rule.match.empty()) {
    match_ = std::make_unique<RE2>(rule.match, MatchOptions(rule.kind));
    rewrite_ = ToRewrite(rule.replace).value_or("");
  }
}

RenameRule::RenameRule(RenameRule&&) noexcept = default;
RenameRule& RenameRule::operator=(RenameRule&&) noexcept = default;
RenameRule::~RenameRule() = default;

bool RenameRule::Concerns(std::string_view database, std::string_view table) const {
  return database_.Matches(database) && (kind_ == MappingRule::Kind::kDatabase || table_.Matches(table));
}

std::string RenameRule::Apply(std::string_view source, std::string name) const {
  if (!keyword_.empty()) {
    const bool contains = kind_ == MappingRule::Kind::kColumn ? ToLower(source).find(keyword_) != std::string::npos
                                                              : source.find(keyword_) != std::string_view::npos;
    if (!contains) return name;
  }
  if (match_) {
    re2::StringPiece groups[kGroups];
    const int count = std::min(kGroups, match_->NumberOfCapturingGroups() + 1);
    if (!match_->Match(name, 0, name.size(), RE2::ANCHOR_BOTH, groups, count)) return name;
    if (!rewrite_.empty()) {
      std::string replaced;
      Check(match_->Rewrite(&replaced, rewrite_, groups, count), "checked rewrite failed");
      name = std::move(replaced);
    }
  }
  if (letters_ == "upper") name = ToUpper(name);
  if (letters_ == "lower") name = ToLower(name);
  return prefix_ + name + suffix_;
}

RenameProblem FindRenameProblem(const MappingRule& rule) {
  const size_t parts = rule.in.empty() ? 0 : SplitAtDots(rule.in).size();
  const size_t parts_max = rule.kind == MappingRule::Kind::kDatabase ? 1 : 2;
  if (parts > parts_max) {
    return {"in", parts_max == 1 ? "a rule of kind database names databases only: `shop` or `shop_*`"
                                 : "write `database` or `database.table`, with `*` and `?` as wanted"};
  }
  for (const std::string& part : rule.in.empty() ? std::vector<std::string>() : SplitAtDots(rule.in)) {
    if (part.empty()) return {"in", "a name beside the dot is missing"};
  }
  if (!rule.letters.empty() && rule.letters != "upper" && rule.letters != "lower") {
    return {"letters", "must be `upper` or `lower`"};
  }
  if (RenameProblem problem = FindMatchProblem(rule); !problem.message.empty()) return problem;
  if (rule.replace.empty() && rule.prefix.empty() && rule.suffix.empty() && rule.letters.empty()) {
    return {"", "the rule changes nothing: give `match` with `replace`, `prefix`, `suffix` or `letters`"};
  }
  return {};
}

}  // namespace sluice::selection
