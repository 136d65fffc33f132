#include "ir/mlir_reader.h"

#include <algorithm>
#include <charconv>

#include "ir/mlir_text.h"
#include "runtime/error.h"

namespace triton_runner::ir::mlir {
namespace {

constexpr int kMaxNesting = 200;  // regions; far beyond what a compiler makes, and safe for the stack

class Reader {
 public:
  explicit Reader(std::string_view text) : module_(std::make_unique<Module>()), text_(text) { module_->text = text; }

  std::unique_ptr<Module> read() {
    read_blocks(module_->top, true);
    return std::move(module_);
  }

 private:
  [[noreturn]] void fail(size_t at, std::string_view what) const {
    raise<ArtifactError>("the MLIR text, line ", line_of(at), ": ", what);
  }

  size_t line_of(size_t at) const {
    return 1 + static_cast<size_t>(std::count(text_.begin(), text_.begin() + static_cast<ptrdiff_t>(at), '\n'));
  }

  // Counts forward from the last line asked for: positions are asked for in rising order.
  size_t next_line(size_t at) {
    counted_line_ += static_cast<size_t>(std::count(text_.begin() + static_cast<ptrdiff_t>(counted_at_),
                                                    text_.begin() + static_cast<ptrdiff_t>(at), '\n'));
    counted_at_ = at;
    return counted_line_;
  }

  void skip_blank() {
    while (at_ < text_.size()) {
      if (text_.substr(at_).starts_with("//")) {
        at_ = std::min(text_.find('\n', at_), text_.size());
      } else if (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\t' || text_[at_] == '\r') {
        ++at_;
      } else {
        return;
      }
    }
  }

  size_t line_begin(size_t at) const {
    const size_t newline = at == 0 ? std::string_view::npos : text_.rfind('\n', at - 1);
    return newline == std::string_view::npos ? 0 : newline + 1;
  }

  size_t after_line(size_t at) const { return std::min(text_.find('\n', at), text_.size() - 1) + 1; }

  // Up to the closing brace of the region, which is left for the caller.
  void read_blocks(Region& region, bool top) {
    if (++nesting_ > kMaxNesting) fail(at_, "regions are nested too deep");
    add_block(region);
    region.blocks.back()->begin = at_;
    while (true) {
      skip_blank();
      if (at_ >= text_.size()) {
        if (!top) fail(region.open, "this brace is never closed");
        break;
      }
      if (text_[at_] == '}') {
        if (top) fail(at_, "a brace that was never opened");
        break;
      }
      if (text_[at_] == '#') {
        read_alias();
      } else if (text_[at_] == '^') {
        read_label(region);
      } else {
        read_op(*region.blocks.back());
      }
    }
    region.blocks.back()->end = top ? text_.size() : line_begin(at_);
    --nesting_;
  }

  void add_block(Region& region) {
    region.blocks.push_back(std::make_unique<Block>());
    Block& block = *region.blocks.back();
    block.region = &region;
    block.line = next_line(at_);
  }

  void read_alias() {
    const size_t begin = at_;
    end_statement();
    const std::string_view line = text_.substr(begin, at_ - begin);
    if (line.starts_with("#loc")) module_->loc_lines.push_back(trim(line));
  }

  // To the end of the line where all brackets are closed.
  void end_statement() {
    BracketScanner scan(text_, at_);
    while (!scan.at_end() && !(scan.depth() == 0 && scan.peek() == '\n')) scan.step();
    if (scan.depth() != 0) fail(at_, "brackets do not match");
    at_ = scan.at();
  }

  void read_label(Region& region) {
    const size_t begin = at_;
    Block& first = *region.blocks.back();
    if (!first.ops.empty() || !first.label.empty()) {
      first.end = line_begin(at_);
      add_block(region);
    }
    Block& block = *region.blocks.back();
    block.label_at = line_begin(begin);
    ++at_;
    while (at_ < text_.size() && is_name_char(text_[at_])) ++at_;
    block.label = text_.substr(begin, at_ - begin);
    if (at_ < text_.size() && text_[at_] == '(') {
      const size_t close = closing_bracket(text_, at_);
      if (close == std::string_view::npos) fail(begin, "the block's arguments are not closed");
      block.args = read_arguments(text_.substr(at_ + 1, close - at_ - 1));
      at_ = close + 1;
    }
    if (at_ >= text_.size() || text_[at_] != ':') fail(begin, "expected : behind the block's label");
    ++at_;
    at_ = after_line(at_);
    block.begin = at_;
  }

  std::vector<Argument> read_arguments(std::string_view list) {
    std::vector<Argument> args;
    for (const std::string_view part : split_outside(list)) {
      const size_t colon = part.find(':');
      if (colon == std::string_view::npos || !part.starts_with('%')) continue;
      Argument arg{trim(part.substr(0, colon)), trim(part.substr(colon + 1)), {}};
      if (const auto loc = rfind_outside(arg.type, " loc(")) {
        const std::string_view inner = arg.type.substr(*loc + 5);
        arg.location = inner.substr(0, inner.rfind(')'));
        arg.type = trim(arg.type.substr(0, *loc));
      }
      if (const auto attributes = find_outside(arg.type, " {")) arg.type = arg.type.substr(0, *attributes);
      args.push_back(arg);
    }
    return args;
  }

  void read_op(Block& block) {
    auto owned = std::make_unique<Op>();
    Op& op = *owned;
    op.block = &block;
    op.begin = at_;
    op.line = next_line(at_);
    if (block.ops.empty() && block.label.empty()) block.begin = line_begin(at_);
    read_results(op);
    read_name(op);
    read_rest(op);
    if (op.name == "tt.func" && !op.regions.empty()) read_function_arguments(op);
    block.ops.push_back(std::move(owned));
  }

