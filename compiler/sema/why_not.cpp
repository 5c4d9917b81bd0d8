#include "compiler/sema/why_not.h"

#include "compiler/sema/site_fields.h"

namespace hwf::sema {
namespace {

// What is asked for, and the fields that say how much of it a machine has, or each node, or a job at most.
struct Limit {
  const char* need;
  const char* of_machine;
  const char* of_slurm;
  const char* unit;  // behind the number
  const char* has;   // "a node has"
};
constexpr Limit kLimits[] = {
    {"cpus", "cpus", "cpus_per_node", " cpus", "a node has"},
    {"gpus", "gpus", "gpus_per_node", " gpus", "a node has"},
    {"memory", "memory", "memory_per_node", " of memory", "a node has"},
    {"time", "", "max_time", "", "its max_time is"},
    {"nodes", "", "nodes", " nodes", "it gives at most"},
};

class Judge {
 public:
  Judge(const TaskDecl& task, const Program::Site* site, int attempt)
      : task_(task), site_(site), attempt_(attempt), kind_(site ? site->kind : "local") {}

  std::vector<Refusal> Run() {
    for (const Limit& limit : kLimits) CheckLimit(limit);
    CheckModel();
    CheckImage();
    CheckRanks();
    return std::move(refusals_);
  }

 private:
  const TaskDecl::Need* Need(StringRef name) const {
    for (const TaskDecl::Need& need : task_.needs) {
      if (need.name.text == name) return &need;
    }
    return nullptr;
  }
  int64_t Number(StringRef name) const {
    const TaskDecl::Need* need = Need(name);
    const auto constant = need == nullptr ? std::nullopt : Fold(need->value, attempt_);
    return constant ? static_cast<int64_t>(constant->number) : 0;
  }
  void Refuse(Range at, std::string why, std::string help = {}) {
    refusals_.push_back({at, std::move(why), std::move(help)});
  }

  // Two of nodes, ranks and ranks_per_node say the third.
  std::pair<const TaskDecl::Need*, std::optional<Constant>> Wanted(StringRef name) const {
    if (const TaskDecl::Need* need = Need(name)) return {need, Fold(need->value, attempt_)};
    const int64_t ranks = Number("ranks"), each = Number("ranks_per_node");
    if (name != "nodes" || ranks == 0 || each == 0) return {nullptr, std::nullopt};
    const int64_t nodes = ranks / each;
    return {Need("ranks"), Constant{TypeKind::kInt, static_cast<double>(nodes)}};
  }

  void CheckLimit(const Limit& limit) {
    const auto [need, wanted] = Wanted(limit.need);
    if (!wanted) return;
    const bool slurm = kind_ == "slurm";
    if (!slurm && limit.need == StringRef("nodes")) {
      if (wanted->number <= 1) return;
      return Refuse(need->value->range, fmt::format("it asks for {} nodes, the site is one machine", wanted->number));
    }
    const auto most = site_ == nullptr ? std::nullopt : NumberOf(*site_, slurm ? limit.of_slurm : limit.of_machine);
    if (!most || !(*most < *wanted)) return;
    Refuse(need->value->range, fmt::format("it asks for {}{}, {} {}", ToText(*wanted), limit.unit,
                                           slurm ? limit.has : "the site has", ToText(*most)));
  }

  void CheckModel() {
    const TaskDecl::Need* need = Need("gpu");
    const auto wanted = need == nullptr ? std::nullopt : ConstantString(need->value);
    if (!wanted) return;
    const std::string has = site_ == nullptr ? "" : TextOf(*site_, "gpu");
    if (has == *wanted) return;
    Refuse(need->value->range,
           fmt::format("it asks for a GPU of model {}, the site {}", *wanted,
                       has.empty() ? "names no `gpu`" : "has " + has),
           fmt::format("a site says what its GPUs are: `gpu: \"{}\"`", *wanted));
  }

  void CheckImage() {
    if (task_.image == nullptr || (site_ != nullptr && SiteValue(*site_, "containers") != nullptr)) return;
    Refuse(task_.image->range, "it runs in an image, the site names no `containers`",
           "a site says what runs its images: `containers: apptainer`");
  }

  void CheckRanks() {
    if (task_.launch.text == "srun" && kind_ != "slurm") {
      Refuse(task_.launch.range, fmt::format("`srun` is Slurm's, the site is of kind {}", kind_));
      return;
    }
    if (task_.image != nullptr) return CheckRanksInImage();
    const bool launched = kind_ == "slurm" || !Launch().empty();
    const char* name = Need("ranks") != nullptr ? "ranks" : "ranks_per_node";
    const int64_t ranks = Number(name);
    if (launched || ranks <= 1) return;
    Refuse(Need(name)->value->range, fmt::format("nothing starts its {} ranks on a site of kind {}", ranks, kind_),
           "say what starts them: `launch mpirun` or `launch torchrun`, or `launch: mpirun` of the site");
  }

  std::string Launch() {
    if (task_.launch) return task_.launch.text.str();
    return site_ == nullptr ? "" : TextOf(*site_, "launch");
  }

  // srun starts a container for each of them, or for each machine's torchrun; else one has the image's own launcher.
  void CheckRanksInImage() {
    const auto [nodes, wanted] = Wanted("nodes");
    const bool several = wanted && wanted->number > 1;
    const TaskDecl::Need* ranks = several ? nodes : Need("ranks");
    if (ranks == nullptr || (!several && Number("ranks") <= 1)) return;
    const bool slurm = kind_ == "slurm";
    const std::string launch = Launch().empty() && slurm ? "srun" : Launch();
    if (launch.empty()) {
      return Refuse(ranks->value->range, "nothing starts its ranks in an image",
                    "the image's own launcher does: say `launch mpirun` or `launch torchrun`");
    }
    if (several && launch == "mpirun") {
      return Refuse(nodes->value->range, "an image's mpirun knows of one machine",
                    "say `launch srun` or `launch torchrun`");
    }
    const std::string engine = site_ == nullptr ? "" : TextOf(*site_, "containers");
    if ((several || launch == "srun") && (engine == "podman" || engine == "docker")) {
      Refuse(ranks->value->range, fmt::format("{} cannot start containers by srun", engine),
             "apptainer and charliecloud can");
    }
  }

  const TaskDecl& task_;
  const Program::Site* site_;
  const int attempt_;
  const std::string kind_;
  std::vector<Refusal> refusals_;
};

}  // namespace

std::vector<Refusal> WhyNot(const TaskDecl& task, const Program::Site* site, int attempt) {
  return Judge(task, site, attempt).Run();
}

}  // namespace hwf::sema
