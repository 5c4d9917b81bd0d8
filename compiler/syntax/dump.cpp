#include "compiler/syntax/dump.h"

#include <fmt/format.h>

namespace hwf::syntax {

namespace {

std::string Of(const Block* block) { return "{" + (block->result ? Dump(*block->result) : std::string()) + "}"; }

std::string Of(ArrayRef<Arg> args) {
  std::string out;
  for (const Arg& arg : args) {
    out += " " + (arg.name ? arg.name.text.str() + ": " : std::string()) + Dump(*arg.value);
  }
  return out;
}

std::string Of(ArrayRef<Carried> carried) {
  std::string out;
  for (const Carried& each : carried) out += fmt::format(" {} = {}", each.name.text.str(), Dump(*each.value));
  return out;
}

std::string Of(const StringExpr& string) {
  std::string out = "\"";
  for (const StringExpr::Part& part : string.parts) {
    out += part.value ? "~{" + Dump(*part.value) + "}" : part.text.str();
  }
  return out + "\"";
}

std::string Of(const IfExpr& conditional) {
  std::string out = "(if";
  for (const IfExpr::Branch& branch : conditional.branches)
    out += " " + Dump(*branch.condition) + " " + Of(branch.body);
  return out + (conditional.else_body ? " " + Of(conditional.else_body) : "") + ")";
}

std::string Of(const MatchExpr& match) {
  std::string out = "(match " + Dump(*match.subject);
  for (const MatchExpr::Arm& arm : match.arms) {
    out += " " + (arm.pattern.wildcard ? "_" : arm.pattern.variant.text.str());
    for (const Pattern::Bind& bind : arm.pattern.binds) out += ":" + bind.name.text.str();
    out += Of(arm.body);
  }
  return out + ")";
}

}  // namespace

std::string Dump(const Expr& e) {
  using llvm::cast;
  switch (e.kind) {
    case Expr::Kind::kBool:
      return cast<BoolExpr>(e).value ? "true" : "false";
    case Expr::Kind::kInt:
      return fmt::format("{}", cast<IntExpr>(e).value);
    case Expr::Kind::kFloat:
      return fmt::format("{}", cast<FloatExpr>(e).value);
    case Expr::Kind::kDuration:
      if (cast<DurationExpr>(e).workdays > 0) return fmt::format("{}workdays", cast<DurationExpr>(e).workdays);
      return fmt::format("{}ms", cast<DurationExpr>(e).milliseconds);
    case Expr::Kind::kBytes:
      return fmt::format("{}B", cast<BytesExpr>(e).value);
    case Expr::Kind::kNone:
      return "none";
    case Expr::Kind::kString:
      return Of(cast<StringExpr>(e));
    case Expr::Kind::kName:
      return cast<NameExpr>(e).name.text.str();
    case Expr::Kind::kField: {
      auto& field = cast<FieldExpr>(e);
      return fmt::format("({} {} {})", field.optional ? "?." : ".", Dump(*field.base), field.name.text.str());
    }
    case Expr::Kind::kIndex:
      return fmt::format("(index {} {})", Dump(*cast<IndexExpr>(e).base), Dump(*cast<IndexExpr>(e).index));
    case Expr::Kind::kCall: {
      auto& call = cast<CallExpr>(e);
      return fmt::format("({}{}{})", call.tried ? "try " : "", Dump(*call.callee), Of(call.args));
    }
    case Expr::Kind::kUnary:
      return fmt::format("({} {})", cast<UnaryExpr>(e).op == UnaryOp::kNot ? "not" : "neg",
                         Dump(*cast<UnaryExpr>(e).operand));
    case Expr::Kind::kBinary: {
      auto& binary = cast<BinaryExpr>(e);
      return fmt::format("({} {} {})", SymbolOf(binary.op), Dump(*binary.left), Dump(*binary.right));
    }
    case Expr::Kind::kAfter:
      return fmt::format("(after {} {})", Dump(*cast<AfterExpr>(e).value), Dump(*cast<AfterExpr>(e).awaited));
    case Expr::Kind::kList: {
      std::string out = "(list";
      for (const Expr* item : cast<ListExpr>(e).items) out += " " + Dump(*item);
      return out + ")";
    }
    case Expr::Kind::kMap: {
      std::string out = "(map";
      for (const MapExpr::Entry& entry : cast<MapExpr>(e).entries) {
        out += " " + Dump(*entry.key) + " " + Dump(*entry.value);
      }
      return out + ")";
    }
    case Expr::Kind::kTuple:
      return "(tuple" + Of(cast<TupleExpr>(e).entries) + ")";
    case Expr::Kind::kIf:
      return Of(cast<IfExpr>(e));
    case Expr::Kind::kMatch:
      return Of(cast<MatchExpr>(e));
    case Expr::Kind::kFor: {
      auto& loop = cast<ForExpr>(e);
      return fmt::format("(for {} {}{} {})", loop.name.text.str(), Dump(*loop.list),
                         loop.where ? " where " + Dump(*loop.where) : "", Of(loop.body));
    }
    case Expr::Kind::kLoop: {
      auto& loop = cast<LoopExpr>(e);
      return fmt::format("(loop{} max {} {})", Of(loop.carried), Dump(*loop.max), Of(loop.body));
    }
    case Expr::Kind::kStop:
      return fmt::format("(stop {})", Dump(*cast<StopExpr>(e).value));
    case Expr::Kind::kNext:
      return fmt::format("(next{})", Of(cast<NextExpr>(e).values));
    case Expr::Kind::kReview:
      return fmt::format("(review {})", Of(*cast<ReviewExpr>(e).question));
    case Expr::Kind::kFail:
      return fmt::format("(fail {})", Of(*cast<FailExpr>(e).message));
    case Expr::Kind::kUncarried:
      return fmt::format("(uncarried {})", cast<UncarriedExpr>(e).keyword.text.str());
    case Expr::Kind::kError:
      return "(error)";
  }
  HWF_UNREACHABLE();
}

}  // namespace hwf::syntax
