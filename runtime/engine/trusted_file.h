// Files of somebody else's result, in the hands of nobody but that user. Touches files only, and reads them whole: any
// thread but the engine's.
#pragma once

#include <sys/types.h>

#include <string>

#include "base/error.h"
#include "base/json.h"

namespace hwf::engine {

// The File or Dir value `file` with its real path, if that lies below the run `id` (one part of a path) in the
// directory `runs`, the run, all that leads from there to it and all that lies in it is `owner`'s and can be written to
// by nobody else, and its content has its digest. The error says what is otherwise.
ErrorOr<Json> CheckTrustedFile(const std::string& runs, const std::string& id, uid_t owner, const Json& file);

}  // namespace hwf::engine
