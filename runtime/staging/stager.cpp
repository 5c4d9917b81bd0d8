#include "runtime/staging/stager.h"

#include <fmt/format.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "runtime/platform/hash.h"
#include "runtime/platform/paths.h"

namespace hwf::staging {
namespace {

constexpr size_t kAtOnce = 4;  // more would share the same line
// Of files that go together: what is larger is worth its own copy, which can go on where it broke off …
constexpr int64_t kSmall = 1 << 20;
constexpr int64_t kTogether = 16 << 20;
constexpr size_t kMostTogether = 200;
constexpr size_t kMostWords = 40'000;  // … and their names are one word of a command line, in base64

// "is DIGEST SIZE", "error WHY" or nothing.
ErrorOr<platform::FileDigest> FoundTimes(const std::string& word, const std::string& site, const std::string& path) {
  if (word.starts_with("error ")) return MakeError("at site `{}`: {}", site, word.substr(6));
  platform::FileDigest found;
  const size_t space = word.rfind(' ');
  if (word.starts_with("is ") && space > 3) {
    found.digest = word.substr(3, space - 3);
    const auto [end, error] = std::from_chars(word.data() + space + 1, word.data() + word.size(), found.size);
    if (error == std::errc() && end == word.data() + word.size() && platform::IsDigest(found.digest)) return found;
  }
  return MakeError("site `{}` could not be asked about {}", site, path);
}

}  // namespace

Stager::Stager(StoreOf store_of, std::string runner)
    : store_of_(std::move(store_of)), runner_(std::move(runner)), epoll_(epoll_create1(EPOLL_CLOEXEC)) {}
Stager::~Stager() = default;

Stager::Key Stager::KeyOf(const Item& item, const std::string& to) {
  return fmt::format("{}\n{}\n{}", to, item.digest, platform::BaseName(item.path));
}

void Stager::Tell(Done done, ErrorOr<std::string> result) { told_.emplace_back(std::move(done), std::move(result)); }

void Stager::Bring(const Item& item, const std::string& to, Done done) {
  if (item.site == to) return Tell(std::move(done), item.path);
  if (!item.site.empty() && !to.empty()) {
    // By way of this machine.
    return Bring(item, "", [this, item, to, done = std::move(done)](const ErrorOr<std::string>& here) {
      if (!here.ok()) return done(here);
      Bring({"", *here, item.digest, item.size}, to, done);
    });
  }
  const Key key = KeyOf(item, to);
  if (const auto known = there_.find(key); known != there_.end()) return Tell(std::move(done), known->second);
  const auto [found, fresh] = jobs_.try_emplace(key);
  found->second.waiting.push_back(std::move(done));
  if (!fresh) return;
  found->second.item = item;
  found->second.to = to;
  queue_.push_back(key);
}

void Stager::Begin(const Key& key, Job& job) {
  const std::optional<Store> to = store_of_(job.to);
  const std::optional<Store> from = store_of_(job.item.site);
  const std::string& far = job.to.empty() ? job.item.site : job.to;
  const std::optional<Store>& distant = job.to.empty() ? from : to;
  if (!to || !distant || !distant->host) {
    return End(key, MakeError("files cannot be brought {} site `{}`", job.to.empty() ? "from" : "to", far));
  }
  ++running_;
  job.transfer = std::make_unique<Transfer>(job.item, *to, *distant->host, runner_);
  Watch(job.transfer->fd());
}

bool Stager::MayGoTogether(const Job& job) const {
  const std::optional<Store> to = store_of_(job.to), from = store_of_(job.item.site);
  const bool reached = to && from && (to->host || from->host);
  return reached && !job.alone && job.item.size <= kSmall && platform::IsDigest(job.item.digest);
}

std::vector<Stager::Key> Stager::TakeTogether(const Key& first) {
  const Job& begin = jobs_.at(first);
  std::vector<Key> keys = {first};
  int64_t bytes = begin.item.size;
  size_t words = begin.item.path.size() + begin.item.digest.size();
  std::deque<Key> rest;
  for (const Key& key : queue_) {
    const auto found = jobs_.find(key);
    if (found == jobs_.end()) continue;
    const Item& item = found->second.item;
    const size_t more = item.path.size() + item.digest.size();
    const bool fits = found->second.to == begin.to && item.site == begin.item.site && MayGoTogether(found->second) &&
                      keys.size() < kMostTogether && bytes + item.size <= kTogether && words + more <= kMostWords;
    if (!fits) {
      rest.push_back(key);
      continue;
    }
    keys.push_back(key);
    bytes += item.size;
    words += more;
  }
  queue_ = std::move(rest);
  return keys;
}

void Stager::BeginTogether(std::vector<Key> keys) {
  const Job& first = jobs_.at(keys.front());
  std::vector<Item> items;
  items.reserve(keys.size());
  for (const Key& key : keys) items.push_back(jobs_.at(key).item);
  auto batch = std::make_unique<Batch>(std::move(items), *store_of_(first.item.site), *store_of_(first.to));
  for (const Key& key : keys) jobs_.at(key).batch = batch.get();
  Watch(batch->fd());
  ++running_;
  batches_.push_back({std::move(batch), std::move(keys)});
}

void Stager::PollBatches() {
  for (Together& one : batches_) {
    const std::optional<std::vector<std::string>> paths = one.batch->Poll();
    Watch(one.batch->fd());
    if (!paths) continue;
    for (size_t i = 0; i < one.keys.size(); ++i) {
      Job& job = jobs_.at(one.keys[i]);
      job.batch = nullptr;
      job.alone = true;
      if ((*paths)[i].empty()) {
        queue_.push_back(one.keys[i]);
      } else {
        End(one.keys[i], (*paths)[i]);
      }
    }
    one.batch.reset();
    --running_;
  }
  std::erase_if(batches_, [](const Together& one) { return !one.batch; });
}

void Stager::Compare(const std::vector<Item>& items, std::function<void(bool)> done) {
  auto question = std::make_shared<Question>(Question{std::move(done), items.size()});
  for (const Item& item : items) {
    const auto told = [this, question](const std::string& word) {
      question->same = question->same && word == "same";
      if (--question->left > 0) return;
      Tell([question](const ErrorOr<std::string>&) { question->done(question->same); }, std::string());
    };
    inquiries_[{item.site, "same", "/"}].waiting.push_back({{item.digest, item.path}, told});
  }
}

void Stager::LookAt(const std::string& site, const std::string& path, bool directory,
                    std::function<void(ErrorOr<platform::FileDigest>)> done) {
  const auto told = [this, site, path, done = std::move(done)](const std::string& word) {
    ErrorOr<platform::FileDigest> found = FoundTimes(word, site, path);
    Tell([done, found = std::move(found)](const ErrorOr<std::string>&) { done(found); }, std::string());
  };
  inquiries_[{site, "times", "/"}].waiting.push_back({{directory ? "dir" : "file", path}, told});
}

void Stager::Remove(const std::string& site, const std::string& directory, const std::vector<std::string>& paths,
                    const std::function<void(const std::string& why)>& trouble) {
  for (const std::string& path : paths) {
    const auto told = [this, site, path, trouble](const std::string& word) {
      if (word == "gone") return;
      const std::string why = word.empty() ? path + " could not be removed" : word.substr(word.find(' ') + 1);
      Tell([trouble, text = fmt::format("at site `{}`: {}", site, why)](const ErrorOr<std::string>&) { trouble(text); },
           std::string());
    };
    inquiries_[{site, "drop", directory}].waiting.push_back({{"file", path}, told});
  }
}

void Stager::BeginInquiry(const Subject& subject, Inquiries& all) {
  const std::optional<Store> at = store_of_(subject[0]);
  size_t words = 0;
  std::vector<Content> contents;
  while (!all.waiting.empty() && contents.size() < kMostTogether && words <= kMostWords) {
    all.running.push_back(std::move(all.waiting.front()));
    all.waiting.pop_front();
    contents.push_back(all.running.back().content);
    words += contents.back().first.size() + contents.back().second.size();
  }
  const bool reached = at && at->host;
  if (reached) {
    all.inquiry = std::make_unique<Inquiry>(subject[1], subject[2], std::move(contents), *at);
    return Watch(all.inquiry->fd());
  }
  for (const Asked& asked : std::exchange(all.running, {})) asked.told("");
}

void Stager::PollInquiries() {
  for (auto& [subject, all] : inquiries_) {
    if (all.inquiry) {
      const std::optional<std::vector<std::string>> words = all.inquiry->Poll();
      Watch(all.inquiry->fd());
      if (!words) continue;
      for (size_t i = 0; i < all.running.size(); ++i) all.running[i].told((*words)[i]);
      all.running.clear();
      all.inquiry.reset();
    }
    if (!all.waiting.empty()) BeginInquiry(subject, all);
  }
  std::erase_if(inquiries_,
                [](const auto& entry) { return entry.second.waiting.empty() && entry.second.running.empty(); });
}

void Stager::Watch(int fd) {
  if (fd < 0) return;
  epoll_event event{};
  event.events = EPOLLIN;
  (void)epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event);  // once is enough: a closed one has left by itself
}

