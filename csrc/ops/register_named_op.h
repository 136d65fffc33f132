// Puts named ops into torch's dispatcher. Tested in tests/python/test_register_op.py.
#pragma once

#include "ops/named_op.h"

namespace triton_runner {

// Registers CPU, CUDA, Meta and ADInplaceOrView kernels for the op, and one for Autograd unless `own_autograd` says
// that the caller has its own. Once more with the same definition and kernel changes nothing. ArgumentError as NamedOp,
// and where the name is taken.
void register_named_op(const Json& definition, Kernel& kernel, bool own_autograd = false);

}  // namespace triton_runner
