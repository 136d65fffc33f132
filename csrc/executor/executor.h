// The functional PTX executor: what the CPU driver needs of it.
//
// build_program() decodes one entry of a parsed module, once; whatever it does not cover is an UnsupportedError before
// anything runs. run() executes a launch of it, CTAs on several threads, and returns when the grid has finished. A
// fault of the kernel is an ExecutionError that says where; the process lives on. A Program is immutable and shared by
// threads, but the module's own .global variables live in it, as they live in a loaded module on a GPU. Tested in
// tests/csrc/executor/test_run.cc.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "ptx/module.h"
#include "runtime/driver.h"

namespace triton_runner::executor {

class Program;

std::shared_ptr<const Program> build_program(const ptx::Module& module, std::string_view entry);

struct Launch {
  Dim3 grid{1, 1, 1};
  Dim3 block{1, 1, 1};
  Dim3 cluster{1, 1, 1};
  uint32_t shared_bytes = 0;                     // dynamic
  std::span<const std::byte> params;             // the parameter buffer, laid out as the entry declares
  std::span<const Region> regions;               // the global memory that the launch may touch
  int threads = 0;                               // host threads; 0 is one for each hardware thread
  const std::atomic<bool>* cancelled = nullptr;  // polled; true ends the launch with an ExecutionError
};

void run(const Program& program, const Launch& launch);

}  // namespace triton_runner::executor