void Stager::End(const Key& key, const ErrorOr<std::string>& result) {
  const auto found = jobs_.find(key);
  if (found->second.transfer) --running_;
  if (result.ok()) there_[key] = *result;
  for (Done& done : found->second.waiting) Tell(std::move(done), result);
  jobs_.erase(found);
}

void Stager::Poll() {
  PollBatches();
  PollInquiries();
  std::vector<std::pair<Key, ErrorOr<std::string>>> ended;
  for (auto& [key, job] : jobs_) {
    if (!job.transfer) continue;
    if (auto result = job.transfer->Poll()) ended.emplace_back(key, *std::move(result));
    Watch(job.transfer->fd());
  }
  for (const auto& [key, result] : ended) End(key, result);
  while (running_ < kAtOnce && !queue_.empty()) {
    const Key key = std::move(queue_.front());
    queue_.pop_front();
    const auto found = jobs_.find(key);
    if (found == jobs_.end()) continue;
    std::vector<Key> keys = MayGoTogether(found->second) ? TakeTogether(key) : std::vector<Key>();
    if (keys.size() > 1) {
      BeginTogether(std::move(keys));
    } else {
      Begin(key, found->second);
    }
  }
  // What these want may be brought already, or be new: the next turn sees to it.
  for (size_t i = told_.size(); i > 0; --i) {
    auto [done, result] = std::move(told_.front());
    told_.pop_front();
    done(result);
  }
}

