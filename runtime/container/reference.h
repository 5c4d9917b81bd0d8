// What an `image` can name. Plain values; thread-safe.
#pragma once

#include <string>

#include "base/error.h"

namespace hwf::container {

struct Reference {
  enum class Kind {
    kRegistry,       // docker.io/library/busybox:1.36, 127.0.0.1:5000/x@sha256:…
    kLocal,          // localhost/x:1: in the engine's own store, never pulled
    kDockerArchive,  // a file as `docker save` writes it
    kOciArchive,
    kDirectory,  // of a root file system
    kSif,
  };
  Kind kind = Kind::kRegistry;
  std::string name;  // as the engines take it, or the absolute path
};

// `docker://NAME`, `NAME`, `docker-archive:/PATH`, `oci-archive:/PATH`, or the absolute path of a directory or a .sif
// file. A name without a registry is of docker.io, as docker takes it. The error says what could stand there.
ErrorOr<Reference> ReadReference(const std::string& image);

}  // namespace hwf::container
