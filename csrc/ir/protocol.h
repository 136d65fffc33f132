// What an edit for dump takes and gives, whatever the level, and the buffer that the edited kernel writes.
//
// The edited kernel has one more parameter, `triton_runner_dump`: a pointer to global memory, aligned to 16 bytes,
// after the user's last and before Triton's hidden scratch. Behind it lies, all little-endian:
//   table      for each slot two u64: byte offset of its area from the start of the buffer, and capacity in records
//   rows       at 16 * slots: for each program one i64, its row in every area, or -1 where it is not to be recorded;
//              program (x, y, z) of the grid has number x + grid_x * (y + grid_y * z); padded to 16 bytes
//   areas      each at a multiple of 128; for each row: u64 executions seen, counted past the capacity too; `capacity`
//              records
// A record is the 0-based iteration number of each enclosing loop, outermost first, i64 each; then the value in logical
// row-major order, each element in whole bytes of its own width. Count, numbers and value are each padded to 16 bytes,
// or to 128 where the value takes as much: then no store straddles two lines of memory. A record is written only where
// the count is below the capacity, so nothing is ever written outside of an area.
// At LLIR and PTX each of these parts, the count, the iteration numbers, the value, is an array over the threads of the
// program, whose number is a multiple of 32, without any padding: what the lanes of a warp write lies side by side, and
// fills whole sectors of memory.
// A first launch with capacity 0 counts; the second, with capacities to fit, records.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace triton_runner::ir {

inline constexpr std::string_view kBufferName = "triton_runner_dump";
inline constexpr uint64_t kTableEntryBytes = 16;
inline constexpr uint64_t kRowBytes = 8;
inline constexpr uint64_t kCountBytes = 8;
inline constexpr uint64_t kAlignment = 16;
inline constexpr uint64_t kLineBytes = 128;

struct SourceLine {
  std::string file;
  int line = 0;
};

// One value that can be named. Where `refusal` says why, it cannot be dumped.
struct Slot {
  std::string name;                 // "%acc_12", "%3#1", "%r5", "%r5#1"
  std::string op;                   // "tt.load", "ld.global.v4.b32"; "block argument"
  size_t line = 0;                  // of the IR text, from 1
  std::vector<SourceLine> sources;  // Python lines: where inlined, the innermost first
  std::string variable;             // Python variable, where debug information tells it
  std::string element;         // i1 i8 i16 i32 i64 fp16 bf16 fp32 fp64 fp8e4nv fp8e5 fp8e4b15 ...; ptr for an address
  std::vector<int64_t> shape;  // of one program's value, or of one thread's; empty for a scalar
  std::string layout;          // text of the encoding
  unsigned depth = 0;          // enclosing loops
  bool per_thread = false;
  bool address = false;  // it is an address, or computed from one, from a clock, ...: another in each launch
  std::string refusal;
};

// Bytes of one element; 0 where the name is none of the above.
size_t element_bytes(std::string_view element);
bool is_float_element(std::string_view element);
// Of a program, or of a thread where the slot is per thread.
size_t count_bytes(const Slot& slot);   // with padding
size_t header_bytes(const Slot& slot);  // iteration numbers, with padding
size_t record_bytes(const Slot& slot);  // header and value, each with padding

struct Request {
  std::string kernel;          // name of the kernel; empty where the text has one
  std::vector<size_t> chosen;  // indices into what the level's list function gave
  size_t params = 0;           // LLIR, PTX: binary parameters ahead of the hidden ones
  int num_ctas = 1;
};

struct Edit {
  std::string text;
  std::vector<Slot> slots;  // one for each table entry, in its order
};

// The levels (csrc/ir/levels.cc), "ttir", "ttgir", "llir" or "ptx": all values in program order, and the edit. Without
// a chosen value the text is the very text that was given.
std::vector<Slot> list_values(std::string_view level, std::string_view text, const std::string& kernel);
Edit dump_values(std::string_view level, std::string_view text, const Request& request);

// TTIR goes in two steps: marks in the TTIR, and stores for them in the TTGIR that is made of it (mark_mlir.cc).
Edit mark_mlir(std::string_view text, const Request& request);
std::string dump_marked(std::string_view ttgir, const std::string& kernel, const std::vector<Slot>& slots);

// PTX with a zero in every register that may be read before it is written (define_ptx.cc).
std::string define_registers(std::string_view text, const std::string& kernel);

// What each level implements.
std::vector<Slot> list_mlir(std::string_view text, const std::string& kernel);
Edit dump_mlir(std::string_view text, const Request& request);
std::vector<Slot> list_llvm(std::string_view text, const std::string& kernel);
Edit dump_llvm(std::string_view text, const Request& request);
std::vector<Slot> list_ptx(std::string_view text, const std::string& kernel);
Edit dump_ptx(std::string_view text, const Request& request);

}  // namespace triton_runner::ir
