#include "runtime/kernel.h"

#include <charconv>

#include "runtime/error.h"

namespace triton_runner {
namespace {

// A hash table of atomic lists. The key is itself a hash, so its first digits are the bucket.
class Registry {
 public:
  Kernel* find(std::string_view key) const {
    for (const Node* node = bucket(key).load(std::memory_order_acquire); node != nullptr; node = node->next) {
      if (node->kernel.record().key == key) return const_cast<Kernel*>(&node->kernel);
    }
    return nullptr;
  }

  Kernel& add(KernelRecord record) {
    const std::lock_guard lock(add_mutex_);
    if (Kernel* known = find(record.key)) return *known;
    std::atomic<Node*>& head = bucket(record.key);
    auto* node = new Node(std::move(record), head.load(std::memory_order_relaxed));
    head.store(node, std::memory_order_release);
    return node->kernel;
  }

 private:
  struct Node {
    Node(KernelRecord record, Node* after) : kernel(std::move(record)), next(after) {}
    Kernel kernel;
    Node* next;
  };

  static constexpr size_t kBuckets = 4096;

  static size_t index(std::string_view key) {
    size_t value = 0;
    // NOLINTNEXTLINE(bugprone-suspicious-stringview-data-usage): from_chars takes the end
    std::from_chars(key.data(), key.data() + std::min<size_t>(key.size(), 3), value, 16);
    return value % kBuckets;
  }

  const std::atomic<Node*>& bucket(std::string_view key) const { return buckets_[index(key)]; }
  std::atomic<Node*>& bucket(std::string_view key) { return buckets_[index(key)]; }

  std::array<std::atomic<Node*>, kBuckets> buckets_{};
  std::mutex add_mutex_;
};

// Never destroyed: unloading modules while the process ends would race with the driver's own tear-down.
Registry& registry() {
  static auto* instance = new Registry;
  return *instance;
}

}  // namespace

Kernel::Kernel(KernelRecord record) : record_(std::move(record)), layout_(make_layout(record_.spec)) {}

const LoadedKernel& Kernel::loaded(Device device) {
  if (device.index >= 0 && device.index < kMaxDevices) [[likely]] {
    const auto& slot = loaded_[static_cast<size_t>(device.type)][static_cast<size_t>(device.index)];
    if (const LoadedKernel* kernel = slot.load(std::memory_order_acquire)) return *kernel;
  }
  return load(device);
}

const LoadedKernel& Kernel::load(Device device) {
  TR_CHECK(device.index >= 0 && device.index < kMaxDevices, ArgumentError, "kernel '", spec().name,
           "': device index is ", device.index, ", expected 0 to ", kMaxDevices - 1);
  auto& slot = loaded_[static_cast<size_t>(device.type)][static_cast<size_t>(device.index)];
  const std::lock_guard lock(load_mutex_);
  if (const LoadedKernel* kernel = slot.load(std::memory_order_acquire)) return *kernel;
  owned_.push_back(driver_of(device.type).load(record_, device.index));
  slot.store(owned_.back().get(), std::memory_order_release);
  return *owned_.back();
}

Kernel& register_kernel(KernelRecord record) { return registry().add(std::move(record)); }

Kernel& find_kernel(std::string_view key) {
  if (Kernel* kernel = registry().find(key)) [[likely]]
    return *kernel;
  raise<ArgumentError>("no kernel is registered under the key '", key.substr(0, 80),
                       "' in this process: load or compile it first (triton_runner.load, triton_runner.compile)");
}

}  // namespace triton_runner
