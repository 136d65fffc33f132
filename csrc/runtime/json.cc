#include "runtime/json.h"

#include <charconv>
#include <cmath>
#include <limits>

#include "runtime/error.h"

namespace triton_runner {
namespace {

constexpr int kMaxDepth = 64;  // the reader recurses; a sidecar nests four deep

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  Json document() {
    Json value = this->value(0);
    skip_space();
    if (at_ < text_.size()) fail("nothing after the value");
    return value;
  }

 private:
  [[noreturn]] void fail(std::string_view expected) const {
    size_t line = 1;
    size_t column = 1;
    for (size_t i = 0; i < at_ && i < text_.size(); ++i) {
      column = text_[i] == '\n' ? 1 : column + 1;
      line += text_[i] == '\n';
    }
    const std::string found = at_ < text_.size() ? concat("'", text_[at_], "'") : "the end of the text";
    raise<MetadataError>("malformed JSON at line ", line, ", column ", column, ": found ", found, ", expected ",
                         expected);
  }

  void skip_space() {
    while (at_ < text_.size() && std::string_view(" \t\r\n").find(text_[at_]) != std::string_view::npos) ++at_;
  }

  bool accept(std::string_view word) {
    if (text_.substr(at_, word.size()) != word) return false;
    at_ += word.size();
    return true;
  }

  void expect(char c, std::string_view what) {
    skip_space();
    if (at_ >= text_.size() || text_[at_] != c) fail(what);
    ++at_;
  }

  Json value(int depth) {
    if (depth > kMaxDepth) fail("at most 64 levels of nesting");
    skip_space();
    if (at_ >= text_.size()) fail("a value");
    switch (text_[at_]) {
      case '{':
        return object(depth);
      case '[':
        return array(depth);
      case '"':
        return string();
      default:
        return scalar();
    }
  }

  Json scalar() {
    if (accept("true")) return true;
    if (accept("false")) return false;
    if (accept("null")) return nullptr;
    if (accept("NaN")) return std::numeric_limits<double>::quiet_NaN();
    if (accept("Infinity")) return std::numeric_limits<double>::infinity();
    if (accept("-Infinity")) return -std::numeric_limits<double>::infinity();
    return number();
  }

  Json number() {
    size_t end = at_;
    while (end < text_.size() && std::string_view("+-.eE0123456789").find(text_[end]) != std::string_view::npos) ++end;
    const std::string_view word = text_.substr(at_, end - at_);
    if (!is_number(word)) fail("a value");
    const char* first = word.data();
    const char* last = first + word.size();
    Json result;
    int64_t integer = 0;
    if (auto [stop, error] = std::from_chars(first, last, integer); error == std::errc() && stop == last) {
      result = integer;
    } else {
      double real = 0;
      if (auto [real_stop, real_error] = std::from_chars(first, last, real);
          real_error != std::errc() || real_stop != last) {
        fail("a number that a double can hold");
      }
      result = real;
    }
    at_ = end;
    return result;
  }

  // RFC 8259, section 6: [ - ] int [ frac ] [ exp ]
  static bool is_number(std::string_view word) {
    size_t i = word.starts_with('-');
    auto digits = [&] {
      const size_t begin = i;
      while (i < word.size() && word[i] >= '0' && word[i] <= '9') ++i;
      return i - begin;
    };
    const size_t leading = i;
    const size_t count = digits();
    if (count == 0 || (count > 1 && word[leading] == '0')) return false;
    if (i < word.size() && word[i] == '.') {
      ++i;
      if (digits() == 0) return false;
    }
    if (i < word.size() && (word[i] == 'e' || word[i] == 'E')) {
      ++i;
      if (i < word.size() && (word[i] == '+' || word[i] == '-')) ++i;
      if (digits() == 0) return false;
    }
    return i == word.size();
  }

  Json array(int depth) {
    expect('[', "'['");
    Json::Array items;
    skip_space();
    if (accept("]")) return items;
    while (true) {
      items.push_back(value(depth + 1));
      skip_space();
      if (accept("]")) return items;
      expect(',', "',' or ']'");
    }
  }

  Json object(int depth) {
    expect('{', "'{'");
    Json::Object members;
    skip_space();
    if (accept("}")) return members;
    while (true) {
      skip_space();
      if (at_ >= text_.size() || text_[at_] != '"') fail("a key in double quotes");
      std::string key = string();
      for (const auto& member : members) {
        if (member.first == key) fail(concat("each key once, but '", key, "' is there twice"));
      }
      expect(':', "':'");
      Json member = value(depth + 1);
      members.emplace_back(std::move(key), std::move(member));
      skip_space();
      if (accept("}")) return members;
      expect(',', "',' or '}'");
    }
  }

