// Batches: attempts on their way to the nodes of an allocation, many to a file, taken by whichever node has room. Below
// the submission's directory (submission.h):
//   new-<n>/        a batch in the making: a submission of one element
//   work/<n>/       the same, for any node: put there by rename
//   <i>/work/<n>/   the same, of node i: taken by rename
//   closed          nothing more comes
//   look            grows when a node should look for `cancel` in the directories of what it runs
// Directories are their owner's alone (0700), and only the owner's files are taken. Who has a batch may start its
// attempts, but each only with the attempt's own claim: a node that is given up while it lives starts nothing twice.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "runtime/slurm/submission.h"

namespace hwf::slurm {

// How many attempts each batch has: fewer and fewer, so that nodes end at about the same time. `waiting`: what is there
// to be done with them, and behind.
std::vector<size_t> BatchSizes(size_t attempts, size_t waiting, int nodes);

// Its makers. On disk when it returns; the second is the moment from which it may be taken.
ErrorOr<Success> PrepareBatch(const std::string& directory, int number, const Spec& spec, const Element& starts);
ErrorOr<Success> PutBatch(const std::string& directory, int number);
// After a death in between: puts it, if it is still in the making.
void PutBatchIfPrepared(const std::string& directory, int number);
// What was in it, wherever it is now; secrets without values.
ErrorOr<Element> ReadBatch(const std::string& directory, int number, int nodes);

ErrorOr<Success> CloseBatches(const std::string& directory);
bool AreBatchesClosed(const std::string& directory);
ErrorOr<Success> AskToLook(const std::string& directory);

// A node's hand.
class BatchTaker {
 public:
  BatchTaker(std::string directory, int node);
  struct Taken {
    std::optional<Element> starts;  // none: there is none for now …
    bool over = false;              // … and there will be none
  };
  ErrorOr<Taken> Take();
  // Since the last call.
  bool IsAskedToLook();

 private:
  ErrorOr<Taken> Open(const std::string& name) const;

  std::string directory_;
  std::string own_;
  std::deque<std::string> names_;     // seen, and perhaps still there
  std::deque<std::string> doubtful_;  // that we may have taken
  uint64_t looked_ = 0;
};

}  // namespace hwf::slurm
