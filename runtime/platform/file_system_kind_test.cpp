#include "runtime/platform/file_system_kind.h"

#include <gtest/gtest.h>

namespace hwf::platform {
namespace {

TEST(FileSystemKind, NetworksAreLateAndThisMachinesMemoryIsNot) {
  EXPECT_TRUE(IsLateKind(0x6969));
  EXPECT_TRUE(IsLateKind(0xff534d42));
  EXPECT_FALSE(IsLateKind(0xef53));  // ext4
  EXPECT_FALSE(MayBeLate("/proc"));
  EXPECT_FALSE(MayBeLate("/nowhere/at/all"));
}

}  // namespace
}  // namespace hwf::platform
