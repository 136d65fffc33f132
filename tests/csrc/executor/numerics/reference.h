// Deliberately naive references for numerics: they share no idea with the code under test.
//
// Narrow formats: a sorted list of every value, and the neighbours of the exact result in it. f32 and f64: the host's
// own instruction under the host's rounding mode.
#pragma once

#include <algorithm>
#include <cfenv>
#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

#include "executor/numerics/formats.h"

namespace triton_runner::executor::numerics {

#if defined(__x86_64__)
using Exact = __float128;
#else
using Exact = long double;
#endif

// Every nonnegative finite value of a format, at the index that is its bit pattern.
class NaiveFormat {
 public:
  NaiveFormat(int exponent_bits, int mantissa_bits, int bias, std::uint32_t largest, std::uint32_t infinity)
      : infinity_(infinity) {
    for (std::uint32_t code = 0; code <= largest + 1; ++code) {
      const int exponent = static_cast<int>(code >> mantissa_bits);
      const double fraction = std::ldexp(code & ((1u << mantissa_bits) - 1), -mantissa_bits);
      values_.push_back(exponent == 0 ? std::ldexp(fraction, 1 - bias) : std::ldexp(1 + fraction, exponent - bias));
    }
    sign_ = 1u << (exponent_bits + mantissa_bits);
  }

  // The last entry is the first value that is too large; reaching it means overflow.
  std::uint32_t round(Exact exact, Rounding rounding, bool finite_only) const {
    const bool negative = exact < 0;
    const Exact magnitude = negative ? -exact : exact;
    const auto overflow = static_cast<std::uint32_t>(values_.size() - 1);
    const auto above = std::lower_bound(values_.begin(), values_.end(), magnitude);
    const bool is_beyond = above == values_.end();
    std::uint32_t code = is_beyond ? overflow : static_cast<std::uint32_t>(above - values_.begin());
    if (!is_beyond && values_[code] != magnitude) code = choose(code - 1, magnitude, rounding, negative);
    if (code == overflow || is_beyond) {
      const bool up = rounding == Rounding::kNearestEven || rounding == Rounding::kNearestAway ||
                      (rounding == Rounding::kUp && !negative) || (rounding == Rounding::kDown && negative);
      code = up && !finite_only ? infinity_ : overflow - 1;
    }
    return code | (negative ? sign_ : 0);
  }

  std::size_t count() const { return values_.size() - 1; }
  double value(std::size_t code) const { return values_[code]; }

 private:
  std::uint32_t choose(std::uint32_t below, Exact magnitude, Rounding rounding, bool negative) const {
    const Exact from_below = magnitude - values_[below], to_above = values_[below + 1] - magnitude;
    switch (rounding) {
      case Rounding::kTowardZero:
        return below;
      case Rounding::kUp:
        return below + (negative ? 0 : 1);
      case Rounding::kDown:
        return below + (negative ? 1 : 0);
      case Rounding::kNearestAway:
        return below + (to_above <= from_below ? 1 : 0);
      case Rounding::kNearestEven:
        break;
    }
    if (from_below == to_above) return below + (below & 1);
    return below + (to_above < from_below ? 1 : 0);
  }

  std::vector<double> values_;
  std::uint32_t sign_, infinity_;
};

inline NaiveFormat naive_half() { return {5, 10, 15, 0x7bff, 0x7c00}; }
inline NaiveFormat naive_bfloat16() { return {8, 7, 127, 0x7f7f, 0x7f80}; }

inline constexpr Rounding kRoundings[] = {Rounding::kNearestEven, Rounding::kTowardZero, Rounding::kDown,
                                          Rounding::kUp};

// Puts the host into a rounding mode for as long as it lives.
class HostRounding {
 public:
  explicit HostRounding(Rounding rounding) : saved_(std::fegetround()) {
    constexpr int kModes[] = {FE_TONEAREST, FE_TOWARDZERO, FE_DOWNWARD, FE_UPWARD};
    std::fesetround(kModes[static_cast<int>(rounding)]);
  }
  ~HostRounding() { std::fesetround(saved_); }
  HostRounding(const HostRounding&) = delete;
  HostRounding& operator=(const HostRounding&) = delete;

 private:
  int saved_;
};

// Bit patterns worth trying: edges of the type, values close to one, and any bits.
class Patterns {
 public:
  explicit Patterns(std::uint64_t seed) : random_(seed) {}

  float any_float() {
    static constexpr std::uint32_t kEdges[] = {0,          1,          0x007fffff, 0x00800000, 0x00800001, 0x3f800000,
                                               0x3f800001, 0x3f7fffff, 0x7f7fffff, 0x7f800000, 0x7fc00000, 0x34000000};
    const std::uint32_t word = static_cast<std::uint32_t>(random_());
    switch (random_() % 4) {
      case 0:
        return float_from_bits(kEdges[word % std::size(kEdges)] | (word & 0x80000000u));
      case 1:
        return float_from_bits((word & 0x807fffffu) | (112 + word % 31) << 23);
      default:
        return float_from_bits(word);
    }
  }
  double any_double() {
    static constexpr std::uint64_t kEdges[] = {0,
                                               1,
                                               0x000fffffffffffff,
                                               0x0010000000000000,
                                               0x3ff0000000000000,
                                               0x3ff0000000000001,
                                               0x3fefffffffffffff,
                                               0x7fefffffffffffff,
                                               0x7ff0000000000000,
                                               0x7ff8000000000000,
                                               0x3ca0000000000000};
    const std::uint64_t word = random_();
    switch (random_() % 4) {
      case 0:
        return double_from_bits(kEdges[word % std::size(kEdges)] | (word & 1ull << 63));
      case 1:
        return double_from_bits((word & 0x800fffffffffffffull) | (1000 + word % 47) << 52);
      default:
        return double_from_bits(word);
    }
  }
  std::uint16_t any_word() { return static_cast<std::uint16_t>(random_()); }
  std::uint64_t any_bits() { return random_() >> (random_() % 64); }

 private:
  std::mt19937_64 random_;
};

}  // namespace triton_runner::executor::numerics
