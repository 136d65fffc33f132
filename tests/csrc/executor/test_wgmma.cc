// wgmma: where the elements of A and B lie, for every swizzle and both orders, and how the flags change them.
//
// The reference places small integers with an address rule written down per element, and multiplies them plainly.
#include <cstring>

#include "executor/snippet.h"

namespace triton_runner::executor {
namespace {

constexpr int kM = 64, kN = 16, kK = 16;

int a_at(int m, int k) { return (m * 3 + k * 5) % 7 - 3; }
int b_at(int n, int k) { return (n * 2 + k * 3) % 5 - 2; }
uint16_t half(int value) {
  constexpr uint16_t magnitudes[] = {0, 0x3C00, 0x4000, 0x4200};
  return static_cast<uint16_t>(magnitudes[std::abs(value)] | (value < 0 ? 0x8000 : 0));
}

// Shared memory holds A from byte 0 and B from byte 8192, with these offsets between chunks and groups.
struct Layout {
  int swizzle;  // bits: 0, 1, 2, 3
  bool mn_major;
  uint32_t leading, stride;
};

uint32_t place(const Layout& layout, int mn, int k) {
  const uint32_t chunk = 16, span = chunk << layout.swizzle;
  const uint32_t along = 2 * static_cast<uint32_t>(layout.mn_major ? mn : k),
                 across = static_cast<uint32_t>(layout.mn_major ? k : mn);
  const bool swapped = layout.mn_major && layout.swizzle == 0;
  uint32_t address = along % span + along / span * (swapped ? layout.stride : layout.leading) + across % 8 * span +
                     across / 8 * (swapped ? layout.leading : layout.stride);
  if (layout.swizzle != 0) address ^= ((address >> 7) & ((1u << layout.swizzle) - 1)) << 4;
  return address;
}

uint64_t descriptor(const Layout& layout, uint32_t start) {
  constexpr uint64_t codes[] = {0, 3, 2, 1};
  return start >> 4 | uint64_t{layout.leading >> 4} << 16 | uint64_t{layout.stride >> 4} << 32 |
         codes[layout.swizzle] << 62;
}

// D of one product on top of C = 1, as the 64 x 16 matrix that the fragments spell.
std::vector<float> multiply(const Layout& a, const Layout& b, const std::string& scales,
                            const std::string& keeps = "1") {
  std::vector<uint16_t> shared(8192);
  for (int k = 0; k < kK; ++k) {
    for (int m = 0; m < kM; ++m) shared[place(a, m, k) / 2] = half(a_at(m, k));
    for (int n = 0; n < kN; ++n) shared[4096 + place(b, n, k) / 2] = half(b_at(n, k));
  }
  std::string words;
  for (size_t i = 0; i < shared.size(); i += 2) {
    words += (i == 0 ? "" : ", ") + std::to_string(shared[i] | static_cast<uint32_t>(shared[i + 1]) << 16);
  }
  const std::string one_a = a.mn_major ? "1" : "0", one_b = b.mn_major ? "1" : "0";
  const auto out = Snippet(R"(
    .shared .align 1024 .b8 s[16384];
    mov.u32 %r10, s; mov.u64 %rd5, image; mov.u32 %r5, %r0;
    FILL:
    shl.b32 %r6, %r5, 2; add.u32 %r7, %r10, %r6; cvt.u64.u32 %rd6, %r6; add.u64 %rd6, %rd5, %rd6;
    ld.global.u32 %r8, [%rd6]; st.shared.u32 [%r7], %r8;
    add.u32 %r5, %r5, 128; setp.lt.u32 %p1, %r5, 4096; @%p1 bra FILL;
    bar.sync 0;
    mov.f32 %f0, 0f3F800000; mov.f32 %f1, %f0; mov.f32 %f2, %f0; mov.f32 %f3, %f0;
    mov.f32 %f4, %f0; mov.f32 %f5, %f0; mov.f32 %f6, %f0; mov.f32 %f7, %f0;
    mov.u64 %rd7, )" + std::to_string(static_cast<int64_t>(descriptor(a, 0))) +
                           "; mov.u64 %rd8, " + std::to_string(static_cast<int64_t>(descriptor(b, 8192))) +
                           "; setp.ne.u32 %p2, " + keeps + R"(, 0;
    wgmma.fence.sync.aligned;
    wgmma.mma_async.sync.aligned.m64n16k16.f32.f16.f16 {%f0,%f1,%f2,%f3,%f4,%f5,%f6,%f7}, %rd7, %rd8, %p2, )" +
                           scales + ", " + one_a + ", " + one_b + R"(;
    wgmma.commit_group.sync.aligned; wgmma.wait_group.sync.aligned 0;
    mul.lo.u32 %r9, %r0, 32; cvt.u64.u32 %rd9, %r9; add.u64 %rd9, %rd0, %rd9;
    st.global.v4.f32 [%rd9], {%f0,%f1,%f2,%f3}; st.global.v4.f32 [%rd9+16], {%f4,%f5,%f6,%f7};
    ret;)")
                       .block(128)
                       .module(".global .align 16 .b32 image[4096] = {" + words + "};")
                       .run(1024);
  std::vector<float> d(kM * kN);
  for (int thread = 0; thread < 128; ++thread) {
    const int lane = thread % 32;
    for (int r = 0; r < 8; ++r) {
      const int row = thread / 32 * 16 + lane / 4 + 8 * (r / 2 % 2), column = 8 * (r / 4) + 2 * (lane % 4) + r % 2;
      std::memcpy(&d[row * kN + column], &out[thread * 8 + r], sizeof(float));
    }
  }
  return d;
}

