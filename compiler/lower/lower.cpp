#include "compiler/lower/lower.h"

#include <algorithm>

#include "compiler/lower/lowerer.h"

namespace hwf::lower {

Lowerer::Lowerer(const sema::Program& program, const source::SourceManager& sources, diagnostics::Emitter& emitter)
    : program_(program), sources_(sources), emitter_(emitter) {}

ir::TestedModule Lowerer::Run() {
  module_.compiler = "hwfc 0.1.0";
  module_.edition = program_.modules.empty() ? "1" : program_.modules.back()->edition;
  module_.types = program_.types;
  AddSources();
  AddSites();
  for (const auto& unit : program_.modules) {
    for (const Decl* decl : unit->decls) AddDecl(*decl);
  }
  if (program_.entry != nullptr) module_.entry = program_.ir_names.at(program_.entry);
  functions_of_run_ = module_.functions.size();
  std::vector<ir::Test> tests = RunTests();
  return {std::move(module_), std::move(tests)};
}

void Lowerer::AddDecl(const Decl& decl) {
  names_.clear();  // nothing is shared between definitions
  next_id_ = 0;
  switch (decl.kind) {
    case Decl::Kind::kTask:
      module_.tasks.push_back(LowerTask(llvm::cast<TaskDecl>(decl)));
      return;
    case Decl::Kind::kWorkflow:
      module_.workflows.push_back(LowerWorkflow(llvm::cast<WorkflowDecl>(decl)));
      return;
    case Decl::Kind::kFn:
      module_.functions.push_back(LowerFn(llvm::cast<FnDecl>(decl)));
      return;
    case Decl::Kind::kGroup:
      AddGroup(llvm::cast<GroupDecl>(decl));
      return;
    case Decl::Kind::kCalendar:
      if (&decl == program_.calendar) AddCalendar(llvm::cast<CalendarDecl>(decl));
      return;
    case Decl::Kind::kTest:  // lower_stubs.cpp
    case Decl::Kind::kImport:
    case Decl::Kind::kRecord:
    case Decl::Kind::kEnum:
    case Decl::Kind::kSite:
    case Decl::Kind::kUncarried:
    case Decl::Kind::kError:
      return;
  }
}

ir::Workflow Lowerer::LowerWorkflow(const WorkflowDecl& decl) {
  ir::Workflow workflow;
  workflow.name = program_.ir_names.at(&decl);
  workflow.doc = decl.doc.str();
  workflow.span = SpanOf(decl.name.range);
  workflow.outputs = FieldDefs(decl.outputs);
  Builder builder;
  builder.region.params = LowerParams(decl.params);
  {
    RegionScope scope(*this, &builder);
    auto type = program_.output_types.find(&decl);
    const bool gives = type != program_.output_types.end() && !decl.outputs.empty();
    if (decl.body != nullptr) Fill(*decl.body, gives ? type->second : Simple(TypeKind::kUnit));
  }
  workflow.region = std::move(builder.region);
  return workflow;
}

ir::Function Lowerer::LowerFn(const FnDecl& decl) {
  ir::Function function;
  function.name = program_.ir_names.at(&decl);
  function.result = program_.output_types.at(&decl);
  Builder builder;
  builder.region.params = LowerParams(decl.params);
  {
    RegionScope scope(*this, &builder);
    builder.region.result = LowerAs(*decl.body, function.result);
  }
  function.region = std::move(builder.region);
  return function;
}

std::vector<ir::Param> Lowerer::LowerParams(ArrayRef<Field> fields) {
  std::vector<ir::Param> params;
  for (const Field& field : fields) {
    ir::Param& param = params.emplace_back();
    param.id = NewId();
    param.name = field.name.text.str();
    param.type = field.sema_type;
    param.doc = field.doc.str();
    if (field.default_value != nullptr) {
      RegionScope no_region(*this, nullptr);
      param.default_value = LowerAs(*field.default_value, field.sema_type);
    } else if (field.sema_type->kind == TypeKind::kOptional) {
      param.default_value = Coerce(Literal(TypeKind::kNone, nullptr, field.range), field.sema_type);
    }
    names_[&field] = Ref(param.id, param.type, field.name.range);
  }
  return params;
}

std::vector<ir::FieldDef> Lowerer::FieldDefs(ArrayRef<Field> fields) {
  std::vector<ir::FieldDef> out;
  for (const Field& field : fields) {
    out.push_back({field.name.text.str(), field.sema_type, field.default_value != nullptr});
  }
  return out;
}

ir::Expr Lowerer::Make(ir::Op op, TypeRef type, Range range) const {
  ir::Expr expr;
  expr.op = op;
  expr.type = type;
  expr.span = SpanOf(range);
  return expr;
}

ir::Expr Lowerer::Literal(TypeKind kind, Json value, Range range) const {
  ir::Expr expr = Make(ir::Op::kLiteral, Simple(kind), range);
  expr.literal = std::move(value);
  return expr;
}

ir::Expr Lowerer::Ref(ValueId id, TypeRef type, Range range) const {
  ir::Expr expr = Make(ir::Op::kRef, type, range);
  expr.ref = id;
  return expr;
}

// Columns are counted on from the nearest place that is known: a line of a megabyte then costs no more than many short
// ones, also where a chain is asked for its own begin and its next link by turns.
ir::Span Lowerer::SpanOf(Range range) const {
  constexpr uint32_t kNear = 256;  // bytes
  const source::File& file = sources_.file(range.file);
  const auto next = std::upper_bound(file.line_starts.begin(), file.line_starts.end(), range.begin);
  const uint32_t line = static_cast<uint32_t>(next - file.line_starts.begin());
  auto code_points = [&](uint32_t from, uint32_t to) {
    return static_cast<uint32_t>(std::count_if(file.text.begin() + from, file.text.begin() + to,
                                               [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
  };
  auto distance = [&](const KnownPlace& place) {
    return place.offset < range.begin ? range.begin - place.offset : place.offset - range.begin;
  };
  const KnownPlace start{range.file, line, line == 0 ? 0 : file.line_starts[line - 1], 1};
  KnownPlace* known = nullptr;
  for (KnownPlace& each : known_places_) {
    if (each.file != range.file || each.line != line) continue;
    if (known == nullptr || distance(each) < distance(*known)) known = &each;
  }
  const KnownPlace from = known != nullptr && distance(*known) < distance(start) ? *known : start;
  KnownPlace here{range.file, line, range.begin, from.column};
  if (here.offset >= from.offset) {
    here.column += code_points(from.offset, here.offset);
  } else {
    here.column -= code_points(here.offset, from.offset);
  }
  // A place nearby moves on; a far one is known beside the others.
  const bool moves = known != nullptr && distance(*known) <= kNear;
  (moves ? *known : known_places_[oldest_place_++ % std::size(known_places_)]) = here;
  auto index = file_index_.find(static_cast<uint32_t>(range.file));
  return {index == file_index_.end() ? 0 : index->second, line, here.column};
}

void Lowerer::NotCarried(Range range, std::string_view what) { emitter_.Report(range, diagnostics::kNotCarried, what); }

ir::TestedModule LowerWithTests(const sema::Program& program, const source::SourceManager& sources,
                                diagnostics::Emitter& emitter, size_t* functions) {
  Lowerer lowerer(program, sources, emitter);
  ir::TestedModule tested = lowerer.Run();
  if (functions != nullptr) *functions = lowerer.functions_of_run();
  return tested;
}

ir::Module Lower(const sema::Program& program, const source::SourceManager& sources, diagnostics::Emitter& emitter) {
  size_t functions = 0;
  ir::Module module = LowerWithTests(program, sources, emitter, &functions).module;
  module.functions.erase(module.functions.begin() + static_cast<ptrdiff_t>(functions), module.functions.end());
  return module;
}

void CheckCommands(const sema::Program& program, const source::SourceManager& sources, diagnostics::Emitter& emitter) {
  Lowerer lowerer(program, sources, emitter);
  for (const auto& unit : program.modules) {
    for (const Decl* decl : unit->decls) {
      if (const auto* task = llvm::dyn_cast<TaskDecl>(decl)) lowerer.CheckCommand(*task);
    }
  }
}

}  // namespace hwf::lower
