#include "ir/mlir_record.h"

#include <utility>

#include "runtime/error.h"

namespace triton_runner::ir::mlir {
namespace {

std::string tensor(const std::vector<int64_t>& extents, std::string_view element, std::string_view encoding) {
  Type type{Shape::Tensor, extents, element, encoding, {}};
  return with_element(type, element);
}

std::string pointer_to(std::string_view element) { return "!tt.ptr<" + std::string(element) + ">"; }

}  // namespace

std::string RecordWriter::emit(const std::string& right_side) {
  std::string name = fresh();
  line(name + " = " + right_side);
  return name;
}

std::string RecordWriter::constant(uint64_t value) {
  return emit("arith.constant " + std::to_string(static_cast<int64_t>(value)) + " : i64");
}

std::string RecordWriter::address(const std::string& base, const std::string& offset) {
  return emit("tt.addptr " + base + ", " + offset + " : !tt.ptr<i8>, i64");
}

std::string RecordWriter::cast(const std::string& pointer, const std::string& element) {
  if (element == "i8") return pointer;
  return emit("tt.bitcast " + pointer + " : !tt.ptr<i8> -> " + pointer_to(element));
}

std::string RecordWriter::open_root(const std::string& buffer, size_t slots) {
  const auto wide = [&](const std::string& what) { return emit("arith.extsi " + emit(what) + " : i32 to i64"); };
  const std::string z = wide("tt.get_program_id z : i32");
  const std::string y = wide("tt.get_program_id y : i32");
  const std::string x = wide("tt.get_program_id x : i32");
  const std::string grid_y = wide("tt.get_num_programs y : i32");
  const std::string grid_x = wide("tt.get_num_programs x : i32");
  const auto both = [&](std::string_view op, const std::string& a, const std::string& b) {
    return emit("arith." + std::string(op) + " " + a + ", " + b + " : i64");
  };
  const std::string plane = both("addi", both("muli", z, grid_y), y);
  const std::string program = both("addi", both("muli", plane, grid_x), x);
  const std::string offset =
      both("addi", both("muli", program, constant(kRowBytes)), constant(kTableEntryBytes * slots));
  row_ = emit("tt.load " + cast(address(buffer, offset), "i64") + " : !tt.ptr<i64>");
  counted_ = emit("arith.cmpi sge, " + row_ + ", " + constant(0) + " : i64");
  return take();
}

std::string RecordWriter::open_slot(size_t index, const Slot& slot, Area& area, const std::string& buffer) {
  const auto both = [&](std::string_view op, const std::string& a, const std::string& b) {
    return emit("arith." + std::string(op) + " " + a + ", " + b + " : i64");
  };
  const std::string entry = address(buffer, constant(kTableEntryBytes * index));
  const std::string stated = emit("tt.load " + cast(entry, "i64") + " : !tt.ptr<i64>");
  // A multiple of the alignment, said in a way that the compiler understands: it then stores in wide pieces.
  const std::string offset = both("muli", both("divui", stated, constant(kAlignment)), constant(kAlignment));
  const std::string behind = address(entry, constant(8));
  const std::string capacity = emit("tt.load " + cast(behind, "i64") + " : !tt.ptr<i64>");
  const std::string bytes =
      both("addi", both("muli", capacity, constant(record_bytes(slot))), constant(count_bytes(slot)));
  const std::string begin = address(address(buffer, offset), both("muli", row_, bytes));
  area.count = cast(begin, "i64");
  area.records = address(begin, constant(count_bytes(slot)));
  area.counted = counted_;
  area.capacity = emit("arith.select " + counted_ + ", " + capacity + ", " + constant(0) + " : i64");
  return take();
}

std::string RecordWriter::record(const Slot& slot, const Type& type, std::string value, const Area& area,
                                 const std::string& run, const std::vector<std::string>& iterations) {
  const std::string allowed = emit("arith.cmpi ult, " + run + ", " + area.capacity + " : i64");
  std::string at = area.records;
  if (slot.depth > 0) {
    at = address(at, emit("arith.muli " + run + ", " + constant(record_bytes(slot)) + " : i64"));
  }
  for (size_t i = 0; i < iterations.size(); ++i) {
    const std::string place = i == 0 ? at : address(at, constant(8 * i));
    line("tt.store " + cast(place, "i64") + ", " + iterations[i] + ", " + allowed + " : !tt.ptr<i64>");
  }
  if (header_bytes(slot) > 0) at = address(at, constant(header_bytes(slot)));
  if (type.shape == Shape::Scalar) {
    store_scalar(type, std::move(value), at, allowed);
  } else {
    store_tensor(type, std::move(value), at, allowed);
  }
  const std::string seen = emit("arith.addi " + run + ", " + constant(1) + " : i64");
  line("tt.store " + area.count + ", " + seen + ", " + area.counted + " : !tt.ptr<i64>");
  return take();
}

// What memory takes in place of the value, and its element.
std::string RecordWriter::storable(const Type& type, std::string value, std::string& element) {
  const auto convert = [&](std::string_view op, std::string_view arrow, std::string_view to) {
    element = to;
    return emit(std::string(op) + " " + value + " : " + with_element(type, type.element) + std::string(arrow) +
                with_element(type, to));
  };
  if (type.element == "i1") return convert("arith.extui", " to ", "i8");
  if (type.element == "index") return convert("arith.index_cast", " to ", "i64");
  if (element_name(type.element) == "ptr") return convert("tt.ptr_to_int", " -> ", "i64");
  element = type.element;
  return value;
}

void RecordWriter::store_scalar(const Type& type, std::string value, const std::string& at,
                                const std::string& allowed) {
  std::string element;
  value = storable(type, std::move(value), element);
  line("tt.store " + cast(at, element) + ", " + value + ", " + allowed + " : " + pointer_to(element));
}

void RecordWriter::store_tensor(const Type& type, std::string value, const std::string& at,
                                const std::string& allowed) {
  std::string element;
  value = storable(type, std::move(value), element);
  const std::string pointer = pointer_to(element);
  const std::string pointers = with_element(type, pointer);
  const std::string base = emit("tt.splat " + cast(at, element) + " : " + pointer + " -> " + pointers);
  const std::string places =
      emit("tt.addptr " + base + ", " + element_index(type) + " : " + pointers + ", " + with_element(type, "i32"));
  const std::string mask = emit("tt.splat " + allowed + " : i1 -> " + with_element(type, "i1"));
  line("tt.store " + places + ", " + value + ", " + mask + " : " + pointers);
}

// The number of each element in row-major order.
std::string RecordWriter::element_index(const Type& type) {
  const std::string whole = with_element(type, "i32");
  std::string sum;
  int64_t stride = 1;
  for (size_t d = type.extents.size(); d-- > 0; stride *= type.extents[d]) {
    if (type.extents[d] == 1) continue;
    const std::string along = index_along(type, d, stride);
    sum = sum.empty() ? along : emit(concat("arith.addi ", sum, ", ", along, " : ", whole));
  }
  return sum.empty() ? emit("arith.constant dense<0> : " + whole) : sum;
}

std::string RecordWriter::index_along(const Type& type, size_t dimension, int64_t stride) {
  // The layout of one dimension alone: all others sliced off, the last one first.
  const size_t rank = type.extents.size();
  std::vector<std::string> layouts{std::string(type.encoding)};
  std::vector<size_t> sliced;
  for (size_t d = rank; d-- > 0;) {
    if (d == dimension) continue;
    const std::string& from = layouts.back();
    sliced.push_back(d);
    layouts.push_back(from.empty() ? "" : "#ttg.slice<{dim = " + std::to_string(d) + ", parent = " + from + "}>");
  }
  std::vector<int64_t> extents{type.extents[dimension]};
  std::string shape = tensor(extents, "i32", layouts.back());
  std::string index =
      emit("tt.make_range {end = " + std::to_string(extents[0]) + " : i32, start = 0 : i32} : " + shape);
  if (stride != 1) {
    const std::string factor = emit("arith.constant dense<" + std::to_string(stride) + "> : " + shape);
    index = emit("arith.muli " + index + ", " + factor + " : " + shape);
  }
  for (size_t i = sliced.size(); i-- > 0;) {
    // The slices are undone in reverse, so all dimensions below the one that comes back are there already.
    extents.insert(extents.begin() + static_cast<ptrdiff_t>(sliced[i]), 1);
    const std::string expanded = tensor(extents, "i32", layouts[i]);
    index = emit(concat("tt.expand_dims ", index, " {axis = ", sliced[i], " : i32} : ", shape, " -> ", expanded));
    shape = expanded;
  }
  const std::string whole = with_element(type, "i32");
  return shape == whole ? index : emit("tt.broadcast " + index + " : " + shape + " -> " + whole);
}

}  // namespace triton_runner::ir::mlir
