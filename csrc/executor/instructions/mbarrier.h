// What copies need of an mbarrier.
#pragma once

#include <cstddef>
#include <cstdint>

namespace triton_runner::executor {

// Bytes that a copy has written count towards the phase of the mbarrier at this address.
void complete_bytes(std::byte* mbarrier, int64_t bytes);

}  // namespace triton_runner::executor
