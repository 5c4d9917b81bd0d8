// Images that are files: their digests, kept as long as the files are as they were, and names for what is made of them.
// Any thread; one caller at a time for one image.
#pragma once

#include <string>

#include "base/error.h"
#include "runtime/container/reference.h"

namespace hwf::container {

// "b2:…" of an archive's or .sif file's bytes, or a directory's manifest. `directory` keeps it, so that gigabytes are
// read once.
ErrorOr<std::string> DigestOfImage(const Reference& reference, const std::string& directory);

// A name, without a slash, for what is made of the image: of a registry's by its name, else by its content.
ErrorOr<std::string> FileNameOf(const Reference& reference, const std::string& directory);

}  // namespace hwf::container
