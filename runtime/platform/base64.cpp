#include "runtime/platform/base64.h"

#include <sodium.h>

namespace hwf::platform {

std::string Base64(const std::string& bytes) {
  std::string out(sodium_base64_encoded_len(bytes.size(), sodium_base64_VARIANT_ORIGINAL), '\0');
  sodium_bin2base64(out.data(), out.size(), reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(),
                    sodium_base64_VARIANT_ORIGINAL);
  while (!out.empty() && out.back() == '\0') out.pop_back();
  return out;
}

}  // namespace hwf::platform
