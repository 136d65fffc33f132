// Device assertions and printf.
#include "executor/snippet.h"

namespace triton_runner::executor {
namespace {

TEST(HostCalls, AssertionsAreFaults) {
  const std::string text = Snippet(R"(
    setp.ne.u32 %p1, %r0, 5;
    @%p1 bra END;
    { .param .b64 a; .param .b64 b; .param .b32 c; .param .b64 d; .param .b64 e;
      mov.u64 %rd5, message; cvta.global.u64 %rd5, %rd5; st.param.b64 [a], %rd5;
      mov.u64 %rd6, file; cvta.global.u64 %rd6, %rd6; st.param.b64 [b], %rd6;
      st.param.b32 [c], 77;
      st.param.b64 [d], %rd6; st.param.b64 [e], 1;
      call.uni __assertfail, (a, b, c, d, e); }
    END: ret;)")
                               .module(R"(
    .extern .func __assertfail(.param .b64 a, .param .b64 b, .param .b32 c, .param .b64 d, .param .b64 e);
    .global .align 1 .b8 message[4] = {98, 97, 100, 0};
    .global .align 1 .b8 file[3] = {107, 112, 0};)")
                               .fault();
  EXPECT_TRUE(contains(text, {"device assertion failed: bad (kp:77, in kp)", "thread (5, 0, 0)", "__assertfail"}));
}

std::string array_of(const std::string& text) {
  std::string out = "{";
  for (const char c : text) out += std::to_string(static_cast<int>(c)) + ", ";
  return out + "0}";
}

TEST(HostCalls, PrintsWithEveryConversion) {
  const std::string format = "%d %u %5.2f %s %x %lld %c %%\n";
  const Snippet snippet = Snippet(R"(
    .local .align 8 .b8 arguments[64];
    mov.u64 %rd5, arguments;
    st.local.u32 [%rd5], -3; st.local.u32 [%rd5+4], 4; st.local.f64 [%rd5+8], 0d3FF8000000000000;
    mov.u64 %rd6, word; cvta.global.u64 %rd6, %rd6; st.local.u64 [%rd5+16], %rd6;
    st.local.u32 [%rd5+24], 255; st.local.u64 [%rd5+32], -5000000000; st.local.u32 [%rd5+40], 65;
    cvta.local.u64 %rd7, %rd5;
    { .param .b64 a; .param .b64 b; .param .b32 r;
      mov.u64 %rd8, format; cvta.global.u64 %rd8, %rd8; st.param.b64 [a], %rd8; st.param.b64 [b], %rd7;
      call.uni (r), vprintf, (a, b);
      ld.param.b32 %r5, [r]; }
    st.global.u32 [%rd0], %r5;
    ret;)")
                              .block(2)
                              .module(R"(
    .extern .func (.param .b32 r) vprintf(.param .b64 a, .param .b64 b);
    .global .align 1 .b8 word[3] = {104, 105, 0};
    .global .align 1 .b8 format[)" + std::to_string(format.size() + 1) +
                                      "] = " + array_of(format) + ";");
  testing::internal::CaptureStdout();
  const auto out = snippet.run(1);
  const std::string line = "-3 4  1.50 hi ff -5000000000 A %\n";
  EXPECT_EQ(testing::internal::GetCapturedStdout(), line + line);
  EXPECT_EQ(out[0], line.size());
}

TEST(HostCalls, OtherFunctionsAreRefused) {
  const std::string text = Snippet("call.uni mystery; ret;").module(".extern .func mystery();").unsupported();
  EXPECT_TRUE(contains(text, {"a call of mystery", "vprintf and __assertfail"}));
}

}  // namespace
}  // namespace triton_runner::executor
