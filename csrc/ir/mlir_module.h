// The structure of MLIR text: which operation stands in which region, what it defines, and where in the text each part
// lies. All views point into the text that was read. Made by mlir_reader.h.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace triton_runner::ir::mlir {

struct Op;
struct Region;

struct ResultGroup {
  std::string_view name;  // "%acc" of "%acc:3"
  size_t count = 1;
};

struct Argument {
  std::string_view name;
  std::string_view type;      // without attributes and location
  std::string_view location;  // "#loc4"; empty where none is printed
};

struct Block {
  std::string_view label;  // "^bb1"; empty for the first block of most regions
  std::vector<Argument> args;
  std::vector<std::unique_ptr<Op>> ops;
  Region* region = nullptr;
  size_t label_at = 0;  // offset of the label's line
  size_t begin = 0;     // offset where the text of a new first operation goes
  size_t end = 0;       // ... and of a new last one
  size_t line = 0;
};

struct Region {
  std::string_view header;  // what stands between the previous region, or the operation, and the brace: "else", "do"
  std::vector<std::unique_ptr<Block>> blocks;
  Op* op = nullptr;
  size_t open = 0;   // offset after {
  size_t close = 0;  // offset of }
};

struct Op {
  std::string_view name;
  std::vector<ResultGroup> results;
  std::vector<std::unique_ptr<Region>> regions;
  Block* block = nullptr;
  size_t begin = 0;           // offset of its first character
  size_t name_at = 0;         // offset of its name, after "%x = "
  size_t end = 0;             // offset after its last line
  size_t line = 0;            // from 1
  std::string_view head;      // from the name to its first region or location
  std::string_view tail;      // behind the last region, without the location
  std::string_view location;  // "#loc4"
};

struct Module {
  std::string_view text;
  Region top;                               // holds the module operation, or what stands bare
  std::vector<std::string_view> loc_lines;  // "#loc1 = loc(unknown)"

  size_t offset_of(std::string_view part) const { return static_cast<size_t>(part.data() - text.data()); }
};

// The operation that holds the block; nullptr at the top.
inline Op* parent(const Block& block) { return block.region->op; }

}  // namespace triton_runner::ir::mlir
