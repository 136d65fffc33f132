// PTX text to Module.
//
// Malformed text is an ArtifactError, text that is PTX but beyond the opcode table an UnsupportedError; both name the
// line, show it, and say what was expected. The text may come from anywhere: every size, count and depth is bounded,
// and nothing recurses. Files: lexer.h cuts the text, reader.h has the small readings, declaration.h the variables and
// parameters, body.h the bodies of functions, operand.h the operands; match.h holds each instruction against the table.
// Tested in tests/csrc/ptx/test_parser.cc, and by the fuzz target tests/fuzz/ptx_reader.cc.
#pragma once

#include <string_view>

#include "ptx/module.h"

namespace triton_runner::ptx {

Module parse(std::string_view text);

}  // namespace triton_runner::ptx
