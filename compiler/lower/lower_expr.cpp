#include "compiler/lower/lowerer.h"
#include "ir/verify.h"

namespace hwf::lower {
namespace {

// A working day is a day of 24 hours that the review marks as one (ir::ReviewNode::within_workdays).
int64_t DurationOf(const DurationExpr& literal) { return literal.milliseconds + literal.workdays * 86'400'000; }

}  // namespace

ir::Expr Lowerer::LowerExpr(const Expr& expr) {
  switch (expr.kind) {
    case Expr::Kind::kBool:
      return Literal(TypeKind::kBool, llvm::cast<BoolExpr>(expr).value, expr.range);
    case Expr::Kind::kInt:
      return Literal(TypeKind::kInt, llvm::cast<IntExpr>(expr).value, expr.range);
    case Expr::Kind::kFloat:
      return Literal(TypeKind::kFloat, llvm::cast<FloatExpr>(expr).value, expr.range);
    case Expr::Kind::kDuration:
      return Literal(TypeKind::kDuration, DurationOf(llvm::cast<DurationExpr>(expr)), expr.range);
    case Expr::Kind::kBytes:
      return Literal(TypeKind::kBytes, llvm::cast<BytesExpr>(expr).value, expr.range);
    case Expr::Kind::kNone:
      return Literal(TypeKind::kNone, nullptr, expr.range);
    case Expr::Kind::kString:
      return LowerString(llvm::cast<StringExpr>(expr));
    case Expr::Kind::kName:
      return LowerName(llvm::cast<NameExpr>(expr));
    case Expr::Kind::kField:
      return LowerField(llvm::cast<FieldExpr>(expr));
    case Expr::Kind::kIndex: {
      const auto& index = llvm::cast<IndexExpr>(expr);
      ir::Expr base = LowerExpr(*index.base);
      const TypeRef plain = Plain(base.type);
      const TypeRef wanted = plain->kind == TypeKind::kMap ? plain->key : Simple(TypeKind::kInt);
      ir::Expr made = Make(ir::Op::kIndex, expr.type, expr.range);
      made.args.push_back(std::move(base));
      made.args.push_back(LowerAs(*index.index, wanted));
      return made;
    }
    case Expr::Kind::kCall:
      return LowerCall(llvm::cast<CallExpr>(expr));
    case Expr::Kind::kUnary:
      return LowerUnary(llvm::cast<UnaryExpr>(expr));
    case Expr::Kind::kBinary:
      return LowerBinary(llvm::cast<BinaryExpr>(expr));
    case Expr::Kind::kList: {
      ir::Expr made = Make(ir::Op::kList, expr.type, expr.range);
      for (const Expr* item : llvm::cast<ListExpr>(expr).items) made.args.push_back(LowerAs(*item, expr.type->element));
      return made;
    }
    case Expr::Kind::kMap: {
      ir::Expr made = Make(ir::Op::kMap, expr.type, expr.range);
      for (const MapExpr::Entry& entry : llvm::cast<MapExpr>(expr).entries) {
        made.args.push_back(LowerAs(*entry.key, expr.type->key));
        made.args.push_back(LowerAs(*entry.value, expr.type->element));
      }
      return made;
    }
    case Expr::Kind::kTuple:
      return LowerTuple(llvm::cast<TupleExpr>(expr));
    case Expr::Kind::kAfter:
    case Expr::Kind::kIf:
    case Expr::Kind::kMatch:
    case Expr::Kind::kFor:
    case Expr::Kind::kLoop:
    case Expr::Kind::kReview:
    case Expr::Kind::kFail:
      return Place(expr, {});
    case Expr::Kind::kStop:
      return LowerStop(llvm::cast<StopExpr>(expr));
    case Expr::Kind::kNext:
      return LowerNext(llvm::cast<NextExpr>(expr));
    case Expr::Kind::kUncarried:
    case Expr::Kind::kError:
      break;  // reported long ago; nobody lowers a program with errors
  }
  HWF_UNREACHABLE();
}

ir::Expr Lowerer::LowerString(const StringExpr& text) {
  ir::Expr made = Make(ir::Op::kConcat, Simple(TypeKind::kString), text.range);
  for (const StringExpr::Part& part : text.parts) {
    if (part.value == nullptr && part.text.empty()) continue;
    made.args.push_back(part.value == nullptr ? Literal(TypeKind::kString, part.text.str(), part.range)
                                              : LowerExpr(*part.value));
  }
  if (made.args.empty()) return Literal(TypeKind::kString, "", text.range);
  const bool constant =
      made.args.size() == 1 && made.args[0].op == ir::Op::kLiteral && made.args[0].type->kind == TypeKind::kString;
  if (constant) return std::move(made.args[0]);
  return made;
}

ir::Expr Lowerer::LowerName(const NameExpr& name) {
  const Binding& binding = *name.binding;
  const void* key = &binding;
  switch (binding.kind) {
    case Binding::Kind::kVariant:
      return LowerVariant(binding, nullptr, name.range);
    case Binding::Kind::kOut:
      return Ref(out_, name.type, name.range);
    case Binding::Kind::kPrevious:
      return Ref(previous_, name.type, name.range);
    case Binding::Kind::kAttempt:
      return Ref(attempt_, name.type, name.range);
    case Binding::Kind::kField:
      key = binding.field;
      break;
    case Binding::Kind::kLet:
    case Binding::Kind::kCheckpoint:
    case Binding::Kind::kFor:
    case Binding::Kind::kCarried:
    case Binding::Kind::kPattern:
    case Binding::Kind::kWatch:
      break;
    case Binding::Kind::kDecl:
    case Binding::Kind::kModule:
    case Binding::Kind::kBuiltin:
      HWF_UNREACHABLE();  // no values
  }
  auto found = names_.find(key);
  HWF_CHECK(found != names_.end());
  ir::Expr value = found->second;
  if (value.op == ir::Op::kRef) {
    value.type = name.type;  // as narrowed here
    value.span = SpanOf(name.range);
  }
  return value;
}

ir::Expr Lowerer::LowerField(const FieldExpr& field) {
  if (field.binding != nullptr && field.binding->kind == Binding::Kind::kVariant) {
    return LowerVariant(*field.binding, nullptr, field.range);
  }
  ir::Expr made = Make(field.optional ? ir::Op::kOptField : ir::Op::kField, field.type, field.name.range);
  made.name = field.name.text.str();
  made.args.push_back(LowerExpr(*field.base));
  return made;
}

// `(name: value, …)`: the workflow's result; `()` is the value of no value.
ir::Expr Lowerer::LowerTuple(const TupleExpr& tuple) {
  if (tuple.entries.empty() || tuple.type->record == nullptr) return Literal(TypeKind::kUnit, nullptr, tuple.range);
  return Record(tuple.type, tuple.entries, tuple.range);
}

ir::Expr Lowerer::Record(TypeRef type, ArrayRef<Arg> fields, Range range) {
  ir::Expr made = Make(ir::Op::kRecord, type, range);
  for (const Arg& entry : fields) {
    const ir::FieldDef* field = type->record->Find(entry.name.text.str());
    HWF_CHECK(field != nullptr);
    made.labels.push_back(field->name);
    made.args.push_back(LowerAs(*entry.value, field->type));
  }
  return made;
}

ir::Expr Lowerer::Coerce(ir::Expr expr, TypeRef wanted) {
  if (wanted->kind == TypeKind::kPoison || ir::Fits(expr.type, wanted)) return expr;
  const TypeRef plain = wanted->kind == TypeKind::kOptional ? wanted->element : wanted;
  if (expr.op == ir::Op::kLiteral && expr.type->kind == TypeKind::kInt && plain->kind == TypeKind::kFloat) {
    expr.literal = static_cast<double>(expr.literal.AsInt());
    expr.type = plain;
    return expr;
  }
  if (!ir::Converts(expr.type, wanted)) return expr;  // `()` where nobody looks
  ir::Expr made;
  made.op = ir::Op::kWiden;
  made.type = wanted;
  made.span = expr.span;
  made.args.push_back(std::move(expr));
  return made;
}

}  // namespace hwf::lower
