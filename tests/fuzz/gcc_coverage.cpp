// What libFuzzer's runtime lacks for code that GCC compiled (clang 14 cannot compile the ANTLR runtime's headers):
// -fsanitize-coverage=trace-pc calls once in every basic block, and here each caller gets one of the 8-bit counters
// that libFuzzer watches. libFuzzer's own function of that name only refuses; the linker is told to take this one.
#include <cstddef>
#include <cstdint>

namespace {

constexpr int kBits = 18;
constexpr size_t kCounters = size_t{1} << kBits;
uint8_t counters[kCounters];

}  // namespace

extern "C" {

void __sanitizer_cov_8bit_counters_init(uint8_t* begin, uint8_t* end);
void __sanitizer_cov_trace_pc();
void __sanitizer_cov_trace_cmpf(float, float);
void __sanitizer_cov_trace_cmpd(double, double);
void TellLibFuzzer();

__attribute__((no_sanitize_coverage, no_sanitize("address", "undefined"))) void __sanitizer_cov_trace_pc() {
  const auto at = reinterpret_cast<uintptr_t>(__builtin_return_address(0));
  // Fibonacci hashing: the multiplier is 2^64 divided by the golden ratio (Knuth, TAOCP 3, 6.4).
  uint8_t& counter = counters[(at * 0x9e3779b97f4a7c15U) >> (64 - kBits)];
  if (counter != UINT8_MAX) ++counter;
}

// Comparisons of floating-point numbers: libFuzzer does not follow them.
__attribute__((no_sanitize_coverage)) void __sanitizer_cov_trace_cmpf(float, float) {}
__attribute__((no_sanitize_coverage)) void __sanitizer_cov_trace_cmpd(double, double) {}

__attribute__((constructor, no_sanitize_coverage)) void TellLibFuzzer() {
  __sanitizer_cov_8bit_counters_init(counters, counters + kCounters);
}

}  // extern "C"
