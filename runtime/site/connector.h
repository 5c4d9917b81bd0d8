// How an agent (an hwf-runner) is reached, and started where nobody answers. Nothing here blocks: Begin() starts an
// attempt, Poll() carries it on until it is connected or has failed; the owner decides when the next one begins. One
// thread: the engine's.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "runtime/platform/file_descriptor.h"
#include "runtime/site/site.h"

namespace hwf::site {

// Where an attempt to reach the agent stands.
struct Reached {
  enum class State { kWorking, kConnected, kFailed };
  State state = State::kWorking;
  platform::FileDescriptor socket;  // of kConnected: a stream socket, non-blocking
  std::string why;                  // of kFailed: a line for people
};

class Connector {
 public:
  virtual ~Connector() = default;

  virtual void Begin() = 0;
  virtual Reached Poll() = 0;
  // Readable when Poll() has something to do.
  virtual int fd() const = 0;
  // After how many milliseconds Poll() wants to be called again, -1: not before fd() is readable.
  virtual int Wait() const = 0;
  // Where the agent is, once it was reached: Site::root (empty: as the site was made) and Site::setting.
  struct Place {
    std::string root;
    Setting setting;
  };
  virtual const Place& place() const = 0;
  // The agent's log, for messages: "/runs/x/runner/log".
  virtual std::string Log() const = 0;
};

// An agent on this machine: by the Unix socket in its state directory; where nobody listens, `argv` starts it. It puts
// itself into the background and exits with 0 when it listens, or says on standard error why it cannot.
struct LocalAgent {
  std::string state;              // absolute; with `sock` and `log`
  std::vector<std::string> argv;  // argv[0] is a path
};
std::unique_ptr<Connector> MakeLocalConnector(LocalAgent agent);

}  // namespace hwf::site
