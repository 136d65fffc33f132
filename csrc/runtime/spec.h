// The kernel record: what a launcher must know of a compiled kernel, whatever level it came from.
//
// KernelSpec holds the user's parameters in order; what Triton appends or expands in the binary interface
// (scratch slots, descriptor fields) is derived from it in layout.h. KernelRecord adds the images and the content key.
// Values are plain data: build one, never change it once it is registered.
// Tested in tests/csrc/runtime/test_spec.cc.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace triton_runner {

// Triton's spelling of a type is the name that users meet: i1 i8 .. u64 fp16 bf16 fp32 fp64 fp8e4nv ...
// `Opaque` is the element of a pointer that was recovered from an artifact which does not tell.
enum class ElementType : uint8_t {
  Opaque,
  I1,
  I8,
  I16,
  I32,
  I64,
  U1,
  U8,
  U16,
  U32,
  U64,
  F16,
  BF16,
  F32,
  F64,
  F8E4M3,
  F8E5M2,
  F8E4M3FNUZ,
  F8E5M2FNUZ,
  F8E4B15,
};
std::string_view type_name(ElementType type);  // "fp16"; "opaque"
std::optional<ElementType> parse_element_type(std::string_view name);
size_t element_bits(ElementType type);  // i1 and u1 are passed as 8 bits; 0 for Opaque

enum class ParamKind : uint8_t {
  Pointer,
  Scalar,
  Descriptor,
  Constant
};

// What the kernel does with the memory behind a pointer. Unknown counts as written.
enum class Access : uint8_t {
  Unknown,
  None,
  Read,
  Write,
  ReadWrite
};
std::string_view access_name(Access access);
bool writes(Access access);

// How the host encodes a TMA map for a descriptor parameter (one entry of Triton's `tensordesc_meta`).
struct TensorMapMeta {
  int swizzle = 0;       // CUtensorMapSwizzle
  int element_size = 0;  // bytes
  int element_type = 0;  // CUtensorMapDataType
  std::vector<int64_t> block_size;
  bool fp4_padded = false;
};

struct Param {
  std::string name;
  ParamKind kind = ParamKind::Scalar;
  ElementType element = ElementType::Opaque;
  bool divisible_by_16 = false;             // address in bytes, or integer value
  int pointer_range = 0;                    // Pointer: signed offsets of so many bits reach all its memory; 0 for any
  Access access = Access::Unknown;          // Pointer and Descriptor
  std::string constant;                     // Constant: the value as JSON text ("64", "null", "\"relu\"")
  std::vector<int64_t> block_shape;         // Descriptor
  std::optional<TensorMapMeta> tensor_map;  // Descriptor: passed as a 128-byte map; without it, decomposed
};
std::string type_string(const Param& param);         // "*fp16", "i32", "tensordesc<fp16[64,64]>", "constexpr"
void set_type(Param& param, std::string_view type);  // the inverse; MetadataError on a type that is none

struct Scratch {
  bool present = false;  // a slot is passed, as NULL where size is 0
  int64_t size = 0;      // bytes for each CTA of the grid
  int64_t align = 1;
};

struct Target {
  std::string backend = "cuda";  // "cuda" or "hip"
  std::string arch;              // "80", "90a", "gfx942"
  int warp_size = 32;
};
std::string target_name(const Target& target);  // "sm_80", "gfx942"

struct KernelSpec {
  std::string name;
  std::vector<Param> params;
  int num_warps = 4;  // after warp specialization; the block is num_warps * warp_size threads
  int num_ctas = 1;   // CTAs of a cluster
  // How those lie on x, y and z, which multiplies the launched grid. Without it in a row on x, as from Triton 3.6 on.
  std::optional<std::array<int, 3>> cluster_dims;
  int64_t shared = 0;  // dynamic shared memory, bytes
  bool cooperative = false;
  bool pdl = false;  // programmatic dependent launch
  Scratch global_scratch;
  Scratch profile_scratch;
  Target target;
  std::string triton_version;  // empty where not made by Triton
};

// (major, minor) of "3.6.0"; nothing where there is no version.
std::optional<std::pair<int, int>> version_of(std::string_view text);

struct KernelRecord {
  KernelSpec spec;
  std::map<std::string, std::string> images;  // level ("ptx", "cubin", "hsaco") to bytes
  std::string key;                            // content key: hexadecimal SHA-256 of the spec and the images
};

// Computes the key. ArtifactError where there is no image.
KernelRecord make_record(KernelSpec spec, std::map<std::string, std::string> images);

}  // namespace triton_runner