  std::string string() {
    expect('"', "'\"'");
    std::string out;
    while (true) {
      if (at_ >= text_.size()) fail("the closing quote of a string");
      const char c = text_[at_];
      if (static_cast<unsigned char>(c) < 0x20) fail("no control character inside a string");
      ++at_;
      if (c == '"') return out;
      if (c == '\\') {
        escape(out);
      } else {
        out += c;
      }
    }
  }

  void escape(std::string& out) {
    static constexpr std::string_view kNames = "\"\\/bfnrt";
    static constexpr std::string_view kValues = "\"\\/\b\f\n\r\t";
    if (at_ >= text_.size()) fail("an escape sequence");
    if (const size_t which = kNames.find(text_[at_]); which != std::string_view::npos) {
      ++at_;
      out += kValues[which];
      return;
    }
    if (!accept("u")) fail("an escape sequence");
    uint32_t code = hex4();
    if (code >= 0xD800 && code < 0xDC00 && accept("\\u")) {
      const uint32_t low = hex4();
      if (low < 0xDC00 || low > 0xDFFF) fail("the second half of a surrogate pair");
      code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
    } else if (code >= 0xD800 && code <= 0xDFFF) {
      fail("a surrogate pair");
    }
    append_utf8(out, code);
  }

  uint32_t hex4() {
    uint32_t code = 0;
    if (at_ + 4 > text_.size()) fail("four hexadecimal digits");
    const char* first = text_.data() + at_;
    if (auto [stop, error] = std::from_chars(first, first + 4, code, 16); error != std::errc() || stop != first + 4) {
      fail("four hexadecimal digits");
    }
    at_ += 4;
    return code;
  }

  static void append_utf8(std::string& out, uint32_t code) {
    if (code < 0x80) {
      out += static_cast<char>(code);
      return;
    }
    const int extra = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    static constexpr uint32_t kLead[] = {0, 0xC0, 0xE0, 0xF0};
    out += static_cast<char>(kLead[extra] | (code >> (6 * extra)));
    for (int i = extra - 1; i >= 0; --i) out += static_cast<char>(0x80 | ((code >> (6 * i)) & 0x3F));
  }

  std::string_view text_;
  size_t at_ = 0;
};

void write_string(std::string& out, std::string_view text) {
  static constexpr char kHex[] = "0123456789abcdef";
  out += '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20) {
      out += "\\u00";
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    } else {
      out += c;
    }
  }
  out += '"';
}

void write_double(std::string& out, double value) {
  if (std::isnan(value)) {
    out += "NaN";
  } else if (std::isinf(value)) {
    out += value < 0 ? "-Infinity" : "Infinity";
  } else {
    char buffer[32];
    const auto [end, error] = std::to_chars(buffer, buffer + sizeof buffer, value);
    TR_ASSERT(error == std::errc());
    const std::string_view text(buffer, static_cast<size_t>(end - buffer));
    out += text;
    if (text.find_first_of(".e") == std::string_view::npos) out += ".0";  // stays a double when it is read again
  }
}

}  // namespace

Json Json::parse(std::string_view text) { return Reader(text).document(); }

const char* Json::type_name() const {
  static constexpr const char* kNames[] = {"null",     "a boolean", "an integer", "a number",
                                           "a string", "an array",  "an object"};
  return kNames[value_.index()];
}

const Json* Json::find(std::string_view key) const {
  if (const auto* members = get<Object>()) {
    for (const auto& [name, value] : *members) {
      if (name == key) return &value;
    }
  }
  return nullptr;
}

std::string Json::dump() const {
  std::string out;
  write(out);
  return out;
}

void Json::write(std::string& out) const {
  if (is_null()) {
    out += "null";
  } else if (const auto* boolean = get<bool>()) {
    out += *boolean ? "true" : "false";
  } else if (const auto* integer = get<int64_t>()) {
    out += std::to_string(*integer);
  } else if (const auto* real = get<double>()) {
    write_double(out, *real);
  } else if (const auto* string = get<std::string>()) {
    write_string(out, *string);
  } else if (const auto* items = get<Array>()) {
    out += '[';
    for (size_t i = 0; i < items->size(); ++i) {
      if (i > 0) out += ',';
      (*items)[i].write(out);
    }
    out += ']';
  } else if (const auto* members = get<Object>()) {
    out += '{';
    for (size_t i = 0; i < members->size(); ++i) {
      if (i > 0) out += ',';
      write_string(out, (*members)[i].first);
      out += ':';
      (*members)[i].second.write(out);
    }
    out += '}';
  }
}

}  // namespace triton_runner
