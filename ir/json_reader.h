// Reading the IR from JSON that may be anything: one Reader a module. It keeps the first error with the path of the
// offending member and goes on with harmless values, so that the code that builds stays straight; ModuleFromJson looks
// at the error at the end. Internal to ir/json*.cpp.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "ir/module.h"
#include "ir/test.h"

namespace hwf::ir::internal {

// Where a value stands: a list of keys and indices that lives on the stack of the calls that read.
struct Path {
  const Path* parent = nullptr;
  std::string_view key;  // empty: `index` counts
  size_t index = 0;
  std::string ToText() const;
};

class Reader {
 public:
  ErrorOr<Module> ReadModule(const Json& json);
  // After ReadModule, of the same object.
  ErrorOr<std::vector<Test>> ReadTests(const Json& json);

 private:
  // Regions, expressions and rules within each other; the language allows 256 brackets, each one or two levels of ours.
  static constexpr int kMaxDepth = 700;
  // Types within each other, and what one type has when it is written out.
  static constexpr int kMaxTypeDepth = 300;
  static constexpr int64_t kMaxTypeSize = 1000000;

  void Fail(const Path& path, std::string_view what);
  bool failed() const { return error_.has_value(); }

  // Members of an object; `required` ones fail when absent.
  const Json* Member(const Json& object, const Path& path, std::string_view key, bool required);
  std::string Text(const Json& object, const Path& path, std::string_view key, bool required = true);
  int64_t Int(const Json& object, const Path& path, std::string_view key, int64_t low, int64_t high,
              std::optional<int64_t> fallback = std::nullopt);
  bool Flag(const Json& object, const Path& path, std::string_view key, bool fallback);
  ValueId Id(const Json& object, const Path& path, std::string_view key, bool required = true);
  TypeRef Type(const Json& object, const Path& path, std::string_view key);
  Span SpanOf(const Json& object, const Path& path);
  std::string AsText(const Json& item, const Path& path);
  ValueId AsId(const Json& item, const Path& path);

  // The items of an array member, each read by `read(item, path)`. An absent one is empty unless required.
  template <typename T, typename Read>
  std::vector<T> List(const Json& object, const Path& path, std::string_view key, bool required, Read read) {
    std::vector<T> out;
    const Json* list = Member(object, path, key, required);
    if (list == nullptr) return out;
    Path here{&path, key, 0};
    if (!list->is_array()) {
      Fail(here, "expected a list");
      return out;
    }
    out.reserve(list->AsArray().size());
    for (const Json& item : list->AsArray()) {
      Path at{&here, {}, out.size()};
      out.push_back(read(item, at));
      if (failed()) break;
    }
    return out;
  }
  std::vector<std::string> Texts(const Json& object, const Path& path, std::string_view key, bool required = false);

  // json_read_types.cpp
  void ReadTypes(const Json& module, const Path& path);
  void MakeType(const Json& item, const Path& path);
  void FillType(size_t index, const Json& item, const Path& path);
  void CheckTypes(const Path& path);
  std::vector<FieldDef> Fields(const Json& object, const Path& path, std::string_view key, bool required);

  // json_read_values.cpp
  Expr ReadExpr(const Json& json, const Path& path);
  Expr ExprMember(const Json& object, const Path& path, std::string_view key);
  std::optional<Expr> OptionalExpr(const Json& object, const Path& path, std::string_view key);
  std::vector<Expr> Exprs(const Json& object, const Path& path, std::string_view key);
  std::vector<Param> Params(const Json& object, const Path& path);

  // json_read_nodes.cpp
  Region ReadRegion(const Json& json, const Path& path);
  std::unique_ptr<Region> RegionMember(const Json& object, const Path& path, std::string_view key, bool required);
  Node ReadNode(const Json& json, const Path& path);
  void ReadBody(const Json& json, const Path& path, std::string_view kind, Node& node);
  TaskNode ReadCall(const Json& json, const Path& path);
  IfNode ReadIf(const Json& json, const Path& path);
  MatchNode ReadMatch(const Json& json, const Path& path);
  ForNode ReadFor(const Json& json, const Path& path);
  LoopNode ReadLoop(const Json& json, const Path& path);
  WatchNode ReadWatch(const Json& json, const Path& path);
  ReviewNode ReadReview(const Json& json, const Path& path);
  ByRule ReadBy(const Json& json, const Path& path);
  ByRule ByMember(const Json& object, const Path& path, std::string_view key);
  Choice ReadChoice(const Json& json, const Path& path);

  // json_tests.cpp
  Test ReadTest(const Json& json, const Path& path);
  Given ReadGiven(const Json& json, const Path& path);
  TestAnswer ReadAnswer(const Json& json, const Path& path);
  Expectation ReadExpectation(const Json& json, const Path& path);

  // json_read.cpp
  Function ReadFunction(const Json& json, const Path& path);
  Task ReadTask(const Json& json, const Path& path);
  Workflow ReadWorkflow(const Json& json, const Path& path);
  Output ReadOutput(const Json& json, const Path& path);
  Stream ReadStream(const Json& json, const Path& path);
  Command ReadCommand(const Json& json, const Path& path);
  Command::Piece ReadPiece(const Json& json, const Path& path);
  std::vector<NamedExpr> Named(const Json& object, const Path& path, std::string_view key);
  Calendar ReadCalendar(const Json& json, const Path& path);

  // Counts a level down for as long as it lives; `ok` is false, and an error noted, when it is too deep.
  class Level {
   public:
    Level(Reader& reader, const Path& path) : reader_(reader) {
      ok = ++reader_.depth_ <= kMaxDepth;
      if (!ok) reader_.Fail(path, "nested too deeply");
    }
    ~Level() { --reader_.depth_; }
    bool ok;

   private:
    Reader& reader_;
  };

  std::optional<std::string> error_;
  int depth_ = 0;
  Module module_;
  std::vector<TypeRef> types_;
};

// With limits that fit the IR.
ErrorOr<Json> ParseModule(std::string_view text);

}  // namespace hwf::ir::internal
