// triton_runner._C: the record, its readers, the registry and the doors of a launch for Python.
// Tested in tests/python/test_kernel.py.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include "driver/elf.h"
#include "ops/register_named_op.h"
#include "ops/tensor_arg.h"
#include "ptx/access.h"
#include "ptx/recover.h"
#include "python/door.h"
#include "python/dump.h"
#include "python/errors.h"
#include "python/jit_door.h"
#include "python/kernel_door.h"
#include "python/op_door.h"
#include "python/tuned_door.h"
#include "runtime/error.h"
#include "runtime/kernel.h"
#include "runtime/layout.h"
#include "runtime/record_json.h"
#include "runtime/sidecar.h"

namespace py = pybind11;

namespace triton_runner {
namespace {

const char* kind_name(ParamKind kind) {
  static constexpr const char* kNames[] = {"pointer", "scalar", "descriptor", "constant"};
  return kNames[static_cast<size_t>(kind)];
}

py::object from_json_text(const std::string& text) { return py::module_::import("json").attr("loads")(text); }

py::object scratch_or_none(const Scratch& scratch) {
  if (!scratch.present) return py::none();
  return py::make_tuple(scratch.size, scratch.align);
}

void bind_spec(py::module_& module) {
  py::class_<Param>(module, "Param", "One parameter of a kernel, as its user passes it.")
      .def_readonly("name", &Param::name)
      .def_property_readonly(
          "kind", [](const Param& p) { return kind_name(p.kind); }, "'pointer', 'scalar', 'descriptor' or 'constant'")
      .def_property_readonly("type", &type_string,
                             "Triton's spelling: '*fp16', 'i32', 'tensordesc<fp16[64,64]>', 'constexpr'")
      .def_readonly("divisible_by_16", &Param::divisible_by_16)
      .def_readonly("pointer_range", &Param::pointer_range,
                    "Bits of a signed offset that reaches all memory of the pointer; 0 where nothing is assumed.")
      .def_property_readonly(
          "access", [](const Param& p) { return access_name(p.access); },
          "'unknown', 'none', 'read', 'write' or 'readwrite'; unknown counts as written")
      .def_property_readonly("constant",
                             [](const Param& p) -> py::object {
                               if (p.kind != ParamKind::Constant) return py::none();
                               return from_json_text(p.constant);
                             })
      .def_readonly("block_shape", &Param::block_shape)
      .def_property_readonly("has_tensor_map", [](const Param& p) { return p.tensor_map.has_value(); })
      .def_property_readonly("is_output",
                             [](const Param& p) {
                               return (p.kind == ParamKind::Pointer || p.kind == ParamKind::Descriptor) &&
                                      writes(p.access);
                             })
      .def_property_readonly("is_float",
                             [](const Param& p) {
                               return p.kind == ParamKind::Scalar && p.element >= ElementType::F16 &&
                                      p.element <= ElementType::F64;
                             })
      .def("__repr__", [](const Param& p) {
        return concat("Param(", p.name, ": ", type_string(p), p.divisible_by_16 ? ":16" : "", ")");
      });

  py::class_<Target>(module, "Target", "What a kernel was compiled for.")
      .def_readonly("backend", &Target::backend)
      .def_readonly("arch", &Target::arch)
      .def_readonly("warp_size", &Target::warp_size)
      .def("__str__", &target_name)
      .def("__repr__", [](const Target& t) { return concat("Target(", target_name(t), ")"); });

  py::class_<KernelSpec>(module, "KernelSpec", "What a launcher must know of a compiled kernel (csrc/runtime/spec.h).")
      .def_static(
          "from_json", [](const std::string& text) { return spec_from_json(text); }, py::arg("text"))
      .def("to_json", &spec_to_json, "The record as canonical JSON: equal specs give equal text.")
      .def_readonly("name", &KernelSpec::name)
      .def_readonly("params", &KernelSpec::params)
      .def_readonly("num_warps", &KernelSpec::num_warps)
      .def_readonly("num_ctas", &KernelSpec::num_ctas)
      .def_readonly("shared", &KernelSpec::shared, "Dynamic shared memory in bytes.")
      .def_readonly("cooperative", &KernelSpec::cooperative)
      .def_readonly("pdl", &KernelSpec::pdl)
      .def_property_readonly(
          "global_scratch", [](const KernelSpec& s) { return scratch_or_none(s.global_scratch); },
          "(bytes a CTA, alignment), or None where the binary has no such parameter")
      .def_property_readonly("profile_scratch", [](const KernelSpec& s) { return scratch_or_none(s.profile_scratch); })
      .def_readonly("target", &KernelSpec::target)
      .def_readonly("triton_version", &KernelSpec::triton_version)
      .def("__eq__", [](const KernelSpec& a, const KernelSpec& b) { return spec_to_json(a) == spec_to_json(b); })
      .def("__repr__", [](const KernelSpec& s) {
        return concat("KernelSpec(", s.name, ", ", target_name(s.target), ", ", s.params.size(), " params)");
      });
}

std::string register_images(const KernelSpec& spec, const std::map<std::string, py::bytes>& images) {
  std::map<std::string, std::string> bytes(images.begin(), images.end());
  return register_kernel(make_record(spec, std::move(bytes))).record().key;
}

// [(parameter index, offset, size)] of every binary parameter; the index is -1 for the scratch slots.
std::vector<std::tuple<int, uint32_t, uint32_t>> layout_of(const KernelSpec& spec) {
  std::vector<std::tuple<int, uint32_t, uint32_t>> out;
  for (const Field& field : make_layout(spec).fields) {
    const bool hidden = field.kind == FieldKind::GlobalScratch || field.kind == FieldKind::ProfileScratch;
    out.emplace_back(hidden ? -1 : static_cast<int>(field.param), field.offset, field.size);
  }
  return out;
}

void register_op(const std::string& key, const std::string& definition, bool own_autograd) {
  register_named_op(Json::parse(definition), find_kernel(key), own_autograd);
}

void preload(const std::string& key, bool cuda, int index) {
  py::gil_scoped_release released;
  find_kernel(key).loaded({cuda ? gpu_type() : DeviceType::Cpu, index});
}

// (module, function) as the driver names them, 0 where it has no names.
std::pair<uintptr_t, uintptr_t> handles_of(const std::string& key, bool cuda, int index) {
  const Handles handles = find_kernel(key).loaded({cuda ? gpu_type() : DeviceType::Cpu, index}).handles();
  return {reinterpret_cast<uintptr_t>(handles.module), reinterpret_cast<uintptr_t>(handles.function)};
}

void bind_registry(py::module_& module) {
  module.def("register_kernel", &register_images, py::arg("spec"), py::arg("images"),
             "Registers {level: bytes} and returns the content key that torch.ops.triton_runner.launch takes.");
  module.def("register_named_op", &register_op, py::arg("key"), py::arg("definition"), py::arg("own_autograd") = false,
             "Makes the kernel an op of the schema in the definition (csrc/ops/op_definition.h).");
  module.def("kernel_spec", [](const std::string& key) { return find_kernel(key).spec(); }, py::arg("key"));
  module.def("preload", &preload, py::arg("key"), py::arg("cuda"), py::arg("index"),
             "Loads the kernel on a device ahead of its first launch.");
  module.def("handles", &handles_of, py::arg("key"), py::arg("cuda"), py::arg("index"),
             "(module, function) as the driver names them, for tools that ask the driver; 0 where it has no names.");
  module.def("layout", &layout_of, py::arg("spec"),
             "(parameter index or -1, offset, bytes) of every binary parameter, in order.");
}

std::vector<std::string_view> ptx_access(const std::string& text, const std::optional<std::string>& name) {
  std::vector<std::string_view> out;
  for (const Access access : ptx::param_access(text, name)) out.push_back(access_name(access));
  return out;
}

// (capability, {section: content}) of a cubin.
std::pair<int, std::map<std::string, py::bytes>> cubin_sections(const std::string& image) {
  constexpr std::string_view kWhat = "the cubin";
  std::map<std::string, py::bytes> sections;
  for (const auto& [name, content] : elf_sections(image, kWhat)) {
    sections.emplace(name, py::bytes(content.data(), content.size()));
  }
  return {cubin_capability(check_elf(image, kWhat)), std::move(sections)};
}

void bind_readers(py::module_& module) {
  module.def(
      "read_sidecar",
      [](const std::string& text, const std::optional<std::string>& kernel_name,
         const std::optional<Signature>& signature) { return read_sidecar(text, kernel_name, signature); },
      py::arg("text"), py::arg("kernel_name") = py::none(), py::arg("signature") = py::none(),
      "The KernelSpec of a sidecar's JSON text; `signature` is a list of (name, type).");
  module.def(
      "cubin_sections", [](const py::bytes& image) { return cubin_sections(image); }, py::arg("image"),
      "The capability times ten that a cubin was made for, and {section: content}.");
  module.def("ptx_access", &ptx_access, py::arg("text"), py::arg("name") = py::none(),
             "How the entry uses the memory behind each binary parameter, in order.");
  module.def(
      "recover_ptx",
      [](const std::string& text, const std::optional<std::string>& name, const std::optional<Signature>& signature,
         const std::optional<std::string>& metadata) {
        return ptx::recover(text, name, signature, metadata.value_or(""));
      },
      py::arg("text"), py::arg("name") = py::none(), py::arg("signature") = py::none(),
      py::arg("metadata") = py::none(),
      "The KernelSpec of PTX text, completed by a signature and by metadata as JSON text.");
  module.def("with_access", &ptx::with_access, py::arg("spec"), py::arg("text"),
             "The spec with the access of its pointers, as the PTX text has it.");
}

}  // namespace
}  // namespace triton_runner

PYBIND11_MODULE(_C, module) {
  triton_runner::python::register_errors();
  triton_runner::bind_spec(module);
  triton_runner::bind_registry(module);
  triton_runner::bind_readers(module);
  triton_runner::python::bind_door(module);
  triton_runner::python::bind_jit_door(module);
  triton_runner::python::bind_tuned_door(module);
  triton_runner::python::bind_kernel_door(module);
  triton_runner::python::bind_op_door(module);
  triton_runner::python::bind_dump(module);
}
