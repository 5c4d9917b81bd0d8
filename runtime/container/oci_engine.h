// What podman and docker have in common: one command language. For podman.cpp and docker.cpp alone.
#pragma once

#include <string>
#include <vector>

#include "runtime/container/engine.h"

namespace hwf::container {

class OciEngine : public Engine {
 public:
  ErrorOr<Image> Fetch(const Reference& reference, const std::string& directory) override;
  ErrorOr<HostCommand> Command(const Image& image, const BoxSpec& spec) const override;
  ErrorOr<Success> End(const std::string& name) override;
  ErrorOr<std::vector<std::string>> Left(const std::string& label) override;
  bool owns_processes() const override { return false; }
  bool renumbers_gpus() const override { return true; }

 protected:
  virtual std::string program() const { return ToString(kind()); }
  // Loads an archive; the name or id by which it is known then.
  virtual ErrorOr<std::string> Load(const Reference& archive, const std::string& directory) = 0;
  // Options of `run` that differ.
  virtual std::vector<std::string> RunOptions(const BoxSpec& spec) const = 0;

  struct Known {
    std::string id;
    std::string digest;  // as the registry says it; else the id
  };
  // An error if it is not in the engine's store.
  ErrorOr<Known> Inspect(const std::string& name);

 private:
  ErrorOr<Image> FetchNamed(const Reference& reference);
  ErrorOr<Image> FetchFiles(const Reference& reference, const std::string& directory);
  ErrorOr<std::string> ImportDirectory(const Reference& reference, const std::string& name);
};

}  // namespace hwf::container
