// `hwf-runner store`: many contents of a store at once. `--marker M` and then
//   look STORE (DIGEST NAME)…   "M i have" or, a directory for it to come to made, "M i lacks"
//   lay DIR (DIGEST PATH)…      DIR is made, with links to the regular files as they come: "M i laid" or "M i other".
//                               DIR is .WORD-ID: others of that WORD beside it, a day old, are removed
//   keep STORE (DIGEST NAME)…   puts what came in its place: "M i ok", "M i differs" or "M i error WHY"
//   times DIR (KIND PATH)…      the files or directories (KIND: file, dir), known by sizes and times: "M i is DIGEST
//   SIZE"
//                               or "M i error WHY"
//   drop DIR (KIND PATH)…       removes files whose directories lie below DIR: "M i gone" or "M i error WHY"
//   same DIR (DIGEST PATH)…     reads the files and directories, DIR being where relative paths begin: "M i same" or
//                               "M i differs", also where there is nothing
// A line each, i counted from 0. What is said to be ok is on disk under its name, read-only; done before, it says so
// again.
#pragma once

#include <string>
#include <vector>

#include "runtime/platform/hash.h"

namespace hwf::runner {

// Below a store: where a content lies, and the directory that it comes to. (Of the same content under another name
// nothing is shared; that is seldom.)
inline std::string PlaceInStore(const std::string& digest, const std::string& name) {
  return digest.substr(digest.find(':') + 1) + "/" + name;
}
inline std::string ArrivalInStore(const std::string& digest, const std::string& name) {
  return ".in-" + digest.substr(digest.find(':') + 1) + "-" + platform::Digest(name).substr(3, 8);
}

// The exit code.
int Store(const std::vector<std::string>& arguments);

}  // namespace hwf::runner
