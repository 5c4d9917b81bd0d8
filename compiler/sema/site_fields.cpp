#include "compiler/sema/site_fields.h"

#include <llvm/ADT/STLExtras.h>

#include "ir/sites.h"

namespace hwf::sema {
namespace {

using Shape = SiteField::Shape;

enum Kinds : unsigned { kLocal = 1, kSlurm = 2, kSsh = 4, kMachines = kLocal | kSsh, kAll = kMachines | kSlurm };
constexpr llvm::StringRef kKindNames[] = {"local", "slurm", "ssh"};  // in the order of the bits
constexpr llvm::StringRef kEngines[] = {"apptainer", "singularity", "podman", "docker", "charliecloud"};
constexpr llvm::StringRef kStarters[] = {"srun", "mpirun", "torchrun"};

constexpr SiteField kFields[] = {
    // how it is reached, and where it keeps what is the run's
    {"host", Shape::kWord, 0, kSsh},
    {"login", Shape::kWord, 0, kSlurm},
    {"user", Shape::kWord, 0, kSsh},
    {"port", Shape::kCount, 1, kSsh, 65535},
    {"workdir", Shape::kPath, 0, kSlurm},
    {"workdir", Shape::kFarPath, 0, kSsh},
    {"shares", Shape::kWord, 0, kAll},
    // what it has: of a machine, or of each node
    {"cpus", Shape::kCount, 1, kMachines},
    {"gpus", Shape::kCount, 0, kMachines},
    {"memory", Shape::kSize, 1, kMachines},
    {"cpus_per_node", Shape::kCount, 1, kSlurm},
    {"gpus_per_node", Shape::kCount, 0, kSlurm},
    {"memory_per_node", Shape::kSize, 1, kSlurm},
    {"nodes", Shape::kCount, 1, kSlurm},
    {"gpu", Shape::kWord, 0, kAll},
    {"max_time", Shape::kTime, 1, kSlurm},
    // what Slurm is asked for
    {"partition", Shape::kWord, 0, kSlurm},
    {"account", Shape::kWord, 0, kSlurm},
    {"qos", Shape::kWord, 0, kSlurm},
    {"features", Shape::kWord, 0, kSlurm},
    {"reservation", Shape::kWord, 0, kSlurm},
    // how jobs are made of tasks
    {"pack", Shape::kCount, 1, kSlurm, ir::kMaxPack},
    {"allocation", Shape::kCount, 1, kSlurm},
    {"throttle", Shape::kCount, 1, kSlurm},
    {"max_jobs", Shape::kCount, 1, kSlurm},
    {"engine_max", Shape::kTime, 1, kAll},
    // how a command is started
    {"setup", Shape::kScript, 0, kAll},
    {"containers", Shape::kEngine, 0, kAll},
    {"launch", Shape::kStarter, 0, kAll},
    {"secrets", Shape::kSecrets, 0, kAll},
};

unsigned BitOf(StringRef kind) {
  for (size_t i = 0; i < std::size(kKindNames); ++i) {
    if (kind == kKindNames[i]) return 1U << i;
  }
  return 0;
}

// Neither an option of a command line nor more than one word of it.
bool IsWord(const std::string& text) {
  return !text.empty() && text[0] != '-' && llvm::none_of(text, [](unsigned char c) { return c <= ' ' || c == 0x7f; });
}

bool IsLine(const std::string& text) {
  return llvm::none_of(text, [](unsigned char c) { return c < ' ' || c == 0x7f; });
}

std::string Joined(llvm::ArrayRef<llvm::StringRef> words, const char* last) {
  std::string out;
  for (size_t i = 0; i < words.size(); ++i) {
    out += (i == 0 ? "" : i + 1 == words.size() ? last : ", ") + words[i].str();
  }
  return out;
}

bool IsNumber(const Expr& value, TypeKind kind, double least) {
  const auto constant = Fold(&value);
  return constant && constant->kind == kind && constant->number >= least;
}

}  // namespace

llvm::ArrayRef<llvm::StringRef> SiteKinds() { return kKindNames; }

const SiteField* FindSiteField(StringRef kind, StringRef name) {
  const unsigned bit = BitOf(kind);
  for (const SiteField& field : kFields) {
    if ((field.kinds & bit) != 0 && name == field.name) return &field;
  }
  return nullptr;
}

std::vector<StringRef> SiteFieldsOf(StringRef kind) {
  std::vector<StringRef> names;
  for (const SiteField& field : kFields) {
    if ((field.kinds & BitOf(kind)) != 0) names.emplace_back(field.name);
  }
  return names;
}

std::string KindsWith(StringRef name) {
  std::vector<StringRef> kinds;
  for (const StringRef kind : kKindNames) {
    if (FindSiteField(kind, name) != nullptr) kinds.push_back(kind);
  }
  return Joined(kinds, " and ");
}

llvm::ArrayRef<llvm::StringRef> WordsOf(const SiteField& field) {
  if (field.shape == Shape::kEngine) return kEngines;
  if (field.shape == Shape::kStarter) return kStarters;
  return {};
}

std::string Wanted(const SiteField& field) {
  switch (field.shape) {
    case Shape::kCount:
      return fmt::format("a whole number from {} to {}", field.least, field.most);
    case Shape::kSize:
      return "a size such as `64GiB`";
    case Shape::kTime:
      return "a time such as `48h`";
    case Shape::kWord:
      return "a string of one word, which does not begin with `-`";
    case Shape::kPath:
      return "an absolute path such as `\"/scratch/me/hwf\"`";
    case Shape::kFarPath:
      return "an absolute path such as `\"/data/hwf\"`, or one that begins with `~/`";
    case Shape::kScript:
      return "a string: lines of shell";
    case Shape::kEngine:
    case Shape::kStarter:
      return "one of the words " + Joined(WordsOf(field), " and ");
    case Shape::kSecrets:
      return "a map such as `[TOKEN: env(\"TOKEN\")]`";
  }
  return "";
}

bool Takes(const SiteField& field, const Expr& value) {
  const auto text = ConstantString(&value);
  switch (field.shape) {
    case Shape::kCount:
      return IsNumber(value, TypeKind::kInt, field.least) && Fold(&value)->number <= field.most;
    case Shape::kSize:
      return IsNumber(value, TypeKind::kBytes, 1);
    case Shape::kTime:
      return IsNumber(value, TypeKind::kDuration, 1);
    case Shape::kWord:
      return text && IsWord(*text);
    case Shape::kFarPath:
      if (text && IsLine(*text) && text->rfind("~/", 0) == 0) return true;
      [[fallthrough]];
    case Shape::kPath:
      return text && !text->empty() && IsLine(*text) && text->front() == '/';
    case Shape::kScript:
      return text.has_value();
    case Shape::kEngine:
    case Shape::kStarter: {
      const auto* word = llvm::dyn_cast<NameExpr>(&value);
      return word != nullptr && llvm::is_contained(WordsOf(field), word->name.text);
    }
    case Shape::kSecrets:
      return llvm::isa<MapExpr>(value);
  }
  return false;
}

const Expr* SiteValue(const Program::Site& site, StringRef name) {
  for (const auto& [field, value] : site.fields) {
    if (name == field) return value;
  }
  return nullptr;
}

std::optional<Constant> NumberOf(const Program::Site& site, StringRef name) {
  const Expr* value = SiteValue(site, name);
  return value == nullptr ? std::nullopt : Fold(value);
}

std::string TextOf(const Program::Site& site, StringRef name) {
  const Expr* value = SiteValue(site, name);
  if (value == nullptr) return "";
  if (const auto* word = llvm::dyn_cast<NameExpr>(value)) return word->name.text.str();
  return ConstantString(value).value_or("");
}

}  // namespace hwf::sema
