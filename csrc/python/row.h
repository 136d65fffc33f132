// A growing row of plain values that begins on the stack. c10::SmallVector does the same, but calls a function for each
// push, of which a launch makes a hundred.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <type_traits>
#include <utility>

namespace triton_runner::python {

template <typename T, size_t kInline>
class Row {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  Row() = default;
  Row(const Row&) = delete;
  Row& operator=(const Row&) = delete;

  void push(T value) {
    if (size_ == capacity_) [[unlikely]]
      grow();
    data_[size_++] = value;
  }

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  T* data() { return data_; }
  const T* data() const { return data_; }
  const T* begin() const { return data_; }
  const T* end() const { return data_ + size_; }
  T operator[](size_t index) const { return data_[index]; }
  T back() const { return data_[size_ - 1]; }

 private:
  void grow() {
    auto larger = std::make_unique<T[]>(2 * capacity_);
    std::copy(begin(), end(), larger.get());
    heap_ = std::move(larger);
    data_ = heap_.get();
    capacity_ *= 2;
  }

  T inline_[kInline];
  T* data_ = inline_;
  size_t size_ = 0;
  size_t capacity_ = kInline;
  std::unique_ptr<T[]> heap_;
};

}  // namespace triton_runner::python
