// Runs an AOTInductor package with kernels of triton_runner in it: LibTorch, no Python.
//
//   run_package <folder of kernels> <package.pt2> <rows> <columns>
//
// The ops are registered from the folder that triton_runner.save_ops wrote, before the package is loaded, for the
// package names them. Prints the largest difference to what torch computes. Tested in tests/python/test_models.py.
#include <ATen/ATen.h>
#include <torch/csrc/inductor/aoti_package/model_package_loader.h>

#include <cstdlib>
#include <iostream>

#include "ops/load_ops.h"

namespace {

// What examples/models/package.py exports.
at::Tensor reference(const at::Tensor& x) { return at::softmax(x * 2, 1) * 3 + 1; }

int run(const std::string& folder, const std::string& package, int64_t rows, int64_t columns) {
  for (const std::string& name : triton_runner::load_ops(folder)) std::cout << "registered " << name << "\n";
  torch::inductor::AOTIModelPackageLoader model(package);
  const bool on_gpu = model.get_metadata().at("AOTI_DEVICE_KEY") != "cpu";
  const at::Tensor x = at::randn({rows, columns}, on_gpu ? at::kCUDA : at::kCPU);
  std::vector<at::Tensor> inputs{x};
  const at::Tensor out = model.run(inputs).at(0);
  const double difference = (out - reference(x)).abs().max().item<double>();
  std::cout << "softmax of " << rows << " x " << columns << " on " << out.device() << ": differs from torch by "
            << difference << "\n";
  return difference < 1e-5 ? EXIT_SUCCESS : EXIT_FAILURE;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) {
    std::cerr << "usage: run_package <folder of kernels> <package.pt2> <rows> <columns>\n";
    return EXIT_FAILURE;
  }
  try {
    return run(argv[1], argv[2], std::atoll(argv[3]), std::atoll(argv[4]));
  } catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return EXIT_FAILURE;
  }
}
