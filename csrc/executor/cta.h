// A CTA: its warps, shared and local memory, and barriers. One thread runs it at a time and switches between its warps.
// Tested in tests/csrc/executor/test_barrier.cc and test_run.cc.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "executor/executor.h"
#include "executor/memory.h"
#include "executor/warp.h"

namespace triton_runner::executor {

// What the CTAs of a launch share.
struct Grid {
  const Program& program;
  const Launch& launch;
  GlobalMemory global;
  uint64_t dynamic_shared_base;   // where the launch's dynamic shared memory starts
  std::atomic<bool> stop{false};  // a CTA has failed: the others end at their next slice
};

class Cta {
 public:
  explicit Cta(Grid& grid);
  Cta(const Cta&) = delete;
  Cta& operator=(const Cta&) = delete;

  void start(Dim3 index);

  enum class State : uint8_t {
    Finished,
    Waiting,  // it loops on memory that another CTA may have to write
    Stopped,  // the launch is over
  };
  // Runs until finished, or until all that its warps do is to poll. ExecutionError on a fault or a deadlock.
  State run();

  // What the handlers of instructions use.
  Grid& grid() { return grid_; }
  const Dim3& index() const { return index_; }
  std::span<std::byte> shared() { return {shared_, shared_bytes_}; }
  std::byte* local(int warp, int lane);
  void note_poll() { polled_ = true; }
  int thread_count() const { return thread_count_; }
  std::string thread_name(int warp, int lane) const;  // "(5, 0, 0)"

  // The executing lanes of a warp arrive at a barrier; those that wait are parked already. `threads` is the number that
  // the barrier is for, 0 for the whole CTA. `votes` are the lanes whose predicate is true, for bar.red.
  void arrive(Warp& warp, int barrier, int threads, LaneMask votes = 0);
  void lanes_exited();

  const Region* last_region = nullptr;  // where the last global access was: the next one is likely to be there too
  static size_t bytes_needed(const Grid& grid);

 private:
  struct Barrier {
    std::vector<LaneMask> arrived;  // of each warp
    int threads = 0;
    int votes = 0;
    int arrivals = 0;
  };

  bool complete(const Barrier& barrier) const;
  void release(int barrier);
  void fill_special(const struct SpecialColumn& column, int warp);
  uint64_t special_value(ptx::Special special, int warp, int lane) const;
  [[noreturn]] void report_fault(Warp& warp, const Fault& fault) const;
  [[noreturn]] void report_deadlock() const;

  Grid& grid_;
  Dim3 index_{};
  int thread_count_;
  std::unique_ptr<std::byte[]> memory_;  // registers, shared memory, local memory
  std::byte* registers_;
  std::byte* shared_;
  std::byte* local_;
  size_t shared_bytes_;
  std::vector<Warp> warps_;
  std::array<Barrier, 17> barriers_;  // 16 that PTX can name, and that of the cluster
  bool polled_ = false;
};

}  // namespace triton_runner::executor
