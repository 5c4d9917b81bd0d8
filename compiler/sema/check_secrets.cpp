#include "compiler/sema/check_secrets.h"

#include <llvm/ADT/STLExtras.h>
#include <llvm/ADT/StringExtras.h>

#include "compiler/sema/constant.h"

namespace hwf::sema {
namespace {

constexpr StringRef kSources[] = {"env", "file", "command"};

void CheckSource(Context& context, StringRef name, const Expr& value) {
  if (llvm::isa<StringExpr>(value)) {
    context.Report(value.range, diagnostics::kLiteralSecret, name)
        .Help(fmt::format(
            "say where it comes from: `{0}: env(\"{0}\")`, `file(\"/path\")` or `command(\"pass show x\")`", name));
    return;
  }
  const SecretSource source = SecretSourceOf(value);
  const bool path = source.word == "file";
  const bool good = !source.word.empty() && !source.argument.empty() &&
                    (source.word != "env" || IsVariable(source.argument)) && !(path && source.argument[0] == '~');
  if (good) return;
  auto report = context.Report(value.range, diagnostics::kBadSiteField, name,
                               std::string_view("`env(\"X\")`, `file(\"p\")` or `command(\"c\")`"));
  if (path) report.Help("no shell reads the path: it is absolute, or stands beside this file");
}

}  // namespace

SecretSource SecretSourceOf(const Expr& value) {
  const auto* call = llvm::dyn_cast<CallExpr>(&value);
  const auto* word = call == nullptr ? nullptr : llvm::dyn_cast<NameExpr>(call->callee);
  if (word == nullptr || call->args.size() != 1 || call->args[0].name) return {};
  if (!llvm::is_contained(kSources, word->name.text)) return {};
  const auto text = ConstantString(call->args[0].value);
  return text ? SecretSource{word->name.text.str(), *text} : SecretSource{};
}

bool IsVariable(StringRef name) {
  return !name.empty() && !llvm::isDigit(name[0]) &&
         llvm::all_of(name, [](char c) { return c == '_' || llvm::isAlnum(c); });
}

void CheckSecrets(Context& context, const MapExpr& secrets) {
  llvm::DenseMap<StringRef, Range> seen;
  for (const MapExpr::Entry& entry : secrets.entries) {
    const auto* key = llvm::dyn_cast<NameExpr>(entry.key);
    if (key == nullptr) {
      context.Report(entry.key->range, diagnostics::kBadSiteField, std::string_view("secrets"),
                     std::string_view("names of variables, without quotes"));
      continue;
    }
    const StringRef name = key->name.text;
    auto [known, fresh] = seen.try_emplace(name, key->range);
    if (!fresh) {
      context.Report(key->range, diagnostics::kDuplicateMember, name, "`secrets`").Note(known->second, "first here");
    }
    if (name.startswith("HWF_")) context.Report(key->range, diagnostics::kReservedEnv, name);
    CheckSource(context, name, *entry.value);
  }
}

}  // namespace hwf::sema
