// Runs small pieces of PTX on the executor: a Snippet is the body of a kernel, compute() is one instruction on scalars.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "executor/executor.h"

namespace triton_runner::executor {

// A kernel `snippet(.u64 out)` with registers %p %h %r %rd %f %d<64> of its own. %rd0 holds `out`, %r0 the thread's
// index in the grid, %rd1 the address out + 4 * %r0; tid is one-dimensional.
class Snippet {
 public:
  explicit Snippet(std::string body) : body_(std::move(body)) {}
  Snippet& block(uint32_t threads) { return block_ = threads, *this; }
  Snippet& grid(uint32_t ctas) { return grid_ = ctas, *this; }
  Snippet& host_threads(int threads) { return host_threads_ = threads, *this; }
  Snippet& shared(uint32_t bytes) { return shared_ = bytes, *this; }
  Snippet& read_only() { return writable_ = false, *this; }
  Snippet& directives(std::string text) { return directives_ = std::move(text), *this; }  // after the parameters
  Snippet& module(std::string text) { return module_ = std::move(text), *this; }          // before the kernel
  Snippet& cancelled(const std::atomic<bool>* flag) { return cancelled_ = flag, *this; }

  std::string text() const;
  std::vector<uint32_t> run(size_t words, uint32_t fill = 0) const;
  // The message of the ExecutionError that running it ends with.
  std::string fault(size_t words = 64) const;
  // The message of the UnsupportedError that building it ends with.
  std::string unsupported() const;

 private:
  std::string body_, directives_, module_;
  uint32_t block_ = 32, grid_ = 1, shared_ = 0;
  int host_threads_ = 0;
  bool writable_ = true;
  const std::atomic<bool>* cancelled_ = nullptr;
};

// Executes instructions on the inputs a, b, c, d, each readable as %h?, %r? and %rd? (16, 32, 64 bits), %f?, %fd? (the
// same bits as f32, f64) and %p? (the lowest bit). Returns the one of %hx, %rx, %rdx, %fx, %fdx, %px that the text
// names.
uint64_t compute(std::string_view instructions, std::initializer_list<uint64_t> inputs = {});

// Whether `text` holds each part; a failure shows both.
testing::AssertionResult contains(const std::string& text, std::initializer_list<std::string_view> parts);

inline uint64_t bits(float value) { return std::bit_cast<uint32_t>(value); }
inline uint64_t bits(double value) { return std::bit_cast<uint64_t>(value); }

}  // namespace triton_runner::executor
