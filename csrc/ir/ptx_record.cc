#include "ir/ptx_record.h"

#include <sstream>

#include "ir/protocol.h"
#include "runtime/error.h"

namespace triton_runner::ir {
namespace {

// Every temporary is written from one kind of value only, so that the access analysis can tell addresses from counts.
constexpr const char* kArea = "%trd_area";          // offset of the slot's area in the buffer
constexpr const char* kCapacity = "%trd_capacity";  // records for each thread
constexpr const char* kBytes = "%trd_bytes";        // that a thread has in the area
constexpr const char* kOffset = "%trd_offset";      // of the program's row
constexpr const char* kRow = "%trd_start";          // its address, which is that of the counts
constexpr const char* kCounted = "%trd_counted";    // address of the thread's count
constexpr const char* kCount = "%trd_count";        // records seen before this one
constexpr const char* kNext = "%trd_next";
constexpr const char* kSize = "%trd_size";        // of a record of all threads
constexpr const char* kRecords = "%trd_records";  // addresses: of the records
constexpr const char* kPlace = "%trd_place";      // of the record
constexpr const char* kHeader = "%trd_header";    // of the thread's iteration numbers
constexpr const char* kValues = "%trd_values";    // of the values of all threads
constexpr const char* kValue = "%trd_value";      // of the thread's
constexpr const char* kFits = "%trd_fits";
constexpr const char* kHere = "%trd_here";  // the program is recorded, and the guard holds
constexpr const char* kGuard = "%trd_guard";
constexpr const char* kByte = "%trd_byte";

// to = a * b + c
std::string multiply_add(std::string_view to, std::string_view a, uint64_t b, std::string_view c) {
  return concat("\tmad.lo.s64 ", to, ", ", a, ", ", b, ", ", c, ";\n");
}

// Whether the program is recorded, and the guard holds.
std::string here_code(const PtxRecord& record, const PtxPlace& place) {
  std::string code = concat("\tsetp.ge.s64 ", kHere, ", ", place.ahead, ", 0;\n");
  if (record.guard.empty()) return code;
  return concat(code, record.guard_negated ? "\tnot.pred " : "\tmov.pred ", kGuard, ", ", record.guard,
                ";\n\tand.pred ", kHere, ", ", kHere, ", ", kGuard, ";\n");
}

// Where the thread's count is, what it is, and that it is one more now.
std::string count_code(const PtxRecord& record, const PtxPlace& place) {
  std::string code = concat("\tld.global.nc.v2.b64 {", kArea, ", ", kCapacity, "}, [", place.base, "+",
                            kTableEntryBytes * record.slot, "];\n");
  code += concat("\tmad.lo.s64 ", kBytes, ", ", kCapacity, ", ", record.record_bytes, ", ", kCountBytes, ";\n");
  code += concat("\tmad.lo.s64 ", kOffset, ", ", place.ahead, ", ", kBytes, ", ", kArea, ";\n");
  code += concat("\tadd.s64 ", kRow, ", ", place.base, ", ", kOffset, ";\n");
  code += multiply_add(kCounted, place.thread, kCountBytes, kRow);
  code += concat("\tmov.b64 ", kCount, ", 0;\n");
  if (record.repeats) code += concat("\t@", kHere, " ld.global.b64 ", kCount, ", [", kCounted, "];\n");
  code += concat("\tadd.s64 ", kNext, ", ", kCount, ", 1;\n");
  code += concat("\tsetp.lt.and.u64 ", kFits, ", ", kCount, ", ", kCapacity, ", ", kHere, ";\n");
  return concat(code, "\t@", kHere, " st.global.b64 [", kCounted, "], ", kNext, ";\n");
}

// Where the parts of the thread's record are.
std::string address_code(const PtxRecord& record, const PtxPlace& place) {
  std::string code = multiply_add(kRecords, place.threads, kCountBytes, kRow);
  code += concat("\tmul.lo.s64 ", kSize, ", ", place.threads, ", ", record.record_bytes, ";\n");
  code += concat("\tmad.lo.s64 ", kPlace, ", ", kCount, ", ", kSize, ", ", kRecords, ";\n");
  code += multiply_add(kHeader, place.thread, record.header_bytes, kPlace);
  code += multiply_add(kValues, place.threads, record.header_bytes, kPlace);
  return concat(code, multiply_add(kValue, place.thread, record.record_bytes - record.header_bytes, kValues));
}

}  // namespace

std::string record_registers() {
  std::string names;
  for (const char* name : {kArea, kCapacity, kBytes, kOffset, kRow, kCounted, kCount, kNext, kSize, kRecords, kPlace,
                           kHeader, kValues, kValue}) {
    names += concat(names.empty() ? "" : ", ", name);
  }
  return concat("\t.reg .b64 ", names, ";\n\t.reg .pred ", kFits, ", ", kHere, ", ", kGuard, ";\n\t.reg .b16 ", kByte,
                ";\n");
}

std::string record_code(const PtxRecord& record, const PtxPlace& place) {
  std::ostringstream out;
  out << here_code(record, place) << count_code(record, place) << address_code(record, place);
  for (size_t i = 0; i < record.iterations.size(); ++i) {
    out << "\t@" << kFits << " st.global.b64 [" << kHeader << "+" << 8 * i << "], " << record.iterations[i] << ";\n";
  }
  for (const PtxStore& store : record.stores) {
    const bool is_predicate = store.type == "pred";
    if (is_predicate) out << "\tselp.b16 " << kByte << ", 1, 0, " << store.value << ";\n";
    out << "\t@" << kFits << " st.global." << (is_predicate ? "b8" : store.type) << " [" << kValue << "+"
        << store.offset << "], " << (is_predicate ? kByte : store.value) << ";\n";
  }
  return out.str();
}

std::string place_code(uint32_t num_ctas, size_t slots, const PtxPlace& place) {
  std::ostringstream out;
  out << "\t.reg .b32 %trd_x, %trd_nx, %trd_cta, %trd_y, %trd_ny, %trd_z, %trd_tid, %trd_ntid;\n"
      << "\t.reg .b64 %trd_program, %trd_count_of, %trd_wide, %trd_entry, %trd_row;\n"
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
      << "\tmad.lo.s64 %trd_entry, %trd_program, " << kRowBytes << ", " << place.base << ";\n"
      << "\tld.global.nc.b64 %trd_row, [%trd_entry+" << kTableEntryBytes * slots << "];\n"
      << "\tcvt.u64.u32 " << place.threads << ", %trd_ntid;\n\tcvt.u64.u32 " << place.thread << ", %trd_tid;\n"
      << "\tmul.lo.s64 " << place.ahead << ", %trd_row, " << place.threads << ";\n";
  return out.str();
}

}  // namespace triton_runner::ir
