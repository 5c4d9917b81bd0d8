// Brings contents to where they are used, each once to each store, a few at a time; small files that wait for the same
// way go together. From one distant site to another
// they go through here. Nothing blocks: the owner watches fd() and calls Poll(). One thread: the engine's.
#pragma once

#include <array>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "runtime/platform/hash.h"
#include "runtime/staging/batch.h"
#include "runtime/staging/inquiry.h"
#include "runtime/staging/transfer.h"

namespace hwf::staging {

class Stager {
 public:
  // The store of a site ("": here); nullopt if it cannot be reached by files.
  using StoreOf = std::function<std::optional<Store>(const std::string& site)>;
  // The path there, or why it does not come there. From within Poll().
  using Done = std::function<void(const ErrorOr<std::string>& path)>;

  // `runner`: hwf-runner on this machine.
  Stager(StoreOf store_of, std::string runner);
  ~Stager();

  void Bring(const Item& item, const std::string& to, Done done);

  // Whether all of the items, of distant sites, are there and what their digests say; of a site that cannot be reached
  // by files they are not. From within Poll().
  void Compare(const std::vector<Item>& items, std::function<void(bool)> done);

  // What is known of a file or directory of a distant site without reading it (platform::DigestTimes). From within
  // Poll().
  void LookAt(const std::string& site, const std::string& path, bool directory,
              std::function<void(ErrorOr<platform::FileDigest>)> done);

  // Removes files of a distant site whose directories lie below `directory` there; what is gone is no error. `trouble`
  // is called from within Poll() for each that could not be.
  void Remove(const std::string& site, const std::string& directory, const std::vector<std::string>& paths,
              const std::function<void(const std::string& why)>& trouble);

  int fd() const { return epoll_.get(); }
  void Poll();
  // After how many milliseconds it wants to be polled, -1: not before fd() is readable.
  int Wait() const;
  bool idle() const { return jobs_.empty() && told_.empty() && inquiries_.empty(); }
  // Nothing moves, for links that are down or the like.
  bool stuck() const;

  // Of contents on their way to `to`, by digest: how far they are, for people.
  struct Progress {
    int64_t moved = 0;
    std::string trouble;
  };
  Progress ProgressOf(const std::string& digest, const std::string& to) const;

 private:
  struct Job {
    Item item;
    std::string to;
    std::vector<Done> waiting;
    std::unique_ptr<Transfer> transfer;  // none: it waits its turn, or is in
    const Batch* batch = nullptr;        // one of batches_
    bool alone = false;                  // no batch could bring it
  };
  struct Together {
    std::unique_ptr<Batch> batch;
    std::vector<std::string> keys;
  };
  // Whether several items, perhaps of several sites, are the same.
  struct Question {
    std::function<void(bool)> done;
    size_t left = 0;
    bool same = true;
  };
  struct Asked {
    Content content;
    std::function<void(const std::string& word)> told;  // empty: it could not be asked
  };
  // Of a subject: one inquiry at a time.
  struct Inquiries {
    std::deque<Asked> waiting;
    std::vector<Asked> running;
    std::unique_ptr<Inquiry> inquiry;
  };
  using Subject = std::array<std::string, 3>;  // the site, the verb, its directory
  using Key = std::string;

  static Key KeyOf(const Item& item, const std::string& to);
  void Tell(Done done, ErrorOr<std::string> result);
  void Begin(const Key& key, Job& job);
  bool MayGoTogether(const Job& job) const;
  // Of the queue, with its first one, what can go together; no more than one: nothing can.
  std::vector<Key> TakeTogether(const Key& first);
  void BeginTogether(std::vector<Key> keys);
  void PollBatches();
  void PollInquiries();
  void BeginInquiry(const Subject& subject, Inquiries& all);
  void Watch(int fd);
  void End(const Key& key, const ErrorOr<std::string>& result);

  StoreOf store_of_;
  std::string runner_;
  platform::FileDescriptor epoll_;
  std::map<Key, Job> jobs_;
  std::vector<Together> batches_;
  std::deque<Key> queue_;
  std::map<Key, std::string> there_;  // what has been brought
  std::deque<std::pair<Done, ErrorOr<std::string>>> told_;
  std::map<Subject, Inquiries> inquiries_;
  size_t running_ = 0;
};

}  // namespace hwf::staging