int Stager::Wait() const {
  int wait = told_.empty() && (queue_.empty() || running_ >= kAtOnce) ? -1 : 0;
  const auto within = [&wait](int wanted) {
    if (wanted >= 0) wait = wait < 0 ? wanted : std::min(wait, wanted);
  };
  for (const auto& [key, job] : jobs_) within(job.transfer ? job.transfer->Wait() : -1);
  for (const Together& one : batches_) within(one.batch->Wait());
  for (const auto& [subject, all] : inquiries_) within(all.inquiry ? all.inquiry->Wait() : 0);
  return wait;
}

bool Stager::stuck() const {
  if (!queue_.empty() && running_ < kAtOnce) return false;
  for (const auto& [subject, all] : inquiries_) {
    if (!all.inquiry || all.inquiry->trouble().empty()) return false;
  }
  return told_.empty() && std::all_of(jobs_.begin(), jobs_.end(), [](const auto& entry) {
           const Job& job = entry.second;
           if (job.batch != nullptr) return !job.batch->trouble().empty();
           return !job.transfer || !job.transfer->trouble().empty();
         });
}

Stager::Progress Stager::ProgressOf(const std::string& digest, const std::string& to) const {
  Progress progress;
  for (const auto& [key, job] : jobs_) {
    const bool meant = job.item.digest == digest && (job.to == to || job.to.empty());
    if (!meant) continue;
    if (job.batch != nullptr && !job.batch->trouble().empty()) progress.trouble = job.batch->trouble();
    if (!job.transfer) continue;
    progress.moved = std::max(progress.moved, job.transfer->moved());
    if (!job.transfer->trouble().empty()) progress.trouble = job.transfer->trouble();
  }
  return progress;
}

}  // namespace hwf::staging
