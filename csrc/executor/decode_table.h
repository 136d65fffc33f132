// Which family decodes which opcode. A form of the opcode table that is flagged Coverage::Executed has its opcode here,
// and the other way round; tests/csrc/executor/test_decode_table.cc compares them.
#pragma once

#include <cstddef>
#include <span>

#include "executor/decoder.h"
#include "ptx/words.h"

namespace triton_runner::executor {

using DecodeFunction = void (*)(Decoder&);

struct DecodeRow {
  ptx::Opcode opcode;
  DecodeFunction decode;
};

std::span<const DecodeRow> decode_table();
DecodeFunction find_decoder(ptx::Opcode opcode);  // null where the executor has none

// The families, one file each in instructions/.
void decode_arithmetic(Decoder& d);  // by type to one of the next two
void decode_integer(Decoder& d);
void decode_float(Decoder& d);
void decode_bits(Decoder& d);
void decode_logic(Decoder& d);
void decode_dot_product(Decoder& d);
void decode_shift(Decoder& d);
void decode_funnel_shift(Decoder& d);
void decode_lop3(Decoder& d);
void decode_mask(Decoder& d);
void decode_setp(Decoder& d);
void decode_set(Decoder& d);
void decode_selp(Decoder& d);
void decode_slct(Decoder& d);
void decode_testp(Decoder& d);
void decode_mov(Decoder& d);
void decode_prmt(Decoder& d);
void decode_cvt(Decoder& d);
void decode_cvt_pack(Decoder& d);
void decode_cvta(Decoder& d);
void decode_isspacep(Decoder& d);
void decode_mapa(Decoder& d);
void decode_getctarank(Decoder& d);
void decode_load(Decoder& d);
void decode_store(Decoder& d);
void decode_createpolicy(Decoder& d);
void decode_no_operation(Decoder& d);  // fences, prefetches and hints: nothing to do where memory is coherent
void decode_fence(Decoder& d);
void decode_atomic(Decoder& d);
void decode_shuffle(Decoder& d);
void decode_vote(Decoder& d);
void decode_match(Decoder& d);
void decode_activemask(Decoder& d);
void decode_redux(Decoder& d);
void decode_elect(Decoder& d);
void decode_barrier(Decoder& d);
void decode_warp_barrier(Decoder& d);
void decode_cluster_wait(Decoder& d);
void decode_ldmatrix(Decoder& d);
void decode_stmatrix(Decoder& d);
void decode_movmatrix(Decoder& d);
void decode_mma(Decoder& d);
void decode_cp_async(Decoder& d);
void decode_mbarrier_init(Decoder& d);
void decode_mbarrier_arrive(Decoder& d);
void decode_mbarrier_bytes(Decoder& d);
void decode_mbarrier_wait(Decoder& d);
void decode_mbarrier_pending_count(Decoder& d);
void decode_cp_async_arrive(Decoder& d);
void decode_tensor_copy(Decoder& d);
void decode_bulk_copy(Decoder& d);
void decode_tensormap_replace(Decoder& d);
void decode_tensormap_copy(Decoder& d);
void decode_wgmma(Decoder& d);
void decode_branch(Decoder& d);
void decode_branch_table(Decoder& d);
void decode_call(Decoder& d);
void decode_return(Decoder& d);
void decode_exit(Decoder& d);
void decode_trap(Decoder& d);
void decode_nanosleep(Decoder& d);

}  // namespace triton_runner::executor
