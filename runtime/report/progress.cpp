#include "runtime/report/progress.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <utility>

#include "runtime/report/plot.h"
#include "runtime/report/review_groups.h"
#include "runtime/report/review_text.h"
#include "runtime/report/status.h"

namespace hwf::report {
namespace {

using scheduler::EmissionRecord;
using scheduler::ReviewView;
using scheduler::TaskStatus;
using scheduler::TaskView;

constexpr size_t kPlotRows = 3;
constexpr size_t kPlotColumns = 40;
constexpr size_t kPlotMargin = 16;  // the label before it, and one column that stays free
constexpr size_t kReviewLines = 3;

size_t RowsOf(const std::string& line, size_t columns) {
  return std::max<size_t>(1, (Width(line) + columns - 1) / columns);
}

struct Series {
  std::string name;
  std::vector<double> values;
};

// The field to draw: the last Float among the stream's, else the last number.
Series SeriesOf(const std::vector<EmissionRecord>& emissions) {
  Series series;
  if (emissions.empty() || !emissions.back().values.is_object()) return series;
  bool found_float = false;
  for (const JsonMember& member : emissions.back().values.AsObject()) {
    const bool is_float = member.value.is_double();
    if (!member.value.is_number() || (found_float && !is_float)) continue;
    series.name = member.key;
    found_float = found_float || is_float;
  }
  if (series.name.empty()) return series;
  for (const EmissionRecord& emission : emissions) {
    const Json& value = emission.values[series.name];
    if (value.is_number()) series.values.push_back(value.AsDouble());
  }
  return series;
}

// In whole seconds: it is redrawn once a second.
std::string Ticking(state::TimeMs milliseconds) {
  return milliseconds < 1000 ? "0 s" : FormatDuration(milliseconds / 1000 * 1000);
}

class Page {
 public:
  Page(const engine::RunRecord& record, const Style& style, const ProgressView& view)
      : record_(record), scheduler_(record.scheduler()), style_(style), view_(view) {}

  std::vector<std::string> Lines() {
    Head();
    Sites();
    Reviews();
    Running();
    Waiting();
    Shorten();
    return std::move(lines_);
  }

 private:
  void Add(const std::string& line) { lines_.push_back(Fit(line, view_.columns > 1 ? view_.columns - 1 : 1)); }

  // Whole, over several rows if need be: a command that is cut cannot be copied.
  void AddHint(std::string hint) {
    hint.pop_back();
    const size_t end = hint.find('\n');
    lines_.push_back(style_.Yellow(hint.substr(0, end)));
    lines_.push_back(style_.Yellow(hint.substr(end + 1)));
  }

  // To the rows that the terminal has, the last of which tells of the rest.
  void Shorten() {
    const size_t most = std::max<size_t>(view_.rows, 4) - 1;
    size_t rows = 0, kept = 0;
    for (size_t i = 0; i < lines_.size(); ++i) {
      rows += RowsOf(lines_[i], view_.columns);
      if (rows < most) kept = i + 1;
    }
    if (rows <= most) return;
    const size_t hidden = lines_.size() - kept;
    lines_.resize(kept);
    Add(style_.Dim(fmt::format("… {} more lines: hwf status {}", hidden, view_.run)));
  }

  void Head() {
    const std::string left = fmt::format("{} {}  {}", style_.Bold(record_.module().entry),
                                         style_.Dim(record_.facts().id), CountsText(CountTasks(scheduler_), style_));
    const std::string right = Ticking(view_.now - record_.facts().started);
    const size_t used = Width(left) + Width(right) + 2;
    const size_t gap = used < view_.columns ? view_.columns - used : 1;
    Add(left + std::string(gap, ' ') + style_.Dim(ProgressMoves(record_) ? right : ""));
  }

  void Sites() {
    for (const auto& [site, why] : record_.facts().troubled) {
      Add(style_.Yellow(fmt::format("! site {}: {}", site, Printable(why))));
    }
  }

  // Why what is submitted has not begun: the same words once, with how many they are about.
  void Waiting() {
    std::map<std::string, std::pair<size_t, std::string>> reasons;
    for (const TaskView& task : scheduler_.tasks()) {
      if (task.waiting.empty()) continue;
      auto& [count, place] = reasons[task.waiting];
      if (++count == 1) place = task.place;
    }
    for (const auto& [why, who] : reasons) {
      const std::string more = who.first > 1 ? fmt::format(" and {} more", who.first - 1) : "";
      Add(style_.Dim(fmt::format("· {}{} {}: {}", who.second, more, more.empty() ? "waits" : "wait", Printable(why))));
    }
  }

  void Reviews() {
    // What runs shall be seen too.
    const size_t most = std::max<size_t>(view_.rows / 2, kReviewLines + 1) / kReviewLines;
    size_t open = 0;
    for (const ReviewGroup& group : OpenGroups(scheduler_)) {
      if (++open > most) continue;
      const ReviewView& review = *group.reviews.front();
      std::string state = fmt::format("open since {}", FormatNear(review.opened, view_.now));
      if (review.deadline != 0) state += fmt::format(", until {}", FormatNear(review.deadline, view_.now));
      if (group.reviews.size() > 1) {
        const std::string who = fmt::format("{} of {}", group.reviews.size(), group.name);
        Add(fmt::format("{} {}  {}", style_.Yellow("?"), style_.Bold(FormatProse(review.question)),
                        style_.Dim(who + ", the first " + state)));
        AddHint(GroupHint(group, view_.run, "    "));
        continue;
      }
      if (!review.votes.empty())
        state += fmt::format(", {} {}", review.votes.size(), review.votes.size() == 1 ? "vote" : "votes");
      Add(fmt::format("{} {}  {}", style_.Yellow("?"), style_.Bold(FormatProse(review.question)), style_.Dim(state)));
      AddHint(AnswerHint(review, view_.run, "    "));
    }
    if (open > most) Add(style_.Yellow(fmt::format("… {} more: hwf review list {}", open - most, view_.run)));
    for (const TaskView& task : scheduler_.tasks()) {
      if (task.status != TaskStatus::kInDoubt) continue;
      Add(fmt::format("{} {} may have had its effect; say which:", style_.Red("!"), task.place));
      AddHint(DoubtHint(task, view_.run, "    "));
    }
  }

