#include "runtime/ssh/far_place.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hwf::ssh {
namespace {

using ::testing::HasSubstr;

ir::Site Site(const char* kind, Json fields) { return {"far", kind, std::move(fields)}; }

TEST(FarPlace, OfAnSshSite) {
  const auto place = FarPlaceFromFields(
      Site("ssh", Json().Set("host", "edge1").Set("user", "ana").Set("port", 2222).Set("workdir", "~/hwf")));
  ASSERT_TRUE(place.ok()) << place.error().message();
  EXPECT_EQ(place->name, "far");
  EXPECT_EQ(place->host.host, "edge1");
  EXPECT_EQ(place->host.user, "ana");
  EXPECT_EQ(place->host.port, 2222);
  EXPECT_EQ(place->workdir, "~/hwf");
}

TEST(FarPlace, OfALoginNode) {
  const auto plain = FarPlaceFromFields(Site("slurm", Json().Set("login", "mn5").Set("workdir", "/gpfs/hwf")));
  ASSERT_TRUE(plain.ok()) << plain.error().message();
  EXPECT_EQ(plain->host.host, "mn5");
  EXPECT_EQ(plain->host.user, "");
  const auto named = FarPlaceFromFields(Site("slurm", Json().Set("login", "ana@mn5").Set("workdir", "/gpfs/hwf")));
  ASSERT_TRUE(named.ok()) << named.error().message();
  EXPECT_EQ(named->host.host, "mn5");
  EXPECT_EQ(named->host.user, "ana");
  EXPECT_EQ(named->workdir, "/gpfs/hwf");
}

TEST(FarPlace, WhatIsMissingIsNamed) {
  const auto why = [](const char* kind, const Json& fields) {
    const auto place = FarPlaceFromFields(Site(kind, fields));
    return place.ok() ? "" : place.error().message();
  };
  EXPECT_THAT(why("ssh", Json().Set("workdir", "/x")), HasSubstr("`host`"));
  EXPECT_THAT(why("ssh", Json().Set("host", "edge1").Set("workdir", "x")), HasSubstr("`workdir`"));
  EXPECT_THAT(why("ssh", Json().Set("host", "e").Set("workdir", "/x").Set("port", 65536)), HasSubstr("65536"));
  EXPECT_THAT(why("slurm", Json().Set("login", "mn5")), HasSubstr("`workdir`"));
  EXPECT_THAT(why("slurm", Json().Set("login", "mn5").Set("workdir", "~/x")), HasSubstr("absolute"));
  EXPECT_THAT(why("slurm", Json().Set("login", "ana@").Set("workdir", "/x")), HasSubstr("`login`"));
  EXPECT_THAT(why("ssh", Json().Set("host", "e").Set("workdir", "/x\ny")), HasSubstr("one line"));
}

// A name goes on a command line of ssh: never as an option of it.
TEST(FarPlace, NamesAreNoOptions) {
  FarPlace place;
  place.name = "far";
  for (const auto& [host, user] :
       {std::pair("-oProxyCommand=true", ""), {"edge1", "-l"}, {"a b", ""}, {"e;true", ""}}) {
    place.host = {host, user, 0};
    EXPECT_FALSE(HostOf(place).ok()) << host << user;
  }
}

}  // namespace
}  // namespace hwf::ssh
