// From checked programs to what their documentation says. One thread.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "compiler/doc/model.h"
#include "compiler/sema/program.h"

namespace hwf::doc {

// The modules of one or more programs, each once, in the order in which they were added. A module's page is named after
// its file.
class Collector {
 public:
  // `library` is the directory of the standard library, whose modules are called std.NAME.
  Collector(const source::SourceManager& sources, std::string library)
      : sources_(sources), library_(std::move(library)) {}

  // A program without errors, and its IR. The compiled file comes first, then what it imports.
  void Add(const sema::Program& program, const ir::Module& module);

  const std::vector<Module>& modules() const { return modules_; }

 private:
  std::string NameOf(const syntax::ModuleScope& scope) const;
  const std::string& PageOf(const syntax::ModuleScope& scope);

  const source::SourceManager& sources_;
  std::string library_;
  std::map<std::string, std::string> pages_;  // by canonical path
  std::set<std::string> taken_ = {"index.html"};
  std::set<std::string> added_;  // canonical paths
  std::vector<Module> modules_;
};

}  // namespace hwf::doc
