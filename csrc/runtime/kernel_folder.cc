#include "runtime/kernel_folder.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>

#include "runtime/error.h"
#include "runtime/record_json.h"

namespace triton_runner {
namespace {

namespace fs = std::filesystem;

std::string read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream content;
  content << file.rdbuf();
  TR_CHECK(file.good() && content.good(), ArtifactError, path.string(), " cannot be read");
  return std::move(content).str();
}

StoredKernel register_file(const fs::path& path) {
  StoredKernel stored;
  const std::string text = read_file(path);
  stored.sidecar = Json::parse(text);
  const Fields fields(stored.sidecar, path.string());
  KernelSpec spec = spec_from_value(fields.require("triton_runner"));
  std::map<std::string, std::string> images;
  for (const char* level : {"ptx", "cubin", "hsaco"}) {
    const fs::path image = fs::path(path).replace_extension(level);
    if (fs::exists(image)) images.emplace(level, read_file(image));
  }
  TR_CHECK(!images.empty(), ArtifactError, path.string(), ": there is no ", path.stem().string(),
           ".ptx, .cubin or .hsaco beside it");
  stored.kernel = &register_kernel(make_record(std::move(spec), std::move(images)));
  return stored;
}

}  // namespace

std::vector<StoredKernel> register_kernel_folder(const std::string& folder) {
  TR_CHECK(fs::is_directory(folder), ArtifactError, folder, " is no folder, expected one with kernels");
  std::vector<fs::path> files;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() == ".json") files.push_back(entry.path());
  }
  std::ranges::sort(files);
  TR_CHECK(!files.empty(), ArtifactError, folder, " has no .json file, expected the record of at least one kernel");
  std::vector<StoredKernel> out;
  for (const fs::path& path : files) out.push_back(register_file(path));
  return out;
}

}  // namespace triton_runner
