#include "runtime/simulate/rooms.h"

#include <algorithm>

namespace hwf::simulate {
namespace {

std::optional<double> Number(const Json& fields, const char* name) {
  const Json* value = fields.Find(name);
  if (value == nullptr || !(value->is_int() || value->is_double())) return std::nullopt;
  return value->is_int() ? static_cast<double>(value->AsInt()) : value->AsDouble();
}

// Shares of a cpu do not add up exactly.
bool Within(double wanted, const std::optional<double>& has) { return !has || wanted <= *has + 1e-6; }

}  // namespace

ErrorOr<state::Needs> NeedsOf(const ir::Module& module, const scheduler::StartTask& start) {
  state::TaskValues values;
  values.arguments = start.arguments;
  values.previous = start.previous;
  values.attempt = start.attempt;
  ErrorOr<state::Needs> needs = state::EvaluateNeeds(module, *start.task, values);
  if (!needs.ok()) return needs.error().WithContext("what `" + start.place + "` needs");
  return needs;
}

Rooms::Rooms(const ir::Module& module) {
  for (const ir::Site& site : module.sites) {
    Room& room = rooms_[site.name];
    if (site.kind != "slurm") {
      room.cpus = Number(site.fields, "cpus");
      room.gpus = Number(site.fields, "gpus");
      continue;
    }
    const std::optional<double> nodes = Number(site.fields, "nodes");
    const std::optional<double> cpus = Number(site.fields, "cpus_per_node"),
                                gpus = Number(site.fields, "gpus_per_node");
    if (nodes && cpus) room.cpus = *nodes * *cpus;
    if (nodes && gpus) room.gpus = *nodes * *gpus;
  }
}

ErrorOr<Rooms::Ticket> Rooms::TicketOf(const scheduler::StartTask& start, const state::Needs& needs) const {
  const auto nodes = static_cast<double>(std::max<int64_t>(needs.nodes, 1));
  Ticket ticket{start.site, {needs.cpus * nodes, static_cast<double>(needs.gpus) * nodes}};
  auto room = rooms_.find(ticket.site);
  if (room == rooms_.end()) return ticket;
  if (Within(ticket.amount.cpus, room->second.cpus) && Within(ticket.amount.gpus, room->second.gpus)) return ticket;
  return MakeError("`{}` needs {} cpus and {} gpus, and site `{}` never has so many", start.place, ticket.amount.cpus,
                   ticket.amount.gpus, ticket.site);
}

bool Rooms::Fits(const Room& room, const Amount& amount) {
  return Within(room.used.cpus + amount.cpus, room.cpus) && Within(room.used.gpus + amount.gpus, room.gpus);
}

void Rooms::Change(Room& room, const Amount& amount, double sign, state::TimeMs now) {
  room.used.cpus += sign * amount.cpus;
  room.used.gpus += sign * amount.gpus;
  room.most.cpus = std::max(room.most.cpus, room.used.cpus);
  room.most.gpus = std::max(room.most.gpus, room.used.gpus);
  used_.cpus += sign * amount.cpus;
  used_.gpus += sign * amount.gpus;
  most_.cpus = std::max(most_.cpus, used_.cpus);
  most_.gpus = std::max(most_.gpus, used_.gpus);
  // What is used until the end is taken off again from what would have been used without one.
  room.cpu_ms -= sign * amount.cpus * static_cast<double>(now);
  room.gpu_ms -= sign * amount.gpus * static_cast<double>(now);
}

bool Rooms::Take(const Ticket& ticket, const std::string& name, int64_t priority, state::TimeMs now) {
  Room& room = rooms_[ticket.site];
  auto& queue = waiting_[ticket.site];
  if (!queue.empty() || !Fits(room, ticket.amount)) {
    queue.push({priority, sequence_++, name, ticket.amount, now});
    return false;
  }
  ++room.starts;
  Change(room, ticket.amount, 1, now);
  return true;
}

std::vector<std::string> Rooms::Give(const Ticket& ticket, state::TimeMs now) {
  Room& room = rooms_[ticket.site];
  Change(room, ticket.amount, -1, now);
  std::vector<std::string> begin;
  auto& queue = waiting_[ticket.site];
  while (!queue.empty()) {
    const Waiting& next = queue.top();
    if (forgotten_.erase(next.name) == 0) {
      if (!Fits(room, next.amount)) break;
      ++room.starts;
      room.waited_ms += now - next.since;
      Change(room, next.amount, 1, now);
      begin.push_back(next.name);
    }
    queue.pop();
  }
  return begin;
}

}  // namespace hwf::simulate