  void Running() {
    for (const TaskView& task : scheduler_.tasks()) {
      if (task.status != TaskStatus::kRunning && task.status != TaskStatus::kRetrying) continue;
      const EmissionRecord* newest = nullptr;
      const std::string* stream = nullptr;
      for (const auto& [name, emissions] : task.streams) {
        if (emissions.empty() || (newest != nullptr && emissions.back().time < newest->time)) continue;
        newest = &emissions.back();
        stream = &name;
      }
      const std::string time = task.started != 0 ? Ticking(view_.now - task.started) : "queued";
      std::string line = fmt::format("{} {} {}", style_.Blue("▶"), Pad(task.place, 20), Pad(time, 12));
      if (const std::string on = OnSite(task.site); !on.empty()) line += on + "  ";
      if (task.attempt > 1) line += fmt::format("attempt {}  ", task.attempt);
      if (newest != nullptr)
        line += fmt::format("{} {}: {}", *stream, newest->number, EmissionText(*newest, task.task, *stream));
      Add(line);
      if (stream != nullptr) Plot(task, *stream);
      if (!task.messages.empty()) Add("    told " + MessageText(task.messages.back(), task.task));
    }
  }

  void Plot(const TaskView& task, const std::string& stream) {
    for (const auto& [name, emissions] : task.streams) {
      if (name != stream) continue;
      const Series series = SeriesOf(emissions);
      if (series.values.size() < 2) return;
      const auto [low, high] = std::minmax_element(series.values.begin(), series.values.end());
      const size_t room = view_.columns > kPlotMargin ? view_.columns - kPlotMargin : 1;
      const std::vector<std::string> plot =
          LinePlot(series.values, std::min({kPlotColumns, room, series.values.size()}), kPlotRows);
      for (size_t row = 0; row < plot.size(); ++row) {
        std::string label;
        if (row == 0) label = FormatNumber(*high);
        if (row == 1) label = series.name;
        if (row + 1 == plot.size()) label = FormatNumber(*low);
        Add(fmt::format("    {} {}", style_.Dim(fmt::format("{:>10}", Fit(label, 10))), style_.Green(plot[row])));
      }
    }
  }

  const engine::RunRecord& record_;
  const scheduler::Scheduler& scheduler_;
  const Style& style_;
  const ProgressView& view_;
  std::vector<std::string> lines_;
};

}  // namespace

std::vector<std::string> ProgressLines(const engine::RunRecord& record, const Style& style, const ProgressView& view) {
  return Page(record, style, view).Lines();
}

bool ProgressMoves(const engine::RunRecord& record) {
  const std::vector<TaskView>& tasks = record.scheduler().tasks();
  return std::any_of(tasks.begin(), tasks.end(), [](const TaskView& task) {
    return task.status == TaskStatus::kRunning || task.status == TaskStatus::kRetrying;
  });
}

void LiveScreen::Write(const std::string& text) const {
  size_t written = 0;
  while (written < text.size()) {
    const ssize_t count = write(fd_, text.data() + written, text.size() - written);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return;  // the terminal has gone; the run has not
    written += static_cast<size_t>(count);
  }
}

std::string LiveScreen::Erase() const {
  if (drawn_.empty()) return "";
  // A terminal that became narrower has wrapped what was drawn.
  const size_t columns = Size().columns;
  size_t rows = 0;
  for (const std::string& line : drawn_) rows += RowsOf(line, columns);
  return fmt::format("\x1b[{}A\r\x1b[J", rows);
}

void LiveScreen::Print(const std::string& lines) {
  std::string text = Erase() + lines + "\n";
  for (const std::string& line : drawn_) text += line + "\n";
  Write(text);
}

void LiveScreen::Draw(const std::vector<std::string>& lines) {
  if (lines == drawn_) return;
  std::string text;
  const size_t columns = Size().columns;
  const bool resized = columns != std::exchange(columns_, columns);
  const auto wraps = [&](const std::string& line) { return RowsOf(line, columns) > 1; };
  const bool in_place = lines.size() == drawn_.size() && !resized && std::none_of(lines.begin(), lines.end(), wraps) &&
                        std::none_of(drawn_.begin(), drawn_.end(), wraps);
  if (in_place) {
    text = fmt::format("\x1b[{}A", drawn_.size());
    for (size_t i = 0; i < lines.size(); ++i) text += lines[i] == drawn_[i] ? "\n" : "\r" + lines[i] + "\x1b[K\n";
  } else {
    text = Erase();
    for (const std::string& line : lines) text += line + "\n";
  }
  Write(text);
  drawn_ = lines;
}

void LiveScreen::Close() { drawn_.clear(); }

ProgressView LiveScreen::Size() const {
  ProgressView view;
  winsize size{};
  if (ioctl(fd_, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && size.ws_row > 0) {
    view.columns = size.ws_col;
    view.rows = size.ws_row;
  }
  return view;
}

}  // namespace hwf::report
