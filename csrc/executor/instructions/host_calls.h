// The functions that a kernel may call and that no PTX defines: the host runs them. vprintf and __assertfail.
// Tested in tests/csrc/executor/test_host_calls.cc.
#pragma once

#include <string_view>

#include "executor/decoder.h"

namespace triton_runner::executor {

void decode_host_call(Decoder& d, std::string_view name);  // UnsupportedError for any other name

}  // namespace triton_runner::executor
