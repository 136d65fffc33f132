#include "ir/ptx_record.h"

#include <sstream>

#include "ir/protocol.h"
#include "runtime/error.h"

namespace triton_runner::ir {
namespace {

// Every temporary is written from one kind of value only, so that the access analysis can tell addresses from counts.
constexpr const char* kArea = "%trd_area";          // offset of the slot's area in the buffer
constexpr const char* kCapacity = "%trd_capacity";  // records for each thread
constexpr const char* kBytes = "%trd_bytes";        // of a thread's part of the area
constexpr const char* kOffset = "%trd_offset";      // of the thread's part
constexpr const char* kThread = "%trd_thread";      // its address
constexpr const char* kCount = "%trd_count";        // records seen before this one
constexpr const char* kNext = "%trd_next";
constexpr const char* kPlace = "%trd_place";  // address of the record
constexpr const char* kFits = "%trd_fits";
constexpr const char* kHere = "%trd_here";  // the program is recorded, and the guard holds
constexpr const char* kGuard = "%trd_guard";
constexpr const char* kByte = "%trd_byte";

}  // namespace

std::string record_registers() {
  return concat("\t.reg .b64 ", kArea, ", ", kCapacity, ", ", kBytes, ", ", kOffset, ", ", kThread, ", ", kCount, ", ",
                kNext, ", ", kPlace, ";\n\t.reg .pred ", kFits, ", ", kHere, ", ", kGuard, ";\n\t.reg .b16 ", kByte,
                ";\n");
}

std::string record_code(const PtxRecord& record, const std::string& base, const std::string& index) {
  std::ostringstream out;
  out << "\tld.global.nc.v2.b64 {" << kArea << ", " << kCapacity << "}, [" << base << "+"
      << kTableEntryBytes * record.slot << "];\n"
      << "\tmad.lo.s64 " << kBytes << ", " << kCapacity << ", " << record.record_bytes << ", " << kCountBytes << ";\n"
      << "\tmad.lo.s64 " << kOffset << ", " << index << ", " << kBytes << ", " << kArea << ";\n"
      << "\tadd.s64 " << kThread << ", " << base << ", " << kOffset << ";\n";
  if (record.repeats) {
    out << "\tld.global.b64 " << kCount << ", [" << kThread << "];\n";
  } else {
    out << "\tmov.b64 " << kCount << ", 0;\n";
  }
  out << "\tadd.s64 " << kNext << ", " << kCount << ", 1;\n"
      << "\tmad.lo.s64 " << kPlace << ", " << kCount << ", " << record.record_bytes << ", " << kThread << ";\n"
      << "\tsetp.lt.u64 " << kFits << ", " << kCount << ", " << kCapacity << ";\n";
  out << "\tsetp.ge.s64 " << kHere << ", " << index << ", 0;\n";
  if (!record.guard.empty()) {
    out << (record.guard_negated ? "\tnot.pred " : "\tmov.pred ") << kGuard << ", " << record.guard << ";\n"
        << "\tand.pred " << kHere << ", " << kHere << ", " << kGuard << ";\n";
  }
  out << "\tand.pred " << kFits << ", " << kFits << ", " << kHere << ";\n"
      << "\t@" << kHere << " st.global.b64 [" << kThread << "], " << kNext << ";\n";
  for (size_t i = 0; i < record.iterations.size(); ++i) {
    out << "\t@" << kFits << " st.global.b64 [" << kPlace << "+" << kCountBytes + 8 * i << "], " << record.iterations[i]
        << ";\n";
  }
  for (const PtxStore& store : record.stores) {
    const bool is_predicate = store.type == "pred";
    if (is_predicate) out << "\tselp.b16 " << kByte << ", 1, 0, " << store.value << ";\n";
    out << "\t@" << kFits << " st.global." << (is_predicate ? "b8" : store.type) << " [" << kPlace << "+"
        << kCountBytes + record.header_bytes + store.offset << "], " << (is_predicate ? kByte : store.value) << ";\n";
  }
  return out.str();
}

std::string thread_index_code(uint32_t num_ctas, size_t slots, const std::string& base, const std::string& index) {
  std::ostringstream out;
  out << "\t.reg .b32 %trd_x, %trd_nx, %trd_cta, %trd_y, %trd_ny, %trd_z, %trd_tid, %trd_ntid;\n"
      << "\t.reg .b64 %trd_program, %trd_count_of, %trd_wide, %trd_entry, %trd_row;\n\t.reg .pred %trd_skipped;\n"
      << "\tmov.u32 %trd_x, %ctaid.x;\n\tmov.u32 %trd_nx, %nctaid.x;\n"
      << "\tmov.u32 %trd_y, %ctaid.y;\n\tmov.u32 %trd_ny, %nctaid.y;\n\tmov.u32 %trd_z, %ctaid.z;\n"
      << "\tmov.u32 %trd_tid, %tid.x;\n\tmov.u32 %trd_ntid, %ntid.x;\n";
  if (num_ctas > 1) {  // the CTAs of a cluster are one program, and their threads follow on each other
    out << "\trem.u32 %trd_cta, %trd_x, " << num_ctas << ";\n\tdiv.u32 %trd_x, %trd_x, " << num_ctas << ";\n"
        << "\tdiv.u32 %trd_nx, %trd_nx, " << num_ctas << ";\n"
        << "\tmad.lo.s32 %trd_tid, %trd_cta, %trd_ntid, %trd_tid;\n"
        << "\tmul.lo.s32 %trd_ntid, %trd_ntid, " << num_ctas << ";\n";
  }
  out << "\tcvt.u64.u32 %trd_program, %trd_z;\n\tcvt.u64.u32 %trd_count_of, %trd_ny;\n"
      << "\tcvt.u64.u32 %trd_wide, %trd_y;\n"
      << "\tmad.lo.s64 %trd_program, %trd_program, %trd_count_of, %trd_wide;\n"
      << "\tcvt.u64.u32 %trd_count_of, %trd_nx;\n\tcvt.u64.u32 %trd_wide, %trd_x;\n"
      << "\tmad.lo.s64 %trd_program, %trd_program, %trd_count_of, %trd_wide;\n"
      << "\tmad.lo.s64 %trd_entry, %trd_program, " << kRowBytes << ", " << base << ";\n"
      << "\tld.global.nc.b64 %trd_row, [%trd_entry+" << kTableEntryBytes * slots << "];\n"
      << "\tcvt.u64.u32 %trd_count_of, %trd_ntid;\n\tcvt.u64.u32 %trd_wide, %trd_tid;\n"
      << "\tmad.lo.s64 " << index << ", %trd_row, %trd_count_of, %trd_wide;\n"
      << "\tsetp.lt.s64 %trd_skipped, %trd_row, 0;\n"
      << "\tselp.b64 " << index << ", -1, " << index << ", %trd_skipped;\n";
  return out.str();
}

}  // namespace triton_runner::ir