std::vector<float> expected(int scale, float c) {
  std::vector<float> d(kM * kN, c);
  for (int m = 0; m < kM; ++m) {
    for (int n = 0; n < kN; ++n) {
      for (int k = 0; k < kK; ++k) d[m * kN + n] += static_cast<float>(scale * a_at(m, k) * b_at(n, k));
    }
  }
  return d;
}

TEST(Wgmma, KMajorWithEverySwizzle) {
  EXPECT_EQ(multiply({0, false, 1024, 128}, {0, false, 1024, 128}, "1, 1"), expected(1, 1));
  EXPECT_EQ(multiply({1, false, 16, 256}, {1, false, 16, 256}, "1, 1"), expected(1, 1));
  EXPECT_EQ(multiply({2, false, 16, 512}, {2, false, 16, 512}, "1, 1"), expected(1, 1));
  EXPECT_EQ(multiply({3, false, 16, 1024}, {3, false, 16, 1024}, "1, 1"), expected(1, 1));
}

TEST(Wgmma, MnMajorWithEverySwizzle) {
  EXPECT_EQ(multiply({0, true, 1024, 128}, {0, true, 1024, 128}, "1, 1"), expected(1, 1));
  EXPECT_EQ(multiply({1, true, 512, 256}, {1, true, 512, 256}, "1, 1"), expected(1, 1));
  EXPECT_EQ(multiply({2, true, 1024, 512}, {2, true, 1024, 512}, "1, 1"), expected(1, 1));
  EXPECT_EQ(multiply({3, true, 2048, 1024}, {3, true, 2048, 1024}, "1, 1"), expected(1, 1));
}

TEST(Wgmma, ScalesAndTheOldResult) {
  const Layout plain{3, false, 16, 1024};
  EXPECT_EQ(multiply(plain, plain, "-1, 1"), expected(-1, 1));
  EXPECT_EQ(multiply(plain, plain, "1, -1"), expected(-1, 1));
  EXPECT_EQ(multiply(plain, plain, "-1, -1", "0"), expected(1, 0));
}

TEST(Wgmma, AMayBeAFragment) {
  // A of ones, B zeros but for its first element of each column: 16 bytes apart without a swizzle.
  const auto out = Snippet(R"(
    .shared .align 128 .b8 s[512];
    mov.u32 %r10, s; shl.b32 %r5, %r0, 2; and.b32 %r5, %r5, 508; add.u32 %r5, %r10, %r5; st.shared.u32 [%r5], 0x4000; bar.sync 0;
    mov.b32 %r1, 0x3C003C00; mov.f32 %f0, 0f00000000; mov.f32 %f1, %f0; mov.f32 %f2, %f0; mov.f32 %f3, %f0;
    mov.u64 %rd8, 34360262656; mov.pred %p1, 1;
    wgmma.mma_async.sync.aligned.m64n8k16.f32.f16.f16 {%f0,%f1,%f2,%f3}, {%r1,%r1,%r1,%r1}, %rd8, %p1, 1, 1, 0;
    st.global.f32 [%rd1], %f3;
    ret;)")
                       .block(128)
                       .run(128);
  EXPECT_EQ(out[100], bits(16.0f));  // 8 of the 16 elements along K are 2
}

TEST(Wgmma, DescriptorsAreChecked) {
  const std::string body = R"(
    mov.f32 %f0, 0f00000000; mov.u64 %rd8, DESCRIPTOR; mov.pred %p1, 1;
    wgmma.mma_async.sync.aligned.m64n8k16.f32.f16.f16 {%f0,%f1,%f2,%f3}, {%r1,%r1,%r1,%r1}, %rd8, %p1, 1, 1, 0; ret;)";
  const auto with = [&](const std::string& descriptor) {
    std::string text = body;
    return text.replace(text.find("DESCRIPTOR"), 10, descriptor);
  };
  EXPECT_TRUE(contains(Snippet(with("64")).block(128).shared(512).fault(), {"matrix descriptor", "which has 512"}));
  EXPECT_TRUE(contains(Snippet(with("562949953421312")).block(128).shared(4096).fault(), {"base offset"}));
}

}  // namespace
}  // namespace triton_runner::executor
