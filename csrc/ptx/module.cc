#include "ptx/module.h"

#include <algorithm>
#include <iterator>

namespace triton_runner::ptx {

bool Instruction::has(Mod modifier) const { return std::ranges::find(suffixes, Suffix(modifier)) != suffixes.end(); }

Type Instruction::type(size_t position) const {
  for (Suffix suffix : suffixes) {
    if (suffix.is_type() && position-- == 0) return suffix.type();
  }
  return Type::None;
}

size_t Instruction::type_count() const {
  return static_cast<size_t>(std::ranges::count_if(suffixes, [](Suffix suffix) { return suffix.is_type(); }));
}

Space Instruction::space() const {
  for (Suffix suffix : suffixes) {
    if (suffix.is_type()) continue;
    if (auto space = find_space(mod_text(suffix.mod()))) return *space;
  }
  return Space::Generic;
}

std::string Function::register_name(uint32_t index) const {
  // Declarations lie in the order of their first registers; those of .reg parameters have none.
  auto after = std::ranges::upper_bound(register_decls, index, {}, &RegisterDecl::first);
  if (after != register_decls.begin()) {
    const RegisterDecl& decl = *std::prev(after);
    return decl.numbered ? decl.name + std::to_string(index - decl.first) : decl.name;
  }
  for (const auto* list : {&results, &params}) {
    auto param = std::ranges::find(*list, index, &Param::reg);
    if (param != list->end()) return param->name;
  }
  return {};
}

const Function* Module::find_entry(std::string_view name) const {
  for (const Function* entry : entries()) {
    if (entry->name == name) return entry;
  }
  return nullptr;
}

const File* Module::find_file(uint32_t number) const {
  auto found = std::ranges::find(files, number, &File::number);
  return found == files.end() ? nullptr : &*found;
}

std::vector<const Function*> Module::entries() const {
  std::vector<const Function*> found;
  for (const Function& function : functions) {
    if (function.is_entry && !function.is_declaration) found.push_back(&function);
  }
  return found;
}

}  // namespace triton_runner::ptx
