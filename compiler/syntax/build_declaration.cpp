#include <algorithm>

#include "compiler/diagnostics/did_you_mean.h"
#include "compiler/syntax/builder.h"

namespace hwf::syntax {

// ---------------------------------------------------------------- places and names

Range Builder::At(const antlr4::Token* token) const {
  auto* unit = static_cast<const UnitToken*>(token);
  return {module_.file, unit->begin(), unit->end()};
}

Range Builder::At(const antlr4::ParserRuleContext* c) const { return Span(At(c->start), At(c->stop)); }

StringRef Builder::Save(const std::string& text) {
  char* copy = module_.arena.Allocate<char>(text.size());
  std::copy(text.begin(), text.end(), copy);
  return StringRef(copy, text.size());
}

Ident Builder::Dotted(P::DottedNameContext* c, size_t first) {
  Range range = Span(At(c->parts[first]), At(c->parts.back()));
  StringRef text = Text(range);
  if (text.find_first_of(" \t\r\n#") == StringRef::npos) return {text, range};
  std::string joined;
  for (size_t i = first; i < c->parts.size(); ++i) joined += (i > first ? "." : "") + Name(c->parts[i]).text.str();
  return {Save(joined), range};
}

StringRef Builder::DocAt(uint32_t begin) {
  if (tokens_.docs.empty()) return {};
  auto found = std::lower_bound(tokens_.docs.begin(), tokens_.docs.end(), begin,
                                [](const DocBlock& doc, uint32_t at) { return doc.token_begin < at; });
  if (found == tokens_.docs.end() || found->token_begin != begin) return {};
  auto line = [&](uint32_t i) {
    StringRef text = Text(tokens_.comments[i].range).drop_front(2);
    text.consume_front(" ");
    return text.rtrim();
  };
  if (found->last == found->first + 1) return line(found->first);
  std::string joined;
  for (uint32_t i = found->first; i < found->last; ++i) joined += (i > found->first ? "\n" : "") + line(i).str();
  return Save(joined);
}

bool Builder::Expect(Ident name, llvm::ArrayRef<llvm::StringRef> allowed) {
  if (llvm::is_contained(allowed, name.text)) return true;
  std::string expected;
  for (size_t i = 0; i < allowed.size(); ++i) {
    expected += (i == 0 ? "" : i + 1 == allowed.size() ? " or " : ", ") + fmt::format("`{}`", allowed[i].str());
  }
  auto report = emitter_.Report(name.range, diagnostics::kWrongWord, std::string_view(name.text), expected);
  StringRef near = allowed.size() == 1 ? allowed[0] : diagnostics::Nearest(name.text, allowed);
  if (!near.empty()) report.Suggest(fmt::format("write `{}`", near.str()), name.range, near.str());
  return false;
}

bool Builder::Once(bool seen, Range range, StringRef word) {
  if (!seen) return true;
  emitter_.Report(range, diagnostics::kRepeatedClause, std::string_view(word)).Help("join the two");
  return false;
}

Ident Builder::NameOf(llvm::ArrayRef<syntax::Token> unit) const {
  if (unit.size() < 2 || unit[0].kind == P::IMPORT || unit[0].kind == P::TEST) return {};
  Range range = At(unit[1]);
  StringRef text = Text(range);
  bool word =
      !text.empty() &&
      text.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == StringRef::npos;
  if (!word || llvm::isDigit(text[0]) || (unit[1].kind >= P::LET && unit[1].kind <= P::NONE)) return {};
  return {text, range};
}

// ---------------------------------------------------------------- declarations

Decl* Builder::Declaration(P::DeclarationContext* c) {
  broken_ = false;
  Decl* decl = nullptr;
  if (c->imported) decl = Import(c->imported);
  if (c->record_) decl = Record(c->record_);
  if (c->enum_) decl = Enum(c->enum_);
  if (c->fn_) decl = Fn(c->fn_);
  if (c->task_) decl = Task(c->task_);
  if (c->workflow_) decl = Workflow(c->workflow_);
  if (c->site_) decl = Site(c->site_);
  if (c->group_) decl = Group(c->group_);
  if (c->calendar_) decl = Calendar(c->calendar_);
  if (c->service_) {
    decl = module_.Make<UncarriedDecl>(At(c), Name(c->start), Name(c->service_->declared));
  }
  if (c->test_) decl = Test(c->test_);
  if (c->error) decl = module_.Make<ErrorDecl>(At(c->error), Ident{});
  decl->doc = DocAt(decl->range.begin);
  return decl;
}

Decl* Builder::Whole(Decl* decl) {
  if (!broken_) return decl;
  return module_.Make<ErrorDecl>(decl->range, decl->name);
}

Decl* Builder::Import(P::ImportDeclContext* c) {
  auto* decl = module_.Make<ImportDecl>(At(c), Name(c->alias));
  if (c->path) {
    decl->path_range = At(c->path);
    StringExpr* path = Plain(c->path);
    decl->path = path->parts.empty() ? StringRef() : path->parts[0].text;
    return decl;
  }
  decl->path_range = At(c->dotted);
  if (Text(At(c->dotted->parts[0])) != "std" || c->dotted->parts.size() < 2) {
    emitter_.Report(decl->path_range, diagnostics::kSyntax, fmt::format("`{}`", Dotted(c->dotted).text.str()),
                    std::string_view("a path in quotes or `std.name`"));
    return module_.Make<ErrorDecl>(decl->range, decl->name);
  }
  decl->std_name = Dotted(c->dotted, 1).text;
  return decl;
}

Decl* Builder::Record(P::RecordDeclContext* c) {
  return Whole(module_.Make<RecordDecl>(At(c), Name(c->declared), Fields(c->fields)));
}

Decl* Builder::Enum(P::EnumDeclContext* c) {
  llvm::SmallVector<EnumDecl::Variant, 8> variants;
  for (P::VariantContext* v : c->variants) {
    if (v->error) {
      broken_ = true;
      continue;
    }
    variants.push_back({At(v), Name(v->declared), Fields(v->fields), DocAt(At(v).begin)});
  }
  return Whole(module_.Make<EnumDecl>(At(c), Name(c->declared), Save(variants)));
}

Decl* Builder::Fn(P::FnDeclContext* c) {
  ArrayRef<Field> params = Fields(c->params);
  TypeExpr* result = Type(c->result);
  return Whole(module_.Make<FnDecl>(At(c), Name(c->declared), params, result, Expression(c->body)));
}

Decl* Builder::Workflow(P::WorkflowDeclContext* c) {
  ArrayRef<Field> params = Fields(c->params);
  llvm::SmallVector<Field, 8> outputs;
  if (c->results) {
    for (P::OutputContext* o : c->results->items) {
      Output output = MakeOutput(o);
      if (o->path || o->place) {
        Range at = Span(At(o->path ? o->path->start : o->place->start), output.range);
        emitter_.Report(at, diagnostics::kSyntax, std::string_view("a place for an output"),
                        std::string_view("`,` or `)`: only the outputs of a task are files of its own"));
      }
      outputs.push_back({output.range, output.name, output.type, nullptr, output.doc});
    }
  }
  bool header_broken = broken_;
  Block* body = MakeBlock(c->body);
  // What went wrong inside stands in the body; the workflow itself is whole.
  broken_ = header_broken;
  return Whole(module_.Make<WorkflowDecl>(At(c), Name(c->declared), params, Save(outputs), body));
}

Decl* Builder::Site(P::SiteDeclContext* c) {
  return Whole(module_.Make<SiteDecl>(At(c), Name(c->declared), Name(c->base), Arguments(c->given)));
}

Decl* Builder::Group(P::GroupDeclContext* c) {
  return Whole(module_.Make<GroupDecl>(At(c), Name(c->declared), List(c->members)));
}

Decl* Builder::Calendar(P::CalendarDeclContext* c) {
  return Whole(module_.Make<CalendarDecl>(At(c), Name(c->declared), Name(c->base), Arguments(c->given)));
}

// ---------------------------------------------------------------- fields, outputs, types

Field Builder::MakeField(P::FieldContext* c) {
  Field field;
  field.range = At(c);
  field.name = Name(c->declared);
  field.type = Type(c->type);
  if (c->value) field.default_value = Expression(c->value);
  field.doc = DocAt(field.range.begin);
  return field;
}

ArrayRef<Field> Builder::Fields(const std::vector<P::FieldContext*>& contexts) {
  llvm::SmallVector<Field, 8> fields;
  for (P::FieldContext* c : contexts) {
    if (c->error) {
      broken_ = true;
    } else {
      fields.push_back(MakeField(c));
    }
  }
  return Save(fields);
}

ArrayRef<Field> Builder::Fields(P::ParametersContext* c) { return c ? Fields(c->fields) : ArrayRef<Field>(); }

Output Builder::MakeOutput(P::OutputContext* c) {
  Output output;
  output.range = At(c);
  output.name = Name(c->declared);
  output.type = Type(c->type);
  if (c->path) output.at = String(c->path);
  if (c->place) output.at_stdout = Expect(Name(c->place), {"stdout"});
  output.doc = DocAt(output.range.begin);
  return output;
}

TypeExpr* Builder::Type(P::TypeExprContext* c) {
  auto* type = module_.Make<TypeExpr>();
  type->range = At(c);
  llvm::SmallVector<TypeExpr*, 2> args;
  if (c->named) {
    type->kind = TypeExpr::Kind::kNamed;
    type->name = Dotted(c->named);
    if (c->inner) args.push_back(Type(c->inner));
  } else if (c->element) {
    type->kind = c->mapped ? TypeExpr::Kind::kMap : TypeExpr::Kind::kList;
    args.push_back(Type(c->element));
    if (c->mapped) args.push_back(Type(c->mapped));
  } else {
    type->kind = TypeExpr::Kind::kUnit;
  }
  type->args = Save(args);
  if (!c->optional) return type;
  type->range.end = At(c->optional).begin;
  auto* optional = module_.Make<TypeExpr>();
  optional->kind = TypeExpr::Kind::kOptional;
  optional->range = At(c);
  llvm::SmallVector<TypeExpr*, 2> of{type};
  optional->args = Save(of);
  return optional;
}

}  // namespace hwf::syntax
