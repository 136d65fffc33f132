#include "ptx/access.h"

#include <gtest/gtest.h>

#include "ptx/taint.h"
#include "reading.h"

namespace triton_runner::ptx {
namespace {

// "read write none": of every parameter, in order.
std::string access_of(const std::string& text) {
  std::string out;
  for (const Access access : param_access(text, std::nullopt))
    out += concat(out.empty() ? "" : " ", access_name(access));
  return out;
}

// Of the parameters a and b of kernel_text, whose values are in %rd0 and %rd1.
std::string access_of_body(const std::string& statements) {
  const std::string access = access_of(kernel_text("ld.param.b64 %rd0, [a];\nld.param.b64 %rd1, [b];\n" + statements));
  EXPECT_TRUE(access.ends_with(" none")) << "the scalar";
  return access.substr(0, access.size() - 5);
}

TEST(Access, LoadsReadAndStoresWrite) {
  EXPECT_EQ(access_of_body(""), "none none");
  EXPECT_EQ(access_of_body("ld.global.b32 %r0, [%rd0]; st.global.b32 [%rd1], %r0;"), "read write");
  EXPECT_EQ(access_of_body("ld.global.b32 %r0, [%rd0]; st.global.b32 [%rd0+4], %r0;"), "readwrite none");
  EXPECT_EQ(access_of_body("atom.global.gpu.relaxed.add.u32 %r0, [%rd0], 1; red.global.add.u32 [%rd1], 1;"),
            "readwrite readwrite");
  EXPECT_EQ(access_of_body("st.b32 [%rd0], 1;"), "write none") << "generic addresses count";
  EXPECT_EQ(access_of_body("prefetch.global.L2 [%rd0];"), "none none");
  EXPECT_EQ(access_of_body("cp.async.ca.shared.global [%r0], [%rd0], 16;"), "read none");
  EXPECT_EQ(access_of_body("cp.async.bulk.global.shared::cta.bulk_group [%rd0], [%r0], 64;"), "write none");
}

TEST(Access, AddressesFlowThroughArithmeticAndMoves) {
  const char* store = "st.global.b32 [%rd5], %r0;";
  for (const char* address :
       {"add.s64 %rd5, %rd0, 16;", "add.s64 %rd5, %rd4, %rd0;", "sub.s64 %rd5, %rd0, 8;", "or.b64 %rd5, %rd0, 4;",
        "and.b64 %rd5, %rd0, -16;", "mad.wide.u32 %rd5, %r1, 4, %rd0;", "mad.lo.s64 %rd5, %rd3, %rd4, %rd0;",
        "mov.b64 %rd5, %rd0;", "cvta.to.global.u64 %rd5, %rd0;",
        "{ .reg .b32 lo, hi; mov.b64 {lo, hi}, %rd0; shfl.sync.idx.b32 lo, lo, 0, 31, -1; mov.b64 "
        "%rd5, {lo, hi}; }"}) {
    EXPECT_EQ(access_of_body(concat("mov.u32 %r1, %tid.x; cvt.u64.u32 %rd4, %r1; mov.b64 %rd3, 3;\n", address, store)),
              "write none")
        << address;
  }
}

TEST(Access, ALoopIsFollowedWhateverItsOrder) {
  EXPECT_EQ(
      access_of_body("L: st.global.b32 [%rd6], 0; mov.b64 %rd6, %rd5; mov.b64 %rd5, %rd4; mov.b64 %rd4, %rd0; bra L;"),
      "write none");
}

TEST(Access, AChoiceOfPointersWritesBoth) {
  EXPECT_EQ(access_of_body("selp.b64 %rd5, %rd0, %rd1, %p0; st.global.b32 [%rd5], 0;"), "write write");
  EXPECT_EQ(access_of_body("selp.b64 %rd5, %rd0, 0, %p0; st.global.b32 [%rd5], 0;"), "write none")
      << "a null is never followed";
}

TEST(Access, ALoadedIndexIsNoPointer) {
  EXPECT_EQ(
      access_of_body(
          "ld.global.b64 %rd4, [%rd0]; shl.b64 %rd4, %rd4, 2; add.s64 %rd5, %rd1, %rd4; st.global.b32 [%rd5], 0;"),
      "read write");
}

TEST(Access, AStoreToWhoKnowsWhereMakesAllUnknown) {
  const char* unknown = "unknown unknown";
  EXPECT_EQ(access_of_body("ld.global.b64 %rd5, [%rd0]; st.global.b32 [%rd5], 0;"), unknown) << "a pointer from memory";
  EXPECT_EQ(access_of_body("ld.global.b64 %rd5, [%rd0]; selp.b64 %rd5, %rd5, %rd1, %p0; st.global.b32 [%rd5], 0;"),
            unknown);
  EXPECT_EQ(access_of_body("st.global.b32 [%rd9], 0;"), unknown) << "a register that is never set";
  EXPECT_EQ(access_of_body("st.global.b32 [4096], 0;"), unknown);
  EXPECT_EQ(access_of_body("sub.s64 %rd4, %rd1, %rd0; add.s64 %rd5, %rd0, %rd4; st.global.b32 [%rd5], 0;"), unknown)
      << "a + (b - a) is b";
  EXPECT_EQ(access_of_body(
                "ld.global.b64 %rd4, [%rd0]; sub.s64 %rd4, %rd4, %rd0; add.s64 %rd4, %rd4, 8; add.s64 %rd5, %rd0, %rd4;"
                "st.global.b32 [%rd5], 0;"),
            unknown);
  EXPECT_EQ(access_of_body("mul.lo.s64 %rd5, %rd0, 1; st.global.b32 [%rd5], 0;"), unknown);
  EXPECT_EQ(access_of_body("st.shared.b64 [buffer], %rd1; st.shared.b64 [buffer], %rd4; ld.global.b64 %rd4, [%rd0];"
                           "ld.shared.b64 %rd5, [buffer]; st.global.b32 [%rd5], 0;"),
            unknown);
}

TEST(Access, AReadOfWhoKnowsWhatReadsAll) {
  EXPECT_EQ(access_of_body("ld.global.b64 %rd5, [%rd0]; ld.global.b32 %r0, [%rd5];"), "read read");
}

TEST(Access, PointersGoThroughSharedMemory) {
  EXPECT_EQ(access_of_body("st.shared.b64 [buffer], %rd0; ld.shared.b64 %rd5, [buffer+8]; st.global.b32 [%rd5], 0;"),
            "write none");
}

TEST(Access, SharedMemoryIsNoParameter) {
  EXPECT_EQ(access_of_body("mov.u64 %rd5, buffer; st.shared.b32 [%rd5], 0; mbarrier.init.shared::cta.b64 [%rd5], 1;"),
            "none none");
  EXPECT_EQ(access_of_body("mov.u64 %rd5, buffer; cvta.shared.u64 %rd5, %rd5; st.b32 [%rd5], 0;"), "none none")
      << "generic";
}

TEST(Access, UnknownFunctionsMayDoAnything) {
  const std::string functions =
      ".extern .func (.param .b32 r) vprintf (.param .b64 _, .param .b64 _);\n.extern .func other();\n";
  auto with = [&](const char* call) {
    return access_of(concat(kHeader, functions,
                            ".entry k(.param .u64 .ptr a) { .reg .b64 %rd<2>; .param .b64 p; .param .b32 r;",
                            "ld.param.b64 %rd0, [a]; st.param.b64 [p], %rd0;", call, " ret; }"));
  };
  EXPECT_EQ(with("call.uni (r), vprintf, (p, p);"), "none");
  EXPECT_EQ(with("call.uni other;"), "unknown");
}

TEST(Access, WithoutPtrA64BitParameterMayBeAPointer) {
  auto with = [&](const char* address) {
    return access_of(concat(
        kHeader, ".entry k(.param .u64 p, .param .u64 stride, .param .u32 n) { .reg .b64 %rd<8>; .reg .b32 %r<2>;",
        "ld.param.u64 %rd0, [p]; ld.param.u64 %rd1, [stride]; ld.param.u32 %r0, [n];", address,
        "st.global.b32 [%rd5], 0; ret; }"));
  };
  EXPECT_EQ(with("mad.wide.u32 %rd5, %r0, 4, %rd0;"), "write none none");
  EXPECT_EQ(with("shl.b64 %rd2, %rd1, 2; add.s64 %rd5, %rd0, %rd2;"), "unknown unknown none");
}

TEST(Access, TensorMapsPassedByValue) {
  EXPECT_EQ(access_of(data_text("tma_host_matmul.sm_90.ptx")),
            "read none none none none read none none none none write none none none none none none none none none");
}

TEST(Access, TensorMapsThatTheKernelMakesInItsScratch) {
  EXPECT_EQ(access_of(data_text("tma_copy.sm_90.ptx")), "readwrite readwrite none none readwrite none");
}

TEST(Access, ATensorMapFromTheHostMakesAllUnknown) {
  EXPECT_EQ(access_of_body("cp.async.bulk.tensor.1d.global.shared::cta.bulk_group [%rd0, {%r0}], [%r1];"),
            "unknown unknown");
  EXPECT_EQ(access_of_body(
                "cp.async.bulk.tensor.1d.shared::cta.global.mbarrier::complete_tx::bytes [%r1], [%rd0, {%r0}], [%r2];"),
            "read read");
}

TEST(Access, KernelsOfTriton) {
  EXPECT_EQ(access_of(data_text("vector_add.sm_80.ptx")), "read read write none none none");
  EXPECT_EQ(access_of(data_text("atomic_total.sm_90.ptx")), "read readwrite readwrite none none");
  EXPECT_EQ(access_of(data_text("layer_norm_backward.sm_80.ptx")),
            "write read readwrite readwrite read read read read readwrite none none none none");
  EXPECT_EQ(access_of(data_text("cooperative.sm_80.ptx")), "read readwrite readwrite write none none");
  EXPECT_EQ(access_of(data_text("tma_host_matmul.sm_100.ptx")),
            "read none none none none read none none none none write none none none none none none none none none");
}

TEST(Access, MoreParametersThanBits) {
  std::string params;
  for (int i = 0; i < 80; ++i) params += concat(i == 0 ? "" : ", ", ".param .u64 .ptr .global p", i);
  const std::string access =
      access_of(concat(kHeader, ".entry k(", params, ") { .reg .b64 %rd<2>; ld.param.b64 %rd0, [p70];",
                       "ld.param.b64 %rd1, [p5]; st.global.b32 [%rd0], 0; ld.global.b32 _, [%rd1]; ret; }"));
  std::istringstream words(access);
  const std::vector<std::string> list(std::istream_iterator<std::string>(words), {});
  ASSERT_EQ(list.size(), 80u);
  EXPECT_EQ(list[5], "read");
  EXPECT_EQ(list[6], "none");
  EXPECT_EQ(list[70], "write");
  EXPECT_EQ(list[63], "write") << "the last bit stands for all from the 64th on";
}

TEST(Access, ATensorMapFromTheHostAmongMoreParametersThanBits) {
  std::string params;
  for (int i = 0; i < 70; ++i) params += concat(".param .u64 .ptr .global .align 1 p", i, ", ");
  const std::string access =
      access_of(concat(kHeader, ".entry k(", params,
                       ".param .align 64 .b8 map[128]) { .reg .b64 %rd<2>; .reg .b32 %r<2>; ld.param.b64 %rd0, [p68];",
                       "cp.async.bulk.tensor.1d.global.shared::cta.bulk_group [%rd0, {%r0}], [%r1]; ret; }"));
  EXPECT_TRUE(access.starts_with("unknown unknown")) << access;
}

TEST(Access, TheKernelIsChosenByName) {
  const std::string two = concat(kHeader, ".entry a() { ret; }\n.entry b(.param .u32 n) { ret; }\n");
  EXPECT_EQ(param_access(two, "b").size(), 1u);
  EXPECT_EQ(error_of([&] { param_access(two, std::nullopt); }),
            "ArtifactError: the PTX has 2 kernels (a, b): say which one with name=");
  EXPECT_EQ(error_of([&] { param_access(two, "c"); }), "ArtifactError: the PTX has no kernel 'c'; it has: a, b");
  EXPECT_EQ(error_of([&] { param_access(kHeader, std::nullopt); }),
            "ArtifactError: the PTX has no .entry: expected a kernel");
}

TEST(Access, SumsOfTaintsNeverLoseAnUnknown) {
  const Taint based{1, Taint::kBased};
  const Taint loaded{0, Taint::kLoaded};
  const Taint either{2, Taint::kBased | Taint::kLoaded};
  EXPECT_EQ(sum(based, loaded).kinds, Taint::kBased);
  EXPECT_EQ(sum(based, derive(based)).kinds, Taint::kLoaded | Taint::kDerived);
  EXPECT_EQ(sum(either, loaded).kinds, Taint::kBased | Taint::kLoaded);
  EXPECT_EQ(sum(either, loaded).params, 2u);
  EXPECT_EQ(sum(Taint{}, based).kinds, 0) << "nothing is known of a value that has none yet";
}

}  // namespace
}  // namespace triton_runner::ptx
