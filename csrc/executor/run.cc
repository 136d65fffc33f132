// Runs a grid: the calling thread and helpers take CTAs from one queue.
//
// A CTA keeps its thread until it finishes. One that only polls memory, such as a spin lock that another CTA holds, is
// set aside and the thread takes another, so that a grid makes progress even on a single thread. New CTAs come before
// those set aside as long as the memory for them lasts; after that, only when all that are set aside were tried again
// without any of them finishing.
#include <algorithm>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "executor/cta.h"
#include "executor/executor.h"
#include "executor/program.h"
#include "runtime/error.h"

namespace triton_runner::executor {
namespace {

constexpr size_t kResidentBytes = size_t{1} << 30;
constexpr uint32_t kMaxThreads = 1024;

uint64_t volume(const Dim3& extent) { return uint64_t{extent[0]} * extent[1] * extent[2]; }

class Queue {
 public:
  explicit Queue(Grid& grid)
      : grid_(grid),
        total_(volume(grid.launch.grid)),
        resident_limit_(kResidentBytes / (Cta::bytes_needed(grid) + 1) + 1) {}

  // A CTA to run, started; null when none is left for this thread.
  std::unique_ptr<Cta> take() {
    std::unique_lock lock(mutex_);
    const bool room = waiting_.size() < resident_limit_ || fruitless_ >= waiting_.size();
    if (next_ < total_ && (waiting_.empty() || (room && last_waited_))) {
      const uint64_t flat = next_++;
      std::unique_ptr<Cta> cta;
      if (!idle_.empty()) {
        cta = std::move(idle_.back());
        idle_.pop_back();
      }
      if (fruitless_ >= waiting_.size()) fruitless_ = 0;
      lock.unlock();
      if (cta == nullptr) cta = std::make_unique<Cta>(grid_);
      const Dim3& extent = grid_.launch.grid;
      cta->start({static_cast<uint32_t>(flat % extent[0]), static_cast<uint32_t>(flat / extent[0] % extent[1]),
                  static_cast<uint32_t>(flat / extent[0] / extent[1])});
      return cta;
    }
    if (waiting_.empty()) return nullptr;
    std::unique_ptr<Cta> cta = std::move(waiting_.front());
    waiting_.pop_front();
    return cta;
  }

  void give_back(std::unique_ptr<Cta> cta, Cta::State state) {
    const std::lock_guard lock(mutex_);
    last_waited_ = state == Cta::State::Waiting;
    if (last_waited_) {
      waiting_.push_back(std::move(cta));
      ++fruitless_;
    } else {
      idle_.push_back(std::move(cta));
      fruitless_ = 0;
    }
  }

 private:
  Grid& grid_;
  const uint64_t total_;
  const size_t resident_limit_;
  std::mutex mutex_;
  uint64_t next_ = 0;  // CTAs from here on were not started
  std::deque<std::unique_ptr<Cta>> waiting_;
  std::vector<std::unique_ptr<Cta>> idle_;  // finished ones, whose memory the next ones use
  bool last_waited_ = false;                // what the last CTA that came back did
  size_t fruitless_ = 0;                    // CTAs that came back waiting since one finished
};

class Failure {
 public:
  void record(Grid& grid) {
    const std::lock_guard lock(mutex_);
    if (first_ == nullptr) first_ = std::current_exception();
    grid.stop = true;
  }
  void rethrow() const {
    if (first_ != nullptr) std::rethrow_exception(first_);
  }

 private:
  std::mutex mutex_;
  std::exception_ptr first_;
};

void work(Grid& grid, Queue& queue, Failure& failure) {
  try {
    while (!grid.stop.load(std::memory_order_relaxed)) {
      std::unique_ptr<Cta> cta = queue.take();
      if (cta == nullptr) return;
      const Cta::State state = cta->run();
      queue.give_back(std::move(cta), state);
    }
  } catch (...) {
    failure.record(grid);
  }
}

GlobalMemory memory_of(const Program& program, const Launch& launch) {
  std::vector<Region> regions(launch.regions.begin(), launch.regions.end());
  for (const ModuleVariable& variable : program.variables) {
    regions.push_back({variable.base, variable.bytes, variable.writable, variable.name});
  }
  return GlobalMemory(std::move(regions));
}

void check(const Program& program, const Launch& launch) {
  const uint64_t threads = volume(launch.block);
  TR_CHECK(threads >= 1 && threads <= kMaxThreads, ResourceError, "kernel ", program.name, ": a block of ", threads,
           " threads; the executor runs 1 to ", kMaxThreads);
  if (program.required_block.has_value()) {
    const ptx::Extent& required = *program.required_block;
    TR_CHECK(launch.block == required, ArgumentError, "kernel ", program.name, ": it was compiled for a block of (",
             required[0], ", ", required[1], ", ", required[2], ") threads, found (", launch.block[0], ", ",
             launch.block[1], ", ", launch.block[2], ")");
  }
  TR_CHECK(launch.params.size() >= program.param_bytes, ArgumentError, "kernel ", program.name,
           ": its parameters take ", program.param_bytes, " bytes, found ", launch.params.size());
  const uint64_t shared = program.static_shared_bytes + launch.shared_bytes;
  TR_CHECK(shared <= kMostSharedBytes, ResourceError, "kernel ", program.name, ": ", shared,
           " bytes of shared memory; the CPU executor has ", kMostSharedBytes, ", which is more than a GPU has");
  for (int axis = 0; axis < 3; ++axis) {
    TR_CHECK(launch.cluster[axis] >= 1 && launch.grid[axis] % launch.cluster[axis] == 0, ArgumentError, "kernel ",
             program.name, ": the grid is no multiple of the cluster on axis ", axis);
  }
  TR_CHECK(volume(launch.cluster) == 1 || program.across_ctas.empty(), UnsupportedError, "kernel ", program.name,
           ": a cluster of ", volume(launch.cluster), " CTAs that reach each other (", program.across_ctas,
           "); the CPU executor runs CTAs on their own, compile the kernel with num_ctas=1");
}

}  // namespace

void run(const Program& program, const Launch& launch) {
  check(program, launch);
  const uint64_t ctas = volume(launch.grid);
  if (ctas == 0) return;
  Grid grid{program, launch, memory_of(program, launch), program.static_shared_bytes, {}};
  Queue queue(grid);
  Failure failure;
  const uint64_t wanted =
      launch.threads > 0 ? static_cast<uint64_t>(launch.threads) : std::max(1u, std::thread::hardware_concurrency());
  std::vector<std::thread> helpers(std::min(wanted, ctas) - 1);
  for (std::thread& helper : helpers) helper = std::thread(work, std::ref(grid), std::ref(queue), std::ref(failure));
  work(grid, queue, failure);
  for (std::thread& helper : helpers) helper.join();
  failure.rethrow();
}

}  // namespace triton_runner::executor
