#include "ir/sites.h"

#include <gtest/gtest.h>

namespace hwf::ir {
namespace {

Site Slurm(const char* name, const char* login, const char* shares) {
  Json fields = Json::Object();
  if (*login != '\0') fields.Set("login", login);
  if (*shares != '\0') fields.Set("shares", shares);
  return {name, "slurm", fields};
}

TEST(SitesTest, NoNameIsHere) {
  Module module;
  EXPECT_EQ(FindSite(module, ""), nullptr);
  EXPECT_EQ(FindSite(module, "here"), nullptr);
  module.sites = {{"here", "local", Json::Object()}};
  EXPECT_EQ(FindSite(module, ""), &module.sites[0]);
  EXPECT_EQ(FindSite(module, "there"), nullptr);
}

TEST(SitesTest, FilesAreThoseOfTheMachineThatSubmits) {
  Module module;
  module.sites = {{"here", "local", Json::Object()}, Slurm("near", "", ""), Slurm("far", "mn5", "")};
  EXPECT_EQ(FilesOf(module, "here"), "");
  EXPECT_EQ(FilesOf(module, "near"), "");
  EXPECT_EQ(FilesOf(module, "far"), "at far");
  EXPECT_EQ(FilesOf(module, ""), "");
}

TEST(SitesTest, HereMayBeElsewhere) {
  Module module;
  module.sites = {Slurm("here", "mn5", "")};
  EXPECT_EQ(FilesOf(module, ""), "at here");
}

TEST(SitesTest, WhatSharesIsOneFileSystem) {
  Module module;
  module.sites = {Slurm("a", "mn5", "gpfs"), Slurm("b", "mn6", "gpfs"), Slurm("c", "mn5", "other")};
  EXPECT_EQ(FilesOf(module, "a"), "shares gpfs");
  EXPECT_EQ(FilesOf(module, "a"), FilesOf(module, "b"));
  EXPECT_NE(FilesOf(module, "a"), FilesOf(module, "c"));
  module.sites.push_back(Slurm("near", "", "gpfs"));
  EXPECT_EQ(FilesOf(module, "a"), "") << "this machine sees gpfs too";
}

}  // namespace
}  // namespace hwf::ir
