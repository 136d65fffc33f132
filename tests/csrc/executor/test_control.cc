// Calls, returns and branch tables.
#include "executor/snippet.h"

namespace triton_runner::executor {
namespace {

constexpr const char* kSquareOrZero = R"(
.func (.param .b32 result) square_or_zero(.param .b32 value)
{
  .reg .b32 %r<4>; .reg .pred %p<2>;
  ld.param.b32 %r1, [value];
  st.param.b32 [result], 0;
  setp.gt.u32 %p1, %r1, 20;
  @%p1 ret;
  mul.lo.u32 %r2, %r1, %r1;
  st.param.b32 [result], %r2;
  ret;
}
.func (.param .b32 result) twice(.param .b32 value)
{
  .reg .b32 %r<4>;
  ld.param.b32 %r1, [value];
  { .param .b32 a; .param .b32 r;
    st.param.b32 [a], %r1; call.uni (r), square_or_zero, (a); ld.param.b32 %r2, [r]; }
  add.u32 %r3, %r2, %r2;
  st.param.b32 [result], %r3;
  ret;
}
)";

TEST(Control, CallsReturnAndReconverge) {
  const auto out = Snippet(R"(
    { .param .b32 a; .param .b32 r;
      st.param.b32 [a], %r0; call.uni (r), twice, (a); ld.param.b32 %r5, [r]; }
    activemask.b32 %r6; setp.eq.u32 %p1, %r6, -1; @!%p1 mov.u32 %r5, 999;
    { .param .b32 a; .param .b32 r;
      st.param.b32 [a], 3; call (r), square_or_zero, (a); ld.param.b32 %r7, [r]; }
    add.u32 %r5, %r5, %r7;
    st.global.u32 [%rd1], %r5;
    ret;)")
                       .module(kSquareOrZero)
                       .run(32);
  for (uint32_t lane = 0; lane < 32; ++lane) EXPECT_EQ(out[lane], 9 + (lane > 20 ? 0 : 2 * lane * lane));
}

TEST(Control, RecursionIsRefused) {
  const std::string text = Snippet("call.uni f; ret;").module(".func f() { call.uni f; ret; }").unsupported();
  EXPECT_TRUE(contains(text, {"PTX line", "f calls itself"}));
}

TEST(Control, BranchTables) {
  const auto out = Snippet(R"(
    table: .branchtargets ZERO, ONE, TWO;
    rem.u32 %r6, %r0, 3;
    brx.idx %r6, table;
    ZERO: mov.u32 %r5, 10; bra.uni JOIN;
    ONE: mov.u32 %r5, 20; bra.uni JOIN;
    TWO: mov.u32 %r5, 30;
    JOIN:
    activemask.b32 %r7; setp.ne.u32 %p1, %r7, -1; @%p1 mov.u32 %r5, 0;
    st.global.u32 [%rd1], %r5;
    ret;)")
                       .run(32);
  for (uint32_t lane = 0; lane < 32; ++lane) EXPECT_EQ(out[lane], 10 * (lane % 3 + 1));
}

TEST(Control, ABranchBeyondTheTableIsAFault) {
  const std::string text = Snippet("table: .branchtargets A, B; brx.idx %r0, table; A: ret; B: ret;").fault();
  EXPECT_TRUE(contains(text, {"entry 2 of a table of 2", "thread (2, 0, 0)"}));
}

TEST(Control, ABodyMayEndWithoutReturn) { EXPECT_EQ(Snippet("st.global.u32 [%rd0], 3;").run(1)[0], 3u); }

TEST(Control, HintsAndFencesRun) {
  EXPECT_EQ(Snippet(R"(
    membar.gl; fence.acq_rel.gpu; fence.proxy.async; griddepcontrol.wait; griddepcontrol.launch_dependents;
    prefetch.global.L2 [%rd0]; createpolicy.fractional.L2::evict_last.b64 %rd5, 1.0; nanosleep.u32 20;
    ld.global.L2::cache_hint.u32 %r5, [%rd0], %rd5;
    st.global.u32 [%rd0], 3; ret;)")
                .run(1)[0],
            3u);
}

}  // namespace
}  // namespace triton_runner::executor
