#include "runtime/platform/ids.h"

#include <sys/random.h>
#include <time.h>

#include <algorithm>
#include <cerrno>

#include "base/check.h"

namespace hwf::platform {
namespace {

constexpr std::string_view kAlphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

}  // namespace

void RandomBytes(void* out, size_t count) {
  char* next = static_cast<char*>(out);
  while (count > 0) {
    ssize_t got = getrandom(next, count, 0);
    if (got < 0) {
      HWF_CHECK(errno == EINTR);  // getrandom has no other way to fail on a valid buffer
      continue;
    }
    next += got;
    count -= static_cast<size_t>(got);
  }
}

std::string NewId(int64_t now_ms) {
  std::string id(kIdLength, '0');
  uint64_t time = static_cast<uint64_t>(std::max<int64_t>(now_ms, 0)) & ((uint64_t{1} << 48) - 1);
  for (size_t i = 10; i-- > 0; time >>= 5) id[i] = kAlphabet[time & 31];
  unsigned char random[16];
  RandomBytes(random, sizeof(random));
  for (size_t i = 0; i < 16; ++i) id[10 + i] = kAlphabet[random[i] & 31];
  return id;
}

std::string NewId() {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  return NewId(static_cast<int64_t>(now.tv_sec) * 1000 + now.tv_nsec / 1000000);
}

bool IsId(std::string_view text) {
  if (text.size() != kIdLength) return false;
  return std::all_of(text.begin(), text.end(), [](char c) { return kAlphabet.find(c) != std::string_view::npos; });
}

}  // namespace hwf::platform
