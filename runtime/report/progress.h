// Live progress on a terminal: what runs, with newest checkpoints as a small plot; what waits for people, with the
// command to answer; the rest as counts. ProgressLines is a pure view; LiveScreen owns a few lines at the bottom of the
// terminal and redraws only those that changed. One thread.
#pragma once

#include <string>
#include <vector>

#include "runtime/engine/run_record.h"
#include "runtime/report/text.h"

namespace hwf::report {

struct ProgressView {
  size_t columns = 80, rows = 24;
  state::TimeMs now = 0;
  std::string run;  // how a command names it
};

std::vector<std::string> ProgressLines(const engine::RunRecord& record, const Style& style, const ProgressView& view);

// Whether the lines change by themselves as time goes on: something runs.
bool ProgressMoves(const engine::RunRecord& record);

class LiveScreen {
 public:
  // Writes to the terminal `fd`.
  explicit LiveScreen(int fd) : fd_(fd) {}
  // Lines above the live part, which stay.
  void Print(const std::string& lines);
  void Draw(const std::vector<std::string>& lines);
  // Leaves the cursor below what was drawn last.
  void Close();
  // The terminal's size now; 80 by 24 if it does not say.
  ProgressView Size() const;

 private:
  void Write(const std::string& text) const;
  std::string Erase() const;

  int fd_;
  std::vector<std::string> drawn_;
  size_t columns_ = 0;  // when it was drawn
};

}  // namespace hwf::report
