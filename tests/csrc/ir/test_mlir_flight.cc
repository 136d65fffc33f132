#include "ir/mlir_flight.h"

#include "ir/reading_mlir.h"

namespace triton_runner::ir::mlir {
namespace {

TEST(MlirFlight, LastsUntilAWaitForAll) {
  const ReadMlir read(
      kernel_of("    %r:2 = scf.for %i = %n to %n step %n iter_args(%acc = %z, %k = %n) -> (T, i32)  : i32 {\n"
                "      %d = ttng.warp_group_dot %a, %b, %acc {isAsync = true} : A * B -> T\n"
                "      %w:2 = ttng.warp_group_dot_wait %d, %a {pendings = 1 : i32} : T, A\n"
                "      scf.yield %w#0, %k : T, i32\n    }\n"
                "    %e = ttng.warp_group_dot_wait %r#0 {pendings = 0 : i32} : T\n"
                "    %f = ttng.warp_group_dot %a, %b, %e : A * B -> T\n"));
  EXPECT_EQ(values_in_flight(read.op("tt.func")), (std::set<std::string>{"%acc", "%d", "%r#0", "%w#0"}));
}

}  // namespace
}  // namespace triton_runner::ir::mlir
