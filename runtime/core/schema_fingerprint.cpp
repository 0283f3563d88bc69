#include <capnp/schema.h>
#include <xxhash.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "fasti/schema.hpp"

namespace fasti {
namespace {

/// What makes a difference in the schemas of a struct and all that it contains, one behind the
/// other.
class description {
 public:
  explicit description(const ::capnp::StructSchema& root) { add(root); }
  [[nodiscard]] schema_fingerprint fingerprint() const {
    return schema_fingerprint{XXH3_64bits(words_.data(), words_.size() * word_bytes)};
  }

 private:
  void add(const ::capnp::StructSchema& schema) {
    if (is_known(schema)) return;
    const auto node = schema.getProto().getStruct();
    words_.insert(words_.end(), {schema.getProto().getId(), node.getDataWordCount(),
                                 node.getPointerCount(), node.getDiscriminantCount(),
                                 node.getDiscriminantOffset(), node.getFields().size()});
    for (const auto field : schema.getFields()) {
      add_member(field.getProto());
      add(field.getType());
    }
  }

  void add(const ::capnp::EnumSchema& schema) {
    if (is_known(schema)) return;
    const auto enumerants = schema.getProto().getEnum().getEnumerants();
    words_.insert(words_.end(), {schema.getProto().getId(), enumerants.size()});
    for (const auto e : enumerants) add_member(e);
  }

  void add(::capnp::Type type) {
    while (type.isList()) type = type.asList().getElementType();
    if (type.isStruct()) add(type.asStruct());
    if (type.isEnum()) add(type.asEnum());
  }

  /// A field or an enumerant, without its place in the file and its annotations.
  template <class Reader>
  void add_member(const Reader& member) {
    ::capnp::MallocMessageBuilder message;
    message.setRoot(member);
    auto copy = message.getRoot<typename Reader::Reads>();
    copy.setCodeOrder(0);
    copy.disownAnnotations();
    const auto canonical = ::capnp::canonicalize(copy.asReader());
    words_.push_back(canonical.size());
    const auto at = words_.size();
    words_.resize(at + canonical.size());
    std::memcpy(words_.data() + at, canonical.begin(), canonical.size() * word_bytes);
  }

  /// Structs may contain themselves.
  bool is_known(const ::capnp::Schema& schema) {
    if (std::find(known_.begin(), known_.end(), schema) != known_.end()) return true;
    known_.push_back(schema);
    return false;
  }

  std::vector<::capnp::Schema> known_;
  std::vector<word> words_;
};

}  // namespace

schema_fingerprint fingerprint_of(const ::capnp::StructSchema& schema) {
  return description(schema).fingerprint();
}

}  // namespace fasti
