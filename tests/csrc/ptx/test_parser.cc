#include "ptx/parser.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>

#include "reading.h"

namespace triton_runner::ptx {
namespace {

TEST(Parser, HeaderOfTheModule) {
  const Module module =
      parse(".version 8.7\n.target sm_90a, debug\n.address_size 64\n.file 1 \"a.py\"\n.file 2 \"b.py\", 12, 34\n");
  EXPECT_EQ(module.version_major, 8u);
  EXPECT_EQ(module.version_minor, 7u);
  EXPECT_EQ(module.target, "sm_90a");
  EXPECT_EQ(module.target_options, std::vector<std::string>{"debug"});
  EXPECT_EQ(module.find_file(2)->path, "b.py");
  EXPECT_EQ(module.find_file(2)->size, 34u);
  EXPECT_EQ(module.find_file(3), nullptr);
}

TEST(Parser, ParametersHaveSizesAndOffsets) {
  const Module module = parse(concat(kHeader, R"(.visible .entry k(
    .param .u64 .ptr .global .align 16 p, .param .u8 flag, .param .align 2 .b8 half[2], .param .u32 n,
    .param .align 64 .b8 map[128], .param .f64 x)
    { ret; })"));
  const std::vector<Param>& params = module.functions[0].params;
  ASSERT_EQ(params.size(), 6u);
  EXPECT_TRUE(params[0].is_pointer);
  EXPECT_EQ(params[0].pointer_space, Space::Global);
  EXPECT_EQ(params[0].pointer_align, 16u);
  const std::vector<uint64_t> offsets = {0, 8, 10, 12, 64, 192};
  const std::vector<uint64_t> sizes = {8, 1, 2, 4, 128, 8};
  for (size_t i = 0; i < params.size(); ++i) {
    EXPECT_EQ(params[i].offset, offsets[i]) << i;
    EXPECT_EQ(params[i].size, sizes[i]) << i;
  }
  EXPECT_EQ(module.functions[0].param_bytes, 200u);
}

TEST(Parser, DirectivesOfAKernel) {
  const Module module = parse(concat(kHeader, R"(.entry k() .reqntid 128, 2 .maxntid 256 .minnctapersm 2 .maxnreg 64
    .explicitcluster .reqnctapercluster 2 .maxclusterrank 8 .pragma "nounroll"; { ret; })"));
  const Directives& directives = module.functions[0].directives;
  EXPECT_EQ(directives.reqntid, (Extent{128, 2, 1}));
  EXPECT_EQ(directives.maxntid, (Extent{256, 1, 1}));
  EXPECT_EQ(directives.reqnctapercluster, (Extent{2, 1, 1}));
  EXPECT_EQ(directives.minnctapersm, 2u);
  EXPECT_EQ(directives.maxnreg, 64u);
  EXPECT_EQ(directives.maxclusterrank, 8u);
  EXPECT_TRUE(directives.explicitcluster);
  EXPECT_EQ(directives.pragmas, std::vector<std::string>{"nounroll"});
}

TEST(Parser, VariablesAndTheirInitializers) {
  const Module module = parse(concat(kHeader, R"(.extern .shared .align 16 .b8 smem[];
    .global .align 1 .b8 text[4] = {104, 105, 0};
    .const .align 8 .u64 table[3] = {generic(text)+1, text, 7};
    .global .v2 .f32 pair[2][3];
    .global .s32 x = -2, y;)"));
  ASSERT_EQ(module.variables.size(), 6u);
  EXPECT_TRUE(module.variables[0].unsized);
  EXPECT_EQ(module.variables[0].linkage, Linkage::Extern);
  EXPECT_EQ(module.variables[1].size, 4u);
  EXPECT_EQ(module.variables[1].init, (std::vector<std::byte>{std::byte{104}, std::byte{105}, std::byte{0}}));
  const Variable& table = module.variables[2];
  ASSERT_EQ(table.relocations.size(), 2u);
  EXPECT_TRUE(table.relocations[0].generic);
  EXPECT_EQ(table.relocations[0].addend, 1);
  EXPECT_EQ(table.relocations[1].offset, 8u);
  EXPECT_EQ(table.init[16], std::byte{7});
  EXPECT_EQ(module.variables[3].size, 48u);
  EXPECT_EQ(module.variables[3].align, 8u);
  EXPECT_EQ(module.variables[4].init[3], std::byte{0xFF});
}

TEST(Parser, NestedScopesHaveRegistersAndLabelsOfTheirOwn) {
  const Module module = parse_kernel(R"(mov.b32 %r0, 1;
{ .reg .pred p; .reg .b32 %r<2>;
loop: setp.eq.b32 p, %r0, 0; @p bra done; bra loop; }
{ .reg .pred p;
loop: @!p bra.uni loop; }
done:)");
  const Function& kernel = module.functions[0];
  const auto& code = kernel.instructions;
  EXPECT_NE(code[0].operands[0].index, code[1].operands[1].index) << "%r0 of the inner scope is another register";
  EXPECT_EQ(kernel.register_name(code[0].operands[0].index), "%r0");
  EXPECT_EQ(kernel.register_name(code[1].operands[1].index), "%r0");
  EXPECT_NE(code[1].operands[0].index, code[4].guard);
  EXPECT_EQ(kernel.labels[code[2].operands[0].index].instruction, 5u) << "done is declared later, in the outer scope";
  EXPECT_EQ(kernel.labels[code[3].operands[0].index].instruction, 1u);
  EXPECT_EQ(kernel.labels[code[4].operands[0].index].instruction, 4u);
  EXPECT_TRUE(code[4].guard_negated);
  EXPECT_EQ(kernel.register_types[code[4].guard], Type::Pred);
}

TEST(Parser, LocationsKnowWhatTheyAreInlinedAt) {
  const Module module = parse_kernel(R"(.loc 1 10 3
mov.b32 %r0, 1;
.loc 2 43 17, function_name $L__info_string0+8, inlined_at 1 10 3
mov.b32 %r1, 2;)");
  const Function& kernel = module.functions[0];
  EXPECT_EQ(kernel.instructions[0].loc, 0u);
  EXPECT_EQ(kernel.instructions[0].line.number, 11u);
  const Loc& loc = module.locs[kernel.instructions[1].loc];
  EXPECT_EQ(loc.line, 43u);
  EXPECT_EQ(loc.function_name, "$L__info_string0");
  EXPECT_EQ(loc.function_offset, 8);
  EXPECT_EQ(loc.parent, 0u);
  EXPECT_EQ(module.locs[0].parent, kNone);
}

TEST(Parser, CallsHaveResultsCalleeAndArguments) {
  const Module module = parse(concat(kHeader, R"(.extern .func (.param .b32 r) vprintf (.param .b64 _, .param .b64 _);
.func helper(.reg .b32 %a, .param .b32 b) { .reg .b32 %r<2>; mov.b32 %r0, %a; ld.param.b32 %r1, [b]; ret; }
.visible .entry k() { .reg .b32 %r<2>; .reg .b64 %rd<2>;
{ .param .b64 p0; .param .b64 p1; .param .b32 retval;
st.param.b64 [p0], %rd0;
call.uni (retval), vprintf, (p0, p1);
ld.param.b32 %r0, [retval]; }
call helper, (%r0, 5);
proto: .callprototype (.param .b32 _) _ (.param .b64 _);
call (%r0), %rd0, (%r1), proto;
call vprintf;
ret; })"));
  const auto& code = module.functions[2].instructions;
  const Instruction& print = code[1];
  ASSERT_EQ(print.operands.size(), 3u);
  EXPECT_EQ(print.operands[0].elements[0].symbol, SymbolKind::Local);
  EXPECT_EQ(print.operands[1].symbol, SymbolKind::Function);
  EXPECT_EQ(print.operands[2].elements.size(), 2u);
  EXPECT_TRUE(code[3].operands[0].elements.empty());
  ASSERT_EQ(code[4].operands.size(), 4u);
  EXPECT_EQ(code[4].operands[3].symbol, SymbolKind::Prototype);
  EXPECT_EQ(code[5].operands[2].elements.size(), 0u);
  EXPECT_EQ(module.functions[1].params[0].reg, 0u);
  EXPECT_EQ(module.functions[1].register_name(0), "%a");
}

TEST(Parser, CallsPointAtTheDefinition) {
  const Module module = parse(concat(kHeader, ".func f();\n.entry k() { call f; ret; }\n.func f() { ret; }\n"));
  EXPECT_EQ(module.functions[1].instructions[0].operands[1].index, 2u);
}

TEST(Parser, BranchTables) {
  const Module module = parse_kernel("t: .branchtargets L0, L1;\nbrx.idx %r0, t;\nL0: L1:");
  const Function& kernel = module.functions[0];
  EXPECT_EQ(kernel.instructions[0].operands[1].kind, OperandKind::BranchTable);
  EXPECT_EQ(kernel.branch_tables[0].labels, (std::vector<uint32_t>{0, 1}));
}

TEST(Parser, EntriesAreFound) {
  const Module module = parse(concat(kHeader, ".entry a() { ret; }\n.func f() { ret; }\n.entry b() { ret; }\n"));
  EXPECT_EQ(module.entries().size(), 2u);
  EXPECT_EQ(module.find_entry("b"), &module.functions[2]);
  EXPECT_EQ(module.find_entry("f"), nullptr);
}

TEST(Parser, MalformedTextIsNamedWithItsLine) {
  EXPECT_EQ(parse_error(""), "ArtifactError: the PTX text is empty");
  EXPECT_EQ(parse_error("define void @f()"),
            "ArtifactError: PTX line 1, 'define void @f()': unexpected 'define'; expected '.version': PTX text starts "
            "with it");
  EXPECT_EQ(parse_error(".version x\n"), "ArtifactError: PTX line 1, '.version x': expected a version such as 8.7");
  EXPECT_EQ(
      parse_error(".version 8.7\n.entry k() { ret; }"),
      "ArtifactError: PTX line 2, '.entry k() { ret; }': unexpected 'entry'; expected '.target' behind the version");
  EXPECT_EQ(statement_error("add.s32 %r0, %r1"), "ArtifactError: PTX line 11, 'ret;': unexpected 'ret'; expected ';'");
  EXPECT_EQ(statement_error("bra nowhere;"),
            "ArtifactError: PTX line 10, 'bra nowhere;': label 'nowhere' is not declared in function 'k'");
  EXPECT_EQ(statement_error("@%r0 ret;"),
            "ArtifactError: PTX line 10, '@%r0 ret;': expected a predicate register after '@'");
  EXPECT_EQ(statement_error("L:\nL:"), "ArtifactError: PTX line 11, 'L:': label 'L' is declared twice in one scope");
  EXPECT_EQ(statement_error(".reg .b32 %r<4>;"),
            "ArtifactError: PTX line 10, '.reg .b32 %r<4>;': register '%r' is declared twice in one scope");
  EXPECT_EQ(statement_error("call nothing;"),
            "ArtifactError: PTX line 10, 'call nothing;': 'nothing' is neither declared before this line nor a special "
            "register that "
            "we know");
  EXPECT_EQ(parse_error(concat(kHeader, ".global .b8 x;\n.global .b8 x;\n")),
            "ArtifactError: PTX line 5, '.global .b8 x;': 'x' is declared twice");
  EXPECT_EQ(parse_error(concat(kHeader, ".global .b8 x[1] = {1, 2};\n")),
            "ArtifactError: PTX line 4, '.global .b8 x[1] = {1, 2};': the initializer of 'x' has 2 bytes; the variable "
            "has 1");
}

TEST(Parser, TruncatedTextIsNamed) {
  const std::string text = kernel_text("add.s32 %r0, %r1, %r2;");
  for (size_t length = 1; length + 2 < text.size(); ++length) {
    const std::string error = parse_error(text.substr(0, length));
    const bool is_whole_so_far = length <= text.find(".visible") && error == "accepted";
    EXPECT_TRUE(is_whole_so_far || error.starts_with("ArtifactError: ") || error.starts_with("UnsupportedError: "))
        << error;
  }
  EXPECT_NE(parse_error(text.substr(0, text.size() - 3)).find("is the file cut off?"), std::string::npos);
}

TEST(Parser, WhatIsNotCoveredIsUnsupported) {
  EXPECT_EQ(statement_error("tex.1d.v4.f32.s32 {%r0, %r1, %r2, %r3}, [%rd0, {%r4}];"),
            "UnsupportedError: PTX line 10, 'tex.1d.v4.f32.s32 {%r0, %r1, %r2, %r3}, [%rd0, {%r4}];': unknown opcode "
            "'tex.1d.v4.f32.s32'; expected one of those in docs/ptx-coverage.md");
  EXPECT_TRUE(statement_error("add.f8 %r0, %r1, %r2;").starts_with("UnsupportedError: PTX line 10, "));
  EXPECT_TRUE(statement_error(".unknown 3;").starts_with("UnsupportedError: PTX line 10, "));
  EXPECT_TRUE(
      parse_error(".version 8.7\n.target sm_80\n.address_size 32\n").starts_with("UnsupportedError: PTX line 3, "));
  EXPECT_TRUE(parse_error(concat(kHeader, ".alias a, b;")).starts_with("UnsupportedError: PTX line 4, "));
  EXPECT_TRUE(
      parse_error(concat(kHeader, ".entry k() .unknown { ret; }")).starts_with("UnsupportedError: PTX line 4, "));
}

TEST(Parser, WhatTheFuzzerFoundIsRefused) {
  EXPECT_FALSE(refused_files().empty());
  for (const auto& path : refused_files()) {
    const std::string error = parse_error(read_text(path));
    EXPECT_TRUE(error.starts_with("ArtifactError: ") || error.starts_with("UnsupportedError: "))
        << path << ": " << error;
  }
}

TEST(Parser, SizesAreBounded) {
  EXPECT_NE(statement_error(".reg .b32 %x<4294967295>;").find("ArtifactError"), std::string::npos);
  EXPECT_NE(statement_error(".reg .b32 %x<262144>;").find("UnsupportedError"), std::string::npos);
  EXPECT_NE(parse_error(concat(kHeader, ".global .b64 x[4294967296][4294967296];")).find("ArtifactError"),
            std::string::npos);
  EXPECT_NE(parse_error(concat(kHeader, ".entry k(.param .b8 p[40000]) { ret; }")).find("ArtifactError"),
            std::string::npos);
  EXPECT_NE(parse_error(concat(kHeader, ".global .align 3 .b8 x;")).find("alignment 3 is no power of two"),
            std::string::npos);
  const std::string deep(1000, '{');
  EXPECT_NE(statement_error(deep).find("braces nest more than 64 deep"), std::string::npos);
}

TEST(Parser, AMegabyteTakesLessThanASecond) {
  std::string statements;
  while (statements.size() < 1 << 20) {
    statements += "add.s32 %r1, %r2, 31;\n@%p1 ld.global.v4.b32 {%r1, %r2, %r3, %r4}, [%rd1+16];\nbra L;\n";
  }
  const std::string text = kernel_text(statements + "L:");
  const auto start = std::chrono::steady_clock::now();
  EXPECT_GT(parse(text).functions[0].instructions.size(), 30000u);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(1));
}

}  // namespace
}  // namespace triton_runner::ptx
