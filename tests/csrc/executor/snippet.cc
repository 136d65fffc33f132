#include "executor/snippet.h"

#include <algorithm>
#include <memory>
#include <new>

#include "ptx/parser.h"
#include "runtime/error.h"

namespace triton_runner::executor {
namespace {

constexpr std::string_view kHeader = ".version 8.7\n.target sm_90a\n.address_size 64\n";

constexpr std::string_view kPrologue =
    "  .reg .pred %p<64>; .reg .b16 %h<64>; .reg .b32 %r<64>; .reg .b64 %rd<64>; .reg .f32 %f<64>; .reg .f64 %d<64>;\n"
    "  ld.param.u64 %rd0, [out];\n"
    "  mov.u32 %r0, %ctaid.x; mov.u32 %r1, %ntid.x; mov.u32 %r2, %tid.x;\n"
    "  mad.lo.u32 %r0, %r0, %r1, %r2;\n"
    "  mad.wide.u32 %rd1, %r0, 4, %rd0;\n";

}  // namespace

std::string Snippet::text() const {
  return std::string(kHeader) + module_ + "\n.visible .entry snippet(.param .u64 out)\n" + directives_ + "\n{\n" +
         std::string(kPrologue) + body_ + "\n}\n";
}

std::vector<uint32_t> Snippet::run(size_t words, uint32_t fill) const {
  // As aligned as device memory is, and with nothing behind it, so that a sanitizer sees what the executor should not
  // let through.
  constexpr size_t alignment = 256;
  const size_t bytes = words * sizeof(uint32_t);
  const std::unique_ptr<std::byte[], void (*)(std::byte*)> memory(
      static_cast<std::byte*>(::operator new(bytes, std::align_val_t(alignment))),
      [](std::byte* bytes) { ::operator delete(bytes, std::align_val_t(alignment)); });
  uint32_t* words_begin = reinterpret_cast<uint32_t*>(memory.get());
  std::fill_n(words_begin, words, fill);
  const void* address = memory.get();
  const Region region{address, bytes, writable_, "out"};
  Launch launch;
  launch.grid = {grid_, 1, 1};
  launch.block = {block_, 1, 1};
  launch.shared_bytes = shared_;
  launch.params = std::as_bytes(std::span(&address, 1));
  launch.regions = {&region, 1};
  launch.threads = host_threads_;
  launch.cancelled = cancelled_;
  executor::run(*build_program(ptx::parse(text()), "snippet"), launch);
  return {words_begin, words_begin + words};
}

std::string Snippet::fault(size_t words) const {
  try {
    run(words);
  } catch (const ExecutionError& error) {
    return error.what();
  }
  ADD_FAILURE() << "it ran without a fault";
  return {};
}

std::string Snippet::unsupported() const {
  try {
    build_program(ptx::parse(text()), "snippet");
  } catch (const UnsupportedError& error) {
    return error.what();
  }
  ADD_FAILURE() << "it was built";
  return {};
}

uint64_t compute(std::string_view instructions, std::initializer_list<uint64_t> inputs) {
  constexpr std::string_view names = "abcd";
  std::string body =
      ".reg .pred %pa, %pb, %pc, %pd, %px; .reg .b16 %ha, %hb, %hc, %hd, %hx; .reg .b32 %ra, %rb, %rc, %rd_, %rx;"
      ".reg .b64 %rda, %rdb, %rdc, %rdd, %rdx; .reg .f32 %fa, %fb, %fc, %fd_, %fx; .reg .f64 %fda, %fdb, %fdc, %fdd, "
      "%fdx;\n";
  std::vector<uint64_t> values(inputs);
  for (size_t i = 0; i < values.size(); ++i) {
    const std::string name(1, names[i]);
    const std::string narrow = name == "d" ? "d_" : name;  // %rd and %fd are the wide ones
    body += "mov.b64 %rd" + name + ", " + std::to_string(values[i]) + "; cvt.u32.u64 %r" + narrow + ", %rd" + name +
            "; cvt.u16.u64 %h" + name + ", %rd" + name + "; mov.b32 %f" + narrow + ", %r" + narrow + "; mov.b64 %fd" +
            name + ", %rd" + name + "; and.b32 %r63, %r" + narrow + ", 1; setp.ne.u32 %p" + name + ", %r63, 0;\n";
  }
  body += std::string(instructions) + "\n";
  const auto names_register = [&](std::string_view name) { return instructions.find(name) != std::string_view::npos; };
  if (names_register("%rdx")) {
    body += "mov.b64 %rd60, %rdx;";
  } else if (names_register("%fdx")) {
    body += "mov.b64 %rd60, %fdx;";
  } else if (names_register("%rx")) {
    body += "cvt.u64.u32 %rd60, %rx;";
  } else if (names_register("%fx")) {
    body += "mov.b32 %r60, %fx; cvt.u64.u32 %rd60, %r60;";
  } else if (names_register("%hx")) {
    body += "cvt.u64.u16 %rd60, %hx;";
  } else {
    body += "selp.b64 %rd60, 1, 0, %px;";
  }
  body += " st.global.b64 [%rd0], %rd60; ret;";
  const std::vector<uint32_t> words = Snippet(body).block(1).run(2);
  return uint64_t{words[1]} << 32 | words[0];
}

testing::AssertionResult contains(const std::string& text, std::initializer_list<std::string_view> parts) {
  for (const std::string_view part : parts) {
    if (text.find(part) == std::string::npos) {
      return testing::AssertionFailure() << "no \"" << part << "\" in:\n" << text;
    }
  }
  return testing::AssertionSuccess();
}

}  // namespace triton_runner::executor
