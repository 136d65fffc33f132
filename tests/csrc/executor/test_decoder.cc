// What is not covered stops the build, with the line and its text.
#include "executor/snippet.h"

namespace triton_runner::executor {
namespace {

TEST(Decoder, AnInstructionThatIsOnlyRead) {
  const std::string text = Snippet("mov.u32 %r5, 1;\n  tcgen05.wait::ld.sync.aligned;\n  ret;").unsupported();
  EXPECT_TRUE(contains(
      text, {"kernel snippet", "PTX line", "does not run this instruction", "tcgen05.wait::ld.sync.aligned;"}));
}

TEST(Decoder, TypesAndShapesThatHaveNoHandler) {
  EXPECT_TRUE(contains(Snippet("atom.global.min.f64 %d1, [%rd0], %d2; ret;").unsupported(),
                       {"does not run this form", "atom.global"}));
  EXPECT_TRUE(
      contains(Snippet("mov.b64 %rd5, {%r1, %r2}; add.sat.u32 %r5, %r6, %r7; ret;").unsupported(), {"add.sat.u32"}));
}

TEST(Decoder, RegistersThatAreTooNarrow) {
  EXPECT_TRUE(
      contains(Snippet("add.u32 %r5, %h6, %r7; ret;").unsupported(), {"a register of 16 bits where 32 are read"}));
}

TEST(Decoder, RegistersOfAnotherWidthAreNotWritten) {
  EXPECT_TRUE(
      contains(Snippet("add.u32 %h5, %r6, %r7; ret;").unsupported(), {"a register of 16 bits where 32 are written"}));
  EXPECT_TRUE(
      contains(Snippet("popc.b64 %rd5, %rd6; ret;").unsupported(), {"a register of 64 bits where 32 are written"}));
  EXPECT_TRUE(contains(Snippet("ld.global.v2.u32 {%r5, %h5}, [%rd0]; ret;").unsupported(), {"where 32 are written"}));
}

TEST(Decoder, NarrowReadsOfWideRegistersTakeTheLowBits) {
  EXPECT_EQ(compute("st.global.u32 [%rd0], %rda; ld.global.u32 %rx, [%rd0];", {0x1122334455667788}), 0x55667788u);
  EXPECT_EQ(compute("cvt.u32.u16 %rx, %ra;", {0x12345678}), 0x5678u);
}

}  // namespace
}  // namespace triton_runner::executor
