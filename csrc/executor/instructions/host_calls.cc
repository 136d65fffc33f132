#include "executor/instructions/host_calls.h"

#include <cstdio>
#include <cstring>
#include <mutex>
#include <string>

#include "executor/cta.h"
#include "executor/lanewise.h"
#include "executor/memory.h"

namespace triton_runner::executor {
namespace {

using ptx::Space;
using ptx::Type;

constexpr size_t kLongestString = 1 << 16;

template <typename T>
T read(Warp& warp, Space space, uint64_t address, int lane) {
  T value;
  std::memcpy(&value, locate_lane(warp, space, address, sizeof(T), alignof(T), false, lane), sizeof(T));
  return value;
}

std::string read_string(Warp& warp, uint64_t address, int lane) {
  std::string text;
  for (; text.size() < kLongestString; ++address) {
    const char c = read<char>(warp, Space::Generic, address, lane);
    if (c == '\0') break;
    text.push_back(c);
  }
  return text;
}

// Arguments one after the other, each aligned to its size, as C passes them through `...`.
class Arguments {
 public:
  Arguments(Warp& warp, uint64_t address, int lane) : warp_(warp), address_(address), lane_(lane) {}

  template <typename T>
  T next() {
    address_ = (address_ + sizeof(T) - 1) / sizeof(T) * sizeof(T);
    const T value = read<T>(warp_, Space::Generic, address_, lane_);
    address_ += sizeof(T);
    return value;
  }

 private:
  Warp& warp_;
  uint64_t address_;
  int lane_;
};

// One conversion specification, such as "%-5.2f" or "%llx", split at its conversion letter.
struct Conversion {
  std::string flags;  // "%-5.2", without the length
  bool is_long = false;
  char letter = '\0';
};
Conversion read_conversion(const std::string& format, size_t& at) {
  Conversion conversion;
  conversion.flags = format[at++];
  while (at < format.size() && std::strchr("-+ #0123456789.", format[at]) != nullptr) conversion.flags += format[at++];
  for (; at < format.size() && std::strchr("hlLqjzt", format[at]) != nullptr; ++at)
    conversion.is_long |= format[at] != 'h';
  if (at < format.size()) conversion.letter = format[at++];
  return conversion;
}

template <typename T>
std::string print(const std::string& format, T value) {
  char text[512];
  const int length = std::snprintf(text, sizeof(text), format.c_str(), value);
  return std::string(text, std::min<size_t>(static_cast<size_t>(std::max(length, 0)), sizeof(text) - 1));
}

std::string convert(Warp& warp, const Conversion& conversion, Arguments& arguments, int lane) {
  const std::string& flags = conversion.flags;
  switch (conversion.letter) {
    case '%':
      return "%";
    case 'd':
    case 'i':
      return conversion.is_long ? print(flags + "lld", static_cast<long long>(arguments.next<int64_t>()))
                                : print(flags + 'd', arguments.next<int32_t>());
    case 'u':
    case 'x':
    case 'X':
    case 'o':
      return conversion.is_long
                 ? print(flags + "ll" + conversion.letter, static_cast<unsigned long long>(arguments.next<uint64_t>()))
                 : print(flags + conversion.letter, arguments.next<uint32_t>());
    case 'e':
    case 'E':
    case 'f':
    case 'F':
    case 'g':
    case 'G':
    case 'a':
    case 'A':
      return print(flags + conversion.letter, arguments.next<double>());
    case 'c':
      return print(flags + 'c', arguments.next<int32_t>());
    case 'p':
      return print(flags + 'p', reinterpret_cast<void*>(arguments.next<uint64_t>()));
    case 's':
      return print(flags + 's', read_string(warp, arguments.next<uint64_t>(), lane).c_str());
    default:
      throw Fault{lane,
                  concat("vprintf with a conversion that the CPU executor does not know: ", flags, conversion.letter)};
  }
}

std::string format_message(Warp& warp, const std::string& format, uint64_t arguments_address, int lane) {
  Arguments arguments(warp, arguments_address, lane);
  std::string text;
  for (size_t at = 0; at < format.size();) {
    if (format[at] != '%') {
      text += format[at++];
    } else {
      text += convert(warp, read_conversion(format, at), arguments, lane);
    }
  }
  return text;
}

// Operands: addresses in local memory of the result, the format and the arguments. Lanes print in order, whole messages
// at a time.
void vprintf(Warp& warp, const Instruction& in) {
  static std::mutex output;
  for_each_lane(warp.executing(), [&](int lane) {
    const auto parameter = [&](int i) {
      return read<uint64_t>(warp, Space::Local, warp.lanes<uint64_t>(in[i])[lane], lane);
    };
    const std::string text = format_message(warp, read_string(warp, parameter(1), lane), parameter(2), lane);
    const std::lock_guard lock(output);
    std::fwrite(text.data(), 1, text.size(), stdout);
    std::fflush(stdout);
    const int32_t length = static_cast<int32_t>(text.size());
    std::memcpy(locate_lane(warp, Space::Local, warp.lanes<uint64_t>(in[0])[lane], 4, 4, true, lane), &length,
                sizeof(length));
  });
}

// Operands: addresses in local memory of message, file, line and function.
void assertfail(Warp& warp, const Instruction& in) {
  const int lane = first_lane(warp.executing());
  const auto address = [&](int i) { return warp.lanes<uint64_t>(in[i])[lane]; };
  const auto text = [&](int i) {
    return read_string(warp, read<uint64_t>(warp, Space::Local, address(i), lane), lane);
  };
  const uint32_t line = read<uint32_t>(warp, Space::Local, address(2), lane);
  throw Fault{lane, concat("device assertion failed: ", text(0), " (", text(1), ":", line, ", in ", text(3), ")")};
}

}  // namespace

void decode_host_call(Decoder& d, std::string_view name) {
  const std::vector<ptx::Operand>& results = d.operand(0).elements;
  const std::vector<ptx::Operand>& arguments = d.operand(2).elements;
  std::vector<Slot> slots;
  if (name == "vprintf" && results.size() == 1 && arguments.size() == 2) {
    slots.push_back(d.source(results[0], Type::B64));
    for (const ptx::Operand& argument : arguments) slots.push_back(d.source(argument, Type::B64));
    d.emit(vprintf, slots);
  } else if (name == "__assertfail" && arguments.size() >= 4) {
    for (int i = 0; i < 4; ++i) slots.push_back(d.source(arguments[i], Type::B64));
    d.emit(assertfail, slots);
  } else {
    d.unsupported("a call of ", name, ", which this PTX does not define; the host provides vprintf and __assertfail");
  }
}

}  // namespace triton_runner::executor
