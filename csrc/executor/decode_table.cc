#include "executor/decode_table.h"

#include <array>

namespace triton_runner::executor {
namespace {

using ptx::Opcode;

constexpr DecodeRow kRows[] = {
    {Opcode::Add, decode_arithmetic},
    {Opcode::Sub, decode_arithmetic},
    {Opcode::Mul, decode_arithmetic},
    {Opcode::Mad, decode_arithmetic},
    {Opcode::Div, decode_arithmetic},
    {Opcode::Abs, decode_arithmetic},
    {Opcode::Neg, decode_arithmetic},
    {Opcode::Min, decode_arithmetic},
    {Opcode::Max, decode_arithmetic},
    {Opcode::Mul24, decode_integer},
    {Opcode::Mad24, decode_integer},
    {Opcode::Sad, decode_integer},
    {Opcode::Rem, decode_integer},
    {Opcode::Dp4a, decode_dot_product},
    {Opcode::Dp2a, decode_dot_product},
    {Opcode::Fma, decode_float},
    {Opcode::Rcp, decode_float},
    {Opcode::Sqrt, decode_float},
    {Opcode::Rsqrt, decode_float},
    {Opcode::Sin, decode_float},
    {Opcode::Cos, decode_float},
    {Opcode::Lg2, decode_float},
    {Opcode::Ex2, decode_float},
    {Opcode::Tanh, decode_float},
    {Opcode::Copysign, decode_float},
    {Opcode::Testp, decode_testp},

    {Opcode::Popc, decode_bits},
    {Opcode::Clz, decode_bits},
    {Opcode::Bfind, decode_bits},
    {Opcode::Fns, decode_bits},
    {Opcode::Brev, decode_bits},
    {Opcode::Bfe, decode_bits},
    {Opcode::Bfi, decode_bits},
    {Opcode::Szext, decode_mask},
    {Opcode::Bmsk, decode_mask},
    {Opcode::And, decode_logic},
    {Opcode::Or, decode_logic},
    {Opcode::Xor, decode_logic},
    {Opcode::Not, decode_logic},
    {Opcode::Cnot, decode_logic},
    {Opcode::Lop3, decode_lop3},
    {Opcode::Shf, decode_funnel_shift},
    {Opcode::Shl, decode_shift},
    {Opcode::Shr, decode_shift},

    {Opcode::Set, decode_set},
    {Opcode::Setp, decode_setp},
    {Opcode::Selp, decode_selp},
    {Opcode::Slct, decode_slct},

    {Opcode::Mov, decode_mov},
    {Opcode::Prmt, decode_prmt},
    {Opcode::Cvt, decode_cvt},
    {Opcode::CvtPack, decode_cvt_pack},
    {Opcode::Cvta, decode_cvta},
    {Opcode::Isspacep, decode_isspacep},
    {Opcode::Mapa, decode_mapa},
    {Opcode::Getctarank, decode_getctarank},

    {Opcode::Ld, decode_load},
    {Opcode::Ldu, decode_load},
    {Opcode::St, decode_store},
    {Opcode::Atom, decode_atomic},
    {Opcode::Red, decode_atomic},
    {Opcode::Createpolicy, decode_createpolicy},
    {Opcode::Prefetch, decode_no_operation},
    {Opcode::Prefetchu, decode_no_operation},
    {Opcode::Applypriority, decode_no_operation},
    {Opcode::Discard, decode_no_operation},

    {Opcode::CpAsync, decode_cp_async},
    {Opcode::CpAsyncCommitGroup, decode_no_operation},
    {Opcode::CpAsyncWaitGroup, decode_no_operation},
    {Opcode::CpAsyncWaitAll, decode_no_operation},
    {Opcode::CpAsyncMbarrierArrive, decode_cp_async_arrive},
    {Opcode::CpAsyncBulk, decode_bulk_copy},
    {Opcode::CpAsyncBulkPrefetch, decode_no_operation},
    {Opcode::CpAsyncBulkTensor, decode_tensor_copy},
    {Opcode::CpAsyncBulkPrefetchTensor, decode_no_operation},
    {Opcode::CpAsyncBulkCommitGroup, decode_no_operation},
    {Opcode::CpAsyncBulkWaitGroup, decode_no_operation},
    {Opcode::TensormapReplace, decode_tensormap_replace},
    {Opcode::TensormapCpFenceproxy, decode_tensormap_copy},

    {Opcode::Bra, decode_branch},
    {Opcode::BrxIdx, decode_branch_table},
    {Opcode::Call, decode_call},
    {Opcode::Ret, decode_return},
    {Opcode::Exit, decode_exit},
    {Opcode::Trap, decode_trap},
    {Opcode::Nanosleep, decode_nanosleep},
    {Opcode::Pmevent, decode_no_operation},
    {Opcode::Setmaxnreg, decode_no_operation},
    {Opcode::Griddepcontrol, decode_no_operation},

    {Opcode::ShflSync, decode_shuffle},
    {Opcode::VoteSync, decode_vote},
    {Opcode::Match, decode_match},
    {Opcode::Activemask, decode_activemask},
    {Opcode::ReduxSync, decode_redux},
    {Opcode::ElectSync, decode_elect},
    {Opcode::BarSync, decode_barrier},
    {Opcode::BarArrive, decode_barrier},
    {Opcode::BarRed, decode_barrier},
    {Opcode::BarrierSync, decode_barrier},
    {Opcode::BarrierArrive, decode_barrier},
    {Opcode::BarrierRed, decode_barrier},
    {Opcode::BarrierCtaSync, decode_barrier},
    {Opcode::BarrierCtaArrive, decode_barrier},
    {Opcode::BarrierCtaRed, decode_barrier},
    {Opcode::BarrierClusterArrive, decode_no_operation},
    {Opcode::BarrierClusterWait, decode_cluster_wait},
    {Opcode::BarWarpSync, decode_warp_barrier},
    {Opcode::Membar, decode_fence},
    {Opcode::Fence, decode_fence},
    {Opcode::FenceProxy, decode_fence},
    {Opcode::MbarrierInit, decode_mbarrier_init},
    {Opcode::MbarrierInval, decode_mbarrier_init},
    {Opcode::MbarrierExpectTx, decode_mbarrier_bytes},
    {Opcode::MbarrierCompleteTx, decode_mbarrier_bytes},
    {Opcode::MbarrierArrive, decode_mbarrier_arrive},
    {Opcode::MbarrierArriveDrop, decode_mbarrier_arrive},
    {Opcode::MbarrierTestWait, decode_mbarrier_wait},
    {Opcode::MbarrierTryWait, decode_mbarrier_wait},
    {Opcode::MbarrierPendingCount, decode_mbarrier_pending_count},

    {Opcode::Ldmatrix, decode_ldmatrix},
    {Opcode::Stmatrix, decode_stmatrix},
    {Opcode::Movmatrix, decode_movmatrix},
    {Opcode::Mma, decode_mma},
    {Opcode::WgmmaMmaAsync, decode_wgmma},
    {Opcode::WgmmaFence, decode_no_operation},
    {Opcode::WgmmaCommitGroup, decode_no_operation},
    {Opcode::WgmmaWaitGroup, decode_no_operation},
};

constexpr size_t kOpcodes = static_cast<size_t>(Opcode::Count);

constexpr std::array<DecodeFunction, kOpcodes> by_opcode() {
  std::array<DecodeFunction, kOpcodes> functions{};
  for (const DecodeRow& row : kRows) functions[static_cast<size_t>(row.opcode)] = row.decode;
  return functions;
}
constexpr std::array<DecodeFunction, kOpcodes> kByOpcode = by_opcode();

}  // namespace

std::span<const DecodeRow> decode_table() { return kRows; }
DecodeFunction find_decoder(Opcode opcode) { return kByOpcode[static_cast<size_t>(opcode)]; }

}  // namespace triton_runner::executor
