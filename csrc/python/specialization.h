// What Triton's compiler is told of the arguments of a jit function, as an exact key.
//
// Triton specializes a kernel by the type of each argument, by whether an address or an integer is divisible by 16, by
// integers that are 1, and by the values of its constants. Two calls with equal keys have the same specialization; a
// key tells some calls apart that Triton would not, which costs an entry and nothing else. On the way the arguments of
// the launch are collected. Tested against Triton's own specialization in tests/python/test_specialization.py.
#pragma once

#include <pybind11/pybind11.h>

#include <string>
#include <vector>

#include "python/call.h"
#include "python/constant.h"
#include "python/descriptor.h"

namespace triton_runner::python {

// One parameter of a jit function, as its decorator and annotations describe it.
struct JitParam {
  std::string name;
  pybind11::object default_value;  // null where there is none
  bool is_constexpr = false;
  bool is_const = false;
  bool specialize = true;  // not in do_not_specialize
  bool align = true;       // not in do_not_specialize_on_alignment
  std::string annotation;  // Triton's spelling of the type: "*fp32", "i64", "fp32", "u1"; empty where there is none
};

// What an argument can be beside plain Python values and tensors.
struct JitTypes {
  pybind11::object constexpr_type;
  std::vector<pybind11::object> descriptor_types;
  std::vector<pybind11::object> layout_descriptor_types;  // Gluon's: they also have a layout
  bool marks_small_memory = false;                        // of tensors on an AMD GPU, as its compiler asks for
};

class JitPlan {
 public:
  JitPlan(std::vector<JitParam> params, JitTypes types);

  const std::vector<JitParam>& params() const { return params_; }
  const ParameterNames& names() const { return names_; }
  const JitTypes& types() const { return types_; }

  // Fills in default values. False where an argument is missing.
  bool complete(BoundCall& call) const;

 private:
  std::vector<JitParam> params_;
  JitTypes types_;
  ParameterNames names_;
};

enum class SlotKind : uint8_t {
  Tensor,
  Int,
  Float,
};

struct Specialization {
  KeyWords words;
  KeyObjects objects;  // borrowed from the call
  // The arguments of the launch, in the order of the parameters and of the leaves of tuples: one slot of 8 bytes each,
  // as the binary takes them (an address, an integer, the bits of an fp32); and the tensors and floats once more, as
  // the op's lists want them.
  Row<uint64_t, 64> slots;
  Row<SlotKind, 64> kinds;
  bool has_slots = true;  // false with a descriptor or a float of another width than 32 bits, which take no one slot
  Row<const at::Tensor*, 16> tensors;
  Row<double, 16> floats;
  c10::SmallVector<pybind11::object, 2> owned;  // what keeps tensors alive that no argument is
};

// False where an argument is of a kind that is left to Triton's own specialization, or a tensor that is not for a
// launch past the dispatcher (ops/eager.h). Options are not part of it.
bool specialize(const JitPlan& plan, const BoundCall& call, Specialization& out);

// The specialization as Triton writes it: a list of (type, key) for each parameter.
pybind11::list describe(const JitPlan& plan, const BoundCall& call, const Specialization& specialization);

}  // namespace triton_runner::python
