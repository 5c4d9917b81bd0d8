// Small line plots in braille dots: two points a column, four levels a row. Pure functions; any thread.
#pragma once

#include <string>
#include <vector>

namespace hwf::report {

// `rows` lines of `columns` characters. The values span the width (thinned to the mean of each dot column when they
// are more); the least and the greatest touch the edges. Values that are not finite leave a gap. No values: blank
// lines.
std::vector<std::string> LinePlot(const std::vector<double>& values, size_t columns, size_t rows);

}  // namespace hwf::report