  void read_function_arguments(Op& op) {
    const size_t open = op.head.find('(');
    if (open == std::string_view::npos) return;
    const size_t close = closing_bracket(op.head, open);
    if (close == std::string_view::npos) return;
    op.regions[0]->blocks[0]->args = read_arguments(op.head.substr(open + 1, close - open - 1));
  }

  void read_results(Op& op) {
    if (text_[at_] != '%') return;
    const size_t line_end = std::min(text_.find('\n', at_), text_.size());
    const size_t equals = text_.substr(0, line_end).find(" = ", at_);
    if (equals == std::string_view::npos) fail(at_, "expected = behind the results");
    for (const std::string_view part : split_outside(text_.substr(at_, equals - at_))) {
      ResultGroup group{part, 1};
      if (const size_t colon = part.find(':'); colon != std::string_view::npos) {
        group.name = part.substr(0, colon);
        const std::string_view count = part.substr(colon + 1);
        const auto parsed = std::from_chars(count.data(), count.data() + count.size(), group.count);
        if (parsed.ec != std::errc{} || group.count == 0 || group.count > 10000) fail(at_, "a count of results");
      }
      if (!group.name.starts_with('%')) fail(at_, "expected the name of a result");
      op.results.push_back(group);
    }
    at_ = equals + 3;
  }

  void read_name(Op& op) {
    op.name_at = at_;
    const bool quoted = at_ < text_.size() && text_[at_] == '"';
    const size_t begin = quoted ? at_ + 1 : at_;
    size_t end = begin;
    while (end < text_.size() && is_name_char(text_[end])) ++end;
    if (end == begin) fail(op.begin, "expected the name of an operation");
    op.name = text_.substr(begin, end - begin);
  }

  // What follows the name: regions in braces that end their line, and text around them.
  void read_rest(Op& op) {
    size_t part = at_;
    BracketScanner scan(text_, at_);
    while (!scan.at_end()) {
      if (scan.peek() == '\n' && scan.depth() == 0 && !continues(scan.at())) break;
      if (scan.peek() == '{' && opens_region(scan.at())) {
        const std::string_view before = trim(text_.substr(part, scan.at() - part));
        if (op.regions.empty()) op.head = before;
        const bool parenthesized = scan.depth() == 1;  // "op"(...) ({ regions })
        read_region(op, before, scan.at());
        if (parenthesized) read_further_regions(op);
        part = at_;
        scan = BracketScanner(text_, at_);
        continue;
      }
      scan.step();
      if (scan.depth() < 0) fail(scan.at() - 1, "a bracket that was never opened");
    }
    if (scan.depth() != 0) fail(op.begin, "brackets do not match");
    const size_t end = scan.at();
    std::string_view rest = text_.substr(part, end - part);
    if (const auto loc = rfind_outside(rest, "loc("); loc && (*loc == 0 || rest[*loc - 1] == ' ')) {
      const std::string_view inner = rest.substr(*loc + 4);
      op.location = inner.substr(0, inner.rfind(')'));
      rest = rest.substr(0, *loc);
    }
    (op.regions.empty() ? op.head : op.tail) = trim(rest);
    at_ = end;
    op.end = after_line(end);
  }

  // Behind a region in ({ }): ", {" of the next one, or the ) of the list.
  void read_further_regions(Op& op) {
    for (skip_blank(); at_ < text_.size() && text_[at_] == ','; skip_blank()) {
      ++at_;
      skip_blank();
      if (at_ >= text_.size() || text_[at_] != '{') fail(op.begin, "expected another region behind the comma");
      read_region(op, {}, at_);
    }
    if (at_ >= text_.size() || text_[at_] != ')') fail(op.begin, "expected ) behind the regions");
    ++at_;
  }

  void read_region(Op& op, std::string_view header, size_t brace) {
    op.regions.push_back(std::make_unique<Region>());
    Region& region = *op.regions.back();
    region.op = &op;
    region.header = header;
    region.open = brace + 1;
    at_ = after_line(brace);
    read_blocks(region, false);
    region.close = at_;
    if (header.starts_with("partition")) {
      const size_t open = header.find('(');
      const size_t close = open == std::string_view::npos ? open : closing_bracket(header, open);
      if (close != std::string_view::npos) {
        region.blocks[0]->args = read_arguments(header.substr(open + 1, close - open - 1));
      }
    }
    ++at_;
  }

  bool opens_region(size_t brace) const {
    const size_t next = text_.find_first_not_of(" \t\r", brace + 1);
    return next != std::string_view::npos && (text_[next] == '\n' || text_.substr(next).starts_with("//"));
  }

  // The partitions of ttg.warp_specialize stand on lines of their own.
  bool continues(size_t newline) const {
    const size_t next = text_.find_first_not_of(" \t\r\n", newline);
    if (next == std::string_view::npos) return false;
    const std::string_view rest = text_.substr(next);
    return rest.starts_with("default {") || rest.starts_with("default{") ||
           (rest.starts_with("partition") && rest.size() > 9 && rest[9] >= '0' && rest[9] <= '9');
  }

  std::unique_ptr<Module> module_;
  std::string_view text_;
  size_t at_ = 0;
  size_t counted_at_ = 0;
  size_t counted_line_ = 1;
  int nesting_ = 0;
};

}  // namespace

std::unique_ptr<Module> read_module(std::string_view text) { return Reader(text).read(); }

}  // namespace triton_runner::ir::mlir
