// Short ways to read PTX in the tests of this room.
#pragma once

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "ptx/parser.h"
#include "runtime/error.h"

namespace triton_runner::ptx {

constexpr const char* kHeader = ".version 8.7\n.target sm_90a\n.address_size 64\n";

// A kernel with one statement per line from line 10 on; it has registers of each kind and three parameters.
inline std::string kernel_text(const std::string& statements) {
  return concat(
      kHeader,
      ".visible .entry k(.param .u64 .ptr .global .align 1 a, .param .u64 .ptr .global .align 1 b, .param .u32 n)\n"
      ".reqntid 128\n{\n"
      ".reg .pred %p<8>; .reg .b16 %rs<8>; .reg .b32 %r<64>; .reg .b64 %rd<16>;\n"
      ".shared .align 16 .b8 buffer[64];\n\n",
      statements, "\nret;\n}\n");
}
constexpr uint32_t kFirstLine = 10;

inline Module parse_kernel(const std::string& statements) { return parse(kernel_text(statements)); }

inline Instruction parse_instruction(const std::string& statement) {
  return parse_kernel(statement).functions[0].instructions[0];
}

// "ArtifactError: what it says", or "accepted".
template <typename Run>
std::string error_of(Run run) {
  try {
    run();
  } catch (const Error& error) {
    return concat(error.kind(), ": ", error.what());
  }
  return "accepted";
}
inline std::string parse_error(const std::string& text) {
  return error_of([&] { parse(text); });
}
inline std::string statement_error(const std::string& statements) { return parse_error(kernel_text(statements)); }

inline std::string read_text(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  if (!file || text.str().empty()) throw ArtifactError(concat("test data ", path.string(), " cannot be read"));
  return text.str();
}

inline std::string data_text(const std::string& name) { return read_text(concat("tests/csrc/ptx/data/", name)); }

inline std::vector<std::filesystem::path> ptx_files(const char* folder, bool refused) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const bool is_refused = entry.path().filename().string().starts_with("refused_");
    if (entry.path().extension() == ".ptx" && is_refused == refused) files.push_back(entry.path());
  }
  return files;
}

// Real PTX of Triton: this room's data, and the seeds of the fuzzer.
inline std::vector<std::filesystem::path> real_files() {
  auto files = ptx_files("tests/csrc/ptx/data", false);
  const auto seeds = ptx_files("tests/fuzz/corpus/ptx_reader", false);
  files.insert(files.end(), seeds.begin(), seeds.end());
  return files;
}
// What the fuzzer once broke the reader with.
inline std::vector<std::filesystem::path> refused_files() { return ptx_files("tests/fuzz/corpus/ptx_reader", true); }

}  // namespace triton_runner::ptx
