#include "ptx/taint.h"

namespace triton_runner::ptx {
namespace {

constexpr uint8_t kPointers = Taint::kBased | Taint::kMaybe;

uint8_t sum_of_kinds(uint8_t a, uint8_t b) {
  const uint8_t both = a | b;
  // q + (p - q) is a pointer, of another origin than q's; p - q - 8 still is a difference.
  if (both & Taint::kDerived) return Taint::kLoaded | Taint::kDerived;
  if ((a & kPointers) && (b & kPointers)) return (both & Taint::kBased) ? Taint::kLoaded : Taint::kMaybe;
  if (both & Taint::kBased) return (both & Taint::kInternal) ? Taint::kLoaded : Taint::kBased;
  if (both & Taint::kInternal) return Taint::kInternal;
  if (both & Taint::kMaybe) return (both & Taint::kLoaded) ? Taint::kLoaded : Taint::kMaybe;
  return (both & Taint::kLoaded) ? Taint::kLoaded : Taint::kIndex;
}

}  // namespace

Taint derive(Taint value) {
  Taint result{value.params, static_cast<uint8_t>(value.kinds & (Taint::kIndex | Taint::kLoaded | Taint::kDerived))};
  if (value.kinds & kPointers) result.kinds |= Taint::kDerived;
  if (value.kinds & Taint::kInternal) result.kinds |= Taint::kIndex;
  return result;
}

Taint sum(Taint a, Taint b) {
  Taint result{a.params | b.params, 0};
  for (uint8_t left = 1; left <= Taint::kDerived; left <<= 1) {
    for (uint8_t right = 1; right <= Taint::kDerived; right <<= 1) {
      if ((a.kinds & left) && (b.kinds & right)) result.kinds |= sum_of_kinds(left, right);
    }
  }
  return result;
}

}  // namespace triton_runner::ptx
