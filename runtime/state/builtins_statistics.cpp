// Statistics of a list of Floats. Of a list that is too short there is none; a NaN makes the result NaN.
#include <algorithm>
#include <cmath>

#include "runtime/state/builtins_family.h"

namespace hwf::state {
namespace {

using Args = BuiltinArgs;

std::vector<double> Reals(const Args& args) {
  std::vector<double> out;
  for (const Json& item : args.List(0)) out.push_back(item.AsDouble());
  return out;
}

double MeanOf(const std::vector<double>& items) {
  double total = 0;
  for (const double item : items) total += item;
  return total / static_cast<double>(items.size());
}

// In between by the straight line, as most tools do by default.
double QuantileOf(std::vector<double> items, double q) {
  if (std::any_of(items.begin(), items.end(), [](double item) { return std::isnan(item); })) return std::nan("");
  std::sort(items.begin(), items.end());
  const double place = q * static_cast<double>(items.size() - 1);
  const auto below = static_cast<size_t>(place);
  const double share = place - static_cast<double>(below);
  if (share == 0 || items[below] == items[below + 1]) return items[below];  // infinities have no difference
  return items[below] * (1 - share) + items[below + 1] * share;
}

Evaluation Mean(const Args& args) { return Give(args.List(0).empty() ? Json() : Json(MeanOf(Reals(args)))); }

Evaluation Median(const Args& args) { return Give(args.List(0).empty() ? Json() : Json(QuantileOf(Reals(args), 0.5))); }

Evaluation Stdev(const Args& args) {
  const std::vector<double> items = Reals(args);
  if (items.size() < 2) return Give(Json());
  const double mean = MeanOf(items);
  double squares = 0;
  for (const double item : items) squares += (item - mean) * (item - mean);
  return Give(Json(std::sqrt(squares / static_cast<double>(items.size() - 1))));
}

Evaluation Quantile(const Args& args) {
  const double q = args.Real(1);
  if (!(q >= 0 && q <= 1)) return args.Fail(fmt::format("takes a share from 0 to 1, found {}", args[1].Dump()));
  return Give(args.List(0).empty() ? Json() : Json(QuantileOf(Reals(args), q)));
}

Evaluation ArgExtreme(const Args& args, bool least) {
  if (args.List(0).empty()) return Give(Json());
  return Give(Json(static_cast<int64_t>(Extreme(args.List(0), least))));
}
Evaluation Argmin(const Args& args) { return ArgExtreme(args, true); }
Evaluation Argmax(const Args& args) { return ArgExtreme(args, false); }

constexpr BuiltinEntry kStatistics[] = {{"mean", Mean},         {"median", Median}, {"stdev", Stdev},
                                        {"quantile", Quantile}, {"argmin", Argmin}, {"argmax", Argmax}};

}  // namespace

BuiltinFamily StatisticsBuiltins() { return kStatistics; }

}  // namespace hwf::state
