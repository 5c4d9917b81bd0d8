#include "runtime/container/reference.h"

#include <sys/stat.h>

#include <algorithm>
#include <string_view>

namespace hwf::container {
namespace {

constexpr size_t kLongest = 4096;
constexpr const char* kForms =
    "an image is `docker://NAME:TAG`, `localhost/NAME:TAG`, `docker-archive:/PATH`, `oci-archive:/PATH`, or the path "
    "of "
    "a directory or a .sif file";

bool IsNameCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("._-:/@").find(c) != std::string_view::npos;
}

// The first part is a registry if it has a dot or a port, as docker reads it.
ErrorOr<Reference> ReadName(const std::string& image, std::string name) {
  const bool good = !name.empty() && std::all_of(name.begin(), name.end(), IsNameCharacter) && name.front() != '/' &&
                    name.front() != '-' && name.front() != ':' && name.find("//") == std::string::npos;
  const bool path = name.ends_with(".sif") || name.ends_with(".tar") || name.starts_with(".");
  if (path) return MakeError("`{}` is a path, and not absolute: {}", image, kForms);
  if (!good) return MakeError("`{}` names no image: {}", image, kForms);
  const size_t slash = name.find('/');
  const std::string first = slash == std::string::npos ? "" : name.substr(0, slash);
  if (first == "localhost") return Reference{Reference::Kind::kLocal, name};
  if (slash == std::string::npos) {
    name = "docker.io/library/" + name;
  } else if (first.find_first_of(".:") == std::string::npos) {
    name = "docker.io/" + name;
  }
  return Reference{Reference::Kind::kRegistry, name};
}

ErrorOr<Reference> ReadPath(const std::string& image, Reference::Kind kind, const std::string& path) {
  if (path.empty() || path.front() != '/') return MakeError("the path of the image `{}` is not absolute", image);
  struct stat info {};
  if (stat(path.c_str(), &info) != 0) return ErrnoError(errno, path);
  const bool directory = kind == Reference::Kind::kDirectory;
  if (directory != S_ISDIR(info.st_mode) || (!directory && !S_ISREG(info.st_mode))) {
    return MakeError("the image {} is no {}: {}", path, directory ? "directory" : "file", kForms);
  }
  return Reference{kind, path};
}

}  // namespace

ErrorOr<Reference> ReadReference(const std::string& image) {
  if (image.size() > kLongest || image.find('\0') != std::string::npos || image.find('\n') != std::string::npos) {
    return MakeError("the name of the image is longer than {} bytes or has a line break: {}", kLongest, kForms);
  }
  const auto behind = [&](std::string_view scheme) { return image.substr(scheme.size()); };
  if (image.starts_with("docker://")) return ReadName(image, behind("docker://"));
  if (image.starts_with("docker-archive:")) {
    return ReadPath(image, Reference::Kind::kDockerArchive, behind("docker-archive:"));
  }
  if (image.starts_with("oci-archive:")) return ReadPath(image, Reference::Kind::kOciArchive, behind("oci-archive:"));
  if (image.starts_with("/")) {
    return ReadPath(image, image.ends_with(".sif") ? Reference::Kind::kSif : Reference::Kind::kDirectory, image);
  }
  return ReadName(image, image);
}

}  // namespace hwf::container
