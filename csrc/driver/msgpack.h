// Reads MessagePack (https://github.com/msgpack/msgpack/blob/master/spec.md) as far as the notes of AMD code objects
// use it. It walks the bytes and keeps nothing. Tested in tests/csrc/driver/test_code_object.cc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace triton_runner {

// Every method raises ArtifactError where the bytes end, or hold another type than the one asked for.
class MsgpackReader {
 public:
  // `what` names the bytes in messages; it must outlive the reader.
  MsgpackReader(std::string_view bytes, std::string_view what) : rest_(bytes), what_(what) {}

  uint64_t map();     // the number of entries, each a key and a value
  uint64_t array();   // the number of items
  uint64_t number();  // not negative
  std::string_view text();
  void skip();  // a value of any type

 private:
  // The first byte of a value whose length is in that byte, or in those that follow it.
  struct Sized;

  uint8_t byte();
  uint64_t big_endian(size_t bytes);
  std::string_view take(uint64_t bytes);
  uint64_t length(uint8_t tag, const Sized& form, const char* expected);
  void skip_values(uint64_t count, int depth);
  [[noreturn]] void fail(std::string_view found) const;

  static const Sized kMap;
  static const Sized kArray;
  static const Sized kText;

  std::string_view rest_;
  std::string_view what_;
};

}  // namespace triton_runner
