// Writes docs/ptx-coverage.md from the opcode table. tool_coverage_page.cc prints it, and a test holds the committed
// page to it.
#include <set>
#include <string>

#include "ptx/opcode_table.h"
#include "ptx/opcodes.h"
#include "runtime/error.h"

namespace triton_runner::ptx {
namespace {

constexpr std::string_view kIntroduction =
    R"(<!-- Written by `make docs` from csrc/ptx/opcode_table.cc. Do not edit. -->
# PTX coverage

The reader accepts the forms below; anything else stops it with an `UnsupportedError` that names the line. A form marked
**runs** is executed on the CPU; a form marked *read* is parsed, checked, analysed and printed, and stops a launch on the CPU
before it starts, naming its line. On a GPU every form runs: there the driver compiles the PTX.

Modifiers may come in any order. `.a|.b` is a choice, `?` marks what may be missing, `$name` is a group (listed at the end),
`.m64nNk16` stands for every n that is a multiple of 8 up to 256.

| operand | meaning |
|---|---|
| `d` | destination: register or `_` |
| `D` | destination, or `{destinations}` |
| `d\|p` | destination, or `destination\|predicate` |
| `a` | source: register, special register, immediate, address of a symbol |
| `A` | source, or `{sources}` |
| `V` | `{sources}` |
| `p` | predicate, `!predicate` or immediate |
| `i` | integer immediate |
| `[r]` `[w]` `[rw]` `[-]` | address; its memory is read, written, both, neither. `@shared` and alike: which memory, where the modifiers do not say it |
| `[r,c]` | tensor map and `{coordinates}`; the memory is the tensor's |
| `a/[-]` | source or address |
| `l` `t` `call` | label, branch table, `(results), callee, (arguments), prototype` |
)";

// As code, with the bars that would end a table's cell escaped.
std::string code(std::string_view text) {
  if (text.empty()) return "";
  std::string out = "`";
  for (char c : text) out += c == '|' ? std::string("\\|") : std::string(1, c);
  return out + "`";
}

std::string summary() {
  std::set<Opcode> read;
  std::set<Opcode> executed;
  size_t runs = 0;
  for (const Form& form : forms()) {
    read.insert(form.opcode);
    if (form.coverage != Coverage::Executed) continue;
    executed.insert(form.opcode);
    ++runs;
  }
  return concat("\n", forms().size(), " forms of ", read.size(), " opcodes are read; ", runs, " forms of ",
                executed.size(), " opcodes run on the CPU.\n");
}

}  // namespace

std::string coverage_page() {
  std::string page(kIntroduction);
  page += summary();
  page += "\n## Forms\n\n| opcode | modifiers | operands | CPU |\n|---|---|---|---|\n";
  for (const Form& form : forms()) {
    const bool runs = form.coverage == Coverage::Executed;
    page += concat("| ", code(opcode_text(form.opcode)), " | ", code(form.suffix_text), " | ", code(form.operand_text),
                   " | ", runs ? "**runs**" : "*read*", " |\n");
  }
  page += "\n## Groups of modifiers\n\n| group | words |\n|---|---|\n";
  for (const Group& group : groups())
    page += concat("| ", code(concat("$", group.name)), " | ", code(group.words), " |\n");
  page += "\n## Special registers\n\n";
  for (size_t i = 0; i < static_cast<size_t>(Special::Count); ++i) {
    page += concat(i == 0 ? "" : ", ", code(special_text(static_cast<Special>(i))));
  }
  return page + "\n";
}

}  // namespace triton_runner::ptx
