#include "driver/msgpack.h"

#include "runtime/error.h"

namespace triton_runner {

struct MsgpackReader::Sized {
  uint8_t fixed;  // the length is in the low bits
  uint8_t mask;   // these
  uint8_t first;  // the length follows, in `bytes`, twice as many for each tag up to `last`
  uint8_t last;
  size_t bytes;

  bool has(uint8_t tag) const { return (tag & ~mask) == fixed || (tag >= first && tag <= last); }
};

// "Formats" of the specification.
const MsgpackReader::Sized MsgpackReader::kMap{0x80, 0x0F, 0xDE, 0xDF, 2};
const MsgpackReader::Sized MsgpackReader::kArray{0x90, 0x0F, 0xDC, 0xDD, 2};
const MsgpackReader::Sized MsgpackReader::kText{0xA0, 0x1F, 0xD9, 0xDB, 1};

namespace {

constexpr int kMaxDepth = 32;
constexpr uint8_t kLastPositive = 0x7F, kFirstNegative = 0xE0, kNil = 0xC0, kFalse = 0xC2, kTrue = 0xC3;
constexpr uint8_t kBinary8 = 0xC4, kBinary32 = 0xC6, kFloat32 = 0xCA, kFloat64 = 0xCB;
constexpr uint8_t kUnsigned8 = 0xCC, kUnsigned64 = 0xCF, kSigned8 = 0xD0, kSigned64 = 0xD3;

bool is_in(uint8_t tag, uint8_t first, uint8_t last) { return tag >= first && tag <= last; }

}  // namespace

void MsgpackReader::fail(std::string_view found) const {
  raise<ArtifactError>("the notes of ", what_, " are damaged: ", found, ": copy or compile it again");
}

std::string_view MsgpackReader::take(uint64_t bytes) {
  if (bytes > rest_.size()) fail("they end inside a value");
  const std::string_view taken = rest_.substr(0, bytes);
  rest_.remove_prefix(bytes);
  return taken;
}

uint64_t MsgpackReader::big_endian(size_t bytes) {
  uint64_t value = 0;
  for (const char byte : take(bytes)) value = value << 8 | static_cast<uint8_t>(byte);
  return value;
}

uint8_t MsgpackReader::byte() { return static_cast<uint8_t>(big_endian(1)); }

uint64_t MsgpackReader::length(uint8_t tag, const Sized& form, const char* expected) {
  if (!form.has(tag)) fail(concat("expected ", expected, ", found a value with tag ", static_cast<int>(tag)));
  return is_in(tag, form.first, form.last) ? big_endian(form.bytes << (tag - form.first)) : tag & form.mask;
}

uint64_t MsgpackReader::map() { return length(byte(), kMap, "a map"); }

uint64_t MsgpackReader::array() { return length(byte(), kArray, "an array"); }

std::string_view MsgpackReader::text() { return take(length(byte(), kText, "text")); }

uint64_t MsgpackReader::number() {
  const uint8_t tag = byte();
  if (tag <= kLastPositive) return tag;
  if (!is_in(tag, kUnsigned8, kUnsigned64)) fail(concat("expected a number, found tag ", static_cast<int>(tag)));
  return big_endian(size_t{1} << (tag - kUnsigned8));
}

void MsgpackReader::skip() { skip_values(1, 0); }

void MsgpackReader::skip_values(uint64_t count, int depth) {
  if (depth > kMaxDepth) fail("they are nested too deep");
  for (; count > 0; --count) {
    const uint8_t tag = byte();
    if (kMap.has(tag)) {
      const uint64_t entries = length(tag, kMap, "a map");
      skip_values(2 * entries, depth + 1);
    } else if (kArray.has(tag)) {
      skip_values(length(tag, kArray, "an array"), depth + 1);
    } else if (kText.has(tag)) {
      take(length(tag, kText, "text"));
    } else if (is_in(tag, kBinary8, kBinary32)) {
      take(big_endian(size_t{1} << (tag - kBinary8)));
    } else if (is_in(tag, kUnsigned8, kUnsigned64) || is_in(tag, kSigned8, kSigned64)) {
      take(uint64_t{1} << (tag - (tag < kSigned8 ? kUnsigned8 : kSigned8)));
    } else if (tag == kFloat32 || tag == kFloat64) {
      take(tag == kFloat32 ? 4 : 8);
    } else if (tag > kLastPositive && tag < kFirstNegative && tag != kNil && tag != kFalse && tag != kTrue) {
      fail(concat("a value has tag ", static_cast<int>(tag)));
    }
  }
}

}  // namespace triton_runner
