// Writes the test programs as .hwfir into a directory: write_programs DIRECTORY.
#include <fstream>

#include "ir/json.h"
#include "runtime/engine/testing/programs.h"

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const std::string directory = argv[1];
  namespace programs = hwf::engine::testing;
  std::ofstream(directory + "/hello.hwfir") << hwf::ir::ToJson(programs::Hello()).Dump();
  std::ofstream(directory + "/asked.hwfir") << hwf::ir::ToJson(programs::Asked()).Dump();
  std::ofstream(directory + "/chain.hwfir") << hwf::ir::ToJson(programs::Chain()).Dump();
  std::ofstream(directory + "/bad.hwfir") << hwf::ir::ToJson(programs::OneTask("echo no >&2; exit 7")).Dump();
  return 0;
}
